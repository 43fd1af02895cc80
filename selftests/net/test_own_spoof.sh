#!/bin/bash
# An owner whose own program lies. It makes a frame of each payload that comes in, so whoever stands at the
# tunnel's far end puts any frame onto the FE link by XDP_TX. What a raw sender in the guest cannot do
# (test_spoof.sh), this cannot either, while green's packets go their way.
#
#   src --- ethA [pdp_classify] --> [ guest of red: spoof.bpf.c ] --XDP_TX--> [pdp_dispatch] --- ethB --- dst
#                                                                                 |
#                                                                         green, the MH's stack

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/forged.sh"

begin "an owner's program that lies reaches nobody"
figure6
liar() {
	red 200m | sed "s|data-plane: .*|data-plane: {kind: xdp, object: $TOP/build/selftests/owner/spoof.bpf.o, program: spoof}|"
}
{
	node_head
	fes 2 200m
	echo vnets:
	liar
	green 200m
} >"$WORK/node.yaml"
check "the node comes up" node_up "$WORK/node.yaml"
join_green
# No solicitations of the hosts' own: whatever of green's is dropped is due to red.
on src sysctl -qw net.ipv6.conf.tun-green.disable_ipv6=1
on dst sysctl -qw net.ipv6.conf.tun-green.disable_ipv6=1
guest_of_red
know_each_other
# Green's packets are on the same wires.
watch_dev src s0 'ip and udp or ether proto 0x88b5 or arp'
watch_dev dst d0 'ip and udp or ether proto 0x88b5 or arp'
watch_dev node "$link"

green_count() {
	ctl -j stats show green | jq ".[0].counters.$1"
}
green_drops() {
	ctl -j stats show green | jq '[.[0].counters | to_entries[] | select(.key | startswith("drop")).value] | add'
}
guest_count() {
	ctl -j guest show | jq ".[] | select(.vnet == \"red\").fast_half.$1"
}
counters_before
drops=$(green_drops)
sent_back=$(guest_count packets)
# As long as the frames are sent, and a little longer.
background src ping -q -i 0.01 -c 100 -W 5 10.2.2.2
PING=$BG
# shellcheck disable=SC2046
on src "$HELP/spoof" --through 192.0.2.1 --src "$mac" $(frames) >"$WORK/sent"
n=$(wc -l <"$WORK/sent")
check "the frames were sent" [ "$n" -ge 30 ]
all_sent_back() {
	[ $(($(guest_count packets) - sent_back)) -eq "$n" ]
}
check "the program sent each of them back from eth0" wait_for 3 all_sent_back
each_counted "$WORK/sent"

honest=$(grep -c '^tx_packets' "$WORK/sent")
arrived() {
	[ "$(captured d0)" -eq "$honest" ]
}
check "the destination saw the honest frames, and no other" wait_for 5 arrived
# The source's own datagrams are on its device.
check "the source saw nothing but what it sent" [ "$(captured s0)" -eq "$n" ]
check "the management host's stack saw nothing" [ "$(captured "$link")" -eq 0 ]
pinged() {
	wait "${BG_PIDS[PING]}"
	grep "100 packets transmitted, 100 received" "$WORK/bg.$PING" || ! cat "$WORK/bg.$PING"*
}
check "green's packets all went their way" pinged
check "and none of green's was dropped" [ "$(green_drops)" -eq "$drops" ]
green_made_two_hundred() {
	[ $(($(green_count tx_packets) - $(jq .tx_packets <<<"$green_before"))) -eq 200 ]
}
check "nor did green send what is not its own" wait_for 3 green_made_two_hundred
check "the books balance" wait_for 3 ctl stats --check
finish
