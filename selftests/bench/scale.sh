#!/bin/bash
# How the controller fares with many vnets (1,000 of one guest and two vifs each, guests stubbed out), and
# how long many real guests take to start (50, one vnet each). Prints two JSON lines; asserts nothing.
#
#   selftests/bench/scale.sh [VNETS [GUESTS]]
#
# Topology: figure6.sh without its hosts' tunnels.

. "$(dirname "$0")/../net/lib.sh"
. "$(dirname "$0")/../net/figure6.sh"

VNETS=${1:-1000}
GUESTS=${2:-50}

# vnets N POWER
vnets() {
	local i
	echo vnets:
	for i in $(seq "$1"); do
		cat <<-EOT
			  - name: v$i
			    power: $2
			    vifs:
			      - {name: a, port: A, encap: udp, local: "192.0.2.1:$((5000 + i))", remote: "192.0.2.2:$((5000 + i))", address: [10.1.1.1/24]}
			      - {name: b, port: B, encap: udp, local: "198.51.100.1:$((5000 + i))", remote: "198.51.100.2:$((5000 + i))", address: [10.1.2.1/24]}
		EOT
	done
}

fe_links() {
	local i
	for i in $(seq $((VNETS + 10))); do
		echo "link add pdpfe$i up type veth peer name peer$i"
	done | on node ip -batch -
}

scale() {
	{ node_head; fes 10 1000m; vnets "$VNETS" 10m; } >"$WORK/scale.yaml"
	on node "$BENCH/scale" --config "$WORK/scale.yaml" --run-dir "$RUN_DIR" --pins "$PINS" 2>"$WORK/log" ||
		{ tail -n 3 "$WORK/log" >&2; return 1; }
}

guests() {
	local begin end
	{ node_head; fes 1 1000m; vnets "$GUESTS" 10m; } >"$WORK/guests.yaml"
	begin=$(date +%s%N)
	node_up "$WORK/guests.yaml" || return
	end=$(date +%s%N)
	jq -nc --argjson n "$(ctl -j guest show | jq 'map(select(.state == "ready")) | length')" \
		--argjson ms $(((end - begin) / 1000000)) '{guests_ready: $n, from_empty_ms: $ms}'
	node_down
}

begin "scale" >&2
figure6
fe_links && scale
ip netns del "$T-node" && ip netns del "$T-src" && ip netns del "$T-dst"
NAMESPACES=()
figure6
guests
