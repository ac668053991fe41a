/* SPDX-License-Identifier: MIT
 *
 * Memory that is always there: these abort when the system has none left, since no command of
 * this program could go on in a useful way. What they return is released with free().
 */
#ifndef WANLAB_BASE_MEM_H
#define WANLAB_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);           /* zeroed */
void *xrealloc(void *p, size_t count, size_t size); /* checks count * size for overflow */
char *xstrdup(const char *s);                       /* NULL gives NULL */
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Room for one more element at the end of the array `*p` with `len` elements, doubled as needed.
 * Usage: items = array_grow(items, n, sizeof(*items)); items[n++] = …; the capacity is implied by
 * `len` (powers of two), so no field has to keep it. */
void *array_grow(void *p, size_t len, size_t size);

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Keeps the whole pages of a large array from the processes that are forked from now on, which then
 * must not touch it; or no longer. */
void mem_keep_from_forks(const void *data, size_t size, bool kept);

#endif
