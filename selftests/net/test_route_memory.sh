#!/bin/bash
# A guest with little memory and a control plane with many routes: the agent keeps what it holds, refuses the rest and
# says so, and is neither killed nor out of service; with more memory all are there. Topology: figure6.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/control.sh"

ROUTES=60000

begin "routes and memory"
figure6
{
	node_head
	fes 1 400m
	echo vnets:
	controlled red 400m kind: static
	echo "    memory: 16M"
	echo "    fast-half: off"
} >"$WORK/node.yaml"
check "the node comes up" node_up "$WORK/node.yaml"
join_red

of_agent() {
	ctl -j guest show | jq "[.. | .$1? // empty] | max // 0"
}
arrived() {
	[ "$(of_agent routes4)" -ge "$ROUTES" ]
}
refused() {
	[ "$(of_agent routes_refused)" -gt 0 ] && [ "$(of_agent routes4)" -gt 1000 ]
}
agent=$(agent_pid)

python3 "$TOP/selftests/bench/table.py" batch --source made-up --routes "$ROUTES" --via 10.1.2.2,v1 \
	>"$WORK/batch" 2>/dev/null
load() {
	inside red ip -batch - <"$WORK/batch"
}
check "the control plane learns $ROUTES routes" load
check "the agent refuses some and keeps others" wait_for 15 refused
check "pdpd says so, and which" wait_for 5 grep -q "agent says: route .* not applied: Cannot allocate memory" "$WORK/pdpd.log"
check "it has been killed by nobody" [ "$(agent_pid)" = "$agent" ]
check "what it had it forwards by" on src ping -q -c 3 -i 0.05 -W 5 10.1.2.2
check "with more memory" ctl vnet set red memory 128M
check "all routes are there" wait_for 20 arrived
check "which forwards" on src ping -q -c 3 -i 0.05 -W 5 10.1.2.2
check "the node goes down" node_down
finish
