#!/bin/bash
# The reordering meter against what the receiver sees: two guests of unequal power share a CPU, so that packets
# dealt in turn come back out of order; dealt by flow they do not.
#
#   $T-src  s0 ===== ethA  $T-node  ethB ===== d0  $T-dst
#   flows in red ---------> red-1 (fe1), red-2 (fe2) ----->  sink

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/live.sh"

begin "live reordering meter"

meter() {
	ctl -j stats show red | jq -c .[0].reorder
}

# measure FLOWS: a stream at one rate; the meter's part of it in $METER, the sink's in $WORK/stream.json.
measure() {
	local before after
	before=$(meter)
	stream 40000 60 "$1"
	# Until there is enough to tell 1 % by, if there will be; 4 s are enough on an idle machine.
	sleep "${2:-4}"
	stream_ends
	after=$(meter)
	METER=$(jq -nc --argjson b "$before" --argjson a "$after" \
		'{metered: ($a.metered_packets - $b.metered_packets),
		  reordered: ($a.reordered_packets - $b.reordered_packets),
		  late: ($a.extent_mean * $a.reordered_packets - $b.extent_mean * $b.reordered_packets)}')
	echo "# meter $METER, sink $(jq -c '{received, reordered, late_avg}' "$WORK/stream.json")"
}

# Within 1 % of each other: FIELD of the meter, jq expression of the sink.
agree() {
	jq -e --argjson m "$METER" "\$m.$1 as \$x | ($2) as \$y | \$y > 0 and ((\$x - \$y) | fabs) <= 0.01 * \$y" \
		"$WORK/stream.json"
}

none_reordered() {
	[ "$(echo "$METER" | jq .reordered)" = 0 ]
}

reads_on() {
	[ "$(meter | jq .reordered_packets)" -ge "$1" ]
}

reordered_here() {
	[ "$(echo "$METER" | jq .reordered)" -gt 100 ]
}

figure6
{
	node_head
	fes 2 200m
	echo vnets:
	red 300m round-robin
} >"$WORK/node.yaml"
node_up "$WORK/node.yaml"

measure 1
check "one flow, in turn: packets are reordered" reordered_here
check "as many were metered as arrived" agree metered .received
check "the ratio is the receiver's" agree reordered .reordered
check "and how late they were, too" agree late ".late_avg * .reordered"

# An odd number: each flow goes to both guests.
measure 15
check "15 flows, in turn: packets are reordered" reordered_here
check "as many were metered as arrived" agree metered .received
check "the ratio is the receiver's" agree reordered .reordered

sum_of_guests() {
	ctl -j stats show red | jq -e '.[0].reorder |
		.reordered_packets == ([.guests[].reordered_packets] | add) and
		.reordered_packets == ([.late[].packets] | add) and .reordered_packets > 0'
}
check "the guests' parts make up the vnet's, and so do those of the histogram" sum_of_guests
check "stats has a line of it" sh -c "'$BIN/pdp-ctl' --run-dir '$RUN_DIR' stats red | grep 'reorder  *red-1 .*numbers late'"
check "vnet show has a column of it" sh -c "'$BIN/pdp-ctl' --run-dir '$RUN_DIR' vnet show | grep -A1 REORDER | grep -E '[0-9]\.[0-9]{3}%'"
metric() {
	curl -s --unix-socket "$RUN_DIR/pdpd.sock" http://pdpd/metrics | grep "^$1{vnet=\"red\"$2} [1-9]"
}
check "the metrics have its histogram" metric pdp_vnet_lateness_bucket ',le="+Inf"'
check "and its sum" metric pdp_vnet_lateness_sum ""

check "policy flow-hash" ctl vnet set red policy flow-hash
measure 64 2
check "64 flows by their hash: none is reordered" none_reordered
check "nor at the receiver" in_order
check "all were metered" agree metered .received

before=$(meter | jq .reordered_packets)
pdpd_leave
node_up "$WORK/node.yaml"
check "the next pdpd reads on" reads_on "$before"
finish
