#!/bin/bash
# The demo: the paper's Figure 6 on this machine. A source host, a node with three FEs and a
# destination host, in network namespaces; the FE guests are real LXC containers. A udp vnet and a
# vxlan vnet at the same time; ping, TCP, a flood of 64-byte packets; one, two and three FEs of equal
# CPU share; the ledger; then everything is taken down. Writes build/demo.json.

. "$(dirname "$0")/net/lib.sh"
. "$(dirname "$0")/net/figure6.sh"

SECONDS_EACH=${DEMO_SECONDS:-3}
RESULT=$TOP/build/demo.json
BALANCED=true

bold() {
	if [ -t 1 ]; then printf '\n\033[1m%s\033[0m\n' "$*"; else printf '\n%s\n' "$*"; fi
}

die() {
	echo "demo: $*" >&2
	exit 1
}

# Thin groups of digits: 1234567 -> 1 234 567
groups() {
	printf '%s' "$1" | sed -E ':a; s/^([0-9]+)([0-9]{3})/\1 \2/; ta'
}

# bar VALUE MOST: forty columns are MOST.
bar() {
	local n=$(($1 * 40 / ($2 > 0 ? $2 : 1)))
	printf '%*s' "$n" '' | sed 's/ /█/g'
}

balance() {
	ctl stats show --check >"$WORK/ledger" 2>&1 || BALANCED=false
}

# flood SECONDS: 64-byte packets into red, flat out; prints what arrived each second.
flood() {
	sink_red $(($1 + 10))
	flood_red 0 "$1" 256 >"$WORK/pktgen" || die "pktgen failed: $(cat "$WORK/pktgen")"
	wait "${BG_PIDS[BG]}"
	jq -r '.pps | floor' "$WORK/bg.$BG"
}

tcp() {
	on src iperf3 -J -c "$1" -t "$SECONDS_EACH" >"$WORK/iperf" || die "iperf3: $(jq -r .error "$WORK/iperf")"
	jq '.end.sum_received.bits_per_second / 1e9 * 1000 | round / 1000' "$WORK/iperf"
}

# node NAME=POWER...: a node file with the FEs' capacity first.
node_file() {
	local capacity=$1 fes=$2
	shift 2
	node_head
	fes "$fes" "$capacity"
	echo vnets:
	"$@"
}
red_and_blue() {
	red 500m
	blue 500m
}

begin "Figure 6" >/dev/null
START=$SECONDS
trap 'echo "interrupted, taking everything down" >&2; exit 130' INT

bold "Source host, node, destination host; a udp vnet (red) and a vxlan vnet (blue)"
figure6 || die "the namespaces could not be made"
node_file 500m 2 red_and_blue >"$WORK/node.yaml"
node_up "$WORK/node.yaml" || die "the node did not come up"
join_red
join_blue
ctl vnet show
ctl guest show

bold "ping"
on src ping -c 5 -i 0.2 10.1.2.2 | tail -n +2 | head -n 5
sent=0
received=0
for far in 10.1.2.2 fd00:1:2::2 10.3.2.2 fd00:3:2::2; do
	out=$(on src ping -q -c 25 -i 0.01 -W 1 "$far")
	sent=$((sent + $(sed -nE 's/^([0-9]+) packets transmitted.*/\1/p' <<<"$out")))
	received=$((received + $(sed -nE 's/.* ([0-9]+) received.*/\1/p' <<<"$out")))
	echo "$far: $(tail -n 1 <<<"$out")"
done

bold "TCP, one connection, 500m of a CPU each"
background dst iperf3 -s
wait_for 5 on dst sh -c 'ss -tln | grep -q :5201'
tcp_gbit=$(tcp 10.1.2.2)
echo "red,  udp tunnel by pdp-tun:           $tcp_gbit Gbit/s"
vxlan_gbit=$(tcp 10.3.2.2)
echo "blue, vxlan tunnel of the kernel:      $vxlan_gbit Gbit/s"
balance

scaling=()
for n in 1 2 3; do
	node_down
	node_file 200m "$n" red "$((n * 200))m" >"$WORK/node.yaml"
	node_up "$WORK/node.yaml" || die "the node did not come up with $n FEs"
	scaling+=("$(flood "$SECONDS_EACH")")
	balance
done
bold "64-byte UDP, far more offered than can be carried; FEs of 200m each"
for n in 1 2 3; do
	printf '%d FE%s %9s packets/s  %s\n' "$n" "$([ "$n" = 1 ] && echo ' ' || echo s)" \
		"$(groups "${scaling[n - 1]}")" "$(bar "${scaling[n - 1]}" "${scaling[2]}")"
done

bold "One FE with a whole CPU"
node_down
node_file 1000m 1 red 1000m >"$WORK/node.yaml"
node_up "$WORK/node.yaml" || die "the node did not come up"
single=$(flood "$SECONDS_EACH")
echo "1 FE  $(groups "$single") packets/s"

bold "Where every packet of that flood went"
balance
cat "$WORK/ledger"

clean_up
left=$(left_behind)
jq -n --argjson sent "$sent" --argjson received "$received" --argjson tcp "$tcp_gbit" \
	--argjson vxlan "$vxlan_gbit" --argjson scaling "[$(IFS=,; echo "${scaling[*]}")]" \
	--argjson single "$single" --argjson balanced "$BALANCED" \
	--argjson left "$(grep -c . <<<"$left")" \
	'{ping: {sent: $sent, received: $received}, tcp_gbit_s: $tcp, vxlan_tcp_gbit_s: $vxlan,
	  scaling: $scaling, single_fe_pps: $single, ledger_balanced: $balanced, left_behind: $left}' \
	>"$RESULT"
bold "All down after $((SECONDS - START)) s; results in build/demo.json"
[ -z "$left" ] || {
	echo "left behind:"
	echo "$left"
}
jq -e '.ping.sent == .ping.received and .ledger_balanced and .left_behind == 0' "$RESULT" >/dev/null ||
	die "not everything went well: $(jq -c . "$RESULT")"
