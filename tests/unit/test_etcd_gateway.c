/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "etcd/base64.h"
#include "etcd/gateway.h"
#include "load/gaps.h"

static void base64_is_that_of_the_rfc(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"\xff\xfe", "//4="},
                                           {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        char *encoded = base64_encode(pairs[i][0]), *decoded = base64_decode(pairs[i][1]);
        assert_string_equal(encoded, pairs[i][1]);
        assert_string_equal(decoded, pairs[i][0]);
        free(encoded);
        free(decoded);
    }
    assert_null(base64_decode("Zm9"));
    assert_null(base64_decode("Zm9!"));
}

static void asks(struct request r, const char *path, const char *body)
{
    char *text = gateway_body(&r);
    assert_string_equal(gateway_path(&r), path);
    assert_string_equal(text, body);
    free(text);
}

static void requests_are_as_the_gateway_wants_them(void **state)
{
    (void)state; /* "r/k1" is ci9rMQ==, "v" dg==, "s/v" cy92 */
    asks((struct request){.op = OP_READ, .key = "k1", .weak = true}, "/v3/kv/range",
         "{\"key\":\"ci9rMQ==\",\"serializable\":true}");
    asks((struct request){.op = OP_WRITE, .key = "k1", .value = "v"}, "/v3/kv/put",
         "{\"key\":\"ci9rMQ==\",\"value\":\"dg==\"}");
    asks((struct request){.op = OP_ADD, .key = "set", .value = "v"}, "/v3/kv/put",
         "{\"key\":\"cy92\",\"value\":\"dg==\"}");
    asks((struct request){.op = OP_MEMBERS, .key = "set"}, "/v3/kv/range",
         "{\"key\":\"cy8=\",\"range_end\":\"czA=\",\"keys_only\":true}");
    asks((struct request){.op = OP_CAS, .key = "k1", .value = "v", .old = "v"}, "/v3/kv/txn",
         "{\"compare\":[{\"key\":\"ci9rMQ==\",\"target\":\"VALUE\",\"result\":\"EQUAL\","
         "\"value\":\"dg==\"}],\"success\":[{\"requestPut\":{\"key\":\"ci9rMQ==\","
         "\"value\":\"dg==\"}}]}");
    asks((struct request){.op = OP_CAS, .key = "k1", .value = "v"}, "/v3/kv/txn",
         "{\"compare\":[{\"key\":\"ci9rMQ==\",\"target\":\"VERSION\",\"result\":\"EQUAL\","
         "\"version\":\"0\"}],\"success\":[{\"requestPut\":{\"key\":\"ci9rMQ==\","
         "\"value\":\"dg==\"}}]}");
}

static void means(enum history_op op, long status, const char *body, enum history_result result,
                  const char *value)
{
    struct request r = {.op = op, .key = "k1"};
    struct answer a;
    gateway_answer(&r, status, body, strlen(body), &a);
    assert_int_equal(a.result, result);
    assert_true(!a.value == !value);
    if (value)
        assert_string_equal(a.value, value);
    answer_done(&a);
}

#define HEADER "{\"header\":{\"revision\":\"7\"}"

static void answers_mean_what_they_say(void **state)
{
    (void)state;
    means(OP_WRITE, 200, HEADER "}", RESULT_OK, NULL);
    means(OP_READ, 200, HEADER "}", RESULT_OK, "null");
    means(OP_READ, 200, HEADER ",\"kvs\":[{\"value\":\"dg==\",\"mod_revision\":\"7\"}]}", RESULT_OK,
          "\"v\"");
    means(OP_MEMBERS, 200, HEADER ",\"kvs\":[{\"key\":\"cy92\"},{\"key\":\"cy94\"}]}", RESULT_OK,
          "[\"v\",\"x\"]");
    means(OP_CAS, 200, HEADER ",\"succeeded\":true}", RESULT_OK, NULL);
    means(OP_CAS, 200, HEADER "}", RESULT_FAIL, NULL);
}

static void an_error_leaves_it_open_what_was_done(void **state)
{
    (void)state;
    means(OP_WRITE, 503, "{\"error\":\"etcdserver: request timed out\",\"code\":14}",
          RESULT_UNKNOWN, NULL);
    means(OP_CAS, 200, "", RESULT_UNKNOWN, NULL);
    means(OP_CAS, 200, "{\"succeeded\":tr", RESULT_UNKNOWN, NULL);
    means(OP_CAS, 200, "[]", RESULT_UNKNOWN, NULL);
    means(OP_READ, 500, "<html>", RESULT_UNKNOWN, NULL);
}

static void gaps_lie_between_commits_and_at_the_ends(void **state)
{
    (void)state;
    double commits[] = {5.0, 2.0, 2.1, 9.9, 0.5};
    struct gaps g;
    gaps_find(commits, 5, 1, 9, 2.9, &g);
    assert_int_equal(g.count, 2);
    assert_true(g.list[0].begin == 2.1 && g.list[0].end == 5.0);
    assert_true(g.list[1].begin == 5.0 && g.list[1].end == 9.0);
    assert_true(g.longest.begin == 5.0 && g.longest.end == 9.0);
    gaps_done(&g);
    gaps_find(NULL, 0, 1, 4, 1, &g); /* nothing at all */
    assert_int_equal(g.count, 1);
    assert_true(g.longest.begin == 1 && g.longest.end == 4);
    gaps_done(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_is_that_of_the_rfc),
        cmocka_unit_test(requests_are_as_the_gateway_wants_them),
        cmocka_unit_test(answers_mean_what_they_say),
        cmocka_unit_test(an_error_leaves_it_open_what_was_done),
        cmocka_unit_test(gaps_lie_between_commits_and_at_the_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
