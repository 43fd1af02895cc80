#!/bin/bash
# The benchmark's harness in small: each system forwards, what was measured is reported whole, and a sink that
# does not count is noticed. Figures are not judged here.
# serial: it floods

. "$(dirname "$0")/lib.sh"

begin "the harness of the benchmark"
OUT=$WORK/bench

# bench NAMES: with $LEFT, what it left behind.
bench() {
	local pid name status
	REPEATS=1 SECONDS_EACH=0.4 SYSTEMS="pdp_1 ip_forward redirect" RATES="20000 0" VNETS="1 100" PACKETS=200000 \
		OVERLOAD_SECONDS=3 OVERLOAD_STEP=2.5 SHAPES="off/2 off/weighted" POLICIES=flow-hash BENCH_ONLY=$1 OUT=$OUT \
		"$TOP/selftests/bench/bench.sh" >"$WORK/said" 2>&1 &
	pid=$!
	wait "$pid"
	status=$?
	name=$(run_name $pid)
	LEFT=$(T=$name RUN_DIR=/run/$name PINS=/sys/fs/bpf/$name left_behind)
	[ $status -eq 0 ] || { cat "$WORK/said"; return 1; }
}
results() {
	jq -e "$1" "$OUT/results.json"
}
check "an experiment that is none" sh -c "BENCH_ONLY=fig99 OUT=$OUT $TOP/selftests/bench/bench.sh 2>&1 | grep 'no experiment has a figure that begins with any of .fig99.'"
check "a Click that is none" sh -c "CLICK=$OUT/click BENCH_ONLY=fig7 OUT=$OUT $TOP/selftests/bench/bench.sh 2>&1 | grep 'is no program'"
bench fig7,md_cost,table,overload
check "figure 7, the MD's cost, the tables and overload" test $? -eq 0
sed 's/^/# /' "$WORK/said"
check "nothing of it is left behind" [ -z "$LEFT" ]
check "every system has every point" results '
	.experiments.fig7_forwarding.points | with_entries(select(.value != [])) |
	keys == ["ip_forward", "pdp_1", "redirect"] and
	all(.[]; map(.x) == [20000, 0] and all(.[]; .median > 0 and (.repeats | length) == 1))'
check "loss is a part of one" results '[.experiments.fig8_loss.points[][].repeats[]] | length == 6 and all(. >= 0 and . < 1)'
check "more vnets, and fewer" results '.experiments.md_cost.points.classify | map(.x) == [1, 100]'
check "a figure that was not measured has no verdict" results '.targets | map(select(.value == null)) | length > 0 and all(.met == null)'
check "machine, command and time are told" results '.machine.kernel != "" and .took_s_each.fig7_forwarding > 0 and
	.command == "sudo make bench BENCH=fig7,md_cost,table,overload"'
check "what was sent, and what came of it, stand by each value" results '
	[.experiments.fig7_forwarding.points[][].numbers[]] | length == 6 and all(.sent >= .received and .received > 0)'
check "TCP with flow-hash is not reordered" results '
	[.experiments.table1_reorder.points[][] | select(.x == 2)] | length == 2 and all(.median == 0 and .numbers[0].received > 100)'
check "TCP arrives" results '[.experiments.fig12_tcp.points[][]] | length == 2 and all(.median > 0)'
check "a ping goes through each" results '
	[.experiments.table3_rtt.points[][]] | length == 2 and all(.median > 0)'
check "half of a load is no later than 99 % of it" results '
	[.experiments.table3_load.points[] | select(length > 0) | map(.median)] | length == 2 and all(. == sort)'
check "a distribution begins with all packets and falls" results '
	[.experiments.table3_delays.points[] | select(length > 0) | map(.median)] | length == 2 and all(.[0] == 1 and . == (sort | reverse))'
check "overload is told second by second, and as a whole" results '
	.experiments.overload.points.pdp_fast_1 | length >= 2 and .[-1].x == 0 and .[-1].numbers[0].sent > 0'
check "a CSV of each figure" [ "$(cat "$OUT"/fig7_forwarding.csv "$OUT"/fig8_loss.csv "$OUT"/md_cost.csv | wc -l)" -eq 25 ]
whole() {
	python3 - "$OUT/report.html" <<-'EOT'
		import html.parser, sys
		open_tags = []
		class Parser(html.parser.HTMLParser):
		    def handle_starttag(self, tag, attrs):
		        if tag not in ("meta", "br"):
		            open_tags.append(tag)
		    def handle_endtag(self, tag):
		        assert open_tags.pop() == tag, tag
		text = open(sys.argv[1]).read()
		Parser().feed(text)
		assert not open_tags and text.count("<h2") == 13
	EOT
}
check "the report is whole" whole

# Values made up, of three repeats: 2 FEs do better than what is wanted, 3 worse.
judged() {
	mkdir "$WORK/made-up"
	cp "$OUT"/machine.json "$OUT"/run.json "$WORK/made-up"
	echo '{"figure": "fig7_forwarding", "title": "", "x": "", "y": "", "better": "higher", "paper": "", "flat_out": true,
		"systems": {"pdp_fast_1": "", "pdp_fast_2": "", "pdp_fast_3": ""}}' >"$WORK/made-up/figures.jsonl"
	jq -nc '[[9, 18, 27], [10, 19.5, 29], [99, 99, 99]] | to_entries[] | .key as $repeat | .value | to_entries[]
		| {figure: "fig7_forwarding", system: "pdp_fast_\(.key + 1)", x: 0, $repeat, value}' >"$WORK/made-up/raw.jsonl"
	"$TOP/selftests/bench/report.py" "$WORK/made-up" || return
	jq -c '[.targets[] | select(.value != null) | [.value, .lowest, .highest, .at_least, .met]]' "$WORK/made-up/results.json" >"$WORK/judged"
	echo '[[1.95,1,2,1.94,true],[2.9,1,3,2.91,false]]' | diff - "$WORK/judged"
}
check "one that was measured has, from what each repeat said" judged

# Where the time goes, if perf's samples are such: what was busy adds up, idle is not counted, strangers are told apart.
stages() {
	printf '%s\n' ' 600|swapper|[kernel]|[k] pv_native_safe_halt' ' 30|pktgen|bpf|[k] bpf_prog_12ab_pdp_classify' \
		' 10|pdp-fe-agent|pdp-fe-agent|[.] router_burst' ' 50|pdp-fe-agent|[kernel]|[k] __xsk_generic_xmit' ' 10|cc1|cc1|[.] main' |
		"$TOP/selftests/bench/stages.py" 1000 1 1000 >"$WORK/stages"
	jq -e 'map({(.stage): [.share, .ns]}) | add == {"classifier, pdp_classify": [30, 30000], "FE agent'"'"'s own code": [10, 10000],
		"AF_XDP transmit": [50, 50000], "other processes of this machine": [10, 10000]}' "$WORK/stages" || cat "$WORK/stages"
}
check "samples are sorted by stage" stages

# The packets of another port.
blind() {
	sed 's/SINK=(--encap udp --port 5001)/SINK=(--encap udp --port 5999)/' "$TOP/selftests/bench/systems.sh" >"$1/selftests/bench/systems.sh"
}
broken_sink() {
	local tree=$WORK/tree
	mkdir -p "$tree/selftests"
	cp -r "$TOP/selftests/bench" "$TOP/selftests/net" "$tree/selftests"
	ln -s "$TOP/build" "$tree/build"
	blind "$tree"
	! REPEATS=1 SECONDS_EACH=0.4 SYSTEMS=pdp_1 RATES=20000 BENCH_ONLY=fig7 OUT=$OUT "$tree/selftests/bench/bench.sh" >"$WORK/said" 2>&1 || return 1
	grep 'pdp_1 at 20000 packets/s forwards nothing' "$WORK/said" || { cat "$WORK/said"; return 1; }
}
check "a sink that sees nothing is noticed" broken_sink
finish
