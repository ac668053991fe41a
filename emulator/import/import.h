/* SPDX-License-Identifier: MIT
 *
 * What the conversions of foreign descriptions of networks have in common. A conversion is pure:
 * text in, a scenario's text out. Whatever it dropped or guessed is a warning, and warnings stand
 * as comments at the top of the scenario, too, so that the file says of itself what it is.
 *
 * Foreign text gets into a scenario as a name that the rules allow (names.h), quoted, or as a
 * comment, where control characters are taken out: it cannot become anything else.
 */
#ifndef WANLAB_IMPORT_IMPORT_H
#define WANLAB_IMPORT_IMPORT_H

#include <stddef.h>

#include "base/error.h"
#include "base/text.h"

struct import {
    char **warnings; /* what was dropped or guessed */
    size_t warning_count;
    struct text facts; /* comment lines: what it was made of, and how */
    struct text body;  /* the scenario itself */
};                     /* all zero is an empty one */

void import_done(struct import *i);

void import_warn(struct import *i, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A line of the comment at the top. */
void import_fact(struct import *i, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The whole file: comments, then the body. */
void import_write(const struct import *i, struct text *out);

/* Adds foreign text for a comment: in one line, and of at most 80 bytes. */
void import_add_foreign(struct text *out, const char *text);

/* Adds foreign text as a value in double quotes; what YAML does not allow becomes a space. */
void import_add_quoted(struct text *out, const char *text);

/* "a, b, c and 4 more": of names that a warning is about, the first eight. */
struct import_list {
    struct text text;
    size_t count;
};
void import_list_add(struct import_list *l, const char *name);
const char *import_list_end(struct import_list *l); /* the text, until import_list_done() */
void import_list_done(struct import_list *l);

#endif
