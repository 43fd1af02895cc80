#!/bin/bash
# Links made worse on purpose: delayed, lost, down both ways, changed while traffic passes.
# Topology: figure6.sh; red over udp, blue over vxlan.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/ping.sh"

begin "impairments"
figure6
{
	node_head
	fes 2 200m
	echo vnets:
	red 200m
	blue 200m
} >"$WORK/node.yaml"

check "the node comes up" node_up "$WORK/node.yaml"
join_red
join_blue
check "traffic passes" pings 10.1.2.2

check "a delay while the node runs" ctl vif set red/v1 impair.delay-ms 20
check "is 20 ms on the way there" rtt_is_over 20 10.1.2.2
check "for IPv6 too" rtt_is_over 20 fd00:1:2::2
check "another vnet is as fast as before" rtt_is_under 20 10.3.2.2
check "and another on the way back" ctl vif set red/v0 impair.delay-ms 15
check "is 35 ms for both" rtt_is_over 35 10.1.2.2
check "a delay for vxlan" ctl vif set blue/v1 impair.delay-ms 30
check "is 30 ms" rtt_is_over 30 10.3.2.2
check "the largest packet passes" pings 10.1.2.2 -M "do" -s 1400
check "the books balance" ctl stats show --check

# Frames of one delay do not overtake each other: TCP would not like it.
tcp() {
	background dst iperf3 -s -1 -p 5201
	wait_for 5 on dst sh -c "ss -tln | grep -q :5201"
	on src iperf3 -c 10.1.2.2 -n 2M -J >"$WORK/iperf" && jq .end.sum_sent.retransmits "$WORK/iperf"
}
check "TCP through it" tcp

# Each of five pings is counted; so is what else is under way, as a late packet of the TCP connection above.
lost_on_purpose() {
	local before
	before=$(counter red drop_impaired_loss)
	answers_nothing 10.1.2.2 && [ $(($(counter red drop_impaired_loss) - before)) -ge 5 ]
}
check "loss 1.0" ctl vif set red/v1 impair.loss 1.0
check "loses all, by name" lost_on_purpose
check "another vnet loses nothing" pings 10.3.2.2
check "loss 0.5" ctl vif set red/v1 impair.loss 0.5
some_arrive() {
	on src ping -q -c 60 -i 0.01 -W 5 10.1.2.2 | grep -E ' ([1-9]|[1-5][0-9]) received'
}
check "loses some" some_arrive
check "no loss" ctl vif set red/v1 impair.loss 0
none_lost() {
	local before
	before=$(counter red drop_impaired_loss)
	pings 10.1.2.2 && pings 10.1.2.2 && [ "$(counter red drop_impaired_loss)" -eq "$before" ]
}
check "all arrive" none_lost

# Of 5 requests and of 5 packets from the other side nothing passes.
down_both_ways() {
	local out in
	out=$(counter red drop_impaired_down)
	answers_nothing 10.1.2.2
	in=$(counter red drop_impaired_in)
	on dst ping -q -c 5 -i 0.02 -W 0.3 10.1.1.2
	[ $(($(counter red drop_impaired_down) - out)) -ge 5 ] &&
		[ $(($(counter red drop_impaired_in) - in)) -ge 5 ]
}
check "down" ctl vif set red/v1 impair.down true
check "nothing passes, either way" down_both_ways
check "nobody is told: the path is up" [ "$(ctl -j vif show red/v1 | jq -r '.[0].state')" = up ]
check "up again" ctl vif set red/v1 impair.down false
check "traffic passes" pings 10.1.2.2
check "the books balance" ctl stats show --check

finish
