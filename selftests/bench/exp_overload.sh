# What is still forwarded under ten times overload, for a minute, of what is forwarded at best.
# shellcheck shell=bash
#
# Without its fast half PdP is overloaded for a sixth of that. The best is the highest median of a ladder of offered rates around
# what one FE forwards flat out.

OVERLOAD_SYSTEMS="pdp_fast_1 pdp_1"
OVERLOAD_SECONDS=${OVERLOAD_SECONDS:-60}

overload_tell() {
	jq -n --argjson systems "$(labels_of "$(systems_of "$OVERLOAD_SYSTEMS")")" '
		{figure: "overload", title: "Forwarded under ten times overload, second by second", x: "s", y: "arrived, packets/s", better: "higher",
		 paper: "has no such figure", $systems},
		{figure: "overload_ladder", title: "Forwarded around the peak", x: "offered, packets/s", y: "arrived, packets/s", better: "higher",
		 paper: "has no such figure", $systems}'
}

overload_ladder() {
	local tenth rate
	for tenth in 10 12 16; do
		rate=$((OVERLOAD_FLAT * tenth / 10))
		measure "$rate" 46 "$SECONDS_EACH"
		record overload_ladder "$1" "$rate" "$PPS" sent "$SENT" received "$RECEIVED"
	done
}

overload_of() {
	local second=0 pps seconds=$OVERLOAD_SECONDS
	[ "$1" = pdp_fast_1 ] || seconds=$((OVERLOAD_SECONDS / 6))
	system_up "$1"
	settle 0 46
	measure 0 46 "$SECONDS_EACH"
	OVERLOAD_FLAT=$PPS
	alternating overload_ladder "$1"
	measure $((OVERLOAD_FLAT * 10)) 46 "$seconds" --each-second
	for pps in $(jq '.pps_each_second[]' "$WORK/sink"); do
		record overload "$1" $((second += 1)) "$pps"
	done
	record overload "$1" 0 "$PPS" sent "$SENT" received "$RECEIVED" times "$(jq -n "$SENT / $seconds / $OVERLOAD_FLAT")"
	note "  $1: flat out $OVERLOAD_FLAT pps, $PPS of $((SENT / seconds)) for $seconds s"
}

overload_run() {
	local system
	for system in $(systems_of "$OVERLOAD_SYSTEMS"); do
		overload_of "$system"
	done
}
