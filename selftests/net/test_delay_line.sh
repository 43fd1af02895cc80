#!/bin/bash
# The delay line's life: what becomes of it and of the packets that wait when it dies, when pdpd does, when
# nobody needs it any more and when the node goes. Topology: figure6.sh, red alone.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/ping.sh"

begin "the delay line"
figure6
{
	node_head
	fes 2 200m
	echo vnets:
	red 200m
} >"$WORK/node.yaml"

drops() {
	ctl -j stats show "$1" | jq ".[0].drops | map(select(.name == \"$2\").packets) | add // 0"
}
delay_pid() {
	pgrep -f "pdp-delay .*--stats $RUN_DIR/"
}
no_delay_line() {
	! delay_pid && ! on node ip link show pdpdelay0 && [ ! -e "$PINS/v3/links/delay" ]
}

check "the node comes up" node_up "$WORK/node.yaml"
join_red
check "no delay, no delay line" no_delay_line
check "a delay" ctl vif set red/v1 impair.delay-ms 20
check "has a process" delay_pid
check "and another on the way back" ctl vif set red/v0 impair.delay-ms 15
check "is 35 ms for both" rtt_is_over 35 10.1.2.2

is_another() {
	local now
	now=$(delay_pid)
	[ -n "$now" ] && [ "$now" != "$1" ]
}
restarted() {
	local was
	was=$(delay_pid)
	kill -KILL "$was"
	wait_for 5 is_another "$was" &&
		ctl -j event show | jq -e 'any(.[]; .kind == "delay-line" and (.text | test("signal 9")))'
}
# A second's delay: something waits, however unsteady the ping.
waiting() {
	ctl -j stats show red | jq -e '.[0].counters | .delay_packets - .delayed_packets > 10'
}
check "a long delay" ctl vif set red/v1 impair.delay-ms 1000
background src ping -q -i 0.01 -w 60 10.1.2.2
check "packets wait" wait_for 5 waiting
check "killed, it is started again" restarted
kill -INT "${BG_PIDS[$BG]}"
wait "${BG_PIDS[$BG]}" 2>/dev/null
check "what waited in it has its name" [ "$(drops red drop_delay_died)" -gt 0 ]
check "a short delay again" ctl vif set red/v1 impair.delay-ms 20
check "and it is one" rtt_is_over 35 10.1.2.2
check "the books balance" ctl stats show --check

pid=$(delay_pid)
check "its link is deleted by hand" on node ip link del pdpdelay0
check "it is made again" wait_for 10 rtt_is_over 35 10.1.2.2
check "with another process" is_another "$pid"
check "as the node says" [ "$(ctl -j node show | jq -r '.[0].delay_line')" = running ]

pid=$(delay_pid)
check "pdpd is killed" pdpd_killed
check "traffic is delayed without it" rtt_is_over 35 10.1.2.2
check "another pdpd" node_up ""
check "adopts the process" [ "$(delay_pid)" = "$pid" ]
check "which still delays" rtt_is_over 35 10.1.2.2
kill -KILL "$pid"
check "and starts another when it dies, though it was no child" wait_for 5 rtt_is_over 35 10.1.2.2

lost_there() {
	ctl -j stats show red | jq '[.[0].drops[] | select(.name | startswith("drop_delay_")).packets] | add // 0'
}
lost=$(lost_there)
background src ping -q -i 0.01 -c 30 -w 30 10.1.2.2
check "no delay there" ctl vif set red/v0 impair.delay-ms 0
check "and none back" ctl vif set red/v1 impair.delay-ms 0
check "fast again" wait_for 5 rtt_is_under 15 10.1.2.2
check "the delay line goes when nobody needs it" wait_for 5 no_delay_line
wait "${BG_PIDS[$BG]}" 2>/dev/null
answered=$?
arrived() {
	cat "$WORK/bg.$BG"
	[ "$answered" -eq 0 ] && [ "$(lost_there)" -eq "$lost" ]
}
check "what waited has arrived" arrived
# A packet that a link or a process took with it when it went is in no book yet: docs/ledger.md.
nearly_balanced() {
	local said
	said=$(ctl stats show --check 2>&1) || grep -qE ': [12] packets are nowhere' <<<"$said"
}
check "the books balance, but for a packet or two that died with a link" nearly_balanced

check "a delay once more" ctl vif set red/v1 impair.delay-ms 2000
on src ping -q -i 0.01 -c 10 -W 0.3 10.1.2.2 >/dev/null
check "the node goes down with packets in it" node_down
check "and nothing of it is left" no_delay_line
finish
