/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "check/history.h"

#include "gaps.h"
#include "output.h"

static const uint64_t history_max = 4ULL << 30;

static int read_histories(struct history *h, char **files, size_t count, struct error *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < count; i++) {
        _cleanup_(file_closep) FILE *in = fopen(files[i], "re");
        if (!in)
            return error_errno(err, errno, "cannot open '%s'", files[i]);
        r = history_read(h, in, files[i], 0, history_max, err);
    }
    return r;
}

/* The cluster's times without service: no client of any node had a commit acknowledged. Service was
 * asked for from the first to the last call of something to commit. */
static void report_outages(const struct history *h, const struct parameters *p, struct output *out)
{
    double *commits = xcalloc(h->count + 1, sizeof(*commits)), begin = INFINITY, end = -INFINITY;
    size_t count = 0;
    struct gaps gaps;
    for (size_t i = 0; i < h->count; i++) {
        const struct operation *o = &h->operations[i];
        if (o->op == OP_READ || o->op == OP_MEMBERS)
            continue;
        begin = fmin(begin, o->call);
        end = fmax(end, o->call);
        if (o->result == RESULT_OK)
            commits[count++] = o->ret;
    }
    gaps_find(commits, count, begin, end, p->outage_s, &gaps);
    for (size_t i = 0; i < gaps.count; i++)
        output_gap(out, "outage", gaps.list[i].begin, gaps.list[i].end);
    output_gap(out, "outage_max", gaps.longest.begin, gaps.longest.end);
    gaps_done(&gaps);
    free(commits);
}

/* history-check beside this program, with its output as ours. */
static int run_checker(const struct parameters *p, char **files, size_t count, struct error *err)
{
    _cleanup_(freep) char **argv = xcalloc(count + 4, sizeof(*argv));
    char checks[] = "registers,sets", option[] = "--check", name[] = "history-check";
    int status, n = 0;
    argv[n++] = name;
    if (p->serializable) { /* such reads promise no more than to go on */
        argv[n++] = option;
        argv[n++] = checks;
    }
    memcpy(argv + n, files, count * sizeof(*files));
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        execv("./history-check", argv);
        fprintf(stderr, "etcd-load: cannot run './history-check': %s\n", strerror(errno));
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0)
        return error_errno(err, errno, "cannot run history-check");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != STATUS_DONE)
        return error_set(err, EIO, "%s; what history-check says is in the log of the check",
                         !WIFEXITED(status) || WEXITSTATUS(status) == 127
                             ? "history-check did not end well"
                         : WEXITSTATUS(status) == STATUS_FAILED
                             ? "the history is not linearizable or not complete"
                             : "the history could not be decided");
    return 0;
}

int check_run(const struct parameters *p, char **files, size_t count, struct error *err)
{
    struct history h = {0};
    struct output out;
    int r = output_open(&out, p->output_path, p->start_ns, err);
    if (r == 0)
        r = read_histories(&h, files, count, err);
    if (r == 0)
        report_outages(&h, p, &out);
    history_done(&h);
    struct error second;
    int closed = output_close(&out, r < 0 ? &second : err);
    if (r == 0)
        r = closed;
    return r < 0 ? r : run_checker(p, files, count, err);
}
