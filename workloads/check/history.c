/* SPDX-License-Identifier: MIT */
#include "history.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"

static const char *const op_names[] = {"read", "write", "cas", "add", "members"};
static const char *const result_names[] = {"ok", "fail", "unknown"};

/* Who wrote this line is a wanlab program, but it is no operation. */
static const char *const other_members[] = {"metric", "phase", "progress", "error"};

bool history_is_set(const struct operation *o)
{
    return o->op == OP_ADD || o->op == OP_MEMBERS;
}

const char *history_op_name(enum history_op op)
{
    return op_names[op];
}

const char *history_result_name(enum history_result result)
{
    return result_names[result];
}

static int read_word(json_t *object, const char *member, const char *const *words, size_t count,
                     int *ret, struct error *err)
{
    json_t *value = json_object_get(object, member);
    const char *word = json_string_value(value);
    for (size_t i = 0; word && i < count; i++)
        if (!strcmp(word, words[i])) {
            *ret = (int)i;
            return 0;
        }
    if (!value)
        return error_input(err, "'%s' is missing", member);
    return error_input(err, "'%s' is '%.40s', expected one of %s, %s, %s%s", member,
                       word ? word : "no text", words[0], words[1], words[2],
                       count > 3 ? ", add, members" : "");
}

/* Any JSON as the one text that equal values share. */
static uint32_t intern_value(struct history *h, json_t *value)
{
    if (json_is_integer(value)) {
        char text[32];
        snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
        return intern_add(&h->values, text);
    }
    _cleanup_(freep) char *text =
        json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    return intern_add(&h->values, text ? text : "null");
}

/* A name may be a whole number too. */
static int read_name(json_t *object, const char *member, struct intern *names, uint32_t *ret,
                     struct error *err)
{
    json_t *value = json_object_get(object, member);
    char number[32];
    if (json_is_integer(value))
        snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
    else if (!json_is_string(value))
        return error_input(err, "'%s' is %s, expected a text", member,
                           value ? "something else" : "missing");
    *ret = intern_add(names, json_is_string(value) ? json_string_value(value) : number);
    return 0;
}

static int read_times(json_t *object, double slack_s, struct operation *o, struct error *err)
{
    json_t *call = json_object_get(object, "call"), *ret = json_object_get(object, "return");
    if (!json_is_number(call))
        return error_input(err, "'call' is %s, expected seconds", call ? "no number" : "missing");
    o->call = json_number_value(call) - slack_s;
    if (json_is_number(ret))
        o->ret = json_number_value(ret) + slack_s;
    else if (o->result == RESULT_UNKNOWN && (!ret || json_is_null(ret)))
        o->ret = INFINITY;
    else
        return error_input(err, "'return' is %s, expected seconds", ret ? "no number" : "missing");
    if (o->ret < o->call)
        return error_input(err, "it returns before it is called");
    if (o->result == RESULT_UNKNOWN) /* what is known of it is only that somebody gave up */
        o->ret = INFINITY;
    return 0;
}

static int read_members(struct history *h, json_t *list, struct operation *o, struct error *err)
{
    size_t i;
    json_t *element;
    if (!json_is_array(list))
        return error_input(err, "'value' of members is %s, expected an array",
                           list ? "something else" : "missing");
    if (h->list_len + json_array_size(list) > UINT32_MAX)
        return error_machine(err, E2BIG, "the sets have more than %u elements together",
                             UINT32_MAX);
    o->value = (uint32_t)h->list_len;
    o->member_count = (uint32_t)json_array_size(list);
    json_array_foreach(list, i, element)
    {
        h->lists = array_grow(h->lists, h->list_len, sizeof(*h->lists));
        h->lists[h->list_len++] = intern_value(h, element);
    }
    return 0;
}

static int read_values(struct history *h, json_t *object, struct operation *o, struct error *err)
{
    json_t *value = json_object_get(object, "value"), *old = json_object_get(object, "old");
    json_t *version = json_object_get(object, "version");
    bool returns = o->op == OP_READ || o->op == OP_MEMBERS;
    if (returns && o->result != RESULT_OK)
        return 0;
    if (o->op == OP_MEMBERS)
        return read_members(h, value, o, err);
    if (!value)
        return error_input(err, "'value' is missing (null is an absent key)");
    o->value = intern_value(h, value);
    if (o->op == OP_CAS && !old)
        return error_input(err, "'old' of a cas is missing (null is an absent key)");
    if (o->op == OP_CAS)
        o->old = intern_value(h, old);
    if (json_is_integer(version) && json_integer_value(version) >= 0)
        o->version = json_integer_value(version);
    else if (version && !json_is_null(version))
        return error_input(err, "'version' is no whole number from 0");
    return 0;
}

static bool is_other(json_t *object)
{
    for (size_t i = 0; i < ARRAY_LEN(other_members); i++)
        if (json_object_get(object, other_members[i]))
            return true;
    return false;
}

static int read_object(struct history *h, json_t *object, double slack_s, struct operation *o,
                       struct error *err)
{
    int op, result, r;
    if ((r = read_word(object, "op", op_names, ARRAY_LEN(op_names), &op, err)) < 0 ||
        (r = read_word(object, "result", result_names, ARRAY_LEN(result_names), &result, err)) < 0)
        return r;
    o->op = (enum history_op)op;
    o->result = (enum history_result)result;
    if ((r = read_name(object, "process", &h->processes, &o->process, err)) < 0 ||
        (r = read_name(object, "key", &h->keys, &o->key, err)) < 0 ||
        (r = read_times(object, slack_s, o, err)) < 0)
        return r;
    return read_values(h, object, o, err);
}

static int read_line(struct history *h, const char *text, size_t len, double slack_s,
                     struct operation *o, struct error *err)
{
    json_error_t where;
    if (strspn(text, " \t\r\n") == len)
        return 0;
    json_t *object = json_loadb(text, len, 0, &where);
    int r = 0;
    if (!object)
        r = error_input(err, "not JSON: %s", where.text);
    else if (!json_is_object(object))
        r = error_input(err, "not an object");
    else if (!json_object_get(object, "op") && is_other(object))
        h->other_lines++;
    else
        r = read_object(h, object, slack_s, o, err);
    if (r == 0 && object && json_object_get(object, "op")) {
        h->operations = array_grow(h->operations, h->count, sizeof(*h->operations));
        h->operations[h->count++] = *o;
    }
    json_decref(object);
    return r;
}

static uint64_t memory_of(const struct history *h)
{
    return 2 * (h->count * sizeof(*h->operations) + h->list_len * sizeof(*h->lists)) +
           h->keys.size + h->processes.size + h->values.size;
}

int history_read(struct history *h, FILE *in, const char *name, double slack_s, uint64_t memory,
                 struct error *err)
{
    _cleanup_(freep) char *text = NULL;
    size_t room = 0;
    ssize_t len;
    intern_add(&h->values, "null"); /* HISTORY_NULL */
    struct operation o = {.file = intern_add(&h->files, name)};
    while ((len = getline(&text, &room, in)) >= 0) {
        o = (struct operation){.file = o.file, .line = o.line + 1, .version = HISTORY_VERSION_NONE};
        int r = read_line(h, text, (size_t)len, slack_s, &o, err);
        if (r < 0)
            return error_wrap(err, "%s:%u", name, o.line);
        if (memory_of(h) > memory)
            return error_machine(err, ENOMEM,
                                 "%s:%u: the history does not fit into %llu MiB: give more "
                                 "(--memory), or check a part of it",
                                 name, o.line, (unsigned long long)(memory >> 20));
    }
    if (ferror(in))
        return error_input(err, "cannot read '%s': %s", name, strerror(errno));
    return 0;
}

static int by_key_and_call(const void *a, const void *b)
{
    const struct operation *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    if (x->call != y->call)
        return x->call < y->call ? -1 : 1;
    return x->ret < y->ret ? -1 : x->ret > y->ret;
}

void history_sort(struct history *h)
{
    qsort(h->operations, h->count, sizeof(*h->operations), by_key_and_call);
}

void history_done(struct history *h)
{
    free(h->operations);
    free(h->lists);
    intern_done(&h->keys);
    intern_done(&h->processes);
    intern_done(&h->values);
    intern_done(&h->files);
    *h = (struct history){0};
}
