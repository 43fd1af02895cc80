#!/bin/bash
# The experiments of the paper's evaluation, PdP beside what else there is: `make bench` (root).
#
#   BENCH=fig7,alloc selftests/bench/bench.sh     those that have a figure whose name begins so; all by default
#   REPEATS=5 SECONDS_EACH=0.5                  how often, how long each point that a target rests on
#   CLICK=FILE                                    user-mode Click, to be measured besides
#   SYSTEMS, RATES, VNETS, PACKETS                less than all, to try something: see exp_*.sh
#
# An experiment is a file exp_NAME.sh beside this one. It has NAME_tell, which describes its figures in JSON (see
# report.py), and calls `record` for each value that it measures. It has either NAME_run, or NAME_systems and NAME_of:
# what is measured of one system of systems.sh, for those experiments that share them. Systems alternate: each repeat goes
# through all of them. It may have NAME_prepare: what it needs that nobody measures, made beside what others need. Writes build/bench/: raw.jsonl as it goes, and from that results.json, a CSV and an SVG for
# each figure, and report.html. Topology: net/figure6.sh.

BENCH_DIR=$(cd "$(dirname "$0")" && pwd)
. "$BENCH_DIR/../net/lib.sh"
. "$BENCH_DIR/../net/figure6.sh"

REPEATS=${REPEATS:-5}
SECONDS_EACH=${SECONDS_EACH:-0.5}
OUT=${OUT:-$TOP/build/bench}
declare -A TOOK=()

die() {
	echo "bench: $*" >&2
	exit 1
}

. "$BENCH_DIR/systems.sh"

# chosen NAME: does BENCH name one of its figures, or nothing?
chosen() {
	local word figure
	[ -n "${BENCH_ONLY:-}" ] || return 0
	for figure in "$1" $("${1}_tell" | jq -r .figure); do
		for word in ${BENCH_ONLY//,/ }; do
			case $figure in "$word"*) return 0 ;; esac
		done
	done
	return 1
}

# is_number TEXT: as JSON has them
is_number() {
	[[ $1 =~ ^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$ ]]
}

# record FIGURE SYSTEM X VALUE [KEY VALUE]...: a measured value, and numbers that belong to it. Without jq, which takes as long to
# start as a short point to measure.
record() {
	local line figure=$1 system=$2
	printf -v line '{"figure":"%s","system":"%s","repeat":%d' "$1" "$2" "${REPEAT:-1}"
	set -- x "$3" value "${@:4}"
	while [ $# -gt 0 ]; do
		is_number "$2" || die "figure $figure, system $system: $1 '$2' is no number"
		line="$line,\"$1\":$2"
		shift 2
	done
	echo "$line}" >>"$OUT/raw.jsonl"
}

# table_file NAME ARGUMENT...: what table.py says, in $WORK/NAME; asked once, for it takes ten seconds.
table_file() {
	local name=$1
	shift
	[ -s "$WORK/$name" ] || "$BENCH_DIR/table.py" "$@" >"$WORK/$name" || die "table.py $* has no table"
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

# timed NAME COMMAND...: the time that it took is NAME's.
timed() {
	local name=$1 since=${EPOCHREALTIME/./}
	shift
	"$@" || die "$name failed"
	TOOK[$name]=$((${TOOK[$name]:-0} + ${EPOCHREALTIME/./} - since))
}

prepare() {
	local name pids=()
	for name in "${told[@]}"; do
		declare -F "${name}_prepare" >/dev/null || continue
		"${name}_prepare" &
		pids+=($!)
	done
	for name in "${pids[@]}"; do
		wait "$name" || return 1
	done
}

# All experiments that one system is in, while it is up.
one_system() {
	local name
	timed "systems up and down" system_up "$1"
	for name in "${of_systems[@]}"; do
		case " $("${name}_systems") " in *" $1 "*) timed "$name" "${name}_of" "$1" ;; esac
	done
}

each_system() {
	local name systems=
	for name in "${of_systems[@]}"; do
		systems="$systems $("${name}_systems")"
	done
	# In the order of ALL_SYSTEMS, each once.
	mapfile -t systems < <(for name in $ALL_SYSTEMS; do case "$systems " in *" $name "*) systems_of "$name" ;; esac; done)
	note "${of_systems[*]}: ${systems[*]}"
	alternating one_system "${systems[@]}"
	system_down
}

# The machine and what was used, as JSON.
machine() {
	jq -n --arg kernel "$(uname -r)" --arg machine "$(uname -m)" --argjson cpus "$(nproc)" \
		--arg cpu "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)" \
		--argjson memory "$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)" \
		--arg pdp "$("$BIN/pdpd" --version | head -n 1)" \
		--arg commit "$(git -C "$TOP" rev-parse --short HEAD 2>/dev/null)" \
		--arg libbpf "$(pkg-config --modversion libbpf)" --arg libxdp "$(pkg-config --modversion libxdp)" \
		--arg clang "$(clang --version | head -n 1)" --arg iperf3 "$(iperf3 --version | head -n 1)" \
		--arg dpdk "$(dpkg-query -W -f '${Version}' dpdk 2>/dev/null)" \
		--arg click "$([ -z "${CLICK:-}" ] || "$CLICK" --version | head -n 1)" \
		'{cpu: $cpu, cpus: $cpus, memory_mib: $memory, kernel: $kernel, machine: $machine,
			versions: ({pdp: $pdp, commit: $commit, libbpf: $libbpf, libxdp: $libxdp, clang: $clang, iperf3: $iperf3,
				dpdk: $dpdk, click: $click} | with_entries(select(.value != "")))}'
}

# What of it was said, and how long it took, as JSON.
run_told() {
	local name
	for name in "${!TOOK[@]}"; do
		jq -n --arg name "$name" --argjson us "${TOOK[$name]}" '{($name): ($us / 1e6)}'
	done | jq -s --arg started "$started" --argjson took "$SECONDS" --argjson repeats "$REPEATS" \
		--argjson seconds "$SECONDS_EACH" --arg only "${BENCH_ONLY:-}" --arg click "${CLICK:-}" --argjson late "$SOURCE_LATE" --arg fast_off "$FAST_OFF" \
		'{started: $started, took_s: $took, took_s_each: add, repeats: $repeats, seconds_each: $seconds, source_late: $late, fast_half_off: $fast_off,
			command: "sudo make bench\(if $only == "" then "" else " BENCH=\($only)" end)\(if $click == "" then "" else " CLICK=\($click)" end)"}'
}

[ -z "${CLICK:-}" ] || [ -x "$CLICK" ] || die "CLICK=$CLICK is no program"
names=()
of_systems=()
told=()
while read -r file; do
	name=${file##*/exp_}
	name=${name%.sh}
	# shellcheck disable=SC1090
	. "$file"
	chosen "$name" || continue
	told+=("$name")
	if declare -F "${name}_systems" >/dev/null; then of_systems+=("$name"); else names+=("$name"); fi
done < <(find "$BENCH_DIR" -name 'exp_*.sh' | sort -V)
[ ${#told[@]} -gt 0 ] ||
	die "no experiment has a figure that begins with any of '$BENCH_ONLY'; there are $(cd "$BENCH_DIR" && echo exp_*.sh)"

rm -rf "$OUT"
mkdir -p "$OUT"
: >"$OUT/raw.jsonl"
begin "bench" >/dev/null
figure6 || die "the namespaces could not be made"
machine >"$OUT/machine.json" || die "the machine cannot be described"
started=$(date -u +%FT%TZ)
for name in "${told[@]}"; do
	"${name}_tell" >>"$OUT/figures.jsonl"
done
timed "tables and simulations" prepare
[ ${#of_systems[@]} -eq 0 ] || each_system
for name in "${names[@]}"; do
	note "$name"
	timed "$name" "${name}_run"
done
system_down
run_told >"$OUT/run.json"
"$BENCH_DIR/report.py" "$OUT" || die "no report"
