#!/bin/bash
# The network below the tunnels changes: a route that comes late, a gateway, new MAC addresses, a port
# that is deleted and made again. Forwarding resumes by itself each time. Figure 6, but red's far end is
# an address behind a gateway.
#
#   src 192.0.2.2 ---- ethA  node  ethB ---- 198.51.100.2 dst (203.0.113.9)

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"

begin "the underlay changes"
figure6
on dst ip addr add 203.0.113.9/32 dev lo
far_red() {
	red 300m | sed 's/remote: "198.51.100.2:5001"/remote: "203.0.113.9:5001"/'
}
{
	node_head
	fes 1 300m
	echo vnets:
	far_red
} >"$WORK/node.yaml"
check "the node comes up without a route" node_up "$WORK/node.yaml"
join_udp 1 red 192.0.2.2:5001 192.0.2.1:5001 203.0.113.9:5001 198.51.100.1:5001

forwards() {
	on src ping -q -c 2 -i 0.05 -W 1 10.1.2.2
}
v1() {
	ctl -j vif show red/v1 | jq -e ".[0] | $1"
}
dropped() {
	[ "$(ctl -j stats red | jq '.[0].counters.drop_no_neighbour')" -gt 0 ]
}
# What stands in the map, which is what packets meet.
hop() {
	[ "$(ctl -j map dump vifs | jq -r '.[1].next_hop_mac')" = "$1" ]
}
check "nothing passes" sh -c "! nsenter --net=/run/netns/$T-src ping -q -c 1 -W 0.5 10.1.2.2"
check "and it is counted" dropped
check "no next hop in the map" hop null

on node ip route add 203.0.113.0/24 via 198.51.100.2
check "a route through a gateway: it forwards" wait_for 10 forwards
check "the next hop is the gateway" v1 '.state == "up" and .next_hop == "198.51.100.2"'
check "its MAC is in the map" hop "$(mac_of dst d0)"

# Hosts announce a new address, as a router that takes over does; the kernel believes after a second.
on dst sysctl -qw net.ipv4.conf.d0.arp_notify=1
sleep 1.1
on dst ip link set d0 address 02:00:00:00:0d:02
check "the gateway's MAC address changes" wait_for 40 forwards
check "the new one is in the map" hop 02:00:00:00:0d:02

on node ip link set ethB address 02:00:00:00:0b:02
check "the port's MAC address changes" wait_for 10 forwards
check "packets leave with it" [ "$(ctl -j map dump vifs | jq -r '.[1].source_mac')" = 02:00:00:00:0b:02 ]

on node ip route del 203.0.113.0/24
check "the route goes: no next hop" wait_for 5 hop null
on node ip route add 203.0.113.0/24 via 198.51.100.2
check "it comes back" wait_for 10 forwards

on node ip link del ethB
state_of_b() {
	[ "$(ctl -j port show B | jq -r '.[0].state')" = "$1" ]
}
check "the port is deleted" wait_for 5 state_of_b gone
check "it is in no map" [ "$(ctl -j map dump ports | jq 'map(.port) == [1]')" = true ]
wire node ethB dst d0
on node ip addr add 198.51.100.1/24 dev ethB
on dst ip addr add 198.51.100.2/24 dev d0
on dst ethtool -K d0 gro on
on node ip route add 203.0.113.0/24 via 198.51.100.2
check "and made again: it forwards" wait_for 10 forwards
check "under the classifier" sh -c "nsenter --net=/run/netns/$T-node ip -d link show ethB | grep -q pdp_classify"
check "the books balance" ctl stats --check
node_down

# --- numbers that cannot fit are refused with them

refused() {
	on node timeout 20 "$BIN/pdpd" --config "$WORK/node.yaml" --run-dir "$RUN_DIR" --pins "$PINS" \
		--agent "$BIN/pdp-fe-agent" 2>&1 | grep -E "$1"
}
on node ip link set ethB mtu 1763
check "a port's MTU that no frame holds" refused 'port B: MTU 1763 of ethB is over 1762'
on node ip link set ethB mtu 1762
check "one byte less is good" node_up "$WORK/node.yaml"
check "FE links have 16 more" [ "$(on node ip -j link show pdpfe1 | jq ".[0].mtu")" -eq 1778 ]
node_down
on node ip link set ethB mtu 1500
sed 's/{name: v1, /{name: v1, mtu: 1473, /' -i "$WORK/node.yaml"
check "a vif's MTU that the port does not hold" refused 'vif red/v1: MTU 1473 .*1500.*28.*1472'
finish
