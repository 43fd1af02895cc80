# Figure 11 of the paper: forwarding with few routes and with many, to random destinations of the same table.
# shellcheck shell=bash
#
# Three vnets of one node, each with one FE guest on the same core and an MH guest whose kernel holds the routes: they
# take turns, so that no table is ever loaded twice. All are offered the same packets.

FIG11_VNETS="two some full"

fig11_routes_tell() {
	cat <<-'EOT'
		{"figure": "fig11_routes", "title": "Forwarded, 64-byte packets to random destinations", "x": "routes",
		 "y": "arrived, packets/s", "better": "higher", "paper": "Figure 11; its values are not given here",
		 "systems": {"pdp_core": "PdP, 1 FE of a whole CPU"}}
		{"figure": "fig11_cpu", "title": "CPU time of the FE agent for a packet to a random destination", "x": "routes",
		 "y": "ns", "better": "lower", "paper": "has no such figure", "systems": {"pdp_core": "PdP, 1 FE of a whole CPU"}}
		{"figure": "fig11_memory", "title": "Memory of the FE guest", "x": "routes", "y": "MiB", "better": "lower",
		 "paper": "has no such figure", "systems": {"pdp_core": "PdP, 1 FE of a whole CPU"}}
	EOT
}

# Number of a vnet, from 1.
fig11_number() {
	case $1 in two) echo 1 ;; some) echo 2 ;; full) echo 3 ;; esac
}

# The vnet red of figure6.sh, with names, ports and addresses of its own.
fig11_vnet() {
	local n
	n=$(fig11_number "$1")
	red 1000m | sed "s/name: red/name: $1/; s/:5001/:600$n/g; s/10\.1\./10.1$n./g; s/fd00:1:/fd00:1$n:/g"
	echo "    control-plane: {kind: static, memory: 1G, power: 1000m}"
}

# Routes into the kernel of a vnet's control plane; ip keeps 4 KiB of each line of a batch until it ends.
fig11_batch() {
	local part
	split -l 50000 - "$WORK/batch."
	for part in "$WORK"/batch.*; do
		ctl vnet exec "$1" -- ip -batch - <"$part" || die "vnet $1: the routes do not go into its kernel"
		rm "$part"
	done
}

fig11_routes_of() {
	ctl -j guest show "$1-1" | jq '[.. | .routes4? // empty] | max // 0'
}

# fig11_load VNET TABLE.PY-OPTION...: a table, and wait until the agent has all of it.
fig11_load() {
	local vnet=$1 via before n
	shift
	via="10.1$(fig11_number "$vnet").2.2,v1"
	before=$(fig11_routes_of "$vnet")
	n=$("$BENCH_DIR/table.py" batch --via "$via" "$@" 2>/dev/null | tee "$WORK/lines" | wc -l)
	fig11_batch "$vnet" <"$WORK/lines"
	wait_for 60 eval "[ \$(fig11_routes_of $vnet) -ge $((before + n)) ]" ||
		die "vnet $vnet: of $n routes $(($(fig11_routes_of "$vnet") - before)) reached the agent"
	note "  vnet $vnet: $n routes"
	FIG11_N[$(fig11_number "$vnet")]=$n
}

fig11_up() {
	local vnet
	declare -ga FIG11_N=()
	{
		node_head
		fes 3 1000m
		echo vnets:
		for vnet in $FIG11_VNETS; do
			fig11_vnet "$vnet"
		done
	} >"$WORK/node.yaml"
	node_up "$WORK/node.yaml" || die "the node did not come up"
	for vnet in $FIG11_VNETS; do
		wait_for 20 ctl vnet exec "$vnet" -- ip link show v1 || die "vnet $vnet has no control plane"
	done
	"$BENCH_DIR/table.py" prefixes >"$WORK/table"
	printf 'route add %s via 10.11.2.2 dev v1\n' 0.0.0.0/1 128.0.0.0/1 | fig11_batch two
	FIG11_N[1]=2
	fig11_load some --routes 170000
	fig11_load full
}

fig11_agent() {
	pgrep -f "pdp-fe-agent.* --dev" --ns "$(ctl -j guest show "$1-1" | jq '.[0].init_pid')" --nslist pid | head -n 1
}

# Of all its threads, in ns.
fig11_cpu() {
	cat "/proc/$(fig11_agent "$1")"/task/*/schedstat | awk '{ n += $1 } END { printf "%.0f", n }'
}

# What its agent took in so far; told once a second.
fig11_taken() {
	sleep 1.2
	ctl -j guest show "$1-1" | jq '[.. | .rx_packets? // empty] | max'
}

fig11_of() {
	local n routes cpu taken pid memory
	n=$(fig11_number "$1")
	routes=${FIG11_N[n]}
	taken=$(fig11_taken "$1")
	cpu=$(fig11_cpu "$1")
	nsenter --net="/run/netns/$T-dst" "$BENCH/sink" --dev d0 --encap udp --port "600$n" --mid-stream --idle 0.4 \
		--seconds $((SECONDS_EACH + 10)) >"$WORK/sink" 2>"$WORK/sink.err" &
	pid=$!
	wait_for 5 grep -q counting "$WORK/sink.err" || die "sink: $(cat "$WORK/sink.err")"
	on src taskset -c 0 "$BENCH/pktgen" --dev s0 --dst-mac "$(mac_of node ethA)" --encap udp \
		--local "192.0.2.2:600$n" --remote "192.0.2.1:600$n" --src "10.1$n.1.2" --dst-list "$WORK/table" \
		--seconds "$SECONDS_EACH" --flows 256 --unwatched >"$WORK/pktgen" || die "pktgen: $(cat "$WORK/pktgen")"
	wait $pid || die "sink: $(cat "$WORK/sink.err")"
	taken=$(($(fig11_taken "$1") - taken))
	cpu=$(($(fig11_cpu "$1") - cpu))
	PPS=$(jq '.pps | floor' "$WORK/sink")
	((PPS > 0 && taken > 0)) || die "vnet $1 forwards nothing: $(cat "$WORK/sink")"
	memory=$(ctl -j guest show "$1-1" | jq '.[0].memory_bytes / 1048576 | floor')
	record fig11_routes pdp_core "$routes" "$PPS"
	record fig11_cpu pdp_core "$routes" $((cpu / taken))
	record fig11_memory pdp_core "$routes" "$memory"
	note "  repeat $REPEAT, $routes routes: $PPS pps, $((cpu / taken)) ns, $memory MiB"
}

fig11_routes_run() {
	system_down
	fig11_up
	# shellcheck disable=SC2086
	alternating fig11_of $FIG11_VNETS
	node_down
}
