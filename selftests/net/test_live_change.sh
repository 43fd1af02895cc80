#!/bin/bash
# Everything around a vnet changes while a stream passes through it: its policy, its rate, its routes,
# its memory, another vnet that comes, gets another tunnel, and goes, an FE that is drained and an FE
# that goes. Then changes that are refused or fail. Topology: figure6.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/live.sh"

begin "a node changes under traffic"
figure6
red_and_green() {
	red 400m
	green 200m
}
with_routes() {
	red 400m
	cat <<-EOT
		    routes:
		      - {to: 10.9.0.0/16, vif: v1}
		      - {to: 10.8.0.0/16, vif: v1}
	EOT
}
with_limits() {
	red 400m
	printf '    rate: {pps: 1000000}\n    memory: 96M\n'
}
FES=4
node_file base red 400m
node_file turns red 400m round-robin
node_file both red_and_green
node_file routes with_routes
node_file limits with_limits
sed 's/5002"/5012"/g' "$WORK/both.yaml" >"$WORK/moved.yaml"
# What comes in by A leaves through another tunnel: the sink looks at neither address nor source port.
sed 's/"198.51.100.1:5001"/"198.51.100.1:5011"/' "$WORK/base.yaml" >"$WORK/port.yaml"
sed 's/port: B, encap: udp, local: "198.51.100.1:5001"/port: B, encap: udp, local: "198.51.100.9:5001"/' \
	"$WORK/base.yaml" >"$WORK/local.yaml"
sed 's/name: fe1, /name: fe1, drain: true, /' "$WORK/base.yaml" >"$WORK/drain.yaml"
grep -v 'name: fe2' "$WORK/base.yaml" >"$WORK/fewer.yaml"
cp "$WORK/base.yaml" "$WORK/node.yaml"
check "the node comes up" node_up "$WORK/node.yaml"
join_red

places() {
	ctl -j guest show | jq -r '.[].fe' | sort | xargs
}
entries() {
	ctl -j map dump "$1" | jq length
}

stream 3000 300 32
check "another vnet comes" apply_file "$WORK/both.yaml"
join_green
check "it forwards" on src ping -q -c 3 -i 0.05 -W 1 10.2.2.2
check "its tunnels get other ports" apply_file "$WORK/moved.yaml"
fails "the old ones do not forward" on src ping -q -c 2 -i 0.05 -W 1 10.2.2.2
check "it has two tunnels, not four" [ "$(entries tunnels)" -eq 4 ]
check "it goes" apply_file "$WORK/base.yaml"
check "nothing of it is in the maps" [ "$(entries tunnels)" -eq 2 -a "$(entries vifs)" -eq 2 -a "$(entries vnets)" -eq 1 ]
check "routes come" apply_file "$WORK/routes.yaml"
check "routes go" apply_file "$WORK/base.yaml"
check "an FE is drained" apply_file "$WORK/drain.yaml"
fails "it has no guest" grep -q fe1 <(places)
check "it serves again" apply_file "$WORK/base.yaml"
check "an FE goes" apply_file "$WORK/fewer.yaml"
fails "it has no guest" grep -q fe2 <(places)
check "a vif sends from another port" apply_file "$WORK/port.yaml"
check "from another address" apply_file "$WORK/local.yaml"
check "and as before" apply_file "$WORK/base.yaml"
check "it has two tunnels and two vifs" [ "$(entries tunnels)" -eq 2 -a "$(entries vifs)" -eq 2 ]
check "more memory and a rate: new guests" apply_file "$WORK/limits.yaml"
check "they have it" [ "$(ctl -j vnet show red | jq '.[0].rate_pps')" -eq 1000000 ]
check "back" apply_file "$WORK/base.yaml"
check "the stream is not over" kill -0 "${BG_PIDS[PKTGEN]}"
stream_ends
check "no packet is lost" nothing_lost
check "the books balance" wait_for 3 ctl stats --check

stream 3000 120 32
check "another policy" apply_file "$WORK/turns.yaml"
sleep 0.3
check "and the first again" apply_file "$WORK/base.yaml"
stream_ends
check "no packet is lost" nothing_lost

# --- what is refused changes nothing

before=$(ctl -j guest show | jq -c 'map([.name, .fe, .init_pid])')
same_guests() {
	[ "$(ctl -j guest show | jq -c 'map([.name, .fe, .init_pid])')" = "$before" ]
}
refused() {
	cp "$WORK/$1.yaml" "$WORK/node.yaml"
	kill -HUP "$(cat "$WORK/node.pid")"
	wait_for 5 grep -q -- "$2" "$WORK/pdpd.log"
}
node_file much red 9000m
node_file blank true
sed 's/address: \[10.1.1.1/mtu: 1480, address: [10.1.1.1/' "$WORK/base.yaml" >"$WORK/mtu.yaml"
sed 's/ifname: ethB/ifname: ethX/' "$WORK/base.yaml" >"$WORK/device.yaml"
check "too much power" refused much 'vnet red: .*9000m'
check "an MTU that does not fit" refused mtu 'MTU 1480 does not fit.*1472'
check "a port that is not there" refused device "no device 'ethX'"
sed 's/^node: .*/node: other/' "$WORK/base.yaml" >"$WORK/other.yaml"
check "another name of the node" refused other 'cannot become other'
check "the guests are the same" same_guests
check "and forward" on src ping -q -c 3 -i 0.05 -W 1 10.1.2.2
finish
