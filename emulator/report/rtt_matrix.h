/* SPDX-License-Identifier: MIT
 *
 * What was asked and what was measured between any two of some nodes, as a coloured HTML table; of
 * many nodes as a map of coloured squares.
 */
#ifndef WANLAB_REPORT_RTT_MATRIX_H
#define WANLAB_REPORT_RTT_MATRIX_H

#include <stddef.h>
#include <stdio.h>

struct rtt_cell {
    double asked_s, measured_s; /* measured NAN: no answer */
    int is_known;               /* 0: nothing is between the two, or it was not measured */
};

struct rtt_matrix {
    const char *const *names;
    size_t count;
    const struct rtt_cell *cells; /* [a * count + b]; read where a < b, both ways the same */
};

enum { RTT_MATRIX_TABLE_MAX = 16, RTT_MATRIX_MAP_MAX = 128 }; /* nodes; more are not drawn */

/* How bad: 0 to 3, as page.css has e0 to e3: within 0.5 ms; within 1 ms; more, or no more than 5 ms
 * or 5 %; beyond both, or no answer. The bounds of the last two are those of the verdict. */
int rtt_matrix_grade(const struct rtt_cell *c);

void rtt_matrix_put(FILE *out, const struct rtt_matrix *m);

#endif
