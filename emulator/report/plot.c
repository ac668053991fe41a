/* SPDX-License-Identifier: MIT */
#include "report/plot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "report/gnuplot.h"
#include "report/plot_internal.h"
#include "report/svg.h"

static int check_picture(const char *path, const char *picture, struct error *err)
{
    size_t len = strlen(picture);
    if (len <= 4 || strcmp(picture + len - 4, ".svg") != 0)
        return error_set(err, EINVAL, "'%s' does not end in .svg", path);
    for (const char *p = picture; *p; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            return error_set(err, EINVAL, "the file name of a plot has a control character");
    }
    return 0;
}

/* Where the files of a picture go. */
struct place {
    char *folder, *picture; /* the picture's name in the folder */
};

static void place_done(struct place *p)
{
    free(p->folder);
    free(p->picture);
}

static int place_of(const char *path, struct place *ret, struct error *err)
{
    const char *slash = strrchr(path, '/');
    const char *picture = slash ? slash + 1 : path;
    int r = check_picture(path, picture, err);
    if (r < 0)
        return r;
    int folder_len = (int)(slash > path ? slash - path : 1); /* "/" itself keeps its slash */
    ret->folder = slash ? xasprintf("%.*s", folder_len, path) : xstrdup(".");
    ret->picture = xstrdup(picture);
    return 0;
}

static char *name_with(const struct place *p, const char *end)
{
    return xasprintf("%.*s%s", (int)strlen(p->picture) - 4, p->picture, end);
}

static int write_script(struct drawing *d, const struct place *p, struct error *err)
{
    _cleanup_(freep) char *name = name_with(p, ".gp");
    _cleanup_(freep) char *path = xasprintf("%s/%s", p->folder, name);
    plot_add_script(d, p->picture);
    return file_write(path, d->script.data, err);
}

static void drawing_done(struct drawing *d)
{
    free(d->labels);
    text_done(&d->script);
}

int plot_write(const struct plot *plot, const char *path, struct error *err)
{
    struct place p;
    struct drawing d = {.plot = plot};
    int r = place_of(path, &p, err);
    if (r < 0)
        return r;
    _cleanup_(freep) char *name = name_with(&p, ".gp");
    r = write_script(&d, &p, err);
    if (r == 0)
        r = gnuplot_run(p.folder, name, err);
    drawing_done(&d);
    place_done(&p);
    return r;
}

/* --- for a page --- */

/* The elements in the order of add_elements(), for svg_inline(). */
static size_t list_elements(const struct drawing *d, struct svg_element *elements)
{
    size_t count = 0, number;
    for (size_t i = 0; i < d->plot->series_count; i++) {
        const struct plot_series *s = &d->plot->series[i];
        size_t drawn = 0;
        if (!plot_drawn_points(d->plot, s))
            continue;
        plot_is_entry(d->plot, i, &number);
        char **tips = xcalloc(s->count, sizeof(*tips));
        for (size_t k = 0; k < s->count; k++) {
            const struct plot_point *p = &s->points[k];
            if (!plot_can_draw(d->plot, s->style, p))
                continue;
            tips[drawn++] = s->style == PLOT_BARS
                                ? xasprintf("%s: %.4g", p->label ? p->label : "", p->y)
                                : xstrdup(p->label);
        }
        bool with_bars = plot_has_error_bars(d->plot, s);
        if (with_bars && s->style != PLOT_BARS)
            elements[count++] = (struct svg_element){number, NULL, 0};
        elements[count++] = (struct svg_element){number, tips, drawn};
        if (with_bars && s->style == PLOT_BARS)
            elements[count++] = (struct svg_element){number, NULL, 0};
    }
    return count;
}

static int read_inline(const struct drawing *d, const char *path, char **ret, struct error *err)
{
    enum { PICTURE_MAX = 1 << 26 };
    _cleanup_(freep) char *svg = NULL;
    int r = file_read(path, PICTURE_MAX, &svg, NULL, err);
    if (r < 0)
        return r;
    struct svg_element *elements = xcalloc(2 * d->plot->series_count + 1, sizeof(*elements));
    size_t count = list_elements(d, elements);
    *ret = svg_inline(svg, d->plot->title, elements, count);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < elements[i].tip_count; k++)
            free(elements[i].tips[k]);
        free(elements[i].tips);
    }
    free(elements);
    return 0;
}

/* A script for the page, which loads the other and draws once more, both in one gnuplot. */
static int draw_inline(struct drawing *d, const struct place *p, char **ret, struct error *err)
{
    _cleanup_(freep) char *name = name_with(p, ".gp");
    _cleanup_(freep) char *page = name_with(p, ".page.gp");
    _cleanup_(freep) char *page_path = xasprintf("%s/%s", p->folder, page);
    _cleanup_(freep) char *picture_name = name_with(p, ".page.svg");
    _cleanup_(freep) char *picture = xasprintf("%s/%s", p->folder, picture_name);
    struct drawing script = {0};
    _cleanup_(freep) char *load = xasprintf("./%s", name);
    text_add(&script.script, "load");
    gnuplot_add_quoted(&script.script, load);
    text_add(&script.script,
             "\nunset title\nunset key\nset terminal svg size %u,%u dynamic noenhanced "
             "font 'sans-serif,14' name '" SVG_NAME "'\n",
             d->width, d->height);
    plot_add_output(&script, p->picture, ".page.svg");
    text_add(&script.script, "replot\n");
    int r = file_write(page_path, script.script.data, err);
    if (r == 0)
        r = gnuplot_run(p->folder, page, err);
    if (r == 0)
        r = read_inline(d, picture, ret, err);
    unlink(page_path);
    unlink(picture);
    text_done(&script.script);
    return r;
}

int plot_write_inline(const struct plot *plot, const char *path, char **ret_svg, struct error *err)
{
    struct place p;
    struct drawing d = {.plot = plot};
    int r = place_of(path, &p, err);
    if (r < 0)
        return r;
    r = write_script(&d, &p, err);
    if (r == 0)
        r = draw_inline(&d, &p, ret_svg, err);
    drawing_done(&d);
    place_done(&p);
    return r;
}
