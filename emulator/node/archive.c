/* SPDX-License-Identifier: MIT */
#include "node/archive.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cache.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "node/root.h"
#include "node/tool.h"

#define TAG "wanlab"

static bool has(const char *folder, const char *name)
{
    _cleanup_(freep) char *path = xasprintf("%s/%s", folder, name);
    return file_exists(path);
}

/* umoci knows images by tag only, and an archive's may have none: its first image gets ours. */
static int tag_first_image(const char *layout, struct error *err)
{
    _cleanup_(freep) char *path = xasprintf("%s/index.json", layout);
    json_error_t why;
    json_t *index = json_load_file(path, 0, &why);
    json_t *image = json_array_get(json_object_get(index, "manifests"), 0);
    int r = 0;
    if (!json_is_object(image)) {
        r = error_input(err, "its index.json names no image");
    } else {
        json_object_set_new(image, "annotations",
                            json_pack("{s:s}", "org.opencontainers.image.ref.name", TAG));
        json_object_set_new(index, "manifests", json_pack("[O]", image));
        if (json_dump_file(index, path, 0) < 0)
            r = error_errno(err, errno, "cannot write '%s'", path);
    }
    json_decref(index);
    return r;
}

static int unpack_image(const char *folder, const char *layout, char **ret_made, struct error *err)
{
    _cleanup_(freep) char *image = xasprintf("%s:" TAG, layout);
    _cleanup_(freep) char *bundle = xasprintf("%s/bundle", folder);
    char *const argv[] = {"umoci", "unpack", "--image", image, bundle, NULL};
    int r = tag_first_image(layout, err);
    if (r == 0)
        r = tool_run(argv, "umoci", true, err);
    if (r == 0)
        *ret_made = xasprintf("%s/rootfs", bundle);
    return r;
}

static int unpack(const char *folder, void *arg, char **ret_made, struct error *err)
{
    const char *archive = arg;
    _cleanup_(freep) char *files = xasprintf("%s/files", folder);
    _cleanup_(freep) char *made = NULL;
    char *const argv[] = {"tar", "-xpf", (char *)archive, "--numeric-owner", "-C", files, NULL};
    int r = file_make_dirs(files, err);
    if (r == 0)
        r = tool_run(argv, "tar", true, err);
    if (r == -EIO)
        err->status = STATUS_INPUT; /* tar has complained of the archive */
    if (r == 0 && has(files, "manifest.json") && !has(files, "oci-layout"))
        r = error_input(err, "is what 'docker save' writes: expected a root or an OCI image "
                             "(skopeo copy docker-archive:FILE oci-archive:NEW)");
    else if (r == 0 && has(files, "oci-layout"))
        r = unpack_image(folder, files, &made, err);
    else if (r == 0)
        made = xstrdup(files);
    if (r == 0)
        r = root_check(made, err);
    if (r == 0)
        *ret_made = TAKE_PTR(made);
    return r;
}

/* A file that was changed is another one. */
int archive_unpack(const char *path, char **ret, struct error *err)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return error_input(err, "cannot read '%s': %s", path, strerror(errno));
    uint64_t changed = (uint64_t)(st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec);
    _cleanup_(freep) char *key =
        xasprintf("%s-%" PRIx64 "-%" PRIx64 "-%" PRIx64, strrchr(path, '/') + 1,
                  (uint64_t)st.st_ino, (uint64_t)st.st_size, changed);
    int r = cache_make("roots", key, unpack, (void *)path, ret, err);
    return r < 0 ? error_wrap(err, "the archive '%s'", path) : 0;
}
