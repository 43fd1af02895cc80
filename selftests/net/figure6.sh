# The paper's Figure 6 in namespaces: source host, node, destination host; sourced after lib.sh.
# shellcheck shell=bash
#
#   src                           node                             dst
#   s0 192.0.2.2 --------- ethA 192.0.2.1 | 198.51.100.1 ethB --------- d0 198.51.100.2
#      2001:db8:1::2            2001:db8:1::1 | 2001:db8:2::1              2001:db8:2::2
#
# Three vnets can run over it, each with one vif on each port, each joining the same two hosts:
#
#   red    udp over IPv4, port 5001      tun-red    10.1.1.2, fd00:1:1::2  <->  10.1.2.2, fd00:1:2::2
#   green  udp over IPv6, port 5002      tun-green  10.2.1.2, fd00:2:1::2  <->  10.2.2.2, fd00:2:2::2
#   blue   vxlan 42 over IPv4            vx-blue    10.3.1.2, fd00:3:1::2  <->  10.3.2.2, fd00:3:2::2

figure6() {
	ns src node dst
	wire src s0 node ethA
	wire node ethB dst d0
	on src ip addr add 192.0.2.2/24 dev s0
	on src ip addr add 2001:db8:1::2/64 dev s0 nodad
	on node ip addr add 192.0.2.1/24 dev ethA
	on node ip addr add 2001:db8:1::1/64 dev ethA nodad
	on node ip addr add 198.51.100.1/24 dev ethB
	on node ip addr add 2001:db8:2::1/64 dev ethB nodad
	on dst ip addr add 198.51.100.2/24 dev d0
	on dst ip addr add 2001:db8:2::2/64 dev d0 nodad
	# What comes back out of a port goes to a veth, whose far end must take XDP frames.
	on src ethtool -K s0 gro on
	on dst ethtool -K d0 gro on
}

# The CPU for FEs: the last one. The first is left to the traffic's sources and the classifier.
fe_cpu() {
	echo $(($(nproc) - 1))
}

# fes N CAPACITY: N FEs named fe1.. on the FE CPU.
fes() {
	local i
	echo "fes:"
	for i in $(seq "$1"); do
		echo "  - {name: fe$i, cpus: \"$(fe_cpu)\", capacity: $2}"
	done
}

node_head() {
	cat <<-EOT
		version: 1
		node: $T
		ports:
		  - {name: A, ifname: ethA}
		  - {name: B, ifname: ethB}
	EOT
}

# red|green|blue POWER [POLICY]: an entry of the list vnets.
red() {
	cat <<-EOT
		  - name: red
		    power: $1
		    policy: ${2:-flow-hash}
		    data-plane: {kind: router}
		    vifs:
		      - {name: v0, port: A, encap: udp, local: "192.0.2.1:5001", remote: "192.0.2.2:5001", address: [10.1.1.1/24, "fd00:1:1::1/64"]}
		      - {name: v1, port: B, encap: udp, local: "198.51.100.1:5001", remote: "198.51.100.2:5001", address: [10.1.2.1/24, "fd00:1:2::1/64"]}
	EOT
}

green() {
	cat <<-EOT
		  - name: green
		    power: $1
		    policy: ${2:-flow-hash}
		    data-plane: {kind: router}
		    vifs:
		      - {name: v0, port: A, encap: udp, local: "[2001:db8:1::1]:5002", remote: "[2001:db8:1::2]:5002", address: [10.2.1.1/24, "fd00:2:1::1/64"]}
		      - {name: v1, port: B, encap: udp, local: "[2001:db8:2::1]:5002", remote: "[2001:db8:2::2]:5002", address: [10.2.2.1/24, "fd00:2:2::1/64"]}
	EOT
}

blue() {
	cat <<-EOT
		  - name: blue
		    power: $1
		    policy: ${2:-flow-hash}
		    data-plane: {kind: router}
		    vifs:
		      - {name: v0, port: A, encap: vxlan, vni: 42, local: 192.0.2.1, remote: 192.0.2.2, mac: "02:00:00:00:42:01", address: [10.3.1.1/24, "fd00:3:1::1/64"]}
		      - {name: v1, port: B, encap: vxlan, vni: 42, local: 198.51.100.1, remote: 198.51.100.2, mac: "02:00:00:00:42:02", address: [10.3.2.1/24, "fd00:3:2::1/64"]}
		    neighbours:
		      - {vif: v0, address: 10.3.1.2, mac: "02:00:00:00:42:a1"}
		      - {vif: v0, address: "fd00:3:1::2", mac: "02:00:00:00:42:a1"}
		      - {vif: v1, address: 10.3.2.2, mac: "02:00:00:00:42:b1"}
		      - {vif: v1, address: "fd00:3:2::2", mac: "02:00:00:00:42:b1"}
	EOT
}

# join_udp N PORT NAME SRC-ENDS DST-ENDS: both hosts join a udp vnet by pdp-tun.
join_udp() {
	local n=$1 name=$2 src=$3 src_far=$4 dst=$5 dst_far=$6
	background src "$BIN/pdp-tun" --local "$src" --remote "$src_far" --dev "tun-$name" \
		--address "10.$n.1.2/24" --address "fd00:$n:1::2/64" \
		--route "10.$n.2.0/24" --route "fd00:$n:2::/64"
	background dst "$BIN/pdp-tun" --local "$dst" --remote "$dst_far" --dev "tun-$name" \
		--address "10.$n.2.2/24" --address "fd00:$n:2::2/64" \
		--route "10.$n.1.0/24" --route "fd00:$n:1::/64"
	wait_for 5 on src ip -6 route get "fd00:$n:2::2" oif "tun-$name"
	wait_for 5 on dst ip -6 route get "fd00:$n:1::2" oif "tun-$name"
}

join_red() {
	join_udp 1 red 192.0.2.2:5001 192.0.2.1:5001 198.51.100.2:5001 198.51.100.1:5001
}

join_green() {
	join_udp 2 green '[2001:db8:1::2]:5002' '[2001:db8:1::1]:5002' \
		'[2001:db8:2::2]:5002' '[2001:db8:2::1]:5002'
}

# The kernel's own vxlan device is the other end; neighbours are static as long as vnets have no
# control plane that answers ARP and ND.
join_blue() {
	vxlan_host src s0 192.0.2.2 192.0.2.1 1 2 02:00:00:00:42:a1 02:00:00:00:42:01
	vxlan_host dst d0 198.51.100.2 198.51.100.1 2 1 02:00:00:00:42:b1 02:00:00:00:42:02
}

vxlan_host() {
	local host=$1 dev=$2 local=$3 remote=$4 net=$5 far=$6 mac=$7 gateway=$8
	on "$host" ip link add vx-blue address "$mac" type vxlan id 42 local "$local" \
		remote "$remote" dstport 4789 dev "$dev"
	on "$host" ip link set vx-blue up
	on "$host" ip addr add "10.3.$net.2/24" dev vx-blue
	on "$host" ip addr add "fd00:3:$net::2/64" dev vx-blue nodad
	on "$host" ip neigh add "10.3.$net.1" lladdr "$gateway" dev vx-blue
	on "$host" ip neigh add "fd00:3:$net::1" lladdr "$gateway" dev vx-blue
	on "$host" ip route add "10.3.$far.0/24" via "10.3.$net.1"
	on "$host" ip route add "fd00:3:$far::/64" via "fd00:3:$net::1"
}

# flood_red PPS SECONDS FLOWS: 64-byte frames' worth of inner UDP into red at the source; 0 = flat out.
flood_red() {
	on src taskset -c 0 "$BENCH/pktgen" --dev s0 --dst-mac "$(mac_of node ethA)" \
		--encap udp --local 192.0.2.2:5001 --remote 192.0.2.1:5001 \
		--src 10.1.1.2 --dst 10.1.2.2 --rate "$1" --seconds "$2" --flows "$3" --unwatched
}

# sink_red SECONDS: count what arrives at the destination, until nothing has for a second.
sink_red() {
	background dst "$BENCH/sink" --dev d0 --encap udp --port 5001 --mid-stream --idle 1 --seconds "$1"
	wait_for 5 grep -q counting "$WORK/bg.$BG.err"
}

# Host pid of the first guest's agent.
agent_pid() {
	pgrep -f "pdp-fe-agent.* --dev" --ns "$(ctl -j guest show | jq -r '.[0].init_pid')" \
		--nslist pid | head -n1
}
