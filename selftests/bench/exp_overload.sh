# What is still forwarded under ten times overload, for a minute, of what is forwarded at best.
# shellcheck shell=bash
#
# The best is the highest median of a ladder of offered rates around what the FE forwards flat out. What holds it is the power loop,
# which needs some seconds to find its limit: so each step of the ladder is offered for longer, and its last seconds count. It is
# climbed before the minute and after it, for the machine is not the same from one minute to the next.

OVERLOAD_SYSTEM=pdp_fast_1
OVERLOAD_SECONDS=${OVERLOAD_SECONDS:-60}
OVERLOAD_STEP=${OVERLOAD_STEP:-6.5}

overload_tell() {
	jq -n --argjson systems "$(labels_of "$OVERLOAD_SYSTEM")" '
		{figure: "overload", title: "Forwarded under ten times overload, second by second", x: "s", y: "arrived, packets/s", better: "higher",
		 paper: "has no such figure", $systems},
		{figure: "overload_ladder", title: "Forwarded around the peak", x: "offered, packets/s", y: "arrived, packets/s", better: "higher",
		 paper: "has no such figure", $systems}'
}

# overload_ladder FLAT_OUT REPEAT: two repeats, from that one on.
overload_ladder() {
	local tenth rate repeat pps
	for tenth in 10 12 16; do
		rate=$(($1 * tenth / 10)) repeat=$2
		measure "$rate" 46 "$OVERLOAD_STEP" --each-second
		for pps in $(jq '.pps_each_second[-2:][]' "$WORK/sink"); do
			REPEAT=$repeat record overload_ladder "$OVERLOAD_SYSTEM" "$rate" "$pps"
			repeat=$((repeat + 1))
		done
	done
}

overload_run() {
	local second=0 pps flat
	system_up "$OVERLOAD_SYSTEM"
	measure_settled 0 46 "$SECONDS_EACH"
	flat=$PPS
	overload_ladder "$flat" 1
	measure $((flat * 10)) 46 "$OVERLOAD_SECONDS" --each-second
	for pps in $(jq '.pps_each_second[]' "$WORK/sink"); do
		record overload "$OVERLOAD_SYSTEM" $((second += 1)) "$pps"
	done
	record overload "$OVERLOAD_SYSTEM" 0 "$PPS" sent "$SENT" received "$RECEIVED" \
		times "$(jq -n "$SENT / $OVERLOAD_SECONDS / $flat")"
	note "  flat out $flat pps, $PPS of $((SENT / OVERLOAD_SECONDS)) for $OVERLOAD_SECONDS s"
	overload_ladder "$flat" 3
}
