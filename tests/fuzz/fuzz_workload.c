/* SPDX-License-Identifier: MIT
 *
 * A workload.yaml, of a workload called w.
 */
#include <stdlib.h>
#include <string.h>

#include "experiment/workload_yaml.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct workload *w = NULL;
    struct error err = {0};
    char *path = fuzz_file("w/workload.yaml", data, size);
    *strrchr(path, '/') = '\0';
    int r = workload_yaml_read(path, &w, &err);
    if (r < 0 && (err.status != STATUS_INPUT || !strstr(err.text, "workload.yaml:")))
        fuzz_fail("an error without its place", err.text);
    workload_free(w);
    free(path);
    return 0;
}
