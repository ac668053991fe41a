/* SPDX-License-Identifier: MIT
 *
 * What is refused: every case is a file and the whole place with the beginning of the text, since
 * place and words are what the author of a file gets to work with.
 */
#include <time.h>

#include "expect.h"
#include "topology/scenario.h"

struct refusal {
    const char *text; /* of s.yaml */
    const char *part; /* "LINE:COL: text" */
};

static void expect_refused(const char *text, const char *set, const char *part)
{
    char *path = expect_file("s.yaml", text);
    struct scenario *s = NULL;
    struct error err;
    if (scenario_open(path, &set, set ? 1 : 0, &s, &err) == 0)
        fail_msg("accepted: %s%s%s", text, set ? " with --set " : "", set ? set : "");
    expect_input_error(&err, part);
    size_t len = strlen(path);
    if (!set && (strncmp(err.text, path, len) != 0 || err.text[len] != ':'))
        fail_msg("no place in \"%s\"", err.text);
    free(path);
}

static void expect_all_refused(const struct refusal *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *part = xasprintf("s.yaml:%s", cases[i].part);
        expect_refused(cases[i].text, NULL, part);
        free(part);
    }
}

static void top_level_keys_are_checked(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"- a\n", "1:1: found a list, expected a map for a scenario"},
        {"name: x\n", "1:1: found no 'nodes', expected at least one node"},
        {"nodes: {a: }\nlink: []\n", "2:1: unknown key 'link', did you mean 'links'?"},
        {"nodes: {a: }\nname: My Lab\n", "2:7: found 'My Lab' as the name of a scenario"},
        {"nodes: {a: }\nseed: -1\n", "2:7: expected a whole number, found '-1'"},
        {"nodes: {a: }\nrepeat: 0\n", "2:9: '0' is out of range: expected 1 to 10000"},
        {"nodes: {a: }\nengine: tc\n", "2:9: found 'tc' as the engine, expected auto, netem or"},
        {"nodes: {a: }\nidle: 0\n", "2:7: found '0' as 'idle', expected auto, poll or halt"},
        {"nodes: {a: }\nseed: [1]\n", "2:7: found a list, expected a single value for the seed"},
    };
    expect_all_refused(cases, ARRAY_LEN(cases));
}

static void the_limits_of_the_verdict_are_checked(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"nodes: {a: }\nverdict: strict\n", "2:10: found 'strict', expected a map for the verdict"},
        {"nodes: {a: }\nverdict: {delay: 1ms}\n", "2:11: unknown key 'delay'"},
        {"nodes: {a: }\nverdict: {delay_error: 1%}\n", "2:24: unknown unit '%' in '1%'"},
        {"nodes: {a: }\nverdict: {drops: 5}\n", "2:18: '5' has no unit: expected a percentage"},
        {"nodes: {a: }\nverdict: {steal: [5%]}\n", "2:18: found a list, expected"},
        {"nodes: {a: }\nverdict: {confidence: 20%}\n", "2:23: a confidence of '20%' is out of"},
        {"nodes: {a: }\nverdict: {confidence: 100%}\n", "2:23: a confidence of '100%' is out of"},
    };
    expect_all_refused(cases, ARRAY_LEN(cases));
}

static void the_tcp_profile_is_checked(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"nodes: {a: }\ntcp: cubic\n", "2:6: found 'cubic', expected a map for the TCP profile"},
        {"nodes: {a: }\ntcp: {congestion: }\n", "2:19: found '' as congestion control"},
        {"nodes: {a: }\ntcp: {congestion: 'no such'}\n", "2:19: found 'no such' as congestion"},
        {"nodes: {a: }\ntcp: {congestion: a-very-long-name}\n", "2:19: found 'a-very-long-name'"},
        {"nodes: {a: }\ntcp: {buffer: 25}\n", "2:15: '25' has no unit: expected a size"},
        {"nodes: {a: }\ntcp: {buffer: 1KiB}\n", "2:15: '1KiB' is out of range: expected 16KiB"},
        {"nodes: {a: }\ntcp: {buffer: 2GB}\n", "2:15: '2GB' is out of range"},
        {"nodes: {a: }\ntcp: {buffers: 1MB}\n", "2:7: unknown key 'buffers', did you mean"},
    };
    expect_all_refused(cases, ARRAY_LEN(cases));
}

static void nodes_are_checked(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"nodes: {}\n", "1:8: found no nodes, expected at least one"},
        {"nodes:\n", "1:7: found nothing, expected a map for the nodes"},
        {"nodes: [a]\n", "1:8: found a list, expected a map for the nodes"},
        {"nodes: {a: 5}\n", "1:12: found '5', expected a map for a node"},
        {"nodes: {a: {count: 0}}\n", "1:20: '0' is out of range: expected 1 to 10000"},
        {"nodes: {a: {count: 10001}}\n", "1:20: '10001' is out of range"},
        {"nodes: {a: {count: 9999}, b: {count: 2}}\n", "1:27: too many nodes: found 10001 with"},
        {"nodes: {a: {count: many}}\n", "1:20: expected a whole number, found 'many'"},
        {"nodes: {a: {kind: docker}}\n", "1:19: found no 'image', which a node of kind docker"},
        {"nodes: {a: {kind: docker, image: -x}}\n", "1:34: found '-x' as the image of a node of"},
        {"nodes: {a: {kind: docker, image: 'x y'}}\n", "1:34: found 'x y' as the image of a node"},
        {"nodes: {a: {kind: docker, image: x, root: host}}\n", "1:43: found a root for a node of"},
        {"nodes: {a: {kind: native, root: /x}}\n",
         "1:33: found '/x' as root of a node of kind nat"},
        {"nodes: {a: {kind: native, image: x}}\n", "1:34: found an image for a node of kind nat"},
        {"nodes: {a: {kind: native, scratch: disk}}\n",
         "1:36: found scratch 'disk' for a node of kin"},
        {"nodes: {a: {io: {read: 5MB/s}}}\n",
         "1:17: found 'io' for a node whose scratch folder is"},
        {"nodes: {a: {kind: uml, scratch: disk, io: {read: 5MB/s}}}\n",
         "1:43: found 'io' for a node of kind uml"},
        {"nodes: {a: {scratch: disk, io: {}}}\n", "1:32: found an empty map, expected 'read' or"},
        {"nodes: {a: {scratch: disk, io: {reed: 1MB/s}}}\n", "1:33: unknown key 'reed', did you"},
        {"nodes: {a: {scratch: disk, io: {read: 5mbit}}}\n", "1:39: unknown unit 'mbit' in '5mb"},
        {"nodes: {a: {kind: native, role: router}}\n", "1:33: found a router of kind native"},
        {"nodes: {a: {kind: native}, b: }\nlinks: [{ends: [b, a]}]\n",
         "2:20: 'a' is of kind native, the host itself, which has no interface of the lab"},
        {"nodes: {a: {kind: native, count: 2}, b: }\nnetworks: {n: {members: [b, a]}}\n",
         "2:29: 'a1' is of kind native"},
        {"nodes: {a: {kind: native}, b: }\nwan: {members: [b, a]}\n", "2:20: 'a' is of kind nat"},
        {"generate: {g: {shape: star, count: 2, kind: native}}\n", "1:12: 'g1' is of kind native"},
        {"nodes: {a: {kind: native}}\nevents: [{at: 1s, fill: a}]\n", "2:25: 'a' is of kind nat"},
        {"nodes: {a: {cpus: fast}}\n", "1:19: found 'fast', expected a number of processors"},
        {"nodes: {a: {cpus: 0x1}}\n", "1:19: found '0x1', expected a number of processors"},
        {"nodes: {a: {cpus: -1}}\n", "1:19: found '-1', expected a number of processors"},
        {"nodes: {a: }\ndelay_scale: 2x\n", "2:14: found '2x', expected a factor for the delays"},
        {"nodes: {a: }\ndelay_scale: 5ms\n", "2:14: found '5ms', expected a factor"},
        {"nodes: {a: }\ndelay_scale: 1001\n", "2:14: '1001' is out of range: expected 0 to 1000"},
        {"nodes: {a: {cpus: }}\n", "1:19: found '', expected a number of processors"},
        {"nodes: {a: {cpus: 0}}\n", "1:19: '0' is out of range: expected 0.01 to 4096"},
        {"nodes: {a: {memory: 64}}\n", "1:21: '64' has no unit: expected a size"},
        {"nodes: {a: {memory: 1MiB}}\n", "1:21: '1MiB' is too small: expected at least 4MiB"},
        {"nodes: {a: {pids: 0}}\n", "1:19: '0' is out of range: expected 1 to 4194304"},
        {"nodes: {a: {boot_timeout: 60}}\n", "1:27: '60' has no unit: expected a time"},
        {"nodes: {a: {boot_timeout: 0s}}\n", "1:27: '0s' leaves no time"},
        {"nodes: {a: {root: rootfs}}\n", "1:19: found 'rootfs' as root of a node of kind process"},
        {"nodes: {a: {kind: container, root: ''}}\n", "1:36: found nothing, expected 'host'"},
        {"nodes: {a: {kind: container, root: [a]}}\n", "1:36: found a list, expected a single"},
        {"nodes: {a: {image: web}}\n", "1:20: found an image for a node of kind process"},
        {"nodes: {a: {kind: container, image: ../x}}\n", "1:37: found '../x' as the name of an"},
        {"nodes: {a: {kind: container, image: x, root: host}}\n", "1:37: found both 'root' and"},
        {"nodes: {a: {kind: cow}}\n", "1:19: found 'cow' as the kind of a node, expected process"},
        {"nodes: {a: {cuont: 1}}\n", "1:13: unknown key 'cuont', did you mean 'count'?"},
        {"nodes: {a: {hosts: 1}}\n", "1:13: unknown key 'hosts', expected one of the keys of a"},
        {"nodes: {a: {regoin: x, counts: 1}}\n", "1:13: unknown key 'regoin', did you mean"},
        {"nodes: {a: {region: []}}\n", "1:21: found an empty list, expected at least one region"},
        {"nodes: {a: {region: [x, ]}, A: }\n", "1:29: found 'A' as the name of a node"},
        {"nodes: {a: {region: [x, '']}}\n", "1:25: found nothing, expected the name of a region"},
        {"nodes: {1a: }\n", "1:9: found '1a' as the name of a node"},
        {"nodes: {a_b: }\n", "1:9: found 'a_b' as the name of a node"},
        {"nodes: {abcdefghijklmnopqrstuvwxyzabcdefg: }\n", "1:9: the name 'abcdefghijklmnop"},
        {"nodes: {abcdefghijklmnopqrstuvwxyzabcdef: {count: 1}}\n", "1:9: the name 'abcdefghijk"},
    };
    expect_all_refused(cases, ARRAY_LEN(cases));
}

static void a_name_taken_twice_is_refused_with_the_other_place(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"nodes:\n  db: {count: 5}\n  db1:\n",
         "3:3: the name 'db1' is already taken by 'db' at line 2, column 3"},
        {"nodes:\n  db1:\n  db: {count: 1}\n",
         "3:3: the name 'db1' is already taken by 'db1' at line 2, column 3"},
        {"nodes:\n  db: {count: 1}\n  db1: {count: 2}\n", "3:3: the name 'db1' is already taken"},
        {"nodes:\n  db: {count: 11}\n  db1: {count: 1}\n", "3:3: the name 'db1' is already"},
        {"nodes: {a: }\nnetworks: {a: {members: [a]}}\n",
         "2:12: the name 'a' is already taken by the node or group at line 1, column 9"},
        {"nodes:\n  a:\n  a:\n", "3:3: the key 'a' is here again: it is already at line 2"},
    };
    expect_all_refused(cases, ARRAY_LEN(cases));
}

static void the_wan_is_checked(void **state)
{
    (void)state;
    char *matrix = expect_file("m.csv", "# holds: rtt\nfrom,x,y\nx,,\ny,1,\n");
    static const struct refusal cases[] = {
        {"nodes: {a: }\nwan: {}\n", "2:6: the wan has no 'members'"},
        {"nodes: {a: }\nwan: {members: a}\n", "2:16: found 'a', expected a list for members"},
        {"nodes: {a: }\nwan: {members: []}\n", "2:16: found an empty list"},
        {"nodes: {a: {count: 1001}}\nwan: {members: [a]}\n", "2:16: a wan of 1001 members"},
        {"nodes: {ab1: }\nwan: {members: [ab2]}\n",
         "2:17: no node or group 'ab2', did you mean 'ab1'?"},
        {"nodes: {alpha: }\nwan: {members: [zulu]}\n", "2:17: no node or group 'zulu', expected "},
        {"nodes: {a: {count: 2}}\nwan: {members: [a1,\n  a]}\n",
         "3:3: 'a1' is here again: it is already a member by 'a1' at line 2, column 17"},
        {"nodes: {a: }\nwan: {members: [a], delay: 10}\n", "2:28: '10' has no unit: expected a"},
        {"nodes: {a: }\nwan: {members: [a], delay: 1ms, matrix: m.csv}\n",
         "2:28: found both 'matrix' and 'delay'"},
        {"nodes: {a: }\nwan: {members: [a], matrix: none.csv}\n", "2:29: no file '/"},
        {"nodes: {a: }\nwan: {members: [a], matrix: m.csv}\n",
         "1:9: 'a' has no region, expected one of the wan's matrix"},
        {"nodes: {a: {count: 2, region: [x, yy]}}\nwan: {members: [a], matrix: m.csv}\n",
         "1:35: no region 'yy' in '"},
        {"nodes: {a: {region: z}}\nwan: {members: [a], matrix: m.csv}\n", "1:21: no region 'z'"},
        {"nodes: {a: }\nwan: {members: [a], loss: 101%}\n", "2:27: '101%' is out of range"},
        {"nodes: {a: }\nwan: {members: [a], rate: 0bit}\n", "2:27: a rate of '0bit' would let"},
        {"nodes: {a: {count: 2}}\nwan: {members: [a], a1->b: {loss: 1%}}\n",
         "2:21: no node or group 'b'"},
        {"nodes: {a: {count: 2}, b: }\nwan: {members: [a], a1->b: {loss: 1%}}\n",
         "2:21: the wan has no pair 'a1->b'"},
        {"nodes: {a: {count: 2}}\nwan: {members: [a], a1->a2: {los: 1%}}\n",
         "2:30: unknown key 'los', did you mean 'loss'?"},
        {"nodes: {a: {count: 2, region: x}}\nwan: {members: [a], matrix: m.csv, jitter: 1ms}\n",
         "2:44: found a jitter of 1ms above the delay of 0ms"},
    };
    expect_all_refused(cases, ARRAY_LEN(cases));
    free(matrix);
}

static void an_empty_cell_of_the_matrix_is_refused_at_the_matrix(void **state)
{
    (void)state;
    char *matrix = expect_file("m.csv", "# holds: rtt\nfrom,x,y\nx,,\ny,1,\n");
    char *path = expect_file("s.yaml", "nodes: {a: {count: 2, region: [x, y]}}\n"
                                       "wan: {members: [a], matrix: m.csv}\n");
    struct scenario *s = NULL;
    struct error err;
    assert_true(scenario_open(path, NULL, 0, &s, &err) < 0);
    expect_input_error(&err, "m.csv:3:4: found an empty cell, expected a time from 'x' to 'y'");
    free(matrix);
    free(path);
}

static void links_are_checked(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"nodes: {a: }\nlinks: {}\n", "2:8: found a map, expected a list for links"},
        {"nodes: {a: }\nlinks: [a]\n", "2:9: found 'a', expected a map for a link"},
        {"nodes: {a: }\nlinks: [{}]\n", "2:9: a link without 'ends', expected [a, b]"},
        {"nodes: {a: }\nlinks: [{end: [a, a]}]\n", "2:10: unknown key 'end', did you mean 'ends'"},
        {"nodes: {a: {kind: native, count: 2}}\nlinks: [{ends: [a1, a2], delay: 1ms}]\n",
         "2:17: 'a1' is of kind native"},
        {"nodes: {a: {kind: native, count: 2}}\nlinks: [{ends: [a1, a1]}]\n",
         "2:17: 'a1' is of kind native"},
        {"nodes: {a: {kind: native, count: 2}}\nnetworks: {n: {members: [a], rate: 1mbit}}\n",
         "2:26: 'a1' is of kind native"},
        {"nodes: {a: {count: 2}}\nwan: {members: [a]}\nlinks: [{ends: [a2, a1]}]\n",
         "3:9: the wan joins 'a2' and 'a1' already"},
        {"nodes: {a: }\nlinks: [{ends: [a]}]\n", "2:16: found 1 ends of a link, expected 2"},
        {"nodes: {a: }\nlinks: [{ends: [a, a]}]\n", "2:20: found 'a' at both ends of a link"},
        {"nodes: {a: , bcd: }\nlinks: [{ends: [a, bce]}]\n", "2:20: no node or group 'bce', did"},
        {"nodes: {a: , b: {count: 2}}\nlinks: [{ends: [a, b]}]\n",
         "2:20: 'b' is a group, expected a node such as 'b1'"},
        {"nodes: {a: , b: }\nlinks: [{ends: [a, b], queue: 10}]\n",
         "2:31: '10' has no unit: expected a number of packets such as 100packets"},
        {"nodes: {a: , b: }\nlinks: [{ends: [a, b], a->c: {}}]\n",
         "2:24: unknown key 'a->c', did you mean 'a->b'?"},
        {"nodes: {a: , b: }\nlinks: [{ends: [a, b], a->b: 10ms}]\n",
         "2:30: found '10ms', expected a map for a direction"},
        {"nodes: {a: , b: }\nlinks: [{ends: [a, b], a->b: {ends: [a, b]}}]\n",
         "2:31: unknown key 'ends'"},
        {"nodes: {a: , b: }\nlinks:\n  - {ends: [a, b]}\n  - {ends: [b, a]}\n",
         "4:5: a second link between 'a' and 'b': the first is at line 3, column 5"},
    };
    expect_all_refused(cases, ARRAY_LEN(cases));
}

static void networks_are_checked(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"nodes: {a: }\nnetworks: []\n", "2:11: found a list, expected a map for the networks"},
        {"nodes: {a: }\nnetworks: {l: }\n", "2:15: found nothing, expected a map for a network"},
        {"nodes: {a: }\nnetworks: {l: {}}\n", "2:12: the network 'l' has no 'members'"},
        {"nodes: {a: }\nnetworks: {L: {members: [a]}}\n", "2:12: found 'L' as the name of a netw"},
        {"nodes: {a: }\nnetworks: {l: {members: [a, a]}}\n", "2:29: 'a' is here again"},
        {"nodes: {a: }\nnetworks: {l: {members: [[a]]}}\n", "2:26: found a list, expected a"},
        {"nodes: {a: }\nnetworks: {l: {members: [a], matrix: x}}\n", "2:30: unknown key 'matrix'"},
    };
    expect_all_refused(cases, ARRAY_LEN(cases));
}

static void the_workload_is_checked(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"nodes: {a: }\nworkload: w\n", "2:11: found 'w', expected a map for the workload"},
        {"nodes: {a: }\nworkload: {}\n", "2:11: found no workload, expected the name of one"},
        {"nodes: {a: }\nworkload: {v: , w: }\n", "2:17: found a second workload 'w' after 'v'"},
        {"nodes: {a: }\nworkload: {My: }\n", "2:12: found 'My' as the name of a workload"},
        {"nodes: {a: }\nworkload: {../My_x/: }\n", "2:12: found 'My_x' as the name of a workload"},
        {"nodes: {a: }\nworkload: {.: }\n", "2:12: found '.', expected the name of a workload or"},
        {"nodes: {a: }\nworkload: {./x/..: }\n", "2:12: found './x/..', expected the name of a"},
        {"nodes: {a: }\nworkload: {./x: , ./y: }\n", "2:19: found a second workload './y' after"},
        {"nodes: {a: }\nworkload: {w: 5}\n", "2:15: found '5', expected a map for the parameters"},
        {"nodes: {a: }\nworkload: {w: {x: [1]}}\n", "2:19: found a list, expected a single value"},
        {"nodes: {a: }\nworkload: {w: {x: }}\n", "2:19: found nothing, expected a value for 'x'"},
    };
    expect_all_refused(cases, ARRAY_LEN(cases));
}

/* Refused by their numbers, not after hours of trying each. */
static void a_huge_sweep_is_refused_at_once(void **state)
{
    (void)state;
    static char values[8192], text[20 * sizeof(values)];
    size_t len = 0;
    for (unsigned i = 2; i <= 1001; i++)
        len += (size_t)snprintf(values + len, sizeof(values) - len, "%s%u", i > 2 ? ", " : "", i);
    const char *base = "nodes: {a: {count: 2}}\nwan: {members: [a], delay: 5ms}\n"
                       "workload: {w: }\nsweep:\n";
    const clock_t before = clock();
    snprintf(text, sizeof(text), "%s  nodes.a.count: [%s]\n  seed: [%s]\n  x: [%s]\n", base, values,
             values, values);
    expect_scenario_refused(text, "5:3: found 1000000000 points, expected at most 100000");
    snprintf(text, sizeof(text), "%s- {seed: 1}\n- {nodes.a.count: [%s], x: [%s]}\n", base, values,
             values);
    expect_scenario_refused(text, "6:3: found 1000001 points, expected at most 10000");
    len = (size_t)snprintf(text, sizeof(text), "%s", base);
    for (int key = 'a'; key < 'a' + 16; key++) /* more than a number of 64 bits can count */
        len += (size_t)snprintf(text + len, sizeof(text) - len, "  %c: [%s]\n", key, values);
    expect_scenario_refused(text, "5:3: found 1e+48 points, expected at most 100000");
    assert_true(clock() - before < 10 * CLOCKS_PER_SEC);
}

static void a_sweep_must_be_applicable(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"nodes: {a: }\nsweep: 1\n", "2:8: found a single value, expected a map or a list"},
        {"nodes: {a: }\nsweep: [1]\n", "2:9: expected a point of the sweep, such as"},
        {"nodes: {a: }\nsweep: []\n", "2:8: found no points in the sweep, expected some"},
        {"nodes: {a: }\nsweep: [{seed: 1}, {seed: 2}, {seed: 1}]\n",
         "2:31: this point is here again"},
        {"nodes: {a: }\nsweep: [{rate: 1/s}]\n",
         "2:10: 'rate' is for a workload, but the file has"},
        {"nodes: {a: {count: 1}}\nsweep: [{nodes.a.count: x}]\n",
         "2:9: this point: --set nodes.a.count"},
        {"nodes: {a: {count: 1}}\nsweep: [{nodes.a.count: [[1]]}]\n",
         "2:26: found a list, expected a single"},
        {"nodes: {a: {count: 1}}\nsweep: [{nodes.a.count: []}]\n",
         "2:25: found 0 values for 'nodes.a.count', expected 1 to"},
        {"nodes: {a: {count: 1}}\nsweep: [{seed: [1, 2], nodes.a.count: 3}, {nodes.a.count: 3, "
         "seed: 2}]\n",
         "2:43: this point is here again"},
        {"nodes: {a: {accelerator: hvf}}\n",
         "1:26: found 'hvf' as the accelerator, expected auto, kvm"},
        {"nodes: {a: {count: 1}}\nquick: 1\n", "2:8: expected a map of keys to change"},
        {"nodes: {a: {count: 1}}\nquick: {nodes.b.count: 1}\n",
         "2:9: the file has no 'b' in 'nodes'"},
        {"nodes: {a: {count: 1}}\nquick: {quick: {}}\n", "2:9: 'quick' cannot change itself"},
        {"nodes: {a: {count: 1}}\nquick: {nodes.a.count: x}\n",
         "2:24: expected a whole number, found 'x'"},
        {"nodes: {a: {count: 1}}\nsweep: [{seed: }]\n",
         "2:16: found nothing, expected a value for 'seed'"},
        {"nodes: {a: }\nworkload: {w: }\nsaturation: {from: 1/s}\n", "3:13: found no 'of'"},
        {"nodes: {a: }\nworkload: {w: }\nsaturation: {of: nodes.a.kind}\n",
         "3:18: found 'nodes.a.kind', expected a parameter of the workload"},
        {"nodes: {a: }\nworkload: {w: }\nsaturation: {of: r, within: 0%}\n",
         "3:29: found 0% for within, expected more than 0%"},
        {"nodes: {a: }\nworkload: {w: }\nsaturation: {of: r, form: 1/s}\n",
         "3:21: unknown key 'form', did you mean 'from'?"},
        {"nodes: {a: }\nprecision: 5\n", "2:12: '5' has no unit"},
        {"nodes: {a: }\nprecision: 0%\n", "2:12: found 0% for precision, expected more"},
        {"nodes: {a: }\nrepeat_max: 5\n", "2:13: found 'repeat_max' without 'precision'"},
        {"nodes: {a: }\nrepeat: 5\nprecision: 5%\nrepeat_max: 4\n", "4:13: "},
        {"nodes: {a: }\nsweep: {rate: [1/s]}\n", "2:9: 'rate' is for a workload, but the file has"},
        {"nodes: {a: }\nworkload: {w: }\nsweep: {workload.v.x: 1}\n",
         "3:9: found the key 'workload.v.x', expected 'workload.w.PARAMETER'"},
        {"nodes: {a: }\nworkload: {w: }\nsweep: {workload.w.: 1}\n", "3:9: found the key"},
        {"nodes: {abc: {count: 1}}\nsweep: {nodes.abd.count: 1}\n",
         "2:9: the file has no 'abd' in 'nodes', did you mean 'abc'?"},
        {"nodes: {a: }\nsweep: {networks.l.delay: 1ms}\n",
         "2:9: the file has no 'l' in 'networks'"},
        {"nodes: {a: }\nsweep: {wan.delay: 1ms}\n", "2:9: found the key 'wan.delay', but the file"},
        {"nodes: {a: }\nsweep: {sweep.x: 1}\n", "2:9: found the key 'sweep.x', expected a param"},
        {"nodes: {a: {count: 1}}\nsweep: {nodes.a.count: [1, x]}\n",
         "2:28: nodes.a.count=x: expected a whole number, found 'x'"},
        {"nodes: {a: {count: 1}}\nsweep: {nodes.a.kind: [process, docker]}\n",
         "2:33: nodes.a.kind=docker: found no 'image'"},
        {"nodes: {a: {count: 1}}\nsweep: {nodes.a.cuont: [1]}\n",
         "2:25: nodes.a.cuont=1: unknown key 'cuont'"},
        {"nodes: {a: {count: 3}}\nlinks: [{ends: [a1, a3]}]\nsweep: {nodes.a.count: [3, 2]}\n",
         "3:28: nodes.a.count=2: /"},
        {"nodes: {a: }\nsweep: {seed: []}\n", "2:15: found 0 values for 'seed', expected 1 to"},
        {"nodes: {a: }\nsweep: {seed: }\n", "2:15: found nothing, expected a value for 'seed'"},
        {"nodes: {a: }\nsweep: {seed: [1, 1]}\n", "2:19: the value '1' is here again"},
        {"nodes: {a: }\nsweep: {seed: [[1]]}\n", "2:16: found a list, expected a single value"},
        {"nodes: {a: }\nworkload: {w: }\nsweep:\n  x: 1\n  workload.w.x: 2\n",
         "5:3: 'workload.w.x' is here again: it is already at line 4, column 3"},
    };
    expect_all_refused(cases, ARRAY_LEN(cases));
}

static void a_set_is_blamed_by_its_key(void **state)
{
    (void)state;
    static const struct {
        const char *set, *part;
    } cases[] = {
        {"seed", "--set seed: found no '=', expected KEY=VALUE"},
        {"=1", "--set : found an empty key"},
        {"sed=1", "--set sed: unknown key 'sed', did you mean 'seed'?"},
        {"nodes.abc.count=x", "--set nodes.abc.count: expected a whole number, found 'x'"},
        {"nodes.abd.count=1", "--set nodes.abd.count: the file has no 'abd' in 'nodes', did you"},
        {"networks.x.delay=1ms", "--set networks.x.delay: the file has no 'x' in 'networks'"},
        {"wan.delay=10", "--set wan.delay: '10' has no unit"},
        {"wan.delay=[1ms]", "--set wan.delay: found a list"},
        {"nodes.abc.cuont=1", "--set nodes.abc.cuont: unknown key 'cuont'"},
        {"seed.x=1", "--set seed.x: 'seed' is a single value"},
        {"seed=[", "--set seed: "},
        {"seed=", "--set seed: expected a whole number, found ''"},
        {"links=5", "--set links: found '5', expected a list for links"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_refused("seed: 1\nnodes: {abc: {region: x}}\nwan: {members: [abc]}\n", cases[i].set,
                       cases[i].part);
}

static void a_missing_file_is_an_error_of_input(void **state)
{
    (void)state;
    struct scenario *s = NULL;
    struct error err;
    assert_true(scenario_open("/nonexistent/x.yaml", NULL, 0, &s, &err) < 0);
    expect_input_error(&err, "/nonexistent/x.yaml:1:1: cannot open");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(top_level_keys_are_checked),
        cmocka_unit_test(the_limits_of_the_verdict_are_checked),
        cmocka_unit_test(the_tcp_profile_is_checked),
        cmocka_unit_test(nodes_are_checked),
        cmocka_unit_test(a_name_taken_twice_is_refused_with_the_other_place),
        cmocka_unit_test(the_wan_is_checked),
        cmocka_unit_test(an_empty_cell_of_the_matrix_is_refused_at_the_matrix),
        cmocka_unit_test(links_are_checked),
        cmocka_unit_test(networks_are_checked),
        cmocka_unit_test(the_workload_is_checked),
        cmocka_unit_test(a_huge_sweep_is_refused_at_once),
        cmocka_unit_test(a_sweep_must_be_applicable),
        cmocka_unit_test(a_set_is_blamed_by_its_key),
        cmocka_unit_test(a_missing_file_is_an_error_of_input),
    };
    return RUN_TESTS(tests);
}
