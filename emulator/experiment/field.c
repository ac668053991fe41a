/* SPDX-License-Identifier: MIT */
#include "experiment/field.h"

#include <string.h>

#include "base/mem.h"
#include "base/units.h"

int field_check_name(const char *name, const char *allowed, const char *what,
                     const struct mark *mark, struct error *err)
{
    if (*name && !name[strspn(name, allowed)])
        return 0;
    return yaml_error(err, mark, "found '%s', expected the name of %s: a-z, 0-9 and %s", name, what,
                      strchr(allowed, '-') ? "_ or -" : "_");
}

int field_optional(const struct yaml *map, const char *key, char **ret, struct error *err)
{
    const struct yaml *node = yaml_get(map, key);
    if (!node)
        return 0;
    int r = yaml_expect_scalar(node, key, err);
    if (r == 0)
        *ret = xstrdup(node->scalar);
    return r;
}

int field_text(const struct yaml *map, const char *key, char **ret, struct error *err)
{
    int r = field_optional(map, key, ret, err);
    if (r == 0 && !*ret)
        *ret = xstrdup("");
    return r;
}

int field_required(const struct yaml *map, const char *key, const char *what, char **ret,
                   struct error *err)
{
    const struct yaml *node = yaml_get(map, key);
    if (!node)
        return yaml_error(err, &map->mark, "%s has no '%s'", what, key);
    int r = field_optional(map, key, ret, err);
    if (r == 0 && !**ret)
        return yaml_error(err, &node->mark, "found an empty '%s'", key);
    return r;
}

int field_words(const struct yaml *map, const char *key, char ***ret, struct error *err)
{
    const struct yaml *list = yaml_get(map, key);
    if (!list)
        return 0;
    int r = yaml_expect_list(list, key, err);
    if (r < 0)
        return r;
    char **words = *ret = xcalloc(list->count + 1, sizeof(*words));
    for (size_t i = 0; i < list->count; i++) {
        r = yaml_expect_scalar(list->items[i], key, err);
        if (r < 0)
            return r;
        words[i] = xstrdup(list->items[i]->scalar);
    }
    if (!words[0] || !*words[0])
        return yaml_error(err, &list->mark, "found an empty '%s', expected a list of words", key);
    return 0;
}

int field_time(const struct yaml *map, const char *key, uint64_t *ret, struct error *err)
{
    const struct yaml *node = yaml_get(map, key);
    int r = node ? yaml_expect_scalar(node, key, err) : 0;
    if (!node || r < 0)
        return r;
    if (units_parse_time(node->scalar, ret, err) < 0)
        return yaml_wrap(err, &node->mark);
    return *ret ? 0 : yaml_error(err, &node->mark, "found a %s of zero, expected more", key);
}
