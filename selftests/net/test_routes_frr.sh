#!/bin/bash
# FRR in the MH guest: what zebra puts into its kernel, by next-hop objects, is what the agents route by,
# while it changes, dies and comes back. Topology: figure6.sh; red has FRR.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"

begin "FRR's routes, in the agents"
command -v vtysh >/dev/null || {
	echo "1..0 # SKIP no FRR here"
	exit 0
}
figure6
mkdir "$WORK/frr"
cat >"$WORK/frr/frr.conf" <<-EOT
	frr defaults traditional
	ip route 10.70.0.0/16 10.1.2.2
	ip route 10.71.0.0/16 10.1.1.2
	ip route 10.71.0.0/16 10.1.2.2
	ip route 10.72.0.0/16 blackhole
	ipv6 route fd00:70::/32 fd00:1:2::2
	ipv6 route fd00:71::/32 fd00:1:1::2
	ipv6 route fd00:71::/32 fd00:1:2::2
EOT
{
	node_head
	fes 2 300m
	echo vnets:
	red 500m
	echo "    control-plane: {kind: frr, config: $WORK/frr, power: 500m}"
} >"$WORK/node.yaml"
check "the node comes up" node_up "$WORK/node.yaml"
join_red

in_red() {
	ctl vnet exec red -- "$@"
}
configure() {
	local line args=(-c "configure terminal")
	for line in "$@"; do
		args+=(-c "$line")
	done
	in_red vtysh "${args[@]}"
}
same() {
	ctl route check red
}
# goes PREFIX VIF...: every agent has it so.
goes() {
	local prefix=$1 fe
	shift
	for fe in red-1 red-2; do
		ctl -j route show red --fe "$fe" | jq -e --arg prefix "$prefix" --arg vifs "$*" \
			'any(.[]; .prefix == $prefix and ([.paths[].vif] | join(" ")) == $vifs)' || return
	done
}
has_none() {
	! ctl route show red --fe red-1 | grep -q "$1"
}

check "a route" wait_for 20 goes 10.70.0.0/16 v1
check "of several paths" wait_for 5 goes 10.71.0.0/16 v0 v1
check "IPv6" wait_for 5 goes fd00:70::/32 v1
check "of several paths" wait_for 5 goes fd00:71::/32 v0 v1
check "and all else" wait_for 5 same
check "a blackhole, too" grep -q '^blackhole 10.72.0.0/16' <(ctl route show red --fe red-2)
configure "no ip route 10.71.0.0/16 10.1.1.2"
check "a path goes" wait_for 5 goes 10.71.0.0/16 v1
configure "ip route 10.70.0.0/16 10.1.1.2 50" "no ip route 10.70.0.0/16 10.1.2.2"
check "a route moves" wait_for 5 goes 10.70.0.0/16 v0

# --- sharp changes
lines() {
	local i
	echo "configure terminal"
	for i in $(seq 200); do
		echo "$1ip route 10.80.$i.0/24 10.1.$((i % 2 + 1)).2"
	done
}
for _ in 1 2; do
	lines "" | in_red vtysh >/dev/null
	lines "no " | in_red vtysh >/dev/null
done
check "two hundred come and go, twice" wait_for 10 has_none '10.80.'
check "and nothing else has changed" wait_for 5 same
lines "" | in_red vtysh >/dev/null
there() {
	[ "$(ctl route show red --fe red-2 | grep -c '^10.80.')" = 200 ]
}
check "they come" wait_for 10 there
check "to all" wait_for 5 same

# --- a vif of the guest's own accord
in_red ip link set v1 down
check "v1 goes down in the guest: no route leads there" wait_for 5 has_none 'dev v1'
check "and all agents say so" wait_for 5 same
in_red ip link set v1 up
check "up again: FRR's routes are back" wait_for 15 goes 10.71.0.0/16 v1
check "at all agents" wait_for 5 same

# --- FRR dies
in_red pkill -KILL zebra
check "zebra is killed: what is in the kernel stays" goes 10.71.0.0/16 v1
check "it comes back, and all agree" wait_for 20 same
check "it forwards" on src ping -q -c 3 -i 0.05 -W 5 10.1.2.2
finish
