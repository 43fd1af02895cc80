#!/bin/bash
# A change that fails on its way is undone, and a port comes and goes, while a stream passes.
# Topology: figure6.sh, and a third port to the destination host.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/live.sh"

begin "a change that fails is undone"
figure6
wire node ethC dst d1
on node ip addr add 203.0.113.1/24 dev ethC
on dst ip addr add 203.0.113.2/24 dev d1
node_file base red 500m
with_third_port() {
	red 500m
	cat <<-EOT
		      - {name: v2, port: C, encap: udp, local: "203.0.113.1:5001", remote: "203.0.113.2:5001", address: [10.1.3.1/24]}
		    routes:
		      - {to: 10.7.0.0/16, vif: v1}
	EOT
}
third_port() {
	node_file "$1" with_third_port
	sed -i 's/^  - {name: B, .*/&\n  - {name: C, ifname: ethC}/' "$WORK/$1.yaml"
}
third_port port
third_port starved
# A third guest is wanted; what it begins with will not be there any more.
sed -i 's/^    power: 500m/    power: 800m/' "$WORK/starved.yaml"
cp "$WORK/base.yaml" "$WORK/node.yaml"
check "the node comes up" node_up "$WORK/node.yaml"
join_red
look() {
	ctl -j guest show | jq -c 'map([.name, .fe, .power_millicores, .quota_us, .init_pid])'
	ctl -j map dump tunnels | jq -c 'map(.port)'
	ctl -j map dump ports | jq -c
	ctl -j port show | jq -c 'map(.name)'
	ctl -j guest show | jq -c '.[0].agent | [.routes4, .routes6]'
	pgrep -fc "lxc monitor.* pdp-$T-"
}
before=$(look)
ROUTES=$(ctl -j guest show | jq '.[0].agent.routes4')
same() {
	[ "$(look)" = "$before" ]
}
as_before() {
	wait_for 3 same || { echo "$before"; look; return 1; }
}
has_program() {
	on node ip -j link show dev "$1" | jq -e '.[0].xdp.prog.id'
}

stream 3000 120 32
check "a third port comes, and a vif on it" apply_file "$WORK/port.yaml"
check "its device runs the classifier" has_program ethC
knows_more() {
	[ "$(ctl -j guest show | jq '.[0].agent.routes4')" -gt "$ROUTES" ]
}
check "agents know its network" wait_for 3 knows_more
check "it goes" apply_file "$WORK/base.yaml"
fails "its device is left alone" has_program ethC
check "all is as before" as_before
rm "$RUN_DIR/rootfs/pdp/pdp-fe-init"
fails "guests that cannot start: the change fails" apply_file "$WORK/starved.yaml"
check "all is as before" as_before
fails "its device is left alone" has_program ethC
stream_ends
check "no packet is lost" nothing_lost
check "none overtakes another" in_order
check "the books balance" wait_for 3 ctl stats --check
finish
