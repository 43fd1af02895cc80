#!/bin/bash
# From outside, a vnet with a control plane is a router like any other. Topology: figure6.sh. red is udp,
# blue is vxlan; their MH guests are of kind static.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/control.sh"

begin "a router, seen from outside"
figure6
# No neighbour of blue is written down: ARP and ND are to find them.
{
	node_head
	fes 1 300m
	echo vnets:
	controlled red 200m kind: static | sed '/name: v1/s/address/mtu: 1300, address/'
	cat <<-EOT
		    routes:
		      - {to: 10.50.0.0/16, via: 10.1.2.2, vif: v1}
		      - {to: "fd00:50::/32", via: "fd00:1:2::2", vif: v1}
		      - {to: 10.51.0.0/16, blackhole: true}
	EOT
	controlled blue 100m kind: static | sed '/neighbours:/,$d'
} >"$WORK/node.yaml"
check "the node comes up" node_up "$WORK/node.yaml"
join_red
join_blue
for host in src dst; do
	on $host ip neigh flush dev vx-blue nud permanent
	on $host ip -6 neigh flush dev vx-blue nud permanent
done

# --- its own addresses

alive() {
	on src ping -q -c 3 -i 0.1 -W 2 "$1"
}
for address in 10.1.1.1 fd00:1:1::1 10.1.2.1 fd00:1:2::1; do
	check "red answers at $address" alive $address
done
check "ARP: blue's router is found" wait_for 5 alive 10.3.1.1
check "ND: and by IPv6" wait_for 5 alive fd00:3:1::1
check "the host has asked for it" says on src ip neigh show 10.3.1.1 dev vx-blue 02:00:00:00:42:01
check "and it for the host" says inside blue ip neigh show 10.3.1.2 02:00:00:00:42:a1
check "all nodes answer to ff02::1" says on src ping -c 2 -W 2 -I vx-blue ff02::1 fe80::

# --- what a router says of packets that it cannot pass on

on src ip route add 10.77.0.0/16 dev tun-red
on src ip -6 route add fd00:77::/32 dev tun-red
on src ip route add 10.51.0.0/16 dev tun-red
expired() {
	says on src ping -c 1 -t 1 -W 2 "$1" "$2.*[Tt]ime (to live )?exceeded"
}
check "TTL expired, from the way in" wait_for 5 expired 10.1.2.2 "From 10.1.1.1"
check "hop limit expired, from the way in" wait_for 5 expired fd00:1:2::2 "From fd00:1:1::1"
check "with one hop more it arrives" says on src ping -c 1 -t 2 -W 2 10.1.2.2 "bytes from 10.1.2.2"
check "too big, and how big it may be" says on src ping -c 1 -M 'do' -s 1350 -W 2 10.1.2.2 \
	"From 10.1.1.1.*mtu ?= ?1300"
check "the same by IPv6" says on src ping -c 1 -M 'do' -s 1350 -W 2 fd00:1:2::2 \
	"From fd00:1:1::1.*mtu ?= ?1300"
check "no route" says on src ping -c 1 -W 2 10.77.0.1 "From 10.1.1.1.*Net Unreachable"
check "no route by IPv6" says on src ping -c 1 -W 2 fd00:77::1 "From fd00:1:1::1.*(No route|Unreachable)"
check "the same in vxlan" wait_for 5 expired 10.3.2.2 "From 10.3.1.1"
check "and by IPv6" wait_for 5 expired fd00:3:2::2 "From fd00:3:1::1"
check "nobody has this address" says on src ping -c 4 -W 5 10.3.2.99 "From 10.3.1.1.*Host Unreachable"
check "by IPv6" says on src ping -c 4 -W 5 fd00:3:2::99 "From fd00:3:1::1.*(Address|Host) [Uu]nreachable"
inside red sh -c 'ip route add unreachable 10.77.1.0/24; ip route add prohibit 10.77.2.0/24
	ip -6 route add prohibit fd00:77:2::/48'
check "a route says unreachable" wait_for 5 says on src ping -c 1 -W 2 10.77.1.1 "From 10.1.1.1.*Host Unreachable"
check "a route says prohibited" wait_for 5 says on src ping -c 1 -W 2 10.77.2.1 "From 10.1.1.1.*[Ff]iltered"
check "by IPv6" wait_for 5 says on src ping -c 1 -W 2 fd00:77:2::1 "From fd00:1:1::1.*[Pp]rohibited"
check "a blackhole says nothing" says on src ping -c 2 -i 0.1 -W 1 10.51.0.1 " 0 received, 100%"
# nothing_listens ADDRESS: a UDP socket is told, at once: no port is open there.
nothing_listens() {
	on src timeout 10 python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2)
s.connect((sys.argv[1], 9))
s.send(b"?")
try:
    s.recv(1)
except ConnectionRefusedError:
    sys.exit(0)
sys.exit(1)' "$1"
}
check "no port is open there" wait_for 5 nothing_listens 10.1.1.1
check "by IPv6" wait_for 5 nothing_listens fd00:1:1::1
check "what fits passes" on src ping -q -c 1 -M 'do' -s 1200 -W 2 10.1.2.2

# --- the node file's routes are its kernel's

check "a route" says inside red ip route "10.50.0.0/16 via 10.1.2.2 dev v1 proto static"
check "by IPv6" says inside red ip -6 route "fd00:50::/32 via fd00:1:2::2 dev v1 proto static"
check "a blackhole" says inside red ip route "blackhole 10.51.0.0/16 proto static"
check "MTUs as in the node file" says inside red ip -o link show v1 "mtu 1300"
check "no neighbours on a udp vif" says inside red ip -o link show v0 NOARP
fails "but on a vxlan vif" says inside blue ip -o link show v0 NOARP

# --- the books

balanced() {
	ctl stats red --check && ctl stats blue --check
}
check "the books balance" wait_for 3 balanced
from_outside() {
	[ "$(counter red local_packets)" -gt 0 ] && [ "$(counter blue local_packets)" -gt 0 ]
}
check "packets went to the control planes" from_outside
check "the node goes down" node_down
finish
