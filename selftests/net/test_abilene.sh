#!/bin/bash
# The demo of a network of nodes, in short: eleven nodes, OSPF, TCP across, a link that is cut and mended, and nothing left
# behind. Topology: abilene.sh.

. "$(dirname "$0")/lib.sh"

begin "the Abilene backbone"
command -v vtysh >/dev/null || {
	echo "1..0 # SKIP no FRR here"
	exit 0
}
DEMO_OUT=$WORK DEMO_SECONDS=3 "$TOP/selftests/demo-abilene.sh" >"$WORK/said" 2>&1
status=$?
[ $status -eq 0 ] || sed 's/^/# /' "$WORK/said"
check "it says that all went well" [ $status -eq 0 ]
found() {
	jq . "$WORK/abilene.json"
	jq -e "$1" "$WORK/abilene.json" >/dev/null
}
check "OSPF has converged, and it says in what time" found '.converged_s > 0'
check "a ping takes as long as the fibre is" found '.ping_before_least_ms >= 76 and .ping_before_ms >= .ping_before_least_ms'
check "the cut link's packets go another way" found '.detour | endswith(" sttl host") and (contains("kscy dnvr") | not)'
check "which was found when OSPF had missed the other end" found '.rerouted_s > 1'
check "and is longer" found '.ping_after_least_ms > .ping_before_least_ms'
check "pings were lost meanwhile" found '.lost > 0 and .lost < .sent'
check "TCP crosses it" found '.tcp_mbit_s > 0'
check "all agents had what their kernels have, and the books balanced" found .checked
check "nothing was left behind" found '.left_behind == 0'
check "the series is there" [ "$(grep -cE '^[0-9.]+,[0-9.]+$' "$WORK/abilene.csv")" -ge 20 ]
check "and the picture" grep -q '^ *[0-9]* ms |.*\*' "$WORK/said"
finish
