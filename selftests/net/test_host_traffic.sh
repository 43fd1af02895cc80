#!/bin/bash
# The host's own traffic on the same NICs goes on untouched: TCP and ping to the node's own addresses
# while a flood runs through a vnet.
#
#   src ==== red, flooded ====> node ====> dst        src <---- TCP, ping ----> node itself
# serial: it floods

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"

begin "the host's own traffic beside a flooded vnet"
figure6
{
	node_head
	fes 1 300m
	echo vnets:
	red 300m
} >"$WORK/node.yaml"
check "the node comes up" node_up "$WORK/node.yaml"

# What an ssh session does: many small exchanges over one long connection, each answer checked.
background node "$HELP/echo_tcp" serve 2222
wait_for 5 on node sh -c 'ss -tln | grep -q :2222'

pass_before=$(on node sh -c "$BIN/pdp-ctl --run-dir $RUN_DIR -j port show" | jq '[.[].pass_not_udp] | add')
flood_red 200000 6 16 >"$WORK/pktgen" &
check "the flood reaches the vnet" wait_for 5 sh -c \
	"[ \"\$($BIN/pdp-ctl --run-dir $RUN_DIR -j stats show red | jq '.[0].counters.rx_packets')\" -gt 10000 ]"
check "ping of the node during the flood" on src ping -q -c 100 -i 0.01 -W 1 192.0.2.1
check "ping of the node over IPv6" on src ping -q -c 100 -i 0.01 -W 1 2001:db8:1::1
check "2000 exchanges over one TCP connection" on src "$HELP/echo_tcp" talk 192.0.2.1 2222 2000
check "the same over IPv6" on src "$HELP/echo_tcp" talk 2001:db8:1::1 2222 2000
pass_after=$(on node sh -c "$BIN/pdp-ctl --run-dir $RUN_DIR -j port show" | jq '[.[].pass_not_udp] | add')
check "what passed is counted" [ "$pass_after" -gt "$((pass_before + 4000))" ]

finish
