#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""From what bench.sh measured: results.json, a CSV and (where gnuplot is) an SVG for each figure, report.html.

  report.py DIR     reads raw.jsonl, figures.jsonl, machine.json and run.json there

A figure is an object: figure (its name), title, x, y (what the axes are), better (higher, lower), paper (what the paper has, in
words), systems (name -> label); flat_out: an x of 0 stands for as much as the source makes; log: the axes that are, "x", "y" or "xy".
"""
import csv
import html
import json
import os
import shutil
import statistics
import subprocess
import sys


def read_lines(path):
    with open(path) as file:
        return [json.loads(line) for line in file if line.strip()]


def read_figures(path):
    """Objects one after the other, over as many lines as they like."""
    text, at, figures = open(path).read(), 0, []
    decoder = json.JSONDecoder()
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        figure, at = decoder.raw_decode(text, at)
        figures.append(figure)
    return figures


def summary(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "repeats": values}


def points_of(raw, figure, system):
    by_x = {}
    for row in raw:
        if row["figure"] == figure and row["system"] == system:
            by_x.setdefault(row["x"], []).append(row["value"])
    return [dict(x=x, **summary(by_x[x])) for x in sorted(by_x, key=lambda x: (x == 0, x))]


def gather(directory):
    raw = read_lines(os.path.join(directory, "raw.jsonl"))
    figures = {}
    for told in read_figures(os.path.join(directory, "figures.jsonl")):
        name = told.pop("figure")
        figures[name] = dict(told, points={s: points_of(raw, name, s) for s in told["systems"]})
    results = json.load(open(os.path.join(directory, "run.json")))
    results["machine"] = json.load(open(os.path.join(directory, "machine.json")))
    results["experiments"] = figures
    return results


# --- what is to be reached ---------------------------------------------------------------------------

class NotMeasured(Exception):
    pass


def median(results, figure, system, x):
    """The median at an x; of a flat_out figure 0 is flat out."""
    for point in results["experiments"].get(figure, {}).get("points", {}).get(system, []):
        if point["x"] == x:
            return point["median"]
    raise NotMeasured


def ratio(figure, system, other, x):
    return lambda results: median(results, figure, system, x) / median(results, figure, other, x)


def classifier_growth(system):
    """Its cost above a bare redirect with 4,095 vnets over that with one."""
    def value(results):
        few, many = (median(results, "md_cost", system, x) - median(results, "md_cost", "redirect", x) for x in (1, 4095))
        return many / few
    return value


def at_most_routes(results):
    """With the most routes over with the fewest."""
    points = results["experiments"].get("fig11_routes", {}).get("points", {}).get("pdp_core", [])
    if len(points) < 2:
        raise NotMeasured
    return points[-1]["median"] / points[0]["median"]


def against_rte_fib(results):
    points = results["experiments"].get("lpm", {}).get("points", {}).get("rte_fib", [])
    if not points:
        raise NotMeasured
    return median(results, "lpm", "router", points[0]["x"]) / points[0]["median"]


def unmeasured(results):
    raise NotMeasured


TARGETS = [
    ("one FE guest on one core / user-mode Click on the same core", unmeasured, "at_least", 3.0),
    ("one FE guest / DPDK testpmd af_xdp in copy mode on the same core", unmeasured, "at_least", 1.5),
    ("2 FEs of equal share / 1", ratio("fig7_forwarding", "pdp_2", "pdp_1", 0), "at_least", 1.94),
    ("3 FEs of equal share / 1", ratio("fig7_forwarding", "pdp_3", "pdp_1", 0), "at_least", 2.91),
    ("forwarded under 10 times overload / peak, kept for 60 s", unmeasured, "at_least", 0.97),
    ("full real table with random destinations / 2 routes", at_most_routes, "at_least", 0.90),
    ("router look-ups per second / rte_fib on the same table", against_rte_fib, "at_least", 1.0),
    ("classifier cost above a bare redirect, 4,095 vnets / one, packets of one", classifier_growth("classify_one"), "at_most", 1.15),
    ("classifier cost above a bare redirect, 4,095 vnets / one, packets of all", classifier_growth("classify"), "at_most", 1.15),
    ("reordered packets of TCP with flow-hash, 3 FEs", unmeasured, "at_most", 0),
    ("one TCP connection, 3 FEs with the best policy / with round-robin", unmeasured, "at_least", 1.0),
    ("added RTT against kernel ip_forward, ms (the paper: 0.164)",
     lambda results: (median(results, "table3_rtt", "pdp_core", 1000) - median(results, "table3_rtt", "ip_forward", 1000)) / 1000,
     "at_most", 0.03),
]


def judge(results):
    targets = []
    for name, value_of, bound, limit in TARGETS:
        try:
            value = round(value_of(results), 4)
            met = value >= limit if bound == "at_least" else value <= limit
        except NotMeasured:
            value = met = None
        targets.append({"name": name, "value": value, bound: limit, "met": met})
    return targets


# --- files ---------------------------------------------------------------------------------------------

def write_csv(directory, name, figure):
    path = os.path.join(directory, name + ".csv")
    with open(path, "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["system", "x", "median", "min", "max", "repeats"])
        for system, points in figure["points"].items():
            for p in points:
                out.writerow([system, p["x"], p["median"], p["min"], p["max"], len(p["repeats"])])


COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc3311", "#56b4e9", "#000000", "#cc79a7", "#999999"]


def plotted(figure):
    """Points to draw, and where flat out stands, right of the largest x; 0: nowhere."""
    xs = [p["x"] for points in figure["points"].values() for p in points]
    beyond = max(xs) * 1.15 or 1 if figure.get("flat_out") else 0
    return {s: [(p["x"] or beyond, p["median"], p["min"], p["max"]) for p in points]
            for s, points in figure["points"].items() if points}, beyond


def unit_format(values):
    """Large numbers as 100.0k."""
    return "'%.1s%c'" if max(values) > 1000 else "'%g'"


def write_svg(directory, name, figure):
    lines, beyond = plotted(figure)
    log = figure.get("log", "")
    xs, ys = ([p[i] for line in lines.values() for p in line] for i in (0, 1))
    script = ['set terminal svg noenhanced size 900,560 font "sans-serif,13" background "white"',
              'set output "%s.svg"' % name, 'set grid lc rgb "#dddddd"', "set key below left Left reverse",
              'set xlabel "%s"' % figure["x"], 'set ylabel "%s"' % figure["y"],
              "set format x " + unit_format(xs), "set format y " + unit_format(ys)]
    script += ["set logscale " + log] if log else []
    script += ["set %srange [0:*]" % axis for axis in "xy" if axis not in log]
    if beyond:
        ticks = sorted({x for x in xs if beyond > x > beyond / 25})
        script += ["set xrange [0:%g]" % (beyond * 1.03),
                   "set xtics (%s)" % ", ".join(["0"] + ["%g" % x for x in ticks] + ['"flat out" %g' % beyond])]
    for i, points in enumerate(lines.values()):
        script += ["$d%d << EOD" % i] + [" ".join("%.9g" % v for v in p) for p in points] + ["EOD"]
    script += ["plot " + ", ".join(
        '$d%d using 1:2:3:4 with yerrorlines lc rgb "%s" pt 7 ps 0.5 title "%s"' % (
            i, COLOURS[i % len(COLOURS)], figure["systems"][system]) for i, system in enumerate(lines))]
    with open(os.path.join(directory, name + ".gnuplot"), "w") as file:
        file.write("\n".join(script) + "\n")
    if shutil.which("gnuplot"):
        subprocess.run(["gnuplot", name + ".gnuplot"], cwd=directory, check=True)


def number(value):
    if value is None:
        return "not measured"
    return "%.4g" % value if abs(value) < 1000 else "{:,.0f}".format(value)


def table(rows, head):
    cells = ["<tr>" + "".join("<th>%s</th>" % html.escape(str(c)) for c in head) + "</tr>"]
    cells += ["<tr>" + "".join("<td>%s</td>" % html.escape(str(c)) for c in row) + "</tr>" for row in rows]
    return "<table>\n" + "\n".join(cells) + "\n</table>"


def figure_html(directory, name, figure):
    rows = [[figure["systems"][s], "flat out" if figure.get("flat_out") and p["x"] == 0 else number(p["x"]),
             number(p["median"]), "%s to %s" % (number(p["min"]), number(p["max"]))]
            for s, points in figure["points"].items() for p in points]
    parts = ["<h2 id='%s'>%s</h2>" % (name, html.escape(figure["title"])),
             "<p><code>%s</code>. The paper: %s.</p>" % (name, html.escape(figure["paper"]))]
    svg = os.path.join(directory, name + ".svg")
    if os.path.exists(svg):
        drawn = open(svg).read()
        parts.append(drawn[drawn.index("<svg"):])
    parts.append("<details><summary>Values</summary>%s</details>" % table(
        rows, ["system", figure["x"], "median: " + figure["y"], "lowest to highest"]))
    return "\n".join(parts)


STYLE = """body { font: 15px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em }
table { border-collapse: collapse } td, th { padding: .2em .8em; border-bottom: 1px solid #ddd; text-align: left }
svg { max-width: 100%; height: auto }"""


def write_html(directory, results):
    m = results["machine"]
    verdict = {True: "yes", False: "no", None: ""}
    targets = [[t["name"], number(t["value"]), ("at least %s" % t["at_least"]) if "at_least" in t else "at most %s" % t["at_most"],
                verdict[t["met"]]] for t in results["targets"]]
    parts = ["<!doctype html><html lang='en'><head><meta charset='utf-8'><title>PdP: bench</title><style>%s</style></head><body>" % STYLE,
             "<h1>PdP: the paper's experiments</h1>",
             "<p>%s, %d CPUs, %d MiB, Linux %s; %s. <code>%s</code>, %s, %d s; each point %d times for %g s, systems in turn. "
             "Points are medians, bars go from the lowest value to the highest.</p>" % (
                 html.escape(m["cpu"]), m["cpus"], m["memory_mib"], html.escape(m["kernel"]),
                 html.escape(", ".join("%s %s" % kv for kv in m["versions"].items())), html.escape(results["command"]),
                 results["started"], results["took_s"], results["repeats"], results["seconds_each"]),
             "<h2>What is to be reached</h2>", table(targets, ["figure", "value", "wanted", "met"])]
    parts += [figure_html(directory, n, f) for n, f in results["experiments"].items()]
    with open(os.path.join(directory, "report.html"), "w") as file:
        file.write("\n".join(parts) + "\n</body></html>\n")


def main(directory):
    results = gather(directory)
    results["targets"] = judge(results)
    for name, figure in results["experiments"].items():
        if not any(figure["points"].values()):
            sys.exit("report.py: nothing was measured for %s" % name)
        write_csv(directory, name, figure)
        write_svg(directory, name, figure)
    with open(os.path.join(directory, "results.json"), "w") as file:
        json.dump(results, file, indent=1)
        file.write("\n")
    write_html(directory, results)
    for t in results["targets"]:
        if t["met"] is not None:
            print("%-70s %s (wanted %s)" % (t["name"], number(t["value"]), t.get("at_least", t.get("at_most"))))
    print("wrote %s/report.html and results.json" % directory)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
