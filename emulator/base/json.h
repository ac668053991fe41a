/* SPDX-License-Identifier: MIT
 *
 * Files of JSON, and members of an object as plain values, for those who read what wanlab itself
 * has written.
 */
#ifndef WANLAB_BASE_JSON_H
#define WANLAB_BASE_JSON_H

#include <jansson.h>

#include "base/error.h"

/* A file's one object or array, the caller's to json_decref(). An error of its text begins with
 * "FILE:LINE:COL: " (status STATUS_INPUT). */
int json_file_read(const char *path, json_t **ret, struct error *err);

/* A text; "" where there is none. The object keeps it. */
static inline const char *json_text_of(json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* A number; 0 where there is none. */
static inline double json_number_of(json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

#endif
