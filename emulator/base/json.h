/* SPDX-License-Identifier: MIT
 *
 * Members of a JSON object as plain values, for those who read what wanlab itself has written.
 */
#ifndef WANLAB_BASE_JSON_H
#define WANLAB_BASE_JSON_H

#include <jansson.h>

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
