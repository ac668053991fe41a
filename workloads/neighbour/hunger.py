# SPDX-License-Identifier: MIT
"""What a hungry neighbour does: loads that are bounded in time and count whatever becomes of those who started them.

A load is a function of `Going` (true until it is told to stop, or until its time is over) and `say` (a word and a number, for
the one who started it). It runs in a process of its own and may have children; all of them hold the pipe that `say` writes to,
so that its end is the end of the last of them."""
import errno, mmap, os, signal, socket, sys, time

MIB = 1 << 20
ZEROS = bytes(MIB)


class Going:
    """A flag in a page that all processes share, and a deadline for when nobody is left to set it."""

    def __init__(self, longest):
        self.page, self.deadline = mmap.mmap(-1, mmap.PAGESIZE), time.monotonic() + longest

    def __bool__(self):
        return not self.page[0] and time.monotonic() < self.deadline

    def stop(self):
        self.page[0] = 1


def fork(function, *arguments):
    """A child that runs the function and ends."""
    pid = os.fork()
    if pid == 0:
        try:
            function(*arguments)
        except BaseException as error:  # nobody is left to catch it
            print(f"neighbour: {function.__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    return pid


def side_by_side(count, function, *arguments):
    for pid in [fork(function, *arguments) for _ in range(count)]:
        os.waitpid(pid, 0)


def cpu(going, say, param):
    def spin():
        while going:
            for _ in range(10000):
                pass

    say("ready")
    side_by_side(param["hogs"], spin)


def memory(going, say, param):
    """Takes memory until the kernel kills it, and begins anew. Who gets no more, or has `memory`, writes to all of it."""

    def hog():
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")  # it, and nobody else in the node
        held, full = [], False
        while going:
            if not full:
                try:
                    held.append(mmap.mmap(-1, MIB))
                    held[-1][:] = ZEROS
                    full = len(held) * MIB >= param["memory"]
                except OSError:
                    full = True
                continue
            for piece in held:
                piece[:] = ZEROS
                if not going:
                    return
            say("ready")

    while going:
        status = os.waitpid(fork(hog), 0)[1]
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            say("killed")
            say("ready")
        elif status:
            sys.exit("the process that takes memory has failed")


def disk(going, say, param):
    """Writes a file over and over, each MiB to the disk."""
    path = os.environ["WANLAB_DIR"] + "/hungry"
    fd, at, written = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), 0, 0
    os.unlink(path)
    while going:
        try:
            done = os.pwrite(fd, ZEROS, at)
        except OSError as error:
            if error.errno != errno.ENOSPC or not at:
                raise
            done, at = 0, param["disk"]
        os.fdatasync(fd)
        written += done
        at = at + done if at + done + MIB <= param["disk"] else 0
        if written == done:
            say("ready")
    say("written", written)


def bomb(going, say, param):
    """Everyone forks, and forks, until the node has no process left, and goes on trying. Who wants to fork takes a token from a
    pipe: that bounds it where the node's limit does not."""
    tokens, refill = os.pipe()
    os.set_blocking(tokens, False)
    os.set_blocking(refill, False)
    os.write(refill, b"." * param["bomb"])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps
    refused = False
    while going:
        try:
            os.read(tokens, 1)
        except BlockingIOError:
            say("ready")
            time.sleep(0.001)
            continue
        try:
            if os.fork() == 0:
                refused = False
                if going:  # else it may have the place of one that has ended
                    say("forked")
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ENOMEM):
                raise
            os.write(refill, b".")
            if not refused:
                say("refused" if error.errno == errno.EAGAIN else "no_memory")
                say("ready")
            refused = True


def network(going, say, param):
    """As many datagrams as go, to the neighbour's own peer."""

    def flood():
        flooder, sent = socket.socket(param["family"], socket.SOCK_DGRAM), 0
        flooder.connect(param["sink"])
        data = bytes(param["datagram"])
        while going:
            for _ in range(100):
                try:
                    flooder.send(data)
                    sent += 1
                except (BlockingIOError, ConnectionRefusedError):
                    pass
                except OSError as error:
                    if error.errno != errno.ENOBUFS:
                        raise
        say("sent", sent)

    say("ready")
    side_by_side(param["hogs"], flood)


LOADS = {"cpu": cpu, "memory": memory, "disk": disk, "fork": bomb, "network": network}


class Hunger:
    def __init__(self, name, param):
        self.going, self.counts, self.rest = Going(param["longest"]), {}, b""
        self.pipe, write = os.pipe()
        os.set_blocking(write, False)  # a full pipe stops nobody

        def say(word, number=1):
            try:
                os.write(write, f"{word} {number}\n".encode())
            except BlockingIOError:
                pass

        self.pid = fork(LOADS[name], self.going, say, param)
        os.close(write)

    def read(self):
        data = os.read(self.pipe, 65536)
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            word, number = line.decode().split()
            self.counts[word] = self.counts.get(word, 0) + int(number)
        return bool(data)

    def wait_ready(self):
        while "ready" not in self.counts:
            if not self.read():
                sys.exit("the load ended before it began; its log says why")

    def stop(self):
        """What was said in all. All of its processes have ended then."""
        early = time.monotonic() >= self.going.deadline
        self.going.stop()
        while self.read():
            pass
        os.close(self.pipe)
        status = os.waitpid(self.pid, 0)[1]
        if early:
            sys.exit("the load's time was over before the measurement was: give a larger 'longest', or a smaller 'slice'")
        if status and "refused" not in self.counts:
            sys.exit(f"the load failed: {os.waitstatus_to_exitcode(status)}")
        return self.counts
