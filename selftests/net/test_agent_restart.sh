#!/bin/bash
# The agent is killed under load, again and again: each time the next one gets the queue although the
# kernel has not yet reaped the last one's socket, and nothing is stuck. Topology: agent.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/agent.sh"

begin "an FE agent killed under load"
agent_lab
agent_start
check "the agent is configured" wait_for 5 agents 1
background md "$HELP/tagsend" m0 "$GUEST_MAC" --count 60000 --pps 10000 --lossy
LOAD=$!
LOAD_LOG=$WORK/bg.$BG
check "traffic passes" wait_for 5 stat_is tx_packets -gt 0

kill_and_restart() {
	kill -KILL "$AGENT"
	wait "$AGENT" 2>/dev/null
	agent_start
	wait_for 15 agents "$1" && wait_for 5 stat_is tx_packets -gt 0
}
for i in 2 3 4 5 6; do
	kill_and_restart $i
	check "killed, it is back and traffic passes" test $? -eq 0
done
check "the load ran all the time" kill -0 "$LOAD"

killed_in_a_row() {
	for _ in 1 2 3; do
		kill -KILL "$AGENT"
		agent_start
	done
	wait_for 15 stat_is synced -gt 6 && wait_for 5 stat_is tx_packets -gt 0
}
killed_in_a_row
check "killed while it starts, it comes back all the same" test $? -eq 0
wait "$LOAD"
check "no packet came back wrong" grep -q " bad 0$" "$LOAD_LOG"
check "at rest, all forward again" tagsend --count 500
check "every frame of the last agent is accounted for" wait_for 5 frames_add_up
check "every packet, too" wait_for 5 packets_add_up
kill -TERM "$AGENT"
agent_exits 0
check "SIGTERM ends it with exit code 0" test $? -eq 0
finish
