/* SPDX-License-Identifier: MIT
 *
 * A containerlab topology to the text of a scenario, which has to be YAML.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "import/containerlab.h"
#include "topology/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct containerlab_options options = {0};
    struct import import = {0};
    struct text out = {0};
    struct error err = {0};
    struct yaml_document document = {0};
    int r = import_containerlab("c.yml", (const char *)data, size, &options, &import, &err);
    if (r < 0 && (err.status != STATUS_INPUT || !strstr(err.text, "c.yml:")))
        fuzz_fail("an error without its place", err.text);
    if (r == 0) {
        import_write(&import, &out);
        if (yaml_parse("out.yaml", out.data, out.len, &document, &err) < 0)
            fuzz_fail("a scenario that is no YAML", err.text);
        yaml_close(&document);
    }
    text_done(&out);
    import_done(&import);
    return 0;
}
