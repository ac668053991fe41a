/* SPDX-License-Identifier: MIT
 *
 * Text as HTML: whatever is in a file means nothing to a browser.
 */
#ifndef WANLAB_REPORT_HTML_H
#define WANLAB_REPORT_HTML_H

#include <stdio.h>

#include "base/text.h"

/* Both escape & < > " ' and show control characters as blanks, so that the result is safe between
 * tags and inside quoted attributes. */
void html_add(struct text *out, const char *text);
void html_put(FILE *out, const char *text);

/* printf() with its result escaped. */
void html_print(FILE *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
