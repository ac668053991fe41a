/* SPDX-License-Identifier: MIT
 *
 * Base64 (RFC 4648), in which etcd's JSON gateway has keys and values.
 */
#ifndef ETCD_BASE64_H
#define ETCD_BASE64_H

/* The caller frees them. Decoding what is no base64 gives NULL. */
char *base64_encode(const char *text);
char *base64_decode(const char *text);

#endif
