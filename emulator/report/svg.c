/* SPDX-License-Identifier: MIT */
#include "report/svg.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "report/html.h"

/* Okabe and Ito's colours, which people with any colour vision can tell apart; grey for their
 * yellow, which is hard to see on white. */
const char *const svg_palette[SVG_COLORS] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                             "#E69F00", "#56B4E9", "#000000", "#888888"};

/* gnuplot writes '#0072B2' as 'rgb(  0, 114, 178)'. */
static bool is_color(const char *text, const char *hex)
{
    char name[40];
    unsigned long rgb = strtoul(hex + 1, NULL, 16);
    snprintf(name, sizeof(name), "rgb(%3lu, %3lu, %3lu)", rgb >> 16, rgb >> 8 & 0xff, rgb & 0xff);
    return strncmp(text, name, strlen(name)) == 0;
}

/* Adds the page's variable for the colour at `text`. */
static void add_color(struct text *out, const char *text)
{
    static const struct {
        const char *hex, *variable;
    } names[] = {{SVG_AXIS, "axis"}, {SVG_GRID, "grid"}, {SVG_BAND, "band"}, {SVG_DARK, "ink"}};
    for (size_t i = 0; i < SVG_COLORS; i++)
        if (is_color(text, svg_palette[i])) {
            text_add(out, "var(--s%zu)", i);
            return;
        }
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (is_color(text, names[i].hex)) {
            text_add(out, "var(--%s)", names[i].variable);
            return;
        }
    text_add(out, "currentColor");
}

struct inlining {
    struct text out;
    const struct svg_element *elements;
    size_t count;
    size_t element; /* 1…: the one that is being copied; 0: none */
    size_t point;   /* of it, the next */
};

/* The number of the element that a tag `<g id="figure_plot_3" …` begins; 0: it is another tag. */
static size_t element_of(const char *tag)
{
    static const char begin[] = "<g id=\"" SVG_NAME "_plot_";
    return strncmp(tag, begin, sizeof(begin) - 1) == 0 ? strtoul(tag + sizeof(begin) - 1, NULL, 10)
                                                       : 0;
}

static void add_tip(struct inlining *in)
{
    const struct svg_element *e = in->element ? &in->elements[in->element - 1] : NULL;
    if (!e || in->point >= e->tip_count)
        return;
    const char *tip = e->tips[in->point++];
    if (!tip)
        return;
    text_add(&in->out, " data-tip=\"");
    html_add(&in->out, tip);
    text_add(&in->out, "\"");
}

/* Whether the tag draws a point: a marker, or a bar. */
static bool is_point(const char *tag)
{
    return strncmp(tag, "<use ", 5) == 0 || strncmp(tag, "<polygon ", 9) == 0;
}

/* Copies one thing of a tag's attributes, changed as need be; its length is returned. */
static size_t copy_attributes(struct inlining *in, const char *at)
{
    if (strncmp(at, "rgb(", 4) == 0) {
        add_color(&in->out, at);
        return strcspn(at, ")") + 1;
    }
    if (strncmp(at, "'black'", 7) == 0 || strncmp(at, "\"black\"", 7) == 0) {
        text_add(&in->out, "\"var(--ink)\"");
        return 7;
    }
    if (strncmp(at, "\"#ffffff\"", 9) == 0) { /* the ground of a picture for paper */
        text_add(&in->out, "\"none\"");
        return 9;
    }
    if (strncmp(at, "xlink:href", 10) == 0) {
        text_add(&in->out, "href");
        return 10;
    }
    if (strncmp(at, " id=\"", 5) == 0) /* one page has many pictures */
        return 5 + strcspn(at + 5, "\"") + 1;
    text_add(&in->out, "%c", *at);
    return 1;
}

/* Copies a tag, changed as need be; its length is returned. */
static size_t copy_tag(struct inlining *in, const char *tag)
{
    size_t len = strcspn(tag, ">"), name = strcspn(tag, " >\n\t");
    size_t element = element_of(tag);
    if (element > 0) {
        in->element = element <= in->count ? element : 0;
        in->point = 0;
        text_add(&in->out, "<g");
        if (in->element)
            text_add(&in->out, " data-series=\"%zu\"", in->elements[in->element - 1].number);
        text_add(&in->out, ">");
        return len + 1;
    }
    text_add(&in->out, "%.*s", (int)name, tag);
    if (is_point(tag))
        add_tip(in);
    for (size_t i = name; i < len;)
        i += copy_attributes(in, tag + i);
    text_add(&in->out, ">");
    return len + 1;
}

/* The length of a whole element that the page has no use for; 0: it is to be kept. */
static size_t skip(const char *tag)
{
    static const char *const useless[][2] = {
        {"<title>", "</title>"}, {"<desc>", "</desc>"}, {"<defs>", "</defs>"}, {"<!--", "-->"}};
    for (size_t i = 0; i < ARRAY_LEN(useless); i++) {
        const char *end;
        if (strncmp(tag, useless[i][0], strlen(useless[i][0])) == 0 &&
            (end = strstr(tag, useless[i][1])))
            return (size_t)(end - tag) + strlen(useless[i][1]);
    }
    return 0;
}

/* The root is written anew: "viewBox" is all that is kept of it. */
static const char *begin(struct inlining *in, const char *svg, const char *title)
{
    const char *root = strstr(svg, "<svg");
    const char *box = root ? strstr(root, "viewBox=\"") : NULL;
    const char *end = box ? strchr(box, '>') : NULL;
    if (!end)
        return NULL;
    box += strlen("viewBox=\"");
    text_add(&in->out, "<svg class=\"plot\" role=\"img\" viewBox=\"%.*s\"", (int)strcspn(box, "\""),
             box);
    if (title) {
        text_add(&in->out, " aria-label=\"");
        html_add(&in->out, title);
        text_add(&in->out, "\"");
    }
    text_add(&in->out, ">\n");
    return end + 1;
}

char *svg_inline(const char *svg, const char *title, const struct svg_element *elements,
                 size_t count)
{
    struct inlining in = {.elements = elements, .count = count};
    const char *at = begin(&in, svg, title);
    while (at && *at) {
        size_t skipped = *at == '<' ? skip(at) : 0;
        if (skipped > 0) {
            at += skipped;
        } else if (*at == '<') {
            at += copy_tag(&in, at);
        } else {
            size_t len = strcspn(at, "<");
            text_add(&in.out, "%.*s", (int)len, at);
            at += len;
        }
    }
    return in.out.data ? in.out.data : xstrdup("");
}
