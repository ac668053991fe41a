/* SPDX-License-Identifier: MIT
 *
 * etcd-load: the load on an etcd cluster, and its check. See workload.yaml.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#include "check.h"
#include "gather.h"
#include "load.h"
#include "members.h"
#include "parameters.h"

static const char usage[] = "usage: etcd-load             load this node (environment: WANLAB_…)\n"
                            "       etcd-load --serve     hand this node's history to who asks\n"
                            "       etcd-load --check     check all nodes' histories\n"
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

static int check(const struct parameters *p, struct error *err)
{
    struct members m;
    char **files = NULL;
    int r = members_load(p->peers_path, &m, err);
    if (r < 0)
        return r;
    r = gather_fetch(&m, p->folder, &files, err);
    if (r == 0)
        r = check_run(p, files, m.count, err);
    for (size_t i = 0; i < m.count; i++)
        free(files[i]);
    free(files);
    members_done(&m);
    return r;
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
    int r = 0;
    if (argc > 2 || (argc == 2 && strcmp(verb, "--serve") != 0 && strcmp(verb, "--check") != 0 &&
                     strcmp(verb, "--cluster") != 0)) {
        fputs(usage, stderr);
        return STATUS_INPUT;
    }
    if (!strcmp(verb, "--cluster"))
        r = print_cluster(getenv("WANLAB_PEERS"), &err);
    else if ((r = parameters_read(&p, &err)) == 0)
        r = !strcmp(verb, "--serve")   ? gather_serve(p.folder, &err)
            : !strcmp(verb, "--check") ? check(&p, &err)
                                       : load_run(&p, &err);
    if (r == 0)
        return STATUS_DONE;
    fprintf(stderr, "etcd-load: %s\n", err.text);
    return (int)err.status;
}
