/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include "base/cleanup.h"
#include "base/file.h"

enum { FILE_MAX = 256 << 20 };

int json_file_read(const char *path, json_t **ret, struct error *err)
{
    _cleanup_(freep) char *text = NULL;
    json_error_t at;
    size_t size;
    int r = file_read(path, FILE_MAX, &text, &size, err);
    if (r < 0)
        return r;
    json_t *root = json_loadb(text, size, 0, &at);
    if (!root)
        return error_input(err, "%s:%d:%d: %s", path, at.line, at.column, at.text);
    *ret = root;
    return 0;
}
