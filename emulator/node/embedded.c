/* SPDX-License-Identifier: MIT */
#include "node/embedded.h"

#include <errno.h>
#include <fcntl.h>

#include "base/cache.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#ifndef AGENT_FILE
#define AGENT_FILE "/dev/null" /* for tools that only read this */
#endif

__asm__(".section .rodata\n"
        "embedded_agent_begin: .incbin \"" AGENT_FILE "\"\n"
        "embedded_agent_end:\n"
        ".previous\n");
extern const char embedded_agent_begin[], embedded_agent_end[];

const char *embedded_agent(size_t *ret_size)
{
    *ret_size = (size_t)(embedded_agent_end - embedded_agent_begin);
    return embedded_agent_begin;
}

int embedded_write_agent(const char *path, struct error *err)
{
    size_t size;
    const char *data = embedded_agent(&size);
    if (file_exists(path))
        return 0;
    _cleanup_(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    if (fd < 0)
        return error_errno(err, errno, "cannot make '%s'", path);
    int r = fd_write_all(fd, data, size);
    return r < 0 ? error_errno(err, -r, "cannot write '%s'", path) : 0;
}

/* See cache_make(). */
static int make(const char *folder, void *arg, char **ret_made, struct error *err)
{
    (void)arg;
    _cleanup_(freep) char *path = xasprintf("%s/agent", folder);
    int r = embedded_write_agent(path, err);
    if (r == 0)
        *ret_made = xstrdup(folder);
    return r;
}

int embedded_cache_agent(char **ret, struct error *err)
{
    size_t size;
    const char *data = embedded_agent(&size);
    _cleanup_(freep) char *folder = NULL;
    _cleanup_(freep) char *key =
        xasprintf("%016llx", (unsigned long long)text_hash(TEXT_HASH_BEGIN, data, size));
    int r = cache_make("agents", key, make, NULL, &folder, err);
    if (r == 0)
        *ret = xasprintf("%s/agent", folder);
    return r;
}
