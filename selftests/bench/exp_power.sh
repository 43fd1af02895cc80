# Is power kept? What three vnets of one FE use of theirs under ten times what they can process; and what a neighbour that
# behaves loses beside a flood. As pdpd sets it up, where the power loop holds what is done in softirqs; POWER_HALVES="fast agent"
# and POWER_NEIGHBOURS="fast/0 agent/0" measure agents alone besides, which have a quota.
# shellcheck shell=bash disable=SC2034
#
# In the first part the vnets' data plane is an XDP program that takes its time (selftests/owner/heavy.bpf.c): a router that does no
# more than route cannot be overloaded ten times at such powers by one CPU's source. Such a program is given a thread, on the FE's CPU.

POWER_SECONDS=${POWER_SECONDS:-60}

power_tell() {
	cat <<-EOT
		{"figure": "power_shares", "title": "CPU time used by three vnets of one FE, all flooded, over $POWER_SECONDS s", "x": "power, millicores",
		 "y": "used / power", "better": "near 1", "paper": "has no such figure",
		 "systems": {"fast": "XDP programs of 12 us a packet", "agent": "agents alone, over a sixth of the time"}}
		{"figure": "power_neighbour", "title": "What a vnet of 10,000 packets/s loses beside a flood", "x": "flood at the neighbour, packets/s",
		 "y": "lost packets", "better": "lower", "flat_out": true, "paper": "has no such figure",
		 "systems": {"fast": "fast half on", "agent": "agents alone"}}
	EOT
}

# power_node HALF: with the vnets of $WORK/vnets.
power_node() {
	system_down
	{
		node_head
		fes 1 1000m
		echo vnets:
		if [ "$1" = agent ]; then sed "s/^    data-plane:.*/&\\n    fast-half: off/" "$WORK/vnets"; else cat "$WORK/vnets"; fi
	} >"$WORK/node.yaml"
	node_up "$WORK/node.yaml" || die "the node did not come up"
	SYSTEM=pdp_power
}

# power_vnet N POWER HALF: red of figure6.sh with ports and addresses of its own.
power_vnet() {
	local plane='{kind: router}'
	[ "$3" = agent ] || plane="{kind: xdp, object: $TOP/build/selftests/owner/heavy.bpf.o, program: heavy}"
	red "$2" | sed "s/name: red/name: v$1/; s/:5001/:600$1/g; s/10\\.1\\./10.1$1./g; s/fd00:1:/fd00:1$1:/g; s|data-plane: .*|data-plane: $plane|"
}

power_used() {
	ctl -j guest show "v$1-1" | jq '.[0].cpu_ns'
}

# power_offered HALF N: ten times what it can process. Paced, so that none of three sources on one CPU has it to itself for
# longer than a ring lasts; agents are offered all there is.
power_offered() {
	local -A millicores=([1]=200 [2]=300 [3]=500)
	if [ "$1" = agent ]; then echo 0; else echo $((millicores[$2] * 850)); fi
}

power_shares() {
	local n power began took seconds=$POWER_SECONDS said=
	local -A used
	[ "$1" = fast ] || seconds=$((POWER_SECONDS / 6))
	for n in 1:200 2:300 3:500; do
		power_vnet "${n%:*}" "${n#*:}m" "$1"
	done >"$WORK/vnets"
	power_node "$1"
	FLOODS=()
	for n in 1 2 3; do
		background src taskset -c 0 "$BENCH/pktgen" --dev s0 --dst-mac "$(mac_of node ethA)" --encap udp \
			--local "192.0.2.2:600$n" --remote "192.0.2.1:600$n" --src "10.1$n.1.2" --dst "10.1$n.2.2" \
			--rate "$(power_offered "$1" "$n")" --seconds $((seconds + 10)) --flows 64 --unwatched --no-times
		FLOODS+=("${BG_PIDS[BG]}")
	done
	# Until those have a thread that want one.
	sleep 8
	began=$(date +%s%N)
	for n in 1 2 3; do
		used[$n]=$(power_used "$n")
	done
	sleep "$seconds"
	for n in 1:200 2:300 3:500; do
		power=${n#*:}
		n=${n%:*}
		took=$(($(date +%s%N) - began))
		record power_shares "$1" "$power" "$(jq -n "($(power_used "$n") - ${used[$n]}) * 1000 / $power / $took")" \
			over_power "$(counter "v$n" drop_over_power)" received "$(counter "v$n" rx_packets)" \
			processed "$(ctl -j guest show "v$n-1" | jq '.[0] | .rx_packets - .eth0_rx_drops')"
		said="$said $power: $(power_share "$1" "$power")"
	done
	wait "${FLOODS[@]}"
	note "  repeat $REPEAT, $1, of their power:$said"
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
		--remote 198.51.100.1:5001 --src 10.1.2.2 --dst 10.1.1.2 --rate "$rate" --seconds 4 --flows 64 --unwatched
	loud=${BG_PIDS[BG]}
	background dst "$BENCH/sink" --dev d0 --encap udp --port 5002 --idle 1 --seconds 30
	green=$BG
	wait_for 5 grep -q counting "$WORK/bg.$green.err" || die "sink: $(cat "$WORK/bg.$green.err")"
	sleep 1
	on src taskset -c 0 "$BENCH/pktgen" --dev s0 --dst-mac "$(mac_of node ethA)" --encap udp --local '[2001:db8:1::2]:5002' \
		--remote '[2001:db8:1::1]:5002' --src 10.2.1.2 --dst 10.2.2.2 --rate 10000 --seconds 2 --flows 16 --unwatched \
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

# power_neighbour HALF/RATE
power_neighbour() {
	local half=${1%/*} vnet
	for vnet in red green; do
		ctl vnet set "$vnet" fast-half "$([ "$half" = agent ] && echo off || echo auto)" >/dev/null ||
			die "vnet $vnet: its fast half cannot be switched"
	done
	power_neighbour_at "$half" "${1#*/}"
}

# The shares take a minute, so they are measured once.
power_run() {
	local half
	system_down
	for half in ${POWER_HALVES:-fast}; do
		REPEAT=1 power_shares "$half"
	done
	{
		red 200m
		green 300m
	} >"$WORK/vnets"
	power_node fast
	# shellcheck disable=SC2086
	alternating power_neighbour ${POWER_NEIGHBOURS:-fast/500000 fast/0}
	system_down
}
