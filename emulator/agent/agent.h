/* SPDX-License-Identifier: MIT
 *
 * The agent: what wanlab runs inside nodes that it cannot enter, a virtual machine or a container
 * of somebody else's engine. It is their first process; linked statically and brought along, so
 * that it runs over any root, and needs no network: it talks over one line (frame.h).
 *
 *   main.c     its modes, the first steps of a machine, the loop
 *   setup.c    what the host wants done before the node is ready: mounts, names, settings
 *   program.c  programs and their streams
 *
 * One thread, one poll() loop. It must never end: the kernel would end with it.
 */
#ifndef WANLAB_AGENT_AGENT_H
#define WANLAB_AGENT_AGENT_H

#include "agent/frame.h"
#include "base/error.h"

struct program;

struct agent {
    int line;     /* to the host */
    int children; /* a signalfd of SIGCHLD */
    int netlink;  /* a routing socket, -1 until asked for */
    uint16_t netlink_channel;
    struct frame_reader in;
    struct frame_writer out;
    struct program *programs;
    bool machine; /* the kernel is ours: it can be switched off; else a container's first process */
    bool ready;   /* all steps are done */
    bool ending;  /* a container that ends with its last program */
};

void agent_send(struct agent *a, uint16_t channel, enum frame_type type, unsigned stream,
                const void *data, size_t size);
void agent_send_text(struct agent *a, uint16_t channel, enum frame_type type, const char *text);

/* program.c: frames of programs' channels. */
void program_handle(struct agent *a, const struct frame *f);
/* What the loop waits for: adds at most FRAME_STREAMS entries a program; returns the number. */
struct pollfd;
size_t program_poll(const struct agent *a, struct pollfd *fds, size_t max);
void program_work(struct agent *a); /* moves what can be moved, on all streams */
void program_reap(struct agent *a); /* children have ended */
size_t program_count(const struct agent *a);

#endif
