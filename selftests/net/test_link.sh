#!/bin/bash
# Links go down and come back: the source's, a port of the node, a guest's link. Forwarding resumes
# by itself each time. Topology: figure6.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"

begin "links down and up"
figure6
{
	node_head
	fes 1 300m
	echo vnets:
	red 300m
} >"$WORK/node.yaml"
check "the node comes up" node_up "$WORK/node.yaml"
join_red
ping_red() {
	on src ping -q -c 1 -W 1 10.1.2.2
}
check "it forwards" ping_red

silent_while_down() {
	on "$1" ip link set "$2" down
	! ping_red
}

for link in "node ethB" "node ethA" "src s0" "dst d0" "node $(ctl -j guest show | jq -r '.[0].link')"; do
	# shellcheck disable=SC2086
	check "nothing passes while $link is down" silent_while_down $link
	# shellcheck disable=SC2086
	on ${link% *} ip link set "${link#* }" up
	check "forwarding resumes after $link came up" wait_for 10 ping_red
done
check "the books balance" ctl stats show --check
finish
