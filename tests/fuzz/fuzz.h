/* SPDX-License-Identifier: MIT
 *
 * What the fuzz targets share. A target is a file fuzz_NAME.c with a fuzz_one(); its seeds are in
 * corpus/NAME. `make fuzz` links it with libFuzzer, `make unit` with replay.c, which runs the
 * seeds.
 */
#ifndef WANLAB_TESTS_FUZZ_FUZZ_H
#define WANLAB_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The path of a file NAME or FOLDER/NAME with these bytes, removed at the end of the program;
 * overwrites the file of that name. The caller frees it. */
char *fuzz_file(const char *name, const void *data, size_t size);

/* Ends the program as a crash does, with the reason. */
_Noreturn void fuzz_fail(const char *why, const char *what);

#endif
