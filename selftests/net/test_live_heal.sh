#!/bin/bash
# What others do to a node by hand, and what dies, is noticed, told, and mended. Topology: figure6.sh.
# alone: how long a sibling takes to take over is measured

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/live.sh"

begin "a node that mends itself"
figure6
node_file base red 500m
cp "$WORK/base.yaml" "$WORK/node.yaml"
check "the node comes up" node_up "$WORK/node.yaml"
join_red
DIR=$(echo "$PINS"/v*)
forwards() {
	on src ping -q -c 3 -i 0.05 -W 1 10.1.2.2
}
# told PATTERN: it is in the log from here on. New stories begin with `quiet`.
quiet() {
	SAID=$(wc -l <"$WORK/pdpd.log")
}
told() {
	tail -n "+$((SAID + 1))" "$WORK/pdpd.log" | grep -q -- "$1"
}
slots() {
	ctl -j map dump slots | jq -cS 'map(.shares)'
}
before=$(slots)
same_slots() {
	[ "$(slots)" = "$before" ]
}

two_tunnels() {
	[ "$(ctl -j map dump tunnels | jq length)" -eq 2 ]
}

# --- an untouched node is not written to

quiet
sleep 2.5
fails "nothing is mended where nothing is wrong" told 'repaired\|as published'

# --- maps by hand

quiet
check "a tunnel is deleted" bash -c "bpftool map delete pinned $DIR/maps/pdp_tunnels key \
	hex \$(bpftool -j map dump pinned $DIR/maps/pdp_tunnels | jq -r '.[0].key[]' | sed s/0x//)"
check "it is put back" wait_for 5 two_tunnels
check "and told" wait_for 5 told 'maps: .*as published'
quiet
zeros() {
	local i
	for ((i = $(bpftool -j map show pinned "$1" | jq .bytes_value); i > 0; i--)); do
		echo 0
	done
}
# shellcheck disable=SC2046
check "all slots are set to 0" bpftool map update pinned "$DIR/maps/pdp_vnets" key 1 0 0 0 \
	value $(zeros "$DIR/maps/pdp_vnets")
check "they are put back" wait_for 5 same_slots
check "it is told" wait_for 5 told 'maps: .*as published'
check "it forwards" wait_for 5 forwards

# --- links by hand

quiet
has_program() {
	on node ip -j link show dev "$1" | jq -e '.[0].xdp.prog.id'
}
check "the classifier is detached" bpftool link detach pinned "$DIR/links/port-A"
check "it comes back" wait_for 5 has_program ethA
check "it is told" wait_for 5 told 'port A: '
check "it forwards" wait_for 5 forwards
quiet
guest_link=$(ctl -j guest show | jq -r '.[0].link')
check "the dispatcher is detached from a guest's link" bpftool link detach pinned "$DIR/links/fe-1"
check "it comes back" wait_for 5 has_program "$guest_link"
check "it is told" wait_for 5 told 'guest red-1: '
check "it forwards" wait_for 5 forwards

# --- ports

quiet
on node ip link set ethA down
check "a port goes down" wait_for 5 told 'port A: ethA is down'
on node ip link set ethA up
check "and up" wait_for 5 told 'port A: ethA is up'
check "it forwards" wait_for 5 forwards

# --- guests

quiet
on node ip link del "$guest_link"
check "a guest's link is deleted: the guest is lost" wait_for 5 told 'guest red-1: is lost'
check "and made anew" wait_for 15 told 'guest red-1: is ready'
check "it forwards" wait_for 5 forwards

# A dead guest's slots go to its sibling; what was sent to it until then is lost, and no more. How long that took is
# told by the stream, 2 packets a millisecond: an idle machine does it in some 10 ms, and a busy one in one of five.
pid_of() {
	ctl -j guest show | jq ".[$1].init_pid"
}
agent_of() {
	pgrep -f "pdp-fe-agent.* --dev" --ns "$(pid_of "$1")" --nslist pid | head -n1
}
# killed PID: it is noticed, made anew, and the stream lost less than 100 ms.
killed() {
	stream 2000 30 32
	quiet
	kill -KILL "$1"
	wait_for 10 told 'is lost: .*its slots go to its siblings' && wait_for 20 told 'is ready: its slots are its own again'
	stream_ends
	lost=$((SENT - $(jq -r .received "$WORK/stream.json")))
	echo "# lost $lost packets, that is $((lost / 2)) ms of the stream" >"$WORK/figure"
	told 'is ready' && [ "$lost" -lt 200 ]
}
takes_over() {
	local _
	for _ in 1 2 3 4 5; do
		killed "$("$1" 1)" && return
	done
	return 1
}
check "an agent is killed: in less than 100 ms its sibling takes over, and it comes back" takes_over agent_of
cat "$WORK/figure"
check "a container is killed: the same" takes_over pid_of
cat "$WORK/figure"
story() {
	ctl event show | grep -E '^[0-9-]+ [0-9:]+\.[0-9]{3} guest red-2 is lost: .* has died.*: its slots go to its siblings' &&
		ctl -j event show | jq -e 'any(.kind == "repaired")'
}
check "events tell the story, with times" story
check "the books balance" wait_for 5 ctl stats --check
finish
