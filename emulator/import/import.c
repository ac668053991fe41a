/* SPDX-License-Identifier: MIT */
#include "import/import.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

enum { LISTED_MAX = 8, FOREIGN_MAX = 80 };

void import_done(struct import *i)
{
    for (size_t n = 0; n < i->warning_count; n++)
        free(i->warnings[n]);
    free(i->warnings);
    text_done(&i->facts);
    text_done(&i->body);
    *i = (struct import){0};
}

/* The bytes of a character at `p` that YAML does not allow, or takes for the end of a line: control
 * characters, U+0080 to U+009F, U+2028, U+2029, U+FEFF, U+FFFE, U+FFFF. 0: it may stay. */
static size_t unwanted(const char *p)
{
    static const char *const others[] = {"\xe2\x80\xa8", "\xe2\x80\xa9", "\xef\xbb\xbf",
                                         "\xef\xbf\xbe", "\xef\xbf\xbf"};
    const unsigned char c = (unsigned char)*p;
    if (c < ' ' || c == 0x7f)
        return 1;
    if (c == 0xc2 && ((unsigned char)p[1] & 0xe0) == 0x80)
        return 2;
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (strncmp(p, others[i], 3) == 0)
            return 3;
    return 0;
}

/* Makes one line of text that YAML allows. */
static char *tame(char *text)
{
    for (char *p = text; *p;) {
        size_t bad = unwanted(p);
        memset(p, ' ', bad);
        p += bad ? bad : 1;
    }
    return text;
}

static char *format(const char *fmt, va_list args)
{
    char *raw = NULL;
    if (vasprintf(&raw, fmt, args) < 0)
        abort();
    return tame(raw);
}

void import_warn(struct import *i, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    i->warnings = array_grow(i->warnings, i->warning_count, sizeof(*i->warnings));
    i->warnings[i->warning_count++] = format(fmt, args);
    va_end(args);
}

void import_fact(struct import *i, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    _cleanup_(freep) char *line = format(fmt, args);
    va_end(args);
    text_add(&i->facts, "# %s\n", line);
}

void import_write(const struct import *i, struct text *out)
{
    text_add(out, "%s", i->facts.data ? i->facts.data : "");
    for (size_t n = 0; n < i->warning_count; n++)
        text_add(out, "# warning: %s\n", i->warnings[n]);
    text_add(out, "%s", i->body.data ? i->body.data : "");
}

/* The last byte of a character that is cut in two would be no UTF-8, which YAML is. */
static size_t whole_characters(const char *text, size_t max)
{
    size_t len = strnlen(text, max);
    if (text[len])
        while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
            len--;
    return len;
}

void import_add_foreign(struct text *out, const char *text)
{
    size_t len = whole_characters(text, FOREIGN_MAX);
    _cleanup_(freep) char *part = tame(xasprintf("%.*s", (int)len, text));
    text_add(out, "%s%s", part, text[len] ? " …" : "");
}

void import_add_quoted(struct text *out, const char *text)
{
    _cleanup_(freep) char *tamed = tame(xstrdup(text));
    text_add(out, "\"");
    for (const char *p = tamed; *p; p++)
        if (*p == '"' || *p == '\\')
            text_add(out, "\\%c", *p);
        else if (*p == '$') /* a scenario takes "${NAME}" from the environment */
            text_add(out, "$$");
        else
            text_add(out, "%c", *p);
    text_add(out, "\"");
}

void import_list_add(struct import_list *l, const char *name)
{
    if (l->count++ < LISTED_MAX)
        text_add(&l->text, "%s%s", l->count > 1 ? ", " : "", name);
}

const char *import_list_end(struct import_list *l)
{
    if (l->count > LISTED_MAX)
        text_add(&l->text, " and %zu more", l->count - LISTED_MAX);
    return l->text.data ? l->text.data : "";
}

void import_list_done(struct import_list *l)
{
    text_done(&l->text);
    l->count = 0;
}
