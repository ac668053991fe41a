/* SPDX-License-Identifier: MIT
 *
 * tcp: {congestion: cubic, buffer: 25MB}: one TCP for the nodes of all kinds, so that what a run
 * compares is not two kernels' defaults.
 */
#include <string.h>

#include "base/mem.h"
#include "base/units.h"
#include "topology/scenario_decode.h"

enum { NAME_MAX_CHARS = 15 }; /* the kernel's TCP_CA_NAME_MAX without the NUL */
static const uint64_t buffer_min = 16 << 10, buffer_max = 1 << 30;

static int decode_congestion(const struct yaml *node, char **ret, struct error *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    int r = yaml_expect_scalar(node, "the congestion control", err);
    if (r < 0)
        return r;
    size_t len = strlen(node->scalar);
    if (len == 0 || len > NAME_MAX_CHARS || strspn(node->scalar, letters) != len)
        return yaml_error(
            err, &node->mark,
            "found '%.60s' as congestion control, expected the kernel's name for one, "
            "such as cubic, reno or bbr",
            node->scalar);
    *ret = xstrdup(node->scalar);
    return 0;
}

static int decode_buffer(const struct yaml *node, uint64_t *ret, struct error *err)
{
    uint64_t bytes;
    int r = yaml_expect_scalar(node, "the buffer", err);
    if (r < 0)
        return r;
    if (units_parse_size(node->scalar, &bytes, err) < 0)
        return yaml_wrap(err, &node->mark);
    if (bytes < buffer_min || bytes > buffer_max)
        return yaml_error(err, &node->mark, "'%.60s' is out of range: expected 16KiB to 1GiB",
                          node->scalar);
    *ret = bytes;
    return 0;
}

int scenario_decode_tcp(struct scenario *s, const struct yaml *map, struct error *err)
{
    static const char *const keys[] = {"congestion", "buffer"};
    int r = map ? yaml_expect_map(map, "the TCP profile", keys, ARRAY_LEN(keys), err) : 0;
    const struct yaml *congestion = r == 0 && map ? yaml_get(map, "congestion") : NULL;
    const struct yaml *buffer = r == 0 && map ? yaml_get(map, "buffer") : NULL;
    if (congestion)
        r = decode_congestion(congestion, &s->tcp.congestion, err);
    else
        s->tcp.congestion = xstrdup("cubic");
    if (r == 0 && buffer)
        r = decode_buffer(buffer, &s->tcp.buffer_bytes, err);
    return r;
}
