# Where a packet's time goes, flat out: BPF programs by the kernel's own count, all the rest by perf's samples, where there is a
# perf. Apart from the other experiments: both cost some of what they measure.
# shellcheck shell=bash

STAGES_HZ=4999

# No figures: the report has tables of it.
stages_tell() {
	:
}

# The kernel's count of programs' time, over a second of its own. Programs that few packets meet are left out.
stages_programs() {
	local pid
	"$BENCH/progtime" >"$WORK/progtime" 2>"$WORK/progtime.err" &
	pid=$!
	wait_for 5 grep -q counting "$WORK/progtime.err" || die "progtime: $(cat "$WORK/progtime.err")"
	measure 0 46 "$SECONDS_EACH"
	kill "$pid"
	wait "$pid" || die "progtime: $(cat "$WORK/progtime.err")"
	jq --argjson received "$RECEIVED" '[.[] | select(.name | startswith("pdp_")) | .runs /= $received | select(.runs > 0.05)]' \
		"$WORK/progtime" >"$WORK/programs"
}

# perf looks at the middle of a longer flood.
stages_samples() {
	local pid
	echo '[]' >"$WORK/stages"
	command -v perf >/dev/null || return 0
	{
		sleep 0.7
		perf record -q -a -e cpu-clock -F "$STAGES_HZ" -o "$WORK/perf.data" -- sleep 1
	} >"$WORK/perf" 2>&1 &
	pid=$!
	measure 0 46 2.5
	if ! wait "$pid"; then
		note "  no perf: $(tail -n 1 "$WORK/perf")"
		return 0
	fi
	perf report -i "$WORK/perf.data" --stdio -q --no-children -F sample,comm,dso,sym -t '|' 2>/dev/null |
		"$BENCH_DIR/stages.py" "$STAGES_HZ" 1 "$PPS" >"$WORK/stages" || die "perf's samples are not understood"
	rm -f "$WORK/perf.data"
}

stages_of() {
	system_up "$1"
	stages_programs
	stages_samples
	jq -nc --arg system "$1" --arg text "$(system_label "$1")" --argjson pps "$PPS" --slurpfile programs "$WORK/programs" \
		--slurpfile stages "$WORK/stages" '{$system, label: $text, $pps, programs: $programs[0], stages: $stages[0]}' >>"$OUT/stages.jsonl"
}

stages_run() {
	local system
	for system in $(systems_of "pdp_fast pdp_core"); do
		stages_of "$system"
	done
}
