#!/bin/bash
# What a node tells of its changes: an answer with numbers, a history with names, and the way back. No
# topology of its own: figure6.sh, without its hosts.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"

begin "changes are told, remembered and taken back"
figure6
{ node_head; fes 3 300m; echo vnets:; red 300m; } >"$WORK/node.yaml"
# The store's place is not the run directory: it outlives this node's life.
STATE=$WORK/state.db
check "the node comes up" node_up "$WORK/node.yaml" --admin-group tape --group tape --state "$STATE"

# says PATTERN COMMAND...: the last line of what it prints.
says() {
	local pattern=$1
	shift
	"$@" >"$WORK/said" 2>&1 && tail -n 1 "$WORK/said" | grep -E "$pattern" || ! cat "$WORK/said"
}
check "growing says what it made" says '^0 added, 1 changed, 0 removed; 2 guests made, 0 packets dropped meanwhile \([0-9.]+ s\)$' ctl vnet set red power 900m
check "shrinking says what has gone" says '^0 added, 1 changed, 0 removed; 2 gone, 0 packets dropped meanwhile' ctl vnet set red power 300m
check "nothing to do says so" says '^0 added, 0 changed, 0 removed \(' ctl vnet set red power 300m
check "an answer for programs has the numbers" [ "$(ctl -j vnet set red power 600m | jq -c '.[0] | [.guests_made, .guests_gone, .dropped_packets]')" = '[1,0,0]' ]

as_admin() {
	setpriv --reuid 65534 --regid "$(getent group tape | cut -d: -f3)" --clear-groups \
		"$BIN/pdp-ctl" --run-dir "$RUN_DIR" "$@"
}
check "another user changes something" as_admin vnet set red policy weighted
check "readers see the history" as_admin node history
history() {
	ctl -j node history | jq -c 'map([.generation, .uid, .kept, .change])'
}
NODE_FILE='[1,0,true,"the node comes up"]'
check "who did what is known" [ "$(history)" = "[$NODE_FILE,[2,0,true,\"vnet set red power 900m\"],[3,0,true,\"vnet set red power 300m\"],[4,0,true,\"vnet set red power 600m\"],[5,65534,true,\"vnet set red policy weighted\"]]" ]
ctl node history >"$WORK/history"
check "by name for people" grep -Eq '^ *5 +[0-9-]+ [0-9:]+ +nobody +yes +vnet set red policy weighted$' "$WORK/history"
check "in 100 columns" [ "$(wc -L <"$WORK/history")" -le 100 ]
check "the last two alone" [ "$(ctl -j node history 2 | jq -c 'map(.generation)')" = '[4,5]' ]
fails "a word that is no number" ctl node history red

# --- back

ctl export --generation 2 >"$WORK/second.yaml"
check "what it was can be had" grep -q 'power: 900m' "$WORK/second.yaml"
check "as a node file" says '^0 to add, 1 to change, 0 to remove$' sh -c "'$BIN/pdp-ctl' --run-dir '$RUN_DIR' plan -f '$WORK/second.yaml'; [ \$? -eq 4 ]"
check "and applied" ctl apply -f "$WORK/second.yaml"
check "which makes the node that" [ "$(ctl export)" = "$(cat "$WORK/second.yaml")" ]
check "the generation of now is the node" [ "$(ctl export --generation 6)" = "$(ctl export)" ]
refused() {
	"$@" >"$WORK/said" 2>&1 && return 1
	grep -q 'generation 9 of the node is not kept; pdp-ctl node history tells which are' "$WORK/said" || ! cat "$WORK/said"
}
check "one that never was is refused" refused ctl export --generation 9
fails "so is what is no number" ctl export --generation last

# --- past pdpd's end

pdpd_killed
check "pdpd comes again" node_up "" --state "$STATE"
check "and remembers" [ "$(history | jq -c 'map(.[0])')" = '[1,2,3,4,5,6]' ]
check "what it was is still to be had" [ "$(ctl export --generation 2)" = "$(cat "$WORK/second.yaml")" ]

# --- how far it is, on a terminal alone: a pdpd that takes its time, and says so

mkdir "$WORK/slow"
background node python3 "$TOP/selftests/net/slow_pdpd.py" "$WORK/slow/pdpd.sock"
wait_for 5 [ -S "$WORK/slow/pdpd.sock" ]
script -qec "'$BIN/pdp-ctl' --run-dir '$WORK/slow' apply -f '$WORK/node.yaml'" /dev/null >"$WORK/seen" </dev/null
check "a line tells how far it is" grep -q '12/50 guests ready' "$WORK/seen"
check "and is wiped in the end" sh -c "tail -n 1 '$WORK/seen' | grep -q \"\$(printf '\\r\\033\\[K')1 added, 0 changed, 0 removed\""
"$BIN/pdp-ctl" --run-dir "$WORK/slow" apply -f "$WORK/node.yaml" >"$WORK/seen" 2>&1
check "in a pipe there is none" [ "$(cat "$WORK/seen")" = "1 added, 0 changed, 0 removed (3.0 s)" ]
finish
