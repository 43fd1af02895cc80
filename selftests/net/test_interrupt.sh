#!/bin/bash
# Ctrl-C in the middle of the demo, at several moments: whatever it had made is gone afterwards.

. "$(dirname "$0")/lib.sh"

begin "Ctrl-C in the middle"

# interrupt SECONDS: as a terminal does it, to the whole process group, and a second time in the
# middle of the cleaning.
interrupt() {
	DEMO_SECONDS=1 setsid env --default-signal=INT bash "$TOP/selftests/demo.sh" \
		>"$WORK/demo" 2>&1 &
	local pid=$! name status
	sleep "$1"
	kill -INT -- "-$pid"
	sleep 0.3
	kill -INT -- "-$pid" 2>/dev/null
	wait $pid
	status=$?
	check "interrupted after $1 s: says so with its exit code" [ $status -eq 130 ]
	name=$(run_name $pid)
	left=$(T=$name RUN_DIR=/run/$name PINS=/sys/fs/bpf/$name left_behind)
	check "interrupted after $1 s: nothing is left behind" [ -z "$left" ]
	[ -z "$left" ] || echo "# ${left//$'\n'/$'\n'# }"
}

for moment in 0.3 1.0 2.0 4.0 6.5; do
	interrupt $moment
done
finish
