/* SPDX-License-Identifier: MIT */
#include "request.h"

#include <stdlib.h>

void answer_done(struct answer *a)
{
    free(a->value);
    free(a->fault);
    *a = (struct answer){0};
}
