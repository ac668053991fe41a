/* SPDX-License-Identifier: MIT
 *
 * galera-load: the load on a Galera cluster, its check, and what its scripts need. See
 * workload.yaml.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "load/check.h"
#include "load/load.h"
#include "load/members.h"
#include "load/parameters.h"

#include "engine.h"
#include "transfer.h"

static const char usage[] =
    "usage: galera-load                       load this node (environment: WANLAB_…)\n"
    "       galera-load --check               check all nodes' histories, on the host\n"
    "       galera-load --members             print the nodes, each with its address\n"
    "       galera-load --send HOST PORT      standard input to a node\n"
    "       galera-load --receive PORT LINE   what is sent to standard output; LINE to descriptor "
    "3\n"
    "                                         when it waits\n";

static int print_members(struct error *err)
{
    struct members m;
    int r = members_load_peers(&m, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < m.count; i++) {
        _cleanup_(freep) char *host = members_host(&m.list[i]);
        printf("%s %s\n", m.list[i].name, host);
    }
    members_done(&m);
    return 0;
}

static int load(struct error *err)
{
    struct parameters p;
    enum consistency consistency;
    int r = parameters_read(&p, err);
    if (r == 0)
        r = consistency_read(&consistency, err);
    if (r < 0)
        return r;
    p.weak = consistency != CONSISTENCY_CAUSAL;
    return load_run(&galera_engine, &p, err);
}

static bool is_verb(int argc, char **argv, const char *verb, int arguments)
{
    return argc == arguments + 2 && !strcmp(argv[1], verb);
}

int main(int argc, char **argv)
{
    struct error err;
    int r;
    if (argc == 1) {
        r = load(&err);
    } else if (is_verb(argc, argv, "--check", 0)) {
        r = check_run(&err);
    } else if (is_verb(argc, argv, "--members", 0)) {
        r = print_members(&err);
    } else if (is_verb(argc, argv, "--send", 2)) {
        r = transfer_send(argv[2], argv[3], &err);
    } else if (is_verb(argc, argv, "--receive", 2)) {
        r = transfer_receive(argv[2], argv[3], &err);
    } else {
        bool help = is_verb(argc, argv, "--help", 0);
        fputs(usage, help ? stdout : stderr);
        return help ? STATUS_DONE : STATUS_INPUT;
    }
    if (r == 0)
        return STATUS_DONE;
    fprintf(stderr, "galera-load: %s\n", err.text);
    return (int)err.status;
}
