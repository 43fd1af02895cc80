#!/bin/bash
# An MH guest lives longer than its pdpd, comes back when it is killed, and is mended when others meddle;
# traffic does not notice. Topology: figure6.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/control.sh"

begin "control planes come and go"
figure6
{
	node_head
	fes 1 300m
	echo vnets:
	controlled red 200m kind: static
	controlled blue 100m kind: static
} >"$WORK/node.yaml"
check "the node comes up" node_up "$WORK/node.yaml"
join_red

answers() {
	on src ping -q -c 1 -W 3 10.1.1.1
}
forwards() {
	on src ping -q -c 3 -i 0.05 -W 3 10.1.2.2
}
check "it answers" answers

# --- pdpd dies, another comes

red=$(init_of red)
# What daemons and owners put there is theirs.
check "a route of its own" inside red ip route add 10.60.0.0/16 via 10.1.2.2
check "something that runs" inside red sh -c 'sleep 1000 >/dev/null 2>&1 & echo $!'
background node nsenter -t "$red" -n ip monitor route
MONITOR=$BG
pdpd_killed
check "without pdpd it answers" answers
check "the next pdpd comes up" node_up "$WORK/node.yaml"
adopted() {
	[ "$(init_of red)" = "$red" ]
}
check "it is the same guest" adopted
check "it answers still" answers
check "its own route is there" says inside red ip route "10.60.0.0/16"
check "what runs in it runs" says inside red ps -e "sleep"
check "no route was touched" [ ! -s "$WORK/bg.$MONITOR" ]
pdpd_killed
check "without blue in the node file" bash -c "sed '/name: blue/,\$d' $WORK/node.yaml >$WORK/red.yaml"
check "the next but one comes up" node_up "$WORK/red.yaml"
blue_gone() {
	! ctl -j guest show blue-cp && ! pgrep -f "pdp-$T-blue-cp"
}
check "blue's guest is gone" wait_for 20 blue_gone

# --- the guest dies

quiet
check "its process 1 is killed" kill -KILL "$red"
lost() {
	told "control plane of red: .*has ended"
}
check "told" wait_for 20 lost
check "traffic passes meanwhile" forwards
back() {
	control_is red ready && [ "$(init_of red)" != "$red" ]
}
check "it comes back" wait_for 10 back
check "and answers" wait_for 20 answers
check "a restart is counted" [ "$(control red restarts)" -ge 1 ]
check "what was only in its kernel has gone" sh -c "! $BIN/pdp-ctl --run-dir $RUN_DIR vnet exec red -- ip route | grep 10.60"

# --- its links

quiet
check "a device is deleted from inside" inside red ip link del v0
check "mended and told" wait_for 20 told "repaired\|control plane of red: v0: its device is gone"
check "it answers on the new one" wait_for 20 answers
check "its addresses are back" says inside red ip -o addr show dev v0 "fd00:1:1::1/64"
quiet
check "a device is deleted from outside" on node ip link del "$(ctl -j guest show red-cp | jq -r '.[0].links[0].ifname')"
check "and is back" wait_for 20 answers
check "told too" wait_for 20 told "v0: its device is gone"
quiet
check "another MAC, another name" inside red sh -c 'ip link set v0 address 02:00:00:00:00:99; ip link set v0 name x0'
named() {
	inside red ip -o link show v0 | grep -v 02:00:00:00:00:99
}
check "are put right" wait_for 20 named
check "it answers" wait_for 20 answers
inside red ethtool -K v0 tx on >/dev/null 2>&1
check "forwarding off" inside red sysctl -qw net.ipv4.ip_forward=0
forwarding() {
	[ "$(inside red cat /proc/sys/net/ipv4/ip_forward)" = 1 ]
}
check "is put right" wait_for 20 forwarding
check "the MH side set down" on node ip link set "$(ctl -j guest show red-cp | jq -r '.[0].links[0].ifname')" down
check "comes up" wait_for 20 answers

# --- what is the owner's

check "he sets his link down" inside red ip link set v1 down
sleep 2.2
fails "it stays down" says inside red ip -o link show v1 "[<,]UP[,>]"
check "and up again" inside red ip link set v1 up
check "with its addresses" wait_for 20 says inside red ip -o addr show dev v1 "10.1.2.1/24"
check "IPv6 too" says inside red ip -o addr show dev v1 "fd00:1:2::1/64"

# --- carrier follows the port

carrier() {
	[ "$(inside red cat /proc/net/dev | grep -c v0)" = 1 ] && says inside red ip -o link show v0 "$1"
}
check "a port goes down" on node ip link set ethA down
check "so does the carrier inside" wait_for 20 carrier "NO-CARRIER"
fails "the other vif's does not" says inside red ip -o link show v1 "NO-CARRIER"
check "the port comes back" on node ip link set ethA up
check "so does the carrier" wait_for 20 carrier "LOWER_UP"
# A port that went down has lost its IPv6 address; IPv4 is enough here.
check "it answers again" wait_for 20 answers
check "the node goes down" node_down
finish
