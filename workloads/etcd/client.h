/* SPDX-License-Identifier: MIT
 *
 * One client: asks one thing at a time, over HTTP. Every request has a connection of its own: on
 * one that is used again libcurl sends a request a second time when it breaks, and a write that is
 * done twice is no longer the one write of the history.
 */
#ifndef ETCD_CLIENT_H
#define ETCD_CLIENT_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#include "request.h"

struct client {
    CURL *easy;
    struct curl_slist *headers;
    char *process, *url; /* its name in the history; of the member, without a path */
    bool busy;
    uint64_t intended_ns, call_ns; /* of the request under way, CLOCK_MONOTONIC */
    struct request request;
    char *body, *in; /* what is sent, what came back */
    size_t in_len;
};

/* Consumes process and url. */
int client_open(struct client *c, char *process, char *url, double timeout_s, struct error *err);
void client_close(struct client *c);

/* Hands the request to the loop `multi`. */
int client_ask(struct client *c, CURLM *multi, const struct request *r, uint64_t intended_ns,
               struct error *err);

/* To be called when the loop says that the request is over, with `code`. */
void client_take_answer(struct client *c, CURLM *multi, CURLcode code, struct answer *ret);

#endif
