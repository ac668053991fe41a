/* SPDX-License-Identifier: MIT
 *
 * One client: asks one thing at a time, over HTTP. Every request has a connection of its own: on
 * one that is used again libcurl sends a request a second time when it breaks, and a write that is
 * done twice is no longer the one write of the history.
 */
#ifndef ETCD_CLIENT_H
#define ETCD_CLIENT_H

#include <curl/curl.h>
#include <stddef.h>

#include "base/error.h"

#include "load/request.h"

struct client {
    CURL *easy;
    struct curl_slist *headers;
    unsigned index;
    char *url;              /* of the member, without a path */
    struct request request; /* under way */
    char *body, *in;        /* what is sent, what came back */
    size_t in_len;
};

/* Consumes url. */
int client_open(struct client *c, unsigned index, char *url, double timeout_s, struct error *err);
void client_close(struct client *c);

/* Hands the request to the loop `multi`. */
int client_ask(struct client *c, CURLM *multi, const struct request *r, struct error *err);

/* To be called when the loop says that the request is over, with `code`. */
void client_take_answer(struct client *c, CURLM *multi, CURLcode code, struct answer *ret);

#endif
