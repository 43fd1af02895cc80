#!/bin/bash
# An overloaded guest gives some slots to its idle sibling, a few at a time, and their flows with them; other
# flows stay where they are, and so does all of it when another pdpd comes. Overload is one flow of far more packets
# than a guest's share can process.
# serial: it floods
#
#   $T-src  s0 ===== ethA  $T-node  ethB ===== d0  $T-dst
#   one flow in red -----> red-1 (fe1), red-2 (fe2) ----->  (no one counts)

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"

begin "load-aware slots"

vnet() {
	ctl -j vnet show red | jq -e ".[0] | $1"
}

# The table in force, a guest's id for each slot.
slots() {
	local half
	half=$(ctl -j map dump pdp_vnets | jq '.[0].half')
	ctl -j map dump pdp_slots | jq -c --argjson half "$half" '.[] | select(.half == $half) | .runs'
}

# differences BEFORE AFTER: how many slots are another guest's.
differences() {
	jq -n --argjson a "$1" --argjson b "$2" 'def flat: map(range(.slots) as $_ | .guest);
		($a | flat) as $a | ($b | flat) as $b | [range($a | length) | select($a[.] != $b[.])] | length'
}

# flood SECONDS: 200,000 packets a second of one flow, not on the FEs' CPU.
flood() {
	background src taskset -c 0 "$BENCH/pktgen" --dev s0 --dst-mac "$(mac_of node ethA)" --encap udp \
		--local 192.0.2.2:5001 --remote 192.0.2.1:5001 --src 10.1.1.2 --dst 10.1.2.2 --rate 200000 \
		--seconds "$1" --flows 1 --unwatched
	FLOOD=${BG_PIDS[BG]}
}
flood_ends() {
	kill -INT "$FLOOD" 2>/dev/null
	wait "$FLOOD"
}

figure6
{
	node_head
	fes 2 100m
	echo vnets:
	red 200m
	echo '    fast-half: off'
	echo '    rebalance: on'
} >"$WORK/node.yaml"
node_up "$WORK/node.yaml"
BASE=$(slots)
check "nothing has moved" vnet '.moved_slots == 0 and .slot_moves == 0 and .rebalance'

# --- both guests have little to do

on src "$BENCH/pktgen" --dev s0 --dst-mac "$(mac_of node ethA)" --encap udp --local 192.0.2.2:5001 \
	--remote 192.0.2.1:5001 --src 10.1.1.2 --dst 10.1.2.2 --rate 200 --seconds 6 --flows 64 --unwatched >/dev/null
check "nothing moves without need" [ "$(slots)" = "$BASE" ]

# --- one has far too much

flood 120
check "slots move from the overloaded guest" wait_for 20 vnet '.moved_slots > 0'
loses() {
	ctl -j guest show | jq -e 'map(.drop_pps > 0) | any'
}
check "the packets that it loses are shown" wait_for 5 loses
waits() {
	ctl -j guest show | jq -e 'map(.ring_waiting > 0 and .ring_waiting <= 2048 and .busy > 0) | any'
}
check "and so are those that wait for its agent" wait_for 5 waits
flood_ends
none_waits() {
	ctl -j guest show | jq -e 'map(.ring_waiting == 0) | all'
}
check "which none does when it is over" wait_for 10 none_waits
sleep 3
NOW=$(slots)
MOVED=$(differences "$BASE" "$NOW")
STEPS=$(ctl -j event show | jq '[.[] | select(.kind == "slots-moved")] | length')
echo "# $MOVED slots are elsewhere, after $STEPS steps"
check "each step is an event" [ "$STEPS" -gt 0 ]
check "and 16 slots at most" [ "$MOVED" -gt 0 -a "$MOVED" -le $((16 * STEPS)) ]
check "as many as it says" vnet ".moved_slots == $MOVED and .slot_moves >= $MOVED"
check "the metrics say so too" eval "curl -s --unix-socket '$RUN_DIR/pdpd.sock' http://pdpd/metrics |
	grep 'pdp_vnet_moved_slots{vnet=\"red\"} $MOVED\$'"
check "for people, too" eval "ctl vnet show | grep MOVED"

# --- what moved stays where it is

pdpd_leave
node_up "$WORK/node.yaml"
same() {
	[ "$(slots)" = "$NOW" ] && vnet ".moved_slots == $MOVED"
}
check "the next pdpd has the same table" same
pdpd_killed
node_up ""
check "so has one that comes after a crash" same
sleep 2
check "and goes on with it" same

# --- until it is not wanted any more

policys_table() {
	[ "$(slots)" = "$BASE" ]
}
check "rebalance off" ctl vnet set red rebalance off
check "puts each flow where its policy has it" wait_for 5 policys_table
flood 20
sleep 8
check "and nothing moves" policys_table
flood_ends
check "the books balance" wait_for 5 ctl stats show --check
finish
