/* SPDX-License-Identifier: MIT
 *
 * Single fields of a workload.yaml's maps. What is allocated is the caller's, also after an error;
 * errors begin with the place (status STATUS_INPUT).
 */
#ifndef WANLAB_EXPERIMENT_FIELD_H
#define WANLAB_EXPERIMENT_FIELD_H

#include <stdint.h>

#include "base/error.h"
#include "topology/yaml.h"

#define FIELD_NAME    "abcdefghijklmnopqrstuvwxyz0123456789_"
#define FIELD_PACKAGE "abcdefghijklmnopqrstuvwxyz0123456789+.-" /* Debian's */

/* A name of `allowed` characters: FIELD_NAME, perhaps with '-' behind. `what` it names: "a metric".
 */
int field_check_name(const char *name, const char *allowed, const char *what,
                     const struct mark *mark, struct error *err);

/* A text. Left out, `*ret` stays NULL, or becomes "", or is an error that says what has to have it:
 * "a service". */
int field_optional(const struct yaml *map, const char *key, char **ret, struct error *err);
int field_text(const struct yaml *map, const char *key, char **ret, struct error *err);
int field_required(const struct yaml *map, const char *key, const char *what, char **ret,
                   struct error *err);

/* A list of texts, NULL-terminated; its first must not be empty. NULL when left out. */
int field_words(const struct yaml *map, const char *key, char ***ret, struct error *err);

/* More than nothing; `*ret` stays as it is where the key is missing. */
int field_time(const struct yaml *map, const char *key, uint64_t *ret, struct error *err);

#endif
