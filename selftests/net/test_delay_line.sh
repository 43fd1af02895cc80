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
	! delay_pid && ! on node ip link show pdpdelay0 && [ ! -e "$PINS/v$ABI/links/delay" ]
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
# waiting N: so many at least have gone in, and are still there. It reads the maps, so pdpd is not needed.
waiting() {
	ctl -j stats show | jq -e ".[0].stages | any(.[]; .name == \"delay-line\" and .in_flight >= $1)"
}
# A second's delay: something waits, however unsteady the ping.
check "a long delay" ctl vif set red/v1 impair.delay-ms 1000
background src ping -q -i 0.01 -w 60 10.1.2.2
check "packets wait" wait_for 5 waiting 10
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
check "the books balance" ctl stats show --check

pid=$(delay_pid)
check "its link is set down" on node ip link set pdpdelay0 down
check "it is made again" wait_for 10 rtt_is_over 35 10.1.2.2
check "with another process" is_another "$pid"
check "the books balance" ctl stats show --check

pid=$(delay_pid)
check "pdpd is killed" pdpd_killed
check "traffic is delayed without it" rtt_is_over 35 10.1.2.2
check "another pdpd" node_up ""
check "adopts the process" [ "$(delay_pid)" = "$pid" ]
check "which still delays" rtt_is_over 35 10.1.2.2
kill -KILL "$pid"
check "and starts another when it dies, though it was no child" wait_for 5 rtt_is_over 35 10.1.2.2
check "the books balance" ctl stats show --check

# What the process has given out and the kernel has not taken: a link that is down makes it so.
check "a long delay" ctl vif set red/v1 impair.delay-ms 4000
died=$(drops red drop_delay_died)
check "pdpd is killed" pdpd_killed
on src ping -q -i 0.01 -c 3 -W 0.1 10.1.2.2 >/dev/null
check "packets wait" wait_for 5 waiting 3
on node ip link set pdpdelay1 down
sleep 4.2 # until they are due
kill -KILL "$(delay_pid)"
check "another pdpd, after a process that died while its link was down" node_up ""
# Replies to earlier pings may be among them.
check "what it could not send has its name" [ "$(drops red drop_delay_died)" -ge $((died + 3)) ]
check "a short delay again" ctl vif set red/v1 impair.delay-ms 20
check "and it is one" rtt_is_over 35 10.1.2.2
check "the books balance" ctl stats show --check

# Asked and not answered: the kernel's own count, which does not end when ping loses patience.
unanswered() {
	on src cat /proc/net/snmp | awk '/^Icmp:/ {
		if (!seen++) for (i = 1; i <= NF; i++) col[$i] = i
		else print $col["OutEchos"] - $col["InEchoReps"]
	}'
}
were=$(unanswered)
all_answered() {
	unanswered
	[ "$(unanswered)" -eq "$were" ]
}
background src ping -q -i 0.01 -c 30 -W 1 10.1.2.2
check "no delay there" ctl vif set red/v0 impair.delay-ms 0
check "and none back" ctl vif set red/v1 impair.delay-ms 0
check "fast again" wait_for 5 rtt_is_under 15 10.1.2.2
check "the delay line goes when nobody needs it" wait_for 5 no_delay_line
wait "${BG_PIDS[$BG]}" 2>/dev/null
check "what waited has arrived" wait_for 5 all_answered
check "the books balance" ctl stats show --check

check "a delay once more" ctl vif set red/v1 impair.delay-ms 2000
on src ping -q -i 0.01 -c 10 -W 0.3 10.1.2.2 >/dev/null
check "the node goes down with packets in it" node_down
check "and nothing of it is left" no_delay_line
finish
