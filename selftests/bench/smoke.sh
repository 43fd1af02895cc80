#!/bin/bash
# bench-smoke: the throughput ratios that the node promises, measured in one run on one machine.
# Systems alternate, each figure is the median of several rounds, with its lowest and highest value.
# Writes build/bench-smoke.json. Topology: net/figure6.sh; source, classifier and sink share the first
# CPU, the FEs have the last.
#
#   fe_vs_redirect        whole path with one FE guest on one core / bare XDP redirect NIC to NIC
#   classifier_vs_redirect  classifier alone (the agent is stopped) / the same
#   scaling               2 and 3 FEs at 20 % of a CPU each / 1, flat out
#   overload_vs_peak      rate under ten times overload / the best rate at any load, one FE at 20 %
#   loss_at_half_peak     packets lost at half of the whole-core peak over 10 s
#   agent_rss_mib         resident memory of the agent with the vnet's routes

. "$(dirname "$0")/../net/lib.sh"
. "$(dirname "$0")/../net/figure6.sh"

ROUNDS=${ROUNDS:-5}
SECONDS_EACH=${SECONDS_EACH:-2}
RESULT=$TOP/build/bench-smoke.json

die() {
	echo "bench-smoke: $*" >&2
	exit 1
}

# node POWER CAPACITY FES: a fresh node with red alone, whose agent has each packet: a stopped one shows the classifier.
node() {
	node_down
	{
		node_head
		fes "$3" "$2"
		echo vnets:
		red "$1" | sed "s/^    data-plane:/    fast-half: off\n&/"
	} >"$WORK/node.yaml"
	node_up "$WORK/node.yaml" || die "the node did not come up"
}

# arrived PPS: what the sink sees each second when so much is offered (0: flat out).
arrived() {
	sink_red $((SECONDS_EACH + 10))
	flood_red "$1" "$SECONDS_EACH" 256 >"$WORK/offered" || die "$(cat "$WORK/offered")"
	wait "${BG_PIDS[BG]}"
	jq -r '.pps | floor' "$WORK/bg.$BG"
}

redirect_pps() {
	node_down
	background node "$BENCH/redirect" --from ethA --to ethB --dst-mac "$(mac_of dst d0)"
	wait_for 5 grep -q redirecting "$WORK/bg.$BG.err" || die "redirect: $(cat "$WORK/bg.$BG.err")"
	local pid=${BG_PIDS[BG]}
	arrived 0
	kill "$pid"
	wait "$pid"
}

# pdpd rests too: it would take the slots of an agent that does not answer.
classifier_pps() {
	local before after agent
	agent=$(agent_pid)
	before=$(counter red rx_packets)
	kill -STOP "$NODE_PID" "$agent"
	flood_red 0 "$SECONDS_EACH" 256 >"$WORK/offered"
	kill -CONT "$agent" "$NODE_PID"
	after=$(counter red rx_packets)
	jq -r "($after - $before) / .seconds | floor" "$WORK/offered"
}

# summary FILE: median, lowest and highest of numbers, one a line.
summary() {
	jq -s 'sort | {median: .[length / 2 | floor], min: .[0], max: .[-1]}' "$1"
}

begin "bench-smoke" >/dev/null
figure6 || die "the namespaces could not be made"

for round in $(seq "$ROUNDS"); do
	redirect_pps >>"$WORK/redirect"
	node 1000m 1000m 1
	arrived 0 >>"$WORK/path"
	arrived 0 >>"$WORK/path"
	classifier_pps >>"$WORK/classifier"
	for n in 1 2 3; do
		node "$((n * 200))m" 200m "$n"
		arrived 0 >>"$WORK/scale$n"
	done
	echo "round $round of $ROUNDS: redirect $(tail -n1 "$WORK/redirect"), classifier" \
		"$(tail -n1 "$WORK/classifier"), path $(tail -n1 "$WORK/path"), FEs of 200m" \
		"$(tail -qn1 "$WORK/scale1" "$WORK/scale2" "$WORK/scale3" | paste -sd' ') pps"
done

node 200m 200m 1
one=$(summary "$WORK/scale1" | jq .median)
for round in $(seq "$ROUNDS"); do
	for tenth in 8 9 10 11 13 16 20 30; do
		arrived $((one * tenth / 10)) >>"$WORK/ladder.$tenth"
	done
	arrived $((one * 10)) >>"$WORK/overload"
done
for step in "$WORK"/ladder.*; do
	summary "$step" | jq .median
done >"$WORK/ladder"
peak=$(jq -s max "$WORK/ladder")

node 1000m 1000m 1
rss_kib=$(awk '/^VmRSS/ { print $2 }' "/proc/$(agent_pid)/status")
half=$(($(summary "$WORK/path" | jq .median) / 2))
sink_red 20
flood_red "$half" 10 256 >"$WORK/offered"
wait "${BG_PIDS[BG]}"
lost=$(($(jq .sent "$WORK/offered") - $(jq .received "$WORK/bg.$BG")))

jq -n --slurpfile redirect <(summary "$WORK/redirect") --slurpfile path <(summary "$WORK/path") \
	--slurpfile classifier <(summary "$WORK/classifier") \
	--slurpfile one <(summary "$WORK/scale1") --slurpfile two <(summary "$WORK/scale2") \
	--slurpfile three <(summary "$WORK/scale3") --slurpfile overload <(summary "$WORK/overload") \
	--argjson peak "$peak" --argjson half "$half" --argjson lost "$lost" --argjson rss "$rss_kib" \
	--arg kernel "$(uname -r)" --arg cpu "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n1)" '
	def ratio(a; b): a / b * 1000 | round / 1000;
	{kernel: $kernel, cpu: $cpu,
	 redirect_pps: $redirect[0], classifier_pps: $classifier[0], path_pps: $path[0],
	 scaling_pps: [$one[0], $two[0], $three[0]],
	 fe_vs_redirect: ratio($path[0].median; $redirect[0].median),
	 classifier_vs_redirect: ratio($classifier[0].median; $redirect[0].median),
	 scaling: [ratio($two[0].median; $one[0].median), ratio($three[0].median; $one[0].median)],
	 peak_pps: $peak, overload_pps: $overload[0],
	 overload_vs_peak: ratio($overload[0].median; $peak),
	 half_peak_pps: $half, loss_at_half_peak: $lost, agent_rss_mib: ($rss / 1024 * 10 | round / 10)}' \
	>"$RESULT"

jq -r '
	def line(name; value; want): "  \(name)  \(value)  (wanted \(want))";
	line("fe_vs_redirect        "; .fe_vs_redirect; ">= 0.14"),
	line("classifier_vs_redirect"; .classifier_vs_redirect; ">= 0.75"),
	line("2 FEs / 1             "; .scaling[0]; ">= 1.9"),
	line("3 FEs / 1             "; .scaling[1]; ">= 2.85"),
	line("overload / peak       "; .overload_vs_peak; ">= 0.95"),
	line("lost at half of peak  "; .loss_at_half_peak; "0"),
	line("agent RSS, MiB        "; .agent_rss_mib; "< 32")' "$RESULT"
echo "figures in build/bench-smoke.json"
