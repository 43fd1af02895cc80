# Figure 10 of the paper: as figure 7, with larger packets.
# shellcheck shell=bash

. "$BENCH_DIR/exp_fig7_forwarding.sh"

fig10_1500_tell() {
	forwarding_tell fig10_1500 "Forwarded, 1500-byte packets" "arrived, packets/s" higher "Figure 10; its values are not given here"
}

fig10_ladder() {
	forwarding_ladder 1472 "${RATES:-10000 100000 200000 400000 0}" fig10_1500 "" "$1"
}

fig10_1500_run() {
	# shellcheck disable=SC2086
	alternating fig10_ladder $FORWARDING_SYSTEMS
}
