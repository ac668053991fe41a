/* SPDX-License-Identifier: MIT */
#include "import/speed.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define SPEED_MAX 1e12 /* bit/s: what a scenario allows at most */

static uint64_t checked(double bps)
{
    return bps >= 1 && bps <= SPEED_MAX ? (uint64_t)llround(bps) : 0;
}

static double factor_of(char unit)
{
    switch (toupper((unsigned char)unit)) {
    case 'K':
        return 1e3;
    case 'M':
        return 1e6;
    case 'G':
        return 1e9;
    case 'T':
        return 1e12;
    default:
        return 0;
    }
}

uint64_t speed_of_number(const char *number, const char *unit)
{
    char *end;
    if (number[strspn(number, "0123456789.eE+ ")] || !*number)
        return 0;
    double value = strtod(number, &end);
    double factor = *unit ? factor_of(*unit) : 1;
    return checked(value * factor);
}

/* The hierarchies of telephone lines, with the bit/s of their first step where a number follows. */
static const struct {
    const char *name;
    double bps;
    bool counts; /* its number multiplies */
} lines[] = {
    {"OC", 51.84e6, true},     {"STM", 155.52e6, true}, {"STS", 51.84e6, true},
    {"T1", 1.544e6, false},    {"DS1", 1.544e6, false}, {"DS-1", 1.544e6, false},
    {"E1", 2.048e6, false},    {"T3", 44.736e6, false}, {"DS3", 44.736e6, false},
    {"DS-3", 44.736e6, false}, {"E3", 34.368e6, false},
};

/* "OC-192c" at `text`, which is where a word begins. */
static uint64_t speed_of_line(const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        size_t len = strlen(lines[i].name);
        if (strncasecmp(text, lines[i].name, len) != 0)
            continue;
        const char *rest = text + len + strspn(text + len, lines[i].counts ? "- " : "");
        if (!lines[i].counts && !isalnum((unsigned char)*rest))
            return checked(lines[i].bps);
        if (lines[i].counts && isdigit((unsigned char)*rest))
            return checked(strtod(rest, NULL) * lines[i].bps);
    }
    return 0;
}

/* What may stand behind "10G", up to the next character that is none of a unit's. */
static bool is_unit_end(const char *text)
{
    static const char *const ends[] = {"",    "b",      "bps",     "bit",       "bits", "bit/s",
                                       "b/s", "bits/s", "e",       "be",        "eth",  "ig",
                                       "ige", "igabit", "igabits", "igethernet"};
    size_t len = 0;
    while (isalpha((unsigned char)text[len]) || text[len] == '/')
        len++;
    for (size_t i = 0; i < ARRAY_LEN(ends); i++)
        if (strlen(ends[i]) == len && strncasecmp(text, ends[i], len) == 0)
            return true;
    return false;
}

/* "10 Gbps" at `text`, which begins with a digit; `*io` gets behind the number. */
static uint64_t speed_at(const char **io)
{
    char *end;
    double value = strtod(*io, &end), factor;
    *io = end;
    const char *unit = end + strspn(end, " -");
    factor = factor_of(*unit);
    if (factor == 0 || !is_unit_end(unit + 1))
        return 0;
    return checked(value * factor);
}

uint64_t speed_of_text(const char *text)
{
    double times = 1; /* of "2x10G" and "4 x OC-48" */
    for (const char *p = text; *p;) {
        bool begins = p == text || !isalnum((unsigned char)p[-1]);
        uint64_t bps = begins ? speed_of_line(p) : 0;
        if (bps > 0)
            return checked(times * (double)bps);
        if (!isdigit((unsigned char)*p)) {
            p++;
            continue;
        }
        const char *number = p;
        bps = speed_at(&p);
        if (bps > 0)
            return checked(times * (double)bps);
        const char *cross = p + strspn(p, " ");
        if (tolower((unsigned char)*cross) == 'x' || *cross == '*')
            times = strtod(number, NULL);
    }
    return 0;
}
