/* SPDX-License-Identifier: MIT */
#include "node/embedded.h"

#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "base/file.h"

#ifndef NODE_INIT_FILE
#define NODE_INIT_FILE "/dev/null" /* for tools that only read this */
#endif

__asm__(".section .rodata\n"
        "embedded_init: .incbin \"" NODE_INIT_FILE "\"\n"
        "embedded_init_end:\n"
        ".previous\n");
extern const char embedded_init[], embedded_init_end[];

int embedded_write_init(const char *path, struct error *err)
{
    if (file_exists(path))
        return 0;
    _cleanup_(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    if (fd < 0)
        return error_errno(err, errno, "cannot make '%s'", path);
    int r = fd_write_all(fd, embedded_init, (size_t)(embedded_init_end - embedded_init));
    return r < 0 ? error_errno(err, -r, "cannot write '%s'", path) : 0;
}
