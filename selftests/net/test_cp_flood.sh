#!/bin/bash
# A control plane that floods netlink, routes far more than it may, and dies while its table is read: pdpd
# answers all the while, and red, which has no part in it, loses no packet. Topology: figure6.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/live.sh"

begin "a control plane out of its mind"
figure6
MOST=5000
MANY=25000
mad_green() {
	red 200m
	green 200m | sed "s!^    data-plane:.*!&\n    control-plane: {kind: static, max-routes: $MOST, memory: 512M}!"
}
node_file node mad_green
check "the node comes up" node_up "$WORK/node.yaml"

inside() {
	ctl vnet exec green -- "$@"
}
cp_init() {
	ctl -j guest show | jq -r '.[] | select(.name == "green-cp") | .init_pid'
}
event_is() {
	ctl -j event show | jq -e "any(.[]; .kind == \"$1\")"
}
# answers_during COMMAND...: while that runs pdpd answers. A second or two are a busy machine's, and so is an answer
# now and then that takes longer.
answers_during() {
	local asked=0 slow=0 busy
	"$@" &
	busy=$!
	while kill -0 "$busy" 2>/dev/null; do
		asked=$((asked + 1))
		timeout 3 "$BIN/pdp-ctl" --run-dir "$RUN_DIR" --pins "$PINS" node show >/dev/null || slow=$((slow + 1))
		sleep 0.3
	done
	echo "asked $asked times; $slow answers took 3 s"
	wait "$busy" && [ $((slow * 4)) -le "$asked" ]
}
same() {
	ctl route check "$1"
}
# routes VERB N: to N hosts of 11.0.0.0/8.
routes() {
	awk -v verb="$1" -v n="$2" 'BEGIN {
		for (i = 0; i < n; i++)
			printf "route %s 11.%d.%d.%d/32 via 10.2.2.2\n", verb, i / 65536, i / 256 % 256, i % 256
	}'
}
rss() {
	awk '/VmRSS/ { print $2 }' "/proc/$(cat "$WORK/node.pid")/status"
}
check "the mirror of an empty table is right" wait_for 5 same green

stream 2000 120 16
check "red's stream runs" kill -0 "${BG_PIDS[PKTGEN]}"

# --- a flood

routes replace 2000 >"$WORK/more"
routes del 2000 >"$WORK/less"
cat "$WORK/more" "$WORK/less" "$WORK/more" "$WORK/less" "$WORK/more" >"$WORK/flap"
flap_thrice() {
	cat "$WORK/flap" "$WORK/flap" "$WORK/flap" | inside ip -batch -
}
check "under 30,000 changes pdpd answers" answers_during flap_thrice
check "and the agents have the last of it" wait_for 10 same green
check "which is all" [ "$(ctl route show green | grep -c '^11\.')" -eq 2000 ]

# --- far more than it may

before=$(rss)
far_too_many() {
	routes replace "$MANY" | inside ip -batch -
}
check "under $MANY routes pdpd answers" answers_during far_too_many
check "they are in its kernel" [ "$(inside ip route show root 11.0.0.0/8 | wc -l)" -eq $MANY ]
check "more than max-routes is an event" wait_for 10 event_is routes-over
check "as many as it may are kept" [ "$(ctl route show green | wc -l)" -eq $MOST ]
echo "# pdpd: $before kB before, $(rss) kB with $MANY routes in the guest, of which $MOST are mirrored"
check "red's table is untouched" same red

# --- it dies while its table is read

check "pdpd is killed" pdpd_killed
check "another reads $MANY routes" node_up ""
init=$(cp_init)
check "the guest dies meanwhile" kill -KILL "$init"
check "that is an event" wait_for 10 event_is control-lost
check "it comes back" wait_for 15 event_is control-ready
check "with a table of its own, mirrored" wait_for 15 same green
check "without what it had" [ "$(ctl route show green | grep -c '^11\.')" -eq 0 ]
stream_ends
check "no packet of red's is lost" nothing_lost
check "the books balance" wait_for 5 ctl stats --check
node_down
finish
