# Figure 9 of the paper: as figure 7, with 512-byte packets.
# shellcheck shell=bash

. "$BENCH_DIR/exp_fig7_forwarding.sh"

fig9_512_systems() {
	echo redirect ip_forward pdp_fast pdp_core click af_xdp
}

fig9_512_tell() {
	forwarding_tell fig9_512 "Forwarded, 512-byte packets" "arrived, packets/s" higher "Figure 9; its values are not given here" \
		"$(fig9_512_systems)"
}

fig9_512_of() {
	forwarding_ladder 494 "${RATES:-0}" fig9_512 "" "$1"
}
