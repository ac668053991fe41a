/* SPDX-License-Identifier: MIT */
#include "report/axis.h"

#include <math.h>
#include <stddef.h>

#include "report/gnuplot.h"

void axis_include(struct axis *a, double value)
{
    if (!a->used || value < a->low)
        a->low = value;
    if (!a->used || value > a->high)
        a->high = value;
    a->used = true;
}

/* At least a factor of four, in which there always are two tics. */
static void pad_log(struct axis *a, bool has_bars)
{
    double factor = fmax(1.15, sqrt(4 / (a->high / a->low)));
    a->low /= has_bars ? fmax(factor, 2) : factor;
    a->high *= factor;
}

/* Values that are never negative (times, rates) get no axis that is. */
static void pad_linear(struct axis *a)
{
    double pad = (a->high - a->low) * 0.03;
    if (pad <= 0)
        pad = a->low != 0 ? fabs(a->low) * 0.1 : 1;
    a->low = a->low >= 0 && a->low < pad ? 0 : a->low - pad;
    a->high += pad;
}

void axis_pad(struct axis *a, bool is_log, bool has_bars)
{
    if (!a->used)
        return;
    if (is_log)
        pad_log(a, has_bars);
    else
        pad_linear(a);
}

/* Over many decades gnuplot's own tics, one a decade, are right. */
static void add_log_tics(const struct axis *a, char name, struct text *script)
{
    static const double few[] = {1, 2, 5, 0}, more[] = {1, 2, 3, 5, 0};
    double ratio = a->high / a->low;
    if (ratio >= 150)
        return;
    const char *separator = "";
    text_add(script, "set %ctics (", name);
    for (int decade = (int)floor(log10(a->low)); decade <= log10(a->high); decade++) {
        for (const double *digit = ratio < 10 ? more : few; *digit > 0; digit++) {
            double tic = *digit * pow(10, decade);
            if (tic < a->low || tic > a->high)
                continue;
            text_add(script, "%s", separator);
            gnuplot_add_number(script, tic);
            separator = ",";
        }
    }
    text_add(script, " )\n");
}

void axis_add(const struct axis *a, char name, bool is_log, struct text *script)
{
    text_add(script, "set %crange [", name);
    gnuplot_add_number(script, a->low);
    text_add(script, " :");
    gnuplot_add_number(script, a->high);
    text_add(script, " ]\n");
    if (!is_log)
        return;
    text_add(script, "set logscale %c\n", name);
    add_log_tics(a, name, script);
}
