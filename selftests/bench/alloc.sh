#!/bin/sh
# How well each fit packs, and what an event costs: docs/allocation/*.csv, and the plot made of them.
#
#   selftests/bench/alloc.sh [DIR]      into DIR, docs/allocation unless told; `make bench-alloc`, no root
#
# Vnets come and go on 1,000 FEs of 1000m until so many are there that they would use a share of the node's
# power, the load; then one comes as often as one goes. The traces are made here from fixed seeds by
# a generator of our own, so that every awk makes the same.

set -eu

cd "$(dirname "$0")/../.."
selftests/deps.sh bench
dir=${1:-docs/allocation}
ctl=build/bin/pdp-ctl
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# trace DEMAND LOAD FES EVENTS: uniform is 50m to 1500m; pareto has shape 1.5 from 100m on, cut at 20000m.
trace() {
	awk -v demand="$1" -v load="$2" -v fes="$3" -v events="$4" '
	# Park and Miller, "Random number generators: good ones are hard to find", CACM 31 (1988).
	function uniform() { seed = seed * 16807 % 2147483647; return seed / 2147483647 }
	function power(p) {
		if (demand == "uniform")
			return int(50 + 1451 * uniform())
		p = int(100 / uniform() ^ (1 / 1.5))
		return p < 20000 ? p : 20000
	}
	BEGIN {
		seed = 20090817
		for (i = 0; i < 100000; i++)
			sum += power()
		there = load * fes * 1000 / (sum / 100000)
		for (i = 0; i < events; i++)
			if (n < there) {
				name[n++] = i
				print "add v" i, power()
			} else {
				gone = int(n * uniform())
				print "del v" name[gone]
				name[gone] = name[--n]
			}
	}'
}

# simulate FES POLICY: the summary of the trace in $work/trace.
simulate() {
	"$ctl" alloc simulate --fes "$1" --capacity 1000m --policy "$2" --trace "$work/trace" |
		tail -n 1
}

compare() {
	echo "demand,policy,load,events,placed,refused,fes_used_peak,volume_lower_bound,mean_fragmentation"
	for demand in uniform pareto; do
		for load in 0.3 0.4 0.5 0.6 0.7 0.8 0.85 0.9 0.95 1.0 1.05 1.1; do
			trace "$demand" "$load" 1000 40000 >"$work/trace"
			for policy in best-fit first-fit worst-fit; do
				simulate 1000 "$policy" | jq -r ".summary | [\"$demand\", \"$policy\",
					$load, .events, .placed, .refused, .fes_used_peak,
					.volume_lower_bound, .mean_fragmentation] | @csv" | tr -d '"'
			done
		done
	done
}

cost() {
	echo "fes,policy,events,steps_per_event"
	for fes in 10 100 1000 10000 100000; do
		trace uniform 0.9 "$fes" $((fes * 4 + 10000)) >"$work/trace"
		for policy in best-fit first-fit worst-fit; do
			simulate "$fes" "$policy" | jq -r ".summary | [$fes, \"$policy\", .events,
				(.steps / .events * 10 | round / 10)] | @csv" | tr -d '"'
		done
	done
}

plot() {
	gnuplot <<-EOF
	set terminal svg size 900,640 font "sans-serif,13" background "white"
	set output "$dir/compare.svg"
	set datafile separator ","
	set multiplot layout 2,2
	set grid lc rgb "#dddddd"
	set key reverse Left samplen 2
	set xlabel "load: power asked for / power of the node"
	set xrange [0.25:1.15]
	row(d, p) = sprintf("< grep '^%s,%s' $dir/compare.csv", d, p)
	do for [demand in "uniform pareto"] {
		name = demand eq "uniform" ? "uniform, 50m to 1500m" : "heavy-tailed (Pareto 1.5 from 100m)"
		set title name
		set ylabel "FEs in use / volume lower bound"
		set key right top
		set logscale y
		set yrange [1:4.5]
		set ytics (1, 1.2, 1.5, 2, 3, 4)
		plot row(demand, "best-fit") using 3:(1/(1-\$9)) with linespoints lc rgb "#0072b2" pt 7 ps 0.5 title "best fit", \
			row(demand, "first-fit") using 3:(1/(1-\$9)) with linespoints lc rgb "#e69f00" pt 5 ps 0.5 title "first fit", \
			row(demand, "worst-fit") using 3:(1/(1-\$9)) with linespoints lc rgb "#cc3311" pt 9 ps 0.6 title "worst fit", \
			1 with lines lc rgb "black" dt 2 title "lower bound"
		set ylabel "vnets refused, %"
		set key left top
		unset logscale y
		set ytics autofreq
		set yrange [0:26]
		plot row(demand, "best-fit") using 3:(100*\$6/(\$5+\$6)) with linespoints lc rgb "#0072b2" pt 7 ps 0.5 title "best fit", \
			row(demand, "first-fit") using 3:(100*\$6/(\$5+\$6)) with linespoints lc rgb "#e69f00" pt 5 ps 0.5 title "first fit", \
			row(demand, "worst-fit") using 3:(100*\$6/(\$5+\$6)) with linespoints lc rgb "#cc3311" pt 9 ps 0.6 title "worst fit"
	}
	unset multiplot
	EOF
}

mkdir -p "$dir"
compare >"$dir/compare.csv"
cost >"$dir/cost.csv"
plot
echo "wrote $dir/compare.csv, $dir/cost.csv and $dir/compare.svg"
