# Figure 9 of the paper: as figure 7, with larger packets.
# shellcheck shell=bash

. "$BENCH_DIR/exp_fig7_forwarding.sh"

fig9_512_tell() {
	forwarding_tell fig9_512 "Forwarded, 512-byte packets" "arrived, packets/s" higher "Figure 9; its values are not given here"
}

fig9_ladder() {
	forwarding_ladder 494 "${RATES:-10000 100000 200000 400000 0}" fig9_512 "" "$1"
}

fig9_512_run() {
	# shellcheck disable=SC2086
	alternating fig9_ladder $FORWARDING_SYSTEMS
}
