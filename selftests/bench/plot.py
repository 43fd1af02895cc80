# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""A figure of report.py as an SVG, by gnuplot: lines, or with kind "bars" a group of bars for each system."""
import os
import shutil
import subprocess

# PdP is blue and green, without its fast half lighter; what it stands beside is warm, or grey.
OF_SYSTEM = {
    "redirect": "#444444", "ip_forward": "#cc3311", "click": "#e69f00", "af_xdp": "#aa4499", "af_packet": "#dd99bb",
    "pdp_fast": "#004488", "pdp_fast2": "#0077bb", "pdp_core": "#77bbee",
    "pdp_fast_1": "#005f45", "pdp_fast_2": "#009e73", "pdp_fast_3": "#44cc99",
    "pdp_1": "#669944", "pdp_2": "#99bb66", "pdp_3": "#bbdd99",
}
OTHERS = ["#0077bb", "#e69f00", "#009e73", "#cc3311", "#56b4e9", "#444444", "#cc79a7", "#999999"]


def colour(system, i):
    return OF_SYSTEM.get(system, OTHERS[i % len(OTHERS)])


def unit_format(values):
    """Large numbers as 100k."""
    return "'%.0s%c'" if max(values) > 1000 else "'%g'"


def from_zero(values):
    return "[0:%s]" % ("*" if max(values) > 0 else "1")


def quoted(text):
    return '"%s"' % text.replace('"', "'")


def head(name, figure, height):
    return ['set terminal svg noenhanced size 960,%d font "sans-serif,13" background "white"' % height,
            'set output "%s.svg"' % name, 'set grid ytics lc rgb "#e4e4e4" lt 1', "set border 3 lc rgb '#888888'", "set tics nomirror textcolor rgb '#444444'",
            "set xlabel %s textcolor rgb '#444444'" % quoted(figure["x"]), "set ylabel %s textcolor rgb '#444444'" % quoted(figure["y"])]


def lines_of(figure):
    """Points to draw, and where flat out stands, right of the largest x; 0: nowhere."""
    xs = [p["x"] for points in figure["points"].values() for p in points]
    beyond = max(xs) * 1.15 or 1 if figure.get("flat_out") else 0
    return {s: [(p["x"] or beyond, p["median"], p["min"], p["max"]) for p in points if p["x"] or beyond]
            for s, points in figure["points"].items() if points}, beyond


def line_script(name, figure):
    lines, beyond = lines_of(figure)
    log = figure.get("log", "")
    xs, ys = ([p[i] for line in lines.values() for p in line] for i in (0, 1))
    script = head(name, figure, 460 + 22 * ((len(lines) + 1) // 2)) + [
        "set key below left Left reverse maxcols 2", "set format x " + unit_format(xs), "set format y " + unit_format(ys)]
    script += ["set logscale " + log] if log else []
    script += ["set %srange %s" % (axis, from_zero(values)) for axis, values in (("x", xs), ("y", ys)) if axis not in log]
    if beyond:
        ticks = sorted({x for x in xs if beyond > x > beyond / 25})
        script += ["set xrange [0:%g]" % (beyond * 1.03),
                   "set xtics (%s)" % ", ".join(["0"] + ["%g" % x for x in ticks] + ['"flat out" %g' % beyond])]
    for i, points in enumerate(lines.values()):
        script += ["$d%d << EOD" % i] + [" ".join("%.9g" % v for v in p) for p in points] + ["EOD"]
    style = "using 1:2 with lines lw 1.6" if figure.get("kind") == "distribution" else "using 1:2:3:4 with yerrorlines pt 7 ps 0.5 lw 1.6"
    return script + ["plot " + ", ".join('$d%d %s lc rgb "%s" title %s' % (
        i, style, colour(system, i), quoted(figure["systems"][system])) for i, system in enumerate(lines))]


def bar_script(name, figure):
    systems = [s for s, points in figure["points"].items() if points]
    xs = sorted({p["x"] for s in systems for p in figure["points"][s]})
    highest = [p["max"] for s in systems for p in figure["points"][s]]
    script = head(name, dict(figure, x=""), 560) + [
        "set style data histogram", "set style histogram errorbars gap 1.5 lw 1", "set style fill solid 0.9 noborder",
        "set xtics rotate by 32 right noenhanced font ',11'", "set datafile missing '?'", "set bmargin 10", "set lmargin 16",
        "set format y " + unit_format(highest)]
    script += ["set logscale y", "set yrange [*:*]"] if "y" in figure.get("log", "") else ["set yrange " + from_zero(highest)]
    script += ["set key top left Left reverse horizontal" if len(xs) > 1 else "unset key", "$d << EOD"]
    for system in systems:
        by_x = {p["x"]: p for p in figure["points"][system]}
        cells = ["%.9g %.9g %.9g" % tuple(by_x[x][k] for k in ("median", "min", "max")) if x in by_x else "? ? ?" for x in xs]
        script.append(" ".join([quoted(figure["systems"][system])] + cells))
    return script + ["EOD", "plot " + ", ".join('$d using %d:%d:%d%s lc rgb "%s" title %s' % (
        2 + 3 * i, 3 + 3 * i, 4 + 3 * i, ":xtic(1)" if i == 0 else "", OTHERS[i % len(OTHERS)],
        quoted(("%s: %g" % (figure["x"], x)) if figure["x"] else "")) for i, x in enumerate(xs))]


def write_svg(directory, name, figure):
    script = bar_script(name, figure) if figure.get("kind") == "bars" else line_script(name, figure)
    with open(os.path.join(directory, name + ".gnuplot"), "w") as file:
        file.write("\n".join(script) + "\n")
    if shutil.which("gnuplot"):
        subprocess.run(["gnuplot", name + ".gnuplot"], cwd=directory, check=True)
