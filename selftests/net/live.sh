# A steady stream through red while the node changes; sourced after figure6.sh.
# shellcheck shell=bash
#
#   stream PPS SECONDS FLOWS  start it, for so long at most
#   stream_ends               end it now; what came of it is in $WORK/stream.json
#   nothing_lost              each packet that was sent arrived
#   in_order                  and in its flow's order
#   apply_file FILE           what a SIGHUP makes of the node file, waited for

# Not on the FEs' CPU, and with a sink that waits for the last packet.
stream() {
	background dst "$BENCH/sink" --dev d0 --encap udp --port 5001 --idle 2 --seconds $(($2 + 10))
	SINK=$BG
	wait_for 5 grep -q counting "$WORK/bg.$SINK.err" || return
	background src taskset -c 0 "$BENCH/pktgen" --dev s0 --dst-mac "$(mac_of node ethA)" \
		--encap udp --local 192.0.2.2:5001 --remote 192.0.2.1:5001 \
		--src 10.1.1.2 --dst 10.1.2.2 --rate "$1" --seconds "$2" --flows "$3"
	PKTGEN=$BG
	sleep 0.5
}

stream_ends() {
	sleep 0.3
	kill -INT "${BG_PIDS[PKTGEN]}" 2>/dev/null
	wait "${BG_PIDS[PKTGEN]}"
	wait "${BG_PIDS[SINK]}"
	SENT=$(jq -r .sent "$WORK/bg.$PKTGEN")
	cp "$WORK/bg.$SINK" "$WORK/stream.json"
	echo "# sent $SENT: $(jq -c '{received, lost, reordered, duplicates}' "$WORK/stream.json")"
}

nothing_lost() {
	[ "$SENT" -gt 0 ] && jq -e ".received == $SENT and .lost == 0 and .duplicates == 0" "$WORK/stream.json" && return
	echo "what was dropped, by the node's books:"
	ctl -j stats show | jq -c '.[] | {vnet, drops: [.drops[] | select(.packets > 0)]}'
	return 1
}

in_order() {
	jq -e '.reordered == 0' "$WORK/stream.json"
}

# How many changes are through.
applied() {
	grep -c 'node: done in\|node: not done' "$WORK/pdpd.log"
}

# apply_file: whoever wrote the node file anew waits here until the node is so.
apply_file() {
	local before
	before=$(applied)
	cp "$1" "$WORK/node.yaml"
	kill -HUP "$(cat "$WORK/node.pid")"
	wait_for 20 eval "[ \"\$(applied)\" -gt $before ]" || return
	tail -n 1 <(grep 'node: done in\|node: not done' "$WORK/pdpd.log") | tee "$WORK/applied"
	grep -q 'done in' "$WORK/applied"
}

# node_file NAME VNET...: $WORK/NAME.yaml; FES and CAPACITY say how many FEs, how large.
node_file() {
	local name=$1
	shift
	{
		node_head
		fes "${FES:-3}" "${CAPACITY:-300m}"
		echo vnets:
		"$@"
	} >"$WORK/$name.yaml"
}
