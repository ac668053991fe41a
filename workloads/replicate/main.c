/* SPDX-License-Identifier: MIT
 *
 * replicate: a replicated database benchmark. One instance runs on every node beside a database of
 * its own and inserts tuples there; all of them end up in all databases. See workload.yaml.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#include "lint.h"
#include "parameters.h"
#include "peers.h"
#include "run.h"
#include "verify.h"

static const char usage[] =
    "usage: replicate            run this node's instance (environment: WANLAB_…)\n"
    "       replicate --verify   compare all databases after the run\n"
    "       replicate --lint     warn about what the network cannot keep up with, say\n"
    "                            how much memory a node needs\n";

static int lint(struct error *err)
{
    struct parameters parameters;
    _cleanup_(peers_done) struct peers peers = {0};
    int r;
    if ((r = parameters_read(&parameters, err)) < 0 ||
        (r = peers_load(parameters.peers_path, parameters.count, &peers, err)) < 0)
        return r;
    if ((r = lint_paths(&peers, err)) < 0)
        return r;
    _cleanup_(text_done) struct text warnings = {0};
    lint_warnings(&parameters, &peers, &warnings);
    if (warnings.len)
        fputs(warnings.data, stdout);
    struct needs needs = lint_needs(&parameters);
    printf("{\"memory\":%" PRIu64 ",\"scratch\":%" PRIu64 "}\n", needs.memory, needs.scratch);
    return 0;
}

int main(int argc, char **argv)
{
    struct error err;
    int r;
    if (argc == 2 && !strcmp(argv[1], "--help")) {
        fputs(usage, stdout);
        return STATUS_DONE;
    }
    if (argc == 1) {
        r = run(&err);
    } else if (argc == 2 && !strcmp(argv[1], "--verify")) {
        r = verify(&err);
    } else if (argc == 2 && !strcmp(argv[1], "--lint")) {
        r = lint(&err);
    } else {
        fputs(usage, stderr);
        return STATUS_INPUT;
    }
    if (r == 0)
        return STATUS_DONE;
    fprintf(stderr, "replicate: %s\n", err.text);
    return (int)err.status;
}
