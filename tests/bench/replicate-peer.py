#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The study's own way to replicate, as a peer to measure against: Python, PyMySQL, blocking, one
remote database after the other. Same tables, same statements, same three phases as
workloads/replicate; it is started in its place (see replicate.sh).
"""
import json
import os
import random
import resource
import string
import time

NODE, INDEX = os.environ["WANLAB_NODE"], int(os.environ["WANLAB_INDEX"])
COUNT, START = int(os.environ["WANLAB_COUNT"]), int(os.environ["WANLAB_START"]) / 1e9
RATE = float(os.environ["WANLAB_PARAM_RATE"])
AGGREGATE = int(os.environ["WANLAB_PARAM_AGGREGATE"])
LENGTH = int(os.environ["WANLAB_PARAM_TUPLE"])
INSERTS = int(os.environ["WANLAB_PARAM_COUNT"]) or round(
    RATE * float(os.environ["WANLAB_PARAM_DURATION"]))
LETTERS = string.ascii_letters + string.digits + "-_"
CREATE = ("CREATE TABLE IF NOT EXISTS tuples (origin SMALLINT UNSIGNED, seq INT UNSIGNED, "
          "number TINYINT UNSIGNED, text VARCHAR(%d) CHARACTER SET ascii COLLATE ascii_bin, "
          "PRIMARY KEY (origin, seq)) ENGINE=InnoDB" % LENGTH)
INSERT = "INSERT IGNORE INTO tuples VALUES "


def row(origin, seq):
    text = "".join(random.choices(LETTERS, k=LENGTH))
    return "(%d,%d,%d,'%s')" % (origin, seq, random.randint(0, 100), text)


def cpu():
    u = resource.getrusage(resource.RUSAGE_SELF)
    return u.ru_utime + u.ru_stime


def report(metrics):
    at = time.time() - START
    with open(os.environ["WANLAB_OUTPUT"], "w") as out:
        for metric, value, unit in metrics:
            out.write(json.dumps({"metric": metric, "value": value, "unit": unit, "at": at}) + "\n")


def connect(address):
    import pymysql
    while True:
        try:
            return pymysql.connect(host=address, user="wanlab", database="wanlab", autocommit=True)
        except pymysql.err.OperationalError:
            time.sleep(0.1)


def meet(cursor, statement, question, wanted):
    cursor.execute(statement)
    while cursor.execute(question) != wanted:
        time.sleep(0.02)


def main_loop(own, remotes):
    """Returns its length, its client's processor time, and the latencies."""
    local, batches, rows = [], [], []
    cpu_before, begin = cpu(), time.monotonic()
    for seq in range(1, INSERTS + 1):
        due = begin + seq / RATE
        now = time.monotonic()
        if due > now:
            time.sleep(due - now)
        rows.append(row(INDEX, seq))
        own.execute(INSERT + rows[-1])
        ready = time.monotonic()
        local.append(ready - due)
        if len(rows) == AGGREGATE or seq == INSERTS:
            statement = INSERT + ",".join(rows)
            for remote in remotes:
                remote.execute(statement)
            rows = []
            batches.append(time.monotonic() - ready)
    return time.monotonic() - begin, cpu() - cpu_before, local, batches


def run():
    with open(os.environ["WANLAB_PEERS"]) as f:
        addresses = [peer["addresses"][0] for peer in json.load(f)]
    cursors = [connect(address).cursor() for address in addresses]
    own, master = cursors[INDEX], cursors[0]  # the first has the lowest address here
    remotes = cursors[INDEX + 1:] + cursors[:INDEX]
    own.execute(CREATE)
    master.execute("CREATE TABLE IF NOT EXISTS sync_nodes (idx SMALLINT UNSIGNED PRIMARY KEY, "
                   "gone TINYINT NOT NULL) ENGINE=InnoDB")
    meet(master, "INSERT IGNORE INTO sync_nodes VALUES (%d, 0)" % INDEX,
         "SELECT idx FROM sync_nodes", COUNT)
    length, client, local, batches = main_loop(own, remotes)
    meet(master, "UPDATE sync_nodes SET gone = 1 WHERE idx = %d" % INDEX,
         "SELECT idx FROM sync_nodes WHERE NOT gone", 0)
    report([("local_insert", value, "s") for value in local] +
           [("remote_batch", value, "s") for value in batches] +
           [("inserts", INSERTS, ""), ("main_loop", length, "s"),
            ("main_loop_nominal", INSERTS / RATE, "s"), ("ratio", length * RATE / INSERTS, ""),
            ("client_loop_cpu", client, "s")])


if __name__ == "__main__":
    run()
