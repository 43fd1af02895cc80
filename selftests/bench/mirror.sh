#!/bin/bash
# A full routing table in a control plane, until its three agents have it; an agent anew; a thousand changes a
# second. Prints figures, asserts nothing but that all agree. docs/fib-mirror.md has some.
#
#   selftests/bench/mirror.sh [ROUTES]

. "$(dirname "$0")/../net/lib.sh"
. "$(dirname "$0")/../net/figure6.sh"

begin "a full table, mirrored"
figure6
BATCH=$WORK/batch
python3 "$(dirname "$0")/table.py" --source made-up ${1:+--routes "$1"} --via 10.1.1.2,v0 --via 10.1.2.2,v1 batch \
	>"$BATCH" || exit
N=$(wc -l <"$BATCH")
{
	node_head
	fes 3 300m
	echo vnets:
	red 900m
	echo "    control-plane: {kind: static, memory: 1G}"
} >"$WORK/node.yaml"
check "the node comes up" node_up "$WORK/node.yaml"
PDPD=$(cat "$WORK/node.pid")
INIT=$(ctl -j guest show | jq -r '.[] | select(.name == "red-cp") | .init_pid')

now() {
	date +%s.%N
}
# since START: seconds.
since() {
	echo "$(now) - $1" | bc
}
# The fewest that an agent has.
routes() {
	curl -s --unix-socket "$RUN_DIR/pdpd.sock" http://pdpd/metrics |
		sed -n 's/^pdp_agent_routes4{.*} //p' | sort -n | head -1
}
all_there() {
	[ "$(routes)" -ge "$N" ]
}
pdpd_figures() {
	awk -v hz="$(getconf CLK_TCK)" -v page="$(getconf PAGESIZE)" \
		'{ printf "# pdpd: %.1f s of CPU, %.0f MB\n", ($14 + $15) / hz, $24 * page / 1e6 }' \
		"/proc/$PDPD/stat"
}
is_ready() {
	ctl -j guest show | jq -e 'all(.[]; .state == "ready")'
}

begun=$(now)
nsenter -t "$INIT" -n ip -batch "$BATCH"
echo "# $N routes into the kernel: $(since "$begun") s"
begun=$(now)
check "all agents have them" wait_for 60 all_there
echo "# after $(since "$begun") s"
pdpd_figures
ctl guest show | sed 's/^/# /'
begun=$(now)
check "and agree" ctl route check red
echo "# checked in $(since "$begun") s"
kill -KILL "$(pgrep -P "$(ctl -j guest show | jq -r '.[] | select(.name == "red-1") | .init_pid')")"
begun=$(now)
sleep 0.2
check "an agent is killed, and another is ready" wait_for 60 is_ready
echo "# after $(since "$begun") s"
check "changes, a thousand a second" python3 "$(dirname "$0")/mirror_lag.py" "$INIT" "$RUN_DIR/pdpd.sock" red "$WORK/lag"
sed 's/^/# /' "$WORK/lag"
check "all agree" ctl route check red
pdpd_figures
finish
