/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int fill(struct error *err, int code, enum exit_status status, const char *fmt, va_list ap)
{
    if (err) {
        err->code = code;
        err->status = status;
        vsnprintf(err->text, sizeof(err->text), fmt, ap);
    }
    return -code;
}

int error_set(struct error *err, int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int r = fill(err, code, STATUS_FAILED, fmt, ap);
    va_end(ap);
    return r;
}

int error_input(struct error *err, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int r = fill(err, EINVAL, STATUS_INPUT, fmt, ap);
    va_end(ap);
    return r;
}

int error_machine(struct error *err, int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int r = fill(err, code, STATUS_MACHINE, fmt, ap);
    va_end(ap);
    return r;
}

int error_errno(struct error *err, int errnum, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int r = fill(err, errnum, STATUS_FAILED, fmt, ap);
    va_end(ap);
    if (err) {
        size_t len = strlen(err->text);
        snprintf(err->text + len, sizeof(err->text) - len, ": %s", strerror(errnum));
    }
    return r;
}

int error_wrap(struct error *err, const char *fmt, ...)
{
    if (!err)
        return -EIO;
    char inner[sizeof(err->text)];
    memcpy(inner, err->text, sizeof(inner));
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err->text, sizeof(err->text), fmt, ap);
    va_end(ap);
    size_t len = strlen(err->text);
    snprintf(err->text + len, sizeof(err->text) - len, ": %s", inner);
    return -err->code;
}
