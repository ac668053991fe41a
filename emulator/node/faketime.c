/* SPDX-License-Identifier: MIT */
#include "node/faketime.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/proc.h"

#define LIBRARY "usr/lib/*/faketime/libfaketimeMT.so.1" /* of Debian's package */

enum { NOTES_MAX = 4096, HEADERS_MAX = 64 };

int faketime_find(const char *root, char **ret, struct error *err)
{
    const size_t len = strcmp(root, "/") == 0 ? 0 : strlen(root);
    _cleanup_(freep) char *pattern = xasprintf("%.*s/" LIBRARY, (int)len, root);
    glob_t found = {0};
    const bool there = glob(pattern, 0, NULL, &found) == 0 && found.gl_pathc > 0;
    if (there)
        *ret = xstrdup(found.gl_pathv[0] + len);
    globfree(&found);
    return there ? 0
                 : error_machine(err, ENOENT,
                                 "events change its clock, which needs libfaketime, and there is "
                                 "no '%s' (Debian package: libfaketime)",
                                 pattern);
}

/* The file is another one each time: who reads has it open for a moment. */
int faketime_write(const char *file, int64_t offset_ns, struct error *err)
{
    char text[64];
    _cleanup_(freep) char *next = xasprintf("%s.new", file);
    const uint64_t ns = offset_ns < 0 ? -(uint64_t)offset_ns : (uint64_t)offset_ns;
    snprintf(text, sizeof(text), "%c%llu.%09llu\n", offset_ns < 0 ? '-' : '+',
             (unsigned long long)(ns / NS_PER_SEC), (unsigned long long)(ns % NS_PER_SEC));
    int r = file_write(next, text, err);
    if (r == 0 && rename(next, file) < 0)
        r = error_errno(err, errno, "cannot write '%s'", file);
    return r;
}

/* --- the environment */

static bool is_ours(const char *variable)
{
    return strncmp(variable, "LD_PRELOAD=", 11) == 0 || strncmp(variable, "FAKETIME", 8) == 0;
}

void faketime_environment_init(struct faketime_environment *e, char *const *env,
                               const char *library, const char *file)
{
    static const char *const fixed[] = {
        "FAKETIME_NO_CACHE=1",            /* else a change is seen up to a second later */
        "FAKETIME_DONT_FAKE_MONOTONIC=1", /* as nobody can set that clock */
        "NO_FAKE_STAT=1",                 /* its lock would outlive a program that is killed */
    };
    const char *preload = NULL;
    size_t count = 0, kept = 0;
    while (env[count])
        count++;
    e->items = xcalloc(count + ARRAY_LEN(fixed) + ARRAY_LEN(e->own) + 1, sizeof(*e->items));
    for (size_t i = 0; i < count; i++) {
        if (!is_ours(env[i]))
            e->items[kept++] = env[i];
        else if (*env[i] == 'L')
            preload = env[i] + strlen("LD_PRELOAD=");
    }
    e->own[0] = xasprintf("LD_PRELOAD=%s%s%s", library, preload ? ":" : "", preload ? preload : "");
    e->own[1] = xasprintf("FAKETIME_TIMESTAMP_FILE=%s", file);
    for (size_t i = 0; i < ARRAY_LEN(e->own); i++)
        e->items[kept++] = e->own[i];
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
        e->items[kept++] = (char *)fixed[i];
}

void faketime_environment_done(struct faketime_environment *e)
{
    for (size_t i = 0; i < ARRAY_LEN(e->own); i++)
        free(e->own[i]);
    free(e->items);
    *e = (struct faketime_environment){0};
}

/* --- programs that it has no hold on */

static size_t padded(size_t size)
{
    return (size + 3) & ~(size_t)3;
}

/* The note that Go's linker writes into every program: its build's id. */
static bool has_go_note(int fd, const Elf64_Phdr *segment)
{
    char notes[NOTES_MAX];
    const size_t wanted = segment->p_filesz < sizeof(notes) ? segment->p_filesz : sizeof(notes);
    const ssize_t n = pread(fd, notes, wanted, (off_t)segment->p_offset);
    const size_t size = n > 0 ? (size_t)n : 0;
    Elf64_Nhdr note;
    for (size_t at = 0; at + sizeof(note) <= size;) {
        memcpy(&note, notes + at, sizeof(note));
        const char *name = notes + at + sizeof(note);
        if (note.n_namesz == 4 && note.n_type == 4 && at + sizeof(note) + 4 <= size &&
            memcmp(name, "Go\0\0", 4) == 0)
            return true;
        at += sizeof(note) + padded(note.n_namesz) + padded(note.n_descsz);
    }
    return false;
}

/* What a file is that is out of reach; NULL: it is not, as far as can be told. */
static const char *obstacle_of(int fd)
{
    Elf64_Ehdr head;
    bool has_loader = false, is_go = false;
    if (pread(fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
        memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64)
        return NULL;
    for (unsigned i = 0; i < head.e_phnum && i < HEADERS_MAX; i++) {
        Elf64_Phdr segment;
        const off_t at = (off_t)(head.e_phoff + (Elf64_Off)i * head.e_phentsize);
        if (pread(fd, &segment, sizeof(segment), at) != (ssize_t)sizeof(segment))
            return NULL;
        has_loader |= segment.p_type == PT_INTERP;
        is_go |= segment.p_type == PT_NOTE && has_go_note(fd, &segment);
    }
    if (is_go)
        return "written in Go";
    return has_loader ? NULL : "linked statically";
}

static int refuse(const char *program, const char *obstacle, struct error *err)
{
    return error_set(err, ENOTSUP,
                     "the program '%s' is %s: it asks the kernel for the time itself, and "
                     "libfaketime cannot change its clock (a node of kind uml or qemu has its own)",
                     program, obstacle);
}

/* As execvp() does. */
static int open_program(const char *name)
{
    const char *path = strchr(name, '/') ? NULL : getenv("PATH");
    if (!path)
        return open(name, O_RDONLY | O_CLOEXEC);
    while (*path) {
        const size_t len = strcspn(path, ":");
        _cleanup_(freep) char *file = xasprintf("%.*s/%s", (int)len, path, name);
        if (len > 0 && access(file, X_OK) == 0 && file_is_regular(file))
            return open(file, O_RDONLY | O_CLOEXEC);
        path += len + (path[len] == ':');
    }
    return -1;
}

/* Of a script it is the interpreter that counts. */
static int open_interpreter(int script)
{
    char line[256] = "";
    const ssize_t n = pread(script, line, sizeof(line) - 1, 0);
    if (n < 3 || strncmp(line, "#!", 2) != 0)
        return -1;
    char *name = line + 2 + strspn(line + 2, " \t");
    name[strcspn(name, " \t\n")] = '\0';
    return open(name, O_RDONLY | O_CLOEXEC);
}

int faketime_check_program(const char *name, struct error *err)
{
    _cleanup_(fd_closep) int program = open_program(name);
    if (program < 0)
        return 0;
    _cleanup_(fd_closep) int interpreter = open_interpreter(program);
    const char *obstacle = obstacle_of(interpreter >= 0 ? interpreter : program);
    return obstacle ? refuse(name, obstacle, err) : 0;
}

int faketime_check_node(const struct node_instance *n, struct error *err)
{
    _cleanup_(freep) struct proc *list = NULL;
    const size_t count = proc_list(&list);
    const ino_t node = proc_pid_namespace(n->pid);
    for (size_t i = 0; i < count; i++) {
        if (list[i].pid == n->pid || list[i].state == 'Z' ||
            proc_pid_namespace(list[i].pid) != node)
            continue;
        _cleanup_(freep) char *path = xasprintf("/proc/%d/exe", (int)list[i].pid);
        _cleanup_(freep) char *comm = xasprintf("/proc/%d/comm", (int)list[i].pid);
        _cleanup_(freep) char *name = NULL;
        _cleanup_(fd_closep) int program = open(path, O_RDONLY | O_CLOEXEC);
        const char *obstacle = program >= 0 ? obstacle_of(program) : NULL;
        if (!obstacle || file_read(comm, 64, &name, NULL, NULL) < 0)
            continue;
        name[strcspn(name, "\n")] = '\0';
        return refuse(name, obstacle, err);
    }
    return 0;
}
