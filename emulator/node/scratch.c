/* SPDX-License-Identifier: MIT */
#include "node/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "node/disk.h"

enum { FTW_FDS = 16, BLOCK = 512 };

#define RECORD "scratch" /* a path in each line */

static int check_room(const char *parent, uint64_t bytes, const char *remedy, struct error *err)
{
    struct statvfs st;
    if (statvfs(parent, &st) < 0)
        return error_machine(err, errno, "no room for scratch folders: '%s': %s (%s)", parent,
                             strerror(errno), remedy);
    uint64_t room = (uint64_t)st.f_bavail * st.f_frsize;
    if (bytes <= room)
        return 0;
    return error_machine(err, ENOSPC,
                         "the scratch folders of this lab need %" PRIu64 " MiB, and '%s' has room "
                         "for %" PRIu64 " MiB (%s)",
                         bytes >> 20, parent, room >> 20, remedy);
}

/* Before there is anything that it names. */
static int add_to_record(const char *lab_folder, const char *path, struct error *err)
{
    _cleanup_(freep) char *record = xasprintf("%s/" RECORD, lab_folder);
    _cleanup_(freep) char *line = xasprintf("%s\n", path);
    _cleanup_(fd_closep) int fd = open(record, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int r = fd < 0 ? -errno : fd_write_all(fd, line, strlen(line));
    return r < 0 ? error_errno(err, -r, "cannot write '%s'", record) : 0;
}

/* Nobody can foresee the name, so nobody else can be there first. Programs that gave up root's
 * privileges have to get through. */
static int make_folder(const char *lab_folder, const char *parent, char **ret, struct error *err)
{
    uint64_t random;
    if (getrandom(&random, sizeof(random), 0) < 0)
        return error_errno(err, errno, "no random number");
    _cleanup_(freep) char *absolute = realpath(parent, NULL);
    _cleanup_(freep) char *path =
        xasprintf("%s/wanlab.%s.%016" PRIx64, absolute ? absolute : parent,
                  strrchr(lab_folder, '/') + 1, random);
    int r = add_to_record(lab_folder, path, err);
    if (r == 0 && (mkdir(path, 0711) < 0 || chmod(path, 0711) < 0))
        r = error_machine(err, errno, "cannot make the scratch folder '%s': %s", path,
                          strerror(errno));
    if (r == 0)
        *ret = TAKE_PTR(path);
    return r;
}

int scratch_reserve(const char *lab_folder, bool on_disk, uint64_t bytes, char **ret,
                    struct error *err)
{
    const char *parent = on_disk ? disk_folder() : "/dev/shm";
    const char *remedy =
        on_disk ? "set WANLAB_DISK to another folder" : "ask for 'scratch: folder'";
    const bool in_memory = disk_is_memory(parent);
    if (file_exists(parent) && in_memory == on_disk)
        return error_machine(err, ENOTBLK, "'%s' is %s, but a scratch folder is to be %s: %s",
                             parent, in_memory ? "in memory" : "on a disk",
                             on_disk ? "on a disk" : "in memory", remedy);
    int r = check_room(parent, bytes, remedy, err);
    return r < 0 ? r : make_folder(lab_folder, parent, ret, err);
}

bool scratch_sweep(const char *lab_folder)
{
    _cleanup_(freep) char *record = xasprintf("%s/" RECORD, lab_folder);
    _cleanup_(freep) char *text = NULL;
    bool clean = true;
    if (file_read(record, 1 << 20, &text, NULL, NULL) < 0)
        return true;
    char *rest = text;
    for (char *path; (path = strsep(&rest, "\n"));) {
        struct stat st;
        if (*path == '/' && lstat(path, &st) == 0 && st.st_uid == geteuid())
            clean &= file_remove_tree(path, NULL) == 0;
    }
    return clean;
}

static uint64_t counted;

static int count_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)path, (void)at;
    if (type != FTW_NS)
        counted += (uint64_t)st->st_blocks * BLOCK;
    return 0;
}

uint64_t scratch_size(const char *folder)
{
    counted = 0;
    nftw(folder, count_entry, FTW_FDS, FTW_PHYS | FTW_MOUNT);
    return counted;
}
