/* SPDX-License-Identifier: MIT
 *
 * The load of `make bench-nodes`: linked statically, so that it runs over any root and is the same
 * program in every kind of node and on the host itself.
 *
 *   serve                 answers `ping` and swallows `stream`, one connection after the other;
 *                         says "ready"
 *   ping HOST SECONDS     64 bytes there and back, one request at a time; prints
 *                         REQUESTS P50_US P99_US CPU_US (of client and server together)
 *   stream HOST SECONDS   one TCP connection, as fast as it goes; prints GBIT_PER_SECOND, as the
 *                         receiver saw it
 *   inserts SECONDS       SQL for the `mariadb` client: single-row commits as fast as they are
 *                         taken, between two lines with the server's time
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PORT = 7007, MESSAGE = 64, CHUNK = 256 << 10, SAMPLES_MAX = 1 << 20 };

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t cpu_us(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (uint64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000000 +
           (uint64_t)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

static bool receive(int fd, void *data, size_t size)
{
    return recv(fd, data, size, MSG_WAITALL) == (ssize_t)size;
}

static bool send_all(int fd, const void *data, size_t size)
{
    return send(fd, data, size, MSG_NOSIGNAL) == (ssize_t)size;
}

static void serve_ping(int fd)
{
    char message[MESSAGE];
    uint64_t begin = cpu_us();
    while (receive(fd, message, sizeof(message)) && send_all(fd, message, sizeof(message)))
        continue;
    uint64_t used = cpu_us() - begin;
    send_all(fd, &used, sizeof(used));
}

static void serve_stream(int fd)
{
    static char chunk[CHUNK];
    uint64_t result[2] = {0}, begin = 0;
    for (ssize_t n; (n = recv(fd, chunk, sizeof(chunk), 0)) > 0; result[0] += (uint64_t)n)
        begin = begin ? begin : now_ns();
    result[1] = now_ns() - begin;
    send_all(fd, result, sizeof(result));
}

static int serve(void)
{
    const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(listener, (const struct sockaddr *)&any, sizeof(any)) < 0 || listen(listener, 8) < 0) {
        perror("cannot listen");
        return 1;
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        char mode;
        int fd = accept(listener, NULL, NULL);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        if (receive(fd, &mode, 1) && mode == 'p')
            serve_ping(fd);
        else if (mode == 's')
            serve_stream(fd);
        close(fd);
    }
}

static int reach(const char *host, char mode)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    inet_pton(AF_INET, host, &to.sin_addr);
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
        perror("cannot connect");
        exit(1);
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    send_all(fd, &mode, 1);
    return fd;
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* The clock is read once a request: where that is slow it would count twice. */
static int ping(const char *host, double seconds)
{
    static uint32_t ns[SAMPLES_MAX];
    char message[MESSAGE] = "";
    size_t count = 0;
    int fd = reach(host, 'p');
    uint64_t begin = now_ns(), end = begin + (uint64_t)(seconds * 1e9), used = cpu_us(),
             last = begin;
    while (last < end && count < SAMPLES_MAX) {
        if (!send_all(fd, message, sizeof(message)) || !receive(fd, message, sizeof(message)))
            return 1;
        uint64_t now = now_ns();
        ns[count++] = (uint32_t)(now - last);
        last = now;
    }
    used = cpu_us() - used;
    uint64_t server = 0;
    shutdown(fd, SHUT_WR);
    if (!receive(fd, &server, sizeof(server)))
        return 1;
    qsort(ns, count, sizeof(*ns), by_value);
    printf("%zu %.1f %.1f %llu\n", count, ns[count / 2] / 1e3, ns[count * 99 / 100] / 1e3,
           (unsigned long long)(used + server));
    return 0;
}

static int stream(const char *host, double seconds)
{
    static char chunk[CHUNK];
    uint64_t result[2];
    int fd = reach(host, 's');
    for (uint64_t end = now_ns() + (uint64_t)(seconds * 1e9); now_ns() < end;)
        if (!send_all(fd, chunk, sizeof(chunk)))
            return 1;
    shutdown(fd, SHUT_WR);
    if (!receive(fd, result, sizeof(result)))
        return 1;
    printf("%.3f\n", (double)result[0] * 8 / (double)result[1]);
    return 0;
}

/* Little is under way to the client at a time, so that it ends soon after we do. */
static int inserts(double seconds)
{
    fcntl(STDOUT_FILENO, F_SETPIPE_SZ, 4096);
    setvbuf(stdout, NULL, _IONBF, 0);
    puts("CREATE OR REPLACE TABLE wanlab.bench (id INT AUTO_INCREMENT PRIMARY KEY, number INT, "
         "text CHAR(32)) ENGINE=InnoDB;\n"
         "SELECT UNIX_TIMESTAMP(NOW(6));");
    for (uint64_t end = now_ns() + (uint64_t)(seconds * 1e9); now_ns() < end;)
        puts("INSERT INTO wanlab.bench (number, text) VALUES (42, "
             "'0123456789abcdef0123456789abcdef');");
    puts("SELECT UNIX_TIMESTAMP(NOW(6)), COUNT(*) FROM wanlab.bench;");
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "serve") == 0)
        return serve();
    if (argc == 4 && strcmp(argv[1], "ping") == 0)
        return ping(argv[2], atof(argv[3]));
    if (argc == 4 && strcmp(argv[1], "stream") == 0)
        return stream(argv[2], atof(argv[3]));
    if (argc == 3 && strcmp(argv[1], "inserts") == 0)
        return inserts(atof(argv[2]));
    fputs("usage: nodes serve | ping HOST SECONDS | stream HOST SECONDS | inserts SECONDS\n",
          stderr);
    return 2;
}
