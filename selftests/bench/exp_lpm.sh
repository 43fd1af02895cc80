# Look-ups in the router's tables, and in DPDK's rte_fib (dpdk-test-fib of Debian's dpdk-dev, if it is there), with the same
# full table and the same addresses.
# shellcheck shell=bash
#
# dpdk-test-fib has huge pages where 450 of 2 MiB are free (vm.nr_hugepages), else none.

lpm_tell() {
	cat <<-'EOT'
		{"figure": "lpm", "title": "Look-ups of random addresses", "x": "routes (166,385: IPv6)", "y": "look-ups/s", "better": "higher",
		 "log": "x", "paper": "has no such figure",
		 "systems": {"router": "the router's tables", "rte_fib": "DPDK's rte_fib, DIR-24-8"}}
	EOT
}

lpm_prepare() {
	table_file table.six -6 prefixes
	table_file addresses.full addresses
}

lpm_cpu() {
	taskset -c "$(fe_cpu)" "$@"
}

# By the time-stamp counter, as rte_fib's: cycles of the whole over the counter's rate.
lpm_router() {
	local out
	out=$(lpm_cpu "$BENCH/lpm" "$@") || die "lpm: $*"
	record lpm router "$(jq .routes <<<"$out")" "$(jq ".hz / .cycles | floor" <<<"$out")"
	HZ=$(jq .hz <<<"$out")
	note "  repeat $REPEAT, router: $out"
}

lpm_huge_pages() {
	[ "$(cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages 2>/dev/null || echo 0)" -ge 450 ]
}

lpm_rte_fib() {
	local memory=--no-huge cycles
	! lpm_huge_pages || memory=--in-memory
	cycles=$(dpdk-test-fib -l "$(fe_cpu)" -m 900 --no-pci --no-telemetry $memory -- -f "$WORK/routes" \
		-t "$WORK/addresses" -g 65535 2>&1 | awk '/AVG FIB lookup/ { print $4 }')
	[ -n "$cycles" ] || die "dpdk-test-fib says nothing"
	record lpm rte_fib "$(wc -l <"$WORK/routes")" "$(jq -n "$HZ / $cycles | floor")"
	note "  repeat $REPEAT, rte_fib ($memory): $cycles cycles"
}

lpm_of() {
	case $1 in
	full) lpm_router --table "$WORK/table.full" --addresses "$WORK/addresses" ;;
	rte_fib) lpm_rte_fib ;;
	two) lpm_router --table "$WORK/table.full" --routes 2 ;;
	some) lpm_router --table "$WORK/table.full" --routes 170000 ;;
	six) lpm_router --table "$WORK/table.six" ;;
	esac
}

lpm_run() {
	local peer=rte_fib
	table_file table.full prefixes
	sed '/^#/d' "$WORK/addresses.full" >"$WORK/addresses"
	# As many next hops as lpm has.
	awk '!/^#/ { print $0, 1 + n++ % 40 }' "$WORK/table.full" >"$WORK/routes"
	command -v dpdk-test-fib >/dev/null || peer=
	[ -n "$peer" ] || note "  no dpdk-test-fib (apt-get install dpdk-dev): the router's tables alone"
	# shellcheck disable=SC2086
	alternating lpm_of full $peer two some six
}
