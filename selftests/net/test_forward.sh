#!/bin/bash
# Three vnets over one node: udp over IPv4, udp over IPv6, vxlan; IPv4 and IPv6 inside, ping and TCP.
# Topology: figure6.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"

begin "forwarding, both tunnels, both families"
figure6
{
	node_head
	fes 4 200m
	echo vnets:
	red 400m
	green 200m round-robin
	blue 200m weighted
} >"$WORK/node.yaml"

check "the node comes up" node_up "$WORK/node.yaml"
join_red
join_green
join_blue

for n in 1 2 3; do
	check "vnet $n: ping, IPv4" on src ping -q -c 20 -i 0.01 -W 1 "10.$n.2.2"
	check "vnet $n: ping, IPv6" on src ping -q -c 20 -i 0.01 -W 1 "fd00:$n:2::2"
	check "vnet $n: largest packet" on src ping -q -c 3 -i 0.01 -W 1 -M "do" -s 1400 "10.$n.2.2"
done

# A server of its own for each, as iperf3 resets who connects while it tidies up after another test.
tcp() {
	background dst iperf3 -s -1 -p "$1"
	wait_for 5 on dst sh -c "ss -tln | grep -q :$1"
	on src iperf3 -p "$1" -c "$2" -n 4M
}
for n in 1 2 3; do
	check "vnet $n: TCP, IPv4" tcp "52${n}4" "10.$n.2.2"
	check "vnet $n: TCP, IPv6" tcp "52${n}6" "fd00:$n:2::2"
done

both_guests_carried() {
	ctl -j guest show | jq -e '[.[] | select(.vnet == "red") | .tx_packets > 0] == [true, true]'
}
check "both guests of red carried traffic" both_guests_carried

local_moved() {
	local before after
	before=$(counter red drop_local_no_guest)
	on src ping -q -c 1 -W 0.2 "$@"
	after=$(counter red drop_local_no_guest)
	[ "$after" -gt "$before" ]
}
check "TTL expired goes to the control plane" local_moved -t 1 10.1.2.2
check "the node's own address goes to the control plane" local_moved 10.1.1.1
on src ip route add 10.99.0.0/16 dev tun-red
check "no route goes to the control plane" local_moved 10.99.0.1

check "the books balance" ctl stats show --check
check "the node goes down on command" ctl node down
finish
