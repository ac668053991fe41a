/* SPDX-License-Identifier: MIT
 *
 * `wanlab verify`: is the network the one that the file describes? Trains of packets over every
 * path of a lab, both ways, and for each quantity what was asked, what was achieved, how well that
 * is known, and whether it is within the limits of the file (`verdict:`).
 *
 * verify_plan.h says what is sent, verify_facts.h what a train's packets say of its path,
 * verify_judge.c and verify_chance.c what follows from that, verify_print.c shows it; verify.c
 * conducts.
 */
#ifndef WANLAB_EXPERIMENT_VERIFY_H
#define WANLAB_EXPERIMENT_VERIFY_H

#include <jansson.h>

#include "base/stats.h"
#include "experiment/account.h"
#include "experiment/host_load.h"
#include "experiment/verify_facts.h"
#include "experiment/verify_plan.h"
#include "lab/lab.h"
#include "report/progress.h"

enum finding_unit { FINDING_TIME, FINDING_SHARE, FINDING_RATE, FINDING_PACKETS };
enum finding_result {
    FINDING_WITHIN,
    FINDING_BEYOND,
    FINDING_UNKNOWN, /* this machine could not find out; `why` says what it lacked */
};

/* One quantity of one path. */
struct finding {
    size_t path; /* of the verify_plan */
    const char *what;
    enum finding_unit unit;
    double asked, achieved;
    struct interval interval; /* of what was achieved, with the asked confidence; NAN: none */
    double limit;             /* of the error; NAN: the interval has to contain what was asked */
    uint64_t packets;
    enum verify_stage stage; /* whose packets they were */
    uint64_t needed;         /* so many would tell; 0: these do */
    enum finding_result result;
    const char *why; /* NULL: nothing to say */
};

enum { FINDINGS_OF_PATH = 12 };

/* What the two ends of a train said of it (agent/train.h); NULL: there was none. */
struct train_answers {
    json_t *sender, *receiver;
    uint64_t payload;          /* of its packets */
    struct train_list list;    /* as it comes in, then no longer */
    struct verify_facts facts; /* that it came to */
};

/* Of a pair, by direction: [0] is path 2 * pair, [1] the way back. */
struct verify_answers {
    struct train_answers stages[VERIFY_STAGES][2];
    bool disturbed; /* the engine's own packets left too late meanwhile */
    unsigned tries;
};

/* Finds what the answers say of path 2 * pair + `direction`. Pure. The number of findings. */
size_t verify_judge(const struct verify_plan *v, const struct plan *plan, size_t pair,
                    unsigned direction, const struct verify_answers *answers,
                    struct finding ret[FINDINGS_OF_PATH]);

/* Whether the two ends of a path have clocks of their own. */
bool verify_is_apart(const struct path *p, const struct plan *plan);

struct verify_options {
    const char *lab; /* one that runs, made from the same file; NULL: one is made */
    struct verify_effort effort;
    lab_step *on_step;
};

struct verification {
    struct lab lab;
    struct verify_plan plan;
    struct verify_answers *answers; /* by pair of the plan */
    struct finding *findings;
    size_t finding_count, beyond, unknown;
    struct account *account; /* of the engine */
    struct host_load load;
    uint64_t started_ns, traces_began_ns;
    struct progress_bar bar;
    double seconds; /* that it took */
};

/* Measures all, and what is past a limit up to twice more, alone: the best counts, since a machine
 * may have been busy with other things for a moment. What it finds is no error. SIGINT, SIGTERM and
 * SIGHUP end it with -EINTR. Release `ret` also after an error. */
int verify_scenario(const struct scenario *s, const struct verify_options *options,
                    struct verification *ret, struct error *err);
void verification_done(struct verification *v);

void verify_print(const struct verification *v, FILE *out);
void verify_print_json(const struct verification *v, FILE *out);

#endif
