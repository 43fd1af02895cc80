#!/bin/bash
# pdpd dies, leaves, comes back, as the same and as another, while a stream passes through its node.
# Topology: figure6.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/live.sh"

begin "a controller's death and return"
figure6
node_file base red 500m
node_file more red 800m
# A third FE for less of red, with a CPU that this machine has not.
node_file starved red 850m
sed -i 's/name: fe3, cpus: "[0-9]*", capacity: 300m/name: fe3, cpus: "8000", capacity: 400m/' "$WORK/starved.yaml"
cp "$WORK/base.yaml" "$WORK/node.yaml"
check "the node comes up" node_up "$WORK/node.yaml"
join_red
look() {
	ctl -j guest show | jq -c 'map([.name, .id, .fe, .init_pid, .link_ifindex])'
}
before=$(look)
same_guests() {
	[ "$(look)" = "$before" ] || { echo "$before"; look; return 1; }
}
generation() {
	ctl -j map dump vnets | jq '.[0].generation'
}
tables=$(generation)

stream 3000 300 32
check "pdpd is killed" pdpd_killed
sleep 0.3
check "another comes" node_up "$WORK/node.yaml"
check "with the same guests" same_guests
check "and leaves on SIGTERM" pdpd_leave
sleep 0.3
check "one comes without a node file" node_up ""
check "with the same guests" same_guests
check "nothing was written to the slot table" [ "$(generation)" -eq "$tables" ]
check "killed again" pdpd_killed
check "one comes with another node file" node_up "$WORK/more.yaml"
check "and has three guests" [ "$(ctl -j guest show | jq length)" -eq 3 ]
check "which the next one finds" pdpd_killed
check "when it comes" node_up ""
check "three guests" [ "$(ctl -j guest show | jq length)" -eq 3 ]
before=$(look)
check "it leaves" pdpd_leave
fails "one whose new guest cannot start does not come up" node_up "$WORK/starved.yaml"
check "but the old state does" node_up ""
check "with the same guests" same_guests
stream_ends
check "no packet is lost" nothing_lost
check "none overtakes another" in_order
check "the books balance" wait_for 3 ctl stats --check

# --- nothing in the kernel but the state on disk: as after a reboot

check "pdpd is killed" pdpd_killed
rm -rf "$PINS"
check "bpffs is wiped; the node comes up" node_up ""
check "with the same numbers" [ "$(ctl -j guest show | jq -c 'map([.name, .id])')" = '[["red-1",1],["red-2",2],["red-3",3]]' ]
check "it forwards" on src ping -q -c 3 -i 0.05 -W 1 10.1.2.2
check "no guest too many" [ "$(pgrep -fc "lxc monitor.* pdp-$T-")" -eq 3 ]
finish
