/* SPDX-License-Identifier: MIT
 *
 * Which figures a sweep is shown by. What was swept over is told by its keys alone: with kinds of
 * nodes and rates or counts among them the figures are those of the study of containers and virtual
 * machines; else each key that is a number is an axis once. A figure has one panel for each
 * combination of the keys that are neither its axis nor its lines. Pure.
 */
#ifndef WANLAB_EXPERIMENT_FIGURES_H
#define WANLAB_EXPERIMENT_FIGURES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum figure_role {
    FIGURE_WORD,
    FIGURE_NUMBER,
    FIGURE_KIND,  /* nodes.….kind */
    FIGURE_COUNT, /* nodes.….count */
    FIGURE_RATE,  /* ….rate, events per time */
    FIGURE_MODE,  /* ….mode */
};

struct figure_key {
    const char *key;
    enum figure_role role;
    const char **values; /* each once, in order of appearance */
    size_t value_count;
    bool follows; /* another key's value tells this one's: then it is no axis, line or panel */
};

/* The points of a sweep as a table; borrows the texts of `points`. */
struct figure_points {
    struct figure_key *keys;
    size_t key_count;
    int *
        values; /* [point * key_count + key]: an index into the key's values; -1: as the file has */
    size_t count;
};

/* `points`: [{"workload.replicate.rate": "600/min", …}, …]. */
void figure_points_read(json_t *points, struct figure_points *ret);
void figure_points_done(struct figure_points *p);

/* Where a value stands on an axis: sweep_axis.h; words by their order. */
double figure_position(const struct figure_key *key, size_t value);
/* "rate (per minute)", "nodes", …; the caller frees it. */
char *figure_axis_name(const struct figure_key *key);
bool figure_is_number(const struct figure_key *key);

struct figure_panel {
    char *title; /* "container, parallel"; "": the figure's only one */
    char *name;  /* fit for a file */
    size_t *points;
    size_t count;
};

struct figure {
    char *title; /* "Containers by rate" */
    char *name;
    size_t x;   /* keys */
    int series; /* -1: one line */
    struct figure_panel *panels;
    size_t panel_count;
};

enum { FIGURE_PANELS_MAX = 24 }; /* of one figure; further ones are left out */

/* Those that have a point; the caller frees them with figures_free(). */
size_t figures_select(const struct figure_points *p, struct figure **ret);
void figures_free(struct figure *figures, size_t count);

#endif
