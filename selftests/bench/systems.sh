# What forwards between the two hosts of figure6.sh, one at a time; sourced by bench.sh.
# shellcheck shell=bash disable=SC2034
#
#   ALL_SYSTEMS          their names; system_label NAME; is_present NAME: can it run here?
#   system_up NAME       system_down ends it
#   measure RATE SIZE SECONDS [SINK_OPTION...]   offer packets (RATE 0: flat out; SIZE of the inner IP packet); then
#                        $SENT, $RECEIVED, $PPS (arrived a second) and $LOSS (of 1)
#   measure_settled RATE SIZE SECONDS            the same, where something must find its limit first: longer, and $PPS of the end
#   overlay_up           a vxlan between the hosts through the system, 10.3.1.2 <-> 10.3.2.2; overlay_down
#
# Source, classifier and sink share the first CPU with whatever forwards in softirqs; FEs and the peers in user space
# have the last. In pdp_fast the FE has the first CPU too: everything is on one core. A fast half without a thread works where a
# packet comes in, so the FE's CPU is its agent's alone; its power holds it (pdp_fast_1 to 3: little of it, so that three of them
# are not more than the source can offer).

ALL_SYSTEMS="redirect ip_forward pdp_fast pdp_fast2 pdp_core pdp_fast_1 pdp_fast_2 pdp_fast_3 pdp_1 pdp_2 pdp_3 click af_xdp af_packet"

. "$BENCH_DIR/peers.sh"

SYSTEM=
SYSTEM_PID=
PORT_MAC=
SOURCE_LATE=0
FAST_OFF=

system_label() {
	case $1 in
	redirect) echo "bare XDP redirect" ;;
	ip_forward) echo "Linux ip_forward" ;;
	pdp_fast) echo "PdP, everything on one core" ;;
	pdp_fast2) echo "PdP, 1 FE of a whole CPU" ;;
	pdp_core) echo "PdP without fast half, 1 FE of a whole CPU" ;;
	pdp_fast_1) echo "PdP, 1 FE of 3 % of a CPU" ;;
	pdp_fast_[23]) echo "PdP, ${1#pdp_fast_} FEs of 3 %" ;;
	pdp_1) echo "PdP without fast half, 1 FE of 20 %" ;;
	pdp_[23]) echo "PdP without fast half, ${1#pdp_} FEs of 20 %" ;;
	click) echo "user-mode Click, a core to itself" ;;
	af_xdp) echo "DPDK testpmd, af_xdp in copy mode, a core to itself" ;;
	af_packet) echo "DPDK testpmd, af_packet, a core to itself" ;;
	*) die "no system is called '$1'" ;;
	esac
}

is_present() {
	case $1 in
	click) [ -n "${CLICK:-}" ] ;;
	af_xdp | af_packet) command -v dpdk-testpmd >/dev/null ;;
	esac
}

# systems_of NAMES: those of them that can run here and that SYSTEMS names, if it does.
systems_of() {
	local system
	for system in $1; do
		is_present "$system" || continue
		case " ${SYSTEMS:-$system} " in *" $system "*) echo "$system" ;; esac
	done
}

# labels_of NAMES: as an object, for a figure's description.
labels_of() {
	local system
	for system in $1; do
		jq -n --arg system "$system" --arg text "$(system_label "$system")" '{($system): $text}'
	done | jq -s add
}

# bench_vnet POWER HALF: red of figure6.sh, with blue's tunnels besides. HALF: auto, or off: the agent has all packets.
bench_vnet() {
	red "$1" | sed "s/^    data-plane:/    fast-half: $2\n&/"
	blue "$1" | sed '1,/^    vifs:/d; s/v0/v2/; s/v1/v3/'
}

# node_of POWER FE_CAPACITY FES CPU HALF
node_of() {
	{
		node_head
		fes "$3" "$2" | sed "s/cpus: \"[0-9]*\"/cpus: \"$4\"/"
		echo vnets:
		bench_vnet "$1" "$5"
	} >"$WORK/node.yaml"
	node_up "$WORK/node.yaml" || die "the node did not come up"
	[ "$5" = off ] || wait_for 5 fast_halves_are_on || note_fast_off
}

# Why the fast half of a guest is not on, if it is not; where the kernel cannot have one, that is what pdpd sets up.
fast_halves_off() {
	ctl -j guest show | jq -r '[.[].fast_half? // empty | select(.on | not) | .why] | unique | join("; ")'
}

fast_halves_are_on() {
	[ -z "$(fast_halves_off)" ]
}

note_fast_off() {
	FAST_OFF=$(fast_halves_off)
	note "  no fast half: $FAST_OFF"
}

# What tunnels end in is the node's business: the bare ones forward frames, or IP, as they are.
redirect_up() {
	background node "$BENCH/redirect" --from ethA --to ethB --dst-mac "$(mac_of dst d0)"
	SYSTEM_PID=${BG_PIDS[BG]}
	wait_for 5 grep -q redirecting "$WORK/bg.$BG.err" || die "redirect: $(cat "$WORK/bg.$BG.err")"
	background node "$BENCH/redirect" --from ethB --to ethA --dst-mac "$(mac_of src s0)"
	SYSTEM_PID="$SYSTEM_PID ${BG_PIDS[BG]}"
	wait_for 5 grep -q redirecting "$WORK/bg.$BG.err" || die "redirect: $(cat "$WORK/bg.$BG.err")"
}

ip_forward_up() {
	on node sysctl -qw net.ipv4.ip_forward=1
	ports_take_frames on
	on node ip neigh replace 198.51.100.2 lladdr "$(mac_of dst d0)" dev ethB nud permanent
}

ip_forward_down() {
	on node ip neigh del 198.51.100.2 dev ethB
	ports_take_frames off
	on node sysctl -qw net.ipv4.ip_forward=0
}

# ports_take_frames on|off: with GRO a veth takes the frames that pktgen redirects into it.
ports_take_frames() {
	on node ethtool -K ethA gro "$1"
	on node ethtool -K ethB gro "$1"
}

end_processes() {
	local pid
	for pid in $SYSTEM_PID; do
		kill "$pid"
		wait "$pid" 2>/dev/null
	done
	SYSTEM_PID=
}

system_up() {
	[ "$SYSTEM" != "$1" ] || return 0
	system_down
	case $1 in
	pdp_fast) node_of 1000m 1000m 1 0 auto ;;
	pdp_fast2) node_of 1000m 1000m 1 "$(fe_cpu)" auto ;;
	pdp_core) node_of 1000m 1000m 1 "$(fe_cpu)" off ;;
	pdp_fast_[123]) node_of $((${1#pdp_fast_} * 30))m 30m "${1#pdp_fast_}" "$(fe_cpu)" auto ;;
	pdp_[123]) node_of $((${1#pdp_} * 200))m 200m "${1#pdp_}" "$(fe_cpu)" off ;;
	*) "${1}_up" ;;
	esac
	SYSTEM=$1
}

# The node's own books must agree with what went through it.
system_down() {
	case $SYSTEM in
	redirect) end_processes ;;
	ip_forward | click | af_xdp | af_packet) "${SYSTEM}_down" ;;
	pdp_*)
		ctl stats --check >"$WORK/books" 2>&1 || die "$SYSTEM: the ledger does not add up: $(cat "$WORK/books")"
		node_down
		;;
	esac
	SYSTEM=
}

# What pktgen and sink are told of the system's packets.
traffic_of() {
	case $SYSTEM in
	ip_forward | click)
		SOURCE=(--src 192.0.2.2 --dst 198.51.100.2)
		SINK=(--encap none)
		;;
	*)
		SOURCE=(--encap udp --local 192.0.2.2:5001 --remote 192.0.2.1:5001 --src 10.1.1.2 --dst 10.1.2.2)
		SINK=(--encap udp --port 5001)
		;;
	esac
}

# sink_up HOST DEV OPTION...: it is $SINK_PID and counts; its report goes to $WORK/sink. When this shell is ended so is it.
sink_up() {
	local host=$1 dev=$2
	shift 2
	nsenter --net="/run/netns/$T-$host" setpriv --pdeathsig TERM "$BENCH/sink" --dev "$dev" "$@" >"$WORK/sink" 2>"$WORK/sink.err" &
	SINK_PID=$!
	wait_for 5 grep -q counting "$WORK/sink.err" || die "sink: $(cat "$WORK/sink.err")"
}

# The sink ends when what was on its way has had time to come. Counts are read, and must be such as can be.
count_up() {
	sleep 0.1
	kill "$SINK_PID"
	wait "$SINK_PID" || die "sink: $(cat "$WORK/sink.err")"
	read -r SENT RECEIVED PPS LOSS <<<"$(jq -rs '.[0].sent as $sent | .[1] |
		"\($sent) \(.received) \(.pps | floor) \(1 - .received / $sent)"' "$WORK/pktgen" "$WORK/sink")"
	[ "$RECEIVED" -gt 0 ] || die "$1 forwards nothing: of $SENT packets sent none came: $(cat "$WORK/sink")"
	[ "$RECEIVED" -le "$SENT" ] || die "$1: of $SENT packets $RECEIVED came: $(cat "$WORK/sink")"
}

# watch_rate RATE SECONDS: a source that sent less than 98 % of what was asked for is told of in the report.
watch_rate() {
	[ "$1" -gt 0 ] && awk "BEGIN { exit !($SENT < 0.98 * $1 * $2) }" || return 0
	SOURCE_LATE=$((SOURCE_LATE + 1))
	note "  the source sent $SENT packets where $1 a second for $2 s were due: the machine is busy"
}

measure() {
	local rate=$1 size=$2 seconds=$3
	shift 3
	traffic_of
	# What nobody asks for is left out at both ends, for it would be part of each system's time. Where the sink does not tell flows apart
	# they cost nothing, and there are so many of them that each of three FEs has a third.
	case " $* " in
	*" --latency "*) SOURCE+=(--flows 256) ;;
	*)
		SOURCE+=(--no-times --flows 32768)
		SINK+=(--sum)
		;;
	esac
	[ -n "$PORT_MAC" ] || PORT_MAC=$(mac_of node ethA)
	sink_up dst d0 "${SINK[@]}" "$@" --mid-stream
	on src taskset -c 0 "$BENCH/pktgen" --dev s0 --dst-mac "$PORT_MAC" "${SOURCE[@]}" \
		--rate "$rate" --seconds "$seconds" --size "$size" --unwatched >"$WORK/pktgen" ||
		die "pktgen: $(cat "$WORK/pktgen")"
	count_up "$SYSTEM at $rate packets/s"
	watch_rate "$rate" "$seconds"
}

# measure_settled RATE SIZE SECONDS: what only the power loop holds is measured when the loop has found its limit. What was used beyond
# the power before is paid back, and what was saved while nothing came is used, in a second or two, and what a run takes is known from three
# samples, one a second: so its last second of five counts, in $PPS.
measure_settled() {
	case $SYSTEM in
	pdp_fast_[123])
		measure "$1" "$2" 5.2 --each-second
		PPS=$(jq '.pps_each_second[-1]' "$WORK/sink")
		;;
	*) measure "$@" ;;
	esac
}

# The hosts' vxlan ends in PdP's vnet, or, where the system forwards frames or IP as they are, in the other host.
overlay_up() {
	local host
	for host in src:s0:192.0.2.1:ethA:198.51.100.0/24 dst:d0:198.51.100.1:ethB:192.0.2.0/24; do
		IFS=: read -r host dev gateway port net <<<"$host"
		on "$host" ip neigh replace "$gateway" lladdr "$(mac_of node "$port")" dev "$dev" nud permanent
		on "$host" ip route replace "$net" via "$gateway" dev "$dev"
	done
	case $SYSTEM in
	pdp_*) join_blue ;;
	*)
		vxlan_host src s0 192.0.2.2 198.51.100.2 1 2 02:00:00:00:42:a1 02:00:00:00:42:b1
		vxlan_host dst d0 198.51.100.2 192.0.2.2 2 1 02:00:00:00:42:b1 02:00:00:00:42:a1
		;;
	esac
}

overlay_down() {
	on src ip link del vx-blue
	on dst ip link del vx-blue
	on src ip route del 198.51.100.0/24
	on dst ip route del 192.0.2.0/24
	on src ip neigh del 192.0.2.1 dev s0
	on dst ip neigh del 198.51.100.1 dev d0
}
