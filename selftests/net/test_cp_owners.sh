#!/bin/bash
# Two owners on one node with the same addresses and the same routes, one with FRR, one with BIRD: each has
# his own tables, his own packets and his own faults. Topology: figure6.sh; rouge is red's twin:
#
#   red    udp port 5001, FRR    10.70.0.0/16 leads on to the destination
#   rouge  udp port 5011, BIRD   10.70.0.0/16 leads back to the source
#
# So where a packet comes out tells by whose table it was routed.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"

begin "two owners, the same addresses, two daemons"
figure6
mkdir "$WORK/frr" "$WORK/bird"
cat >"$WORK/frr/frr.conf" <<-EOT
	frr defaults traditional
	ip route 10.70.0.0/16 10.1.2.2
	ip route 10.71.0.0/16 blackhole
EOT
bird_conf() {
	cat <<-EOT
		router id 10.1.1.1;
		protocol device {}
		protocol static {
		  ipv4;
		  route 10.70.0.0/16 via 10.1.1.2;
		  route 10.71.0.0/16 blackhole;
		}
		protocol kernel { ipv4 { export all; }; ${1:-} }
	EOT
}
bird_conf >"$WORK/bird/bird.conf"
{
	node_head
	fes 2 300m
	echo vnets:
	red 200m | sed "s!^    data-plane:.*!&\n    control-plane: {kind: frr, config: $WORK/frr}!"
	red 200m | sed -e "s!^    data-plane:.*!&\n    control-plane: {kind: bird, config: $WORK/bird}!" \
		-e 's/name: red/name: rouge/; s/:5001/:5011/g'
} >"$WORK/node.yaml"
check "the node comes up" node_up "$WORK/node.yaml"

inside() {
	local vnet=$1
	shift
	ctl vnet exec "$vnet" -- "$@"
}
routes_to() {
	inside "$1" ip route show 10.70.0.0/16 | grep -q "via $2 "
}
# agents_say VNET VIF: so do all its agents, and the kernel, send a packet to 10.70.1.1.
agents_say() {
	ctl -j route get "$1" 10.70.1.1 |
		jq -e --arg vif "$2" 'length >= 2 and all(.[]; [.route.paths[].vif] == [$vif])'
}
both_same() {
	ctl route check red && ctl route check rouge
}
check "FRR's route is in red's kernel" wait_for 15 routes_to red 10.1.2.2
check "BIRD's in rouge's, to the other side" wait_for 15 routes_to rouge 10.1.1.2
check "red's agents have red's" wait_for 5 agents_say red v1
check "rouge's agents have rouge's" wait_for 5 agents_say rouge v0
check "each table is its control plane's" wait_for 5 both_same

# sent PORT: a hundred packets to 10.70.1.1 into the vnet of this port.
sent() {
	on src "$BENCH/pktgen" --dev s0 --dst-mac "$(mac_of node ethA)" --encap udp --local "192.0.2.2:$1" \
		--remote "192.0.2.1:$1" --src 10.1.1.2 --dst 10.70.1.1 --rate 1000 --count 100 --flows 4 >/dev/null
}
tx() {
	ctl -j vif show | jq -c --arg vnet "$1" '[.[] | select(.vnet == $vnet)] | sort_by(.name) | map(.tx_packets)'
}
# moved BEFORE AFTER I: by how much the I-th figure has grown.
moved() {
	jq -n --argjson a "$1" --argjson b "$2" --argjson i "$3" '$b[$i] - $a[$i]'
}
red=$(tx red) rouge=$(tx rouge)
check "packets into red" sent 5001
red_sent() {
	[ "$(moved "$red" "$(tx red)" 1)" -ge 100 ]
}
check "leave by red's v1" wait_for 5 red_sent
check "and none of them by rouge" [ "$(moved "$rouge" "$(tx rouge)" 0)" -lt 50 ]
rouge=$(tx rouge) red=$(tx red)
check "packets into rouge" sent 5011
rouge_sent() {
	[ "$(moved "$rouge" "$(tx rouge)" 0)" -ge 100 ]
}
check "leave by rouge's v0" wait_for 5 rouge_sent
check "and none of them by red" [ "$(moved "$red" "$(tx red)" 1)" -lt 50 ]
check "the books of both balance" wait_for 5 ctl stats --check

# --- a fault of one is his own

bird_conf "nonsense;" >"$WORK/bird/bird.conf"
ctl vnet reload rouge
broken() {
	ctl event show | grep -q "control plane of rouge bird ended"
}
check "a configuration that BIRD does not take is told" wait_for 10 broken
check "rouge keeps the last good routes" routes_to rouge 10.1.1.2
check "its agents too" agents_say rouge v0
rouge=$(tx rouge)
check "and they carry packets" sent 5011
check "to where they did" wait_for 5 rouge_sent
check "red's routes are FRR's as before" agents_say red v1
check "each table is its control plane's yet" wait_for 5 both_same
bird_conf | sed 's/via 10.1.1.2/via 10.1.2.2/' >"$WORK/bird/bird.conf"
ctl vnet reload rouge
check "mended, and another way: rouge's agents follow" wait_for 15 agents_say rouge v1
check "red's route goes" inside red vtysh -c 'conf t' -c 'no ip route 10.70.0.0/16 10.1.2.2'
gone() {
	! agents_say red v1
}
check "its agents follow" wait_for 5 gone
check "rouge's do not" agents_say rouge v1
check "each table is its control plane's" wait_for 5 both_same
check "the books of both balance" wait_for 5 ctl stats --check
node_down
finish
