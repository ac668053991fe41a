/* SPDX-License-Identifier: MIT */
#include "report/rtt_matrix.h"

#include <math.h>

#include "report/html.h"

static const double GOOD_S = 0.0005, DOUBTFUL_S = 0.001, BROKEN_S = 0.005, BROKEN_SHARE = 0.05;

int rtt_matrix_grade(const struct rtt_cell *c)
{
    double error = fabs(c->measured_s - c->asked_s);
    if (isnan(error) || (error > BROKEN_S && error > BROKEN_SHARE * c->asked_s))
        return 3;
    return error > DOUBTFUL_S ? 2 : error > GOOD_S ? 1 : 0;
}

static const struct rtt_cell *cell_of(const struct rtt_matrix *m, size_t a, size_t b)
{
    return &m->cells[a < b ? a * m->count + b : b * m->count + a];
}

static void put_cell(FILE *out, const struct rtt_cell *c)
{
    if (!c->is_known) {
        fputs("<td>", out);
        return;
    }
    fprintf(out, "<td class=\"e%d\">", rtt_matrix_grade(c));
    if (isnan(c->measured_s))
        fputs("none", out);
    else
        fprintf(out, "%.2f", c->measured_s * 1e3);
    fprintf(out, "<small>%.2f</small>", c->asked_s * 1e3);
}

static void put_table(FILE *out, const struct rtt_matrix *m)
{
    fputs("<div class=\"scroll\" tabindex=\"0\"><table class=\"matrix\"><tr><td>", out);
    for (size_t b = 0; b < m->count; b++) {
        fputs("<th scope=\"col\">", out);
        html_put(out, m->names[b]);
    }
    for (size_t a = 0; a < m->count; a++) {
        fputs("\n<tr><th scope=\"row\">", out);
        html_put(out, m->names[a]);
        for (size_t b = 0; b < m->count; b++) {
            if (a == b)
                fputs("<td>", out);
            else
                put_cell(out, cell_of(m, a, b));
        }
    }
    fputs("</table></div>\n", out);
}

static void put_map(FILE *out, const struct rtt_matrix *m)
{
    size_t side = m->count > 64 ? 6 : 10;
    fprintf(out,
            "<div class=\"scroll\"><svg class=\"map\" width=\"%zu\" height=\"%zu\" role=\"img\" "
            "aria-label=\"round trips: asked against measured\">\n",
            m->count * side, m->count * side);
    for (size_t a = 0; a < m->count; a++) {
        for (size_t b = a + 1; b < m->count; b++) {
            const struct rtt_cell *c = cell_of(m, a, b);
            if (!c->is_known)
                continue;
            fprintf(out,
                    "<rect class=\"e%d\" x=\"%zu\" y=\"%zu\" width=\"%zu\" height=\"%zu\"><title>",
                    rtt_matrix_grade(c), b * side, a * side, side - 1, side - 1);
            html_print(out, "%s – %s: %.2f ms, asked %.2f ms", m->names[a], m->names[b],
                       c->measured_s * 1e3, c->asked_s * 1e3);
            fputs("</title></rect>\n", out);
        }
    }
    fputs("</svg></div>\n", out);
}

void rtt_matrix_put(FILE *out, const struct rtt_matrix *m)
{
    fputs("<p class=\"note\">The error: <span class=\"scale e0\">at most 0.5 ms</span> <span "
          "class=\"scale e1\">at most 1 ms</span> <span class=\"scale e2\">more</span> <span "
          "class=\"scale e3\">more than 5 ms and 5 %, or no answer</span></p>\n",
          out);
    if (m->count <= RTT_MATRIX_TABLE_MAX)
        put_table(out, m);
    else if (m->count <= RTT_MATRIX_MAP_MAX)
        put_map(out, m);
    else
        html_print(out, "The table below has the numbers of all pairs.");
}
