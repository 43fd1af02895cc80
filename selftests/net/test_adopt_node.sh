#!/bin/bash
# What goes wrong while a node runs, and while nobody watches it, under a steady stream: agents stopped
# and killed, pins removed, programs detached, with pdpd there and without. Topology: figure6.sh; red has
# two guests.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/live.sh"

begin "faults of a running node, watched and unwatched"
figure6
FES=2 node_file node red 600m
check "the node comes up" node_up "$WORK/node.yaml"
join_red

# guest N KEY
guest() {
	ctl -j guest show | jq -r ".[$1].$2"
}
# agent_of N: host pid of its agent.
agent_of() {
	pgrep -P "$(guest "$1" init_pid)"
}
state_is() {
	[ "$(guest "$1" state)" = "$2" ]
}
containers() {
	ctl -j guest show | jq -c 'map([.name, .init_pid, .link_ifindex])'
}
forwards() {
	on src ping -q -c 5 -i 0.02 -W 1 10.1.2.2
}
tx_of() {
	guest "$1" tx_packets
}
carries() {
	local before
	before=$(tx_of "$1")
	sleep 0.3
	[ "$(tx_of "$1")" -gt "$before" ]
}
ready() {
	state_is 0 ready && state_is 1 ready
}
made=$(containers)
same_containers() {
	[ "$(containers)" = "$made" ]
}

# --- an agent that is stopped holds what it has; its slots go to its sibling

stream 500 120 32
check "both guests carry" wait_for 5 eval 'carries 0 && carries 1'
stopped=$(agent_of 0)
start=$(date +%s%N)
kill -STOP "$stopped"
check "an agent is stopped: its guest is stalled" wait_for 5 state_is 0 stalled
echo "# seen after $((($(date +%s%N) - start) / 1000000)) ms"
before=$(tx_of 0)
check "its sibling carries" wait_for 5 carries 1
check "it does not" [ "$(tx_of 0)" -eq "$before" ]
kill -CONT "$stopped"
check "it goes on: ready" wait_for 5 state_is 0 ready
check "and carries" wait_for 3 carries 0
stream_ends
check "what waited in its socket was not lost" nothing_lost
check "the books balance" wait_for 3 ctl stats --check

# --- pins removed while pdpd runs

stream 2000 120 32
links=$(find "$PINS/v$ABI" | wc -l)
rm -r "$PINS/v$ABI"
pinned_again() {
	[ "$(find "$PINS/v$ABI" | wc -l)" -eq "$links" ]
}
check "all pins are removed: they come again" wait_for 10 pinned_again
stream_ends
check "no packet is lost" nothing_lost
check "none overtakes another" in_order
check "the same guests" same_containers

# --- pdpd killed; then an agent, that nobody sees die

stream 2000 120 32
check "pdpd is killed" pdpd_killed
kill -KILL "$(pgrep -P "$(jq -r '.[0][1]' <<<"$made")")"
sleep 0.5
check "so was an agent; pdpd comes again" node_up ""
check "both guests are ready" wait_for 10 ready
check "in the same containers" same_containers
check "both carry" wait_for 5 eval 'carries 0 && carries 1'
stream_ends
check "the books balance, the dead one's packets in them" wait_for 3 ctl stats --check

# --- pdpd killed; then a container

check "pdpd is killed" pdpd_killed
kill -KILL "$(jq -r '.[0][1]' <<<"$made")"
sleep 0.5
check "so was a container; pdpd comes again" node_up ""
check "both guests are ready" wait_for 10 ready
check "one is made anew, the other is the same" [ "$(containers | jq -c '.[1]')" = "$(jq -c '.[1]' <<<"$made")" ]
fails "the first is not" same_containers
check "it forwards" forwards
check "no guest too many" [ "$(pgrep -fc "lxc monitor.* pdp-$T-")" -eq 2 ]
check "the books balance" wait_for 3 ctl stats --check
made=$(containers)

# --- pdpd killed; then an agent is stopped, and stays so

check "pdpd is killed" pdpd_killed
stopped=$(pgrep -P "$(jq -r '.[0][1]' <<<"$made")")
kill -STOP "$stopped"
check "an agent is stopped; pdpd comes all the same" node_up ""
taken_away() {
	! state_is 0 ready && ! state_is 0 adopted
}
check "its guest is given up for now" wait_for 10 taken_away
check "its sibling forwards" forwards
kill -CONT "$stopped"
check "it goes on: ready" wait_for 10 ready
check "in the same container" same_containers
check "the books balance" wait_for 3 ctl stats --check
finish
