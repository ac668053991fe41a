/* SPDX-License-Identifier: MIT */
#include "base64.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const char *text)
{
    size_t len = strlen(text);
    char *out = xmalloc((len + 2) / 3 * 4 + 1), *next = out;
    for (size_t i = 0; i < len; i += 3) {
        uint32_t bits = (uint32_t)(unsigned char)text[i] << 16;
        bits |= i + 1 < len ? (uint32_t)(unsigned char)text[i + 1] << 8 : 0;
        bits |= i + 2 < len ? (uint32_t)(unsigned char)text[i + 2] : 0;
        *next++ = digits[bits >> 18];
        *next++ = digits[bits >> 12 & 63];
        *next++ = i + 1 < len ? digits[bits >> 6 & 63] : '=';
        *next++ = i + 2 < len ? digits[bits & 63] : '=';
    }
    *next = '\0';
    return out;
}

char *base64_decode(const char *text)
{
    size_t len = strcspn(text, "=");
    char *out = xmalloc(len * 3 / 4 + 1), *next = out;
    uint32_t bits = 0;
    for (size_t i = 0; i < len; i++) {
        const char *digit = strchr(digits, text[i]);
        if (!digit || strlen(text) % 4 != 0) {
            free(out);
            return NULL;
        }
        bits = bits << 6 | (uint32_t)(digit - digits);
        if (i % 4 > 0)
            *next++ = (char)(bits >> (6 - 2 * (i % 4)));
    }
    *next = '\0';
    return out;
}
