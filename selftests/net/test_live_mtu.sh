#!/bin/bash
# The MTU of a port changes while the node runs: vifs, maps and agents follow, up and down, and nothing is
# made anew. Topology: figure6.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/live.sh"

begin "a port's MTU changes"
figure6
{
	node_head
	fes 1 300m
	echo vnets:
	red 300m
} >"$WORK/node.yaml"
check "the node comes up" node_up "$WORK/node.yaml"
join_red

mtus() {
	ctl -j vif show | jq -c 'map(.mtu)'
}
mtus_are() {
	[ "$(mtus)" = "$1" ]
}
# passes BYTES: an inner IPv4 packet of this length that must not be fragmented, there and back.
passes() {
	on src ping -q -M "do" -c 2 -i 0.05 -W 1 -s $(($1 - 28)) 10.1.2.2
}
guests() {
	ctl -j guest show | jq -c 'map([.name, .init_pid, .link_ifindex])'
}
# both_ends NODE-DEV HOST DEV MTU
both_ends() {
	on "$2" ip link set "$3" mtu "$4"
	on node ip link set "$1" mtu "$4"
}
for host in src dst; do
	on $host ip link set tun-red mtu 1650
done
before=$(guests)

check "at first it is 1472" mtus_are '[1472,1472]'
check "so much passes" wait_for 3 passes 1472
fails "and no more" passes 1473

stream 2000 120 16
both_ends ethA src s0 1700
both_ends ethB dst d0 1700
check "ports grow: vifs do" wait_for 5 mtus_are '[1672,1672]'
check "it is told" grep -q 'port B: the MTU of ethB was 1500 and is 1700: vifs follow' "$WORK/pdpd.log"
check "so much passes" wait_for 3 passes 1640
both_ends ethB dst d0 1400
check "one shrinks: its vif does" wait_for 5 mtus_are '[1672,1372]'
fails "what is larger does not pass" passes 1400
check "what is not does" passes 1372
both_ends ethA src s0 1500
both_ends ethB dst d0 1500
check "as it was" wait_for 5 mtus_are '[1472,1472]'
check "so much passes" wait_for 3 passes 1472
stream_ends
check "no packet of the stream is lost" nothing_lost
check "the guest is the same" [ "$(guests)" = "$before" ]
check "the next pdpd finds it so" eval 'pdpd_leave && node_up "" && mtus_are "[1472,1472]"'
check "the guest is the same" [ "$(guests)" = "$before" ]
check "the books balance" wait_for 3 ctl stats --check
finish
