#!/bin/bash
# pdpd is killed at each step of a change, and the next one goes on: to the old state or to the new one,
# never between, with nothing left over, while a stream passes. Topology: figure6.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/live.sh"

begin "killed at each step of a change"
figure6
before() {
	red 500m
	green 200m
}
after() {
	red 400m
	blue 200m
}
FES=4
node_file before before
node_file after after

# Not here alone: the store's are gone through by test_store, those of guests by test_adopt_crash and test_control_crash.
in_a_test() {
	local point
	while read -r point; do
		grep -rqw -- "$point" "$TOP/selftests/net" "$TOP/selftests/unit" || { echo "$point is not"; return 1; }
	done < <(grep -rhoE 'pdp_failpoint\("[^"]+' "$TOP/ctl" | cut -d'"' -f2)
}
check "each failpoint of the source is in a test" in_a_test

# number_of FILE...: how many there are, of what a pattern became.
number_of() {
	if [ -e "$1" ]; then echo $#; else echo 0; fi
}
guests_running() {
	local monitors
	mapfile -t monitors < <(pgrep -fa "lxc monitor.* pdp-$T-")
	printf '%s\n' "${monitors[@]##* pdp-"$T"-}" | sort
}
# What pdpd says of guests, vifs and vnets, and the maps, in one go: how many of each, and in $KNOWN the guests' names.
say_all() {
	local map
	ctl -j guest show
	for map in guests senders fe_links; do
		ctl -j map dump "$map"
	done
	for map in vif vnet; do
		ctl -j map dump "${map}s"
		ctl -j "$map" show
	done
}
# What is said of the node, in short, is the same whoever says it.
whole() {
	local numbers here
	{ read -r -a numbers; read -r KNOWN; } < <(say_all | jq -rs 'map(length | tostring) + ["\n"] + ([.[0][].name] | sort) | join(" ")')
	here="$(number_of "$PINS"/*/guests/*/) $(on node ip -o link show type veth | grep -c pdpfe) $(number_of "$RUN_DIR"/guest/*/)"
	[ "${#numbers[@]}" -eq 8 ] && [ "$KNOWN" = "$(guests_running | xargs)" ] &&
		[[ "${numbers[*]:1:3} $here " =~ ^("${numbers[0]} "){6}$ ]] &&
		[ "${numbers[4]}" -eq "${numbers[5]}" ] && [ "${numbers[6]}" -eq "${numbers[7]}" ] && return
	echo "known: $KNOWN; running: $(guests_running | xargs)"
	echo "guests, and in the maps guests, senders, fe_links: ${numbers[*]:0:4}; pins, links, directories: $here"
	echo "vifs in the map and known, vnets: ${numbers[*]:4}"
	ctl map dump senders
	ctl map dump vifs
	return 1
}
# A link that is gone sends nothing: its number may become another's.
senders_are_there() {
	local ifindex
	for ifindex in $(ctl -j map dump senders | jq '.[].ifindex'); do
		on node ip -o link show | grep -q "^$ifindex: pdpfe" || { echo "no link $ifindex"; return 1; }
	done
}
# The node is made as before; its next pdpd is to make it as after, and dies in it: its first change is to come up.
dies_at() {
	ctl apply -f "$WORK/before.yaml" && pdpd_leave || return
	cp "$WORK/before.yaml" "$WORK/node.yaml"
	PDP_FAILPOINT=$1 node_up "$WORK/node.yaml" || return
	cp "$WORK/after.yaml" "$WORK/node.yaml"
	kill -HUP "$(<"$WORK/node.pid")"
	wait_for 10 ended "$(<"$WORK/node.pid")"
}

# crash POINT[:N] STATE: killed there, the next pdpd finds the node so, and leads it on. It is there for the next point.
crash() {
	dies_at "$1" || { echo "pdpd did not die at $1"; return 1; }
	senders_are_there || return
	node_up "" && whole || return
	[ "$KNOWN" = "$2" ] || { echo "it has $KNOWN"; return 1; }
	ctl apply -f "$WORK/after.yaml" && whole || return
	[ "$KNOWN" = "$AFTER" ] && wait_for 3 ctl stats --check
}

BEFORE="green-1 red-1 red-2"
AFTER="blue-1 red-1 red-2"
check "the node comes up" node_up "$WORK/before.yaml"
join_red
stream 2000 300 32
for point in apply-begun:2 apply-guest-made:4 apply-made:2 apply-ready:2; do
	check "killed at $point: the old state" crash "$point" "$BEFORE"
done
for point in apply-saved:2 apply-added:2 apply-switched:2 apply-drained:2 apply-guest-gone \
	apply-forgot:2 apply-done:2; do
	check "killed at $point: the new state" crash "$point" "$AFTER"
done
stream_ends
check "no packet of the whole time is lost" nothing_lost
check "it leaves" pdpd_leave
check "the node comes up again" node_up ""
check "the books balance" wait_for 3 ctl stats --check
finish
