/* SPDX-License-Identifier: MIT
 *
 * history-check: judges a history of operations. See history.h for the format.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/units.h"

#include "history.h"
#include "registers.h"
#include "report.h"
#include "sessions.h"
#include "sets.h"

static const char usage[] =
    "usage: history-check [OPTION…] FILE…    judge what clients saw (JSON Lines; '-' is standard "
    "input)\n"
    "  --check LIST    of registers (each key linearizable), sets (complete), sessions (the reads\n"
    "                  of a process never go back); default: all that the history has\n"
    "  --time T        bound of the search (60s); what is not decided by then is undecided\n"
    "  --memory SIZE   bound of its memory, and of the history's (1GiB each)\n"
    "  --slack T       how far the processes' clocks may be apart (0s)\n"
    "  --json          the answer for programs\n"
    "exit status: 0 valid, 1 a violation, 2 bad input, 3 undecided\n";

enum { MEMORY_DEFAULT = 1 << 30, TIME_DEFAULT_S = 60 };

struct options {
    bool checks[CHECK_COUNT];
    bool json;
    uint64_t time_ns, memory, slack_ns;
};

static int read_checks(const char *list, bool *checks, struct error *err)
{
    memset(checks, 0, CHECK_COUNT * sizeof(*checks));
    for (const char *word = list; *word;) {
        size_t len = strcspn(word, ",");
        int found = -1;
        for (int i = 0; i < CHECK_COUNT; i++) {
            const char *name = report_check_name((enum report_check)i);
            if (strlen(name) == len && !strncmp(name, word, len))
                found = i;
        }
        if (found < 0)
            return error_input(err, "--check: '%.*s' is none of registers, sets, sessions",
                               (int)len, word);
        checks[found] = true;
        word += len + (word[len] == ',');
    }
    return 0;
}

static int read_option(int option, struct options *o, struct error *err)
{
    int r = 0;
    if (option == 'c')
        return read_checks(optarg, o->checks, err);
    if (option == 'j')
        o->json = true;
    else if (option == 't')
        r = units_parse_time(optarg, &o->time_ns, err);
    else if (option == 'm')
        r = units_parse_size(optarg, &o->memory, err);
    else if (option == 's')
        r = units_parse_time(optarg, &o->slack_ns, err);
    return r < 0 ? error_wrap(err, "'%s'", optarg) : 0;
}

static int load(struct history *h, char **files, const struct options *o, struct error *err)
{
    int r = 0;
    for (; *files && r == 0; files++) {
        bool is_input = !strcmp(*files, "-");
        _cleanup_(file_closep) FILE *in =
            is_input ? fdopen(dup(STDIN_FILENO), "re") : fopen(*files, "re");
        if (!in) {
            r = error_input(err, "cannot open '%s': %s", *files, strerror(errno));
            break;
        }
        r = history_read(h, in, is_input ? "standard input" : *files,
                         (double)o->slack_ns / (double)NS_PER_SEC, o->memory, err);
    }
    if (r == 0 && h->count == 0)
        return error_input(err, "there is no operation in it: nothing to check");
    if (r == 0)
        history_sort(h);
    return r;
}

static void judge(const struct history *h, const struct options *o, struct report *ret)
{
    struct registers_bounds bounds = {clock_monotonic_ns() + o->time_ns, o->memory};
    struct report r = {.h = h};
    memcpy(r.made, o->checks, sizeof(r.made));
    if (o->checks[CHECK_SETS])
        sets_check(h, &r.verdicts[CHECK_SETS]);
    if (o->checks[CHECK_SESSIONS])
        sessions_check(h, &r.verdicts[CHECK_SESSIONS]);
    if (o->checks[CHECK_REGISTERS])
        registers_check(h, &bounds, &r.verdicts[CHECK_REGISTERS]);
    *ret = r;
}

static int check(char **files, const struct options *o, struct error *err)
{
    static const int statuses[] = {STATUS_DONE, STATUS_FAILED, STATUS_MACHINE};
    struct history h = {0};
    struct report report = {0};
    uint64_t begin_ns = clock_monotonic_ns();
    int r = load(&h, files, o, err);
    if (r == 0) {
        judge(&h, o, &report);
        report.time_s = (double)(clock_monotonic_ns() - begin_ns) / (double)NS_PER_SEC;
        if (o->json)
            report_print_json(&report, stdout);
        else
            report_print(&report, stdout);
        r = statuses[report_answer(&report)];
    }
    for (int i = 0; i < CHECK_COUNT; i++)
        verdict_done(&report.verdicts[i]);
    history_done(&h);
    return r;
}

int main(int argc, char **argv)
{
    static const struct option long_options[] = {{"check", required_argument, NULL, 'c'},
                                                 {"time", required_argument, NULL, 't'},
                                                 {"memory", required_argument, NULL, 'm'},
                                                 {"slack", required_argument, NULL, 's'},
                                                 {"json", no_argument, NULL, 'j'},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {0}};
    struct options o = {.checks = {true, true, true},
                        .time_ns = TIME_DEFAULT_S * NS_PER_SEC,
                        .memory = MEMORY_DEFAULT};
    struct error err;
    int option, r = 0;
    while (r == 0 && (option = getopt_long(argc, argv, "", long_options, NULL)) >= 0) {
        if (option == 'h' || option == '?') {
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? STATUS_DONE : STATUS_INPUT;
        }
        r = read_option(option, &o, &err);
    }
    if (r == 0 && optind == argc)
        r = error_input(&err, "no FILE is given (--help)");
    if (r == 0)
        r = check(argv + optind, &o, &err);
    if (r < 0) {
        fprintf(stderr, "history-check: %s\n", err.text);
        return (int)err.status;
    }
    if (fflush(stdout) != 0) {
        fprintf(stderr, "history-check: cannot write the answer: %s\n", strerror(errno));
        return STATUS_FAILED;
    }
    return r;
}
