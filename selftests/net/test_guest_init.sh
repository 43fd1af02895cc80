#!/bin/bash
# Process 1 of an FE guest while no controller listens: it waits without spinning, and ends when told.
# No LXC: a pid namespace, and an empty /run.

. "$(dirname "$0")/lib.sh"

begin "pdp-fe-init without a controller"
unshare --pid --fork --kill-child --mount \
	sh -c "mount -t tmpfs none /run && exec '$BIN/pdp-fe-init' --dev $T" >"$WORK/init" 2>&1 &
outer=$!
init() {
	pgrep -P "$outer" -f "pdp-fe-init --dev $T"
}
check "it starts" wait_for 5 init
pid=$(init)
check "as uid 1" wait_for 5 grep -q '^Uid:.1.1.1.1$' "/proc/$pid/status"

looks() {
	awk '/^voluntary_ctxt_switches/ { print $2 }' "/proc/$pid/status"
}
sleep 1.5
before=$(looks)
sleep 1
check "it looks for the socket now and then" [ "$(looks)" -gt "$before" ]
check "and not all the time" [ $(($(looks) - before)) -lt 100 ]

kill -TERM "$pid"
gone() {
	[ ! -e "/proc/$pid" ]
}
check "SIGTERM ends it" wait_for 3 gone
gone || kill -KILL "$pid"
wait "$outer"
check "with exit code 0" test $? -eq 0
finish
