# One FE agent without a node: a namespace for the MD's end of the FE link, one for the guest's, and
# agentd as the controller. Sourced after lib.sh.
# shellcheck shell=bash
#
#   md: tagsend, m0 ==== eth0, pdp_guest_rx, pdp-fe-agent :guest
#                                     |
#                                  agentd

AGENT_UID=$((200000 + $$)) # locked memory is charged by uid

agent_lab() {
	ns md guest
	wire md m0 guest eth0
	on md sysctl -qw net.ipv6.conf.m0.disable_ipv6=1
	on guest sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1
	# As the controller does: back-pressure instead of silent loss when the link's ring is full.
	on guest tc qdisc add dev eth0 root pfifo limit 1000
	GUEST_MAC=$(mac_of guest eth0)
	chmod 755 "$WORK"
	background guest "$HELP/agentd" eth0 "$WORK/agent.sock" "$WORK/stats"
	# shellcheck disable=SC2034
	AGENTD=$!
	wait_for 5 test -S "$WORK/agent.sock"
}

# With CAP_NET_RAW alone, under a uid of its own.
agent_start() {
	background guest setpriv --reuid $AGENT_UID --regid $AGENT_UID --clear-groups \
		--inh-caps -all,+net_raw --ambient-caps -all,+net_raw \
		--bounding-set -all,+net_raw --no-new-privs \
		"$BIN/pdp-fe-agent" --dev eth0 --socket "$WORK/agent.sock"
	AGENT=$!
	# shellcheck disable=SC2034
	AGENT_LOG=$WORK/bg.$BG.err
}

# stat NAME: as agentd sees it.
stat() {
	awk -v name="$1" '$1 == name { print $2 }' "$WORK/stats"
}

# stat_is NAME OP NUMBER
stat_is() {
	test "$(stat "$1")" "$2" "$3"
}

agents() {
	stat_is agents -eq "$1" && stat_is synced -eq "$1"
}

tagsend() {
	on md "$HELP/tagsend" m0 "$GUEST_MAC" "$@"
}

# No frame is lost, and none is on its way when nothing is sent.
frames_add_up() {
	[ $(($(stat frames_free) + $(stat frames_fill))) -eq "$(stat frames_total)" ] &&
		stat_is frames_tx -eq 0
}

# What the worker took in has gone out or is counted by name.
packets_add_up() {
	local drops
	drops=$(awk '/^d(p|rop)_/ && $1 != "drop_tx_lost" { n += $2 } END { print n + 0 }' "$WORK/stats")
	[ "$(stat rx_packets)" -eq $(($(stat forward_packets) + $(stat local_packets) + drops)) ] &&
		[ "$(stat tx_packets)" -eq $(($(stat forward_packets) + $(stat local_packets))) ]
}

# agent_exits STATUS [SECONDS]: it ends by itself, with this exit code.
agent_exits() {
	local status
	wait_for "${2:-5}" ended "$AGENT" || return
	wait "$AGENT"
	status=$?
	[ $status -eq "$1" ] || echo "exit code $status"
	[ $status -eq "$1" ]
}
