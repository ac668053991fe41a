/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void text_done(struct text *t)
{
    free(t->data);
    *t = (struct text){0};
}

void text_add(struct text *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int need = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (need < 0)
        return;
    size_t capacity = 64;
    while (capacity < t->len + 1) /* the capacity is implied by the length: powers of two */
        capacity *= 2;
    if (!t->data || t->len + (size_t)need + 1 > capacity) {
        while (capacity < t->len + (size_t)need + 1)
            capacity *= 2;
        t->data = xrealloc(t->data, capacity, 1);
    }
    va_start(ap, fmt);
    vsnprintf(t->data + t->len, (size_t)need + 1, fmt, ap);
    va_end(ap);
    t->len += (size_t)need;
}

enum { WORD_MAX = 64 };

/* Edits that lead from one word to the other: a character more, less, another, or two neighbours
 * swapped ("optimal string alignment"). Three rows of the table are all it needs. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t rows[3][WORD_MAX + 1], b_len = strlen(b);
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_len; j++)
        above[j] = j;
    for (size_t i = 0; a[i]; i++) {
        row[0] = i + 1;
        for (size_t j = 0; j < b_len; j++) {
            size_t best = above[j] + (a[i] != b[j]);
            best = above[j + 1] + 1 < best ? above[j + 1] + 1 : best;
            best = row[j] + 1 < best ? row[j] + 1 : best;
            bool swapped = i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j];
            if (swapped && before[j - 1] + 1 < best)
                best = before[j - 1] + 1;
            row[j + 1] = best;
        }
        size_t *free_row = before;
        before = above, above = row, row = free_row;
    }
    return above[b_len];
}

const char *text_nearest(const char *word, const char *const *names, size_t count)
{
    size_t limit = strlen(word) / 3 ? strlen(word) / 3 : 1;
    const char *nearest = NULL;
    if (strlen(word) > WORD_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (strlen(names[i]) > WORD_MAX)
            continue;
        size_t distance = edit_distance(word, names[i]);
        if (distance <= limit) {
            nearest = names[i];
            limit = distance ? distance - 1 : 0;
        }
    }
    return nearest;
}

uint64_t text_hash(uint64_t hash, const void *data, size_t size)
{
    for (const unsigned char *p = data, *end = p + size; p < end; p++)
        hash = (hash ^ *p) * 0x100000001b3u;
    return hash;
}
