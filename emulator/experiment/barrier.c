/* SPDX-License-Identifier: MIT */
#include "experiment/barrier.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void barrier_init(struct barrier *b, const struct node *nodes, const bool *chosen, size_t count)
{
    *b = (struct barrier){.nodes = nodes, .count = count};
    b->states = xcalloc(count, sizeof(*b->states));
    for (size_t i = 0; i < count; i++)
        b->states[i].state = chosen[i] ? BARRIER_EXPECTED : BARRIER_ABSENT;
}

void barrier_done(struct barrier *b)
{
    for (size_t i = 0; i < b->opened_count; i++)
        free(b->opened[i]);
    free(b->opened);
    free(b->states);
    free(b->name);
    *b = (struct barrier){0};
}

bool barrier_join(struct barrier *b, unsigned node)
{
    if (b->states[node].state == BARRIER_ABSENT)
        return false;
    b->states[node].state = BARRIER_RUNS;
    b->states[node].lives++;
    return true;
}

/* The name of the first node in that state, or NULL. */
static const char *first_in(const struct barrier *b, enum barrier_state state)
{
    for (size_t i = 0; i < b->count; i++)
        if (b->states[i].state == state)
            return b->nodes[i].name;
    return NULL;
}

static bool was_opened(const struct barrier *b, const char *name)
{
    for (size_t i = 0; i < b->opened_count; i++)
        if (strcmp(b->opened[i], name) == 0)
            return true;
    return false;
}

/* Lets all go on, if all wait. A program that is yet to be started for the first time is waited
 * for, too. */
static int open_if_whole(struct barrier *b)
{
    for (size_t i = 0; i < b->count; i++)
        if (b->states[i].state == BARRIER_RUNS ||
            (b->states[i].state == BARRIER_EXPECTED && b->states[i].lives == 0))
            return 0;
    for (size_t i = 0; i < b->count; i++)
        if (b->states[i].state == BARRIER_WAITS)
            b->states[i].state = BARRIER_RELEASED;
    if (was_opened(b, b->name)) {
        free(b->name);
    } else {
        b->opened = array_grow(b->opened, b->opened_count, sizeof(*b->opened));
        b->opened[b->opened_count++] = b->name;
    }
    b->name = NULL;
    return 1;
}

int barrier_arrive(struct barrier *b, unsigned node, const char *name, struct error *err)
{
    const char *who = b->nodes[node].name;
    const char *ended = first_in(b, BARRIER_ENDED);
    if (b->states[node].state == BARRIER_WAITS)
        return error_set(err, EPROTO,
                         "node '%s': it has come to the barrier '%s' and waits already at '%s'",
                         who, name, b->name);
    if (b->states[node].state == BARRIER_RUNS && b->states[node].lives > 1 && was_opened(b, name)) {
        b->states[node].state = BARRIER_RELEASED;
        return 1;
    }
    if (b->states[node].state != BARRIER_RUNS || ended)
        return error_set(err, EPROTO,
                         "node '%s': it waits at the barrier '%s' for node '%s', whose program has "
                         "ended",
                         who, name, ended ? ended : who);
    if (b->name && strcmp(b->name, name) != 0)
        return error_set(err, EPROTO,
                         "node '%s': it waits at the barrier '%s', but node '%s' at '%s'", who,
                         name, first_in(b, BARRIER_WAITS), b->name);
    if (!b->name)
        b->name = xstrdup(name);
    b->states[node].state = BARRIER_WAITS;
    return open_if_whole(b);
}

bool barrier_take(struct barrier *b, unsigned node)
{
    if (b->states[node].state != BARRIER_RELEASED)
        return false;
    b->states[node].state = BARRIER_RUNS;
    return true;
}

int barrier_leave(struct barrier *b, unsigned node, struct error *err)
{
    b->states[node].state = BARRIER_ENDED;
    if (!b->name)
        return 0;
    return error_set(err, EPROTO,
                     "node '%s': its program has ended, and node '%s' waits for it at the barrier "
                     "'%s'",
                     b->nodes[node].name, first_in(b, BARRIER_WAITS), b->name);
}

int barrier_lose(struct barrier *b, unsigned node)
{
    b->states[node].state = BARRIER_EXPECTED;
    if (b->name && first_in(b, BARRIER_WAITS))
        return open_if_whole(b);
    free(b->name);
    b->name = NULL;
    return 0;
}
