# What a user would take instead, in user space on the FEs' CPU: Click, and DPDK's testpmd; sourced by systems.sh.
# shellcheck shell=bash disable=SC2034
#
# Click is not Debian's: CLICK=FILE names its program. testpmd forwards frames with new MAC addresses and looks at nothing
# else; its first thread only waits.

# peer_up PATTERN COMMAND...: in the node's namespace, until it says so on either output.
peer_up() {
	local pattern=$1
	shift
	ports_take_frames on
	mkfifo "$WORK/peer.in" 2>/dev/null
	# A writer of its input that never writes: testpmd ends with its input.
	exec 9<>"$WORK/peer.in"
	# shellcheck disable=SC2016
	background node sh -c 'input=$1; shift; exec "$@" <"$input"' sh "$WORK/peer.in" "$@"
	SYSTEM_PID=${BG_PIDS[BG]}
	wait_for 20 grep -Eq "$pattern" "$WORK/bg.$BG" "$WORK/bg.$BG.err" ||
		die "$(basename "$1") does not start: $(tail -n 5 "$WORK/bg.$BG" "$WORK/bg.$BG.err")"
}

peer_down() {
	end_processes
	exec 9>&-
	rm -f "$WORK/peer.in"
	ports_take_frames off
}

click_up() {
	peer_up 'click is forwarding' taskset -c "$(fe_cpu)" "$CLICK" "$BENCH_DIR/router.click" \
		S0="$(mac_of src s0)" D0="$(mac_of dst d0)" ETHA="$(mac_of node ethA)" ETHB="$(mac_of node ethB)"
}

click_down() {
	peer_down
}

# testpmd_up DEVICE...: --vdev arguments of ethA and ethB.
testpmd_up() {
	peer_up "Press enter to exit" stdbuf -oL dpdk-testpmd --lcores "0@0,1@$(fe_cpu)" --no-huge -m 512 --no-pci \
		--no-telemetry --no-shconf --vdev "$1" --vdev "$2" -- --auto-start --forward-mode=mac --total-num-mbufs=16384 \
		--eth-peer="0,$(mac_of src s0)" --eth-peer="1,$(mac_of dst d0)" --no-mlockall
}

af_xdp_up() {
	testpmd_up net_af_xdp0,iface=ethA,force_copy=1 net_af_xdp1,iface=ethB,force_copy=1
}

af_xdp_down() {
	peer_down
}

af_packet_up() {
	testpmd_up net_af_packet0,iface=ethA net_af_packet1,iface=ethB
}

af_packet_down() {
	peer_down
}
