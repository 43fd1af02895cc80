# Table 3 of the paper: what the node adds to the way of a packet. A ping through a vxlan between the hosts, which PdP ends
# and routes and the others forward as it is; and the one-way delay of a load that all can carry, by the probe's time (source
# and sink have one clock).
# shellcheck shell=bash

TABLE3_LOAD=100000

table3_rtt_systems() {
	echo redirect ip_forward pdp_fast pdp_fast2 pdp_core click af_xdp af_packet
}

table3_rtt_tell() {
	jq -n --argjson load "$TABLE3_LOAD" --argjson systems "$(labels_of "$(systems_of "$(table3_rtt_systems)")")" '
		{figure: "table3_rtt", title: "Round trip of a ping", x: "", kind: "bars", y: "us, median of a repeat", better: "lower",
		 paper: "Table 3; PdP added 0.164 ms, other values are not given here", $systems},
		{figure: "table3_load", title: "One-way delay under \($load) packets/s", x: "part of the packets, %", y: "us",
		 better: "lower", log: "y", kind: "bars", paper: "has no such figure", $systems},
		{figure: "table3_delays", title: "One-way delay under \($load) packets/s, all packets", x: "us",
		 y: "part of the packets later than that", better: "lower", log: "xy", kind: "distribution",
		 paper: "has no such figure", $systems}'
}

# The median of 200 pings, in us.
table3_ping() {
	local median
	overlay_up
	on src ping -c 2 -i 0.05 -W 1 -q 10.3.2.2 >/dev/null
	on src taskset -c 0 ping -c 200 -i 0.002 -W 1 10.3.2.2 >"$WORK/ping" || die "$SYSTEM: $(tail -n 3 "$WORK/ping")"
	overlay_down
	median=$(sed -n 's/.*time=\([0-9.]*\) ms.*/\1/p' "$WORK/ping" | sort -n | awk '{ v[NR] = $1 * 1000 } END { print v[int((NR + 1) / 2)] }')
	record table3_rtt "$1" 0 "$median"
}

table3_rtt_of() {
	local part
	table3_ping "$1"
	measure "$TABLE3_LOAD" 46 "$SECONDS_EACH" --latency
	for part in 50:p50 99:p99 99.9:p999; do
		record table3_load "$1" "${part%:*}" "$(jq ".latency_us.${part#*:}" "$WORK/sink")" sent "$SENT" received "$RECEIVED"
	done
	jq -c --arg system "$1" --argjson repeat "$REPEAT" \
		'{figure: "table3_delays", $system, $repeat, histogram: .latency_us.histogram}' "$WORK/sink" >>"$OUT/raw.jsonl"
	note "  repeat $REPEAT, $1: one way $(jq -c '.latency_us | {p50, p99, p999}' "$WORK/sink") us"
}
