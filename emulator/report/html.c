/* SPDX-License-Identifier: MIT */
#include "report/html.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/cleanup.h"

/* NULL: the character stands for itself. */
static const char *entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return ((unsigned char)c < ' ' && c != '\n') || c == 0x7f ? " " : NULL;
    }
}

void html_add(struct text *out, const char *text)
{
    for (const char *plain = text; *text; plain = text) {
        while (*text && !entity(*text))
            text++;
        text_add(out, "%.*s", (int)(text - plain), plain);
        if (*text)
            text_add(out, "%s", entity(*text++));
    }
}

void html_put(FILE *out, const char *text)
{
    for (; *text; text++) {
        const char *name = entity(*text);
        if (name)
            fputs(name, out);
        else
            putc(*text, out);
    }
}

void html_print(FILE *out, const char *fmt, ...)
{
    _cleanup_(freep) char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    int r = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (r >= 0)
        html_put(out, text);
    else
        text = NULL;
}
