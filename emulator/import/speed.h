/* SPDX-License-Identifier: MIT
 *
 * How fast a link is, as maps of networks say it: "10 Gbps", "OC-192c", "STM-16", "2x155M", "T3".
 */
#ifndef WANLAB_IMPORT_SPEED_H
#define WANLAB_IMPORT_SPEED_H

#include <stdint.h>

/* The speed in bit/s that a text names, the first if there are several; 0: none. A number counts
 * only with its unit (K, M, G or T, alone or with "bps", "bit/s", "b/s", "E", "igE" … behind it).
 */
uint64_t speed_of_text(const char *text);

/* A plain number times what a unit ("", "K", "M", "G", "T") stands for; 0: that is no speed. */
uint64_t speed_of_number(const char *number, const char *unit);

#endif
