/* SPDX-License-Identifier: MIT
 *
 * Text that grows: a buffer for building output line by line.
 */
#ifndef WANLAB_BASE_TEXT_H
#define WANLAB_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    char *data; /* NUL-terminated once anything was added; NULL before */
    size_t len;
}; /* all zero is an empty one */

void text_done(struct text *t);
void text_add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* FNV-1a, 64 bits: for names that differ where contents do. `hash` is that of what came before. */
#define TEXT_HASH_BEGIN 0xcbf29ce484222325u
uint64_t text_hash(uint64_t hash, const void *data, size_t size);

/* Of `count` names, the one nearest to `word` by edit distance (at most a third of its length,
 * at least 1 edit allowed), for "did you mean"; NULL if none is near. */
const char *text_nearest(const char *word, const char *const *names, size_t count);

#endif
