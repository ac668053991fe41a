/* SPDX-License-Identifier: MIT
 *
 * A GraphML file to a scenario, which the scenario's own reader then has to take.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "import/network.h"
#include "topology/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct network_options options = {.detour = 1.3, .delay_ns = 1000000};
    struct import import = {0};
    struct text out = {0};
    struct error err = {0};
    struct scenario *s = NULL;
    int r = import_network("g.graphml", (const char *)data, size, &options, &import, &err);
    if (r < 0 && (err.status != STATUS_INPUT || !strstr(err.text, "g.graphml:")))
        fuzz_fail("an error without its place", err.text);
    if (r == 0) {
        import_write(&import, &out);
        char *path = fuzz_file("g.yaml", out.data, out.len);
        if (scenario_open(path, NULL, 0, &s, &err) < 0)
            fuzz_fail("a scenario that is none", err.text);
        scenario_free(s);
        free(path);
    }
    text_done(&out);
    import_done(&import);
    return 0;
}
