#!/bin/bash
# FEs are defragmented while a stream passes through a vnet one of whose two guests is moved: nothing is lost,
# and flows that stay where they are keep their order. The move survives a pdpd that is killed, and one
# that dies between two moves leaves the first. Topology: figure6.sh.
#
#             fe1         fe2         fe3                        fe1        fe2     fe3
#   before    red 600m    red 300m    green 100m, blue 100m      red 600m   -       red 300m, green, blue   after

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/live.sh"

begin "FEs are defragmented under traffic"
figure6
FES=3 CAPACITY=600m node_file node red 900m
check "the node comes up" node_up "$WORK/node.yaml"
join_red

# Vnets without vifs: their guests are there, and that is all that matters.
came() {
	ctl vnet add "$1" power "$2"
}
went() {
	ctl vnet del "$1"
}
check "filler keeps others off fe2" came filler 400m
check "green comes" came green 100m
check "blue comes, and the plan says why it is there" sh -c \
	"$BIN/pdp-ctl --run-dir $RUN_DIR vnet add blue power 100m | grep -F 'fe3 100m (the tightest of 2 that fit, 0m left after)'"
check "filler goes" went filler

places() {
	ctl -j guest show | jq -c 'map([.vnet, .fe, .power_millicores]) | sort'
}
BEFORE='[["blue","fe3",100],["green","fe3",100],["red","fe1",600],["red","fe2",300]]'
AFTER='[["blue","fe3",100],["green","fe3",100],["red","fe1",600],["red","fe3",300]]'
are() {
	[ "$(places)" = "$1" ] || { places; return 1; }
}
check "red has two guests on two FEs, the others share one" are "$BEFORE"

# The guest of each of pktgen's flows, by its name.
FLOWS=64
owners() {
	local vnet half slots names
	vnet=$(ctl -j vnet show red | jq '.[0].id')
	half=$(ctl -j map dump vnets | jq ".[] | select(.vnet == $vnet) | .half")
	ctl -j map dump slots | jq ".[] | select(.vnet == $vnet and .half == $half)" >"$WORK/table"
	slots=$("$HELP/flowslot" 10.1.1.2 10.1.2.2 $FLOWS "$(jq .slots "$WORK/table")")
	names=$(ctl -j guest show | jq -c 'map({key: "\(.id)", value: .name}) | from_entries')
	# shellcheck disable=SC2016
	jq -c --argjson slots "$slots" --argjson names "$names" \
		'[.runs[] | range(.slots) as $n | .guest] as $table | $slots | map($names["\($table[.])"])' \
		"$WORK/table"
}
owners >"$WORK/before"
generation() {
	ctl -j node show | jq '.[0].generation'
}
stale=$(($(generation) - 1))
proposal() {
	ctl alloc defrag >"$WORK/proposal"
	diff - "$WORK/proposal" <<-EOT
		move red 300m from fe2 to fe3
		1 move: 2 FEs in use instead of 3; no plan does better
	EOT
}
check "what is proposed" proposal
check "a dry run is the proposal" sh -c "$BIN/pdp-ctl --run-dir $RUN_DIR --dry-run alloc defrag --apply | diff - $WORK/proposal"
check "and changes nothing" are "$BEFORE"
api() {
	curl -s -m 30 --unix-socket "$RUN_DIR/pdpd.sock" "$@"
}
check "a stale generation is refused" sh -c \
	"curl -s --unix-socket $RUN_DIR/pdpd.sock -X POST 'http://pdpd/v1/alloc/defrag?generation=$stale' | grep 'made from $stale; look again'"
check "and changes nothing" are "$BEFORE"

stream 3000 120 $FLOWS
events=$(ctl -j event show | jq 'last.number')
check "the move is made" sh -c "$BIN/pdp-ctl --run-dir $RUN_DIR alloc defrag --apply | grep -x 'moved red 300m from fe2 to fe3'"
check "an FE is idle" are "$AFTER"
sleep 0.3
check "the stream is not over" kill -0 "${BG_PIDS[PKTGEN]}"
stream_ends
owners >"$WORK/after"
check "no packet is lost" nothing_lost
moved() {
	jq -nc --slurpfile before "$WORK/before" --slurpfile after "$WORK/after" \
		'[range('"$FLOWS"') | select($before[0][.] != $after[0][.])]'
}
echo "# flows from guest to guest: $(jq -nc --slurpfile a "$WORK/before" --slurpfile b "$WORK/after" \
	'[range($a[0] | length) | "\($a[0][.]) -> \($b[0][.])"] | group_by(.) | map({key: .[0], value: length}) | from_entries')"
echo "# out of order: $(jq -c .reordered_flows "$WORK/stream.json")"
some_moved() {
	moved | jq -e "length > 0 and length < $FLOWS"
}
check "some flows have another guest now, others have not" some_moved
stayed_in_order() {
	jq -e --argjson moved "$(moved)" '.reordered_flows - $moved == []' "$WORK/stream.json"
}
check "flows that stayed kept their order" stayed_in_order
told() {
	api "http://pdpd/v1/events?after=$events" | jq -r '.[].text' >"$WORK/told"
	grep -qx 'begins: alloc defrag, move 1 of 1: red 300m from fe2 to fe3' "$WORK/told" &&
		grep -q 'done in .* ms: alloc defrag, move 1 of 1: red' "$WORK/told"
}
check "events tell it" told
now=$(generation)
check "again there is nothing to do" sh -c "$BIN/pdp-ctl --run-dir $RUN_DIR alloc defrag --apply | grep -x 'no moves would help: 2 FEs are in use'"
check "and nothing was done" [ "$(generation)" -eq "$now" ]
check "the books balance" wait_for 3 ctl stats --check

# --- a restart

check "pdpd is killed" pdpd_killed
check "another comes" node_up ""
check "the move has survived" are "$AFTER"
check "traffic passes" on src ping -q -c 3 -i 0.05 -W 1 10.1.2.2

# --- two moves in a row

for name in red green blue; do
	went $name >/dev/null
done
# Each large enough for an FE of its own, then small.
spread() {
	local name
	for name in a b c; do
		ctl vnet add $name power 400m || ctl vnet set $name power 400m
	done
	for name in a b c; do
		ctl vnet set $name power 100m
	done
}
spread >/dev/null 2>&1
fes_in_use() {
	ctl -j alloc show | jq 'map(select(.used_millicores > 0)) | length'
}
check "three vnets on three FEs" [ "$(fes_in_use)" -eq 3 ]
pdpd_killed
PDP_FAILPOINT=apply-done:2 node_up ""
fails "a pdpd that dies between two moves" ctl alloc defrag --apply
check "is followed by another" node_up "" --group tape --admin-group tape
check "the first move was made" [ "$(fes_in_use)" -eq 2 ]
# Two ask for the rest at once: one is told that the other is at it.
both() {
	python3 - "$RUN_DIR/pdpd.sock" <<-'EOT'
		import json, socket, sys
		request = b"POST /v1/alloc/defrag HTTP/1.0\r\nContent-Length: 0\r\n\r\n"
		clients = [socket.socket(socket.AF_UNIX) for _ in range(2)]
		for s in clients:
		    s.settimeout(30)
		    s.connect(sys.argv[1])
		for s in clients:
		    s.send(request)
		answers = [s.makefile("rb").read() for s in clients]
		heads, bodies = zip(*(a.split(b"\r\n\r\n", 1) for a in sorted(answers)))
		print(answers)
		assert [h.split()[1] for h in heads] == [b"200", b"503"]
		done, busy = map(json.loads, bodies)
		assert done[0]["applied"] and done[0]["fes_after"] == 1 and len(done[0]["moves"]) == 1
		assert "another change is under way: alloc defrag, move 1 of 1" in busy["error"]
	EOT
}
check "while one is at the rest another is refused" both
check "all are on one FE" [ "$(fes_in_use)" -eq 1 ]
for name in a b c; do
	went $name >/dev/null
done
spread >/dev/null 2>&1
as_admin() {
	setpriv --reuid 65534 --regid "$(getent group tape | cut -d: -f3)" --clear-groups \
		"$BIN/pdp-ctl" --run-dir "$RUN_DIR" "$@"
}
check "an admin makes two moves" eval "as_admin alloc defrag --apply | grep -x 'done in .* s, 0 packets dropped meanwhile'"
check "both are his in the history" [ "$(ctl -j node history 2 | jq -c 'map([.uid, .change[0:25]])')" = \
	'[[65534,"alloc defrag, move 1 of 2"],[65534,"alloc defrag, move 2 of 2"]]' ]
finish
