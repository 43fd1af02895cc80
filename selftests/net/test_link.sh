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

# A veth whose far end has neither XDP nor GRO takes nothing from XDP, and does not tell.
no_reply() {
	! ping_red
}
on dst ethtool -K d0 gro off
check "a port that takes no frames is told of" wait_for 5 grep -q 'port B: ethB takes no frames from XDP' "$WORK/pdpd.log"
check "nothing passes" no_reply
check "it is counted as such" [ "$(ctl -j stats | jq '[.[0].drops[] | select(.name == "drop_port_gone").packets] | add')" -gt 0 ]
on dst ethtool -K d0 gro on
check "forwarding resumes when it does" wait_for 10 ping_red

# A guest's link under traffic: the classifier counts what it does not send there, and what was lost before it
# knew is booked.
. "$(dirname "$0")/live.sh"
drops() {
	ctl -j stats | jq "[.[0].drops[] | select(.name == \"$1\").packets] | add // 0"
}
link=$(ctl -j guest show | jq -r '.[0].link')
stream 5000 60 16
on node ip link set "$link" down
check "a guest's link goes down: it is told" wait_for 3 grep -q 'red-1: its link is down' "$WORK/pdpd.log"
nobody_sends() {
	[ "$(ctl -j map dump fe_links | jq length)" -eq 0 ]
}
counted() {
	[ "$(drops drop_no_guest)" -gt 1000 ]
}
check "nobody sends to it" wait_for 3 nobody_sends
check "what is for it is counted" wait_for 5 counted
on node ip link set "$link" up
check "it comes up: it is told" wait_for 5 grep -q 'red-1: its link is up again' "$WORK/pdpd.log"
check "it forwards" wait_for 5 ping_red
# Down for a moment, and up before anybody looks.
on node sh -c "ip link set $link down; ip link set $link up"
check "a flap is no more than that" wait_for 5 ping_red
stream_ends
check "the books balance" wait_for 4 ctl stats show --check

# A guest that dies takes its link along. What was lost at the link stays in the books, and its entry
# in pdp_xmit_drops goes: that has no room for all links that there ever were.
guest() {
	ctl -j guest show | jq -r ".[0].$1"
}
lost_at() {
	ctl -j map dump xmit_drops | jq -e "any(.from_ifindex == $1 or .to_ifindex == $1)"
}
old=$(guest link_ifindex)
# The far end down: the link takes frames and cannot send them.
nsenter --target "$(guest init_pid)" --net ip link set eth0 down
fails "nothing passes while the guest's end is down" ping_red
nsenter --target "$(guest init_pid)" --net ip link set eth0 up
check "forwarding resumes" wait_for 10 ping_red
check "what was lost there has its entry" lost_at "$old"
full=$(ctl -j stats | jq '[.[0].drops[] | select(.name == "drop_link_full").packets] | add')
kill -KILL "$(guest init_pid)"
replaced() {
	[ "$(guest state)" = ready ] && [ "$(guest link_ifindex)" != "$old" ]
}
check "a guest that was killed gets another link" wait_for 10 replaced
fails "the dead link's entry is gone" lost_at "$old"
check "its losses are not" [ "$(ctl -j stats | jq '[.[0].drops[] | select(.name == "drop_link_full").packets] | add')" -ge "$full" ]
check "it forwards" wait_for 5 ping_red
check "the books balance with the dead link in them" ctl stats show --check
finish
