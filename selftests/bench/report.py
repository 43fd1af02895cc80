#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""From what bench.sh measured: results.json, a CSV and (where gnuplot is) an SVG for each figure, report.html.

  report.py DIR     reads raw.jsonl, figures.jsonl, machine.json, run.json and stages.jsonl (if any) there

A figure is an object: figure (its name), title, x, y (what the axes are), better (higher, lower), paper (what the paper has, in
words), systems (name -> label); flat_out: an x of 0 stands for as much as the source makes; log: the axes that are, "x", "y" or "xy";
kind: "bars"; or "distribution": its rows have a histogram, a list of [at least, how many], and points tell which part is beyond.
In figures of other kinds than bars that are not flat_out, x 0 is a whole, and not drawn.
"""
import csv
import json
import os
import statistics
import sys

import page
import plot
import targets


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


NAMED = ("figure", "system", "x", "repeat", "value")


def points_of(rows):
    """Of each x its values and, where there are any, the numbers that belong to them."""
    by_x = {}
    for row in rows:
        by_x.setdefault(row["x"], []).append(row)
    points = []
    for x in sorted(by_x, key=lambda x: (x == 0, x)):
        numbers = [{k: v for k, v in row.items() if k not in NAMED} for row in by_x[x]]
        points.append(dict(x=x, **summary([row["value"] for row in by_x[x]]), **({"numbers": numbers} if any(numbers) else {})))
    return points


def distribution_of(rows):
    """All repeats together: which part of the packets took at least x."""
    packets = {}
    for row in rows:
        for least, n in row["histogram"]:
            packets[least] = packets.get(least, 0) + n
    total = left = sum(packets.values())
    points = []
    for least in sorted(packets):
        points.append({"x": least, **summary([left / total])})
        left -= packets[least]
    return points


def gather(directory):
    raw = read_lines(os.path.join(directory, "raw.jsonl"))
    figures = {}
    for told in read_figures(os.path.join(directory, "figures.jsonl")):
        name = told.pop("figure")
        of = distribution_of if told.get("kind") == "distribution" else points_of
        figures[name] = dict(told, points={
            s: of([row for row in raw if row["figure"] == name and row["system"] == s]) for s in told["systems"]})
    results = json.load(open(os.path.join(directory, "run.json")))
    results["machine"] = json.load(open(os.path.join(directory, "machine.json")))
    results["experiments"] = figures
    stages = os.path.join(directory, "stages.jsonl")
    results["stages"] = read_lines(stages) if os.path.exists(stages) else []
    return results


def write_csv(directory, name, figure):
    path = os.path.join(directory, name + ".csv")
    with open(path, "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["system", "x", "median", "min", "max", "repeats"])
        for system, points in figure["points"].items():
            for p in points:
                out.writerow([system, p["x"], p["median"], p["min"], p["max"], len(p["repeats"])])


def main(directory):
    results = gather(directory)
    results["targets"] = targets.judge(results)
    for name, figure in results["experiments"].items():
        if not any(figure["points"].values()):
            sys.exit("report.py: nothing was measured for %s" % name)
        write_csv(directory, name, figure)
        plot.write_svg(directory, name, figure)
    with open(os.path.join(directory, "results.json"), "w") as file:
        json.dump(results, file, indent=1)
        file.write("\n")
    page.write_html(directory, results)
    for t in results["targets"]:
        if t["met"] is not None:
            print("%-7s %-75s %s, %s to %s (wanted %s)" % ("met" if t["met"] else "MISSED", t["name"], page.number(t["value"]),
                                                           page.number(t["lowest"]), page.number(t["highest"]), page.wanted(t)))
    print("wrote %s/report.html and results.json" % directory)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
