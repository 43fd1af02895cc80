#!/bin/bash
# The fast half of a vnet's data plane: it carries what the agent would, is switched off and on under traffic, follows
# routes, and outlives agents, controllers and tables that are too small. Topology: figure6.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/live.sh"

begin "the fast half of a data plane"
figure6
{
	node_head
	fes 1 500m
	echo vnets:
	red 500m
} >"$WORK/node.yaml"
check "the node comes up" node_up "$WORK/node.yaml"
join_red

half() {
	ctl -j guest show | jq -r ".[0].fast_half.$1"
}
# is WANTED VALUE-OF-THE-HALF
is() {
	[ "$(half "$2")" = "$1" ]
}
grows() {
	local before=$1
	[ "$(half "$2")" -gt "$before" ]
}
drops() {
	ctl -j stats show red | jq "[.. | objects | select(.name? == \"$1\").packets] | add // 0"
}
routes4() {
	[ "$(ctl -j guest show | jq '.[0].agent.routes4')" -ge "$1" ]
}
table_sets() {
	nsenter -t "$(cat "$WORK/node.pid")" -m ls "$PINS"/v*/guests/1 | grep -c tables-
}

check "it is on, where nobody has said a word" wait_for 5 is true on
check "guest show says so" sh -c "'$BIN/pdp-ctl' --run-dir '$RUN_DIR' --pins '$PINS' guest show | grep -q ' on *\$'"
before=$(half packets)
check "IPv4 goes through" on src ping -q -c 3 -i 0.05 -W 1 10.1.2.2
check "IPv6 too" on src ping -q -c 3 -i 0.05 -W 1 fd00:1:2::2
check "by the fast half" grows "$((before + 11))" packets
before=$(half climb_packets)
on src ping -q -c 2 -i 0.05 -W 1 10.1.1.1 >/dev/null 2>&1
check "what is for the vif itself climbs to the agent" grows "$before" climb_packets

stream 3000 8 32
timed() {
	ctl -j guest time >"$WORK/timed" && jq -c . "$WORK/timed" && jq -e '.[0].packets > 0 and .[0].ns_per_packet > 0' "$WORK/timed"
}
check "what a packet takes is told, when it is asked for" timed
check "and is in guest show since" sh -c "[ $(half run_ns) -gt 0 ] && [ $(half ns_per_packet) -gt 0 ]"
fails "of a guest that is not there it is not" ctl guest time red-9
for turn in 1 2 3; do
	check "off under traffic, turn $turn" ctl vnet set red fast-half off
	check "it is off, and says why" is "fast-half is off" why
	check "on again" ctl vnet set red fast-half on
	check "it is on" is true on
done
stream_ends
check "no packet is lost" nothing_lost
check "the books balance" wait_for 3 ctl stats --check

ctl route add red 10.9.0.0/16 vif v1 >/dev/null
before=$(drops dp_blackhole)
check "a route is turned into a blackhole" ctl route set red 10.9.0.0/16 blackhole true vif default
on src ip route add 10.9.0.0/16 dev tun-red
on src ping -q -c 2 -i 0.05 -W 1 10.9.1.1 >/dev/null 2>&1
check "both halves know at once" [ "$(drops dp_blackhole)" -ge "$((before + 2))" ]

agent=$(agent_pid)
kill -9 "$agent"
another() {
	local now
	now=$(agent_pid)
	[ -n "$now" ] && [ "$now" != "$agent" ]
}
check "the agent is killed, another comes" wait_for 10 another
check "the fast half comes with it" wait_for 10 is true on
before=$(half packets)
check "and forwards" on src ping -q -c 3 -i 0.05 -W 1 10.1.2.2
check "by itself" grows "$((before + 5))" packets
check "the books balance" wait_for 5 ctl stats --check

stream 2000 8 32
pdpd_killed
sleep 0.5
check "another pdpd takes over" node_up "$WORK/node.yaml"
check "with its fast half" wait_for 5 is true on
stream_ends
check "no packet is lost" nothing_lost
check "the books balance" wait_for 5 ctl stats --check

# More /16s with long prefixes than the first arrays have groups.
small=$(half table_bytes)
{
	echo "version: 1"
	sed -n '2,$p' "$WORK/node.yaml"
	echo "    routes:"
	for i in $(seq 0 2999); do
		echo "      - {to: $((20 + i / 256)).$((i % 256)).1.0/24, vif: v1}"
	done
} >"$WORK/many.yaml"
stream 2000 12 32
check "3000 routes are too many for its tables" apply_file "$WORK/many.yaml"
larger() {
	[ "$(half table_bytes)" -gt "$small" ]
}
check "it is given larger ones" wait_for 10 larger
check "which it forwards by" wait_for 5 is true on
check "all routes are there" wait_for 5 routes4 3000
stream_ends
check "no packet is lost" nothing_lost
check "the books balance" wait_for 5 ctl stats --check

check "one set of tables is left" [ "$(table_sets)" = 1 ]
check "without memory for them its agent keeps tables of its own" ctl vnet set red memory 80M
kept() {
	is 0 table_bytes && is false on && half why | grep -q "its routes need more than arrays of"
}
check "and says so" wait_for 20 kept
check "all routes are there" wait_for 5 routes4 3000
check "it forwards by the agent" on src ping -q -c 3 -i 0.05 -W 1 10.1.2.2
check "the books balance" wait_for 5 ctl stats --check
check "the node goes down" node_down
finish
