#!/bin/bash
# pdpd runs out of descriptors in the middle of a change: the change is undone and says why, nothing is left
# of it, no packet is lost, and it can be made when there is room again. Topology: figure6.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/live.sh"

begin "a controller without descriptors"
figure6
node_file base red 300m
check "the node comes up" node_up "$WORK/base.yaml"
pid=$(cat "$WORK/node.pid")
look() {
	ctl -j guest show | jq -c 'map([.name, .id, .fe, .init_pid, .link_ifindex])'
}
before=$(look)
ctl export >"$WORK/before.yaml"
links() {
	on node ip -br link show type veth | grep -c pdpfe
}
n_fds() {
	find "/proc/$pid/fd" -type l | wc -l
}
# room N: for so many descriptors more than it has; free numbers count, not the highest.
room() {
	local most
	most=$(find "/proc/$pid/fd" -type l -printf '%f\n' | awk -v n="$1" '{ used[$1] }
		END { for (most = 0; n > 0; most++) n -= !(most in used); print most }')
	prlimit --pid "$pid" --nofile="$most:4096"
}
fds=$(n_fds)
stream 3000 60 32

# Who asks takes one, and what it takes to make a guest is at hand at first, and then is not.
refused() {
	! ctl vnet set red power 600m >"$WORK/said" 2>&1 && grep -Eq "Too many open files|no memory|cannot|descriptor" "$WORK/said"
}
for n in 1 3 7; do
	room "$n"
	check "room for $n more: the change is refused" refused
	room 1000
	# shellcheck disable=SC2016
	check "and undone: the guests are what they were" wait_for 5 eval '[ "$(look)" = "$before" ]'
	check "and the node is" cmp "$WORK/before.yaml" <(ctl export)
	check "no link is left" [ "$(links)" -eq 1 ]
done
quiet() {
	[ "$(n_fds)" -le "$fds" ]
}
check "no descriptor is left" wait_for 5 quiet
check "with room the change is made" ctl vnet set red power 600m
check "and there are two guests" [ "$(ctl -j guest show | jq length)" -eq 2 ]
stream_ends
check "no packet is lost" nothing_lost
check "the books balance" wait_for 3 ctl stats --check
node_down
finish
