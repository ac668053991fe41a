/* SPDX-License-Identifier: MIT */
#include "net/sysctl.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"

int sysctl_set(const char *key, const char *value, bool optional, struct error *err)
{
    _cleanup_(freep) char *path = xasprintf("/proc/sys/%s", key);
    for (char *p = path + strlen("/proc/sys/"); *p; p++)
        *p = *p == '.' ? '/' : *p;
    if (optional && !file_exists(path))
        return 0;
    return file_write(path, value, err);
}
