# Order of a flow whose first packets climb: nobody knows its neighbour yet, so they go to the agent and the control plane, and
# the rest stays with the fast half. How many come late at the receiver, by the rate of the flow; the node's meter beside it.
# shellcheck shell=bash disable=SC2034

climb_tell() {
	cat <<-'EOT'
		{"figure": "climb_order", "title": "Late packets of a flow whose first packets climb, of 20,000", "x": "packets/s of the flow",
		 "y": "late packets (RFC 4737)", "better": "lower", "paper": "has no such figure",
		 "systems": {"received": "at the receiver", "metered": "by the node's meter"}}
	EOT
}

climb_up() {
	system_down
	{
		node_head
		fes 1 1000m
		echo vnets:
		blue 1000m | sed 's/^    data-plane:.*/&\n    control-plane: {kind: static}/; /^    neighbours:/,$d'
	} >"$WORK/node.yaml"
	node_up "$WORK/node.yaml" || die "the node did not come up"
	wait_for 5 fast_halves_are_on || note_fast_off
	SYSTEM=pdp_climb
	vxlan_host dst d0 198.51.100.2 198.51.100.1 2 1 02:00:00:00:42:b1 02:00:00:00:42:02
}

climb_metered() {
	ctl -j stats show blue | jq '.[0].reorder.reordered_packets'
}

climb_climbed() {
	ctl -j guest show blue-1 | jq '.[0].fast_half.climb_packets'
}

# climb_flow RATE
climb_flow() {
	local climbed metered late
	ctl vnet exec blue -- ip neigh flush dev v1
	# Until the agent has heard of it.
	sleep 0.2
	climbed=$(climb_climbed) metered=$(climb_metered)
	sink_up dst d0 --encap vxlan --vni 42
	on src taskset -c 0 "$BENCH/pktgen" --dev s0 --dst-mac "$(mac_of node ethA)" --encap vxlan --vni 42 \
		--local 192.0.2.2:49152 --remote 192.0.2.1:4789 --inner-src-mac 02:00:00:00:42:a1 \
		--inner-dst-mac 02:00:00:00:42:01 --src 10.3.1.2 --dst 10.3.2.2 --flows 1 --count 20000 --rate "$1" \
		>"$WORK/pktgen" || die "pktgen: $(cat "$WORK/pktgen")"
	count_up "the node, of a flow that climbs"
	climbed=$(($(climb_climbed) - climbed)) metered=$(($(climb_metered) - metered))
	late=$(jq .reordered "$WORK/sink")
	record climb_order received "$1" "$late" climbed "$climbed" received "$RECEIVED"
	record climb_order metered "$1" "$metered"
	note "  repeat $REPEAT, $1 packets/s: $climbed climbed, $late late, $metered by the meter, $RECEIVED of $SENT came"
}

climb_run() {
	climb_up
	# shellcheck disable=SC2086
	alternating climb_flow ${RATES:-20000 50000}
	on dst ip link del vx-blue
	system_down
}
