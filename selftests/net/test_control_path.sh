#!/bin/bash
# The way to control planes and from them: each packet of it is booked, a flood is policed and hurts nobody else,
# what a guest does to its own links ends as a named loss, and impairments hold for it too.
# Topology: figure6.sh, red and green over udp, blue over vxlan, a control plane for each.
# serial: it floods

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/ping.sh"

begin "the way to control planes and from them"
figure6
controlled() {
	"$1" 200m | sed 's|^    data-plane:.*|&\n    control-plane: {kind: static, rate: {pps: 500, burst: 100}}|'
}
{
	node_head
	fes 3 200m
	echo vnets:
	controlled red
	controlled green
	controlled blue
} >"$WORK/node.yaml"

check "the node comes up" node_up "$WORK/node.yaml"
join_red
join_green
join_blue

for n in 1 2 3; do
	check "vnet $n: its address answers, IPv4" pings "10.$n.1.1"
	check "vnet $n: its address answers, IPv6" pings "fd00:$n:1::1"
	check "vnet $n: through it" pings "10.$n.2.2"
done
drops() {
	ctl -j stats show "$1" | jq "[.[0].drops[] | select(.name == \"$2\").packets] | add // 0"
}
vif() {
	ctl -j vif show "$1" | jq ".[0].$2"
}
# Ten pings came in and went out again, with whatever the guest says of its own.
booked() {
	[ "$(vif "$1" local_packets)" -ge 10 ] && [ "$(vif "$1" control_packets)" -ge 10 ] &&
		[ "$(vif "$1" tx_packets)" -ge "$(vif "$1" control_packets)" ]
}
check "udp over IPv4: booked on the vif" booked red/v0
check "udp over IPv6: booked on the vif" booked green/v0
check "vxlan: booked on the vif" booked blue/v0
check "the books balance" ctl stats show --check

# 8,000 packets to a port where nobody listens; the control plane is to see 500 pps of them.
flood() {
	on src "$BENCH/pktgen" --dev s0 --dst-mac "$(mac_of node ethA)" --encap udp \
		--local 192.0.2.2:5001 --remote 192.0.2.1:5001 --src 10.1.1.2 --dst 10.1.1.1 \
		--rate 8000 --count 8000 --flows 16 --unwatched
}
flood >"$WORK/flood" 2>&1 &
flooder=$!
wait_for 5 sh -c "[ \"\$('$BIN/pdp-ctl' --run-dir '$RUN_DIR' --pins '$PINS' -j stats show red | jq '.[0].counters.drop_local_rate')\" -gt 0 ]"
check "while red's control plane is flooded, green's answers" pings 10.2.1.1
check "and red forwards" pings 10.1.2.2
wait $flooder
policed() {
	local dropped taken
	dropped=$(counter red drop_local_rate)
	taken=$(counter red local_packets)
	echo "dropped $dropped, taken $taken"
	[ "$dropped" -gt 1000 ] && [ "$dropped" -gt "$taken" ]
}
check "the flood is policed" policed
check "green's was not" [ "$(counter green drop_local_rate)" -eq 0 ]
check "the books balance" ctl stats show --check

check "a delay" ctl vif set green/v0 impair.delay-ms 20
check "is one for what the control plane sends" rtt_is_over 20 10.2.1.1
check "so is a loss" ctl vif set green/v0 impair.delay-ms 0 impair.loss 1.0
check "no answer gets out" answers_nothing 10.2.1.1
check "by name" [ "$(counter green drop_impaired_loss)" -ge 5 ]
check "the books balance" ctl stats show --check

# The guest may do what it likes to its own device.
check "a guest sets its own link down" ctl vnet exec blue -- ip link set v0 down
check "it does not answer" answers_nothing 10.3.1.1
check "what was for it has a name" [ "$(drops blue drop_local_full)" -ge 5 ]
check "the other vnets forward" pings 10.1.2.2
check "the books balance" ctl stats show --check
lost=$(drops blue drop_local_full)
kill -KILL "$(ctl -j guest show blue-cp | jq '.[0].init_pid')"
check "a guest dies, and is there again" wait_for 15 pings 10.3.1.1
check "what its old links lost is not forgotten" [ "$(drops blue drop_local_full)" -ge "$lost" ]
check "the books balance" ctl stats show --check
check "the node goes down" ctl node down
finish
