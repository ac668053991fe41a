/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "command.h"
#include "wire/delayline/record.h"

static void print_entry(const struct record_entry *e, const char *const *names)
{
    static const char *const words[] = {"sent", "lost", "full", "dropped", "copy"};
    static const struct {
        unsigned bit;
        const char *word;
    } flags[] = {{RECORD_CORRUPT, "+corrupt"},
                 {RECORD_DUPLICATE, "+duplicate"},
                 {RECORD_EARLY, "+reorder"},
                 {RECORD_CONTROL, "+control"}};
    unsigned fate = e->size_fate >> 24;
    const char *word = (fate & 15) < ARRAY_LEN(words) ? words[fate & 15] : "?";
    printf("%s,", names[e->wire]);
    if (!(fate & RECORD_CONTROL))
        printf("%" PRIu64, e->number);
    printf(",%.9f,%u,%s", (double)e->arrival_ns / 1e9, e->size_fate & 0xffffff, word);
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        if (fate & flags[i].bit)
            fputs(flags[i].word, stdout);
    printf(",%.9f\n", (double)e->delay_ns / 1e9);
}

static int print_record(const char *path, struct error *err)
{
    const struct record_header *h;
    size_t size;
    int r = record_map(path, &h, &size, err);
    if (r < 0)
        return r;
    _cleanup_(freep) const char **names = xcalloc(h->wire_count, sizeof(*names));
    const char *name = (const char *)(h + 1);
    for (uint64_t i = 0; i < h->wire_count; i++, name += strlen(name) + 1)
        names[i] = name;
    puts("wire,number,arrival_s,bytes,fate,delay_s");
    const struct record_entry *entries = record_entries(h);
    for (uint64_t i = 0; i < h->count; i++)
        if (entries[i].wire < h->wire_count)
            print_entry(&entries[i], names);
    uint64_t missed = h->missed;
    munmap((void *)h, size);
    if (missed > 0)
        return error_set(err, ENOSPC, "%s: %" PRIu64 " packets are missing: the disk was full",
                         path, missed);
    return 0;
}

static enum exit_status run(const struct command *command, int argc, char **argv)
{
    struct error err;
    if (command_option(command, argc, argv) != -1 || optind + 1 != argc)
        return command_usage(command);
    return print_record(argv[optind], &err) < 0 ? command_failed(&err) : STATUS_DONE;
}

const struct command command_fates = {
    .name = "fates",
    .arguments = "FILE",
    .summary = "prints what became of each packet, as CSV, from a file that --fates wrote",
    .run = run,
};
