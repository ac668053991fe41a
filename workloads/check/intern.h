/* SPDX-License-Identifier: MIT
 *
 * Texts as small numbers: equal texts get the same one, counted from 0.
 */
#ifndef CHECK_INTERN_H
#define CHECK_INTERN_H

#include <stddef.h>
#include <stdint.h>

struct intern {
    char **texts;
    size_t count;
    uint32_t *slots; /* open addressing: number + 1, 0 is free */
    size_t slot_count;
    size_t size; /* bytes held */
};               /* all zero is an empty one */

uint32_t intern_add(struct intern *in, const char *text);
void intern_done(struct intern *in);

#endif
