#!/bin/bash
# A mirror of a namespace's routing tables, against a fresh dump of the same after each change.
#
#   [ guest: v0 -- far: f0, v1 -- far: f1 ]     mirrord: mirror.c over a socket in guest

. "$(dirname "$0")/lib.sh"

begin "routing tables, mirrored"
ns guest far
wire guest v0 far f0
wire guest v1 far f1
ip link add other netns "$T-guest" type veth peer name outside netns "$T-far"
on guest ip link set other up
on far ip link set outside up

LOG=$WORK/log
MIRROR_PID=
mirror_up() {
	mkfifo "$WORK/commands"
	"$HELP/mirrord" "/run/netns/$T-guest" "$1" v0=10 v1=11 <"$WORK/commands" >>"$LOG" 2>&1 &
	MIRROR_PID=$!
	exec 7>"$WORK/commands"
}
mirror_down() {
	exec 7>&-
	wait "$MIRROR_PID"
	rm "$WORK/commands"
}

# ask COMMAND...: the line that answers it.
ask() {
	local before
	before=$(grep -cE '^(same|differs|count|stats|told)' "$LOG")
	echo "$*" >&7
	while ! more_answers "$before"; do
		sleep 0.01
		kill -0 "$MIRROR_PID" || return 1
	done
	grep -E '^(same|differs|count|stats|told)' "$LOG" | tail -1
}
more_answers() {
	[ "$(grep -cE '^(same|differs|count|stats|told)' "$LOG")" -gt "$1" ]
}

is_same() {
	ask check | grep -q '^same'
}
# What the kernel does without a word is seen by a round a moment later.
same() {
	wait_for 5 is_same || {
		tail -n 30 "$LOG"
		return 1
	}
}
# has PREFIX WHAT: the mirror has it so.
has() {
	: >"$LOG"
	echo show >&7
	ask count >/dev/null
	grep -aqE "^route $1 .*$2" "$LOG"
}
hasnt() {
	: >"$LOG"
	echo show >&7
	ask count >/dev/null
	! grep -aqE "^route $1 .*${2:-}" "$LOG"
}

# mirrored "what" COMMAND...: done, and the mirror has it.
mirrored() {
	local what=$1
	shift
	check "$what" sh_and_same "$@"
}
sh_and_same() {
	"$@" && same
}
in_guest() {
	on guest ip "$@"
}
in_guest addr add 10.0.0.1/24 dev v0
in_guest addr add 2001:db8:a::1/64 dev v0
in_guest addr add 10.0.1.1/24 dev v1
in_guest addr add 2001:db8:b::1/64 dev v1
in_guest route add 192.0.2.0/24 via 10.0.0.2

mirror_up 1000
check "it dumps" wait_for 5 grep -q '^synced' "$LOG"
check "all of it" same
check "routes that were there" has 192.0.2.0/24 'via 10.0.0.2 vif 10'

# --- what a kernel tells
mirrored "a route" in_guest route add 198.51.100.0/24 via 10.0.1.2
mirrored "is replaced" in_guest route replace 198.51.100.0/24 via 10.0.0.2
check "leads there" has 198.51.100.0/24 'via 10.0.0.2 vif 10'
mirrored "metrics" in_guest route add 198.51.100.0/24 via 10.0.1.2 metric 100
mirrored "multipath" in_guest route add 203.0.113.0/24 nexthop via 10.0.0.2 weight 3 nexthop via 10.0.1.2
check "as it is" has 203.0.113.0/24 'via 10.0.0.2 vif 10 weight 3 via 10.0.1.2 vif 11 weight 1'
mirrored "by an IPv6 gateway" in_guest route add 203.0.113.128/25 via inet6 2001:db8:a::2 dev v0
for type in blackhole unreachable prohibit throw; do
	check "$type" in_guest route add $type 172.16.1.0/24 metric 7
	check "$type is mirrored" same
	check "$type goes" in_guest route del $type 172.16.1.0/24 metric 7
	check "here, too" same
done
mirrored "IPv6" in_guest -6 route add 2001:db8:1::/48 via 2001:db8:a::2
mirrored "a second path" in_guest -6 route append 2001:db8:1::/48 via 2001:db8:b::2
check "both are here" has 2001:db8:1::/48 'vif 10 .* vif 11'
mirrored "the first one goes" in_guest -6 route del 2001:db8:1::/48 via 2001:db8:a::2
check "alone" has 2001:db8:1::/48 'via 2001:db8:b::2 vif 11'
mirrored "IPv6 blackhole" in_guest -6 route add blackhole 2001:db8:2::/48
check "the same IPv6 network on two links" in_guest -6 route add 2001:db8:3::/64 dev v0
mirrored "one by one" in_guest -6 route append 2001:db8:3::/64 dev v1
mirrored "one of them is replaced" in_guest -6 route replace 2001:db8:3::/64 dev v1 proto static
mirrored "neighbours" in_guest neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev v0
mirrored "change" in_guest neigh replace 10.0.0.9 lladdr 02:00:00:00:00:0a dev v0
mirrored "and go" in_guest neigh del 10.0.0.9 dev v0
mirrored "an address" in_guest addr add 10.0.0.77/32 dev v0
mirrored "is renumbered" in_guest addr del 10.0.0.77/32 dev v0

# --- what is not for agents
check "a route by a device that is no vif" in_guest route add 172.17.0.0/16 dev other
check "is the kernel's" has 172.17.0.0/16 'type 2 '
check "another table" in_guest route add 172.18.0.0/16 via 10.0.0.2 table 100
check "is passed over" hasnt 172.18.0.0/16
check "all of it" same

# --- routes of one prefix and metric, of which the kernel uses the first
check "one more, behind" in_guest route append 198.51.100.0/24 via 10.0.1.2
check "the first is in force" same
check "the first goes" in_guest route del 198.51.100.0/24 via 10.0.0.2 metric 0
check "the second is in force" same
check "here, too" has 198.51.100.0/24 'metric 0 via 10.0.1.2 vif 11'
mirrored "one more, in front" in_guest route prepend 198.51.100.0/24 via 10.0.0.2
mirrored "and goes" in_guest route del 198.51.100.0/24 via 10.0.0.2 metric 0

# --- next-hop objects
for compat in 1 0; do
	on guest sysctl -qw net.ipv4.nexthop_compat_mode=$compat
	in_guest nexthop add id 1 via 10.0.0.2 dev v0
	in_guest nexthop add id 2 via 10.0.1.2 dev v1
	in_guest nexthop add id 3 blackhole
	in_guest nexthop add id 7 group 1,3/2,1
	check "compat mode $compat: routes by objects" in_guest route add 172.20.0.0/24 nhid 1
	in_guest route add 172.20.1.0/24 nhid 7
	in_guest -6 nexthop add id 8 via 2001:db8:a::2 dev v0
	in_guest -6 route add 2001:db8:20::/48 nhid 8
	check "are mirrored" same
	check "by their paths" has 172.20.1.0/24 'vif 10 weight 3 via 10.0.1.2 vif 11 weight 1'
	check "a group changes" in_guest nexthop replace id 7 group 2
	check "so do its routes" same
	check "here" has 172.20.1.0/24 'via 10.0.1.2 vif 11'
	check "a member changes" in_guest nexthop replace id 2 via 10.0.1.3 dev v1
	check "so do its groups' routes" same
	check "here" has 172.20.1.0/24 'via 10.0.1.3 vif 11'
	check "to a blackhole" in_guest route replace 172.20.0.0/24 nhid 3
	check "is mirrored" same
	check "objects go" in_guest nexthop flush
	check "and their routes" same
	check "here" hasnt 172.20.1.0/24
done 2>/dev/null

# --- what a kernel does without a word
check "a route by v1" has 198.51.100.0/24 'vif 11'
mirrored "v1 goes down" in_guest link set v1 down
check "here" hasnt 198.51.100.0/24 'vif 11'
check "v1 comes up" in_guest link set v1 up
in_guest route add 198.51.100.0/24 via 10.0.1.2
check "and routes" same
check "routes that prefer a source" in_guest route add 172.21.0.0/16 via 10.0.0.2 src 10.0.1.1
mirrored "the source goes" in_guest addr del 10.0.1.1/24 dev v1
mirrored "v1 is deleted" in_guest link del v1
check "here" hasnt '.*' 'vif 11'
rounds() {
	ask stats | sed -n 's/.*rounds \([0-9]*\).*/\1/p'
}
# One that was due may come late.
no_rounds() {
	local before
	before=$(rounds)
	sleep 0.3
	[ "$(rounds)" = "$before" ]
}
check "nothing happens: no rounds" wait_for 3 no_rounds

# --- too many
batch() {
	local i what=$1 n=$2
	for ((i = 0; i < n; i++)); do
		echo "route $what 100.$((64 + i / 65536)).$((i / 256 % 256)).$((i % 256))/32 via 10.0.0.2"
	done | on guest ip -batch -
}
: >"$LOG"
check "1100 routes of 1000" batch add 1100
check "are told to be too many" wait_for 5 grep -q '^over 1000' "$LOG"
check "a thousand are kept" [ "$(ask count | cut -d' ' -f2)" = 1000 ]
in_guest route replace 192.0.2.0/24 via 10.0.0.3
check "that was told once" [ "$(grep -c '^over' "$LOG")" = 1 ]
check "an old one of them has changed" has 192.0.2.0/24 'via 10.0.0.3'
check "they go" batch del 1100
check "it is below again" wait_for 10 grep -q '^below' "$LOG"
check "and all is there" same
check "that, too, was told once" [ "$(grep -cE '^(over|below)' "$LOG")" = 1 ]
echo max 0 >&7

# --- more than the socket takes
ask count >/dev/null
echo buffer 1000000 >&7
ask count >/dev/null
: >"$LOG"
kill -STOP "$MIRROR_PID"
check "20,000 routes while it sleeps" batch add 20000
kill -CONT "$MIRROR_PID"
check "it has lost some" wait_for 10 grep -q '^overrun' "$LOG"
check "and has all a moment later" same
kill -STOP "$MIRROR_PID"
check "they go while it sleeps" batch del 20000
kill -CONT "$MIRROR_PID"
check "here, too" same
check "none is left" [ "$(ask count | cut -d' ' -f2)" -lt 100 ]
echo "# $(ask stats)"
check "no message was mangled" grep -q ' mangled 0 ' "$LOG"
mirror_down
finish
