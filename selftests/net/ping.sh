# Pings that no busy machine fails; sourced after lib.sh.
# shellcheck shell=bash
#
#   pings ADDRESS [OPTIONS]   five are answered, each in its own time
#   answers_nothing ADDRESS   none of five is
#   rtt_is_over MS ADDRESS    the least of ten is so long and less than 100 ms longer
#   rtt_is_under MS ADDRESS
#
# All from the namespace src. ping itself, once it has had an answer, waits for the last one no longer than twice
# what the slowest took: so where answers are counted there is a ping for each.

pings() {
	local address=$1 _
	shift
	for _ in 1 2 3 4 5; do
		on src ping -q -c 1 -W 5 "$@" "$address" || return
	done
}

answers_nothing() {
	on src ping -q -c 5 -i 0.02 -W 0.3 "$1" | grep ' 0 received'
}

rtt() {
	on src ping -q -c 10 -i 0.02 -W 1 "$1" | sed -n 's|^rtt.* = \([0-9]*\)\..*|\1|p'
}

# Too early never; too late, if this machine likes, but not each time.
rtt_is_over() {
	local ms _
	for _ in 1 2 3 4 5 6 7 8; do
		ms=$(rtt "$2")
		echo "rtt to $2: ${ms:-none} ms"
		[ -n "$ms" ] || continue
		[ "$ms" -ge "$1" ] || return
		[ "$ms" -ge $(($1 + 100)) ] || return 0
	done
	return 1
}

rtt_is_under() {
	local ms _
	for _ in 1 2 3 4 5 6 7 8; do
		ms=$(rtt "$2")
		echo "rtt to $2: ${ms:-none} ms"
		[ -z "$ms" ] || [ "$ms" -ge "$1" ] || return 0
	done
	return 1
}
