/* SPDX-License-Identifier: MIT
 *
 * Messages with descriptors over Unix sockets (SCM_RIGHTS): the one place that knows the control
 * message arithmetic.
 */
#ifndef WANLAB_BASE_MESSAGE_H
#define WANLAB_BASE_MESSAGE_H

#include <stddef.h>
#include <sys/types.h>

enum { MESSAGE_FDS_MAX = 8 };

/* Sends `size` bytes and `fd_count` descriptors (which stay open here). The number of bytes sent,
 * or -errno. No SIGPIPE. */
ssize_t message_send(int socket, const void *data, size_t size, const int *fds, size_t fd_count);

/* Receives up to `size` bytes; `*fd_count` is the room in `fds` and becomes the number received
 * (all close-on-exec; what does not fit is closed). The number of bytes (0: the other end closed),
 * or -errno. */
ssize_t message_receive(int socket, void *data, size_t size, int *fds, size_t *fd_count);

#endif
