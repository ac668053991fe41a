/* SPDX-License-Identifier: MIT
 *
 * A table of jitter, and the order of its values.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "topology/distribution.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct distribution *d = NULL;
    struct error err = {0};
    char *path = fuzz_file("d.dist", data, size);
    int r = distribution_open(path, "d", &d, &err);
    if (r < 0 && (err.status != STATUS_INPUT || !strstr(err.text, "d.dist:")))
        fuzz_fail("an error without its place", err.text);
    if (r == 0 && memchr(data, '\0', size))
        fuzz_fail("a NUL byte, and what is behind it, passed over", path);
    if (r == 0 && (d->count < 2 || d->count > DISTRIBUTION_VALUES_MAX))
        fuzz_fail("a table of no size", path);
    for (size_t i = 1; r == 0 && i < d->count; i++)
        if (d->values[i - 1] > d->values[i])
            fuzz_fail("values that are not sorted", path);
    distribution_free(d);
    free(path);
    return 0;
}
