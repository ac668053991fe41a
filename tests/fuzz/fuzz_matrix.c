/* SPDX-License-Identifier: MIT
 *
 * A matrix of latencies, and a value of it.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "topology/matrix.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct matrix *m = NULL;
    struct error err = {0};
    char *path = fuzz_file("m.csv", data, size);
    int r = matrix_open(path, &m, &err);
    if (r < 0 && (err.status != STATUS_INPUT || !strstr(err.text, "m.csv:")))
        fuzz_fail("an error without its place", err.text);
    if (r == 0 && memchr(data, '\0', size))
        fuzz_fail("a NUL byte, and what is behind it, passed over", path);
    int a = r < 0 ? -1 : matrix_region(m, "dallas", &err);
    int b = r < 0 ? -1 : matrix_region(m, "tokyo", &err);
    uint64_t ns;
    if (a >= 0 && b >= 0 && matrix_delay(m, (unsigned)a, (unsigned)b, &ns, &err) == 0 &&
        ns > UINT64_MAX / 4)
        fuzz_fail("a delay past all bounds", path);
    matrix_free(m);
    free(path);
    return 0;
}
