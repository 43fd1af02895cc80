# What forwards between the two hosts of figure6.sh, one at a time; sourced by bench.sh.
# shellcheck shell=bash disable=SC2034
#
#   system_up NAME       redirect | ip_forward | pdp_core | pdp_1 | pdp_2 | pdp_3; system_down ends it
#   measure RATE SIZE [SINK_OPTION...]   offer packets for SECONDS_EACH (RATE 0: flat out; SIZE of the inner IP packet); then $SENT,
#                        $RECEIVED, $PPS (arrived a second) and $LOSS (of 1)
#
# Source, classifier and sink share the first CPU with whatever forwards in softirqs; FEs have the last.

SYSTEM=
SYSTEM_PID=

node_of() {
	{
		node_head
		fes "$3" "$2"
		echo vnets:
		red "$1"
	} >"$WORK/node.yaml"
	node_up "$WORK/node.yaml" || die "the node did not come up"
}

# What tunnels end in is the node's business: the bare ones forward frames, or IP, as they are.
redirect_up() {
	background node "$BENCH/redirect" --from ethA --to ethB --dst-mac "$(mac_of dst d0)"
	SYSTEM_PID=${BG_PIDS[BG]}
	wait_for 5 grep -q redirecting "$WORK/bg.$BG.err" || die "redirect: $(cat "$WORK/bg.$BG.err")"
}

# With GRO a veth takes the frames that pktgen redirects into it.
ip_forward_up() {
	on node sysctl -qw net.ipv4.ip_forward=1
	on node ethtool -K ethA gro on
	on node ip neigh replace 198.51.100.2 lladdr "$(mac_of dst d0)" dev ethB nud permanent
}

ip_forward_down() {
	on node ip neigh del 198.51.100.2 dev ethB
	on node ethtool -K ethA gro off
	on node sysctl -qw net.ipv4.ip_forward=0
}

system_up() {
	[ "$SYSTEM" != "$1" ] || return 0
	system_down
	case $1 in
	redirect) redirect_up ;;
	ip_forward) ip_forward_up ;;
	pdp_core) node_of 1000m 1000m 1 ;;
	pdp_[123]) node_of $((${1#pdp_} * 200))m 200m "${1#pdp_}" ;;
	*) die "no system is called '$1'" ;;
	esac
	SYSTEM=$1
}

system_down() {
	case $SYSTEM in
	redirect)
		kill "$SYSTEM_PID"
		wait "$SYSTEM_PID" 2>/dev/null
		;;
	ip_forward) ip_forward_down ;;
	pdp_*) node_down ;;
	esac
	SYSTEM=
}

# What pktgen and sink are told of the system's packets.
traffic_of() {
	if [ "$SYSTEM" = ip_forward ]; then
		SOURCE=(--src 192.0.2.2 --dst 198.51.100.2)
		SINK=(--encap none)
	else
		SOURCE=(--encap udp --local 192.0.2.2:5001 --remote 192.0.2.1:5001 --src 10.1.1.2 --dst 10.1.2.2)
		SINK=(--encap udp --port 5001)
	fi
}

measure() {
	local pid rate=$1 size=$2
	shift 2
	traffic_of
	nsenter --net="/run/netns/$T-dst" "$BENCH/sink" --dev d0 "${SINK[@]}" "$@" --mid-stream --idle 0.4 \
		--seconds $((SECONDS_EACH + 10)) >"$WORK/sink" 2>"$WORK/sink.err" &
	pid=$!
	wait_for 5 grep -q counting "$WORK/sink.err" || die "sink: $(cat "$WORK/sink.err")"
	on src taskset -c 0 "$BENCH/pktgen" --dev s0 --dst-mac "$(mac_of node ethA)" "${SOURCE[@]}" \
		--rate "$rate" --seconds "$SECONDS_EACH" --flows 256 --size "$size" --unwatched >"$WORK/pktgen" ||
		die "pktgen: $(cat "$WORK/pktgen")"
	wait $pid || die "sink: $(cat "$WORK/sink.err")"
	SENT=$(jq .sent "$WORK/pktgen")
	read -r RECEIVED PPS <<<"$(jq -r '"\(.received) \(.pps | floor)"' "$WORK/sink")"
	[ "$RECEIVED" -gt 0 ] || die "$SYSTEM forwards nothing at $rate packets/s: $(cat "$WORK/sink")"
	[ "$RECEIVED" -le "$SENT" ] || die "$SYSTEM: of $SENT packets $RECEIVED came: $(cat "$WORK/sink")"
	LOSS=$(jq -n "[1 - $RECEIVED / $SENT, 0] | max")
}
