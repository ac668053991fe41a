/* SPDX-License-Identifier: MIT
 *
 * Whole files and descriptors. Everything that is opened here is O_CLOEXEC.
 */
#ifndef WANLAB_BASE_FILE_H
#define WANLAB_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Reads a whole file of at most `max` bytes; a NUL is added after the last byte. The caller frees
 * `*ret_data`. Works on /proc and /sys files, whose size is not known beforehand. */
int file_read(const char *path, size_t max, char **ret_data, size_t *ret_size, struct error *err);

/* Writes a small file in one write() call (also for /proc and /sys), creating it if need be. */
int file_write(const char *path, const char *text, struct error *err);

/* Writes everything, however many write() calls it takes; 0 or -errno. */
int fd_write_all(int fd, const void *data, size_t size);

/* Closes all descriptors from 3 up but those in `keep`, which it sorts; negative ones are ignored.
 */
void fd_close_others(int *keep, size_t count);

/* Raises this process's limit of open descriptors as far as it may, for itself and what it forks.
 */
void fd_limit_raise(void);

/* The limit that there was before, for a program that is about to be executed: some walk through
 * all descriptors that there may be, or have room for 1,024. */
void fd_limit_restore(void);

/* Makes a folder and its missing parents, mode 0755; an existing folder is fine. */
int file_make_dirs(const char *path, struct error *err);

/* Removes a file or a whole folder without following symbolic links or crossing into other mounts.
 * What does not exist is fine. */
int file_remove_tree(const char *path, struct error *err);

bool file_exists(const char *path);
bool file_is_regular(const char *path); /* or a link to one */

#endif
