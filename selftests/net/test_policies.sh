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
# --- what a key would do, from a capture, before it is used

# What pktgen sends, as a capture at the node's port would have it: XDP takes it before any tap does.
capture() {
	python3 - "$WORK/red.pcap" "$1" "$2" <<-'EOT'
		import socket, struct, sys
		def ip(src, dst, payload):
		    head = struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(payload), 0, 0, 64, 17, 0)
		    head += socket.inet_aton(src) + socket.inet_aton(dst)
		    total = sum(struct.unpack('>10H', head))
		    total = (total & 0xffff) + (total >> 16)
		    return head[:10] + struct.pack('>H', 0xffff ^ (total & 0xffff) + (total >> 16)) + head[12:] + payload
		def udp(sport, dport, payload):
		    return struct.pack('>HHHH', sport, dport, 8 + len(payload), 0) + payload
		with open(sys.argv[1], 'wb') as pcap:
		    pcap.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
		    for i in range(int(sys.argv[2])):
		        inner = ip('10.1.1.2', '10.1.2.2', udp(16384 + i % int(sys.argv[3]), 9, bytes(18)))
		        frame = bytes(12) + b'\x08\x00' + ip('192.0.2.2', '192.0.2.1', udp(5001, 5001, inner))
		        pcap.write(struct.pack('<IIII', 1, i, len(frame), len(frame)) + frame)
	EOT
}

tried() {
	ctl -j vnet key test red "$WORK/red.pcap" "${@:2}" | tee "$WORK/tried" | jq -e "$1"
}

# The same packets, as they went: the guests' numbers of the spread before.
as_they_went() {
	[ "$(tried '[.guests[].packets]' | jq -r '.[]' | paste -sd' ')" = "$WENT" ]
}
WENT=$(spread 400 64)
capture 400 64
check "key test says where the packets went" as_they_went
check "64 flows in 400 packets of tunnels" tried '.flows == 64 and .tunnel_packets == 400 and .inner_packets == 0'
check "by addresses they would all go one way" tried '[.guests[].packets] | max == 400' --flow-key l3
check "by turns two thirds to the larger guest" \
	tried '.guests | map(select(.power_millicores == 500))[0].packets == 267' policy weighted
check "by bytes: the source port" tried '[.guests[].flows] | add == 64 and min > 0' \
	flow-key bytes flow-bytes transport:0:ffff
check "a table for people" sh -c "'$BIN/pdp-ctl' --run-dir '$RUN_DIR' vnet key test red '$WORK/red.pcap' | grep -q 'GUEST .*DUE .*PART'"
fails "a key that is none" ctl vnet key test red "$WORK/red.pcap" flow-key colour
fails "a capture that is none" ctl vnet key test red "$WORK/node.yaml"
fails "a vnet that is none" ctl vnet key test pink "$WORK/red.pcap"

check "the books balance" ctl stats show --check
finish
