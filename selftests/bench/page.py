# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""report.html: everything that report.py knows on one page, with nothing fetched from elsewhere."""
import os
import re
from html import escape

STYLE = """
:root { --ink: #1d2733; --soft: #5c6b7a; --line: #dde3e9; --good: #0a7d4f; --bad: #c0392b; --none: #8a97a5; --bar: #0077bb }
* { box-sizing: border-box }
body { font: 15px/1.55 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: var(--ink); background: #f3f5f7; margin: 0 }
header { background: #12304a; color: #fff; padding: 2.2em 0 1.8em } header p { color: #c3d3e0; margin: .3em 0 }
h1 { margin: 0; font-weight: 600 } h2 { font-weight: 600; margin: 0 0 .3em; font-size: 1.25em } h3 { font-size: 1em; margin: 1.2em 0 .3em }
.inner { max-width: 68em; margin: 0 auto; padding: 0 1.5em }
section { background: #fff; border: 1px solid var(--line); border-radius: 8px; padding: 1.3em 1.6em; margin: 1.4em 0 }
nav { margin-top: 1em } nav a { color: #9fd0f5; text-decoration: none; margin-right: 1em; white-space: nowrap }
nav a:hover { text-decoration: underline }
code { font-family: "DejaVu Sans Mono", monospace; font-size: .87em }
table { border-collapse: collapse; width: 100% } td, th { padding: .35em .7em; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top }
th { color: var(--soft); font-weight: 600; font-size: .87em } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.pill { border-radius: 1em; color: #fff; padding: .1em .75em; font-size: .82em; white-space: nowrap }
.pill.met { background: var(--good) } .pill.missed { background: var(--bad) } .pill.none { background: var(--none) }
.soft, .paper { color: var(--soft) } .paper { margin: .1em 0 .8em } .warn { color: #ffd58a }
.score { font-size: 1.6em; font-weight: 600 }
.gauge { position: relative; display: block; width: 11em; height: .55em; background: #e8edf1; border-radius: .3em; margin-top: .45em }
.gauge i { position: absolute; left: 0; top: 0; bottom: 0; border-radius: .3em; background: var(--good) } .gauge.missed i { background: var(--bad) }
.gauge b { position: absolute; top: -.25em; bottom: -.25em; width: 2px; background: var(--ink) }
.stack { display: flex; height: 1.7em; border-radius: 4px; overflow: hidden; margin: .5em 0 .8em }
.stack i { display: block; min-width: 1px } .chip { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .5em }
svg { max-width: 100%; height: auto; display: block } details { margin-top: .6em } summary { cursor: pointer; color: var(--soft) }
footer { color: var(--soft); padding: 0 0 3em }
"""

SHADES = ["#004488", "#0077bb", "#56b4e9", "#009e73", "#66c2a5", "#e69f00", "#cc3311", "#aa4499", "#999999", "#c9c9c9"]


def number(value):
    if value is None:
        return "not measured"
    return "%.4g" % value if abs(value) < 1000 else "{:,.0f}".format(value)


def wanted(target):
    return "at least %s" % target["at_least"] if "at_least" in target else "at most %s" % target["at_most"]


def element(name, text, **attributes):
    """Text is HTML already."""
    told = "".join(' %s="%s"' % (k.rstrip("_"), escape(str(v))) for k, v in attributes.items())
    return "<%s%s>%s</%s>" % (name, told, text, name)


def table(head, rows, numbers=()):
    """Cells are HTML already; numbers: which columns are."""
    def row(cell, cells):
        return element("tr", "".join(element(cell, str(c), **({"class_": "n"} if i in numbers else {})) for i, c in enumerate(cells)))
    return element("table", "\n".join([row("th", [escape(h) for h in head])] + [row("td", r) for r in rows]))


# --- targets -----------------------------------------------------------------------------------------

VERDICTS = {True: ("met", "met"), False: ("missed", "missed"), None: ("none", "not measured")}


def gauge(target):
    """The value on a scale with the limit at two thirds; nothing where there is no scale."""
    limit = target.get("at_least", target.get("at_most"))
    if target["value"] is None or not limit:
        return ""
    part = min(max(target["value"] / limit, 0) * 66.7, 100)
    return element("span", '<i style="width: %.1f%%"></i><b style="left: 66.7%%"></b>' % part, class_="gauge" if target["met"] else "gauge missed")


def spread(target):
    """Of its repeats, where they differ."""
    if target["value"] is None or target["lowest"] == target["highest"]:
        return ""
    return "<br><span class='soft'>%s to %s</span>" % (number(target["lowest"]), number(target["highest"]))


def target_row(target):
    kind, text = VERDICTS[target["met"]]
    name = escape(target["name"])
    if "without_fast_half" in target:
        name += "<br><span class='soft'>without fast half: %s</span>" % number(target["without_fast_half"])
    return [name, number(target["value"]) + spread(target), escape(wanted(target)), gauge(target),
            element("span", text, class_="pill " + kind)]


def targets_html(results):
    targets = results["targets"]
    met, judged = (sum(1 for t in targets if test(t["met"])) for test in (bool, lambda m: m is not None))
    parts = ["<h2 id='targets'>What is to be reached</h2>",
             "<p><span class='score'>%d of %d</span> measured figures are reached; %d were not measured. A ratio is of one repeat, and the median of "
             "all repeats' ratios counts. A bar's mark is the limit.</p>" % (met, judged, len(targets) - judged)]
    for name, text in (("evaluation", "The paper's evaluation"), ("fast half", "The fast half")):
        rows = [target_row(t) for t in targets if t["table"] == name]
        parts += ["<h3>%s</h3>" % text, table(["figure", "value", "wanted", "", ""], rows, numbers=(1, 2))]
    return element("section", "\n".join(parts))


# --- where the time goes -------------------------------------------------------------------------------

def stage_html(told):
    """One system: its programs by the kernel's own count, and the CPUs' time by perf's samples."""
    parts = ["<h3>%s: %s packets/s</h3>" % (escape(told["label"]), number(told["pps"]))]
    stages = sorted(told["stages"], key=lambda s: -s["share"])
    if stages:
        parts.append(element("div", "".join('<i style="width: %.2f%%; background: %s" title="%s: %.1f %%"></i>' % (
            s["share"], SHADES[i % len(SHADES)], escape(s["stage"]), s["share"]) for i, s in enumerate(stages)), class_="stack"))
        parts.append(table(["of the CPUs' busy time", "%", "ns a packet", "most of it in"], [
            ['<span class="chip" style="background: %s"></span>%s' % (SHADES[i % len(SHADES)], escape(s["stage"])), number(s["share"]),
             number(s["ns"]), "<code>%s</code>" % escape(", ".join(s["symbols"]))] for i, s in enumerate(stages)], numbers=(1, 2)))
    if told["programs"]:
        parts.append(table(["BPF program", "ns a run", "runs a packet that arrived"], [
            ["<code>%s</code>" % escape(p["name"]), number(p["ns"]), number(p["runs"])] for p in told["programs"]], numbers=(1, 2)))
    return "\n".join(parts)


def stages_html(results):
    missed = [t["name"] for t in results["targets"] if t["met"] is False]
    parts = ["<h2 id='stages'>Where the time goes</h2>"]
    if missed:
        parts.append("<p>Missed: %s. What was tried is in <code>docs/performance.md</code>.</p>" % escape("; ".join(missed)))
    parts.append("<p class='soft'>Flat out, in this run, apart from the measurements above. A program's time is the kernel's "
                 "(<code>kernel.bpf_stats_enabled</code>), the clock's own reading included.</p>")
    return element("section", "\n".join(parts + [stage_html(s) for s in results["stages"]]))


# --- figures -----------------------------------------------------------------------------------------

def values_html(figure):
    many = figure.get("kind") == "distribution"
    rows = [[escape(figure["systems"][s]), "flat out" if figure.get("flat_out") and p["x"] == 0 else number(p["x"]), number(p["median"]),
             "%s to %s" % (number(p["min"]), number(p["max"])), len(p["repeats"])]
            for s, points in figure["points"].items() for p in (points if not many else [])]
    if not rows:
        return ""
    return element("details", "<summary>Values</summary>" + table(
        ["system", figure["x"] or "", "median: " + figure["y"], "lowest to highest", "repeats"], rows, numbers=(1, 2, 3, 4)))


def figure_html(directory, name, figure):
    parts = ["<h2 id='%s'>%s</h2>" % (name, escape(figure["title"])),
             "<p class='paper'>The paper: %s. <code>%s</code>: %s is better.</p>" % (escape(figure["paper"]), name, figure["better"])]
    svg = os.path.join(directory, name + ".svg")
    if os.path.exists(svg):
        drawn = open(svg).read()
        # gnuplot gives the same names in each drawing; here they are in one document.
        drawn = re.sub(r"(id=['\"]|#)(gp|gnuplot)", r"\1%s_\2" % name, drawn[drawn.index("<svg"):])
        parts.append(drawn)
    return element("section", "\n".join(parts + [values_html(figure)]))


# --- the page ----------------------------------------------------------------------------------------

def head_html(results):
    m = results["machine"]
    late = results.get("source_late", 0)
    parts = ["<h1>PdP: the paper's experiments</h1>",
             "<p>%s, %d CPUs, %d MiB, Linux %s</p>" % (escape(m["cpu"]), m["cpus"], m["memory_mib"], escape(m["kernel"])),
             "<p>%s</p>" % escape(", ".join("%s %s" % kv for kv in m["versions"].items())),
             "<p><code>%s</code>, %s, %d s. Each point %d times, systems in turn; points are medians, bars go from the lowest value "
             "to the highest.</p>" % (escape(results["command"]), results["started"], results["took_s"], results["repeats"])]
    if late:
        parts.append("<p class='warn'>%d times the source sent less than 98 %% of what it was asked for: the machine was busy with "
                     "other things, and times are worth little.</p>" % late)
    if results.get("fast_half_off"):
        parts.append("<p class='warn'>Guests had no fast half: %s.</p>" % escape(results["fast_half_off"]))
    links = [("targets", "targets")] + ([("stages", "where the time goes")] if results["stages"] else [])
    links += [(n, n) for n in results["experiments"]]
    parts.append(element("nav", " ".join('<a href="#%s">%s</a>' % link for link in links)))
    return element("header", element("div", "\n".join(parts), class_="inner"))


def took_html(results):
    rows = sorted(results.get("took_s_each", {}).items(), key=lambda kv: -kv[1])
    return "<details><summary>How long it took</summary>%s</details>" % table(
        ["", "s"], [["<code>%s</code>" % escape(n), number(s)] for n, s in rows], numbers=(1,))


def write_html(directory, results):
    body = [targets_html(results)] + ([stages_html(results)] if results["stages"] else [])
    body += [figure_html(directory, n, f) for n, f in results["experiments"].items()]
    parts = ["<!doctype html><html lang='en'><head><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
             "<title>PdP: bench</title><style>%s</style></head><body>" % STYLE, head_html(results),
             element("div", "\n".join(body + [element("footer", took_html(results))]), class_="inner"), "</body></html>"]
    with open(os.path.join(directory, "report.html"), "w") as file:
        file.write("\n".join(parts) + "\n")
