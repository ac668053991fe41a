/* SPDX-License-Identifier: MIT */
#include "import/names.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Words that mean something else where a node's name may stand, or in /etc/hosts. */
static const char *const reserved[] = {"all", "none", "up", "down", "localhost"};

/* Letters from U+00C0 to U+017F without their accents. */
static const char plain_letters[] =
    "aaaaaaaceeeeiiiidnooooo ouuuuytsaaaaaaaceeeeiiiidnooooo ouuuuyty"
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll"
    "lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

void names_done(struct names *n)
{
    free(n->taken);
    *n = (struct names){0};
}

/* The letter or digit at `*io`, which gets behind it; '-' for another character. */
static char next_letter(const char **io)
{
    const unsigned char *p = (const unsigned char *)*io;
    unsigned code = p[0];
    size_t len = 1;
    if (code >= 0xc0 && (p[1] & 0xc0) == 0x80) {
        code = (code & 0x1f) << 6 | (p[1] & 0x3f);
        len = 2;
        while ((p[len] & 0xc0) == 0x80)
            len++;
    }
    *io += len;
    if (len == 1)
        return (char)(code < 0x80 && isalnum((int)code) ? tolower((int)code) : '-');
    char plain = len == 2 && code >= 0xc0 && code <= 0x17f ? plain_letters[code - 0xc0] : ' ';
    return (char)(plain == ' ' ? '-' : plain);
}

/* At most `max` characters, beginning with a letter, no hyphens in a row or at the ends. */
static size_t spell(const char *label, size_t max, char *ret)
{
    size_t len = 0;
    for (const char *p = label; *p && len < max;) {
        char c = next_letter(&p);
        if (isdigit((unsigned char)c) && len == 0)
            ret[len++] = 'n';
        if (c != '-' || (len > 0 && ret[len - 1] != '-'))
            ret[len++] = c;
    }
    if (len > max)
        len = max;
    while (len > 0 && ret[len - 1] == '-')
        len--;
    ret[len] = '\0';
    return len;
}

/* Where a name is in the sorted list, or has to be put. */
static size_t find(const struct names *n, const char *name, bool *ret_found)
{
    size_t low = 0, high = n->count;
    *ret_found = false;
    while (low < high && !*ret_found) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(n->taken[middle], name);
        *ret_found = order == 0;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return high;
}

static bool is_free(const struct names *n, const char *name)
{
    bool found;
    for (size_t i = 0; i < ARRAY_LEN(reserved); i++)
        if (strcmp(reserved[i], name) == 0)
            return false;
    find(n, name, &found);
    return !found;
}

static void take(struct names *n, const char *name)
{
    bool found;
    size_t at = find(n, name, &found);
    n->taken = array_grow(n->taken, n->count, sizeof(*n->taken));
    memmove(n->taken + at + 1, n->taken + at, (n->count - at) * sizeof(*n->taken));
    memcpy(n->taken[at], name, strlen(name) + 1);
    n->count++;
}

void names_make(struct names *n, const char *label, const char *fallback, char ret[NAME_SIZE])
{
    char base[NAME_SIZE + 1], tail[16] = "";
    if (spell(label, SCENARIO_NAME_MAX, base) == 0 && spell(fallback, SCENARIO_NAME_MAX, base) == 0)
        strcpy(base, "node");
    strcpy(ret, base);
    for (unsigned number = 2; !is_free(n, ret); number++) {
        int tail_len = snprintf(tail, sizeof(tail), "-%u", number);
        snprintf(ret, NAME_SIZE, "%.*s%s", SCENARIO_NAME_MAX - tail_len, base, tail);
    }
    take(n, ret);
}
