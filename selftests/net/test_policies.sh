#!/bin/bash
# A vnet's distribution policy and flow key, changed while it runs; the paper's open problem, a key for any
# protocol, is the last one.
#
#   $T-src  s0 ===== ethA  $T-node  ethB ===== d0  $T-dst
#   64 flows in red ------> red-1 (fe1), red-2 (fe2) ----->  sink

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"

begin "policies and flow keys"

# Packets that each guest was sent for COUNT packets of FLOWS flows, as "N N".
spread() {
	local before
	before=$(sent_to_guests)
	on src "$BENCH/pktgen" --dev s0 --dst-mac "$(mac_of node ethA)" --encap udp --local 192.0.2.2:5001 \
		--remote 192.0.2.1:5001 --src 10.1.1.2 --dst 10.1.2.2 --rate 2000 --count "$1" --flows "$2" \
		--unwatched >"$WORK/pktgen" 2>&1 || return
	paste -d' ' <(echo "$before") <(sent_to_guests) | awk '{ printf "%s%d", s, $2 - $1; s = " " } END { print "" }'
}

sent_to_guests() {
	ctl -j map dump pdp_guest_stats | jq -r '. as $all | (1, 2) as $id | [$all[] | select(.guest == $id).to_packets] | add // 0'
}

# is "N N" WANTED LEEWAY: the first guest's part.
near() {
	local first second
	read -r first second <<<"$1"
	[ $((first + second)) -gt 0 ] && [ $((first - $2)) -le "$3" ] && [ $(($2 - first)) -le "$3" ]
}

all_to_one() {
	local first second
	read -r first second <<<"$1"
	[ $((first + second)) -ge 400 ] && { [ "$first" = 0 ] || [ "$second" = 0 ]; }
}

both() {
	local first second
	read -r first second <<<"$1"
	[ "$first" -gt 0 ] && [ "$second" -gt 0 ]
}

figure6
{
	node_head
	fes 2 500m
	echo vnets:
	red 750m
} >"$WORK/node.yaml"
node_up "$WORK/node.yaml"
# 500m and 250m.
check "flow-hash: one flow goes one way" all_to_one "$(spread 400 1)"
check "flow-hash: many flows go both" both "$(spread 400 64)"

check "policy spray" ctl vnet set red policy spray
check "one flow goes both ways, by power" near "$(spread 600 1)" 400 4

check "policy flowlet, with a pause that none makes" ctl vnet set red policy flowlet flowlet-gap-us 1000000
check "one flow goes one way" all_to_one "$(spread 400 1)"
check "with a pause that each packet makes" ctl vnet set red flowlet-gap-us 1
check "one flow goes both ways" both "$(spread 400 1)"

check "policy flow-hash by addresses" ctl vnet set red policy flow-hash flow-key l3
check "many flows of two hosts go one way" all_to_one "$(spread 400 64)"

check "by bytes: the source port" ctl vnet set red flow-key bytes flow-bytes transport:0:ffff
check "many flows go both ways" both "$(spread 400 64)"
check "by bytes: the destination's address" ctl vnet set red flow-bytes network:16:ffffffff
check "many flows to one host go one way" all_to_one "$(spread 400 64)"
fails "bytes that are none are refused" ctl vnet set red flow-bytes link:0:ff
check "export has the key" sh -c "'$BIN/pdp-ctl' --run-dir '$RUN_DIR' --pins '$PINS' export | grep -q 'network:16:ffffffff'"
check "the map has it" sh -c "'$BIN/pdp-ctl' --run-dir '$RUN_DIR' --pins '$PINS' map dump pdp_keys | grep -q ffffffff"
check "and back to 5tuple" ctl vnet set red flow-key default flow-bytes default
check "many flows go both ways again" both "$(spread 400 64)"
check "the books balance" ctl stats show --check
finish
