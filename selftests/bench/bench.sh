#!/bin/bash
# The experiments of the paper's evaluation, PdP beside what else there is: `make bench` (root).
#
#   BENCH=fig7,alloc selftests/bench/bench.sh     those whose names begin so; all by default
#   REPEATS=5 SECONDS_EACH=1                      how often, how long each point
#   SYSTEMS, RATES, VNETS, PACKETS                less than all, to try something: see exp_*.sh
#
# An experiment is a file exp_NAME.sh beside this one. It has the functions NAME_tell, which says in JSON what it is
# (see report.py), and NAME_run, which calls `record` for each value that it measures. Systems alternate: each repeat goes
# through all of them. Writes build/bench/: raw.jsonl as it goes, and from that results.json, a CSV and an
# SVG for each figure, and report.html. Topology: net/figure6.sh.

BENCH_DIR=$(cd "$(dirname "$0")" && pwd)
. "$BENCH_DIR/../net/lib.sh"
. "$BENCH_DIR/../net/figure6.sh"
. "$BENCH_DIR/systems.sh"

REPEATS=${REPEATS:-5}
SECONDS_EACH=${SECONDS_EACH:-1}
OUT=${OUT:-$TOP/build/bench}

die() {
	echo "bench: $*" >&2
	exit 1
}

# chosen NAME: does BENCH name it, or nothing?
chosen() {
	local word
	[ -n "${BENCH_ONLY:-}" ] || return 0
	for word in ${BENCH_ONLY//,/ }; do
		case $1 in "$word"*) return 0 ;; esac
	done
	return 1
}

# record FIGURE SYSTEM X VALUE [KEY VALUE]...: a measured value, and numbers that belong to it.
record() {
	local figure=$1 system=$2 x=$3 value=$4
	shift 4
	jq -nc --arg figure "$figure" --arg system "$system" --argjson x "$x" --argjson value "$value" \
		--argjson repeat "${REPEAT:-1}" --args \
		'[$ARGS.positional as $a | range(0; $a | length; 2) | {key: $a[.], value: ($a[. + 1] | tonumber)}] | from_entries
			| {$figure, $system, $x, $repeat, $value} + .' "$@" >>"$OUT/raw.jsonl" ||
		die "figure $figure, system $system: '$value' is no number"
}

# note TEXT...: a line for who waits.
note() {
	printf '%s  %s\n' "$(date +%T)" "$*" >&2
}

# alternating FUNCTION SYSTEM...: FUNCTION SYSTEM for each of them, REPEATS times, $REPEAT counts.
alternating() {
	local fn=$1 system
	shift
	for REPEAT in $(seq "$REPEATS"); do
		for system in "$@"; do
			"$fn" "$system"
		done
	done
}

# The machine and what was used, as JSON.
machine() {
	jq -n --arg kernel "$(uname -r)" --arg machine "$(uname -m)" --argjson cpus "$(nproc)" \
		--arg cpu "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)" \
		--argjson memory "$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)" \
		--arg pdp "$("$BIN/pdpd" --version | head -n 1)" \
		--arg commit "$(git -C "$TOP" rev-parse --short HEAD 2>/dev/null)" \
		--arg libbpf "$(pkg-config --modversion libbpf)" --arg libxdp "$(pkg-config --modversion libxdp)" \
		--arg clang "$(clang --version | head -n 1)" \
		'{cpu: $cpu, cpus: $cpus, memory_mib: $memory, kernel: $kernel, machine: $machine,
			versions: {pdp: $pdp, commit: $commit, libbpf: $libbpf, libxdp: $libxdp, clang: $clang}}'
}

names=()
while read -r file; do
	name=${file##*/exp_}
	name=${name%.sh}
	chosen "$name" || continue
	names+=("$name")
	# shellcheck disable=SC1090
	. "$file"
done < <(find "$BENCH_DIR" -name 'exp_*.sh' | sort -V)
[ ${#names[@]} -gt 0 ] || die "no experiment begins with any of '$BENCH_ONLY'; there are $(cd "$BENCH_DIR" && echo exp_*.sh)"

rm -rf "$OUT"
mkdir -p "$OUT"
: >"$OUT/raw.jsonl"
begin "bench" >/dev/null
figure6 || die "the namespaces could not be made"
machine >"$OUT/machine.json" || die "the machine cannot be described"
started=$(date -u +%FT%TZ)
for name in "${names[@]}"; do
	note "$name"
	"${name}_tell" >>"$OUT/figures.jsonl"
	"${name}_run" || die "$name failed"
done
system_down
jq -n --arg started "$started" --argjson took "$SECONDS" --argjson repeats "$REPEATS" \
	--argjson seconds "$SECONDS_EACH" --arg only "${BENCH_ONLY:-}" \
	'{started: $started, took_s: $took, repeats: $repeats, seconds_each: $seconds,
		command: "sudo make bench\(if $only == "" then "" else " BENCH=\($only)" end)"}' >"$OUT/run.json"
python3 "$BENCH_DIR/report.py" "$OUT" || die "no report"
