/* SPDX-License-Identifier: MIT
 *
 * What is different from one system under load to the other: how its clients ask. A client asks one
 * thing at a time. All on the load's thread.
 */
#ifndef LOAD_ENGINE_H
#define LOAD_ENGINE_H

#include <stdbool.h>

#include "base/error.h"

#include "members.h"
#include "output.h"
#include "parameters.h"
#include "request.h"

/* Takes over the answer to a client's request. */
typedef void (*engine_answered)(void *owner, unsigned client, struct answer *answer);

struct engine {
    const char *name; /* of the system; its program is NAME-load */

    /* Makes p->clients clients, whose number is their index. Both arguments outlive it. */
    int (*open)(const struct parameters *p, const struct members *m, void **ret, struct error *err);
    void (*close)(void *system); /* accepts NULL */

    /* Before a load begins, but not before one that goes on; NULL: nothing is to be done. */
    int (*prepare)(void *system, struct error *err);

    /* Nothing is sent before the next turn. */
    int (*ask)(void *system, unsigned client, const struct request *r, struct error *err);

    /* Works for as long as nothing comes, at most `timeout_ms`. */
    int (*turn)(void *system, int timeout_ms, engine_answered answered, void *owner,
                struct error *err);

    /* Metrics of its own at the load's end; NULL: none. */
    void (*report)(void *system, struct output *out, double at_s);
};

#endif
