# Table 3 of the paper: what the node adds to the way of a packet. One-way delay of 1,000 packets/s, by the probe's time (source and
# sink have one clock); a round trip is twice that.
# shellcheck shell=bash

table3_rtt_tell() {
	cat <<-'EOT'
		{"figure": "table3_rtt", "title": "Round trip, of 1,000 packets/s", "x": "packets/s", "y": "us, mean of a repeat", "better": "lower",
		 "paper": "Table 3; PdP added 0.164 ms, other values are not given here",
		 "systems": {"pdp_core": "PdP, 1 FE of a whole CPU", "ip_forward": "Linux ip_forward", "redirect": "bare XDP redirect"}}
	EOT
}

table3_of() {
	system_up "$1"
	measure 1000 46 --latency
	record table3_rtt "$1" 1000 "$(jq '.latency_us.avg * 2' "$WORK/sink")" sent "$SENT" received "$RECEIVED"
	note "  repeat $REPEAT, $1: one way $(jq -c .latency_us "$WORK/sink") us"
}

table3_rtt_run() {
	local system systems=
	for system in pdp_core ip_forward redirect; do
		case " ${SYSTEMS:-$system} " in *" $system "*) systems="$systems $system" ;; esac
	done
	# shellcheck disable=SC2086
	alternating table3_of $systems
}
