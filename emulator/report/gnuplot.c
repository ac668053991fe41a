/* SPDX-License-Identifier: MIT */
#include "report/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"

extern char **environ;

/* The length of the UTF-8 character at `s`; 0 if the bytes are none (overlong forms and surrogates
 * are none), since one such byte would make the SVG file unreadable. */
static size_t utf8_length(const unsigned char *s)
{
    size_t len = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (s[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    }
    bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool outside = (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf4 && s[1] > 0x8f);
    return overlong || outside ? 0 : len;
}

static void add_quoted(struct text *script, const char *text, bool is_format)
{
    text_add(script, " '");
    while (*text) {
        size_t len = utf8_length((const unsigned char *)text);
        if (len == 0)
            text_add(script, "?");
        else if ((unsigned char)*text < ' ' || *text == 0x7f)
            text_add(script, " ");
        else if (*text == '\'' || (*text == '%' && is_format))
            text_add(script, "%c%c", *text, *text);
        else
            text_add(script, "%.*s", (int)len, text);
        text += len ? len : 1;
    }
    text_add(script, "'");
}

void gnuplot_add_quoted(struct text *script, const char *text)
{
    add_quoted(script, text, false);
}

void gnuplot_add_quoted_format(struct text *script, const char *text)
{
    add_quoted(script, text, true);
}

void gnuplot_add_number(struct text *script, double number)
{
    if (isfinite(number))
        text_add(script, " %.15g", number);
    else
        text_add(script, " NaN");
}

/* Starts gnuplot with standard error going to `errors`. The result is 0 or a positive errno. */
static int start(const char *folder, const char *script, int errors, pid_t *ret)
{
    char *const argv[] = {(char[]){"gnuplot"}, (char[]){"--default-settings"}, (char *)script,
                          NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
    posix_spawn_file_actions_addchdir_np(&actions, folder);
    int r = posix_spawnp(ret, "gnuplot", &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return r;
}

/* Reads to the end, keeps the last bytes (`size` with the NUL) with runs of white space as one
 * blank: gnuplot points at the error with a caret under the line, and names it at the end. */
static void read_tail(int fd, char *tail, size_t size)
{
    char buf[4096];
    size_t len = 0;
    bool blank = true;
    for (;;) {
        ssize_t n = read(fd, buf, sizeof(buf));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        for (ssize_t i = 0; i < n; i++) {
            bool is_blank = (unsigned char)buf[i] <= ' ';
            if (is_blank && blank)
                continue;
            if (len + 1 == size)
                memmove(tail, tail + 1, --len);
            tail[len++] = is_blank ? ' ' : buf[i];
            blank = is_blank;
        }
    }
    tail[len > 0 && blank ? len - 1 : len] = '\0';
}

int gnuplot_run(const char *folder, const char *name, struct error *err)
{
    /* "./": a name that begins with '-' is no option */
    _cleanup_(freep) char *script = xasprintf("./%s", name);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_errno(err, errno, "cannot make a pipe");
    _cleanup_(fd_closep) int from = ends[0];
    _cleanup_(fd_closep) int to = ends[1];
    pid_t pid;
    int r = start(folder, script, to, &pid);
    if (r == ENOENT)
        return error_machine(err, ENOENT,
                             "gnuplot is not installed, needed for plots "
                             "(Debian package: gnuplot-nox)");
    if (r != 0)
        return error_errno(err, r, "cannot start gnuplot");
    fd_closep(&to);
    char said[512];
    read_tail(from, said, sizeof(said));
    int status;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return error_errno(err, errno, "cannot wait for gnuplot");
    }
    if (WIFSIGNALED(status))
        return error_set(err, EIO, "gnuplot was killed by signal %d while it drew '%s/%s'",
                         WTERMSIG(status), folder, name);
    if (WEXITSTATUS(status) != 0)
        return error_set(err, EIO, "gnuplot failed on '%s/%s': %s", folder, name,
                         *said ? said : "it did not say why");
    return 0;
}
