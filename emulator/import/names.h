/* SPDX-License-Identifier: MIT
 *
 * Names that a scenario allows, made of labels that anybody wrote: "Zürich (ETH)" becomes
 * "zurich-eth", a second one "zurich-eth-2".
 */
#ifndef WANLAB_IMPORT_NAMES_H
#define WANLAB_IMPORT_NAMES_H

#include <stddef.h>

#include "topology/scenario.h"

enum { NAME_SIZE = SCENARIO_NAME_MAX + 1 };

struct names {
    char (*taken)[NAME_SIZE]; /* sorted */
    size_t count;
}; /* all zero: none is taken */

void names_done(struct names *n);

/* A name like the label that no other has: lower case, letters of the Latin alphabet without their
 * accents, '-' for all else. A label of which nothing is left gives way to the fallback. */
void names_make(struct names *n, const char *label, const char *fallback, char ret[NAME_SIZE]);

#endif
