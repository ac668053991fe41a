/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#include "primitive.h"

int primitive_syscall(unsigned count, uint64_t *ret_ns, struct error *err)
{
    (void)err;
    const uint64_t begin_ns = clock_monotonic_ns();
    for (unsigned i = 0; i < count; i++)
        syscall(SYS_getppid);
    *ret_ns = clock_monotonic_ns() - begin_ns;
    return 0;
}

int primitive_fault(unsigned count, uint64_t *ret_ns, struct error *err)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), size = count * page;
    char *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        return error_errno(err, errno, "cannot map %u pages", count);
    madvise(pages, size, MADV_NOHUGEPAGE); /* a kernel without huge pages does not know it */
    const uint64_t begin_ns = clock_monotonic_ns();
    for (size_t i = 0; i < size; i += page)
        ((volatile char *)pages)[i] = 1;
    *ret_ns = clock_monotonic_ns() - begin_ns;
    munmap(pages, size);
    return 0;
}

static int wait_for(pid_t child, struct error *err)
{
    int status;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return error_errno(err, errno, "cannot wait for a child");
    }
    return status == 0 ? 0 : error_set(err, ECHILD, "a child ended with status %d", status);
}

/* Both ends on one processor, so that each byte is a switch and none a wake-up of an idle one. */
static void stay_on_one_processor(void)
{
    cpu_set_t all, one;
    CPU_ZERO(&one);
    if (sched_getaffinity(0, sizeof(all), &all) < 0)
        return;
    for (int i = 0; i < CPU_SETSIZE; i++) {
        if (CPU_ISSET(i, &all)) {
            CPU_SET(i, &one);
            sched_setaffinity(0, sizeof(one), &one);
            return;
        }
    }
}

static _Noreturn void echo(int in, int out)
{
    char byte;
    while (read(in, &byte, 1) == 1 && write(out, &byte, 1) == 1)
        ;
    _exit(0);
}

static int exchange(unsigned count, int out, int in, uint64_t *ret_ns, struct error *err)
{
    char byte = 0;
    const uint64_t begin_ns = clock_monotonic_ns();
    for (unsigned i = 0; i < count; i += 2) {
        if (write(out, &byte, 1) != 1 || read(in, &byte, 1) != 1)
            return error_errno(err, errno, "the other end of a pipe is gone");
    }
    *ret_ns = clock_monotonic_ns() - begin_ns;
    return 0;
}

int primitive_switch(unsigned count, uint64_t *ret_ns, struct error *err)
{
    int there[2], back[2];
    cpu_set_t before;
    sched_getaffinity(0, sizeof(before), &before);
    if (pipe2(there, O_CLOEXEC) < 0 || pipe2(back, O_CLOEXEC) < 0)
        return error_errno(err, errno, "cannot make a pipe");
    stay_on_one_processor();
    const pid_t child = fork();
    if (child == 0) {
        close(there[1]);
        echo(there[0], back[1]);
    }
    int r = child < 0 ? error_errno(err, errno, "cannot fork")
                      : exchange(count, there[1], back[0], ret_ns, err);
    close(there[0]);
    close(there[1]); /* the child's end of file */
    close(back[0]);
    close(back[1]);
    sched_setaffinity(0, sizeof(before), &before);
    if (child > 0 && r == 0)
        r = wait_for(child, err);
    return r;
}

int primitive_fork(unsigned count, uint64_t *ret_ns, struct error *err)
{
    int r = 0;
    const uint64_t begin_ns = clock_monotonic_ns();
    for (unsigned i = 0; r == 0 && i < count; i++) {
        const pid_t child = fork();
        if (child == 0)
            _exit(0);
        r = child < 0 ? error_errno(err, errno, "cannot fork") : wait_for(child, err);
    }
    *ret_ns = clock_monotonic_ns() - begin_ns;
    return r;
}

int primitive_file(unsigned count, uint64_t *ret_ns, struct error *err)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/primitive", getenv("WANLAB_DIR") ?: ".");
    const uint64_t begin_ns = clock_monotonic_ns();
    for (unsigned i = 0; i < count; i++) {
        const int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
        if (fd < 0)
            return error_errno(err, errno, "cannot create '%s'", path);
        close(fd);
        unlink(path);
    }
    *ret_ns = clock_monotonic_ns() - begin_ns;
    return 0;
}
