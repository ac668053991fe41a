/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <errno.h>
#include <glob.h>
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
#include "journal.h"
#include "output.h"
#include "parameters.h"

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

/* `program` with its output as ours. */
static int run_checker(const struct parameters *p, const char *program, char **files, size_t count,
                       struct error *err)
{
    _cleanup_(freep) char **argv = xcalloc(count + 3, sizeof(*argv));
    _cleanup_(freep) char *slack = xasprintf("--slack=%.9fs", p->slack_s);
    char name[] = "history-check";
    int status;
    argv[0] = name;
    argv[1] = slack;
    memcpy(argv + 2, files, count * sizeof(*files));
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        execv(program, argv);
        fprintf(stderr, "cannot run '%s': %s\n", program, strerror(errno));
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

static int check_files(const struct parameters *p, const char *program, char **files, size_t count,
                       struct error *err)
{
    struct history h = {0};
    struct output out;
    if (count != p->count)
        return error_set(err, ENOENT,
                         "of %u nodes only %zu have left their history: the others do not run at "
                         "the end, and without theirs nothing can be said",
                         p->count, count);
    int r = output_open(&out, p->output_path, p->start_ns, err);
    if (r < 0)
        return r;
    r = read_histories(&h, files, count, err);
    if (r == 0)
        report_outages(&h, p, &out);
    history_done(&h);
    struct error second;
    int closed = output_close(&out, r < 0 ? &second : err);
    if (r == 0)
        r = closed;
    return r < 0 ? r : run_checker(p, program, files, count, err);
}

int check_run(struct error *err)
{
    struct parameters p;
    const char *results = getenv("WANLAB_RESULTS");
    glob_t found = {0};
    int r = parameters_read_host(&p, err);
    if (r < 0)
        return r;
    if (!results)
        return error_input(err, "WANLAB_RESULTS is not set");
    _cleanup_(freep) char *program = realpath("history-check", NULL);
    if (!program)
        return error_errno(err, errno, "cannot find 'history-check'");
    if (chdir(results) < 0) /* so that the places it names are short */
        return error_errno(err, errno, "cannot enter '%s'", results);
    if (glob("files/*/" JOURNAL_HISTORY, 0, NULL, &found) == GLOB_NOSPACE)
        return error_set(err, ENOMEM, "cannot list '%s'", results);
    r = check_files(&p, program, found.gl_pathv, found.gl_pathc, err);
    globfree(&found);
    return r;
}
