#!/bin/bash
# A flow whose first packets climb: nobody knows its neighbour yet, so they go to the agent and on to the control
# plane's kernel, which asks; the rest stays below. How many come late is seen by the receiver and by the node's meter.
#
#   src  pktgen, one flow ===> ethA  [fast half -> agent -> blue-cp: who has 10.3.2.2?]  ethB ===> sink, vx-blue  dst

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/control.sh"

begin "order of a flow whose first packets climb"
figure6
{
	node_head
	fes 1 500m
	echo vnets:
	controlled blue 500m kind: static | sed '/^    neighbours:/,$d'
} >"$WORK/node.yaml"
check "the node comes up" node_up "$WORK/node.yaml"
vxlan_host dst d0 198.51.100.2 198.51.100.1 2 1 02:00:00:00:42:b1 02:00:00:00:42:02

guest() {
	ctl -j guest show | jq '.[] | select(.kind == "fe")'
}
is_on() {
	[ "$(guest | jq .fast_half.on)" = true ]
}
check "the fast half is on" wait_for 5 is_on
reordered() {
	ctl -j stats show blue | jq '.[0].reorder.reordered_packets'
}
# The neighbour is forgotten, by the control plane and so by the agent.
forget() {
	inside blue ip neigh flush dev v1 && wait_for 5 unknown
}
unknown() {
	! inside blue ip neigh show 10.3.2.2 dev v1 | grep -q lladdr
}
# flow PACKETS PPS: of one flow, what came of it in $WORK/sink.
flow() {
	background dst "$BENCH/sink" --dev d0 --encap vxlan --vni 42 --idle 2 --seconds 20
	wait_for 5 grep -q counting "$WORK/bg.$BG.err"
	on src "$BENCH/pktgen" --dev s0 --dst-mac "$(mac_of node ethA)" --encap vxlan --vni 42 \
		--local 192.0.2.2:49152 --remote 192.0.2.1:4789 --inner-src-mac 02:00:00:00:42:a1 --inner-dst-mac 02:00:00:00:42:01 \
		--src 10.3.1.2 --dst 10.3.2.2 --flows 1 --count "$1" --rate "$2" >"$WORK/sent" || return
	wait "${BG_PIDS[BG]}"
	cp "$WORK/bg.$BG" "$WORK/sink"
}
climbed() {
	guest | jq .fast_half.climb_packets
}
local_packets() {
	ctl -j vnet show blue | jq '.[0].local_packets'
}
# What of the last flow: how many more than NAME's value before.
since() {
	echo $(($("$1") - $2))
}
below() {
	guest | jq .fast_half.packets
}
# One flow: $CLIMBED, $BELOW, $METERED (reordered, by the meter), $UP (to the control plane), $LATE (at the receiver).
one_flow() {
	local climbed below metered up
	forget || return
	climbed=$(climbed) below=$(below) metered=$(reordered) up=$(local_packets)
	flow 10000 20000 || return
	CLIMBED=$(since climbed "$climbed") BELOW=$(since below "$below")
	METERED=$(since reordered "$metered") UP=$(since local_packets "$up")
	LATE=$(jq .reordered "$WORK/sink")
	echo "# climbed $CLIMBED, below $BELOW, to the control plane $UP, metered $METERED, late $LATE of $(jq .received "$WORK/sink")"
}
# By the meter; an idle machine does it each time, and a busy one, where the control plane's kernel has to wait
# for its turn, once in five.
in_order_once='' climbed_once=''
for round in 1 2 3 4 5; do
	CLIMBED=0 BELOW=0 METERED=0 UP=0 LATE=none
	one_flow
	check "flow $round arrives" [ "$LATE" != none ]
	[ $((CLIMBED > 0 && BELOW > 5000)) = 0 ] || climbed_once=1
	# The meter does not see what the control plane's kernel does.
	check "none is late but by the meter, or by the control plane" [ "${LATE/none/999999}" -le $((METERED + UP)) ]
	[ "${LATE/none/999999}" -gt "$METERED" ] || in_order_once=1
done
check "first packets climbed, and most stayed below" [ -n "$climbed_once" ]
check "a flow was in order as far as the meter shows" [ -n "$in_order_once" ]
check "the books balance" wait_for 3 ctl stats --check
finish
