/* SPDX-License-Identifier: MIT */
#include "gateway.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"

#include "base64.h"

#define SET_FROM "s/"
#define SET_TO   "s0" /* the key after all of them */

enum { HTTP_OK = 200 };

const char *gateway_path(const struct request *r)
{
    switch (r->op) {
    case OP_READ:
    case OP_MEMBERS:
        return "/v3/kv/range";
    case OP_CAS:
        return "/v3/kv/txn";
    default:
        return "/v3/kv/put";
    }
}

/* {"key": …, "value": …} of a register or an element. */
static json_t *put_json(const struct request *r)
{
    bool add = r->op == OP_ADD;
    _cleanup_(freep) char *name = xasprintf(add ? SET_FROM "%s" : "r/%s", add ? r->value : r->key);
    _cleanup_(freep) char *key = base64_encode(name), *value = base64_encode(r->value);
    return json_pack("{s:s s:s}", "key", key, "value", value);
}

static json_t *range_json(const struct request *r)
{
    _cleanup_(freep) char *name = xasprintf("r/%s", r->key), *key = base64_encode(name);
    _cleanup_(freep) char *from = base64_encode(SET_FROM), *to = base64_encode(SET_TO);
    if (r->op == OP_MEMBERS)
        return json_pack("{s:s s:s s:b}", "key", from, "range_end", to, "keys_only", 1);
    return json_pack("{s:s s:b}", "key", key, "serializable", r->weak);
}

static json_t *txn_json(const struct request *r)
{
    _cleanup_(freep) char *old = base64_encode(r->old);
    json_t *put = put_json(r);
    const char *key = json_text_of(put, "key");
    json_t *compare = *r->old ? json_pack("{s:s s:s s:s s:s}", "key", key, "target", "VALUE",
                                          "result", "EQUAL", "value", old)
                              : json_pack("{s:s s:s s:s s:s}", "key", key, "target", "VERSION",
                                          "result", "EQUAL", "version", "0");
    return json_pack("{s:[o] s:[{s:o}]}", "compare", compare, "success", "requestPut", put);
}

char *gateway_body(const struct request *r)
{
    bool read = r->op == OP_READ || r->op == OP_MEMBERS;
    json_t *object = read ? range_json(r) : r->op == OP_CAS ? txn_json(r) : put_json(r);
    char *text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    return text;
}

/* A plain text as a JSON string; consumes it. */
static char *quoted(char *text)
{
    json_t *string = json_string(text ? text : "");
    char *json = json_dumps(string, JSON_ENCODE_ANY);
    json_decref(string);
    free(text);
    return json;
}

static void read_register(json_t *body, struct answer *a)
{
    json_t *kv = json_array_get(json_object_get(body, "kvs"), 0);
    a->value = kv ? quoted(base64_decode(json_text_of(kv, "value"))) : xstrdup("null");
    if (kv) /* 64-bit numbers are texts in this JSON */
        a->version = strtoll(json_text_of(kv, "mod_revision"), NULL, 10);
}

static void read_members(json_t *body, struct answer *a)
{
    size_t i;
    json_t *kv, *list = json_array();
    json_array_foreach(json_object_get(body, "kvs"), i, kv)
    {
        _cleanup_(freep) char *key = base64_decode(json_text_of(kv, "key"));
        if (key && strlen(key) > strlen(SET_FROM))
            json_array_append_new(list, json_string(key + strlen(SET_FROM)));
    }
    a->value = json_dumps(list, JSON_COMPACT);
    json_decref(list);
}

void gateway_answer(const struct request *r, long status, const char *body, size_t size,
                    struct answer *ret)
{
    struct answer a = {.result = RESULT_UNKNOWN, .version = HISTORY_VERSION_NONE};
    _cleanup_(json_decrefp) json_t *object = json_loadb(body, size, 0, NULL);
    const char *fault = json_text_of(object, "error");
    if (status != HTTP_OK || !json_object_get(object, "header")) {
        a.fault = *fault ? xstrdup(fault) : xasprintf("status %ld", status);
    } else if (r->op == OP_CAS && !json_is_true(json_object_get(object, "succeeded"))) {
        a.result = RESULT_FAIL;
    } else {
        a.result = RESULT_OK;
        if (r->op == OP_READ)
            read_register(object, &a);
        else if (r->op == OP_MEMBERS)
            read_members(object, &a);
    }
    *ret = a;
}
