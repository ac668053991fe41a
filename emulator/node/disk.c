/* SPDX-License-Identifier: MIT */
#include "node/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "node/tool.h"

static const uint64_t journal_bytes = 8 << 20;
enum { METADATA_SHARE = 32, ATTEMPTS = 100 };

/* Everything is zero in a fresh file: nothing has to be written for a table to be empty. */
int disk_format(const char *path, struct error *err)
{
    char *argv[] = {"mkfs.ext4",  "-q", "-F",
                    "-m",         "0",  "-J",
                    "size=4",     "-E", "nodiscard,assume_storage_prezeroed=1,root_owner=0:0",
                    (char *)path, NULL};
    return tool_run(argv, "e2fsprogs", true, err);
}

const char *disk_folder(void)
{
    const char *variable = getenv("WANLAB_DISK");
    return variable ? variable : "/var/tmp";
}

bool disk_is_memory(const char *folder)
{
    struct statfs st;
    return statfs(folder, &st) == 0 && (st.f_type == TMPFS_MAGIC || st.f_type == RAMFS_MAGIC);
}

/* A partition's limits are those of its disk: the kernel knows no others. */
int disk_device(const char *folder, dev_t *ret, struct error *err)
{
    struct stat st;
    if (stat(folder, &st) < 0)
        return error_errno(err, errno, "cannot look at '%s'", folder);
    _cleanup_(freep) char *device =
        xasprintf("/sys/dev/block/%u:%u", major(st.st_dev), minor(st.st_dev));
    _cleanup_(freep) char *partition = xasprintf("%s/partition", device);
    _cleanup_(freep) char *number =
        xasprintf("%s/%s", device, file_exists(partition) ? "../dev" : "dev");
    _cleanup_(freep) char *text = NULL;
    unsigned numbers[2];
    if (file_read(number, 64, &text, NULL, NULL) < 0 ||
        sscanf(text, "%u:%u", &numbers[0], &numbers[1]) != 2)
        return error_machine(err, ENODEV,
                             "cannot limit io: '%s' is on a file system without a disk of its own "
                             "(set WANLAB_DISK to a folder on a disk)",
                             folder);
    *ret = makedev(numbers[0], numbers[1]);
    return 0;
}

/* A file without a name, whose space is reserved. The caller closes `*ret_fd`. */
static int open_file(uint64_t bytes, int *ret_fd, struct error *err)
{
    const char *folder = disk_folder();
    _cleanup_(fd_closep) int fd = open(folder, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_machine(err, errno,
                             "cannot make a file in '%s' for a scratch folder on disk: %s (set "
                             "WANLAB_DISK to a folder on a disk)",
                             folder, strerror(errno));
    if (disk_is_memory(folder))
        return error_machine(err, ENOTBLK,
                             "'%s' is in memory, but a scratch folder is to be on disk: set "
                             "WANLAB_DISK to a folder on a disk",
                             folder);
    if (fallocate(fd, 0, 0, (off_t)bytes) < 0)
        return error_machine(err, errno,
                             "cannot reserve %llu MiB in '%s' for a scratch folder on disk: %s "
                             "(set WANLAB_DISK to another folder)",
                             (unsigned long long)bytes >> 20, folder, strerror(errno));
    *ret_fd = take_fd(&fd);
    return 0;
}

/* The tool inherits the descriptor. */
static int format_open_file(int fd, struct error *err)
{
    _cleanup_(freep) char *path = xasprintf("/proc/self/fd/%d", fd);
    fcntl(fd, F_SETFD, 0);
    int r = disk_format(path, err);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return r;
}

/* Others look for a free device at the same time. The node's own cache is enough: the file is
 * written past the host's. */
static int attach(int fd, char **ret_device, int *ret_loop, struct error *err)
{
    struct loop_config config = {.fd = (uint32_t)fd,
                                 .info.lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO};
    _cleanup_(fd_closep) int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    for (unsigned i = 0; control >= 0 && i < ATTEMPTS; i++) {
        int number = ioctl(control, LOOP_CTL_GET_FREE);
        if (number < 0)
            break;
        _cleanup_(freep) char *device = xasprintf("/dev/loop%d", number);
        _cleanup_(fd_closep) int loop = open(device, O_RDWR | O_CLOEXEC);
        if (loop < 0)
            break;
        if (ioctl(loop, LOOP_CONFIGURE, &config) == 0) {
            *ret_device = TAKE_PTR(device);
            *ret_loop = take_fd(&loop);
            return 0;
        }
        if (errno != EBUSY)
            break;
    }
    return error_machine(err, errno,
                         "no loop device for a scratch folder on disk: %s (it needs root and "
                         "/dev/loop-control)",
                         strerror(errno));
}

int disk_mount(uint64_t bytes, const char *target, struct error *err)
{
    _cleanup_(fd_closep) int fd = -1, loop = -1;
    _cleanup_(freep) char *device = NULL;
    int r = open_file(bytes + bytes / METADATA_SHARE + journal_bytes, &fd, err);
    if (r == 0)
        r = format_open_file(fd, err);
    if (r == 0)
        r = attach(fd, &device, &loop, err);
    if (r == 0 && mount(device, target, "ext4", MS_NOSUID | MS_NODEV, NULL) < 0)
        r = error_errno(err, errno, "cannot mount a scratch folder on disk at '%s'", target);
    if (r < 0)
        return r;
    _cleanup_(freep) char *found = xasprintf("%s/lost+found", target);
    rmdir(found);
    return 0;
}
