#!/bin/bash
# A control plane changes while the vnet forwards. Topology: figure6.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/live.sh"
. "$(dirname "$0")/control.sh"

begin "control planes change under traffic"
figure6
mkdir "$WORK/bird"
cat >"$WORK/bird/bird.conf" <<-EOT
	router id 10.1.1.1;
	log stderr all;
	protocol device {}
	protocol kernel { ipv4 { export all; }; }
	protocol static { ipv4; route 10.61.0.0/16 via 10.1.2.2; }
EOT
{
	node_head
	fes 1 300m
	echo vnets:
	red 200m
} >"$WORK/node.yaml"
check "the node comes up, without a control plane" node_up "$WORK/node.yaml"
join_red
stream 1000 120 16

# --- there is one, another, none

check "red gets one" ctl vnet set red control-plane.kind static
check "it is there" control_is red ready
red=$(init_of red)
check "limits as in the node file" ctl vnet set red control-plane.memory 128M control-plane.power 300m
limited() {
	[ "$(control red quota_us)" = 3000 ] && [ "$(control red memory_limit_mib)" = 128 ]
}
check "are its cgroup's" limited
check "a vif more" ctl vif add red/v2 port B encap udp local 198.51.100.1:5009 remote 198.51.100.2:5009 \
	address 10.1.3.1/24
check "is a device more" says inside red ip -o addr show dev v2 "10.1.3.1/24"
check "a route more" ctl route add red 10.62.0.0/16 via 10.1.2.2 vif v1
check "is in its kernel" says inside red ip route "10.62.0.0/16 via 10.1.2.2 dev v1 proto static"
check "another next hop" ctl route set red 10.62.0.0/16 via 10.1.2.3
check "takes its place" says inside red ip route "10.62.0.0/16 via 10.1.2.3"
check "a route less" ctl route del red 10.62.0.0/16
fails "is not in its kernel" says inside red ip route "10.62.0.0/16"
check "another address" ctl vif set red/v2 address 10.1.3.9/24
check "takes the place of the first" says inside red ip -o addr show dev v2 "10.1.3.9/24"
fails "which has gone" says inside red ip -o addr show dev v2 "10.1.3.1/24"
check "another MTU" ctl vif set red/v2 mtu 1400
check "inside too" says inside red ip -o link show v2 "mtu 1400"
check "a vif less" ctl vif del red/v2
fails "is a device less" inside red ip link show v2
check "a daemon comes" ctl vnet set red control-plane.kind bird control-plane.config "$WORK/bird"
check "its route is in the kernel" wait_for 10 says inside red ip route "10.61.0.0/16 .*proto bird"
check "all that in the same guest" [ "$(init_of red)" = "$red" ]

# --- what cannot be

check "a vif whose name is no device's" says ctl vif add red/a-name-of-sixteen port B encap udp \
	local 198.51.100.1:5010 remote 198.51.100.2:5010 "cannot be a device"
fails "a configuration that is not there" ctl vnet set red control-plane.config "$WORK/nowhere"
check "nothing has changed by that" says inside red ip route "10.61.0.0/16 .*proto bird"
# Half of it is done when a gateway that is nowhere is refused by the guest's kernel.
fails "a vif and a route that cannot be" bash -c "
	$BIN/pdp-ctl --run-dir $RUN_DIR export |
	sed 's/^    vifs:/    routes: [{to: 10.63.0.0\/16, via: 192.168.7.7, vif: v1}]\n&/' >$WORK/bad.yaml
	$BIN/pdp-ctl --run-dir $RUN_DIR apply $WORK/bad.yaml"
fails "the route is not there" says inside red ip route "10.63"
check "the daemon runs still" says inside red ps -e bird

check "it goes" ctl vnet set red control-plane default
gone() {
	! ctl -j guest show red-cp && ! pgrep -f "pdp-$T-red-cp" && [ ! -e "$RUN_DIR/guest/red-cp" ]
}
check "without a trace" wait_for 5 gone
stream_ends
check "no packet was lost" nothing_lost
check "none came out of order" in_order
check "the node goes down" node_down
finish
