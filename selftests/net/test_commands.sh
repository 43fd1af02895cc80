#!/bin/bash
# A node changed by commands, by files, by batches and by curl: what is said, what comes of it, what is
# refused. That no packet is lost meanwhile is told by other tests. Topology: figure6.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"

begin "changing a node"
figure6
{
	node_head
	fes 3 300m
	echo vnets:
	red 300m
} >"$WORK/node.yaml"
SOCK=$RUN_DIR/pdpd.sock
check "the node comes up" node_up "$WORK/node.yaml" --group games --admin-group tape
join_red
forwards() {
	on src ping -q -c 2 -i 0.05 -W 1 10.1.2.2
}
check "it forwards" forwards

# exits CODE WORDS COMMAND...: pdp-ctl COMMAND exits with CODE and says WORDS.
exits() {
	local want=$1 words=$2 got
	shift 2
	ctl "$@" >"$WORK/said" 2>&1
	got=$?
	if [ "$got" -ne "$want" ] || ! grep -qF -- "$words" "$WORK/said"; then
		echo "exit $got:"
		cat "$WORK/said"
		return 1
	fi
}
json() {
	ctl -j "$1" show | jq -e "$2"
}

# --- files

check "what is so needs no change" exits 0 "0 to add, 0 to change, 0 to remove" plan -f "$WORK/node.yaml"
sed 's/power: 300m/power: 500m/' "$WORK/node.yaml" >"$WORK/more.yaml"
check "plan tells drift, with exit code 4" exits 4 "power 300m -> 500m; +1 guest on fe2 (200m: the tightest of 2 that fit, 100m left after; fe3 ties, the lowest name wins)" plan -f "$WORK/more.yaml"
check "plan changes nothing" json vnet '.[0].power_millicores == 300'
check "so does apply --dry-run" exits 0 "1 to change" --dry-run apply -f "$WORK/more.yaml"
check "really" json vnet '.[0].power_millicores == 300'
check "apply does it" exits 0 "0 added, 1 changed, 0 removed" apply -f "$WORK/more.yaml"
check "and returns when it is so" json vnet '.[0] | .power_millicores == 500 and (.guests | length) == 2 and .state == "up"'
check "twice is no change" exits 0 "0 added, 0 changed, 0 removed" apply -f "$WORK/more.yaml"
check "a file from stdin" sh -c "$BIN/pdp-ctl --run-dir $RUN_DIR plan -f - <$WORK/more.yaml"
exported() {
	ctl export >"$WORK/export.yaml" && exits 0 "0 to add, 0 to change, 0 to remove" plan -f "$WORK/export.yaml"
}
check "export is the node" exported
sed 's/policy/polcy/' "$WORK/node.yaml" >"$WORK/bad.yaml"
check "a mistake has its file and line" exits 1 "bad.yaml:13: vnet red: unknown key 'polcy' (did you mean 'policy'?)" apply -f "$WORK/bad.yaml"
check "an error is JSON under -j" sh -c "$BIN/pdp-ctl --run-dir $RUN_DIR -j apply -f $WORK/bad.yaml | jq -e '.error | length > 10'"
now=$(ctl -j node show | jq '.[0].generation')
check "a file made from what the node was is refused" exits 1 "the node has generation $now by now" apply -f "$WORK/node.yaml" --generation $((now - 1))
check "so is its plan" exits 1 "the node has generation $now by now" plan -f "$WORK/node.yaml" --generation $((now - 1))
check "from what it is it is not" exits 0 "0 added, 0 changed" apply --generation "$now" -f <(ctl export)
check "a generation that is no number" exits 2 "--generation N" apply --generation now
check "a file that is not there" exits 1 "No such file" apply -f "$WORK/nothing.yaml"

head -c 9000000 /dev/zero >"$WORK/big.yaml"
check "a file that is too large" exits 1 "larger than 8 MiB" apply -f "$WORK/big.yaml"
head -c 1000 /dev/zero >"$WORK/nul.yaml"
check "a file of NULs" exits 1 "nul.yaml" apply -f "$WORK/nul.yaml"
check "an empty file" sh -c "! $BIN/pdp-ctl --run-dir $RUN_DIR apply -f /dev/null"
check "nothing of that changed anything" exits 0 "0 to add, 0 to change, 0 to remove" plan -f "$WORK/more.yaml"
pretty() {
	[ "$(ctl -p vnet show | wc -l)" -gt 10 ] && [ "$(ctl -p vnet show | jq -c 'map(.name)')" = '["red"]' ]
}
check "JSON for people" pretty

# --- commands

check "power beyond the node" exits 1 "power 9000m does not fit" vnet set red power 9000m
check "a key that is none" exits 1 "did you mean 'power'?" vnet set red powr 500m
check "a value that is missing" exits 2 "'power' has no value" vnet set red power
check "a name that is missing" exits 2 "vnet set wants NAME" vnet set
check "a key twice" exits 2 "given twice" vnet set red power 1 power 2
check "a vnet that is not there" exits 1 "blue" vnet set blue power 100m
check "a vnet that is there already" exits 1 "red" vnet add red power 100m
check "a name outside the alphabet" exits 1 "name" vnet add ../red power 100m
check "a vnet grows, in few letters" exits 0 "1 changed" vn se red power 300m
check "an FE of a CPU that is not there" exits 1 "fe fe9: there is no CPU 8000; this machine has" fe add fe9 cpus 8000 capacity 100m
check "an FE is drained" exits 0 "drain none -> true" fe drain fe1
check "it is empty then" json fe '.[0].guests == [] and .[1].guests + .[2].guests != []'
check "traffic passes" forwards
check "and undrained" exits 0 "drain true -> none" fe undrain fe1
check "a vnet comes" exits 0 "+ vnet" vnet add green power 100m
check "and tells where else there was room" exits 0 "(where it is)" alloc explain green
check "and a vif" exits 0 "+ vif" vif add green/v0 port A encap udp local 192.0.2.1:5009 remote 192.0.2.9:5009 address 10.9.0.1/24,fd09::1/64
check "with both its addresses" json vif '.[] | select(.vnet == "green") | .address == ["10.9.0.1/24", "fd09::1/64"]'
check "a tunnel twice is refused" exits 1 "red/v0" vif add green/v1 port A encap udp local 192.0.2.1:5001 remote 192.0.2.2:5001
check "an MTU that cannot fit, with the numbers" exits 1 "1472" vif set green/v0 mtu 1473
check "a route comes" exits 0 "+ route" route add green 10.0.0.0/8 vif v0
check "and is shown" json route '. == [{"vnet": "green", "to": "10.0.0.0/8", "via": null, "vif": "v0", "blackhole": false}]'
check "and goes" exits 0 "- route" route del green 10.0.0.0/8
check "the vnet goes" exits 0 "- vnet" vnet del green
check "with all that was its" json vif 'map(.vnet) | unique == ["red"]'

# --- the allocation

check "where everything is" exits 0 "red:300m" alloc show
check "and why" exits 0 "300m = 1 whole FE" alloc explain red
check "of a vnet that is not there" exits 1 "no vnet is called 'blue'" alloc explain blue
check "what would fit, and where" exits 0 "600m fits" alloc what-if --power 600m
check "or not, and why" exits 1 "no FE has a free remainder" alloc what-if --power 601m
check "which is JSON too" sh -c "! $BIN/pdp-ctl --run-dir $RUN_DIR -j alloc what-if --power 601m | jq -e '.[0].result == \"placed\"'"
check "of a vnet that is there" exits 0 "red: 900m fits" alloc what-if --power 0.9 --vnet red
check "power that is none" exits 2 "--power 9x: give 1500m (millicores) or 1.5 (cores)" alloc what-if --power 9x
check "nothing to be had from moves" exits 0 "no moves would help: 1 FE is in use" alloc defrag --apply
check "a word too many" exits 2 "alloc defrag takes --apply" alloc defrag now

# --- batches

cat >"$WORK/batch" <<-EOT
	# a vnet and its tunnel
	vnet add green power 100m
	vif add green/v0 port A encap udp local "192.0.2.1:5009" remote '192.0.2.9:5009'
	vnet set green power 9000m
	vnet del green
EOT
check "a batch stops at the first error, and names the line" exits 1 "$WORK/batch:4: vnet green: power 9000m" -b "$WORK/batch"
check "what stands before it is done" json vif 'map(.vnet) | index("green") != null'
sed -i 2,3d "$WORK/batch"
check "-force goes on" exits 1 "$WORK/batch:2: vnet green" -force -b "$WORK/batch"
check "to the end" json vnet 'map(.name) == ["red"]'
check "a batch from stdin" sh -c "echo 'vnet show' | $BIN/pdp-ctl --run-dir $RUN_DIR -b - | grep -q ^red"

# --- events

check "events tell the story" sh -c "$BIN/pdp-ctl --run-dir $RUN_DIR event show | grep -q 'fe set fe1 drain true'"
check "the last ones" [ "$(ctl -j event show 3 | jq length)" -eq 3 ]
ctl event monitor >"$WORK/monitor" 2>&1 &
monitor=$!
ctl -j event monitor >"$WORK/monitor.json" 2>&1 &
monitors="$monitor $!"
followers() {
	[ "$(ss -xH src "$SOCK" | wc -l)" -ge 2 ]
}
wait_for 5 followers
sleep 0.3
ctl vnet set red power 200m >/dev/null
check "monitor shows what happens, with its time" wait_for 5 grep -qE '^[0-9:.]{12} .*vnet set red power 200m' "$WORK/monitor"
check "an object a line under -j" wait_for 5 sh -c "head -n 1 $WORK/monitor.json | jq -e '.number > 0 and .kind == \"apply\"'"
# shellcheck disable=SC2086
kill $monitors 2>/dev/null

# A follower that goes away, and one that never reads, hold up no change.
gone_and_deaf() {
	python3 - "$SOCK" "$BIN/pdp-ctl" "$RUN_DIR" <<-'EOT'
		import socket, subprocess, sys, time
		def follower():
		    s = socket.socket(socket.AF_UNIX)
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
		    s.connect(sys.argv[1])
		    s.send(b"GET /v1/events?follow=1 HTTP/1.1\r\n\r\n")
		    return s
		deaf = follower()
		follower().close()
		for power in ("100m", "200m") * 3:
		    subprocess.run([sys.argv[2], "--run-dir", sys.argv[3], "vnet", "set", "red", "power", power], check=True)
		deaf.close()
	EOT
}
check "followers that do not read hold up no change" gone_and_deaf
quitter() {
	timeout 0.02 "$BIN/pdp-ctl" --run-dir "$RUN_DIR" vnet set red power 500m
	wait_for 5 json vnet '.[0].power_millicores == 500 or .[0].power_millicores == 200'
}
check "who asks for a change may go away" quitter
check "pdpd is well" wait_for 5 ctl vnet set red power 200m
# pdpd sleeps until the request is there, so that it cannot have ended the change when the signal comes.
unread() {
	ss -xaH src "$SOCK" | awk '{ bytes += $3 } END { exit !bytes }'
}
interrupted() {
	local pid pdpd
	pdpd=$(cat "$WORK/$NODE.pid")
	kill -STOP "$pdpd"
	env --default-signal=INT "$BIN/pdp-ctl" --run-dir "$RUN_DIR" vnet set red power 800m >"$WORK/said" 2>&1 &
	pid=$!
	wait_for 5 unread
	sleep 0.3
	kill -CONT "$pdpd"
	for _ in $(seq 500); do
		unread || break
		sleep 0.01
	done
	kill -INT "$pid"
	wait "$pid"
	[ $? -eq 130 ] && grep -q 'pdpd has begun' "$WORK/said"
}
check "who waits for a change is told, on Ctrl-C, that it goes on" interrupted
check "which it does" wait_for 10 json vnet '.[0].power_millicores == 800'
check "and back" wait_for 5 ctl vnet set red power 200m

# --- who may

as() {
	setpriv --reuid 65534 --regid "$(getent group games | cut -d: -f3)" --groups "$1" \
		"$BIN/pdp-ctl" --run-dir "$RUN_DIR" "${@:2}" 2>&1
}
games=$(getent group games | cut -d: -f3)
tape=$(getent group tape | cut -d: -f3)
reads_only() {
	as "$games" vnet show && as "$games" vnet set red power 100m | grep -F "only root and members of the group tape may change anything"
}
check "a reader may look, and is told why no more" reads_only
check "a reader may plan" setpriv --reuid 65534 --regid "$games" --clear-groups curl -s --fail --unix-socket "$SOCK" \
	'http://pdpd/v1/vnets/red?dry_run=1' -X PATCH -d '{"power": "100m"}'
check "an admin may change" as "$games,$tape" vnet set red power 100m

# --- the API as its page tells it

ctl apply -f "$WORK/node.yaml" >/dev/null
examples() {
	local line n=0
	while read -r line; do
		case $line in *follow*) continue ;; esac
		line=${line//\/run\/pdp\/pdpd.sock/$SOCK}
		line=${line//\/tmp\/pdp.yaml/$WORK/pdp.yaml}
		n=$((n + 1))
		sh -c "${line/curl/curl -sS --fail-with-body}" || { echo "failed: $line"; return 1; }
	done < <(sed -n 's/^# \(curl .*\)/\1/p' "$TOP/docs/api.md")
	[ "$n" -ge 12 ]
}
check "every example of docs/api.md does what it says" examples
answers() {
	local want=$1 got
	shift
	got=$(curl -s -o "$WORK/answer" -w '%{http_code}' --unix-socket "$SOCK" "$@")
	[ "$got" = "$want" ] || { echo "$got: $(cat "$WORK/answer")"; return 1; }
}
check "no JSON" answers 400 http://pdpd/v1/vnets -d '{"name":'
check "JSON, but no object" answers 400 http://pdpd/v1/vnets -d '[1]'
check "no such thing" answers 404 http://pdpd/v1/vnets/blue -X DELETE
check "why, of no vnet" answers 400 http://pdpd/v1/alloc/explain
check "why, of a vnet that is not there" answers 404 'http://pdpd/v1/alloc/explain?vnet=blue'
check "what if, of no power" answers 400 http://pdpd/v1/alloc/what-if
check "what if, of a power that is none" answers 400 'http://pdpd/v1/alloc/what-if?power=-1'
check "no such question" answers 404 http://pdpd/v1/alloc/moon
check "no such change" answers 404 http://pdpd/v1/alloc/what-if -X POST
check "nor so" answers 404 http://pdpd/v1/alloc/defrag -X DELETE
check "no such kind" answers 404 http://pdpd/v1/moons -d '{"name": "io"}'
check "there already" answers 409 http://pdpd/v1/vnets -d '{"name": "red", "power": "100m"}'
check "does not fit" answers 409 http://pdpd/v1/vnets -d '{"name": "blue", "power": "899m"}'
generation=$(ctl -j node show | jq '.[0].generation')
check "a stale generation" answers 409 "http://pdpd/v1/vnets/red?generation=$((generation - 1))" -X PATCH -d '{"power": "100m"}'
check "and the one that is" answers 200 "http://pdpd/v1/vnets/red?generation=$generation" -X PATCH -d '{"power": "100m"}'
check "after all that red forwards" forwards

# --- completion, with names from the node

completes() {
	local want=$1
	shift
	PATH=$BIN:$PATH bash -c '
		source <(pdp-ctl completion bash)
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_pdp_ctl
		echo "${COMPREPLY[*]}"' bash pdp-ctl --run-dir "$RUN_DIR" "$@" >"$WORK/completed"
	[ "$(cat "$WORK/completed")" = "$want" ] || { cat "$WORK/completed"; return 1; }
}
check "objects are completed" completes "vnet vif" v
check "commands" completes "drain del" fe d
check "names, asked from the node" completes "red" vnet set re
check "vifs with their vnets" completes "red/v0 red/v1" vif show red/
check "keys" completes "power policy" vnet set red po
check "to the last" completes "memory" vnet set red me
check "and no names where keys are" completes "rebalance" vnet set red re
check "what a key may be" completes "round-robin weighted flow-hash flowlet spray" vnet set red policy ""
finish
