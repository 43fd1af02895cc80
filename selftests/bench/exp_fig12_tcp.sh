# Figure 12 and tables 1 and 2 of the paper: TCP through the node by policy and number of FEs, and its packets out of order
# at the receiver (RFC 4737; the sink counts them by their IPv4 id as they arrive).
# shellcheck shell=bash disable=SC2034
#
# FEs without fast half have 20 % of the last CPU each, so that they are what limits a connection; with it they are
# not, and two policies show what is left. In table 2 two FEs of 75 % and 50 % of a CPU share the last one: together the
# guests need less than all of it; it is of one connection. Hosts share the first CPU.

FIG12_POLICIES="round-robin weighted flow-hash flowlet spray"

# A system is HALF/POLICY/CONNECTIONS; a shape is what x stands for.
fig12_systems() {
	local connections policy
	for connections in 1 8; do
		for policy in $FIG12_POLICIES; do
			jq -n --arg p "$policy" --arg c "$connections" \
				'{"off/\($p)/\($c)": "\($p), \($c) connection\(if $c == "1" then "" else "s" end)"}'
		done
		for policy in round-robin flow-hash; do
			[ "$1" = all ] || continue
			jq -n --arg p "$policy" --arg c "$connections" \
				'{"auto/\($p)/\($c)": "\($p), \($c) connection\(if $c == "1" then "" else "s" end), with fast half"}'
		done
	done | jq -s add
}

fig12_tcp_tell() {
	jq -n --argjson systems "$(fig12_systems all)" --argjson weighted "$(fig12_systems off)" '
		def it: {x: "FEs of 20 % of a CPU", kind: "bars",
			systems: ($systems | with_entries(select(.key | startswith("off/weighted") | not)))};
		it + {figure: "fig12_tcp", title: "TCP through the node", y: "Mbit/s", better: "higher",
			paper: "Figure 12; its values are not given here"},
		it + {figure: "table1_reorder", title: "TCP packets out of order", y: "%, RFC 4737 ratio", better: "lower",
			paper: "Table 1; with round-robin, which it used, 10 to 13 % of the packets; other values are not given here"},
		it + {figure: "table1_extent", title: "How far out of order they were", y: "packets, mean extent (RFC 4737)", better: "lower",
			paper: "has no such figure"},
		{figure: "table2_weighted", title: "TCP packets out of order, two FEs of 75 % and 50 % of a CPU", x: "", kind: "bars",
			y: "%, RFC 4737 ratio", better: "lower", paper: "Table 2; its values are not given here",
			systems: ($weighted | with_entries(select(.key | endswith("/1")) | .key |= sub("/1$"; "") | .value |= sub(",.*"; "")))}'
}

fig12_up() {
	local power=$1
	system_down
	shift
	{
		node_head
		echo "fes:"
		printf '%s\n' "$@" | awk -v cpu="$(fe_cpu)" '{ print "  - {name: fe" NR ", cpus: \"" cpu "\", capacity: " $1 "}" }'
		echo vnets:
		bench_vnet "$power" "$FIG12_HALF"
	} >"$WORK/node.yaml"
	node_up "$WORK/node.yaml" || die "the node did not come up"
	SYSTEM=pdp_tcp
	overlay_up
	background dst taskset -c 0 iperf3 -s -B 10.3.2.2
	FIG12_SERVER=${BG_PIDS[BG]}
	wait_for 5 on dst sh -c 'ss -Hltn sport = :5201 | grep -q .' || die "iperf3: $(cat "$WORK/bg.$BG" "$WORK/bg.$BG.err")"
}

fig12_down() {
	kill "$FIG12_SERVER"
	wait "$FIG12_SERVER" 2>/dev/null
	overlay_down
	system_down
}

# fig12_send CONNECTIONS: $MBITS arrived with so many $RETRANSMITS; the sink saw $RECEIVED, and of them $REORDERED in percent $RATIO, by
# the $EXTENT.
fig12_send() {
	sink_up dst d0 --encap vxlan --vni 42 --tcp --flows 16
	on src taskset -c 0 iperf3 -c 10.3.2.2 -t "$(awk "BEGIN { print int($SECONDS_EACH + 0.999) }")" -P "$1" --cport 16384 -J >"$WORK/iperf3" ||
		die "iperf3: $(jq -r .error "$WORK/iperf3")"
	kill "$SINK_PID"
	wait "$SINK_PID" || die "sink: $(cat "$WORK/sink.err")"
	read -r MBITS RETRANSMITS FLOWS RECEIVED REORDERED RATIO EXTENT <<<"$(jq -rs '(.[0].end | .sum_received.bits_per_second / 1e6 * 10 |
		round / 10), .[0].end.sum_sent.retransmits, (.[1] | .flows, .received, .reordered,
		(if .received > 0 then .reordered / .received * 100 else 0 end), .extent_avg)' "$WORK/iperf3" "$WORK/sink" | paste -sd' ')"
	((FLOWS == $1 && RECEIVED > 0)) || die "of $1 TCP connections the sink saw those: $(cat "$WORK/sink")"
}

# fig12_policy SHAPE POLICY
fig12_policy() {
	local shape=$1 policy=$2 connections said=
	ctl vnet set red policy "$policy" >/dev/null || die "policy $policy is refused"
	for connections in $FIG12_CONNECTIONS; do
		fig12_send "$connections"
		if [ "$shape" = weighted ]; then
			record table2_weighted "$FIG12_HALF/$policy" "$connections" "$RATIO" extent "$EXTENT" mbits "$MBITS"
		else
			record fig12_tcp "$FIG12_HALF/$policy/$connections" "$shape" "$MBITS" \
				retransmits "$RETRANSMITS"
			record table1_reorder "$FIG12_HALF/$policy/$connections" "$shape" "$RATIO" \
				reordered "$REORDERED" received "$RECEIVED"
			record table1_extent "$FIG12_HALF/$policy/$connections" "$shape" "$EXTENT"
		fi
		said="$said, $connections: $MBITS Mbit/s $RATIO %"
	done
	note "  repeat $REPEAT, $FIG12_HALF, $shape, $policy$said"
}

# fig12_shape HALF/SHAPE: with one FE there is nothing to distribute, so policies do not differ; among FEs of one power weighted is
# round-robin.
fig12_shape() {
	local shape=${1#*/} policy policies="round-robin flow-hash flowlet spray"
	FIG12_HALF=${1%/*}
	FIG12_CONNECTIONS="1 8"
	case $shape in
	1) fig12_up 200m 200m ;;
	2) fig12_up 400m 200m 200m ;;
	3) fig12_up 600m 200m 200m 200m ;;
	weighted)
		FIG12_CONNECTIONS=1
		policies=$FIG12_POLICIES
		fig12_up 1250m 750m 500m
		;;
	esac
	[ "$FIG12_HALF" = off ] || policies="round-robin flow-hash"
	[ "$shape" != 1 ] || policies=round-robin
	for policy in ${POLICIES:-$policies}; do
		fig12_policy "$shape" "$policy"
	done
	fig12_down
}

fig12_tcp_run() {
	# shellcheck disable=SC2086
	alternating fig12_shape ${SHAPES:-off/1 off/2 off/3 off/weighted auto/3}
}
