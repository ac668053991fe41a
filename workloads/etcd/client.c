/* SPDX-License-Identifier: MIT */
#include "client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

#include "gateway.h"

enum { ANSWER_MAX = 256 << 20 };

static size_t on_data(char *data, size_t size, size_t count, void *arg)
{
    struct client *c = arg;
    size_t more = size * count;
    if (c->in_len + more > ANSWER_MAX)
        return 0;
    c->in = xrealloc(c->in, c->in_len + more + 1, 1);
    memcpy(c->in + c->in_len, data, more);
    c->in_len += more;
    return more;
}

int client_open(struct client *c, unsigned index, char *url, double timeout_s, struct error *err)
{
    *c = (struct client){.easy = curl_easy_init(), .index = index, .url = url};
    if (!c->easy)
        return error_set(err, ENOMEM, "libcurl gives no handle");
    c->headers = curl_slist_append(NULL, "Content-Type: application/json");
    curl_easy_setopt(c->easy, CURLOPT_PRIVATE, c);
    curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
    curl_easy_setopt(c->easy, CURLOPT_TIMEOUT_MS, (long)(timeout_s * 1e3 + 0.5));
    curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(c->easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(c->easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, c);
    return 0;
}

void client_close(struct client *c)
{
    curl_easy_cleanup(c->easy);
    curl_slist_free_all(c->headers);
    free(c->url);
    free(c->body);
    free(c->in);
    *c = (struct client){0};
}

int client_ask(struct client *c, CURLM *multi, const struct request *r, struct error *err)
{
    _cleanup_(freep) char *url = xasprintf("%s%s", c->url, gateway_path(r));
    free(c->body);
    c->body = gateway_body(r);
    c->request = *r;
    c->in_len = 0;
    curl_easy_setopt(c->easy, CURLOPT_URL, url);
    curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, c->body);
    CURLMcode code = curl_multi_add_handle(multi, c->easy);
    return code == CURLM_OK ? 0 : error_set(err, EIO, "libcurl: %s", curl_multi_strerror(code));
}

void client_take_answer(struct client *c, CURLM *multi, CURLcode code, struct answer *ret)
{
    long status = 0;
    curl_multi_remove_handle(multi, c->easy);
    if (code == CURLE_OK) {
        curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
        gateway_answer(&c->request, status, c->in ? c->in : "", c->in_len, ret);
        return;
    }
    *ret = (struct answer){.result = RESULT_UNKNOWN, .version = HISTORY_VERSION_NONE};
    if (code == CURLE_COULDNT_CONNECT) /* it was never sent */
        ret->result = RESULT_FAIL;
    ret->fault = xstrdup(curl_easy_strerror(code));
}
