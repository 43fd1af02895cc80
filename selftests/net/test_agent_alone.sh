#!/bin/bash
# One agent and its least controller: every byte of what it sends, its exceptions, what it refuses, a
# controller that comes anew, links that go down and up, a device that is deleted.
# Topology: agent.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/agent.sh"

begin "an FE agent alone"
agent_lab
agent_start
check "the agent says HELLO and has its configuration in force" wait_for 5 agents 1

check "IPv4: 500 packets forwarded, each byte right" tagsend --count 500
check "IPv6: 500 packets forwarded, each byte right" tagsend --count 500 --v6
check "TTL 1: 100 packets come back as LOCAL, unchanged" tagsend --count 100 --ttl 1
check "hop limit 1: likewise" tagsend --count 100 --ttl 1 --v6
check "the counters agree: 1000 forwarded" wait_for 5 stat_is forward_packets -eq 1000
check "200 local" wait_for 5 stat_is local_packets -eq 200
check "two routes of each family are in force" test "$(stat routes4) $(stat routes6)" = "2 2"
check "every frame is accounted for" wait_for 5 frames_add_up
check "every packet is accounted for" wait_for 5 packets_add_up

no_capability() {
	grep -E '^Cap[IPEA]|^NoNewPrivs' "/proc/$AGENT/status"
	! grep '^Cap[IPEA]' "/proc/$AGENT/status" | grep -v '0000000000000000$' &&
		grep -q '^NoNewPrivs:.*1' "/proc/$AGENT/status"
}
check "the running agent has no capability left" no_capability
small() {
	local kib
	kib=$(awk '/^VmRSS/ { print $2 }' "/proc/$AGENT/status")
	echo "$kib KiB"
	[ "$kib" -lt 32768 ]
}
check "it takes less than 32 MiB" small

background md "$HELP/tagsend" m0 "$GUEST_MAC" --count 4000 --pps 2000
LOAD=$!
for i in 2 3 4; do
	kill -USR1 "$AGENTD"
	check "the controller hangs up under load: the agent connects again" wait_for 5 agents $i
done
wait "$LOAD"
check "no packet was lost meanwhile" test $? -eq 0

# Nothing comes back while a link is down; it need not be restarted afterwards.
silent() {
	tagsend --count 20 --lossy | tee /dev/stderr | grep -q "received 0 "
}
for end in "guest eth0" "md m0"; do
	# shellcheck disable=SC2086
	on ${end% *} ip link set "${end#* }" down
	check "nothing passes while $end is down" silent
	# shellcheck disable=SC2086
	on ${end% *} ip link set "${end#* }" up
	tagsend --count 20 --lossy >/dev/null # what was stuck on the way
	check "it forwards again after $end came up" tagsend --count 200
done
check "it is the same agent" kill -0 "$AGENT"
check "frames add up after that" wait_for 5 frames_add_up

second_agent() {
	on guest "$BIN/pdp-fe-agent" --allow-root --dev eth0 --frames 512 \
		--socket "$WORK/other.sock" 2>&1 | tee /dev/stderr | grep -q "another AF_XDP socket"
}
as_root() {
	on guest "$BIN/pdp-fe-agent" --dev eth0 --socket "$WORK/agent.sock"
}
check "a second agent on the queue is refused, and told why" second_agent
fails "uid 0 is refused" as_root
fails "a device that is not there is refused" on guest "$BIN/pdp-fe-agent" --allow-root --dev nope
fails "an unknown data plane is refused" on guest "$BIN/pdp-fe-agent" --dev eth0 --dataplane nope
big_mtu() {
	on guest ip link set eth0 mtu 1779 &&
		on guest "$BIN/pdp-fe-agent" --allow-root --dev eth0 2>&1 | tee /dev/stderr |
		grep -q "MTU 1779 is over the 1778"
}
check "an MTU that no chunk holds is refused with the numbers" big_mtu
on guest ip link set eth0 mtu 1500

kill -TERM "$AGENT"
agent_exits 0
check "SIGTERM ends it with exit code 0" test $? -eq 0
agent_start
check "started again, it is configured again" wait_for 15 agents 5
on md ip link del m0
agent_exits 1 10
check "its device deleted, it ends with exit code 1" test $? -eq 0
check "and says so" grep -q "eth0 has been deleted" "$AGENT_LOG"
finish
