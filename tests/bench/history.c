/* SPDX-License-Identifier: MIT
 *
 * Writes a linearizable history as JSON Lines: history SEED OPERATIONS KEYS PROCESSES UNKNOWN CAS
 * VALUES, of which UNKNOWN and CAS are shares, and VALUES the number of a key's (0: each once).
 */
#include <stdio.h>
#include <stdlib.h>

#include "../lib/random_history.h"

static void print(const struct random_operation *o)
{
    static const char *const kinds[] = {"read", "write", "cas"};
    static const char *const results[] = {"ok", "fail", "unknown"};
    printf("{\"process\":\"c%u\",\"op\":\"%s\",\"key\":\"k%u\"", o->process, kinds[o->op.kind],
           o->key);
    if (o->op.kind == LINEAR_CAS && o->op.old == 0)
        printf(",\"old\":null");
    else if (o->op.kind == LINEAR_CAS)
        printf(",\"old\":%u", o->op.old);
    if (o->op.value == 0)
        printf(",\"value\":null");
    else
        printf(",\"value\":%u", o->op.value);
    printf(",\"call\":%.9f", o->op.call);
    if (!o->op.optional)
        printf(",\"return\":%.9f", o->op.ret);
    printf(",\"result\":\"%s\"}\n", results[o->result]);
}

int main(int argc, char **argv)
{
    if (argc != 8) {
        fputs("usage: history SEED OPERATIONS KEYS PROCESSES UNKNOWN CAS VALUES\n", stderr);
        return 2;
    }
    struct random_history what = {
        .seed = strtoull(argv[1], NULL, 10),
        .operations = strtoull(argv[2], NULL, 10),
        .keys = (unsigned)strtoul(argv[3], NULL, 10),
        .processes = (unsigned)strtoul(argv[4], NULL, 10),
        .unknown = strtod(argv[5], NULL),
        .cas = strtod(argv[6], NULL),
        .values = (unsigned)strtoul(argv[7], NULL, 10),
    };
    struct random_operation *all = random_history(&what);
    for (size_t i = 0; i < what.operations; i++)
        print(&all[i]);
    free(all);
    return 0;
}
