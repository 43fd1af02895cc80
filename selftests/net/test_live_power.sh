#!/bin/bash
# A vnet grows from one guest to three and shrinks to one again while a stream passes through it.
# Topology: figure6.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/live.sh"

begin "a vnet grows and shrinks under traffic"
figure6
node_file one red 300m
node_file three red 900m
node_file part red 500m
cp "$WORK/one.yaml" "$WORK/node.yaml"
check "the node comes up" node_up "$WORK/node.yaml"
join_red
guests() {
	ctl -j guest show | jq -c 'map([.name, .power_millicores])'
}
is() {
	[ "$("${@:2}")" = "$1" ]
}
# Each guest that there is carries packets.
all_carry() {
	ctl -j guest show | jq -e 'all(.tx_packets > 0)'
}

stream 3000 300 32
check "1 guest to 3" apply_file "$WORK/three.yaml"
check "there are three" is '[["red-1",300],["red-2",300],["red-3",300]]' guests
check "all of them carry packets" wait_for 5 all_carry
check "3 guests to 2, one of them smaller" apply_file "$WORK/part.yaml"
check "there are two" is 500 eval "ctl -j guest show | jq 'map(.power_millicores) | add'"
check "to 1" apply_file "$WORK/one.yaml"
check "there is one" is 1 eval "ctl -j guest show | jq length"
check "the same again changes nothing" apply_file "$WORK/one.yaml"
check "the stream is not over" kill -0 "${BG_PIDS[PKTGEN]}"
stream_ends
check "no packet is lost" nothing_lost
check "the books balance" wait_for 3 ctl stats --check
finish
