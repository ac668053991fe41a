/* SPDX-License-Identifier: MIT */
#include "base/units.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

struct unit {
    const char *name;
    double factor, divisor; /* of the base unit: factor / divisor, so that thirds stay exact */
};

/* The formatters walk these from the largest unit down, the parsers only look names up. */
static const struct unit time_units[] = {
    {"h", 3600e9, 1}, {"min", 60e9, 1}, {"s", 1e9, 1}, {"ms", 1e6, 1}, {"us", 1e3, 1}, {"ns", 1, 1},
};
static const struct unit rate_units[] = {
    {"gbit", 1e9, 1},
    {"mbit", 1e6, 1},
    {"kbit", 1e3, 1},
    {"bit", 1, 1},
};
static const struct unit share_units[] = {{"%", 1, 100}};
static const struct unit drift_units[] = {{"ppm", 1e3, 1}, {"%", 1e7, 1}, {"ppb", 1, 1}};
static const struct unit frequency_units[] = {
    {"/h", 1, 3600},
    {"/min", 1, 60},
    {"/s", 1, 1},
};
static const struct unit packet_units[] = {{"packets", 1, 1}, {"packet", 1, 1}};
static const struct unit size_units[] = {
    {"B", 1, 1},      {"KB", 1e3, 1},        {"MB", 1e6, 1},           {"GB", 1e9, 1},
    {"KiB", 1024, 1}, {"MiB", 1048576.0, 1}, {"GiB", 1073741824.0, 1},
};

static const struct unit throughput_units[] = {
    {"B/s", 1, 1},      {"KB/s", 1e3, 1},        {"MB/s", 1e6, 1},           {"GB/s", 1e9, 1},
    {"KiB/s", 1024, 1}, {"MiB/s", 1048576.0, 1}, {"GiB/s", 1073741824.0, 1},
};

/* Splits "12.5 ms" into 12.5 and the unit's factor; `what` and `example` make the error text. */
static int parse_with_unit(const char *text, const struct unit *units, size_t unit_count,
                           const char *what, const char *example, double *ret, struct error *err)
{
    const char *digits = text;
    if (!isdigit((unsigned char)*digits) && *digits != '.')
        return error_input(err, "expected %s such as %s, found '%s'", what, example, text);
    char *end;
    errno = 0;
    double number = strtod(text, &end);
    if (end == text || tolower((unsigned char)text[strspn(text, "0123456789.")]) == 'x' ||
        !isfinite(number))
        return error_input(err, "expected %s such as %s, found '%s'", what, example, text);
    const char *unit = end + (*end == ' ');
    if (!*unit)
        return error_input(err, "'%s' has no unit: expected %s such as %s", text, what, example);
    for (size_t i = 0; i < unit_count; i++) {
        bool same = units == rate_units ? strcasecmp(unit, units[i].name) == 0 /* "Mbit", as tc */
                                        : strcmp(unit, units[i].name) == 0;
        if (same) {
            *ret = number * units[i].factor / units[i].divisor;
            return 0;
        }
    }
    char known[128] = "";
    for (size_t i = 0; i < unit_count; i++) {
        size_t len = strlen(known);
        snprintf(known + len, sizeof(known) - len, "%s%s", i ? ", " : "", units[i].name);
    }
    return error_input(err, "unknown unit '%s' in '%s': expected %s such as %s (units: %s)", unit,
                       text, what, example, known);
}

int units_parse_time(const char *text, uint64_t *ret_ns, struct error *err)
{
    double ns;
    int r = parse_with_unit(text, time_units, ARRAY_LEN(time_units), "a time", "10ms", &ns, err);
    if (r < 0)
        return r;
    if (ns > 1000 * 3600e9)
        return error_input(err, "'%s' is out of range: at most 1000h", text);
    *ret_ns = (uint64_t)llround(ns);
    return 0;
}

/* Goes behind a sign; whether it was a minus. */
static bool skip_sign(const char **io_text)
{
    const bool is_negative = **io_text == '-';
    *io_text += is_negative || **io_text == '+';
    return is_negative;
}

int units_parse_signed_time(const char *text, int64_t *ret_ns, struct error *err)
{
    uint64_t ns;
    const bool is_negative = skip_sign(&text);
    int r = units_parse_time(text, &ns, err);
    if (r == 0)
        *ret_ns = is_negative ? -(int64_t)ns : (int64_t)ns;
    return r;
}

int units_parse_drift(const char *text, int64_t *ret_ppb, struct error *err)
{
    double ppb;
    const char *digits = text;
    const bool is_negative = skip_sign(&digits);
    int r = parse_with_unit(digits, drift_units, ARRAY_LEN(drift_units), "a drift", "100ppm", &ppb,
                            err);
    if (r < 0)
        return r;
    if (ppb > 1e8)
        return error_input(err, "'%s' is out of range: at most 10%%", text);
    *ret_ppb = is_negative ? -llround(ppb) : llround(ppb);
    return 0;
}

int units_parse_rate(const char *text, uint64_t *ret_bps, struct error *err)
{
    double bps;
    int r = parse_with_unit(text, rate_units, ARRAY_LEN(rate_units), "a bit rate", "100mbit", &bps,
                            err);
    if (r < 0)
        return r;
    if (bps < 1)
        return error_input(err,
                           "a rate of '%s' would let nothing pass: expected at least 1bit, "
                           "or no rate for an unlimited wire",
                           text);
    if (bps > 1e12)
        return error_input(err, "'%s' is out of range: at most 1000gbit", text);
    *ret_bps = (uint64_t)llround(bps);
    return 0;
}

int units_parse_share(const char *text, double *ret_share, struct error *err)
{
    double share;
    int r = parse_with_unit(text, share_units, ARRAY_LEN(share_units), "a percentage", "0.5%",
                            &share, err);
    if (r < 0)
        return r;
    if (share > 1)
        return error_input(err, "'%s' is out of range: expected 0%% to 100%%", text);
    *ret_share = share;
    return 0;
}

int units_parse_frequency(const char *text, double *ret_per_s, struct error *err)
{
    double per_s;
    int r = parse_with_unit(text, frequency_units, ARRAY_LEN(frequency_units), "a number per time",
                            "600/min", &per_s, err);
    if (r < 0)
        return r;
    if (!(per_s > 0))
        return error_input(err, "a rate of '%s' is never: expected more than zero", text);
    if (per_s > 1e9)
        return error_input(err, "'%s' is out of range: at most 1000000000/s", text);
    *ret_per_s = per_s;
    return 0;
}

int units_parse_size(const char *text, uint64_t *ret_bytes, struct error *err)
{
    double bytes;
    int r =
        parse_with_unit(text, size_units, ARRAY_LEN(size_units), "a size", "64KiB", &bytes, err);
    if (r < 0)
        return r;
    if (bytes > 1e15)
        return error_input(err, "'%s' is out of range: at most 1000000GB", text);
    *ret_bytes = (uint64_t)llround(bytes);
    return 0;
}

int units_parse_throughput(const char *text, uint64_t *ret_bytes_per_s, struct error *err)
{
    double rate;
    int r = parse_with_unit(text, throughput_units, ARRAY_LEN(throughput_units), "bytes per second",
                            "50MB/s", &rate, err);
    if (r < 0)
        return r;
    if (rate < 1 || rate > 1e15)
        return error_input(err, "'%s' is out of range: expected 1B/s to 1000000GB/s", text);
    *ret_bytes_per_s = (uint64_t)llround(rate);
    return 0;
}

int units_parse_packets(const char *text, uint64_t *ret, struct error *err)
{
    double packets;
    int r = parse_with_unit(text, packet_units, ARRAY_LEN(packet_units), "a number of packets",
                            "100packets", &packets, err);
    if (r < 0)
        return r;
    if (packets > 1e9 || packets != floor(packets))
        return error_input(err, "'%s' is out of range: expected a whole number up to 1000000000",
                           text);
    *ret = (uint64_t)packets;
    return 0;
}

int units_parse_integer(const char *text, uint64_t min, uint64_t max, uint64_t *ret,
                        struct error *err)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || *end)
        return error_input(err, "expected a whole number, found '%s'", text);
    if (errno == ERANGE || value < min || value > max)
        return error_input(err, "'%s' is out of range: expected %" PRIu64 " to %" PRIu64, text, min,
                           max);
    *ret = value;
    return 0;
}

/* Prints value / factor in the largest unit that needs no more than three decimals, so exact. Whole
 * numbers all the way: a double printed with a fixed number of digits would lose the last ones. */
static char *format_exact(char *buf, uint64_t value, const struct unit *units, size_t unit_count)
{
    for (size_t i = 0; i < unit_count; i++) {
        uint64_t factor = (uint64_t)units[i].factor;
        if (value < factor && i + 1 < unit_count)
            continue;
        uint64_t step = factor / 1000 ? factor / 1000 : 1;
        if (value % step != 0)
            continue;
        unsigned thousandths = (unsigned)(value % factor / step);
        int len = snprintf(buf, UNITS_TEXT_MAX, "%" PRIu64, value / factor);
        if (thousandths) {
            len += snprintf(buf + len, UNITS_TEXT_MAX - (size_t)len, ".%03u", thousandths);
            while (buf[len - 1] == '0')
                len--;
        }
        snprintf(buf + len, UNITS_TEXT_MAX - (size_t)len, "%s", units[i].name);
        return buf;
    }
    snprintf(buf, UNITS_TEXT_MAX, "%" PRIu64 "%s", value, units[unit_count - 1].name);
    return buf;
}

char *units_format_time(char *buf, uint64_t ns)
{
    if (ns == 0)
        return strcpy(buf, "0ms");
    return format_exact(buf, ns, time_units + 2, ARRAY_LEN(time_units) - 2); /* from seconds down */
}

char *units_format_rate(char *buf, uint64_t bps)
{
    return format_exact(buf, bps, rate_units, ARRAY_LEN(rate_units));
}

char *units_format_share(char *buf, double share)
{
    double back;
    for (int decimals = 0; decimals <= 20; decimals++) {
        snprintf(buf, UNITS_TEXT_MAX, "%.*f%%", decimals, share * 100);
        if (units_parse_share(buf, &back, NULL) == 0 && back == share)
            return buf;
    }
    snprintf(buf, UNITS_TEXT_MAX, "%.17g%%", share * 100); /* below 1e-20, say */
    return buf;
}

char *units_format_time_short(char *buf, double ns)
{
    static const struct unit units[] = {
        {"s", 1e9, 1}, {"ms", 1e6, 1}, {"us", 1e3, 1}, {"ns", 1, 1}};
    size_t i = 0;
    while (i + 1 < ARRAY_LEN(units) && fabs(ns) < units[i].factor * 0.99995)
        i++;
    double v = ns / units[i].factor;
    int decimals = fabs(v) >= 999.95 ? 0 : fabs(v) >= 99.995 ? 1 : fabs(v) >= 9.9995 ? 2 : 3;
    snprintf(buf, UNITS_TEXT_MAX, "%.*f %s", decimals, v, units[i].name);
    return buf;
}

char *units_format_quantity(char *buf, double value, const char *unit)
{
    static const char prefixes[] = {' ', 'k', 'M', 'G', 'T', 'P'};
    size_t i = 0;
    if (!isfinite(value)) {
        snprintf(buf, UNITS_TEXT_MAX, "-");
        return buf;
    }
    if (strcmp(unit, "s") == 0)
        return units_format_time_short(buf, value * 1e9);
    while (i + 1 < ARRAY_LEN(prefixes) && fabs(value) >= 999.5) {
        value /= 1000;
        i++;
    }
    snprintf(buf, UNITS_TEXT_MAX, "%.3g%s%.*s%.20s", value, i || *unit ? " " : "", i > 0,
             &prefixes[i], unit);
    return buf;
}

char *units_format_wait(char *buf, double seconds)
{
    if (seconds <= 99)
        snprintf(buf, UNITS_TEXT_MAX, "%.0f s", ceil(seconds));
    else if (seconds <= 99 * 60)
        snprintf(buf, UNITS_TEXT_MAX, "%.0f min", ceil(seconds / 60));
    else
        snprintf(buf, UNITS_TEXT_MAX, "%.1f h", ceil(seconds / 360) / 10);
    return buf;
}
