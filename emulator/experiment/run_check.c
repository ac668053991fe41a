/* SPDX-License-Identifier: MIT
 *
 * What follows when the workload's programs have ended: their files are brought together, and the
 * workload's check looks at the result, in the first node or on the host.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "experiment/collect.h"
#include "experiment/run.h"
#include "report/progress.h"

enum { CHECK_LINE_MAX = 1 << 16 };

int run_collect(struct run *r, struct error *err)
{
    size_t count;
    if (!r->workload->collect)
        return 0;
    int result =
        collect_files(r->workload->collect, r->crew, r->scenario, &r->results, &count, err);
    if (result < 0)
        return error_wrap(err, "collecting files");
    progress_stage("collect", "%zu files of the nodes are in files/", count);
    return 0;
}

/* What a check on the host has reported, as if the first node had. */
static void take_check_output(struct run *r, const char *path)
{
    _cleanup_(freep) char *line = xmalloc(CHECK_LINE_MAX);
    _cleanup_(file_closep) FILE *in = fopen(path, "re");
    while (in && fgets(line, CHECK_LINE_MAX, in)) {
        line[strcspn(line, "\n")] = '\0';
        run_on_output(0, line, r);
    }
}

static int check_on_host(struct run *r, struct error *err)
{
    struct environment env = {0};
    _cleanup_(file_closep) FILE *log = results_create(&r->results, "logs/check.log", err);
    _cleanup_(freep) char *folder = realpath(r->results.folder, NULL);
    _cleanup_(freep) char *output = xasprintf("%s/check.jsonl", folder);
    if (!log)
        return -err->code;
    run_fill_environment(r, &env);
    environment_add(&env, "WANLAB_RESULTS=%s", folder);
    environment_add(&env, "WANLAB_OUTPUT=%s", output);
    fflush(NULL); /* it reads what we write */
    int result =
        host_check(r->workload, r->lab.plan, &env, log, r->workload->check_timeout_ns, err);
    environment_done(&env);
    take_check_output(r, output);
    return result;
}

static int check_in_node(struct run *r, struct error *err)
{
    struct crew_task task = {.on_output = run_on_output};
    while (task.node + 1 < r->scenario->node_count &&
           crew_node(r->crew, task.node) != CREW_NODE_RUNS)
        task.node++;
    int result = run_start_program(r, "check", r->workload->check, task, err);
    return result < 0 ? result
                      : crew_await_end(r->crew, r->workload->check_timeout_ns, NULL, NULL, err);
}

int run_check(struct run *r, struct error *err)
{
    if (!r->workload->check)
        return 0;
    int result = r->workload->check_on_host ? check_on_host(r, err) : check_in_node(r, err);
    if (result < 0)
        return error_wrap(err, "the check of the result");
    results_event(&r->results, json_pack("{s:s}", "event", "checked"));
    progress_stage("check", "passed: the result is what workload '%s' promises", r->workload->name);
    return 0;
}
