/* SPDX-License-Identifier: MIT
 *
 * etcd-load: the load on an etcd cluster, and its check. See workload.yaml.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "load/check.h"
#include "load/load.h"
#include "load/members.h"
#include "load/parameters.h"

#include "engine.h"

static const char usage[] = "usage: etcd-load             load this node (environment: WANLAB_…)\n"
                            "       etcd-load --check     check all nodes' histories, on the host\n"
                            "       etcd-load --cluster   print the cluster as etcd wants it\n";

enum { PEER_PORT = 2380 };

/* "db1=http://10.0.0.1:2380,…" */
static int print_cluster(struct error *err)
{
    struct members m;
    int r = members_load_peers(&m, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < m.count; i++) {
        _cleanup_(freep) char *host = members_host(&m.list[i]);
        printf("%s%s=http://%s:%d", i ? "," : "", m.list[i].name, host, PEER_PORT);
    }
    putchar('\n');
    members_done(&m);
    return 0;
}

static int load(struct error *err)
{
    static const char *const consistencies[] = {"linearizable", "serializable", NULL};
    struct parameters p;
    unsigned consistency;
    int r = parameters_read(&p, err);
    if (r == 0)
        r = parameters_read_choice("WANLAB_PARAM_CONSISTENCY", consistencies, &consistency, err);
    if (r < 0)
        return r;
    p.weak = consistency > 0;
    return load_run(&etcd_engine, &p, err);
}

int main(int argc, char **argv)
{
    struct error err;
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
        r = print_cluster(&err);
    else if (!strcmp(verb, "--check"))
        r = check_run(&err);
    else
        r = load(&err);
    if (r == 0)
        return STATUS_DONE;
    fprintf(stderr, "etcd-load: %s\n", err.text);
    return (int)err.status;
}
