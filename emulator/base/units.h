/* SPDX-License-Identifier: MIT
 *
 * Quantities with units: the only place that parses or prints them. A number without its unit is
 * refused, since `delay: 10` has ruined more experiments than any bug. All parsers take the whole
 * string, allow one space between number and unit, and on error say what was expected
 * (status STATUS_INPUT); `*ret` is then untouched.
 */
#ifndef WANLAB_BASE_UNITS_H
#define WANLAB_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Times: ns, us, ms, s, min, h; "10ms", "1.5 s". At most 1,000 hours. */
int units_parse_time(const char *text, uint64_t *ret_ns, struct error *err);

/* The same with a sign or without one: "-30s". */
int units_parse_signed_time(const char *text, int64_t *ret_ns, struct error *err);

/* By how much a clock runs fast, or, with a minus, slow: "100ppm", "-0.5%". At most 10%, in 10^-9.
 */
int units_parse_drift(const char *text, int64_t *ret_ppb, struct error *err);

/* Bit rates: bit, kbit, mbit, gbit (decimal, as tc), "1.5mbit". Zero is refused: leave it out. */
int units_parse_rate(const char *text, uint64_t *ret_bps, struct error *err);

/* Shares: "0.01%" to "100%"; the result is 0…1. */
int units_parse_share(const char *text, double *ret_share, struct error *err);

/* Events per time: "600/min", "10/s", "3600/h". Zero is refused. The result is per second. */
int units_parse_frequency(const char *text, double *ret_per_s, struct error *err);

/* Sizes: B, KB, MB, GB (decimal) and KiB, MiB, GiB. */
int units_parse_size(const char *text, uint64_t *ret_bytes, struct error *err);

/* Bytes per second: sizes' units and "/s", "50MB/s". Less than a byte is refused. */
int units_parse_throughput(const char *text, uint64_t *ret_bytes_per_s, struct error *err);

/* Numbers of packets: "100packets". Whole ones, at most 10^9. */
int units_parse_packets(const char *text, uint64_t *ret, struct error *err);

/* A whole number without unit, within [min, max]. */
int units_parse_integer(const char *text, uint64_t min, uint64_t max, uint64_t *ret,
                        struct error *err);

enum { UNITS_TEXT_MAX = 32 }; /* room that every units_format_* needs */

/* Shortest text that parses back to the same value: "10ms", "1.5ms", "17us", "100mbit", "0.01%".
 * They write into `buf` (UNITS_TEXT_MAX bytes) and return it. */
char *units_format_time(char *buf, uint64_t ns);
char *units_format_rate(char *buf, uint64_t bps);
char *units_format_share(char *buf, double share);

/* For people: four significant digits, "74.32 ms", "1.031 s"; does not parse back exactly. */
char *units_format_time_short(char *buf, double ns);

/* The same of any quantity: times as above, others with three digits and the prefix of their unit,
 * "1.23 GB/s", "12.3 k" without a unit; "-" if it is not finite. `unit` has at most 20 letters. */
char *units_format_quantity(char *buf, double value, const char *unit);

/* For people who wait: "41 s", "12 min", "3.4 h", rounded up. */
char *units_format_wait(char *buf, double seconds);

#endif
