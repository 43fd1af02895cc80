# Three vnets of one FE, flooded, and what each uses of its power; for tests of the power loop. Sourced after figure6.sh and
# live.sh.
# shellcheck shell=bash
#
#   shares HALF     the vnets of a node file: red of 20m, green of 30m, blue of 50m, with that fast-half
#   guest VNET .FIELD   of its first guest, from JSON
#   overload        ten times too much for all three, for 12 s; of each, the part of its power that it used, in percent,
#                   is in $WORK/parts
#   floods_end      before their time is over, and wait for it
#   none_over, none_starves   what must be true of those

half() {
	sed "s/^    data-plane:.*/&\\n    fast-half: $1/"
}

shares() {
	red 20m | half "$1"
	green 30m | half "$1"
	blue 50m | half "$1"
}

guest() {
	ctl -j guest show "$1" | jq -r ".[0]$2"
}

flood() {
	local n=$1 encap=$2 local=$3 remote=$4
	shift 4
	background src taskset -c 0 "$BENCH/pktgen" --dev s0 --dst-mac "$(mac_of node ethA)" --encap "$encap" \
		--local "$local" --remote "$remote" --src "10.$n.1.2" --dst "10.$n.2.2" --seconds 12 --flows 64 --unwatched "$@"
	FLOODS+=("${BG_PIDS[BG]}")
}
floods_end() {
	kill -INT "${FLOODS[@]}" 2>/dev/null
	wait "${FLOODS[@]}"
}
used() {
	guest "$1-1" .cpu_ns
}
now_ns() {
	date +%s%N
}
# Of each, the part of its power that it used, in percent.
parts() {
	local vnet power
	for vnet in red:20 green:30 blue:50; do
		power=${vnet#*:}
		vnet=${vnet%:*}
		echo $((($(used "$vnet") - ${USED[$vnet]}) * 100000 / power / ($(now_ns) - BEGAN)))
	done
}
overload() {
	local sink vnet
	local -A USED
	FLOODS=()
	background dst "$BENCH/sink" --dev d0 --encap udp --port 5001 --mid-stream --seconds 20
	sink=${BG_PIDS[BG]}
	flood 1 udp 192.0.2.2:5001 192.0.2.1:5001
	flood 2 udp '[2001:db8:1::2]:5002' '[2001:db8:1::1]:5002'
	flood 3 vxlan 192.0.2.2:4789 192.0.2.1:4789 --vni 42 --inner-src-mac 02:00:00:00:42:a1 --inner-dst-mac 02:00:00:00:42:01
	sleep 3
	BEGAN=$(now_ns)
	for vnet in red green blue; do
		USED[$vnet]=$(used "$vnet")
	done
	sleep 7
	parts >"$WORK/parts"
	echo "# red, green and blue used $(paste -sd' ' "$WORK/parts") % of their power"
	floods_end
	kill -INT "$sink" 2>/dev/null
	wait "$sink"
}

none_over() {
	jq -es 'all(. < 125)' "$WORK/parts"
}

# On a machine that has better things to do nobody gets his power, but all the same part of it.
none_starves() {
	jq -es 'min * 3 > max' "$WORK/parts"
}

unlimited() {
	ctl -j vnet show | jq -e 'all(.power_limit_pps == null)'
}
