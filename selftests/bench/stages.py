#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Where the CPUs' time goes, by stage of a packet's way, from perf's samples; for exp_stages.sh.

  stages.py HZ SECONDS PPS <SAMPLES     lines "samples|command|object|symbol", as perf report -F sample,comm,dso,sym writes them

Prints a list of {stage, share (% of the time that the CPUs were not idle), ns (a packet that arrived), symbols}.
"""
import json
import re
import sys

OURS = re.compile(r"pktgen|sink|pdp|napi/|ksoftirqd|swapper|redirect")
IDLE = re.compile(r"default_idle|safe_halt|cpu_idle|do_idle|intel_idle|mwait|cpuidle|poll_idle")

# The first that a symbol fits is its stage.
STAGES = [
    ("traffic source", r"pdp_pktgen|bpf_test_run|xdp_test_run|bpf_prog_test_run"),
    ("classifier, pdp_classify", r"bpf_prog_\w+_pdp_classify"),
    ("fast half, in the guest", r"bpf_prog_\w+_pdp_router"),
    ("guest's program, pdp_guest_rx", r"bpf_prog_\w+_pdp_guest_rx"),
    ("dispatcher, pdp_dispatch", r"bpf_prog_\w+_pdp_dispatch"),
    ("traffic sink", r"bpf_prog_\w+_pdp_sink"),
    ("other BPF code, maps", r"bpf_prog_|htab_|array_map|bpf_map|percpu_array|trie_|dev_map_lookup|__bpf_|bpf_ktime"),
    ("AF_XDP, receive and rings", r"xsk_rcv|xsk_map|xskq|xsk_flush|xsk_copy"),
    ("AF_XDP transmit", r"xsk_|sock_alloc_send|sock_wfree|sock_def_write"),
    ("copying", r"memcpy|memset|memmove|copy_|rep_movs|skb_store_bits|clear_page|skb_pp_cow"),
    ("memory of packets", r"skb|kmem|kmalloc|kfree|page_pool|page_frag|slab|build_|alloc|free_|___cache|__page|put_page"),
    ("veth, redirect, queues", r"veth|xdp_|dev_map|bq_|redirect|dev_queue|direct_xmit|hard_start|netdev|netif|pfifo|qdisc|sch_|eth_type|ptr_ring|dev_"),
    ("softirq and NAPI", r"softirq|napi|net_rx|local_bh|gro_"),
    ("scheduler, timers, locks", r"sched|timer|ktime|clock|spin_|update_|enqueue|dequeue|pick_|cpuacct|rcu|tick|wake|load_|task|irq|switch|cgroup"),
    ("system calls", r"entry_SYSCALL|syscall|sys_|sock_|poll|fdget|security"),
]


def stage_of(command, obj, symbol):
    """None: idle."""
    if IDLE.search(symbol):
        return None
    if not OURS.search(command):
        return "other processes of this machine"
    if "pdp-fe-agent" in command and not symbol.startswith("[k]"):
        return "FE agent's own code"
    if not symbol.startswith("[k]"):
        return "tools in user space"
    for stage, pattern in STAGES:
        if re.search(pattern, symbol):
            return stage
    return "other kernel code"


def read_samples(lines):
    for line in lines:
        cells = [c.strip() for c in line.split("|", 3)]
        if len(cells) == 4 and cells[0].isdigit():
            yield int(cells[0]), cells[1], cells[2], cells[3]


def main(hz, seconds, pps):
    stages = {}
    for samples, command, obj, symbol in read_samples(sys.stdin):
        stage = stage_of(command, obj, symbol)
        if stage:
            at = stages.setdefault(stage, {})
            name = re.sub(r"^\[.\] ", "", symbol)
            at[name] = at.get(name, 0) + samples
    total = sum(sum(s.values()) for s in stages.values())
    json.dump([{"stage": stage, "share": 100 * sum(s.values()) / total, "ns": sum(s.values()) * 1e9 / hz / seconds / pps,
                "symbols": sorted(s, key=lambda name: -s[name])[:3]} for stage, s in stages.items()], sys.stdout)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*map(float, sys.argv[1:]))
