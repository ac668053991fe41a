/* SPDX-License-Identifier: MIT
 *
 * Images: roots made of Debian packages, by name, in the cache. Nodes say `image: NAME`.
 */
#ifndef WANLAB_LAB_IMAGE_H
#define WANLAB_LAB_IMAGE_H

#include <stdbool.h>

#include "base/error.h"

/* Makes image `name` of Debian's essential packages and `packages` ("a,b"; NULL: none more), from
 * where this machine's apt gets its packages. One that is there already stays as it is.
 * `*ret_folder` is the caller's to free; `*ret_new` tells whether it was made now. */
int image_build(const char *name, const char *packages, char **ret_folder, bool *ret_new,
                struct error *err);

#endif
