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

mkdir -p "$RUN_DIR"
echo "no store" >"$RUN_DIR/state.db"
refused "the node file's fault comes before the store's" "node.yaml:[0-9]+:.*polcy.*did you mean 'policy'"
{ node_head; fes 1 200m; echo vnets:; red 200m; } >"$WORK/node.yaml"
refused "the store's fault" "state.db is corrupt"
check "and it is left as it is" grep -q "no store" "$RUN_DIR/state.db"
rm -r "$RUN_DIR"

{ node_head; fes 1 200m; echo "  - {name: far, cpus: \"0,8000\", capacity: 100m}"; echo vnets:; red 200m; } >"$WORK/node.yaml"
refused "a CPU that is not there" "node.yaml:[0-9]+: fe far: there is no CPU 8000; this machine has 0"

{ node_head; fes 1 200m; echo vnets:; red 200m; } | sed 's/ethB/eth9/' >"$WORK/node.yaml"
refused "a port that is not there" "port B.*eth9"

# As on a machine where nobody has installed it: /var/lib is empty there.
usual_place() {
	on node unshare -m sh -c "mount -t tmpfs none /var/lib && ! timeout 20 '$BIN/pdpd' --config '$WORK/node.yaml' \
		--run-dir '$RUN_DIR' --pins '$PINS' --agent '$BIN/pdp-fe-agent' --state /var/lib/pdp/state.db && \
		ls -ld /var/lib/pdp" >"$WORK/said" 2>&1
	grep -q '^drwx------.*/var/lib/pdp$' "$WORK/said" && grep -q 'port B.*eth9' "$WORK/said" || ! cat "$WORK/said"
}
check "the store's usual place is made if it is not there" usual_place

{ node_head; fes 2 200m; echo vnets:; red 400m; green 200m; } >"$WORK/node.yaml"
refused "more power than there is" "green.*200m"

{ node_head; fes 2 200m; echo vnets:; red 200m; green 200m; } | sed 's/5002/5001/; s/2001:db8:1::1\]/192.0.2.1/; s/"\[192/"192/' >"$WORK/node.yaml"
refused "two vnets on one tunnel" "node.yaml:[0-9]+:"

# with_control CONTROL: red with this control plane.
with_control() {
	{ node_head; fes 1 200m; echo vnets:; red 200m; echo "    control-plane: {$1}"; } >"$WORK/node.yaml"
}
with_control "kind: frr, config: $WORK/nowhere"
refused "a control plane's directory that is not there" "node.yaml:[0-9]+: vnet red: control-plane config $WORK/nowhere: No such file or directory"
with_control "kind: bird, config: $WORK/node.yaml"
refused "one that is a file" "node.yaml:[0-9]+: vnet red: control-plane config $WORK/node.yaml: Not a directory"
with_control "kind: command, command: /usr/sbin/no-such-daemon -x"
refused "a command that is not there" "node.yaml:[0-9]+: vnet red: control-plane command /usr/sbin/no-such-daemon: No such file or directory"

{ node_head; fes 1 200m; echo vnets:; red 200m; } >"$WORK/node.yaml"
on node "$BIN/pdp-loader" --root "$PINS-other" attach pass alien ethA >/dev/null
refused "a foreign XDP program" "port A.*ethA.*pdp_pass.*--force"
on node "$BIN/pdp-loader" --root "$PINS-other" purge
refused "an agent that is not there" "no-such-agent" --agent /no-such-agent

check "two CLI words that mean nothing: exit code 2" [ "$(ctl frobnicate >/dev/null 2>&1; echo $?)" -eq 2 ]
check "no pdpd: exit code 3" [ "$(ctl node show >/dev/null 2>&1; echo $?)" -eq 3 ]
finish
