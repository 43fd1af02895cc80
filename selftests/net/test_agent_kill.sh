#!/bin/bash
# An agent is killed under load and comes back: the vnet's other guest carries on, the dead one's
# flows return to it, and the books say what was lost.
#
#   src ==== red, 20 kpps, 64 flows ====> node (two guests) ====> dst (sink)
# serial: it floods

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"

begin "an agent killed under load"
figure6
{
	node_head
	fes 2 300m
	echo vnets:
	red 600m
} >"$WORK/node.yaml"
check "the node comes up" node_up "$WORK/node.yaml"

guest() {
	ctl -j guest show | jq -r ".[0].$1"
}
tx_of() {
	guest tx_packets
}

sink_red 30
flood_red 20000 6 64 >"$WORK/pktgen" &
load=$!
moving() {
	local before
	before=$(tx_of)
	sleep 0.2
	[ "$(tx_of)" -gt "$before" ]
}
check "the first guest carries traffic" wait_for 5 moving

name=$(guest name)
kill -KILL "$(pgrep -f "pdp-fe-agent.*" --ns "$(guest init_pid)" --nslist pid | head -1)"
restarted() {
	[ "$(guest restarts)" -ge 1 ] && [ "$(guest state)" = ready ]
}
check "guest $name is restarted" wait_for 10 restarted
check "it carries traffic again" wait_for 5 moving
still_loaded() {
	kill -0 "$load"
}
check "the load ran all the time" still_loaded
wait "$load"
check "the books balance, the loss included" ctl stats show --check
finish
