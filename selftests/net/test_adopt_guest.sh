#!/bin/bash
# A guest outlives its controller: killed, started again, it takes the guest over while traffic passes.
#
#   [ guestd: loader, guest.c ] --- pdpfe1 ===== eth0 [ LXC: pdp-fe-init, pdp-fe-agent ]
#      probe --feed: frames in, the dispatcher counts what comes back

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.sh"

begin "a guest outlives its controller"
trap guest_clean EXIT
ns node
agent=$BIN/pdp-fe-agent
mkfifo "$WORK/commands"

controller() {
	guest_up "$agent" --power 400 --commands "$WORK/commands" "$@"
}
controller
check "it gets ready" wait_for 10 is_now ready
init=$(value pid)
mac=$(value mac)
link=$(value ifindex)
agent_pid=$(value agent_pid)
check "its agent is known" kill -0 "$agent_pid"

idle() {
	local before
	look && before=$(value in)
	sleep 0.3
	look && [ "$(value in)" -eq "$before" ] && [ "$before" -gt 0 ]
}
figures() {
	echo "in $(value in) = back $(value back) + eth0 $(value rx_drops) + agents $(value dropped) + died $(value died)"
}
balanced() {
	figures
	[ "$(value in)" -eq $(($(value back) + $(value rx_drops) + $(value dropped) + $(value died))) ]
}
feed() {
	on node "$HELP/probe" --feed pdpfe1 "$mac" "$1"
}
same_guest() {
	is_now ready "pid=$init" "ifindex=$link" "mac=$mac" "agent_pid=$agent_pid" restarts=0
}
kill_controller() {
	kill -KILL "$GUESTD"
	wait "$GUESTD" 2>/dev/null
}

# --- killed under load, again and again

feed 60000 &
feeder=$!
for i in 1 2 3; do
	sleep 0.3
	kill_controller
	sleep 0.3
	start=$(date +%s%N)
	controller --adopt
	check "killed under load ($i), the next one has it" wait_for 10 same_guest
	echo "# ready $((($(date +%s%N) - start) / 1000000)) ms after the start"
	check "it was found with what it was made of" grep -q '^found red-1 id=1 running=1 power=400 cpus= dataplane=router$' "$EVENTS"
	check "it forwarded while it was adopted" grep -q '^adopted pid=' "$EVENTS"
done
wait "$feeder"
check "the load ends" wait_for 5 idle
check "the books balance" balanced
echo "# $(figures)"
# The feed has no pace: what the link or the agent had no room for is counted, and nothing else is lost.
full=$(($(value rx_drops) + $(value dropped)))
check "the feed arrived" [ "$(value in)" -eq 60000 ]
check "no packet was lost but where there was no room" [ "$(value back)" -eq $((60000 - full)) -a "$full" -lt 6000 ]
check "nor met a closed door" [ "$(value no_socket)" -eq 0 ]
agent_rx=$(value agent_rx)
check "the agent's counters went on" [ "$agent_rx" -eq $((60000 - $(value rx_drops))) ]

# --- let go, on purpose

kill -HUP "$GUESTD"
wait "$GUESTD"
check "a controller lets go" kill -0 "$init"
controller --adopt
check "the next one has it" wait_for 10 same_guest
check "with its counters" is_now "agent_rx=$agent_rx" in=60000

# --- the agent dies while nobody looks

kill_controller
kill -KILL "$agent_pid"
sleep 0.3
controller --adopt
check "the agent died between two controllers: another is ready" wait_for 10 is_now ready restarts=1 "pid=$init"
check "the dead one's counters are not lost" is_now "agent_rx=$agent_rx"
check "traffic passes" feed 1000
check "the load ends" wait_for 5 idle
check "the books balance" balanced
agent_pid=$(value agent_pid)

# --- the container dies while nobody looks

kill_controller
kill -KILL "$init"
sleep 0.5
controller --adopt
check "the container died between two controllers: made anew" wait_for 10 is_now ready restarts=2 "mac=$mac"
fails "it is a new one" [ "$(value pid)" = "$init" ]
check "the counters are not lost" is_now "agent_rx=$((agent_rx + 1000))" in=61000
check "traffic passes" feed 1000
check "the load ends" wait_for 5 idle
check "the books balance" balanced
init=$(value pid)

# --- wanted otherwise

kill_controller
guest_up "$agent" --power 400 --cpus 1 --adopt
wait "$GUESTD"
check "other CPUs: refused" grep -aq '^not adopted -116: .*it runs with CPUs any, wanted is 1' "$EVENTS"
check "and left as it is" kill -0 "$init"
mv "$RUN_DIR/kept/red-1" "$WORK/"
controller --adopt
wait "$GUESTD"
check "it runs, and nothing is known of it: refused" grep -aq '^not adopted -116: .*nothing is known' "$EVENTS"
check "and left as it is" kill -0 "$init"
mkdir -p "$RUN_DIR/kept"
head -c 1000 "$WORK/red-1" >"$RUN_DIR/kept/red-1"
controller --adopt
wait "$GUESTD"
check "what is known is cut: refused" grep -aq '^not adopted -22: .*has 1000 bytes' "$EVENTS"
check "and left as it is" kill -0 "$init"

controller
check "without --adopt it is reaped" wait_for 10 grep -q '^reaped 1$' "$EVENTS"
check "and made anew" wait_for 10 is_now ready
guest_down
check "nothing of it is left" guest_is_gone
finish
