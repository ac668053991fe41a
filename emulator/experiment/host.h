/* SPDX-License-Identifier: MIT
 *
 * Programs of a workload that run on the host, before the lab: its preparation and its lint. And
 * the environment that all programs of a workload get.
 */
#ifndef WANLAB_EXPERIMENT_HOST_H
#define WANLAB_EXPERIMENT_HOST_H

#include "experiment/workload.h"
#include "topology/plan.h"

/* Where the programs of a workload look for commands. */
#define HOST_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Environment variables under construction; `items` is NULL-terminated for execve(). */
struct environment {
    char **items;
    size_t count;
};

void environment_done(struct environment *e);
void environment_add(struct environment *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* PATH and, unless `values` is NULL, the parameters as WANLAB_PARAM_…. */
void environment_add_values(struct environment *e, const struct workload *w,
                            const struct workload_value *values);

/* The folder that keeps what a workload prepares, made if missing: $WANLAB_CACHE_ROOT/NAME, else
 * /var/cache/wanlab/NAME for root or ~/.cache/wanlab/NAME. The caller frees `*ret`. */
int host_cache_folder(const struct workload *w, char **ret, struct error *err);

/* Runs the workload's `prepare`, if any, and waits. A failure's text is what it said last; exit
 * status 3 of the program is STATUS_MACHINE. */
int host_prepare(const struct workload *w, const char *cache, struct error *err);

/* Runs the workload's `lint`, if any; each line it prints is a warning and goes to `on_warning`,
 * but for {"memory":BYTES,"scratch":BYTES}: what each node needs with these parameters, in place of
 * what workload.yaml says. Its exit status 2 is STATUS_INPUT with its last line. */
int host_lint(struct workload *w, const struct workload_value *values, const struct plan *plan,
              void (*on_warning)(const char *line), struct error *err);

/* Runs the workload's `check` with the environment `env` (PATH and parameters are in it; the
 * peers are added) and waits, at most `timeout_ns`; what it says goes to `log`. A failure's text is
 * what it said last. Ends early, with -EINTR, when the user asks to stop. */
int host_check(const struct workload *w, const struct plan *plan, struct environment *env,
               FILE *log, uint64_t timeout_ns, struct error *err);

/* What the machine has left (MemAvailable of proc(5)); UINT64_MAX if it cannot be told. */
uint64_t host_available_memory(void);

/* Whether this machine has the memory that all nodes need (STATUS_MACHINE with the sum if not). */
int host_check_memory(const struct workload *w, const struct scenario *s, struct error *err);

#endif
