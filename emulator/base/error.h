/* SPDX-License-Identifier: MIT
 *
 * Errors as values: a fallible function returns 0 or a negative errno and fills a caller-owned
 * `struct error`, a fixed buffer, so that the error path never allocates and nothing is released.
 * On the way up each caller adds only what it knows with error_wrap().
 *
 * Beside the errno an error carries the exit status the program should end with, since what a
 * script wants to know is who has to act: the author of the file (2) or the owner of the machine
 * (3).
 */
#ifndef WANLAB_BASE_ERROR_H
#define WANLAB_BASE_ERROR_H

enum exit_status {
    STATUS_DONE = 0,    /* it worked */
    STATUS_FAILED = 1,  /* the run failed or a check did not hold */
    STATUS_INPUT = 2,   /* bad input: a file or an argument is wrong */
    STATUS_MACHINE = 3, /* the machine cannot do it: something has to be installed or enabled */
};

struct error {
    int code;                /* errno, positive */
    enum exit_status status; /* what the program exits with if nobody handles the error */
    char text[1024];         /* lower case, no full stop, subject in single quotes; truncated */
};

/* Fills `err` (if not NULL) with status STATUS_FAILED and returns -code. */
int error_set(struct error *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, with status STATUS_INPUT; the code is EINVAL. */
int error_input(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same, with status STATUS_MACHINE: the text must say what to install or enable. */
int error_machine(struct error *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* error_set() with ": " and the text of `errnum` (positive) appended; returns -errnum. */
int error_errno(struct error *err, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the text of a filled error; returns -err->code. */
int error_wrap(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
