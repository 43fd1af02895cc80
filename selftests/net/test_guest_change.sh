#!/bin/bash
# A guest is changed while it runs: its share of CPU and memory, its tables; it is stopped, starved of
# its pins, robbed of its programs, drained.
#
#   [ guestd: loader, guest.c ] --- pdpfe1 ===== eth0 [ LXC: pdp-fe-init, pdp-fe-agent ]
# alone: how soon a silent agent is noticed is asked

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.sh"

begin "a guest is changed while it runs"
trap guest_clean EXIT
ns node
mkfifo "$WORK/commands"
guest_up "$BIN/pdp-fe-agent" --power 800 --memory 64 --commands "$WORK/commands"
check "it gets ready" wait_for 10 is_now ready
init=$(value pid)
mac=$(value mac)

# tell CODE COMMAND: guestd's answer to it has this code.
tell() {
	local code=$1 before
	shift
	before=$(grep -ac '^did ' "$EVENTS")
	echo "$*" >"$WORK/commands"
	wait_for 5 eval "[ \$(grep -ac '^did ' '$EVENTS') -gt $before ]"
	grep -a '^did ' "$EVENTS" | tail -1
	grep -a '^did ' "$EVENTS" | tail -1 | grep -q "^did $code $*: "
}
feed() {
	on node "$HELP/probe" --feed pdpfe1 "$mac" "$1"
}

# --- limits

cgroup_item() {
	local v1=$1 v2=$2 path
	path=$(awk -F: -v c="${v1%%/*}" '$2 == c || $2 ~ "(^|,)" c "(,|$)" { print $3 }' "/proc/$init/cgroup" | head -1)
	cat "/sys/fs/cgroup/${v1%%/*}$path/${v1#*/}" 2>/dev/null ||
		cat "/sys/fs/cgroup$(awk -F: '$1 == 0 { print $3 }' "/proc/$init/cgroup")/$v2"
}
check "power 20m, in a longer period" tell 0 power 20
look
check "is read back" is_now quota=1000/50000 "pid=$init"
throttled() {
	cgroup_item cpu/cpu.stat cpu.stat | awk '$1 == "nr_throttled" { print $2 }'
}
usage() {
	local start cpu
	start=$(date +%s%N)
	look && cpu=$(value cpu_ns)
	sleep 1
	look && echo $((($(value cpu_ns) - cpu) * 1000 / ($(date +%s%N) - start)))
}
before=$(throttled)
nsenter --net="/run/netns/$T-node" "$HELP/probe" --feed pdpfe1 "$mac" 3000000 &
feeder=$!
used=$(usage)
check "and effective: it is throttled" [ "$(throttled)" -gt "$before" ]
check "it uses no more than it may" [ "$used" -le 40 ]
echo "# ${used}m of 20m"
check "power 600m" tell 0 power 600
look
check "is read back" is_now quota=6000/10000
kill "$feeder"
wait "$feeder" 2>/dev/null
check "power 0 is refused" tell -22 power 0
check "memory 96" tell 0 memory 96
check "is in force" [ "$(cgroup_item memory/memory.limit_in_bytes memory.max)" = $((96 << 20)) ]

# --- drained: what went in has come back

drained() {
	tell 0 drained
}
check "after the load it is drained" wait_for 5 drained
feed 200000 &
feeder=$!
sleep 0.2
not_drained() {
	for _ in 1 2 3 4 5; do
		tell -11 drained || return
	done
}
check "under load it is not" not_drained
wait "$feeder"
check "afterwards it is again" wait_for 5 drained

# --- tables

check "a vif more, and tell me when it is in force" tell 0 vif 2 4
check "it is asked" tell 0 sync
check "it is" wait_for 5 grep -q '^synced$' "$EVENTS"
check "that is no change of state" [ "$(grep -ac '^ready .*why=$' "$EVENTS")" -eq 1 ]
check "the vif goes" tell 0 vif 2 0
check "it is asked again" tell 0 sync
synced_twice() {
	[ "$(grep -c '^synced$' "$EVENTS")" -eq 2 ]
}
check "it is" wait_for 5 synced_twice
printf 'vif 3 9\nsync\n' >"$WORK/commands"
check "a vif that no router takes: told" wait_for 5 grep -aq '^synced: the agent could not apply' "$EVENTS"
check "that goes, too" tell 0 vif 3 0

# --- an agent that does not answer

look
agent=$(value agent_pid)
stopped=$(date +%s%N)
kill -STOP "$agent"
check "its agent is stopped: seen" wait_for 5 is_now stalled "agent_pid=$agent"
echo "# after $((($(date +%s%N) - stopped) / 1000000)) ms"
check "and why" grep -aq "^stalled .*why=agent (pid $agent) has not answered for 750 ms" "$EVENTS"
kill -CONT "$agent"
check "it goes on: ready" wait_for 5 is_now ready "agent_pid=$agent" restarts=0
dead=$(date +%s%N)
kill -KILL "$agent"
check "it is killed: seen" wait_for 5 grep -aq "^starting .*agent (pid $agent) has died" "$EVENTS"
echo "# after less than $((($(date +%s%N) - dead) / 1000000)) ms"
check "another is ready" wait_for 10 is_now ready restarts=1

# --- programs and pins

program() {
	on node ip -j link show pdpfe1 | jq -r '.[0].xdp.prog.name'
}
check "all is well" tell 0 mend
fails "nothing was to be mended" grep -q '^mended' "$EVENTS"
bpftool=$(PATH=$PATH:/usr/sbin command -v bpftool)
id=$(on node "$bpftool" -j link show pinned "$PINS/v$ABI/links/fe-1" | jq .id)
on node "$bpftool" link detach id "$id"
check "somebody detached the dispatcher" [ "$(program)" = null ]
check "it is mended" tell 0 mend
check "for a reason" grep -aq '^mended: link fe-1: its device has gone, or it was detached' "$EVENTS"
check "it is there again" [ "$(program)" = pdp_dispatch ]
rm -r "$PINS/v$ABI/links" "$PINS/v$ABI/guests" "$PINS/v$ABI/maps"
check "somebody removed all pins: its programs stay" [ "$(program)" = pdp_dispatch ]
check "it is mended" tell 0 mend
check "the pins are there again" test -e "$PINS/v$ABI/links/fe-1" -a -e "$PINS/v$ABI/links/guest-1" -a -e "$PINS/v$ABI/guests/1/pdp_xsks"
look
before=$(value back)
check "traffic passes" feed 1000
came_back() {
	look && [ "$(value back)" -eq $((before + 1000)) ]
}
check "all of it comes back" wait_for 5 came_back
guest_down
check "a guest stops" [ "$ENDED" -eq 0 ]
check "nothing of it is left" guest_is_gone
finish
