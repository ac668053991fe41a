/* SPDX-License-Identifier: MIT
 *
 * Requests to this kernel that anybody may make: one to do nothing, which it acknowledges, and one
 * of a type that it does not know.
 */
#include <errno.h>
#include <linux/netlink.h>

#include "expect.h"
#include "net/netlink.h"

enum { UNKNOWN_TYPE = 0x7fff, COUNT = 1000 };

static struct netlink *open_socket(void)
{
    struct netlink *nl = NULL;
    struct error err;
    if (netlink_open(&nl, &err) < 0)
        fail_msg("%s", err.text);
    return nl;
}

static int request(struct netlink *nl, int type, size_t size, struct error *err)
{
    static char body[4096];
    struct nl_msg *msg = nlmsg_alloc_size(2 * sizeof(body));
    nlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, type, 0, 0);
    nlmsg_append(msg, body, size, 0);
    return netlink_request(nl, msg, err);
}

static void a_request_is_answered_at_once(void **state)
{
    (void)state;
    struct netlink *nl = open_socket();
    struct error err;
    assert_int_equal(request(nl, NLMSG_NOOP, 0, &err), 0);
    assert_int_equal(request(nl, UNKNOWN_TYPE, 16, &err), -EOPNOTSUPP);
    assert_int_equal(err.code, EOPNOTSUPP);
    assert_int_equal(request(nl, NLMSG_NOOP, 0, &err), 0);
    netlink_close(nl);
}

/* Gathers COUNT requests of different sizes, of which number `bad` and `bad2` will be refused. */
static int gather(struct netlink *nl, const char *tags, size_t bad, size_t bad2, const void **ret,
                  struct error *err)
{
    for (size_t i = 0; i < COUNT; i++) {
        netlink_gather(nl, &tags[i]);
        bool refused = i == bad || i == bad2;
        assert_int_equal(request(nl, refused ? UNKNOWN_TYPE : NLMSG_NOOP, i * 37 % 3001, err), 0);
    }
    return netlink_flush(nl, ret, err);
}

static void gathered_requests_are_all_answered(void **state)
{
    (void)state;
    struct netlink *nl = open_socket();
    char tags[COUNT];
    const void *refused = NULL;
    struct error err;
    assert_int_equal(gather(nl, tags, COUNT, COUNT, &refused, &err), 0);
    assert_null(refused);
    netlink_close(nl);
}

static void the_first_refused_request_is_found_wherever_it_is(void **state)
{
    (void)state;
    static const size_t positions[] = {0, 1, 17, 127, 128, 129, 500, COUNT - 1};
    struct netlink *nl = open_socket();
    char tags[COUNT];
    for (size_t i = 0; i < ARRAY_LEN(positions); i++) {
        const void *refused = NULL;
        struct error err;
        assert_int_equal(gather(nl, tags, positions[i], COUNT - 1, &refused, &err), -EOPNOTSUPP);
        assert_ptr_equal(refused, &tags[positions[i]]);
        assert_int_equal(err.code, EOPNOTSUPP);
        assert_int_equal(netlink_flush(nl, &refused, &err), 0);
        assert_int_equal(request(nl, NLMSG_NOOP, 0, &err), 0);
    }
    netlink_close(nl);
}

static int refuse_all(void *arg, const void *message, size_t size, void *ret_answer,
                      size_t *ret_size, struct error *err)
{
    (void)arg, (void)message, (void)size, (void)ret_answer, (void)ret_size;
    return error_set(err, EIO, "no line");
}

static void remote_requests_are_not_gathered(void **state)
{
    (void)state;
    struct netlink *nl = NULL;
    struct error err;
    const void *refused;
    assert_int_equal(netlink_open_remote(refuse_all, NULL, &nl, &err), 0);
    netlink_gather(nl, &err);
    assert_int_equal(request(nl, NLMSG_NOOP, 0, &err), -EIO);
    assert_int_equal(netlink_flush(nl, &refused, &err), 0);
    netlink_close(nl);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_answered_at_once),
        cmocka_unit_test(gathered_requests_are_all_answered),
        cmocka_unit_test(the_first_refused_request_is_found_wherever_it_is),
        cmocka_unit_test(remote_requests_are_not_gathered),
    };
    return RUN_TESTS(tests);
}
