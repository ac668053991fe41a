/* SPDX-License-Identifier: MIT
 *
 * A scenario file, from its text to the printed plan and drawing. Comments "#--set KEY=VALUE" are
 * applied as on the command line; a matrix of latencies lies beside the file as m.csv.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fuzz.h"
#include "topology/graph.h"
#include "topology/path.h"
#include "topology/plan.h"
#include "topology/scenario.h"

enum { SETS_MAX = 4, PLANNED_NODES_MAX = 32 };

static const char matrix[] = "# holds: rtt\n"
                             "from,dallas,tokyo,london\n"
                             "dallas,0.5,129,105\n"
                             "tokyo,130,,216\n"
                             "london,107,215.5,0\n";

static size_t find_sets(char *text, const char **sets)
{
    static const char mark[] = "#--set ";
    size_t count = 0;
    for (char *p = text; count < SETS_MAX && (p = strstr(p, mark));) {
        char *end = p + strcspn(p, "\n");
        sets[count++] = p + strlen(mark);
        p = *end ? end + 1 : end;
        *end = '\0';
    }
    return count;
}

static void print_plan(const struct scenario *s, enum engine_choice engine, FILE *out)
{
    struct plan *plan = NULL;
    struct error err;
    if (plan_new(s, engine, &plan, &err) < 0)
        return;
    plan_print(plan, out);
    graph_print(plan, out);
    size_t count;
    free(paths_of(plan, &count));
    for (unsigned i = 0; i < s->node_count; i++)
        plan_print_peers(plan, i, out);
    plan_free(plan);
}

static void check_error(const struct error *err)
{
    if (err->status != STATUS_INPUT)
        fuzz_fail("an error that is not the file's", err->text);
    if (!strstr(err->text, "s.yaml:") && !strstr(err->text, "m.csv:") &&
        strncmp(err->text, "--set ", 6) != 0)
        fuzz_fail("an error without its place", err->text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *nowhere;
    const char *sets[SETS_MAX];
    struct scenario *s = NULL;
    struct error err = {0};
    if (!nowhere) {
        free(fuzz_file("m.csv", matrix, sizeof(matrix) - 1));
        nowhere = fopen("/dev/null", "w");
    }
    char *path = fuzz_file("s.yaml", data, size);
    char *text = xcalloc(size + 1, 1);
    memcpy(text, data, size);
    if (scenario_open(path, sets, find_sets(text, sets), &s, &err) < 0) {
        check_error(&err);
    } else if (s->node_count <= PLANNED_NODES_MAX) {
        print_plan(s, ENGINE_DELAYLINE, nowhere);
        print_plan(s, ENGINE_NETEM, nowhere);
    }
    scenario_free(s);
    free(text);
    free(path);
    return 0;
}
