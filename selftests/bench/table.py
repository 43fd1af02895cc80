#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""A full routing table for tests and benches: its prefixes, `ip -batch` lines, addresses within it.

The real one is made of the npm package @ip-location-db/asn, address ranges by origin AS from
RouteViews, the regional registries and DB-IP (CC BY 4.0). Where npm cannot have it, a made-up one
with the same prefix lengths serves. See selftests/bench/README.md.
"""

import argparse
import csv
import ipaddress
import os
import random
import subprocess
import sys
import tarfile

PACKAGE = "@ip-location-db/asn"
CREDIT = "ranges of RouteViews, the RIRs and DB-IP, from npm " + PACKAGE + ", CC BY 4.0"
CACHE = os.path.join(os.path.dirname(__file__), "..", "..", "build", "asn")
NPM_TIMEOUT_S = 120

# How many prefixes of which length: of the real IPv4 table, and of a guess at IPv6.
SHARES = {
    4: {24: 218667, 23: 103717, 22: 103676, 21: 46064, 20: 33264, 19: 22075, 18: 11825, 17: 6735,
        16: 9332, 15: 2000, 14: 1300, 13: 700, 12: 465, 28: 2000, 30: 1500, 32: 1260},
    6: {48: 46000, 32: 20000, 44: 11000, 40: 10000, 36: 6000, 29: 4000, 46: 3000, 64: 2000,
        128: 1000},
}
BITS = {4: 32, 6: 128}


def fetch():
    """The directory with the package's files, by npm if it is not there yet."""
    if os.path.exists(os.path.join(CACHE, "done")):
        return CACHE
    os.makedirs(CACHE, exist_ok=True)
    said = subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=CACHE, check=True,
                          timeout=NPM_TIMEOUT_S, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True)
    package = os.path.join(CACHE, said.stdout.split()[-1])
    with tarfile.open(package) as tar:
        for name in ("asn-ipv4-num.csv", "asn-ipv6-num.csv", "ROUTEVIEWS-LICENSE",
                     "MODIFICATIONS", "DBIP-LICENSE", "NRO_LICENSE"):
            data = tar.extractfile("package/" + name).read()
            with open(os.path.join(CACHE, name), "wb") as f:
                f.write(data)
    os.unlink(package)
    with open(os.path.join(CACHE, "done"), "w", encoding="ascii") as f:
        f.write(os.path.basename(package) + "\n")
    return CACHE


def split(first, last, bits):
    """The fewest prefixes that make up the range, as (address, length)."""
    while first <= last:
        size = min(first & -first if first else 1 << bits, 1 << (last - first + 1).bit_length() - 1)
        yield first, bits + 1 - size.bit_length()
        first += size


def is_routed(family, addr, length):
    """Nothing that a router would not forward to, or that a kernel would not take."""
    if family == 6:
        return addr >> 125 == 1 and length <= 64
    first, last = addr >> 24, (addr + (1 << 32 - length) - 1) >> 24
    return first >= 1 and last < 224 and not first <= 127 <= last and not first <= 10 <= last


def real(family):
    """The real table's prefixes, in order of address."""
    with open(os.path.join(fetch(), "asn-ipv%d-num.csv" % family), encoding="utf-8", newline="") as f:
        found = {p for row in csv.reader(f)
                 for p in split(int(row[0]), int(row[1]), BITS[family])}
    return sorted(p for p in found if is_routed(family, *p))


def draw(family, length, rng):
    """Unicast IPv4; IPv6 as registries give it out: more specifics lie in some 20,000 allocations."""
    bits = BITS[family]
    if family == 4:
        addr = rng.getrandbits(32)
    else:
        r = rng.randrange(20000)
        addr = (0x2400 + (r & 63) * 0x20) << 112 | (r * 0x9e37 & 0xffff) << 96 | rng.getrandbits(96)
    return addr >> (bits - length) << (bits - length)


def made_up(family, seed):
    """A table with the same lengths; the same one for the same seed."""
    rng = random.Random(seed * 10 + family)
    found = set()
    for length, share in SHARES[family].items():
        left, tries = share, 0
        while left and tries < 4 * share:
            p = draw(family, length, rng), length
            tries += 1
            if p not in found and (family == 6 or is_routed(family, *p)):
                found.add(p)
                left -= 1
    return sorted(found)


def table(args):
    """The prefixes, and what they are in words."""
    if args.source != "made-up":
        try:
            return real(args.family), CREDIT
        except (OSError, subprocess.SubprocessError, tarfile.TarError, KeyError, IndexError) as e:
            if args.source == "asn":
                sys.exit("table.py: npm cannot have %s: %s" % (PACKAGE, e))
            print("table.py: npm cannot have %s, a made-up table it is: %s" % (PACKAGE, e),
                  file=sys.stderr)
    return made_up(args.family, args.seed), "made up, seed %d" % args.seed


def sample(prefixes, count, seed):
    """Some of them, in order; all when there are no more."""
    if not count or count >= len(prefixes):
        return prefixes
    return sorted(random.Random(seed).sample(prefixes, count))


def text(family, addr):
    """An address as people write it."""
    return str(ipaddress.IPv4Address(addr) if family == 4 else ipaddress.IPv6Address(addr))


def print_prefixes(args, prefixes):
    for addr, length in prefixes:
        print("%s/%d" % (text(args.family, addr), length))


def print_batch(args, prefixes):
    ways = [w.split(",") for w in args.via]
    tail = " metric %d" % args.metric if args.metric else ""
    for i, (addr, length) in enumerate(prefixes):
        # Not in turn: neighbours in the table are not neighbours in the network.
        via, dev = ways[(i * 0x9e3779b1 & 0xffffffff) * len(ways) >> 32]
        print("route %s %s/%d via %s dev %s%s" % (args.verb, text(args.family, addr), length, via,
                                                  dev, tail))


def print_addresses(args, prefixes):
    rng = random.Random(args.seed)
    for _ in range(args.addresses):
        addr, length = prefixes[rng.randrange(len(prefixes))]
        host = BITS[args.family] - length
        print(text(args.family, addr | (rng.getrandbits(host) if host else 0)))


def parse():
    p = argparse.ArgumentParser(description="A full routing table for tests and benches.")
    p.add_argument("what", choices=["prefixes", "batch", "addresses"],
                   help="one prefix a line; lines for `ip -batch`; addresses drawn from the prefixes")
    p.add_argument("-6", dest="family", action="store_const", const=6, default=4, help="IPv6")
    p.add_argument("--source", choices=["auto", "asn", "made-up"], default="auto",
                   help="the real table, or a made-up one; auto: made up when npm cannot have the real one")
    p.add_argument("--routes", type=int, default=0, help="so many of the table's prefixes (all)")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--addresses", type=int, default=1 << 20, metavar="N", help="how many (2^20)")
    p.add_argument("--via", action="append", metavar="ADDR,DEV",
                   help="next hop of a batch; several share the routes")
    p.add_argument("--verb", default="add", choices=["add", "append", "replace", "del"])
    p.add_argument("--metric", type=int, default=0)
    args = p.parse_args()
    if args.what == "batch" and not args.via:
        p.error("batch needs --via ADDR,DEV")
    return args


def main():
    args = parse()
    prefixes, words = table(args)
    prefixes = sample(prefixes, args.routes, args.seed)
    if args.what != "batch":
        print("# IPv%d, %d prefixes: %s" % (args.family, len(prefixes), words))
    else:
        print("table.py: %d routes: %s" % (len(prefixes), words), file=sys.stderr)
    {"prefixes": print_prefixes, "batch": print_batch, "addresses": print_addresses}[args.what](
        args, prefixes)


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        sys.stderr.close()
