#!/usr/bin/env python3
"""NAME: every node asks all others for an answer, and reports how long each took."""
import glob, json, os, socketserver, sys, time, socket

PORT, ROUNDS = 7000, int(os.environ["WANLAB_PARAM_ROUNDS"])


class Server(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(b"answer to " + line)


def serve():
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    socketserver.ThreadingTCPServer(("", PORT), Server).serve_forever()


def ask():
    me, out = os.environ["WANLAB_NODE"], open(os.environ["WANLAB_OUTPUT"], "w", buffering=1)
    others = [p["name"] for p in json.load(open(os.environ["WANLAB_PEERS"])) if p["name"] != me]
    files = {name: socket.create_connection((name, PORT)).makefile("rw") for name in others}
    history = open(os.environ["WANLAB_DIR"] + "/answers.jsonl", "w")
    print(json.dumps({"barrier": "start"}), file=out)  # all nodes go on …
    sys.stdin.readline()  # … at this moment
    for i in range(ROUNDS):
        for name, file in files.items():
            begin = time.time()
            print(i, file=file, flush=True)
            answer = file.readline().strip()
            took = time.time() - begin
            print(json.dumps({"metric": "answer", "peer": name, "value": took, "unit": "s"}), file=out)
            print(json.dumps({"node": me, "peer": name, "answer": answer}), file=history)
    print(me, "has asked", ", ".join(others))  # to logs/


def check():
    """On the host, at the end: WANLAB_RESULTS has what all nodes have left."""
    lines = [json.loads(line) for name in glob.glob(os.environ["WANLAB_RESULTS"] + "/files/*/*.jsonl")
             for line in open(name)]
    nodes = int(os.environ["WANLAB_COUNT"])
    if len(lines) != nodes * (nodes - 1) * ROUNDS:
        sys.exit(f"{len(lines)} answers, expected {nodes * (nodes - 1) * ROUNDS}")


{"serve": serve, "ask": ask, "check": check}[sys.argv[1]]()
