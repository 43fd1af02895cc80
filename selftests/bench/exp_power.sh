# Is power kept? What three vnets of one FE use of theirs under ten times what they can process; and what a neighbour that
# behaves loses beside a flood. With the fast half, whose CPU time only the power loop holds, and with agents alone.
# shellcheck shell=bash

power_tell() {
	cat <<-'EOT'
		{"figure": "power_shares", "title": "CPU time used by three vnets of one FE, all flooded, over 60 s", "x": "power, millicores",
		 "y": "used / power", "better": "near 1", "paper": "has no such figure",
		 "systems": {"fast": "fast half on", "agent": "agents alone"}}
		{"figure": "power_neighbour", "title": "What a vnet of 10,000 packets/s loses beside a flood", "x": "flood at the neighbour, packets/s",
		 "y": "lost packets", "better": "lower", "flat_out": true, "paper": "has no such figure",
		 "systems": {"fast": "fast half on", "agent": "agents alone"}}
	EOT
}

# halves fast|agent: the vnets on standard input, with that half or without.
power_halves() {
	local on=off
	[ "$1" = agent ] || on=on
	sed "s/^    data-plane:.*/&\\n    fast-half: $on/"
}

power_node() {
	node_down
	{
		node_head
		fes 1 1000m
		echo vnets:
		power_halves "$1"
	} >"$WORK/node.yaml"
	node_up "$WORK/node.yaml" || die "the node did not come up"
}

# power_flood N ENCAP LOCAL REMOTE SECONDS [OPTION...]: flat out into one vnet.
power_flood() {
	local n=$1 encap=$2 local=$3 remote=$4 seconds=$5
	shift 5
	background src taskset -c 0 "$BENCH/pktgen" --dev s0 --dst-mac "$(mac_of node ethA)" --encap "$encap" --local "$local" \
		--remote "$remote" --src "10.$n.1.2" --dst "10.$n.2.2" --seconds "$seconds" --flows 64 --unwatched "$@"
	FLOODS+=("${BG_PIDS[BG]}")
}

power_used() {
	ctl -j guest show "$1-1" | jq '.[0].cpu_ns'
}

power_shares() {
	local vnet seconds=${POWER_SECONDS:-60} began took sink
	local -A power=([red]=200 [green]=300 [blue]=500) used
	{
		red 200m
		green 300m
		blue 500m
	} | power_node "$1"
	FLOODS=()
	background dst "$BENCH/sink" --dev d0 --encap udp --port 5001 --mid-stream
	sink=${BG_PIDS[BG]}
	power_flood 1 udp 192.0.2.2:5001 192.0.2.1:5001 $((seconds + 8))
	power_flood 2 udp '[2001:db8:1::2]:5002' '[2001:db8:1::1]:5002' $((seconds + 8))
	power_flood 3 vxlan 192.0.2.2:4789 192.0.2.1:4789 $((seconds + 8)) --vni 42 \
		--inner-src-mac 02:00:00:00:42:a1 --inner-dst-mac 02:00:00:00:42:01
	sleep 3
	began=$(date +%s%N)
	for vnet in "${!power[@]}"; do
		used[$vnet]=$(power_used "$vnet")
	done
	sleep "$seconds"
	for vnet in red green blue; do
		took=$(($(date +%s%N) - began))
		record power_shares "$1" "${power[$vnet]}" \
			"$(jq -n "($(power_used "$vnet") - ${used[$vnet]}) * 1000 / ${power[$vnet]} / $took")" \
			over_power "$(counter "$vnet" drop_over_power)"
	done
	wait "${FLOODS[@]}"
	kill -INT "$sink"
	wait "$sink"
	note "  repeat $REPEAT, $1: red $(power_share "$1" 200), green $(power_share "$1" 300), blue $(power_share "$1" 500) of their power"
}

power_share() {
	jq -s --arg system "$1" --argjson x "$2" \
		'map(select(.figure == "power_shares" and .system == $system and .x == $x)) | .[-1].value * 1000 | round / 1000' \
		"$OUT/raw.jsonl"
}

# The flood comes in at the other port, so that it is not the generator's own device that loses packets.
power_neighbour_at() {
	local rate=$2 loud sink green sent received
	background src "$BENCH/sink" --dev s0 --encap udp --port 5001 --mid-stream
	sink=${BG_PIDS[BG]}
	background dst taskset -c 0 "$BENCH/pktgen" --dev d0 --dst-mac "$(mac_of node ethB)" --encap udp --local 198.51.100.2:5001 \
		--remote 198.51.100.1:5001 --src 10.1.2.2 --dst 10.1.1.2 --rate "$rate" --seconds 16 --flows 64 --unwatched
	loud=${BG_PIDS[BG]}
	background dst "$BENCH/sink" --dev d0 --encap udp --port 5002 --idle 2 --seconds 30
	green=$BG
	wait_for 5 grep -q counting "$WORK/bg.$green.err" || die "sink: $(cat "$WORK/bg.$green.err")"
	sleep 2
	on src taskset -c 0 "$BENCH/pktgen" --dev s0 --dst-mac "$(mac_of node ethA)" --encap udp --local '[2001:db8:1::2]:5002' \
		--remote '[2001:db8:1::1]:5002' --src 10.2.1.2 --dst 10.2.2.2 --rate 10000 --seconds 10 --flows 16 --unwatched \
		>"$WORK/green" || die "pktgen: $(cat "$WORK/green")"
	wait "${BG_PIDS[green]}"
	sent=$(jq .sent "$WORK/green")
	received=$(jq .received "$WORK/bg.$green")
	record power_neighbour "$1" "$rate" $((sent - received)) sent "$sent" received "$received"
	note "  repeat $REPEAT, $1, flood $rate (0: flat out): $((sent - received)) of $sent lost"
	kill -INT "$loud" 2>/dev/null
	wait "$loud"
	kill -INT "$sink"
	wait "$sink"
}

power_neighbour() {
	local rate
	{
		red 200m
		green 300m
	} | power_node "$1"
	for rate in 100000 500000 0; do
		power_neighbour_at "$1" "$rate"
	done
}

power_run() {
	system_down
	# shellcheck disable=SC2086
	alternating power_shares ${POWER_HALVES:-fast agent}
	# shellcheck disable=SC2086
	alternating power_neighbour ${POWER_HALVES:-fast agent}
	node_down
}
