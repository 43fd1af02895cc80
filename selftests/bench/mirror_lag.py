#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""mirror_lag.py INIT SOCKET VNET FILE: change a thousand routes a second in the namespace of INIT, a vnet's MH
guest, and see how long others take until its kernel and all its agents answer with them. Figures to FILE."""

import ctypes
import json
import socket
import struct
import sys
import threading
import time

CLONE_NEWNET = 0x40000000
RTM_NEWROUTE, REPLACE = 24, 0x1 | 0x400 | 0x100
BURST, PAUSE_S = 10, 0.01
SAMPLES = 40


def ask(path, what):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        s.sendall(("GET %s HTTP/1.0\r\n\r\n" % what).encode())
        data = b""
        while part := s.recv(65536):
            data += part
    return json.loads(data.split(b"\r\n\r\n", 1)[1])


def attribute(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


class Kernel:
    def __init__(self, init):
        with open("/proc/%s/ns/net" % init, "rb") as ns:
            if ctypes.CDLL(None, use_errno=True).setns(ns.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        self.links = [socket.if_nametoindex(name) for name in ("v0", "v1")]

    def replace(self, to, i):
        body = struct.pack("=BBBBBBBBI", 2, 32, 0, 0, 254, 4, 0, 1, 0)
        body += attribute(1, socket.inet_aton(to))
        body += attribute(4, struct.pack("=I", self.links[i]))
        body += attribute(5, socket.inet_aton("10.1.%d.2" % (i + 1)))
        self.socket.send(struct.pack("=IHHII", 16 + len(body), RTM_NEWROUTE, REPLACE, 0, 0) + body)


def main():
    _, init, path, vnet, out = sys.argv
    kernel = Kernel(init)
    stop = threading.Event()
    changes = 0

    def churn():
        nonlocal changes
        due = time.time()
        while not stop.is_set():
            for _ in range(BURST):
                kernel.replace("100.65.%d.%d" % (changes // 256 % 16, changes % 256),
                               changes // 4096 % 2)
                changes += 1
            due += PAUSE_S
            time.sleep(max(0, due - time.time()))

    thread = threading.Thread(target=churn)
    begun = time.time()
    thread.start()
    time.sleep(1)
    lags = []
    for i in range(SAMPLES):
        to = "100.90.0.%d" % i
        kernel.replace(to, i % 2)
        at = time.time()
        while not all(row["route"] and row["route"]["prefix"] == to + "/32" for row in
                      ask(path, "/v1/vnets/%s/routes/get?address=%s" % (vnet, to))):
            pass
        lags.append((time.time() - at) * 1000)
        time.sleep(0.05)
    stop.set()
    thread.join()
    lags.sort()
    with open(out, "w", encoding="ascii") as f:
        f.write("%.0f changes/s; a route is with all after: median %.1f ms, p90 %.1f ms, most %.1f ms\n" %
                (changes / (time.time() - begun), lags[SAMPLES // 2], lags[SAMPLES * 9 // 10],
                 lags[-1]))


if __name__ == "__main__":
    main()
