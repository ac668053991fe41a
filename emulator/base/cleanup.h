/* SPDX-License-Identifier: MIT
 *
 * Automatic release of locals: `_cleanup_(freep) char *text = …`. At a hand-over the owner is
 * emptied with TAKE_PTR() or take_fd(). Never used on live libuv handles, which end in a callback.
 */
#ifndef WANLAB_BASE_CLEANUP_H
#define WANLAB_BASE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

/* Defines f ## p(): calls f() on what the variable points to; f() must accept NULL. */
#define DEFINE_CLEANUP(type, f)                                                                    \
    static inline void f##p(type *p)                                                               \
    {                                                                                              \
        f(*p);                                                                                     \
    }                                                                                              \
    struct cleanup_needs_a_semicolon

#define TAKE_PTR(p)                                                                                \
    ({                                                                                             \
        __typeof__(p) taken_ = (p);                                                                \
        (p) = NULL;                                                                                \
        taken_;                                                                                    \
    })

static inline void freep(void *p)
{
    free(*(void **)p);
}

static inline void fd_closep(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static inline int take_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

static inline void file_closep(FILE **f)
{
    if (*f)
        fclose(*f);
}

static inline void dir_closep(DIR **d)
{
    if (*d)
        closedir(*d);
}

#endif
