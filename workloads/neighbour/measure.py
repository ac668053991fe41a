# SPDX-License-Identifier: MIT
"""What the measured node does, alone and beside a hungry neighbour. Each test takes about `slice` seconds and returns its values
by name; LATENCIES are better if they are small."""
import ctypes, hashlib, json, math, os, socket, subprocess, time

UNITS = {"cpu": "/s", "wake": "s", "wake_p99": "s", "memory": "B/s", "disk": "/s", "network": "s", "network_p99": "s"}
LATENCIES = {"wake", "wake_p99", "network", "network_p99"}
BLOCK = bytes(16384)
COPY = 16 << 20
PERIOD = 0.001
PR_SET_TIMERSLACK = 29


def rate(seconds, operation):
    begin, count, now = time.perf_counter(), 0, 0.0
    while now < seconds:
        operation()
        count, now = count + 1, time.perf_counter() - begin
    return count / now


def quantile(values, share):
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def cpu(seconds, _):
    """Blocks of 16 KiB hashed."""
    return {"cpu": rate(seconds, lambda: hashlib.sha256(BLOCK).digest())}


def wake(seconds, _):
    """How late a process is that wants to run each millisecond; who is late misses what is due next. By default the kernel may
    wake a process 50 us late on purpose."""
    ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, ctypes.c_ulong(1), 0, 0, 0)
    begin, late = time.perf_counter(), []
    for number in range(1, int(seconds / PERIOD) + 1):
        due = begin + number * PERIOD
        time.sleep(max(0, due - time.perf_counter()))
        late.append(time.perf_counter() - due)
    return {"wake": quantile(late, 0.5), "wake_p99": quantile(late, 0.99)}


def memory(seconds, _):
    """Bytes copied, more than caches hold."""
    source, target = memoryview(bytearray(COPY)), memoryview(bytearray(COPY))

    def copy():
        target[:] = source

    copy()  # its pages are there
    return {"memory": rate(seconds, copy) * COPY}


def disk(seconds, _):
    """Writes of 4 KiB, each of them on the disk before the next."""
    command = ["fio", "--name=disk", "--filename=" + os.environ["WANLAB_DIR"] + "/disk", "--rw=randwrite", "--bs=4k", "--size=4m",
               "--fsync=1", "--ioengine=psync", "--thread", "--time_based", f"--runtime={int(seconds * 1000)}ms",
               "--output-format=json"]
    fio = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=os.environ["WANLAB_DIR"], check=True)
    output = fio.stdout.decode()
    return {"disk": json.loads(output[output.index("{"):])["jobs"][0]["write"]["iops"]}


def network(seconds, peer):
    """Requests of 64 bytes and their answers, one at a time."""
    trips, request = [], bytes(64)
    with socket.create_connection(peer, 10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def trip():
            begin = time.perf_counter()
            connection.sendall(request)
            left = len(request)
            while left:
                data = connection.recv(left)
                if not data:
                    raise OSError("the peer has closed the connection")
                left -= len(data)
            trips.append(time.perf_counter() - begin)

        trip()
        trips.clear()
        rate(seconds, trip)
    return {"network": quantile(trips, 0.5), "network_p99": quantile(trips, 0.99)}


def measure(seconds, peer):
    values = {}
    for test in (cpu, wake, memory, disk, network):
        values.update(test(seconds, peer))
    return values
