/* SPDX-License-Identifier: MIT
 *
 * What the unit tests share: cmocka with what it needs, and temporary files.
 */
#ifndef WANLAB_TESTS_UNIT_EXPECT_H
#define WANLAB_TESTS_UNIT_EXPECT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "topology/scenario.h"

#define RUN_TESTS(tests) cmocka_run_group_tests(tests, expect_make_folder, expect_remove_folder)

static char expect_folder[32]; /* fresh for this test program */

static inline int expect_make_folder(void **state)
{
    (void)state;
    strcpy(expect_folder, "/tmp/wanlab-unit-XXXXXX");
    return mkdtemp(expect_folder) ? 0 : -1;
}

static inline int expect_remove_folder(void **state)
{
    (void)state;
    return file_remove_tree(expect_folder, NULL);
}

/* Writes a file into the folder; the path is the caller's to free. */
static inline char *expect_file(const char *name, const char *text)
{
    char *path = xasprintf("%s/%s", expect_folder, name);
    assert_int_equal(file_write(path, text, NULL), 0);
    return path;
}

/* The error must be one of input whose text contains `part`. */
static inline void expect_input_error(const struct error *err, const char *part)
{
    assert_int_equal(err->status, STATUS_INPUT);
    if (!strstr(err->text, part))
        fail_msg("expected an error with \"%s\", found \"%s\"", part, err->text);
}

/* The scenario of this text is an input error that has `part` in its text. */
static inline void expect_scenario_refused(const char *text, const char *part)
{
    struct scenario *s = NULL;
    struct error err;
    char *path = expect_file("s.yaml", text);
    if (scenario_open(path, NULL, 0, &s, &err) == 0)
        fail_msg("accepted: %s", text);
    expect_input_error(&err, part);
    free(path);
}

#endif
