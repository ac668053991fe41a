/* SPDX-License-Identifier: MIT */
#include "engine.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"

#include "client.h"
#include "lead.h"

enum { CLIENT_PORT = 2379, TAKE_OVER_S = 30 };

struct system {
    const struct parameters *p;
    const struct members *members;
    unsigned leader; /* at the start: index + 1; 0: whoever it is */
    CURLM *multi;
    struct client *clients;
};

static void system_close(void *object)
{
    struct system *s = object;
    if (!s)
        return;
    for (unsigned i = 0; i < s->p->clients; i++)
        client_close(&s->clients[i]);
    if (s->multi)
        curl_multi_cleanup(s->multi);
    free(s->clients);
    free(s);
}

static int open_clients(struct system *s, unsigned any_endpoint, struct error *err)
{
    const struct parameters *p = s->p;
    for (unsigned i = 0; i < p->clients; i++) {
        unsigned member = any_endpoint ? (p->index + i) % p->count : p->index;
        _cleanup_(freep) char *host = members_host(&s->members->list[member]);
        int r = client_open(&s->clients[i], i, xasprintf("http://%s:%d", host, CLIENT_PORT),
                            p->timeout_s, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int system_open(const struct parameters *p, const struct members *m, void **ret,
                       struct error *err)
{
    static const char *const endpoints[] = {"own", "any", NULL};
    unsigned any_endpoint, leader;
    int r = parameters_read_choice("WANLAB_PARAM_ENDPOINT", endpoints, &any_endpoint, err);
    if (r == 0)
        r = parameters_read_integer("WANLAB_PARAM_LEADER", 0, 0, p->count, &leader, err);
    if (r < 0)
        return r;
    struct system *s = xcalloc(1, sizeof(*s));
    *s = (struct system){.p = p, .members = m, .leader = leader};
    s->clients = xcalloc(p->clients, sizeof(*s->clients));
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || !(s->multi = curl_multi_init()))
        r = error_set(err, ENOMEM, "libcurl cannot be started");
    else
        r = open_clients(s, any_endpoint, err);
    if (r < 0)
        system_close(s);
    else
        *ret = s;
    return r;
}

/* The chosen leader's node sees to it that it leads. */
static int system_prepare(void *object, struct error *err)
{
    const struct system *s = object;
    if (s->leader != s->p->index + 1)
        return 0;
    return lead_take_over(s->members, s->p->index, TAKE_OVER_S, err);
}

static int system_ask(void *object, unsigned client, const struct request *r, struct error *err)
{
    struct system *s = object;
    return client_ask(&s->clients[client], s->multi, r, err);
}

static void take_answers(struct system *s, engine_answered answered, void *owner)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(s->multi, &left))) {
        struct client *c;
        struct answer a;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&c);
        client_take_answer(c, s->multi, code, &a);
        answered(owner, c->index, &a);
    }
}

static int system_turn(void *object, int timeout_ms, engine_answered answered, void *owner,
                       struct error *err)
{
    struct system *s = object;
    int running;
    CURLMcode code = curl_multi_poll(s->multi, NULL, 0, timeout_ms, NULL);
    if (code == CURLM_OK)
        code = curl_multi_perform(s->multi, &running);
    if (code != CURLM_OK)
        return error_set(err, EIO, "libcurl: %s", curl_multi_strerror(code));
    take_answers(s, answered, owner);
    return 0;
}

const struct engine etcd_engine = {.name = "etcd",
                                   .open = system_open,
                                   .close = system_close,
                                   .prepare = system_prepare,
                                   .ask = system_ask,
                                   .turn = system_turn};
