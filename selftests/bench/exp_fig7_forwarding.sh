# Figures 7 to 10 of the paper: packets forwarded, and lost, over the load that is offered. By size: 64-byte packets, as others
# call them, are 46 bytes of inner IP (README.md); the largest fits a tunnel over a port of MTU 1500.
# shellcheck shell=bash

FORWARDING_SYSTEMS=${SYSTEMS:-pdp_1 pdp_2 pdp_3 pdp_core ip_forward redirect}

# forwarding_tell FIGURE TITLE Y BETTER PAPER
forwarding_tell() {
	jq -n --arg figure "$1" --arg title "$2" --arg y "$3" --arg better "$4" --arg paper "$5" \
		'{$figure, $title, $y, $better, $paper, x: "offered, packets/s", flat_out: true,
			systems: {pdp_1: "PdP, 1 FE of 20 % of a CPU", pdp_2: "PdP, 2 FEs of 20 %", pdp_3: "PdP, 3 FEs of 20 %",
				pdp_core: "PdP, 1 FE of a whole CPU", ip_forward: "Linux ip_forward", redirect: "bare XDP redirect"}}'
}

# forwarding_ladder SIZE RATES FIGURE FIGURE_OF_LOSS SYSTEM; the latter figure may be ""
forwarding_ladder() {
	local size=$1 rates=$2 figure=$3 lost=$4 system=$5 rate said=
	system_up "$system"
	for rate in $rates; do
		measure "$rate" "$size"
		record "$figure" "$system" "$rate" "$PPS" sent "$SENT" received "$RECEIVED"
		[ -z "$lost" ] || record "$lost" "$system" "$rate" "$LOSS" sent "$SENT" received "$RECEIVED"
		said="$said $PPS"
	done
	note "  repeat $REPEAT, $system:$said"
}

fig7_forwarding_tell() {
	forwarding_tell fig7_forwarding "Forwarded, 64-byte packets" "arrived, packets/s" higher "Figure 7; its values are not given here"
	forwarding_tell fig8_loss "Lost, 64-byte packets" "lost, of what was offered" lower "Figure 8; its values are not given here"
}

fig7_ladder() {
	forwarding_ladder 46 "${RATES:-10000 100000 200000 400000 600000 800000 1100000 0}" fig7_forwarding fig8_loss "$1"
}

fig7_forwarding_run() {
	# shellcheck disable=SC2086
	alternating fig7_ladder $FORWARDING_SYSTEMS
}
