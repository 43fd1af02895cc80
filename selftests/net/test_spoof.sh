#!/bin/bash
# A guest that lies. Its owner sends raw frames past the agent: spoofed tags, forged outer headers,
# foreign vifs, untagged frames. Each must die at the dispatcher under its own name, and nobody may
# see any of it: not the hosts, not the other vnet, not the management host's stack.
#
#   [ guest of red: spoof ] --- fe link --- [pdp_dispatch] --- ethA, ethB --- src, dst
#                                                |
#                                        green, the MH's stack

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/forged.sh"

begin "a guest that lies reaches nobody"
figure6
{
	node_head
	fes 2 200m
	echo vnets:
	red 200m
	green 200m
} >"$WORK/node.yaml"
check "the node comes up" node_up "$WORK/node.yaml"

guest_of_red
know_each_other
watch_dev src s0
watch_dev dst d0
watch_dev node "$link"

counters_before
# shellcheck disable=SC2046
nsenter -t "$pid" --net "$HELP/spoof" --dev eth0 $(frames) >"$WORK/sent"
check "the frames were sent" [ "$(wc -l <"$WORK/sent")" -ge 30 ]
each_counted "$WORK/sent"

honest=$(grep -c '^tx_packets' "$WORK/sent")
arrived() {
	[ "$(captured d0)" -eq "$honest" ]
}
check "the destination saw the honest frames, and no other" wait_for 5 arrived
check "the source saw nothing" [ "$(captured s0)" -eq 0 ]
check "the management host's stack saw nothing" [ "$(captured "$link")" -eq 0 ]
check "green saw nothing" [ "$green_before" = "$(ctl -j stats show green | jq -c '.[0].counters')" ]

mh_silent() {
	local before
	before=$(counter red drop_untagged)
	nsenter -t "$pid" --net ip addr add 10.66.0.2/24 dev eth0 || return
	! nsenter -t "$pid" --net ping -c 2 -i 0.05 -W 0.3 10.66.0.1 || return
	# It did ask.
	[ "$(counter red drop_untagged)" -gt "$before" ]
}
on node ip addr add 10.66.0.1/24 dev lo
check "the management host does not answer a guest's ARP or ping" mh_silent
finish
