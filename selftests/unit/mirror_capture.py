#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Write mirror_capture.txt: what a kernel says by rtnetlink while its tables change. Run as root.

In a namespace of its own, with v0 and v1 (veth pairs) and a device that is no vif, each command of STEPS
is run; then come what the kernel told by itself and a dump of everything. Lines:

    i NAME INDEX   a device
    # COMMAND      a step begins
    m HEX          a message, which has the next number, from 0
    e NUMBER       was told
    d NUMBER       is in the dump after the step
"""

import ctypes
import os
import socket
import struct
import subprocess
import sys
import time

NETLINK_ROUTE, SOL_NETLINK, ADD_MEMBERSHIP, STRICT = 0, 270, 1, 12
GROUPS = (1, 3, 5, 7, 9, 11, 32)  # link, neigh, addresses, routes, next hops
DUMPS = ((18, 0, 16, 0), (106, 0, 8, 0), (22, 2, 8, 0), (22, 10, 8, 0), (30, 2, 12, 0),
         (30, 10, 12, 0), (26, 2, 12, 255), (26, 10, 12, 255), (26, 2, 12, 254),
         (26, 10, 12, 254))  # type, family, length of its header, table
NS = "pdpcapture"
STEPS = """
addr add 10.0.0.1/24 dev v0
addr add 2001:db8:a::1/64 dev v0 nodad
addr add 10.0.1.1/24 dev v1
addr add 2001:db8:b::1/64 dev v1 nodad
addr add 10.0.2.1/24 dev other
route add 192.0.2.0/24 via 10.0.0.2
route replace 192.0.2.0/24 via 10.0.1.2
route add 192.0.2.0/24 via 10.0.0.2 metric 100
route add 203.0.113.0/24 nexthop via 10.0.0.2 weight 3 nexthop via 10.0.1.2
route add 203.0.113.128/25 via inet6 2001:db8:a::2 dev v0
route add blackhole 172.16.1.0/24
route add unreachable 172.16.2.0/24
route add prohibit 172.16.3.0/24
route add throw 172.16.4.0/24
route del blackhole 172.16.1.0/24
route add 172.17.0.0/16 via 10.0.2.2
route add 172.18.0.0/16 via 10.0.0.2 table 100
route add 172.19.0.0/16 via 10.0.0.2 tos 0x10
route append 192.0.2.0/24 via 10.0.0.9
route del 192.0.2.0/24 via 10.0.1.2 metric 0
route prepend 192.0.2.0/24 via 10.0.1.9
-6 route add 2001:db8:1::/48 via 2001:db8:a::2
-6 route append 2001:db8:1::/48 via 2001:db8:b::2
-6 route del 2001:db8:1::/48 via 2001:db8:a::2
-6 route replace 2001:db8:1::/48 nexthop via 2001:db8:a::3 nexthop via 2001:db8:b::3
-6 route add 2001:db8:3::/64 dev v0
-6 route append 2001:db8:3::/64 dev v1
-6 route add blackhole 2001:db8:4::/48
neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev v0
neigh replace 10.0.0.9 lladdr 02:00:00:00:00:0a dev v0 nud stale
neigh add 2001:db8:a::9 lladdr 02:00:00:00:00:09 dev v0
neigh del 10.0.0.9 dev v0
nexthop add id 1 via 10.0.0.2 dev v0
nexthop add id 2 via 10.0.1.2 dev v1
nexthop add id 3 blackhole
nexthop add id 7 group 1,3/2
route add 172.20.0.0/24 nhid 1
route add 172.20.1.0/24 nhid 7
route add 172.20.2.0/24 nhid 3
nexthop replace id 7 group 2
nexthop replace id 2 via 10.0.1.3 dev v1
nexthop del id 1
nexthop flush
link set v1 down
link set v1 up
addr del 10.0.0.1/24 dev v0
link del v1
""".strip().split("\n")


def ip(words):
    subprocess.run(["ip", "-n", NS] + words.split(), check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def open_socket():
    with open("/run/netns/" + NS, "rb") as ns:
        if ctypes.CDLL(None, use_errno=True).setns(ns.fileno(), 0x40000000):
            raise OSError(ctypes.get_errno(), "setns")
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE)
    s.bind((0, 0))
    s.setsockopt(SOL_NETLINK, STRICT, 1)
    return s


def split(data):
    while len(data) >= 16:
        length = struct.unpack_from("=I", data)[0]
        yield data[:length]
        data = data[(length + 3) & ~3:]


def events(s):
    s.setblocking(False)
    got = []
    end = time.time() + 0.15
    while time.time() < end:
        try:
            got += split(s.recv(65536))
        except BlockingIOError:
            time.sleep(0.01)
    return got


def dump(s):
    s.setblocking(True)
    for kind, family, length, table in DUMPS:
        body = bytearray(length)
        body[0] = family
        body[4] = table
        s.send(struct.pack("=IHHII", 16 + length, kind, 0x301, 1, 0) + bytes(body))
        while True:
            for msg in split(s.recv(65536)):
                if struct.unpack_from("=H", msg, 4)[0] in (2, 3):
                    break
                yield msg
            else:
                continue
            break


# IPv6 of a link's own, and statistics, are not worth their room. The rest is as the kernel said it.
def worth(msg):
    kind, family = struct.unpack_from("=HH", msg, 4)[0], msg[16]
    if kind in (16, 17):
        return msg[:32]
    if family == 10 and (b"\xfe\x80" in msg[24:] or b"\xff\x00" in msg[24:] or b"\xff\x02" in msg[24:]):
        return None
    return msg


def number(msg, seen, out):
    # Ports, sequence numbers and times differ from run to run.
    msg = msg[:8] + bytes(8) + msg[16:]
    if len(msg) == 32:
        msg = struct.pack("=I", 32) + msg[4:]
    if msg not in seen:
        seen[msg] = len(seen)
        out.write("m %s\n" % msg.hex())
    return seen[msg]


def main():
    subprocess.run(["ip", "netns", "add", NS], check=True)
    try:
        ip("link set lo up")
        for dev in ("v0", "v1", "other"):
            ip("link add %s type veth peer name p%s" % (dev, dev))
            ip("link set p%s up" % dev)
            ip("link set %s up" % dev)
        follow, ask = open_socket(), open_socket()
        for group in GROUPS:
            follow.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, group)
        seen = {}
        with open(os.path.join(os.path.dirname(__file__), "mirror_capture.txt"), "w",
                  encoding="ascii") as out:
            for dev in ("v0", "v1", "other"):
                out.write("i %s %d\n" % (dev, socket.if_nametoindex(dev)))
            for step in ["link show"] + STEPS:
                out.write("# %s\n" % step)
                ip(step)
                for letter, msgs in (("e", events(follow)), ("d", dump(ask))):
                    for msg in filter(None, map(worth, msgs)):
                        n = number(msg, seen, out)
                        out.write("%s %d\n" % (letter, n))
    finally:
        subprocess.run(["ip", "netns", "del", NS], check=False)


if __name__ == "__main__":
    sys.exit(main())
