# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What is to be reached, and whether it was, judged for report.py.

Systems take turns, so a ratio is of one repeat, and counts as the median of all repeats' ratios: machines that share their host are
faster in one minute than in the next, and both systems with them. A target's value is of what pdpd sets up by default. `beside` has
the same of PdP without its fast half, where that is another system.
"""
import statistics


class NotMeasured(Exception):
    pass


def points(results, figure, system):
    found = results["experiments"].get(figure, {}).get("points", {}).get(system, [])
    if not found:
        raise NotMeasured
    return found


def point(results, figure, system, x):
    """At an x; of a flat_out figure 0 is flat out."""
    for p in points(results, figure, system):
        if p["x"] == x:
            return p
    raise NotMeasured


def repeats(results, figure, system, x):
    return point(results, figure, system, x)["repeats"]


def median(results, figure, system, x):
    return point(results, figure, system, x)["median"]


def ratios(ones, others):
    return [one / other for one, other in zip(ones, others)]


def ratio(figure, system, other, x=0):
    return lambda results: ratios(repeats(results, figure, system, x), repeats(results, figure, other, x))


def flat_out(system, other):
    return ratio("fig7_forwarding", system, other)


def added_ms(system):
    """To the round trip of a ping, in ms."""
    return lambda results: [(one - other) / 1000 for one, other in zip(
        repeats(results, "table3_rtt", system, 0), repeats(results, "table3_rtt", "ip_forward", 0))]


def classifier_growth(system):
    """Its cost above a bare redirect with 4,095 vnets over that with one."""
    def above(results, x):
        return [one - bare for one, bare in zip(repeats(results, "md_cost", system, x), repeats(results, "md_cost", "redirect", x))]
    return lambda results: ratios(above(results, 4095), above(results, 1))


def tables(results, system):
    """From the smallest to the full one; of one alone nothing is said."""
    found = points(results, "fig11_routes", system)
    if len(found) < 2:
        raise NotMeasured
    return found


def most_routes_to_fewest(system):
    return lambda results: ratios(tables(results, system)[-1]["repeats"], tables(results, system)[0]["repeats"])


def most_routes(system, other):
    return lambda results: ratios(tables(results, system)[-1]["repeats"], tables(results, other)[-1]["repeats"])


def against_rte_fib(results):
    peer = points(results, "lpm", "rte_fib")[0]
    return ratios(repeats(results, "lpm", "router", peer["x"]), peer["repeats"])


def overload(system):
    """Of a whole minute, over the best median of the ladder."""
    return lambda results: [median(results, "overload", system, 0) /
                            max(p["median"] for p in points(results, "overload_ladder", system))]


def reordered(half):
    """Packets of all repeats, one and eight connections."""
    def value(results):
        return [sum(n["reordered"] for connections in (1, 8)
                    for n in point(results, "table1_reorder", "%s/flow-hash/%d" % (half, connections), 3)["numbers"])]
    return value


def best_policy(results):
    """Of those that round-robin is not."""
    peer = repeats(results, "fig12_tcp", "off/round-robin/1", 3)
    found = [ratios(repeats(results, "fig12_tcp", "off/%s/1" % policy, 3), peer) for policy in ("flow-hash", "flowlet", "spray")]
    return max(found, key=statistics.median)


def off_power(half):
    """How far any vnet is from its power, as a part of it."""
    return lambda results: [max(abs(median(results, "power_shares", half, x) - 1) for x in (200, 300, 500))]


def neighbours_loss(half):
    """The most packets that any flood costs the neighbour."""
    return lambda results: [max(p["max"] for p in points(results, "power_neighbour", half))]


# Table, name, its value, the bound, and the value without fast half.
TARGETS = [
    ("evaluation", "one FE guest on one core / user-mode Click on the same core",
     flat_out("pdp_fast2", "click"), "at_least", 3.0, flat_out("pdp_core", "click")),
    ("evaluation", "one FE guest / DPDK testpmd af_xdp in copy mode on the same core",
     flat_out("pdp_fast2", "af_xdp"), "at_least", 1.5, flat_out("pdp_core", "af_xdp")),
    ("evaluation", "2 FEs of equal share / 1", flat_out("pdp_fast_2", "pdp_fast_1"), "at_least", 1.94, flat_out("pdp_2", "pdp_1")),
    ("evaluation", "3 FEs of equal share / 1", flat_out("pdp_fast_3", "pdp_fast_1"), "at_least", 2.91, flat_out("pdp_3", "pdp_1")),
    ("evaluation", "forwarded under 10 times overload / peak, kept for 60 s", overload("pdp_fast_1"), "at_least", 0.97, None),
    ("evaluation", "full real table with random destinations / 2 routes",
     most_routes_to_fewest("pdp_fast"), "at_least", 0.90, most_routes_to_fewest("pdp_core")),
    ("evaluation", "router look-ups per second / rte_fib on the same table", against_rte_fib, "at_least", 1.0, None),
    ("evaluation", "classifier cost above a bare redirect, 4,095 vnets / one, packets of one",
     classifier_growth("classify_one"), "at_most", 1.15, None),
    ("evaluation", "classifier cost above a bare redirect, 4,095 vnets / one, packets of all",
     classifier_growth("classify"), "at_most", 1.15, None),
    ("evaluation", "reordered packets of TCP with flow-hash, 3 FEs", reordered("auto"), "at_most", 0, reordered("off")),
    ("evaluation", "one TCP connection, 3 FEs with the best policy / with round-robin", best_policy, "at_least", 1.0, None),
    ("evaluation", "added RTT against kernel ip_forward, ms (the paper: 0.164)", added_ms("pdp_fast2"), "at_most", 0.03, added_ms("pdp_core")),
    ("fast half", "whole path, everything on one core / kernel ip_forward on one core", flat_out("pdp_fast", "ip_forward"), "at_least", 2.0, None),
    ("fast half", "the same / user-mode Click, a core to itself", flat_out("pdp_fast", "click"), "at_least", 8, None),
    ("fast half", "full real table, random destinations / kernel ip_forward with the same table",
     most_routes("pdp_fast", "ip_forward"), "at_least", 2.0, most_routes("pdp_core", "ip_forward")),
    ("fast half", "with NAPI threaded on a second core / bare XDP redirect", flat_out("pdp_fast2", "redirect"), "at_least", 0.75, None),
    ("fast half", "added RTT against kernel ip_forward, ms", added_ms("pdp_fast"), "at_most", 0.01, None),
    ("fast half", "off their power under overload: three vnets of 200m, 300m, 500m", off_power("fast"), "at_most", 0.1, off_power("agent")),
    ("fast half", "packets that a neighbour loses beside a flood", neighbours_loss("fast"), "at_most", 0, neighbours_loss("agent")),
]


def measured(value_of, results):
    try:
        values = value_of(results)
    except NotMeasured:
        return None
    return {name: round(of(values), 4) for name, of in (("value", statistics.median), ("lowest", min), ("highest", max))}


def judge(results):
    targets = []
    for table, name, value_of, bound, limit, beside_of in TARGETS:
        found = measured(value_of, results) or {"value": None}
        target = {"table": table, "name": name, **found, bound: limit, "met": None}
        if found["value"] is not None:
            target["met"] = found["value"] >= limit if bound == "at_least" else found["value"] <= limit
        beside = measured(beside_of, results) if beside_of else None
        if beside:
            target["without_fast_half"] = beside["value"]
        targets.append(target)
    return targets
