#!/bin/bash
# Without threads: what the fast half of each of three vnets does in softirqs of others is charged to its guest, by how often
# its program runs and what a run takes, and kept within its power.
# alone: it floods, and measures CPU time
#
#   src (s0) --- ethA  red 20m, green 30m, blue 50m on fe1, 1000m  ethB --- (d0) dst
#     red, green, blue's floods -->
#
# Topology: figure6.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/live.sh"
. "$(dirname "$0")/power.sh"

begin "power is kept without threads"
figure6
shares_auto() {
	shares auto
}
FES=1 CAPACITY=1000m
node_file node shares_auto
check "the node comes up" node_up "$WORK/node.yaml"
all_fast() {
	ctl -j guest show | jq -e 'all(.fast_half.on and .thread == null)'
}
check "each guest has its fast half, and no thread" wait_for 10 all_fast

overload
check "none uses more than its power" none_over
# Who got much less than his power got all through that came.
none_is_short() {
	local vnet part
	while read -r vnet part; do
		((part >= 33)) || [ "$(counter "$vnet" drop_over_power)" = 0 ] || return 1
	done < <(paste <(printf '%s\n' red green blue) "$WORK/parts")
}
check "and none is held back below it" none_is_short
timed() {
	ctl -j guest show | jq -e 'all(.fast_half.ns_per_packet > 0 and .fast_half.softirq_cpu_ns > 0)'
}
check "the time of a packet is known of each, as that of a fast half" timed
was_limited() {
	[ "$(counter red drop_over_power)" -gt 0 ]
}
echo "# dropped over power: red $(counter red drop_over_power), green $(counter green drop_over_power), blue $(counter blue drop_over_power)"
check "what was too much for the smallest is counted as over its power" was_limited
check "the books balance" wait_for 3 ctl stats --check
check "when it is over, no limit stays" wait_for 5 unlimited

charged() {
	guest red-1 .fast_half.softirq_cpu_ns
}
before=$(charged)
pdpd_killed
check "the next pdpd takes the node over" node_up ""
check "and knows what was charged" eval "[ \$(charged) -ge $before ]"
finish
