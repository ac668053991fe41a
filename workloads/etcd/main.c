/* SPDX-License-Identifier: MIT
 *
 * etcd-load: the load on an etcd cluster, and its check. See workload.yaml.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#include "check.h"
#include "load.h"
#include "members.h"
#include "parameters.h"

static const char usage[] = "usage: etcd-load             load this node (environment: WANLAB_…)\n"
                            "       etcd-load --check     check all nodes' histories, on the host\n"
                            "       etcd-load --cluster   print the cluster as etcd wants it\n";

enum { PEER_PORT = 2380 };

static int print_cluster(const char *peers_path, struct error *err)
{
    struct members m;
    int r = peers_path ? members_load(peers_path, &m, err)
                       : error_input(err, "WANLAB_PEERS is not set");
    if (r < 0)
        return r;
    members_print_cluster(&m, PEER_PORT, stdout);
    members_done(&m);
    return 0;
}

int main(int argc, char **argv)
{
    struct error err;
    struct parameters p;
    const char *verb = argc == 2 ? argv[1] : "";
    if (!strcmp(verb, "--help")) {
        fputs(usage, stdout);
        return STATUS_DONE;
    }
    int r;
    if (argc > 2 || (argc == 2 && strcmp(verb, "--check") != 0 && strcmp(verb, "--cluster") != 0)) {
        fputs(usage, stderr);
        return STATUS_INPUT;
    }
    if (!strcmp(verb, "--cluster"))
        r = print_cluster(getenv("WANLAB_PEERS"), &err);
    else if (!strcmp(verb, "--check"))
        r = check_run(&err);
    else if ((r = parameters_read(&p, &err)) == 0)
        r = load_run(&p, &err);
    if (r == 0)
        return STATUS_DONE;
    fprintf(stderr, "etcd-load: %s\n", err.text);
    return (int)err.status;
}
