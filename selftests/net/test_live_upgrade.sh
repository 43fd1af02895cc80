#!/bin/bash
# A node is upgraded to another build and downgraded again while a stream passes through it: pdpd, its
# programs, and what it puts into guests. Topology: figure6.sh; red has two guests.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/live.sh"

OURS=$BIN
OTHER=$TOP/build/other/bin

begin "an upgrade and a downgrade under traffic"
figure6
FES=2 node_file node red 500m
check "the node comes up" node_up "$WORK/node.yaml"
join_red

version() {
	ctl -j node show | jq -r '.[0].version'
}
# agent_of N: host pid of a guest's agent.
agent_of() {
	pgrep -P "$(ctl -j guest show | jq -r ".[$1].init_pid")"
}
guests() {
	ctl -j guest show | jq -c 'map([.name, .id, .fe, .init_pid, .link_ifindex])'
	echo "agents $(agent_of 0) $(agent_of 1)"
}
links() {
	local pin
	for pin in "$PINS"/v*/links/{port,fe,guest}-*; do
		echo "${pin##*/} $(bpftool -j link show pinned "$pin" | jq -r "$1")"
	done
}
programs() {
	"$BIN/pdp-loader" --root "$PINS" status -j | jq -r '.links[].version' | sort | uniq -c | xargs
}
# What an agent's process was started from.
agent_version() {
	"/proc/$(agent_of "$1")/exe" --version
}
same() {
	[ "$1" = "$2" ] || { printf 'was: %s\nis: %s\n' "$1" "$2"; return 1; }
}
none_same() {
	[ -z "$(comm -12 <(sort <<<"$1") <(sort <<<"$2"))" ] || { printf 'was: %s\nis: %s\n' "$1" "$2"; return 1; }
}
ready() {
	[ "$(ctl -j guest show | jq -c 'map(.state)')" = '["ready","ready"]' ]
}

made=$(guests)
links=$(links .id)
programs=$(links .prog_id)
n_links=$(wc -l <<<"$links")
ours=$(version)
other=$("$OTHER/pdpd" --version | cut -d' ' -f2)
check "there are two builds" [ "$ours" != "$other" ]
check "programs tell their build" [ "$(programs)" = "$n_links $ours" ]

# is_now VERSION AGENTS: all of the node but its agents is of this build, and the same node it was.
is_now() {
	check "pdpd is $1" [ "$(version)" = "$1" ]
	check "the same guests, agents and links" same "$made" "$(guests)"
	check "all are ready" wait_for 5 ready
	check "the same links" same "$links" "$(links .id)"
	check "each with another program" none_same "$programs" "$(links .prog_id)"
	check "of $1" [ "$(programs)" = "$n_links $1" ]
	check "agents are $2" [ "$(agent_version 0) $(agent_version 1)" = "pdp-fe-agent $2 pdp-fe-agent $2" ]
	programs=$(links .prog_id)
}

stream 3000 120 32
check "pdpd leaves" pdpd_leave
BIN=$OTHER
check "the upgrade comes up" node_up ""
is_now "$other" "$ours"

# What runs in a guest is what it was made with. A guest that is made anew takes over from the old one.
check "the guests are made anew, by way of their memory" ctl vnet set red memory 80M
check "all are ready" wait_for 5 ready
made=$(guests) links=$(links .id) programs=$(links .prog_id)
check "with agents of the upgrade" [ "$(agent_version 0)" = "pdp-fe-agent $other" ]

check "pdpd is killed" pdpd_killed
BIN=$OURS
check "the downgrade comes up" node_up ""
is_now "$ours" "$other"

# The same at a start: what was there carries the vnet until what is wanted is ready.
check "it leaves" pdpd_leave
check "it comes with a node file that asks for other guests" node_up "$WORK/node.yaml"
check "all are ready" wait_for 5 ready
check "with agents of its own" [ "$(agent_version 0)" = "pdp-fe-agent $ours" ]
stream_ends
check "no packet is lost" nothing_lost
check "none overtakes another" in_order
check "the books balance" wait_for 3 ctl stats --check
finish
