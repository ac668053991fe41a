#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""N hosts on one Linux bridge by Mininet: prints the seconds up takes, the KiB of memory that they take in all, and
the seconds down takes. To be run in namespaces of its own, which end with it; none of the machine's settings is changed.
"""
import sys
import time

import mininet.net
from mininet.log import setLogLevel
from mininet.nodelib import LinuxBridge
from mininet.topo import SingleSwitchTopo


def available():
    with open("/proc/meminfo", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("MemAvailable:"))


setLogLevel("critical")
mininet.net.fixLimits = lambda: None
before = available()
start = time.monotonic()
net = mininet.net.Mininet(SingleSwitchTopo(int(sys.argv[1])), switch=LinuxBridge, controller=None)
net.start()
print(f"up {time.monotonic() - start:.3f}")
time.sleep(1)
print("memory", before - available())
start = time.monotonic()
net.stop()
print(f"down {time.monotonic() - start:.3f}")
