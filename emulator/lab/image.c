/* SPDX-License-Identifier: MIT */
#include "lab/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cache.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "node/tool.h"
#include "topology/scenario.h"

enum { ARGUMENTS_MAX = 12 };

struct recipe {
    const char *packages;
    bool is_new;
};

/* The name of this machine's release, "bookworm". */
static int find_release(char *ret, size_t size, struct error *err)
{
    _cleanup_(file_closep) FILE *in = fopen("/etc/os-release", "re");
    char line[256];
    while (in && fgets(line, sizeof(line), in)) {
        if (strncmp(line, "VERSION_CODENAME=", 17) != 0)
            continue;
        line[strcspn(line, "\n")] = '\0';
        snprintf(ret, size, "%.63s", line + 17);
        return 0;
    }
    return error_machine(err, 0, "/etc/os-release names no release of Debian to build from");
}

static bool has_content(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && st.st_size > 0;
}

static int make(const char *folder, void *arg, char **ret_made, struct error *err)
{
    static char *const sources[] = {"/etc/apt/sources.list",
                                    "/etc/apt/sources.list.d/debian.sources"};
    struct recipe *recipe = arg;
    char release[64];
    _cleanup_(freep) char *root = xasprintf("%s/root", folder);
    _cleanup_(freep) char *include = xasprintf("--include=%s", recipe->packages);
    char *argv[ARGUMENTS_MAX] = {"mmdebstrap", "--mode=root", "--variant=essential",
                                 "--format=directory"};
    size_t n = 4;
    int r = find_release(release, sizeof(release), err);
    if (r < 0)
        return r;
    if (recipe->packages)
        argv[n++] = include;
    argv[n++] = release;
    argv[n++] = root;
    for (size_t i = 0; i < ARRAY_LEN(sources); i++)
        if (has_content(sources[i]))
            argv[n++] = sources[i];
    setenv("TMPDIR", folder, 1); /* so that one that is killed leaves nothing in /tmp */
    r = tool_run(argv, "mmdebstrap", false, err);
    if (r == 0) {
        recipe->is_new = true;
        *ret_made = TAKE_PTR(root);
    }
    return r;
}

int image_build(const char *name, const char *packages, char **ret_folder, bool *ret_new,
                struct error *err)
{
    struct recipe recipe = {.packages = packages};
    if (!scenario_is_image(name))
        return error_input(err,
                           "'%s' is no name for an image: expected at most %d lower-case letters, "
                           "digits and '-', a letter first",
                           name, SCENARIO_NAME_MAX);
    if (packages && (!*packages || packages[strspn(packages, "abcdefghijklmnopqrstuvwxyz0123456789"
                                                             "+-.,:")]))
        return error_input(err, "found '%s', expected Debian packages such as a,b", packages);
    if (geteuid() != 0)
        return error_machine(err, 1, "building an image needs root");
    int r = cache_make("images", name, make, &recipe, ret_folder, err);
    if (r < 0)
        return error_wrap(err, "image '%s'", name);
    *ret_new = recipe.is_new;
    return 0;
}
