#!/bin/bash
# lpm: look-ups per second in the router's tables, and against DPDK's rte_fib (dpdk-test-fib, Debian's
# dpdk-dev) with the same full IPv4 table and the same addresses. The two alternate. Writes
# build/bench-lpm.json: medians, lowest and highest of ROUNDS rounds; ratio = rte_fib's cycles a look-up over ours.
#
# dpdk-test-fib has huge pages where 450 of 2 MiB are free (vm.nr_hugepages), else none.

set -eu
TOP=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=$TOP/build
ROUNDS=${ROUNDS:-7}
CPU=${CPU:-$(($(nproc) - 1))}
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

table() {
	"$TOP/selftests/bench/table.py" "$@"
}

ours() {
	taskset -c "$CPU" "$BUILD/selftests/bench/lpm" "$@"
}

huge_pages() {
	[ "$(cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages 2>/dev/null || echo 0)" -ge 450 ]
}

# Cycles of a look-up; its best kind of look-up is the one it takes by itself.
theirs() {
	dpdk-test-fib -l "$CPU" -m 900 --no-pci --no-telemetry "$@" -- -f "$WORK/routes" \
		-t "$WORK/addresses" -g 65535 2>&1 | awk '/AVG FIB lookup/ { print $4 }'
}

# summary FILE: median, lowest and highest of numbers, one a line.
summary() {
	jq -s 'sort | {median: .[length / 2 | floor], min: .[0], max: .[-1]}' "$1"
}

table prefixes >"$WORK/table"
table -6 prefixes >"$WORK/table6"
table addresses | sed '/^#/d' >"$WORK/addresses"
# As many next hops as lpm has.
awk '!/^#/ { print $0, 1 + n++ % 40 }' "$WORK/table" >"$WORK/routes"

memory=--no-huge
! huge_pages || memory=--in-memory
peer=true
command -v dpdk-test-fib >/dev/null || peer=false
$peer || echo "lpm: no dpdk-test-fib (apt-get install dpdk-dev): the router's tables alone" >&2

for _ in $(seq "$ROUNDS"); do
	ours --table "$WORK/table" --addresses "$WORK/addresses" >>"$WORK/ours"
	! $peer || theirs $memory >>"$WORK/theirs"
	ours --table "$WORK/table" --routes 2 >>"$WORK/two"
	ours --table "$WORK/table" --routes 170000 >>"$WORK/some"
	ours --table "$WORK/table6" >>"$WORK/six"
done

# what FILE: an object of summaries.
what() {
	local key
	for key in routes cycles lookups_per_s build_s memory_mib; do
		jq ".$key" "$1" >"$WORK/column"
		summary "$WORK/column" | jq "{$key: .}"
	done | jq -s 'add | .routes = .routes.median'
}

touch "$WORK/theirs"
jq -n --argjson full "$(what "$WORK/ours")" --argjson two "$(what "$WORK/two")" \
	--argjson some "$(what "$WORK/some")" --argjson six "$(what "$WORK/six")" \
	--argjson peer "$(summary "$WORK/theirs")" --arg memory "$memory" \
	--arg source "$(head -n1 "$WORK/table")" \
	--arg cpu "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n1)" '
	{cpu: $cpu, table: $source, ipv4: [$two, $some, $full], ipv6: [$six]} +
	if $peer.median then {rte_fib_cycles: $peer, rte_fib_memory: $memory,
		ratio: ($peer.median / $full.cycles.median * 100 | round / 100)} else {} end' \
	>"$BUILD/bench-lpm.json"
cat "$BUILD/bench-lpm.json"
