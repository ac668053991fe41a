/* SPDX-License-Identifier: MIT
 *
 * The answer of a guest's kernel to a netlink request, with the right sequence number.
 */
#include <linux/netlink.h>
#include <netlink/msg.h>
#include <stddef.h>
#include <string.h>

#include "fuzz.h"
#include "net/netlink.h"

struct bytes {
    const uint8_t *data;
    size_t size;
};

static int answer(void *arg, const void *request, size_t size, void *ret, size_t *ret_size,
                  struct error *err)
{
    const struct bytes *b = arg;
    const struct nlmsghdr *head = request;
    (void)size, (void)err;
    *ret_size = b->size < *ret_size ? b->size : *ret_size;
    memset(ret, 0xff, *ret_size < sizeof(*head) ? sizeof(*head) : *ret_size);
    memcpy(ret, b->data, *ret_size);
    memcpy((char *)ret + offsetof(struct nlmsghdr, nlmsg_seq), &head->nlmsg_seq,
           sizeof(head->nlmsg_seq));
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes bytes = {data, size};
    struct netlink *nl;
    struct error err = {0};
    struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, 0);
    netlink_open_remote(answer, &bytes, &nl, &err);
    if (netlink_request(nl, msg, &err) < 0 && !*err.text)
        fuzz_fail("an error without words", "");
    netlink_close(nl);
    return 0;
}
