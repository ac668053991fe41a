/* SPDX-License-Identifier: MIT */
#include "node/secrets.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

static const char *const paths[] = {
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/security/opasswd",
    "/etc/krb5.keytab",
    "/etc/ssh/ssh_host_rsa_key",
    "/etc/ssh/ssh_host_ecdsa_key",
    "/etc/ssh/ssh_host_ed25519_key",
    "/etc/ssl/private",
    "/root/.ssh",
    "/root/.gnupg",
};

const char *secrets_path(size_t index)
{
    return index < ARRAY_LEN(paths) ? paths[index] : NULL;
}

/* An entry for every account, none of which has a password. */
static int write_locked(const char *path, struct error *err)
{
    _cleanup_(text_done) struct text locked = {0};
    _cleanup_(freep) char *accounts = NULL;
    int r = file_read("/etc/passwd", 1 << 24, &accounts, NULL, err);
    if (r < 0)
        return r;
    char *rest = accounts;
    for (char *line; (line = strsep(&rest, "\n"));)
        if (strchr(line, ':'))
            text_add(&locked, "%.*s:*:::::::\n", (int)strcspn(line, ":"), line);
    return file_write(path, locked.data ? locked.data : "", err);
}

static int cover(const char *path, const char *locked, struct error *err)
{
    struct stat st;
    if (lstat(path, &st) < 0 || S_ISLNK(st.st_mode)) /* a link's end is no secret's usual place */
        return 0;
    bool is_shadow = strncmp(path, "/etc/shadow", strlen("/etc/shadow")) == 0;
    int r = S_ISDIR(st.st_mode)
                ? mount("wanlab", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV, "mode=0555")
                : mount(is_shadow ? locked : "/dev/null", path, NULL, MS_BIND, NULL);
    return r < 0 ? error_errno(err, errno, "cannot hide '%s' from the nodes", path) : 0;
}

int secrets_hide(const char *folder, struct error *err)
{
    _cleanup_(freep) char *locked = xasprintf("%s/shadow", folder);
    int r = write_locked(locked, err);
    for (size_t i = 0; i < ARRAY_LEN(paths) && r == 0; i++)
        r = cover(paths[i], locked, err);
    return r;
}
