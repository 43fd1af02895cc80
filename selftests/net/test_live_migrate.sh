#!/bin/bash
# A build finds what it cannot simply go on with: maps of another version, a map of another layout, one that
# is not there, guests that another build remembered otherwise. A stream passes all the while.
# Topology: figure6.sh; red has two guests.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/live.sh"

begin "over what another build left"
figure6
FES=2 CAPACITY=400m node_file node red 500m
FES=2 CAPACITY=400m node_file starved red 850m
sed -i 's/^vnets:/  - {name: fe3, cpus: "8000", capacity: 400m}\n&/' "$WORK/starved.yaml"
check "the node comes up" node_up "$WORK/node.yaml"
join_red

OURS=$(echo "$PINS"/v*)
OLD=$PINS/v$((${OURS##*/v} - 1))
numbers() {
	ctl -j guest show | jq -c 'map([.name, .id])'
}
link_of() {
	bpftool -j link show pinned "$1/links/port-$2" | jq .id
}
said() {
	grep -q -- "$1" "$WORK/pdpd.log"
}
quiet() {
	: >"$WORK/pdpd.log"
}
forwards() {
	on src ping -q -c 5 -i 0.02 -W 1 10.1.2.2
}
ready() {
	[ "$(ctl -j guest show | jq -c 'map(.state)')" = '["ready","ready"]' ]
}

# --- maps of another version: as if they were, for their directory's name says it

stream 2000 300 32
check "pdpd leaves" pdpd_leave
ports="$(link_of "$OURS" A) $(link_of "$OURS" B)"
mv "$OURS" "$OLD"
fails "pdp-loader finds no node" "$BIN/pdp-loader" --root "$PINS" status
check "and says whose there is" bash -c "'$BIN/pdp-loader' --root '$PINS' status 2>&1 | grep -q '$OLD is the node of another build'"
quiet
fails "a build whose guests cannot start does not come up" node_up "$WORK/starved.yaml"
check "the old node is as it was" [ "$(link_of "$OLD" A) $(link_of "$OLD" B)" = "$ports" ]
fails "and nothing of the new one is left" [ -e "$OURS" ]
check "it forwards" forwards

quiet
PDP_FAILPOINT=apply-added
export PDP_FAILPOINT
fails "one dies after the switch" node_up "$WORK/node.yaml"
unset PDP_FAILPOINT
check "it forwards" forwards
check "the next one comes up" node_up "$WORK/node.yaml"
check "all are ready" wait_for 5 ready
check "nothing of the old node is left" [ ! -e "$OLD" ]
check "ports have the links that they had" [ "$(link_of "$OURS" A) $(link_of "$OURS" B)" = "$ports" ]

check "it leaves" pdpd_leave
mv "$OURS" "$OLD"
quiet
check "over maps of another version one comes up" node_up ""
check "it says so" said 'a node with maps of version .* forwards'
check "all are ready" wait_for 5 ready
check "nothing of the old node is left" [ ! -e "$OLD" ]
check "ports have the links that they had" [ "$(link_of "$OURS" A) $(link_of "$OURS" B)" = "$ports" ]
check "no guest too many" [ "$(pgrep -fc "lxc monitor.* pdp-$T-")" -eq 2 ]

# --- a map of the same version and another layout: that cannot be, and is refused

check "it leaves" pdpd_leave
mv "$OURS/maps/pdp_node_stats" "$OURS/kept_aside"
bpftool map create "$OURS/maps/pdp_node_stats" type percpu_array key 4 value 4096 entries 1 name other
quiet
fails "over a map of another layout none comes up" node_up ""
check "it names the map and both sizes" said 'pdp_node_stats has value size 4096, this build has [0-9]'
check "and says what to do" said 'run the build that made it'
check "it forwards" forwards
rm "$OURS/maps/pdp_node_stats"
mv "$OURS/kept_aside" "$OURS/maps/pdp_node_stats"

# --- a map that the other build had not: it is made. Guests that it remembered otherwise: made anew.

rm "$OURS/maps/pdp_turns"
quiet
check "over a node that lacks a map one comes up" node_up ""
check "it made the map" [ -e "$OURS/maps/pdp_turns" ]
before=$(numbers)
check "it leaves" pdpd_leave
# Their agents are said to speak another version of the channel.
for kept in "$RUN_DIR"/kept/*; do
	printf '\377' | dd of="$kept" bs=1 seek=8 conv=notrunc status=none
done
quiet
check "over guests of another build one comes up" node_up ""
check "it says so" said 'guests of another build'
check "all are ready" wait_for 5 ready
fails "they are others" [ "$(numbers)" = "$before" ]
check "no guest too many" [ "$(pgrep -fc "lxc monitor.* pdp-$T-")" -eq 2 ]

stream_ends
check "no packet is lost" nothing_lost
check "the books balance" wait_for 3 ctl stats --check
finish
