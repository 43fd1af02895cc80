#!/bin/bash
# A node goes down, or its pdpd leaves, while a change is under way: who asked for the change is told what
# became of it, and nothing is left of it. Topology: figure6.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/live.sh"

begin "an end in the middle of a change"
figure6
FES=2 CAPACITY=300m node_file small red 300m
FES=24 CAPACITY=300m node_file large red 6900m
check "the node comes up" node_up "$WORK/small.yaml"

# begin_change: it starts 22 guests, some at a time; three or so are there when this returns.
begin_change() {
	ctl apply -f "$WORK/large.yaml" >"$WORK/said" 2>&1 &
	CHANGE=$!
	wait_for 10 several_guests
}
several_guests() {
	[ "$(guests)" -ge 3 ]
}
guests() {
	pgrep -fc "lxc monitor.* pdp-$T-"
}
# told PATTERN: how the change ended for who asked, once $CHANGE has.
told() {
	[ "$ENDED" -eq 1 ] && grep -E "$1" "$WORK/said" || ! cat "$WORK/said"
}

begin_change
pid=$(cat "$WORK/node.pid")
kill -TERM "$pid"
check "pdpd leaves in the middle of a change" wait_for 10 ended "$pid"
wait "$pid" 2>/dev/null
wait "$CHANGE"
ENDED=$?
check "the change is told to be forgotten" told 'pdpd left before the change was made, which is forgotten: apply large.yaml'
check "only the guest of before is left" [ "$(guests)" -eq 1 ]
check "the next pdpd has what was" node_up ""
check "and nothing of the change" [ "$(ctl -j vnet show | jq -c 'map(.power_millicores)')" = '[300]' ]

begin_change
pid=$(cat "$WORK/node.pid")
check "the node goes down in the middle of a change" ctl node down
wait "$pid" 2>/dev/null
wait "$CHANGE"
ENDED=$?
check "the change is told so" told 'the node went down before the change was made, which is forgotten: apply large.yaml'
check "no guest is left" [ "$(guests)" -eq 0 ]
gone() {
	[ ! -e "$RUN_DIR" ] && [ ! -e "$PINS" ] && ! on node ip -d link show | grep -qE 'pdpfe|name pdp_'
}
check "nor anything else" gone
finish
