#!/bin/bash
# What pdpd must refuse: each time it says what is wrong, where and with which numbers, exits with 1,
# and has made nothing. Topology: figure6.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"

begin "refusals say what is wrong and leave nothing"
figure6

# refused "what" PATTERN: pdpd on $WORK/node.yaml must fail, with PATTERN in what it says.
refused() {
	local what=$1 pattern=$2
	shift 2
	on node timeout 20 "$BIN/pdpd" --config "$WORK/node.yaml" --run-dir "$RUN_DIR" --pins "$PINS" \
		--agent "$BIN/pdp-fe-agent" "$@" >"$WORK/said" 2>&1
	local status=$?
	check "$what: exit code 1" [ $status -eq 1 ]
	check "$what: says so" grep -Eq "$pattern" "$WORK/said"
	check "$what: nothing was made" nothing_made
	[ $TAP_BAD -eq 0 ] || sed 's/^/# said: /' "$WORK/said"
}
nothing_made() {
	[ ! -e "$RUN_DIR/pdpd.sock" ] && ! on node ip -d link show | grep -qE 'pdpfe|name pdp_(classify|dispatch|vif_out)'
}

{ node_head; fes 1 200m; echo vnets:; red 200m; } | sed 's/policy:/polcy:/' >"$WORK/node.yaml"
refused "an unknown key" "node.yaml:[0-9]+:.*polcy.*did you mean 'policy'"

{ node_head; fes 1 200m; echo vnets:; red 200m; } | sed 's/ethB/eth9/' >"$WORK/node.yaml"
refused "a port that is not there" "port B.*eth9"

{ node_head; fes 2 200m; echo vnets:; red 400m; green 200m; } >"$WORK/node.yaml"
refused "more power than there is" "green.*200m"

{ node_head; fes 2 200m; echo vnets:; red 200m; green 200m; } | sed 's/5002/5001/; s/2001:db8:1::1\]/192.0.2.1/; s/"\[192/"192/' >"$WORK/node.yaml"
refused "two vnets on one tunnel" "node.yaml:[0-9]+:"

{ node_head; fes 1 200m; echo vnets:; red 200m; } >"$WORK/node.yaml"
on node "$BIN/pdp-loader" --root "$PINS-other" attach pass alien ethA >/dev/null
refused "a foreign XDP program" "port A.*ethA.*pdp_pass.*--force"
on node "$BIN/pdp-loader" --root "$PINS-other" purge
refused "an agent that is not there" "no-such-agent" --agent /no-such-agent

check "two CLI words that mean nothing: exit code 2" [ "$(ctl frobnicate >/dev/null 2>&1; echo $?)" -eq 2 ]
check "no pdpd: exit code 3" [ "$(ctl node show >/dev/null 2>&1; echo $?)" -eq 3 ]
finish
