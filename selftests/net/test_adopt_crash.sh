#!/bin/bash
# A controller is killed at each step of making, taking over and ending a guest; the next one has it, or
# has it again, and leaves nothing when it ends it.
#
#   [ guestd: loader, guest.c ] --- pdpfe1 ===== eth0 [ LXC: pdp-fe-init, pdp-fe-agent ]

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.sh"

begin "a controller killed at each step of a guest's life"
trap guest_clean EXIT
ns node
agent=$BIN/pdp-fe-agent

controller() {
	guest_up "$agent" --again
}
# dies: guestd has ended by SIGKILL.
dies() {
	wait "$GUESTD" 2>/dev/null
	[ $? -eq 137 ]
}
one_container() {
	[ "$(pgrep -fc "lxc monitor.* pdp-$T-")" -eq 1 ] && [ "$(on node ip -br link show type veth | grep -c pdpfe)" -eq 1 ]
}
# next_one POINT: it gets ready, alone, and ends without a trace.
next_one() {
	controller
	check "$1: the next one has it" wait_for 10 is_now ready
	check "$1: and no other" one_container
}

for point in guest-begun guest-starting guest-container guest-link guest-programs; do
	PDP_FAILPOINT=$point controller
	dies
	check "$point: killed there while it was made" test $? -eq 0
	next_one $point
	guest_down
	check "$point: nothing is left" guest_is_gone
done

controller
check "a guest is there" wait_for 10 is_now ready
init=$(value pid)
for point in guest-found guest-taken; do
	kill -KILL "$GUESTD"
	wait "$GUESTD" 2>/dev/null
	PDP_FAILPOINT=$point controller
	dies
	check "$point: killed there while it was taken over" test $? -eq 0
	next_one $point
	check "$point: it is the same" [ "$(value pid)" = "$init" ]
done
guest_down
check "nothing is left" guest_is_gone

for point in guest-down guest-detached; do
	PDP_FAILPOINT=$point controller
	check "$point: a guest is there" wait_for 10 is_now ready
	kill -TERM "$GUESTD"
	dies
	check "$point: killed there while it was ended" test $? -eq 0
	next_one $point
	guest_down
	check "$point: nothing is left" guest_is_gone
done
finish
