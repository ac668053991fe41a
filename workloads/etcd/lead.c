/* SPDX-License-Identifier: MIT */
#include "lead.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"

enum { CLIENT_PORT = 2379, ANSWER_TIMEOUT_S = 5, RETRY_US = 100000 };

struct body {
    char *data;
    size_t len;
};

static size_t on_data(char *data, size_t size, size_t count, void *arg)
{
    struct body *b = arg;
    b->data = xrealloc(b->data, b->len + size * count + 1, 1);
    memcpy(b->data + b->len, data, size * count);
    b->len += size * count;
    return size * count;
}

/* What the member says; NULL: nothing that makes sense. The caller's to json_decref(). */
static json_t *ask(const struct member *m, const char *path, const char *question)
{
    struct body body = {0};
    _cleanup_(freep) char *host = members_host(m);
    _cleanup_(freep) char *url = xasprintf("http://%s:%d%s", host, CLIENT_PORT, path);
    json_t *answer = NULL;
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, question);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)ANSWER_TIMEOUT_S);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body);
    if (curl_easy_perform(easy) == CURLE_OK && body.data)
        answer = json_loadb(body.data, body.len, 0, NULL);
    curl_easy_cleanup(easy);
    free(body.data);
    return answer;
}

/* The own number of a member and that of the leader it knows, as texts; "" where unknown. */
static json_t *ask_status(const struct member *m, const char **ret_own, const char **ret_leader)
{
    json_t *status = ask(m, "/v3/maintenance/status", "{}");
    *ret_own = json_text_of(json_object_get(status, "header"), "member_id");
    *ret_leader = json_text_of(status, "leader");
    return status;
}

/* Whoever leads is asked to hand over to the member number `target`. */
static void ask_to_hand_over(const struct members *m, const char *target)
{
    _cleanup_(freep) char *question = xasprintf("{\"targetID\":\"%s\"}", target);
    for (size_t i = 0; i < m->count; i++) {
        const char *own, *leader;
        json_t *status = ask_status(&m->list[i], &own, &leader);
        if (*own && !strcmp(own, leader))
            json_decref(ask(&m->list[i], "/v3/maintenance/transfer-leadership", question));
        json_decref(status);
    }
}

int lead_take_over(const struct members *m, unsigned index, double timeout_s, struct error *err)
{
    uint64_t deadline_ns = clock_monotonic_ns() + (uint64_t)(timeout_s * 1e9);
    do {
        const char *own, *leader;
        json_t *status = ask_status(&m->list[index], &own, &leader);
        bool leads = *own && !strcmp(own, leader);
        if (!leads && *own)
            ask_to_hand_over(m, own);
        json_decref(status);
        if (leads)
            return 0;
        usleep(RETRY_US);
    } while (clock_monotonic_ns() < deadline_ns);
    return error_set(err, ETIMEDOUT, "member '%s' does not lead after %g s", m->list[index].name,
                     timeout_s);
}
