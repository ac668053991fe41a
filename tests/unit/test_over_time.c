/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "experiment/over_time.h"

static char path[] = "/tmp/wanlab-test-XXXXXX";

static FILE *make_samples(void)
{
    strcpy(path + strlen(path) - 6, "XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *out = fdopen(fd, "w");
    fputs("node,metric,peer,at,value,unit\n", out);
    return out;
}

static void read_samples(FILE *samples, const char *metric, struct over_time *o)
{
    struct error err;
    fclose(samples);
    if (over_time_read(path, &metric, 1, o, &err) < 0)
        fail_msg("%s", err.text);
    unlink(path);
}

static bool is_near(double value, double wanted)
{
    return value >= wanted * 0.999 && value <= wanted * 1.02; /* a histogram's step */
}

static void each_bin_has_the_percentiles_of_its_samples(void **state)
{
    (void)state;
    struct over_time o;
    FILE *out = make_samples();
    for (int i = 0; i < 1000; i++) /* 1 ms to 1 s in the first ten seconds; then 5 s each */
        fprintf(out, "db%d,latency,,%g,%g,s\n", i % 3, i / 100.0, (i % 100 + 1) / 100.0);
    for (int i = 0; i < 200; i++)
        fprintf(out, "db1,latency,,%g,5,s\n", 10 + i / 100.0);
    read_samples(out, "latency", &o);
    const struct over_time_series *s = &o.series[0];
    assert_int_equal(s->count, 1200);
    assert_int_equal(s->bin_count, 60);
    assert_true(s->begin == 0 && fabs(s->end - 11.99) < 1e-9);
    uint64_t count = 0;
    for (size_t i = 0; i < s->bin_count; i++)
        count += s->bins[i].count;
    assert_int_equal(count, 1200);
    assert_true(is_near(s->bins[59].p50, 5) && is_near(s->bins[59].p99, 5));
    assert_true(s->bins[0].p99 < 0.25);
    over_time_done(&o);
}

static void one_bin_has_the_quantiles(void **state)
{
    (void)state;
    struct over_time o;
    FILE *out = make_samples();
    for (int i = 1; i <= 39; i++)
        fprintf(out, "db1,x,,%d,%d,s\n", i, i);
    read_samples(out, "x", &o);
    assert_int_equal(o.series[0].bin_count, 1);
    assert_true(is_near(o.series[0].bins[0].p50, 20));
    assert_true(is_near(o.series[0].bins[0].p90, 36));
    assert_true(is_near(o.series[0].bins[0].p99, 39));
    over_time_done(&o);
}

static void what_is_no_sample_is_left_out(void **state)
{
    (void)state;
    struct over_time o;
    FILE *out = make_samples();
    fputs("db1,x,,1,0.5,s\ndb1,x,,1,-1,s\ndb1,x,,1,nan,s\ndb1,x,,,1,s\ndb1,x,,1,7,B\ndb1,y,,1,1,s\n"
          "\ndb1\ndb1,x,,1,1,s",
          out);
    read_samples(out, "x", &o);
    assert_int_equal(o.series[0].count, 1);
    assert_true(is_near(o.series[0].bins[0].p50, 0.5));
    assert_true(o.was_cut);
    over_time_done(&o);
    out = make_samples();
    read_samples(out, "x", &o);
    assert_int_equal(o.series[0].count, 0);
    assert_int_equal(o.series[0].bins[0].count, 0);
    over_time_done(&o);
}

static void another_file_is_refused(void **state)
{
    (void)state;
    struct over_time o;
    struct error err;
    const char *metric = "x";
    FILE *out = make_samples();
    rewind(out);
    fputs("n,m,p,a,v,u,,,,,,,,,,,,,,,,,,,,,\n", out);
    fclose(out);
    assert_true(over_time_read(path, &metric, 1, &o, &err) < 0);
    assert_non_null(strstr(err.text, "lacks a column"));
    unlink(path);
    assert_true(over_time_read(path, &metric, 1, &o, &err) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_bin_has_the_percentiles_of_its_samples),
        cmocka_unit_test(one_bin_has_the_quantiles),
        cmocka_unit_test(what_is_no_sample_is_left_out),
        cmocka_unit_test(another_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
