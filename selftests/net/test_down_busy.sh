#!/bin/bash
# A node goes down, or its pdpd leaves, while a change is under way: who asked for the change is told what
# became of it, and nothing is left of it. The change lasts as long as it must: the agents of its new guests
# say nothing. Topology: figure6.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/live.sh"

begin "an end in the middle of a change"
figure6
FES=2 CAPACITY=300m node_file small red 300m
FES=4 CAPACITY=300m node_file large red 900m
mkdir "$WORK/mute"
cp "$BIN"/pdp-* "$WORK/mute"
printf '#!/bin/sh\nexec sleep 100\n' >"$WORK/mute/pdp-fe-agent"
next_pdpd() {
	node_up "" --agent "$WORK/mute/pdp-fe-agent"
}

check "the node comes up" node_up "$WORK/small.yaml"
pid=$(cat "$WORK/node.pid")
kill -TERM "$pid"
wait_for 10 ended "$pid"
check "the next pdpd has another agent for those to come" next_pdpd

# begin_change: it is there, and its two guests too, when this returns.
begin_change() {
	ctl apply -f "$WORK/large.yaml" >"$WORK/said" 2>&1 &
	CHANGE=$!
	wait_for 20 all_guests
}
all_guests() {
	[ "$(guests)" -eq 3 ]
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
check "the next pdpd has what was" next_pdpd
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
