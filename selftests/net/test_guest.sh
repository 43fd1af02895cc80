#!/bin/bash
# The life of an FE guest: how it is made, what is in force, and what kills it without ending it.
#
#   [ guestd: loader, guest.c ] --- pdpfe1 ===== eth0 [ LXC: pdp-fe-init, pdp-fe-agent ]

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.sh"

begin "the life of an FE guest"
trap guest_clean EXIT
ns node
agent=$BIN/pdp-fe-agent

guest_up "$agent" --power 200 --memory 64 --cpus 0
check "it gets ready" wait_for 10 is_now ready

# --- the link
link_is() {
	on node ip -d -j link show pdpfe1 | jq -e ".[0] | $1"
}
eth0_is() {
	inside ip -d -j link show eth0 | jq -e ".[0] | $1"
}
settings='.mtu == 1516 and .num_tx_queues == 1 and .num_rx_queues == 1 and .operstate == "UP"'
check "MTU, one queue each way, up: MH side" link_is "$settings"
check "MTU, one queue each way, up: eth0" eth0_is "$settings"
check "the dispatcher is on the MH side" link_is '.xdp.prog.name == "pdp_dispatch"'
check "the receive program is on eth0" eth0_is '.xdp.prog.name == "pdp_guest_rx"'
check "the MH side says whose it is" link_is ".ifalias == \"pdp $T red-1\""
check "eth0 has a pfifo" inside sh -c 'tc qdisc show dev eth0 | grep -q "^qdisc pfifo .* root"'
no_addresses() {
	[ -z "$(on node ip -br addr show dev pdpfe1 | awk '{$1=$2=""; print $0}' | tr -d ' ')" ] &&
		[ -z "$(inside ip -br addr show dev eth0 | awk '{$1=$2=""; print $0}' | tr -d ' ')" ]
}
check "no address on either end" no_addresses
no_ipv6() {
	[ "$(on node cat /proc/sys/net/ipv6/conf/pdpfe1/disable_ipv6)" = 1 ] &&
		[ "$(inside cat /proc/sys/net/ipv6/conf/eth0/disable_ipv6)" = 1 ]
}
check "IPv6 is off on both" no_ipv6
offloads_off() {
	! "$@" | grep -E '^(rx-checksumming|tx-checksumming|generic-|rx-vlan-offload|tx-vlan-offload).*: on'
}
check "offloads are off: MH side" offloads_off on node ethtool -k pdpfe1
check "offloads are off: eth0" offloads_off inside ethtool -k eth0

# --- the limits
cgroup_item() {
	local v1=$1 v2=$2 path
	path=$(awk -F: -v c="${v1%%/*}" '$2 == c || $2 ~ "(^|,)" c "(,|$)" { print $3 }' "/proc/$(value pid)/cgroup" | head -1)
	cat "/sys/fs/cgroup/${v1%%/*}$path/${v1#*/}" 2>/dev/null ||
		cat "/sys/fs/cgroup$(awk -F: '$1 == 0 { print $3 }' "/proc/$(value pid)/cgroup")/$v2"
}
check "the CPU quota is read back" [ "$(value quota)" = 2000/10000 ]
check "memory is limited" [ "$(cgroup_item memory/memory.limit_in_bytes memory.max)" = $((64 << 20)) ]
check "processes are limited" [ "$(cgroup_item pids/pids.max pids.max)" = 16 ]
check "it runs on its FE's CPU" [ "$(cgroup_item cpuset/cpuset.cpus cpuset.cpus)" = 0 ]
check "CPU time is read" [ "$(value cpu_ns)" -gt 0 ]

# --- faults
kill_agent() {
	kill -KILL "$(pgrep -P "$(value pid)")"
}
init=$(value pid)
index=$(value ifindex)
mac=$(value mac)
check "the agent is killed" kill_agent
check "another is ready" wait_for 10 is_now ready restarts=1
check "in the same container, on the same link" is_now "pid=$init" "ifindex=$index" "mac=$mac"
check "the loss was told with its reason" grep -aq 'starting .*why=agent (pid [0-9]*) has died' "$EVENTS"
check "the log says which signal" grep -aq 'died of signal 9' "$GUEST_DIR/agent.log"

kill -KILL "$init"
check "the container is killed, and another is ready" wait_for 10 is_now ready restarts=2
fails "it is a new one" [ "$(value pid)" = "$init" ]
check "with the same MAC" is_now "mac=$mac"
check "the new link has the dispatcher" link_is '.xdp.prog.name == "pdp_dispatch"'
check "the new eth0 has the receive program" eth0_is '.xdp.prog.name == "pdp_guest_rx"'

on node ip link del pdpfe1
check "the link is deleted, and all is made again" wait_for 15 is_now ready restarts=3
check "that was told" grep -aq 'its link pdpfe1 is gone' "$EVENTS"

# --- packets in hand when an agent dies
idle() {
	local before
	look && before=$(value in)
	sleep 0.2
	look && [ "$(value in)" -eq "$before" ] && [ "$before" -gt 0 ]
}
figures() {
	echo "in $(value in) = back $(value back) + eth0 $(value rx_drops) + agents $(value dropped) + died $(value died)"
}
balanced() {
	figures
	[ "$(value in)" -eq $(($(value back) + $(value rx_drops) + $(value dropped) + $(value died))) ]
}
feed() {
	on node "$HELP/probe" --feed pdpfe1 "$mac" "$1"
}
check "frames go in and come back" feed 2000
check "all of them" wait_for 5 idle
check "the books balance" balanced
check "nothing died" [ "$(value died)" -eq 0 ]
feed 100000 &
feeder=$!
restarts=$(value restarts)
for i in 1 2 3; do
	sleep 0.2
	kill_agent
	wait_for 10 is_now ready "restarts=$((restarts + i))"
done
check "three agents are killed under load; the fourth is ready" is_now ready "restarts=$((restarts + 3))"
before=$(value agent_rx)
carries() {
	look && [ "$(value agent_rx)" -gt "$before" ]
}
check "it carries traffic" wait_for 5 carries
wait "$feeder"
check "the load ends" wait_for 5 idle
check "the books balance, with those that died" balanced
echo "# $(figures), no socket $(value no_socket)"
check "between agents frames met no socket" [ "$(value no_socket)" -gt 0 ]

# --- the controller's own death
fails "a second controller of the same node is refused" "$HELP/guestd" --run-dir "$RUN_DIR" \
	--pins "$PINS" --node "$T" --agent "$agent"
init=$(value pid)
agent_pid=$(pgrep -P "$init")
kill -KILL "$GUESTD"
wait "$GUESTD" 2>/dev/null
sleep 0.3
check "the controller is killed, the agent runs on" kill -0 "$agent_pid"
check "the dispatcher stays attached" link_is '.xdp.prog.name == "pdp_dispatch"'
guest_up "$agent"
check "the next controller starts anew" wait_for 10 is_now ready
check "and has reaped the stray" grep -q '^reaped 1$' "$EVENTS"
fails "which is gone" kill -0 "$init"

start=$(date +%s%N)
guest_down
check "a guest stops" [ "$ENDED" -eq 0 ]
echo "# in $((($(date +%s%N) - start) / 1000000)) ms"
check "nothing of it is left" guest_is_gone

# --- /run as Debian mounts it
mkdir "$RUN_DIR"
mount -t tmpfs -o nosuid,nodev,noexec none "$RUN_DIR"
guest_up "$agent"
check "with a run directory that is mounted noexec, it gets ready" wait_for 10 is_now ready
guest_down
umount "$RUN_DIR"
rmdir "$RUN_DIR"
check "nothing of it is left" guest_is_gone

# --- starts that fail
refused() {
	local want=$1
	shift
	guest_up "$@"
	wait "$GUESTD" && return 1
	GUESTD=
	cat "$EVENTS"
	grep -aq "$want" "$EVENTS" && guest_is_gone
}
check "no agent program: said, nothing left" refused 'open program /nowhere/pdp-fe-agent' /nowhere/pdp-fe-agent
check "a CPU that is not there: said, nothing left" refused 'container .* does not start' "$agent" --cpus 4095
check "a name that is none: said, nothing left" refused 'is not of \[a-z0-9-\]' "$agent" --name ../../etc
on node ip link add pdpfe1 type veth peer name other
taken() {
	guest_up "$agent"
	wait "$GUESTD" && return 1
	GUESTD=
	on node ip link del pdpfe1
	grep -a 'create veth pair pdpfe1 - eth0 .*File exists' "$EVENTS" && guest_is_gone
}
check "a link of that name is there: said, nothing left" taken
finish
