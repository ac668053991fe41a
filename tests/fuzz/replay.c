/* SPDX-License-Identifier: MIT
 *
 * Runs a fuzz target's seeds, and what the fuzzer has found before, once each: a crash is a failed
 * test. The program fuzz_NAME.t takes the files of tests/fuzz/corpus/NAME.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "fuzz.h"

enum { SEED_MAX = 1 << 20 };

int main(void)
{
    struct dirent **files;
    const char *name = program_invocation_short_name + strlen("fuzz_");
    _cleanup_(freep) char *folder =
        xasprintf("tests/fuzz/corpus/%.*s", (int)strcspn(name, "."), name);
    int count = scandir(folder, &files, NULL, alphasort), run = 0;
    setvbuf(stdout, NULL, _IOLBF, 0); /* what was said before a crash */
    for (int i = 0; i < count; i++) {
        _cleanup_(freep) char *path = xasprintf("%s/%s", folder, files[i]->d_name);
        _cleanup_(freep) char *data = NULL;
        size_t size;
        if (*files[i]->d_name != '.' && file_read(path, SEED_MAX, &data, &size, NULL) == 0) {
            printf("# %s\n", files[i]->d_name);
            LLVMFuzzerTestOneInput((const uint8_t *)data, size);
            printf("ok %d - %s\n", ++run, files[i]->d_name);
        }
        free(files[i]);
    }
    if (count > 0)
        free(files);
    printf("1..%d\n", run);
    return run > 0 ? 0 : 1;
}
