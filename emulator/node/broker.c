/* SPDX-License-Identifier: MIT
 *
 * A container's name is wanlab-LAB-INODE-NODE, with the inode of the lab's folder; its labels are
 * wanlab.lab=LAB.INODE and wanlab.node=NODE.
 *
 * What a command was asked to do may be done by the engine although the command was ended: a run
 * that was given up can still make a container, a moment later or when the engine wakes up. The
 * record then says so ("unsure"), and who removes the lab's containers looks twice.
 */
#include "node/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/message.h"
#include "base/text.h"
#include "node/child.h"
#include "node/engine.h"

enum {
    WORDS_MAX = 56,
    REQUEST_MAX = 32 << 10,
    RECORD_MAX = 1 << 16,
    REMOVE_MS = 20000,
    TURN_MS = 120000, /* for a removal; longer than anything before it can take */
    GRACE_MS = 2000,  /* for workers when the lab is dead */
};

struct broker_request {
    enum { BROKER_RUN, BROKER_REMOVE } kind;
    unsigned timeout_ms;
    char node[40];
    /* words follow, each with its NUL */
};

/* The last request about a node. */
struct worker {
    struct worker *next;
    char node[40];
    int pidfd;
};

struct broker {
    struct engine engine;
    char *folder, *lab; /* lab: LAB.INODE */
    int socket;
    struct worker *workers;
};

/* --- the record: engine, label, the variables that say which engine it is, each on a line --- */

static char *record_path(const char *folder)
{
    return xasprintf("%s/engine", folder);
}

static bool names_engine(const char *variable)
{
    static const char *const prefixes[] = {"DOCKER_", "CONTAINER",
                                           "PATH=", "HOME=", "XDG_RUNTIME_DIR="};
    bool named = false;
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
        named = named || strncmp(variable, prefixes[i], strlen(prefixes[i])) == 0;
    return named && !strchr(variable, '\n');
}

static int write_record(const struct broker *b, struct error *err)
{
    _cleanup_(freep) char *path = record_path(b->folder);
    struct text record = {0};
    text_add(&record, "%s\nwanlab.lab=%s\n", b->engine.command, b->lab);
    for (char **variable = environ; *variable; variable++)
        if (names_engine(*variable))
            text_add(&record, "%s\n", *variable);
    int r = file_write(path, record.data, err);
    text_done(&record);
    return r;
}

static void note_unsure(const struct broker *b)
{
    static const char line[] = "unsure\n";
    _cleanup_(freep) char *path = record_path(b->folder);
    _cleanup_(fd_closep) int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd >= 0)
        fd_write_all(fd, line, sizeof(line) - 1);
}

int broker_sweep(const char *folder, struct error *err)
{
    _cleanup_(freep) char *path = record_path(folder);
    _cleanup_(freep) char *record = NULL;
    _cleanup_(freep) char **env = NULL;
    size_t count = 0;
    bool unsure = false;
    if (file_read(path, RECORD_MAX, &record, NULL, NULL) < 0)
        return 0;
    char *rest = record;
    const char *command = strsep(&rest, "\n"), *label = strsep(&rest, "\n");
    for (char *line; (line = strsep(&rest, "\n"));) {
        env = array_grow(env, count, sizeof(*env));
        if (strchr(line, '='))
            env[count++] = line;
        unsure = unsure || strcmp(line, "unsure") == 0;
    }
    env = array_grow(env, count, sizeof(*env));
    env[count] = NULL;
    const struct engine engine = {.command = command, .env = env};
    int r = label ? engine_remove_labelled(&engine, label, unsure, err) : 0;
    if (r == 0)
        unlink(path);
    return r;
}

/* --- a worker --- */

static char *container_name(const struct broker *b, const char *node)
{
    char *name = xasprintf("wanlab-%s-%s", b->lab, node);
    *strrchr(name, '.') = '-'; /* neither lab nor node has one */
    return name;
}

static int remove_container(const struct broker *b, const char *node, struct error *err)
{
    _cleanup_(freep) char *name = container_name(b, node);
    char *words[] = {"rm", "-f", "-v", name, NULL};
    return engine_call(&b->engine, words, REMOVE_MS, NULL, err);
}

/* Success is a container that runs, which its agent tells; here it is only the lack of an error. */
static int run_container(const struct broker *b, const struct broker_request *q, char **words,
                         struct error *err)
{
    _cleanup_(freep) char *name = container_name(b, q->node);
    _cleanup_(freep) char *lab = xasprintf("wanlab.lab=%s", b->lab);
    _cleanup_(freep) char *node = xasprintf("wanlab.node=%s", q->node);
    char *all[WORDS_MAX + 9] = {"run", "-d", "--name", name, "--label", lab, "--label", node};
    for (size_t i = 0; i < WORDS_MAX && words[i]; i++)
        all[8 + i] = words[i];
    int r = engine_call(&b->engine, all, q->timeout_ms, NULL, err);
    if (r == -ETIMEDOUT)
        note_unsure(b);
    return r;
}

/* Until the last request about the same node is through, if there was one: a removal then. */
static int await_turn(const struct broker *b, struct broker_request *q, int before,
                      struct error *err)
{
    uint64_t began_ns = clock_monotonic_ns();
    struct pollfd wait = {.fd = before, .events = POLLIN};
    if (before >= 0 && poll(&wait, 1, (int)q->timeout_ms) == 0)
        return error_set(err, ETIMEDOUT, "'%s rm' has not answered for %.1f s", b->engine.command,
                         q->timeout_ms / 1e3);
    uint64_t waited_ms = (clock_monotonic_ns() - began_ns) / NS_PER_MS;
    q->timeout_ms -= waited_ms < q->timeout_ms ? (unsigned)waited_ms : q->timeout_ms;
    return 0;
}

/* `before` is the last request about the same node, -1 if there was none. */
static _Noreturn void work(const struct broker *b, struct broker_request *q, char **words,
                           int channel, int before)
{
    struct child_answer answer = {0};
    prctl(PR_SET_NAME, "wanlab-errand");
    signal(SIGCHLD, SIG_DFL);
    close(b->socket);
    answer.result = await_turn(b, q, before, &answer.err);
    if (answer.result == 0)
        answer.result = q->kind == BROKER_RUN ? run_container(b, q, words, &answer.err)
                                              : remove_container(b, q->node, &answer.err);
    if (channel >= 0)
        message_send(channel, &answer, sizeof(answer), NULL, 0);
    if (answer.result < 0 && q->kind == BROKER_RUN)
        remove_container(b, q->node, NULL); /* it may be there, not started */
    if (answer.result < 0)
        log_warn("node '%s': %s", q->node, answer.err.text);
    _exit(0);
}

/* --- the broker --- */

static struct worker *find_worker(struct broker *b, const char *node)
{
    struct worker *w = b->workers;
    while (w && strcmp(w->node, node) != 0)
        w = w->next;
    if (w)
        return w;
    w = xcalloc(1, sizeof(*w));
    *w = (struct worker){.next = b->workers, .pidfd = -1};
    snprintf(w->node, sizeof(w->node), "%s", node);
    b->workers = w;
    return w;
}

static void handle(struct broker *b, char *data, size_t size, int channel)
{
    struct broker_request q;
    char *words[WORDS_MAX + 1] = {0};
    size_t count = 0;
    if (size < sizeof(q) || size == REQUEST_MAX)
        return;
    memcpy(&q, data, sizeof(q));
    for (char *p = data + sizeof(q); p < data + size && count < WORDS_MAX; p += strlen(p) + 1)
        words[count++] = p;
    struct worker *w = find_worker(b, q.node);
    int pidfd = -1;
    pid_t pid = child_clone(0, &pidfd);
    if (pid == 0)
        work(b, &q, words, channel, w->pidfd);
    fd_closep(&w->pidfd);
    w->pidfd = pid < 0 ? -1 : pidfd;
}

/* The lab is dead. Who is at work gets the time that a healthy engine takes. */
static void end_workers(struct broker *b)
{
    uint64_t now = clock_monotonic_ns(), deadline = now + GRACE_MS * NS_PER_MS;
    for (struct worker *w = b->workers; w; w = w->next) {
        struct pollfd wait = {.fd = w->pidfd, .events = POLLIN};
        now = clock_monotonic_ns();
        int ms = now < deadline ? (int)((deadline - now) / NS_PER_MS) + 1 : 0;
        if (w->pidfd < 0 || poll(&wait, 1, ms) > 0)
            continue;
        note_unsure(b);
        pidfd_send_signal(w->pidfd, SIGTERM, NULL, 0); /* its command gets one too */
    }
}

static _Noreturn void serve(struct broker *b)
{
    struct error err;
    prctl(PR_SET_NAME, "wanlab-broker");
    signal(SIGCHLD, SIG_IGN); /* workers are not waited for: their pidfds tell */
    for (;;) {
        _cleanup_(freep) char *data = xcalloc(REQUEST_MAX + 1, 1);
        int channel = -1;
        size_t fd_count = 1;
        ssize_t n = message_receive(b->socket, data, REQUEST_MAX, &channel, &fd_count);
        if (n <= 0)
            break;
        handle(b, data, (size_t)n, channel);
        fd_closep(&channel);
    }
    end_workers(b);
    signal(SIGCHLD, SIG_DFL);
    if (broker_sweep(b->folder, &err) < 0)
        log_warn("%s; the next command tries again", err.text);
    _exit(0);
}

/* Keeps nothing of the launcher's: neither its terminal nor what it happens to have open. */
static int detach(const struct broker *b, int lock)
{
    sigset_t none;
    _cleanup_(freep) char *path = xasprintf("%s/log", b->folder);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (null < 0 || log < 0 || chdir("/") < 0)
        return -errno;
    dup2(null, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    fd_close_others((int[]){b->socket, lock}, 2);
    setsid();
    umask(022);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_IGN);
    return 0;
}

int broker_start(const char *folder, int lock, int *ret_fd, struct error *err)
{
    struct stat st;
    struct broker b = {.folder = (char *)folder};
    int pair[2];
    int r = engine_find(&b.engine.command, err);
    if (r < 0)
        return r;
    if (stat(folder, &st) < 0)
        return error_errno(err, errno, "cannot find '%s'", folder);
    _cleanup_(freep) char *lab =
        xasprintf("%s.%" PRIx64, strrchr(folder, '/') + 1, (uint64_t)st.st_ino);
    b.lab = lab;
    r = write_record(&b, err);
    if (r == 0)
        r = child_channel(pair, err);
    if (r < 0)
        return r;
    b.socket = pair[1];
    pid_t parent = fork();
    if (parent == 0) {
        close(pair[0]);
        if (fork() == 0 && detach(&b, lock) == 0)
            serve(&b);
        _exit(0);
    }
    close(pair[1]);
    if (parent < 0) {
        close(pair[0]);
        return error_errno(err, errno, "cannot fork");
    }
    waitpid(parent, NULL, 0);
    *ret_fd = pair[0];
    return 0;
}

/* --- who asks --- */

static int send_request(int broker, const struct broker_request *q, char *const *words, int channel,
                        struct error *err)
{
    size_t size = sizeof(*q), count = 0;
    _cleanup_(freep) char *data = xcalloc(REQUEST_MAX, 1);
    memcpy(data, q, sizeof(*q));
    for (; words && words[count]; count++) {
        size_t len = strlen(words[count]) + 1;
        if (size + len >= REQUEST_MAX || count == WORDS_MAX)
            return error_set(err, E2BIG, "its container has too many options");
        memcpy(data + size, words[count], len);
        size += len;
    }
    ssize_t n = message_send(broker, data, size, &channel, channel >= 0 ? 1 : 0);
    return n < 0 ? error_errno(err, (int)-n, "the lab's broker has gone") : 0;
}

int broker_run(int broker, const char *node, char *const *words, unsigned timeout_ms, int *ret_fd,
               struct error *err)
{
    struct broker_request q = {.kind = BROKER_RUN, .timeout_ms = timeout_ms};
    int pair[2];
    snprintf(q.node, sizeof(q.node), "%s", node);
    int r = child_channel(pair, err);
    if (r < 0)
        return r;
    r = send_request(broker, &q, words, pair[1], err);
    close(pair[1]);
    if (r < 0)
        close(pair[0]);
    else
        *ret_fd = pair[0];
    return r;
}

void broker_remove(int broker, const char *node)
{
    struct broker_request q = {.kind = BROKER_REMOVE, .timeout_ms = TURN_MS};
    snprintf(q.node, sizeof(q.node), "%s", node);
    send_request(broker, &q, NULL, -1, NULL);
}
