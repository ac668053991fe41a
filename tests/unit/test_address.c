/* SPDX-License-Identifier: MIT
 *
 * MTUs, and subnets, addresses and MACs that a file gives.
 */
#include <stdlib.h>

#include "expect.h"
#include "topology/plan.h"

static struct scenario *scenario;
static struct plan *plan;

static void open_text(const char *text)
{
    struct error err;
    char *file = expect_file("s.yaml", text);
    if (scenario_open(file, NULL, 0, &scenario, &err) < 0 ||
        plan_new(scenario, ENGINE_DELAYLINE, &plan, &err) < 0)
        fail_msg("%s", err.text);
    free(file);
}

static void close_all(void)
{
    plan_free(plan);
    scenario_free(scenario);
}

static void expect_port(size_t port, const char *v4, const char *v6)
{
    char text[IP_TEXT_MAX];
    assert_string_equal(ip_format_prefix(text, &plan->ports[port].v4), v4);
    assert_string_equal(ip_format_prefix(text, &plan->ports[port].v6), v6);
}

static void who_has_no_address_gets_the_first_free_one_of_the_subnet(void **state)
{
    (void)state;
    open_text("nodes: {a: , b: , c: , d: }\n"
              "networks: {lan: {members: [a, b, c], subnet: [192.168.1.0/24, fd00:1::/64],\n"
              "  addresses: {b: 192.168.1.1, c: [192.168.1.20, 'fd00:1::1']}}}\n"
              "links: [{ends: [a, d], subnet: 172.16.0.0/31, macs: {d: 52:54:00:00:00:01}}]\n");
    expect_port(0, "172.16.0.0/31", "fd77:6c61:6201::1/64");
    expect_port(1, "172.16.0.1/31", "fd77:6c61:6201::2/64");
    expect_port(2, "192.168.1.2/24", "fd00:1::2/64");
    expect_port(3, "192.168.1.1/24", "fd00:1::3/64");
    expect_port(4, "192.168.1.20/24", "fd00:1::1/64");
    assert_memory_equal(plan->ports[1].node_mac, "\x52\x54\0\0\0\x01", 6);
    assert_int_equal(plan->ports[0].node_mac[0], 0x02);
    close_all();
}

static void each_connection_has_its_mtu(void **state)
{
    (void)state;
    open_text(
        "nodes: {a: , r: {role: router}, b: }\n"
        "links: [{ends: [a, r], mtu: 9000}]\nnetworks: {lan: {members: [r, b], mtu: 1280}}\n");
    assert_int_equal(plan->ports[0].mtu, 9000);
    assert_int_equal(plan->ports[3].mtu, 1280);
    assert_int_equal(plan_mtu_towards(plan, 0, 1), 9000);
    assert_int_equal(plan_mtu_towards(plan, 2, 1), 1280);
    assert_int_equal(plan_mtu_towards(plan, 0, 2), 0);
    close_all();
    open_text("nodes: {n: {count: 2}}\nwan: {members: [n]}\n");
    assert_int_equal(plan_mtu_towards(plan, 0, 1), 1500);
    close_all();
}

#define LINK "nodes: {a: , b: }\nlinks:\n  - {ends: [a, b], "
#define LAN  "nodes: {a: , b: }\nnetworks:\n  l: {members: [a, b], "

static void wrong_ones_are_refused_at_their_place(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {LINK "mtu: 1000}\n", "3:25: '1000' is out of range: expected 1280, the least that IPv6"},
        {LINK "mtu: 70000}\n", "3:25: '70000' is out of range"},
        {LINK "mtu: big}\n", "3:25: expected a whole number"},
        {"nodes: {a: {kind: uml}, b: }\nlinks: [{ends: [a, b], mtu: 9000}]\n",
         "2:29: 'a' is a virtual machine"},
        {LINK "subnet: 192.168.1.0}\n", "3:28: found '192.168.1.0', expected a subnet such as"},
        {LINK "subnet: 192.168.1.0/+24}\n", "3:28: found '192.168.1.0/+24', expected"},
        {LINK "subnet: 192.168.1.5/24}\n", "3:28: '192.168.1.5/24' has bits behind its prefix"},
        {LINK "subnet: 192.168.1.5/32}\n", "has a prefix out of range"},
        {LINK "subnet: 10.64.9.0/24}\n", "overlaps 10.64.0.0/10, where addresses of links are"},
        {LINK "subnet: 10.0.0.0/8}\n", "overlaps 10.0.0.0/16, where"},
        {LINK "subnet: 127.1.0.0/16}\n", "overlaps 127.0.0.0/8"},
        {LINK "subnet: 'fd77:6c61:6202:5::/64'}\n", "overlaps fd77:6c61:6200::/46"},
        {LINK "subnet: [192.168.1.0/24, 192.168.2.0/24]}\n", "3:45: found a second subnet of IPv4"},
        {LAN "subnet: 192.168.1.0/31, addresses: {a: 192.168.2.0}}\n", "is not in the subnet"},
        {"nodes: {n: {count: 3}}\nnetworks: {l: {members: [n], subnet: 192.168.1.0/30}}\n",
         "2:38: the subnet has no room for 3 addresses"},
        {LAN "addresses: {a: 192.168.1.1}}\n", "3:39: found an address of IPv4 without a 'subnet'"},
        {LAN "subnet: 192.168.1.0/24, addresses: {c: 192.168.1.1}}\n",
         "3:60: 'c' is no node of this network"},
        {LAN "subnet: 192.168.1.0/24, addresses: {a: 192.168.1.255}}\n", "of the subnet itself"},
        {LAN "subnet: 192.168.1.0/24, addresses: {a: 192.168.1.0}}\n", "of the subnet itself"},
        {LAN "subnet: 192.168.1.0/24, addresses: {a: x}}\n", "found 'x', expected an address such"},
        {LAN "subnet: 192.168.1.0/24, addresses: {a: 192.168.1.7, b: 192.168.1.7}}\n",
         "3:79: this address is taken by 'a' at line 3, column 63"},
        {LAN "subnet: 192.168.1.0/24, addresses: {a: [192.168.1.7, 192.168.1.8]}}\n",
         "found a second address of IPv4"},
        {LINK "macs: {a: 52:54:00:00:00}}\n", "expected a MAC such as 52:54:00:12:34:56"},
        {LINK "macs: {a: 53:54:00:00:00:01}}\n", "cannot be an interface's"},
        {LINK "macs: {a: 02:01:00:00:00:01}}\n", "cannot be an interface's"},
        {LINK "macs: {a: '52:54:00:00:00:01', b: 52:54:00:00:00:01}}\n",
         "this MAC is taken already at line 3"},
        {LINK "macs: [a]}\n", "3:26: found a list, expected a map for MACs"},
        {"nodes: {a: , b: , c: }\nlinks:\n"
         "  - {ends: [a, b], subnet: 192.168.0.0/16}\n  - {ends: [b, c], subnet: 192.168.1.0/24}\n",
         "4:28: the subnet overlaps 192.168.0.0/16 at line 3, column 28"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_scenario_refused(cases[i][0], cases[i][1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_has_no_address_gets_the_first_free_one_of_the_subnet),
        cmocka_unit_test(each_connection_has_its_mtu),
        cmocka_unit_test(wrong_ones_are_refused_at_their_place),
    };
    return RUN_TESTS(tests);
}
