/* SPDX-License-Identifier: MIT
 *
 * What a guest's agent and its host say to each other, over any line that carries bytes both ways:
 * a virtual machine's serial line or console port, a Unix socket. Frames in the byte order of the
 * machine that both run on:
 *
 *   0      4    5      6       8
 *   | size | type | stream | channel | data (size bytes) …
 *
 * Where the line is a Unix socket, one byte comes before the first frame, from the guest, with a
 * descriptor of its network namespace (SCM_RIGHTS).
 *
 * Channel 0 is the guest itself; every other channel is one program, or the relay of netlink
 * requests, chosen by the host and used until FRAME_EXIT or FRAME_CLOSE.
 *
 * A stream is a program's descriptor: 0 goes to the guest, all others come from it. Who sends data
 * needs credit for each byte, so that a slow reader holds up its own stream and nothing else. Both
 * sides begin with FRAME_WINDOW bytes of it.
 */
#ifndef WANLAB_AGENT_FRAME_H
#define WANLAB_AGENT_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A terminal holds up to 4,096 bytes that nobody has read yet. One that comes near that throttles
 * its line, and User-Mode Linux's never recovers from it: so the host has no more than this under
 * way. */
enum { FRAME_TERMINAL_WINDOW = 3072 };

enum {
    FRAME_DATA_MAX = 1 << 20, /* larger ones are an error of the line */
    FRAME_CHUNK = 8 << 10,    /* data of a stream is sent in pieces of at most this */
    FRAME_WINDOW = 64 << 10,
    FRAME_STREAMS = 4,
};

#define FRAME_GREETING "wanlab-agent 1" /* begins FRAME_HELLO's data */

enum frame_type {
    /* channel 0, in the order of a guest's life */
    FRAME_HELLO = 1, /* from the guest: the greeting, NUL, its kernel's release, NUL */
    FRAME_SETUP,     /* to the guest: steps, see agent/setup.h */
    FRAME_READY,     /* from the guest: the index (int32_t) of each interface step's interface */
    FRAME_FAILED,    /* from the guest instead: why not, a text */
    FRAME_PING,      /* to the guest: struct frame_ping */
    FRAME_PONG,      /* from the guest: struct frame_pong */
    FRAME_CLOCK,     /* to the guest: struct frame_clock; from it: errno (int32_t), 0: done */
    FRAME_TAKEN, /* from a guest whose line is a terminal: uint32_t bytes that it has read of it */
    FRAME_POWER_OFF, /* to the guest: all programs end, disks are written, the machine is off; in a
                        container: as long as the programs take */
    FRAME_PAUSE,     /* to a guest in a container: one byte, 1: all programs stop where they are, 0:
                        they go on; from it: the same, done */

    /* channels of programs */
    FRAME_EXEC,    /* to the guest: struct frame_exec and texts */
    FRAME_STARTED, /* from the guest: it runs */
    FRAME_REFUSED, /* from the guest instead: errno (int32_t) and a text; the channel is free */
    FRAME_DATA,    /* both ways, of a stream */
    FRAME_END,     /* both ways: no more data of this stream; against its direction: nobody takes it
                      any more */
    FRAME_CREDIT,  /* both ways: uint32_t bytes of this stream were taken */
    FRAME_SIGNAL,  /* to the guest: its number (int32_t), for the program's group */
    FRAME_SIZE,    /* to the guest: struct frame_size of the terminal */
    FRAME_EXIT,    /* from the guest: struct frame_exit; the channel is free */
    FRAME_CLOSE,   /* to the guest: nobody listens any more; what still runs is killed */

    /* channel of netlink */
    FRAME_NETLINK, /* to the guest: a request; from it: the kernel's answer */
};

struct frame_head {
    uint32_t size;
    uint8_t type, stream;
    uint16_t channel;
};

struct frame_ping {
    uint64_t host_ns; /* echoed */
};

struct frame_pong {
    uint64_t host_ns;                        /* of the ping */
    uint64_t realtime_ns;                    /* the guest's clock */
    uint64_t memory_total, memory_available; /* bytes; see MemTotal and MemAvailable in proc(5) */
    uint64_t
        disk_used; /* bytes on the guest's own file systems in memory, its overlay's above all */
};

/* What its realtime clock is to do. */
struct frame_clock {
    int64_t step_ns;
    int64_t drift_ppb; /* by how much it is to run fast, beside what it does by itself */
};

struct frame_size {
    uint16_t rows, columns;
};

/* Followed by texts, each with its NUL: `argc` arguments, `envc` variables, the working folder. */
struct frame_exec {
    uint32_t argc, envc;
    uint8_t fds;     /* descriptors 0 … fds - 1 */
    uint8_t merged;  /* 2 is a copy of 1, so that their order stays */
    uint8_t builtin; /* argv[0] names one of the agent's own, see agent/builtin.h */
    uint8_t tty;     /* all three are a terminal: stream 0 to it, stream 1 from it */
    struct frame_size size;
};

struct frame_exit {
    int32_t signal; /* 0: it ended by itself, with `status` */
    int32_t status;
};

struct frame {
    struct frame_head head;
    const char *data; /* the reader's, until its next call; NUL-terminated beyond `size` */
};

/* All zero is an empty one. */
struct frame_reader {
    char *data;
    size_t begin, end, capacity;
    char covered; /* the byte that the NUL after the last frame hides */
    bool is_covered;
};

/* Reads what is there. 1: something; 0: the other end has closed; -EAGAIN; -errno. */
int frame_read(struct frame_reader *r, int fd);
/* Takes the next whole frame. 1, 0: none yet, -EPROTO: this is not our line. */
int frame_next(struct frame_reader *r, struct frame *ret);
void frame_reader_done(struct frame_reader *r);

/* Frames that wait to be written; all zero is none. */
struct frame_writer {
    char *data;
    size_t begin, end, capacity;
};

void frame_put(struct frame_writer *w, uint16_t channel, enum frame_type type, unsigned stream,
               const void *data, size_t size);
bool frame_pending(const struct frame_writer *w);
/* Writes what fits. 0: all of it; -EAGAIN: some is left; -errno. */
int frame_flush(struct frame_writer *w, int fd);
/* The same with at most `*room` bytes, which becomes what is left of it. */
int frame_flush_some(struct frame_writer *w, int fd, size_t *room);
/* The same until all is written, also to a descriptor that does not block. */
int frame_flush_all(struct frame_writer *w, int fd);
void frame_writer_done(struct frame_writer *w);

#endif
