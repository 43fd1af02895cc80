#!/bin/bash
# The pause after which a flow may go to another guest, measured: two guests of which one has a fifth of the other's
# power, and both more than they can process, so that packets wait for them. Packets of flows that pause longer than that
# come back in order; the pause is at first much too short for that.
# serial: it floods
#
#   $T-src  s0 ===== ethA  $T-node  ethB ===== d0  $T-dst
#   64 flows in red ------> red-1 (fe1, 250m), red-2 (fe2, 50m) ----->  (no one counts)

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"

begin "a measured gap between flowlets"

vnet() {
	ctl -j vnet show red | jq -e ".[0] | $1"
}
gap() {
	vnet .flowlet_gap_us
}
map_gap() {
	ctl -j map dump pdp_vnets | jq -e ".[0].flowlet_gap_us | $1"
}

flood() {
	background src taskset -c 0 "$BENCH/pktgen" --dev s0 --dst-mac "$(mac_of node ethA)" --encap udp \
		--local 192.0.2.2:5001 --remote 192.0.2.1:5001 --src 10.1.1.2 --dst 10.1.2.2 --rate "$1" \
		--seconds 120 --flows 64 --unwatched
	FLOOD=${BG_PIDS[BG]}
}
flood_ends() {
	kill -INT "$FLOOD" 2>/dev/null
	wait "$FLOOD"
}

figure6
{
	node_head
	fes 1 250m
	echo "  - {name: fe2, cpus: \"$(fe_cpu)\", capacity: 50m}"
	echo vnets:
	red 300m flowlet
	echo '    fast-half: off'
	echo '    flowlet-gap-us: auto'
} >"$WORK/node.yaml"
node_up "$WORK/node.yaml"
check "nothing is known at first" vnet '.flowlet_gap_us == 500 and .flowlet_gap_auto and (.guests | map(.transit_us == null) | all)'

flood 200000
both_known() {
	vnet '.guests | map(.transit_us.high > 0 and .transit_us.low <= .transit_us.high) | all'
}
check "delays of both guests are seen" wait_for 20 both_known
check "the pause grows to what they differ by" wait_for 20 vnet '.flowlet_gap_us > 625'
vnet '{flowlet_gap_us, reorder_ratio, transit: (.guests | map(.transit_us))}' | jq -c . | sed 's/^/# /'
check "and is in the classifier's map" map_gap '. > 600'
check "vnet show tells" eval "ctl vnet show red | grep -E 'flowlet [0-9]+us \(auto\)'"
check "the metrics tell" eval "curl -s --unix-socket '$RUN_DIR/pdpd.sock' http://pdpd/metrics |
	grep -E 'pdp_guest_transit_high_seconds\{.*\"red-1\".*\} [0-9.e-]+'"
sleep 3
vnet '{flowlet_gap_us, reorder_ratio, transit: (.guests | map(.transit_us))}' | jq -c . | sed 's/^/# /'
flood_ends

# --- it is what is in force until there is something to tell by

sleep 3
NOW=$(gap)
pdpd_leave
node_up "$WORK/node.yaml"
kept() {
	[ $(($(gap) - NOW)) -le 1 ] && [ $((NOW - $(gap))) -le 1 ]
}
check "the next pdpd goes on from it" kept

# --- by hand

check "a pause by hand" ctl vnet set red flowlet-gap-us 777
check "is what is in force" vnet '.flowlet_gap_us == 777 and (.flowlet_gap_auto | not)'
check "in the map too" map_gap '. > 770 and . <= 777'
check "auto again" eval "ctl vnet set red flowlet-gap-us auto && vnet .flowlet_gap_auto"
timed() {
	ctl -j map dump pdp_guests | jq -e "map(.timed) | $1"
}
check "guests are timed" timed all
check "with another policy" ctl vnet set red policy flow-hash
check "they are not" timed 'any | not'
check "the books balance" wait_for 5 ctl stats show --check
finish
