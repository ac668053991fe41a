/* SPDX-License-Identifier: MIT */
#include "node/faketime.h"

#include <elf.h>
#include <errno.h>

#include "expect.h"

/* A program of one segment, and what follows the headers; the caller frees the path. */
static char *program(const char *name, unsigned segment, const void *data, size_t size)
{
    char *path = xasprintf("%s/%s", expect_folder, name);
    Elf64_Ehdr head = {.e_phoff = sizeof(head), .e_phnum = 1, .e_phentsize = sizeof(Elf64_Phdr)};
    Elf64_Phdr header = {
        .p_type = segment, .p_offset = sizeof(head) + sizeof(header), .p_filesz = size};
    memcpy(head.e_ident, ELFMAG, SELFMAG);
    head.e_ident[EI_CLASS] = ELFCLASS64;
    FILE *out = fopen(path, "w");
    assert_true(out && fwrite(&head, sizeof(head), 1, out) == 1 &&
                fwrite(&header, sizeof(header), 1, out) == 1 && fwrite(data, size, 1, out) == 1);
    fclose(out);
    return path;
}

static void expect_refused(char *path, const char *part)
{
    struct error err;
    assert_int_equal(faketime_check_program(path, &err), -ENOTSUP);
    if (!strstr(err.text, part))
        fail_msg("%s", err.text);
    free(path);
}

static void expect_taken(char *path)
{
    assert_int_equal(faketime_check_program(path, NULL), 0);
    free(path);
}

static void programs_that_the_library_cannot_reach_are_refused(void **state)
{
    (void)state;
    static const struct {
        Elf64_Nhdr head;
        char name[4], id[4];
    } go = {{4, 4, 4}, "Go\0", "id"}, other = {{4, 4, 1}, "GNU", "id"};
    expect_refused(program("static", PT_LOAD, "x", 1), "is linked statically");
    expect_refused(program("go", PT_NOTE, &go, sizeof(go)), "is written in Go");
    expect_refused(program("noted", PT_NOTE, &other, sizeof(other)), "is linked statically");
    expect_taken(program("dynamic", PT_INTERP, "/lib/ld.so", 11));
    expect_taken(xstrdup("/no/such/program"));
    char *script = xasprintf("#! %s/static -x\nfoo\n", expect_folder);
    expect_refused(expect_file("script", script), "is linked statically");
    free(script);
    expect_taken(expect_file("text", "#!/bin/sh\n"));
    expect_taken(expect_file("empty", ""));
}

static void offsets_are_written_with_their_sign(void **state)
{
    (void)state;
    static const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        {0, "+0.000000000\n"}, {-30000000001, "-30.000000001\n"}, {1500, "+0.000001500\n"}};
    char *path = expect_file("clock", "");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *text;
        assert_int_equal(faketime_write(path, cases[i].ns, NULL), 0);
        assert_int_equal(file_read(path, 100, &text, NULL, NULL), 0);
        assert_string_equal(text, cases[i].text);
        free(text);
    }
    free(path);
}

static void environments_keep_what_is_the_users(void **state)
{
    (void)state;
    char *env[] = {(char *)"A=1", (char *)"LD_PRELOAD=own.so", (char *)"FAKETIME=+1d",
                   (char *)"B=2", NULL};
    struct faketime_environment e;
    faketime_environment_init(&e, env, "/lib/fake.so", "/run/clock");
    static const char *const wanted[] = {"A=1", "B=2", "LD_PRELOAD=/lib/fake.so:own.so",
                                         "FAKETIME_TIMESTAMP_FILE=/run/clock"};
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
        assert_string_equal(e.items[i], wanted[i]);
    size_t count = ARRAY_LEN(wanted);
    while (e.items[count])
        assert_string_not_equal(e.items[count++], "FAKETIME=+1d");
    assert_int_equal(count, 7);
    faketime_environment_done(&e);
}

static void a_root_without_the_library_says_so(void **state)
{
    (void)state;
    char *library = NULL, *folder = xasprintf("%s/root/usr/lib/any/faketime", expect_folder);
    char *root = xasprintf("%s/root", expect_folder);
    struct error err;
    assert_int_equal(file_make_dirs(folder, NULL), 0);
    assert_int_equal(faketime_find(root, &library, &err), -ENOENT);
    assert_int_equal(err.status, STATUS_MACHINE);
    assert_non_null(strstr(err.text, "(Debian package: libfaketime)"));
    free(expect_file("root/usr/lib/any/faketime/libfaketimeMT.so.1", ""));
    assert_int_equal(faketime_find(root, &library, &err), 0);
    assert_string_equal(library, "/usr/lib/any/faketime/libfaketimeMT.so.1");
    free(library);
    free(folder);
    free(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programs_that_the_library_cannot_reach_are_refused),
        cmocka_unit_test(offsets_are_written_with_their_sign),
        cmocka_unit_test(environments_keep_what_is_the_users),
        cmocka_unit_test(a_root_without_the_library_says_so),
    };
    return RUN_TESTS(tests);
}
