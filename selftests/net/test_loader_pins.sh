#!/bin/bash
# A node's pins outlive its loader: adopted by the next one, refused when they do not fit, whole
# again after a crash, gone after purge.
#
#   $T-node   d0 ------- d1   $T-far      d0 stands in pdp_ports, whose content must survive

. "$(dirname "$0")/lib.sh"

NODE_PINS=$PINS/v$ABI

loader() {
	on node "$BIN/pdp-loader" --root "$PINS" "$@"
}

tidy() {
	local status=$?
	loader purge 2>/dev/null
	(exit "$status")
	clean
}

# says TEXT COMMAND...: the command fails, and TEXT is in what it says.
says() {
	local text=$1 out
	shift
	if out=$("$@" 2>&1); then
		echo "it succeeded: $out"
		return 1
	fi
	echo "$out"
	grep -qF -- "$text" <<<"$out"
}

map_ids() {
	local map
	for map in "$NODE_PINS"/maps/*; do
		echo "$(basename "$map") $(bpftool -j map show pinned "$map" | jq .id)"
	done
}

drops_id() {
	bpftool -j link show pinned "$NODE_PINS/links/drops" | jq .id
}

modes_are_0700() {
	[ "$(stat -c %a "$PINS" "$NODE_PINS" "$NODE_PINS/maps" "$NODE_PINS/links" | sort -u)" = 700 ]
}

all_maps_pinned() {
	local n
	n=$(loader -j status | jq .maps)
	[ "$n" -gt 15 ] && [ "$(find "$NODE_PINS/maps" -type f | wc -l)" -eq "$n" ]
}

counts_drops() {
	[ "$(loader -j status | jq .xmit_drops_counted)" = true ] && [ -n "$(drops_id)" ]
}

# The second loader takes over all maps, DEVMAPs with them, and what is in them.
adopts() {
	local before after ifindex
	before=$(map_ids && drops_id)
	ifindex=$(on node ip -j link show dev d0 | jq '.[0].ifindex')
	on node bpftool map update pinned "$NODE_PINS/maps/pdp_ports" key 1 0 0 0 value "$ifindex" 0 0 0 ||
		return 1
	loader load || return 1
	after=$(map_ids && drops_id)
	diff <(echo "$before") <(echo "$after") || return 1
	[ "$(bpftool -j map lookup pinned "$NODE_PINS/maps/pdp_ports" key 1 0 0 0 | jq -r '.value[0]')" = \
		"$(printf '0x%02x' "$ifindex")" ]
}

closes_to_others() {
	chmod 755 "$NODE_PINS"
	loader load && modes_are_0700
}

locked() {
	flock -n "$NODE_PINS" "$@"
}

refuses_other_sizes() {
	local before size
	size=$(bpftool -j map show pinned "$NODE_PINS/maps/pdp_vnets" | jq .bytes_value)
	rm "$NODE_PINS/maps/pdp_vnets"
	bpftool map create "$NODE_PINS/maps/pdp_vnets" type array key 4 value "$size" entries 7 name pdp_vnets \
		flags 1024 || return 1
	before=$(map_ids && drops_id)
	says "pinned map pdp_vnets has max entries 7, this build has 4097" loader load || return 1
	diff <(echo "$before") <(map_ids && drops_id)
}

# As a loader killed between two pins would leave it.
clears_leftovers() {
	local id
	mkdir "$NODE_PINS/new/maps"
	bpftool map create "$NODE_PINS/new/maps/pdp_vnets" type array key 4 value 16 entries 7 \
		name pdp_leftover || return 1
	id=$(bpftool -j map show pinned "$NODE_PINS/new/maps/pdp_vnets" | jq .id)
	bpftool map show id "$id" && loader load && [ -z "$(ls "$NODE_PINS/new")" ] &&
		wait_for 5 gone "$id" "" "" && all_maps_pinned
}

repairs_a_lost_pin() {
	rm "$NODE_PINS/maps/pdp_vnets"
	loader load && all_maps_pinned
}

# Whenever the loader dies, the next one makes the node whole.
crash() {
	local delay=$1 pid
	shift
	nsenter --net="/run/netns/$T-node" "$BIN/pdp-loader" --root "$PINS" "$@" &
	pid=$!
	sleep "$delay"
	kill -9 "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	# The kernel gives back the lock when the dead process is reaped, wherever it was.
	wait_for 5 loader load && all_maps_pinned && [ -z "$(ls "$NODE_PINS/new")" ]
}

survives_crashes() {
	local delay
	for delay in 0 0.02 0.04 0.06 0.08 0.1 0.12 0.14 0.16; do
		loader purge && crash "$delay" load || return 1
		crash "$delay" attach pass port-A d0 && loader attach pass port-A d0 || return 1
	done
	for delay in 0 0.002 0.004 0.006 0.008; do
		crash "$delay" purge || return 1
	done
}

# In a mount namespace of its own, with no bpffs at its place.
# shellcheck disable=SC2016
mounts_bpffs() {
	on node unshare --mount sh -c 'umount -l /sys/fs/bpf &&
		"$1" --root "$2" load && findmnt -n -t bpf -o OPTIONS /sys/fs/bpf | grep mode=700 &&
		"$1" --root "$2" status' sh "$BIN/pdp-loader" "$PINS"
}

gone() {
	local id
	for id in $1; do
		! bpftool map show id "$id" || return 1
	done
	for id in $2; do
		! bpftool link show id "$id" || return 1
	done
	for id in $3; do
		! bpftool prog show id "$id" || return 1
	done
}

purges() {
	local maps links progs
	maps=$(map_ids | awk '{ print $2 }')
	links="$(drops_id) $(bpftool -j link show pinned "$NODE_PINS/links/port-A" | jq .id)"
	progs=$(loader -j status | jq '.links[].prog_id')
	[ -n "$maps" ] && [ -n "$progs" ] || return 1
	loader purge && [ ! -e "$PINS" ] && wait_for 5 gone "$maps" "$links" "$progs" &&
		! on node ip link show d0 | grep xdp
}

begin "pins outlive the loader"
trap tidy EXIT
ns node far
wire node d0 far d1

check "status of no node says so" says "there is no node: no $NODE_PINS" loader status
check "a root outside of bpffs is refused" says "is not on a bpf file system" \
	"$BIN/pdp-loader" --root "$WORK/pins" load
fails "and nothing was made there" test -e "$WORK/pins"
check "load" loader load
check "all maps are pinned" all_maps_pinned
check "directories are for root alone" modes_are_0700
if loader load 2>&1 | grep -q "drops are not counted: the kernel refused"; then
	skip "kernel drops are counted" "this kernel refuses pdp_xmit_drop"
else
	check "kernel drops are counted" counts_drops
fi
check "a second load adopts maps, content and the drop counter" adopts
check "a directory open to others is closed" closes_to_others
check "a second owner is refused by the lock" says "is locked: pdpd or another pdp-loader" \
	locked "$BIN/pdp-loader" --root "$PINS" load
check "status needs no lock" locked "$BIN/pdp-loader" --root "$PINS" status
check "a pinned map of other size is refused, nothing is touched" refuses_other_sizes
check "a pin that was lost is made again" repairs_a_lost_pin
check "what was left half made is removed" clears_leftovers
check "killed at any time, the next load makes it whole" survives_crashes
loader attach pass port-A d0
check "purge leaves no pin, map, link or program" purges
check "purge of nothing is fine" loader purge
check "bpffs is mounted where it is not" mounts_bpffs
finish
