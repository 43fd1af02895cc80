#!/bin/bash
# A pdpd that dies while it makes or takes over an MH guest leaves a node that the next one leads on. Topology:
# figure6.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/control.sh"

begin "pdpd dies with a control plane half made"
figure6
{
	node_head
	fes 1 300m
	echo vnets:
	red 100m
} >"$WORK/none.yaml"
{
	node_head
	fes 1 300m
	echo vnets:
	controlled red 100m kind: static
	cat <<-EOT
		    routes:
		      - {to: 10.50.0.0/16, via: 10.1.2.2, vif: v1}
	EOT
} >"$WORK/with.yaml"
check "the node comes up, without a control plane" node_up "$WORK/none.yaml"
join_red

answers() {
	on src ping -q -c 1 -W 3 10.1.1.1
}
forwards() {
	on src ping -q -c 2 -i 0.05 -W 3 10.1.2.2
}
# Before it forwards, or just after it has said that it does.
dies() {
	node_up "$1" >/dev/null
	wait_for 10 ended "$NODE_PID" && { wait "$NODE_PID"; [ $? -eq 137 ]; }
}
whole() {
	control_is red ready && says inside red ip route "10.50.0.0/16 via 10.1.2.2 dev v1 proto static" &&
		says inside red ip -o link show v1 xdp
}
for point in mh-container mh-links apply-control-made apply-ready apply-saved apply-added mh-found; do
	pdpd_leave
	export PDP_FAILPOINT=$point
	check "it dies at $point" dies "$WORK/with.yaml"
	unset PDP_FAILPOINT
	check "traffic passes" forwards
	check "the next one comes up" node_up "$WORK/with.yaml"
	check "with a whole control plane" wait_for 5 whole
	check "that answers" wait_for 5 answers
	[ $point = apply-added ] && continue # mh-found is met when there is one
	pdpd_leave
	check "and without one again" node_up "$WORK/none.yaml"
done
check "no guest is left" [ "$(pgrep -fc "pdp-$T-red-cp")" = 0 ]
check "the node goes down" node_down
finish
