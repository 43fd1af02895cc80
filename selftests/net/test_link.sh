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

# A guest that dies takes its link along. What was lost at the link stays in the books, and its entry
# in pdp_xmit_drops goes: that has no room for all links that there ever were.
guest() {
	ctl -j guest show | jq -r ".[0].$1"
}
lost_at() {
	ctl -j map dump xmit_drops | jq -e "any(.from_ifindex == $1 or .to_ifindex == $1)"
}
old=$(guest link_ifindex)
full=$(ctl -j stats | jq '[.[0].drops[] | select(.name == "drop_link_full").packets] | add')
check "what was lost at the guest's link has its entry" lost_at "$old"
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
