#!/bin/bash
# Real routers outside the node speak OSPFv2, OSPFv3 and BGP of both families with the FRR in red's MH guest: an FRR
# behind pdp-tun, and a BIRD behind pdp-tun and a kernel's vxlan device, where OSPF elects a router by multicast. What is
# learned is in the agents, packets follow it, and go another way when a link goes down.
#
#   src (FRR, AS 65001)                node (red: FRR, AS 65000)                  dst (BIRD, AS 65002)
#   tun-red 10.1.1.2 ====== udp ====== v0 10.1.1.1
#                                                   v1 10.1.2.1 ====== udp ====== tun-red 10.1.2.2   OSPF, cost 10
#                                                   v2 10.1.3.1 ===== vxlan ===== vx-red 10.1.3.2    OSPF, cost 20; BGP
#   OSPF 10.11.0.1 fd00:11::1          the same with fd00:1:N::                   OSPF 10.21.0.1 fd00:21::1
#   BGP  10.12.0.0/16 fd00:12::/32                                                BGP  10.22.0.0/16 fd00:22::/32

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/control.sh"

begin "real routers outside"
for program in vtysh bird; do
	command -v $program >/dev/null || {
		echo "1..0 # SKIP no $program"
		exit 0
	}
done
figure6

# --- the vnet

# ospf_interface DEV COST TYPE
ospf_interface() {
	printf 'interface %s\n' "$1"
	printf ' ip ospf %s\n' "area 0" "cost $2" "network $3" "hello-interval 1" "dead-interval 8"
	printf ' ipv6 ospf6 %s\n' "area 0" "cost $2" "network $3" "hello-interval 1" "dead-interval 8"
}
# bgp_neighbors AS ADDRESS4 ADDRESS6 AS: lines of `router bgp`
bgp_neighbors() {
	local address
	for address in "$2" "$3"; do
		printf ' neighbor %s remote-as %s\n neighbor %s timers 3 9\n neighbor %s timers connect 2\n' \
			"$address" "$1" "$address" "$address"
	done
	printf ' address-family ipv6 unicast\n  neighbor %s activate\n exit-address-family\n' "$3"
}
mkdir "$WORK/frr"
{
	echo "frr defaults traditional"
	ospf_interface v0 10 point-to-point
	ospf_interface v1 10 point-to-point
	ospf_interface v2 20 broadcast
	printf 'router ospf\n ospf router-id 10.1.1.1\nrouter ospf6\n ospf6 router-id 10.1.1.1\n'
	printf 'router bgp 65000\n bgp router-id 10.1.1.1\n no bgp ebgp-requires-policy\n'
	bgp_neighbors 65001 10.1.1.2 fd00:1:1::2
	bgp_neighbors 65002 10.1.3.2 fd00:1:3::2
} >"$WORK/frr/frr.conf"
{
	node_head
	fes 2 300m
	echo vnets:
	controlled red 600m "kind: frr, config: $WORK/frr, power: 500m"
	echo '      - {name: v2, port: B, encap: vxlan, vni: 77, local: 198.51.100.1, remote: 198.51.100.2, address: [10.1.3.1/24, "fd00:1:3::1/64"]}'
} >"$WORK/node.yaml"
check "the node comes up" node_up "$WORK/node.yaml"

# --- the routers outside

join_red
on dst ip link add vx-red type vxlan id 77 local 198.51.100.2 remote 198.51.100.1 dstport 4789 dev d0
on dst ip link set vx-red up
on dst ip addr add 10.1.3.2/24 dev vx-red
on dst ip addr add fd00:1:3::2/64 dev vx-red nodad
# The routes that hosts have of red are the routers' to find here.
for host in src dst; do
	on $host ip route flush dev tun-red scope global
	on $host ip route del fd00:1:1::/64 dev tun-red metric 1024 2>/dev/null
	on $host ip route del fd00:1:2::/64 dev tun-red metric 1024 2>/dev/null
	on $host sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
done
# address HOST N DEV: FRR's OSPF tells of those of lo alone.
address() {
	on "$1" ip addr add "10.$2.0.1/32" dev "$3"
	on "$1" ip addr add "fd00:$2::1/128" dev "$3" nodad
}
address src 11 lo
address src 12 s0
address dst 21 lo
address dst 22 d0

# FRR's daemons give up root, and want their sockets in a directory of their own.
FRR=$WORK/frr-outside
chmod 755 "$WORK"
install -d -o frr -g frr "$FRR"
echo "frr defaults traditional" >"$FRR/zebra.conf"
{
	ospf_interface tun-red 10 point-to-point | grep -v ospf6
	printf 'interface lo\n ip ospf area 0\nrouter ospf\n ospf router-id 10.1.1.2\n'
} >"$FRR/ospfd.conf"
{
	ospf_interface tun-red 10 point-to-point | grep -v ' ip ospf '
	printf 'interface lo\n ipv6 ospf6 area 0\nrouter ospf6\n ospf6 router-id 10.1.1.2\n'
} >"$FRR/ospf6d.conf"
{
	printf 'router bgp 65001\n bgp router-id 10.1.1.2\n no bgp ebgp-requires-policy\n no bgp network import-check\n'
	bgp_neighbors 65000 10.1.1.1 fd00:1:1::1
	printf ' address-family ipv4 unicast\n  network 10.12.0.0/16\n exit-address-family\n'
	printf ' address-family ipv6 unicast\n  network fd00:12::/32\n exit-address-family\n'
} >"$FRR/bgpd.conf"
for daemon in zebra ospfd ospf6d bgpd; do
	background src "/usr/lib/frr/$daemon" -A 127.0.0.1 -P 0 -f "$FRR/$daemon.conf" \
		-i "$FRR/$daemon.pid" -z "$FRR/zserv" --vty_socket "$FRR" --log stdout
	[ $daemon != zebra ] || wait_for 5 test -S "$FRR/zserv"
done

ospf_of_bird() {
	cat <<-EOT
		protocol ospf v$1 {
		  ipv$2 { import all; export none; };
		  area 0 {
		    stubnet $3;
		    interface "tun-red" { type ptp; cost 10; hello 1; dead 8; };
		    interface "vx-red" { type broadcast; cost 20; hello 1; dead 8; };
		  };
		}
	EOT
}
bgp_of_bird() {
	cat <<-EOT
		protocol static { ipv$1; route $2 blackhole; }
		protocol bgp {
		  local $3 as 65002;
		  neighbor $4 as 65000;
		  connect delay time 1; connect retry time 2; hold time 9;
		  ipv$1 { import all; export where source = RTS_STATIC; };
		}
		protocol kernel { ipv$1 { export all; }; }
	EOT
}
{
	printf 'log stderr all;\nrouter id 10.1.3.2;\nprotocol device { scan time 1; }\n'
	ospf_of_bird 2 4 10.21.0.1/32
	ospf_of_bird 3 6 fd00:21::1/128
	bgp_of_bird 4 10.22.0.0/16 10.1.3.2 10.1.3.1
	bgp_of_bird 6 fd00:22::/32 fd00:1:3::2 fd00:1:3::1
} >"$WORK/bird.conf"
background dst bird -f -c "$WORK/bird.conf" -s "$WORK/bird.ctl" -P "$WORK/bird.pid"

# --- routes appear in the agents

# goes ADDRESS VIF: red's kernel and all its agents send a packet for ADDRESS out of VIF.
goes() {
	ctl -j route get red "$1" |
		jq -e --arg vif "$2" 'length == 3 and all(.[]; [.route.paths[].vif] == [$vif])'
}
same() {
	ctl route check red
}
check "OSPFv2, FRR outside: in the agents" wait_for 20 goes 10.11.0.1 v0
check "OSPFv3, FRR outside" wait_for 20 goes fd00:11::1 v0
check "BGP for IPv4, FRR outside" wait_for 20 goes 10.12.3.4 v0
check "BGP for IPv6, FRR outside" wait_for 20 goes fd00:12::34 v0
check "OSPFv2, BIRD: the cheaper way" wait_for 20 goes 10.21.0.1 v1
check "OSPFv3, BIRD" wait_for 20 goes fd00:21::1 v1
check "BGP for IPv4, BIRD" wait_for 20 goes 10.22.3.4 v2
check "BGP for IPv6, BIRD" wait_for 20 goes fd00:22::34 v2
check "all of it" wait_for 5 same
# 224.0.0.6 is what those speak to who were not elected; two routers are enough for a designated one and its backup.
check "by multicast: on the vxlan link one router is designated" wait_for 20 says inside red \
	vtysh -c 'show ip ospf neighbor' "Full/(DR|Backup).*10.1.3.2 "
check "and for IPv6" wait_for 20 says inside red vtysh -c 'show ipv6 ospf6 neighbor' "Full/(DR|BDR|Backup).*v2"

# --- traffic follows

# reach FROM TO
reach() {
	on src ping -q -c 1 -W 2 -I "$1" "$2"
}
check "packets by OSPF" wait_for 20 reach 10.11.0.1 10.21.0.1
check "and for IPv6" wait_for 20 reach fd00:11::1 fd00:21::1
check "packets by BGP" wait_for 20 reach 10.12.0.1 10.22.0.1
check "and for IPv6" wait_for 20 reach fd00:12::1 fd00:22::1
through_guests() {
	[ "$(counter red rx_packets)" -gt 0 ] && ctl stats show red --check
}
check "through the FE guests, and the books balance" wait_for 5 through_guests

# --- a link goes down

check "v1 is cut, and nobody is told" ctl vif set red/v1 impair.down true
check "OSPFv2 finds out, and the agents go by v2" wait_for 20 goes 10.21.0.1 v2
check "OSPFv3" wait_for 20 goes fd00:21::1 v2
check "BGP is not concerned" goes 10.22.3.4 v2
check "packets follow" wait_for 20 reach 10.11.0.1 10.21.0.1
check "and for IPv6" wait_for 20 reach fd00:11::1 fd00:21::1
check "all agents have what the kernel has" wait_for 5 same
check "v1 is mended" ctl vif set red/v1 impair default
check "the cheaper way is taken again" wait_for 20 goes 10.21.0.1 v1
check "and for IPv6" wait_for 20 goes fd00:21::1 v1
check "the vxlan link's far end goes down" on dst ip link set vx-red down
nowhere() {
	! goes "$1" v2
}
check "BGP's session is over, and so is what it said" wait_for 20 nowhere 10.22.3.4
check "for IPv6 too" wait_for 20 nowhere fd00:22::34
check "OSPF's way is as before" goes 10.21.0.1 v1
check "all agents have what the kernel has" wait_for 5 same
check "packets by OSPF" wait_for 20 reach 10.11.0.1 10.21.0.1
check "the books balance" wait_for 5 ctl stats show --check
check "the node goes down" node_down
finish
