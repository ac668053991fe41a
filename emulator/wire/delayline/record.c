/* SPDX-License-Identifier: MIT */
#include "wire/delayline/record.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

enum { PAGE = 4096, WINDOW = 1 << 20, WINDOW_ENTRIES = WINDOW / sizeof(struct record_entry) };

static_assert(sizeof(struct record_entry) == 32 && sizeof(struct record_header) == 64, "format");

int record_create(const char *path, int *ret_fd, struct error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return error_errno(err, errno, "cannot write '%s'", path);
    *ret_fd = fd;
    return 0;
}

/* Room in the file, really there, so that writing to it cannot fail. */
static void *map_more(int fd, uint64_t offset, size_t size)
{
    if (fallocate(fd, 0, (off_t)offset, (off_t)size) < 0 &&
        (errno != EOPNOTSUPP || ftruncate(fd, (off_t)(offset + size)) < 0))
        return NULL;
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
    return p == MAP_FAILED ? NULL : p;
}

static void next_window(struct recorder *r)
{
    if (r->window)
        munmap(r->window, WINDOW);
    r->window = map_more(r->fd, r->offset, WINDOW);
    r->offset += WINDOW;
    r->used = 0;
}

static size_t head_size(const struct plan *plan)
{
    size_t size = sizeof(struct record_header);
    for (size_t i = 0; i < plan_wires(plan); i++)
        size += strlen(plan->wires[i].name) + 1;
    return (size + PAGE - 1) / PAGE * PAGE;
}

int recorder_init(struct recorder *r, int fd, const struct plan *plan, uint64_t origin_ns,
                  struct error *err)
{
    size_t size = head_size(plan);
    struct record_header *header = map_more(fd, 0, size);
    if (!header)
        return error_errno(err, errno, "cannot make room for the record of fates");
    *header = (struct record_header){
        .magic = RECORD_MAGIC,
        .data_offset = size,
        .started_ns = clock_realtime_ns() - (clock_monotonic_ns() - origin_ns),
        .seed = plan->scenario->seed,
        .wire_count = plan_wires(plan),
    };
    char *name = (char *)(header + 1);
    for (size_t i = 0; i < plan_wires(plan); i++)
        name = stpcpy(name, plan->wires[i].name) + 1;
    *r = (struct recorder){.fd = fd, .header = header, .offset = size, .origin_ns = origin_ns};
    next_window(r);
    return 0;
}

void recorder_done(struct recorder *r)
{
    if (r->window)
        munmap(r->window, WINDOW);
    if (r->header)
        munmap(r->header, r->header->data_offset);
    *r = (struct recorder){0};
}

void recorder_add(struct recorder *r, uint32_t wire, const struct packet *packet, unsigned fate)
{
    if (r->window && r->used == WINDOW_ENTRIES)
        next_window(r);
    if (!r->window) {
        r->header->missed++;
        return;
    }
    bool flies = fate == RECORD_SENT || fate == RECORD_FULL;
    fate |= flies && packet->corrupt ? RECORD_CORRUPT : 0U;
    fate |= flies && packet->duplicate ? RECORD_DUPLICATE : 0U;
    fate |= flies && packet->early ? RECORD_EARLY : 0U;
    fate |= packet->control ? RECORD_CONTROL : 0U;
    r->window[r->used++] = (struct record_entry){
        .number = packet->number,
        .arrival_ns = packet->arrival_ns - r->origin_ns,
        .delay_ns = packet->flight_ns > 0 ? (uint64_t)packet->flight_ns : 0,
        .wire = wire,
        .size_fate = fate << 24 | (packet->wire_bytes & 0xffffff),
    };
    r->header->count++;
}

/* The names have to end, and the records to be there. */
static bool is_sound(const struct record_header *h, size_t size)
{
    if (size < sizeof(*h) || memcmp(h->magic, RECORD_MAGIC, sizeof(h->magic)) != 0 ||
        h->data_offset < sizeof(*h) || h->data_offset > size ||
        h->count > (size - h->data_offset) / sizeof(struct record_entry))
        return false;
    const char *name = (const char *)(h + 1), *end = (const char *)h + h->data_offset;
    for (uint64_t i = 0; i < h->wire_count; i++) {
        name = memchr(name, '\0', (size_t)(end - name));
        if (!name)
            return false;
        name++;
    }
    return true;
}

int record_map(const char *path, const struct record_header **ret, size_t *ret_size,
               struct error *err)
{
    struct stat st;
    _cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return error_errno(err, errno, "cannot read '%s'", path);
    size_t size = (size_t)st.st_size;
    void *p = size > 0 ? mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (p == MAP_FAILED || !is_sound(p, size)) {
        if (p != MAP_FAILED)
            munmap(p, size);
        return error_input(err, "%s: no record of fates, expected a file that --fates wrote", path);
    }
    *ret = p;
    *ret_size = size;
    return 0;
}

const struct record_entry *record_entries(const struct record_header *header)
{
    return (const struct record_entry *)((const char *)header + header->data_offset);
}
