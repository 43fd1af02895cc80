# Figure 10 of the paper: as figure 7, with 1500-byte packets; the largest that fit a tunnel over a port of MTU 1500.
# shellcheck shell=bash

. "$BENCH_DIR/exp_fig7_forwarding.sh"

fig10_1500_systems() {
	echo redirect ip_forward pdp_fast pdp_core click af_xdp
}

fig10_1500_tell() {
	forwarding_tell fig10_1500 "Forwarded, 1500-byte packets" "arrived, packets/s" higher "Figure 10; its values are not given here" \
		"$(fig10_1500_systems)"
}

fig10_1500_of() {
	forwarding_ladder 1472 "${RATES:-0}" fig10_1500 "" "$1"
}
