/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "cmd/remote.h"
#include "command.h"
#include "lab/place.h"

/* Splits NODE:PATH; false if it is a path of this machine. */
static bool split(const char *text, char **ret_node, const char **ret_path)
{
    const char *colon = strchr(text, ':'), *slash = strchr(text, '/');
    if (!colon || (slash && slash < colon))
        return false;
    *ret_node = xasprintf("%.*s", (int)(colon - text), text);
    *ret_path = colon + 1;
    return true;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Runs one of the agent's programs in a node; its own words are the error. */
static int run_builtin(const char *lab, const char *node, char *const *argv, int in, int out,
                       struct error *err)
{
    const int fds[] = {in, out, STDERR_FILENO};
    struct remote remote;
    json_t *request = json_pack("{s:s s:s s:i}", "do", "builtin", "node", node, "fds", 3);
    int r = remote_start(lab, argv, request, fds, 3, &remote, err);
    if (r < 0)
        return r;
    r = remote_await_exit(&remote, err);
    client_close(remote.client);
    return r > 0 ? error_set(err, EIO, "node '%s': not copied", node) : r;
}

static int fetch(const char *lab, const char *node, const char *path, const char *target,
                 struct error *err)
{
    struct stat st;
    char *argv[] = {"get", (char *)path, NULL};
    bool folder = stat(target, &st) == 0 && S_ISDIR(st.st_mode);
    _cleanup_(fd_closep) int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (strcmp(target, "-") == 0)
        return run_builtin(lab, node, argv, null, STDOUT_FILENO, err);
    _cleanup_(freep) char *file =
        folder ? xasprintf("%s/%s", target, base_name(path)) : xstrdup(target);
    _cleanup_(freep) char *partial = xasprintf("%s.XXXXXX", file);
    _cleanup_(fd_closep) int fd = mkostemp(partial, O_CLOEXEC);
    if (fd < 0)
        return error_errno(err, errno, "cannot make '%s'", file);
    int r = run_builtin(lab, node, argv, null, fd, err);
    if (r == 0 && (fchmod(fd, 0644) < 0 || rename(partial, file) < 0))
        r = error_errno(err, errno, "cannot make '%s'", file);
    if (r < 0)
        unlink(partial);
    return r;
}

static int send_file(const char *lab, const char *source, const char *node, const char *path,
                     struct error *err)
{
    struct stat st;
    char mode[8];
    bool is_stdin = strcmp(source, "-") == 0;
    _cleanup_(fd_closep) int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    _cleanup_(fd_closep) int fd = is_stdin ? dup(STDIN_FILENO) : open(source, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return error_input(err, "cannot open '%s': %s", source, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return error_input(err, "'%s' is a folder: expected a file", source);
    snprintf(mode, sizeof(mode), "%o", is_stdin ? 0644 : st.st_mode & 07777);
    char *argv[] = {"put", (char *)path, mode, (char *)(is_stdin ? "stdin" : base_name(source)),
                    NULL};
    return run_builtin(lab, node, argv, fd, null, err);
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    struct error err;
    _cleanup_(freep) char *from = NULL;
    _cleanup_(freep) char *to = NULL;
    const char *from_path, *to_path;
    if (argc != 4)
        return command_usage(command);
    bool is_from = split(argv[2], &from, &from_path), is_to = split(argv[3], &to, &to_path);
    if (is_from == is_to)
        return command_usage(command);
    place_sweep();
    int r = is_from ? fetch(argv[1], from, from_path, argv[3], &err)
                    : send_file(argv[1], argv[2], to, to_path, &err);
    return r < 0 ? command_failed(&err) : STATUS_DONE;
}

const struct command command_cp = {
    .name = "cp",
    .arguments = "LAB NODE:PATH FILE | LAB FILE NODE:PATH",
    .summary = "copies a file out of a node, or into it",
    .notes = "FILE may be - for standard output or input, or the folder to copy to.",
    .run = run,
};
