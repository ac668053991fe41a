/* SPDX-License-Identifier: MIT
 *
 * The client's end of a lab's control socket. Requests block until they are answered; events that
 * arrive in between are kept and taken with client_event().
 */
#ifndef WANLAB_LAB_CLIENT_H
#define WANLAB_LAB_CLIENT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"

struct client;

/* Connects to the lab in `folder`. -ENOENT when no such lab runs. Free with client_close(), which
 * ends the programs that were started through it. */
int client_open(const char *folder, struct client **ret, struct error *err);
void client_close(struct client *c);

/* The same with a lab's name, as users write it. */
int client_open_lab(const char *lab, struct client **ret, struct error *err);

/* How long a request may take to be answered; 60 s unless told; 0: for ever. */
void client_set_timeout(struct client *c, unsigned timeout_ms);

/* A descriptor that came with the last answer, the caller's to close; -1: none. */
int client_take_fd(struct client *c);

/* A pidfd of the lab's supervisor, the caller's to close; -1 if it has gone. */
int client_supervisor(const struct client *c);

int client_fd(const struct client *c); /* readable when events may have come */

/* Sends a request (consumed; the id is added here) with descriptors and waits for the answer.
 * `*ret_answer` (may be NULL) is the caller's to json_decref(). An answer that says no is an error
 * with the supervisor's text.
 * `*ret_id` (may be NULL) is the request's id: for exec, the program's name in later events. */
int client_request(struct client *c, json_t *request, const int *fds, size_t fd_count,
                   json_t **ret_answer, json_int_t *ret_id, struct error *err);

/* Sends a request (consumed) and does not wait: its answer comes as an event, {"event":"answer",
 * "id":…,"ok":…,…}, by the id that is in `*ret_id`. */
int client_post(struct client *c, json_t *request, json_int_t *ret_id, struct error *err);

/* Reads an answer's "ok"; an error with the supervisor's text if it is no. */
int client_read_answer(json_t *answer, struct error *err);

/* What the lab in `folder` answers to {"do": WHAT}: the member WHAT of its answer, the caller's to
 * json_decref(). For questions that need no connection of their own afterwards. */
int client_ask(const char *folder, const char *what, json_t **ret, struct error *err);

/* The next event, the caller's to json_decref(). With `wait` it blocks until there is one. NULL:
 * none now, or (then `*ret_gone` is true) the lab has gone. */
json_t *client_event(struct client *c, bool wait, bool *ret_gone);

#endif
