/* SPDX-License-Identifier: MIT
 *
 * Messages for people, on standard error only: results go to standard output or to files.
 * Only cmd/ and main.c call log_error(); the layers below return a `struct error` instead.
 * The threshold is tested before the arguments are formatted.
 */
#ifndef WANLAB_BASE_LOG_H
#define WANLAB_BASE_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

extern enum log_level log_threshold; /* LOG_LEVEL_WARN unless told; -v makes it INFO, then DEBUG */

void log_message(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define LOG_AT(level, ...)                                                                         \
    do {                                                                                           \
        if ((level) <= log_threshold)                                                              \
            log_message((level), __VA_ARGS__);                                                     \
    } while (0)

#define log_error(...) LOG_AT(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  LOG_AT(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  LOG_AT(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) LOG_AT(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
