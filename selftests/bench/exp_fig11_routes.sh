# Figure 11 of the paper: forwarding with few routes and with many, to random destinations of the same table.
# shellcheck shell=bash
#
# A vnet for each table, with an MH guest whose kernel holds the routes, and a kernel that forwards by the same ones in a
# namespace of its own beside the node: they take turns, so that no table is ever loaded twice. All are offered the same
# packets. The FEs have the last CPU: their agents work there while the fast half is switched off, and the fast half on the first one
# with all the rest, as in systems.sh.

FIG11_TABLES=${TABLES:-two some full}

fig11_routes_tell() {
	local paper='"paper": "has no such figure"' agent='"systems": {"pdp_core": "PdP without fast half, 1 FE of a whole CPU"}'
	cat <<-EOT
		{"figure": "fig11_routes", "title": "Forwarded, 64-byte packets to random destinations", "x": "routes",
		 "y": "arrived, packets/s", "better": "higher", "paper": "Figure 11; its values are not given here",
		 "systems": {"ip_forward": "Linux ip_forward", "pdp_fast": "PdP, everything on one core",
		  "pdp_core": "PdP without fast half, 1 FE of a whole CPU"}}
		{"figure": "fig11_cpu", "title": "CPU time of the FE agent for a packet to a random destination", "x": "routes",
		 "y": "ns", "better": "lower", $paper, $agent}
		{"figure": "fig11_memory", "title": "Memory of the FE guest", "x": "routes", "y": "MiB", "better": "lower", $paper, $agent}
	EOT
}

# Number of a table's vnet, from 1: that of its tunnels, and of its addresses.
fig11_number() {
	case $1 in
	two) echo 1 ;; some) echo 2 ;; full) echo 3 ;;
	esac
}

# The vnet red of figure6.sh, with ports and addresses of its own, called as its table.
fig11_vnet() {
	local n
	n=$(fig11_number "$1")
	red 1000m | sed "s/name: red/name: $1/; s/:5001/:600$n/g; s/10\.1\./10.1$n./g; s/fd00:1:/fd00:1$n:/g"
	echo "    control-plane: {kind: static, memory: 1G, power: 1000m}"
}

# Routes into the kernel of a vnet's control plane; ip keeps 4 KiB of each line of a batch until it ends.
fig11_batch() {
	local part
	split -l 50000 - "$WORK/batch.$1."
	for part in "$WORK/batch.$1".*; do
		ctl vnet exec "$1" -- ip -batch - <"$part" || die "vnet $1: the routes do not go into its kernel"
		rm "$part"
	done
}

fig11_agent_has() {
	ctl -j guest show "$1-1" | jq '[.. | .routes4? // empty] | max // 0'
}

# Prefixes that packets' destinations are drawn from; where two routes lead everywhere, those of the full table.
fig11_routes_prepare() {
	table_file table.full prefixes
	ln -s table.full "$WORK/table.two"
	case " $FIG11_TABLES " in
	*" some "*) table_file table.some prefixes --routes 170000 ;;
	esac
}

# fig11_lines TABLE GATEWAY DEV: what `ip -batch` is given.
fig11_lines() {
	case $1 in
	two) printf '%s\n' 0.0.0.0/1 128.0.0.0/1 ;;
	*) sed '/^#/d' "$WORK/table.$1" ;;
	esac | sed "s|.*|route add & via $2 dev $3|"
}

# Into the vnet, and wait until its agent has all of it.
fig11_load() {
	local table=$1 before
	wait_for 20 ctl vnet exec "$table" -- ip link show v1 || die "vnet $table has no control plane"
	before=$(fig11_agent_has "$table")
	fig11_lines "$table" "10.1$(fig11_number "$table").2.2" v1 >"$WORK/lines"
	FIG11_N[$table]=$(wc -l <"$WORK/lines")
	fig11_batch "$table" <"$WORK/lines"
	wait_for 60 eval "[ \$(fig11_agent_has $table) -ge $((before + FIG11_N[$table])) ]" ||
		die "vnet $table: of ${FIG11_N[$table]} routes $(($(fig11_agent_has "$table") - before)) reached the agent"
	note "  vnet $table: ${FIG11_N[$table]} routes"
}

# fig11_kernel TABLE: the namespace kern-TABLE between devices s-TABLE of src and d-TABLE of dst.
fig11_kernel() {
	local host=kern-$1
	ns "$host" || die "no namespace for a kernel's table"
	wire src "s-$1" "$host" in
	wire "$host" out dst "d-$1"
	on "$host" ip addr add 192.0.2.1/24 dev in
	on "$host" ip addr add 198.51.100.1/24 dev out
	on "$host" sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.in.rp_filter=0
	on "$host" ethtool -K in gro on
	on "$host" ip neigh replace 198.51.100.2 lladdr "$(mac_of dst "d-$1")" dev out nud permanent
}

# Their routes, while vnets get theirs.
fig11_kernels_load() {
	local table
	for table in $FIG11_TABLES; do
		fig11_lines "$table" 198.51.100.2 out | on "kern-$table" ip -batch - || die "kern-$table: the routes do not go into the kernel"
	done
}

fig11_up() {
	local table kernels
	declare -gA FIG11_N=()
	{
		node_head
		fes 3 1000m
		echo vnets:
		for table in $FIG11_TABLES; do
			fig11_vnet "$table"
		done
	} >"$WORK/node.yaml"
	node_up "$WORK/node.yaml" || die "the node did not come up"
	for table in $FIG11_TABLES; do
		fig11_kernel "$table"
	done
	fig11_kernels_load &
	kernels=$!
	for table in $FIG11_TABLES; do
		fig11_load "$table"
	done
	wait "$kernels" || die "kernels have not all their routes"
	wait_for 20 fast_halves_are_on || note_fast_off
}

fig11_down() {
	local table
	ctl stats --check >"$WORK/books" 2>&1 || die "the ledger does not add up: $(cat "$WORK/books")"
	node_down
	for table in $FIG11_TABLES; do
		ip netns del "$T-kern-$table"
	done
}

fig11_agent() {
	pgrep -f "pdp-fe-agent.* --dev" --ns "$(ctl -j guest show "$1-1" | jq '.[0].init_pid')" --nslist pid | head -n 1
}

# Of all its threads, in ns.
fig11_cpu() {
	cat "/proc/$(fig11_agent "$1")"/task/*/schedstat | awk '{ n += $1 } END { printf "%.0f", n }'
}

# Packets that its agent has processed.
fig11_taken() {
	ctl -j guest show "$1-1" | jq '.[0] | .rx_packets - .eth0_rx_drops'
}

# fig11_offer WHAT TABLE SOURCE_DEV SINK_DEV SOURCE_OPTION... -- SINK_OPTION...
fig11_offer() {
	local what=$1 table=$2 from=$3 to=$4 source=()
	shift 4
	while [ "$1" != -- ]; do
		source+=("$1")
		shift
	done
	shift
	sink_up dst "$to" "$@" --mid-stream --sum
	on src taskset -c 0 "$BENCH/pktgen" --dev "$from" "${source[@]}" --dst-list "$WORK/table.$table" --no-times \
		--seconds "$SECONDS_EACH" --flows 32768 --unwatched >"$WORK/pktgen" || die "pktgen: $(cat "$WORK/pktgen")"
	count_up "$what"
}

fig11_vnet_offer() {
	local n
	n=$(fig11_number "$1")
	fig11_offer "vnet $1" "$1" s0 d0 --dst-mac "$(mac_of node ethA)" --encap udp --local "192.0.2.2:600$n" \
		--remote "192.0.2.1:600$n" --src "10.1$n.1.2" -- --encap udp --port "600$n"
}

# What the agent does for each packet, besides.
fig11_core_of() {
	local cpu taken memory
	ctl vnet set "$1" fast-half off >/dev/null || die "vnet $1: its fast half cannot be switched off"
	taken=$(fig11_taken "$1") cpu=$(fig11_cpu "$1")
	fig11_vnet_offer "$1"
	taken=$(($(fig11_taken "$1") - taken)) cpu=$(($(fig11_cpu "$1") - cpu))
	memory=$(ctl -j guest show "$1-1" | jq '.[0].memory_bytes / 1048576 | floor')
	ctl vnet set "$1" fast-half auto >/dev/null || die "vnet $1: its fast half cannot be switched on"
	record fig11_routes pdp_core "${FIG11_N[$1]}" "$PPS" sent "$SENT" received "$RECEIVED"
	record fig11_cpu pdp_core "${FIG11_N[$1]}" $((cpu / taken))
	record fig11_memory pdp_core "${FIG11_N[$1]}" "$memory"
	note "  repeat $REPEAT, ${FIG11_N[$1]} routes, without fast half: $PPS pps, $((cpu / taken)) ns, $memory MiB"
}

fig11_fast_of() {
	wait_for 5 fast_halves_are_on
	fig11_vnet_offer "$1"
	record fig11_routes pdp_fast "${FIG11_N[$1]}" "$PPS" sent "$SENT" received "$RECEIVED"
	note "  repeat $REPEAT, ${FIG11_N[$1]} routes, on one core: $PPS pps"
}

fig11_kern_of() {
	fig11_offer "ip_forward with ${FIG11_N[$1]} routes" "$1" "s-$1" "d-$1" --dst-mac "$(mac_of "kern-$1" in)" \
		--src 192.0.2.2 -- --encap none
	record fig11_routes ip_forward "${FIG11_N[$1]}" "$PPS" sent "$SENT" received "$RECEIVED"
	note "  repeat $REPEAT, ${FIG11_N[$1]} routes, ip_forward: $PPS pps"
}

fig11_of() {
	"fig11_${1%-*}_of" "${1#*-}"
}

fig11_routes_run() {
	local table turns=
	system_down
	fig11_up
	for table in $FIG11_TABLES; do
		turns="$turns core-$table fast-$table kern-$table"
	done
	# shellcheck disable=SC2086
	alternating fig11_of $turns
	fig11_down
}
