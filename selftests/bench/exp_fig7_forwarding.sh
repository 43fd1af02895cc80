# Figures 7 and 8 of the paper: packets forwarded, and lost, over the load that is offered. 64-byte packets, as others
# call them, are 46 bytes of inner IP (README.md).
# shellcheck shell=bash

# forwarding_tell FIGURE TITLE Y BETTER PAPER SYSTEMS
forwarding_tell() {
	jq -n --arg figure "$1" --arg title "$2" --arg y "$3" --arg better "$4" --arg paper "$5" \
		--argjson systems "$(labels_of "$(systems_of "$6")")" \
		'{$figure, $title, $y, $better, $paper, x: "offered, packets/s", flat_out: true, $systems}'
}

# forwarding_ladder SIZE RATES FIGURE FIGURE_OF_LOSS SYSTEM; the latter figure may be "". What targets rest on is flat out,
# and takes its time; the steps that draw the curve are short.
forwarding_ladder() {
	local size=$1 rates=$2 figure=$3 lost=$4 system=$5 rate seconds said=
	# What only scales, differs in nothing from another, or needs time to settle has no curve.
	case $system in
	pdp_fast2 | pdp_fast_[123] | af_packet) rates=0 ;;
	esac
	for rate in $rates; do
		seconds=$SECONDS_EACH
		[ "$rate" -eq 0 ] || seconds=$(awk "BEGIN { print $SECONDS_EACH * 0.4 }")
		measure_settled "$rate" "$size" "$seconds"
		record "$figure" "$system" "$rate" "$PPS" sent "$SENT" received "$RECEIVED"
		[ -z "$lost" ] || record "$lost" "$system" "$rate" "$LOSS" sent "$SENT" received "$RECEIVED"
		said="$said $PPS"
	done
	note "  repeat $REPEAT, $system:$said"
}

fig7_forwarding_systems() {
	echo "$ALL_SYSTEMS"
}

fig7_forwarding_tell() {
	forwarding_tell fig7_forwarding "Forwarded, 64-byte packets" "arrived, packets/s" higher \
		"Figure 7; its values are not given here" "$ALL_SYSTEMS"
	forwarding_tell fig8_loss "Lost, 64-byte packets" "lost, of what was offered" lower \
		"Figure 8; its values are not given here" "$ALL_SYSTEMS"
}

fig7_forwarding_of() {
	forwarding_ladder 46 "${RATES:-10000 200000 500000 1100000 0}" fig7_forwarding fig8_loss "$1"
}
