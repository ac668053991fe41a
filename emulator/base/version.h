/* SPDX-License-Identifier: MIT
 *
 * Which wanlab this is: what `git describe` said when it was built.
 */
#ifndef WANLAB_BASE_VERSION_H
#define WANLAB_BASE_VERSION_H

extern const char wanlab_version[];

#endif
