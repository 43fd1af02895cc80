# Figures 7 and 8 of the paper: 64-byte packets forwarded, and lost, over the load that is offered.
# shellcheck shell=bash

FIG7_SYSTEMS=${SYSTEMS:-pdp_1 pdp_2 pdp_3 pdp_core ip_forward redirect}
FIG7_RATES=${RATES:-10000 100000 200000 400000 600000 800000 1100000 0}

fig7_forwarding_tell() {
	cat <<-'EOT'
		{"figure": "fig7_forwarding", "title": "Forwarded, 64-byte packets", "x": "offered, packets/s", "y": "arrived, packets/s",
		 "flat_out": true, "better": "higher", "paper": "Figure 7; its values are not given here",
		 "systems": {"pdp_1": "PdP, 1 FE of 20 % of a CPU", "pdp_2": "PdP, 2 FEs of 20 %", "pdp_3": "PdP, 3 FEs of 20 %",
		  "pdp_core": "PdP, 1 FE of a whole CPU", "ip_forward": "Linux ip_forward", "redirect": "bare XDP redirect"}}
		{"figure": "fig8_loss", "title": "Lost, 64-byte packets", "x": "offered, packets/s", "y": "lost, of what was offered",
		 "flat_out": true, "better": "lower", "paper": "Figure 8; its values are not given here",
		 "systems": {"pdp_1": "PdP, 1 FE of 20 % of a CPU", "pdp_2": "PdP, 2 FEs of 20 %", "pdp_3": "PdP, 3 FEs of 20 %",
		  "pdp_core": "PdP, 1 FE of a whole CPU", "ip_forward": "Linux ip_forward", "redirect": "bare XDP redirect"}}
	EOT
}

fig7_ladder() {
	local rate said=
	system_up "$1"
	for rate in $FIG7_RATES; do
		measure "$rate" 46
		record fig7_forwarding "$1" "$rate" "$PPS" sent "$SENT" received "$RECEIVED"
		record fig8_loss "$1" "$rate" "$LOSS" sent "$SENT" received "$RECEIVED"
		said="$said $PPS"
	done
	note "  repeat $REPEAT, $1:$said"
}

fig7_forwarding_run() {
	# shellcheck disable=SC2086
	alternating fig7_ladder $FIG7_SYSTEMS
}
