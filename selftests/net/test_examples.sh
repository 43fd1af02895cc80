#!/bin/bash
# The examples with control planes, as they are shipped: two nodes in two namespaces, one virtual network over
# both; FRR on one and BIRD on the other speak OSPF over its virtual link, and hosts reach each other.
#
#   src                      amherst                          boston                      dst
#   s0 192.0.2.2 ----- ethA 192.0.2.1 | 203.0.113.1 ethB ---- ethB 203.0.113.2 | 198.51.100.1 ethA ----- d0 198.51.100.2
#   10.1.1.2 ========= v0 red (FRR) v1 10.1.0.1 ============ 10.1.0.2 v1 red (BIRD) v0 ========= 10.1.2.2

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"

begin "the examples with FRR and BIRD"
for program in vtysh bird; do
	command -v $program >/dev/null || { echo "1..0 # SKIP no $program"; exit 0; }
done

# shellcheck disable=SC2034
NODES=(amherst boston)
ns src amherst boston dst
wire src s0 amherst ethA
wire amherst ethB boston ethB
wire boston ethA dst d0
on src ip addr add 192.0.2.2/24 dev s0
on amherst ip addr add 192.0.2.1/24 dev ethA
on amherst ip addr add 203.0.113.1/24 dev ethB
on boston ip addr add 203.0.113.2/24 dev ethB
on boston ip addr add 198.51.100.1/24 dev ethA
on dst ip addr add 198.51.100.2/24 dev d0
on src ethtool -K s0 gro on
on dst ethtool -K d0 gro on

# example FILE DIR NODE: the example for this machine: its devices, its CPU, its paths.
example() {
	mkdir "$WORK/$2"
	cp "$TOP/examples/$2/"* "$WORK/$2"
	sed "s/enp1s0/ethA/; s/enp2s0/ethB/; s/cpus: \"2\"/cpus: \"$(fe_cpu)\"/; s/node: $3/node: $T-$3/
		s!/etc/pdp/red!$WORK/$2!" "$TOP/examples/$1" >"$WORK/$1"
}
example frr.yaml frr amherst
example bird.yaml bird boston
check "amherst comes up, with FRR" at amherst node_up "$WORK/frr.yaml"
check "boston comes up, with BIRD" at boston node_up "$WORK/bird.yaml"

# in_red NODE COMMAND...
in_red() {
	local node=$1
	shift
	at "$node" ctl vnet exec red -- "$@"
}
learned() {
	in_red "$1" ip "$2" route show proto "$3" | grep -q "^$4 "
}
check "FRR learns BIRD's subnet" wait_for 20 learned amherst -4 ospf 10.1.2.0/24
check "BIRD learns FRR's" wait_for 20 learned boston -4 bird 10.1.1.0/24
check "over IPv6 too" wait_for 20 learned amherst -6 ospf fd00:1:2::/64
check "both ways" wait_for 20 learned boston -6 bird fd00:1:1::/64
check "vtysh tells of the neighbour" wait_for 10 sh -c "'$BIN/pdp-ctl' --run-dir /run/$T-amherst vnet exec red -- vtysh -c 'show ip ospf neighbor' | grep 10.1.0.2.*Full"
check "birdc too" wait_for 10 sh -c "'$BIN/pdp-ctl' --run-dir /run/$T-boston vnet exec red -- birdc show ospf neighbors | grep 10.1.0.1.*Full"

check "amherst's FE guest has what its kernel has" wait_for 5 at amherst ctl route check red
check "so has boston's" wait_for 5 at boston ctl route check red

background src "$BIN/pdp-tun" --local 192.0.2.2:5001 --remote 192.0.2.1:5001 --dev tun0 \
	--address 10.1.1.2/24 --address fd00:1:1::2/64 --route 10.1.0.0/16 --route fd00:1::/32
background dst "$BIN/pdp-tun" --local 198.51.100.2:5001 --remote 198.51.100.1:5001 --dev tun0 \
	--address 10.1.2.2/24 --address fd00:1:2::2/64 --route 10.1.0.0/16 --route fd00:1::/32
reach() {
	on src ping -q -c 1 -W 2 "$1"
}
check "hosts reach each other" wait_for 10 reach 10.1.2.2
check "over IPv6" wait_for 10 reach fd00:1:2::2
check "the vnet answers for itself" wait_for 5 reach 10.1.1.1
check "at its far end too" wait_for 5 reach 10.1.0.2
forwarded_by_guests() {
	[ "$(at amherst counter red rx_packets)" -gt 0 ] && [ "$(at boston counter red rx_packets)" -gt 0 ]
}
check "their packets went through the FE guests" forwarded_by_guests

# The line goes down and nobody is told: OSPF finds out.
check "the virtual link is cut" at amherst ctl vif set red/v1 impair.down true
check "which is to be seen" sh -c "'$BIN/pdp-ctl' --run-dir /run/$T-amherst vif show red/v1 | grep -q 'IMPAIRED' && '$BIN/pdp-ctl' --run-dir /run/$T-amherst vif show red/v1 | grep -q ' down$'"
check "nothing gets through" sh -c "! nsenter --net=/run/netns/$T-src ping -q -c 1 -W 1 10.1.2.2"
unlearned() {
	! learned "$@"
}
check "FRR notices" wait_for 15 unlearned amherst -4 ospf 10.1.2.0/24
check "it is mended" at amherst ctl vif set red/v1 impair default
check "hosts reach each other again" wait_for 20 reach 10.1.2.2
finish
