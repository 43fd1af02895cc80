#!/bin/bash
# A guest both of whose halves have more to do than they may: what the fast half uses in softirqs of others and what the
# agent uses in its group are together no more than its power. The agent's quota is what the fast half leaves, half of
# the power at least, and all of it when that rests.
# alone: it floods, and measures CPU time
#
#   src (s0) --- ethA  red 40m on fe1, 1000m  ethB --- (d0) dst
#     to dst, which the fast half forwards -->
#     to red's own address, which climbs -->
#
# Topology: figure6.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/live.sh"
. "$(dirname "$0")/power.sh"

POWER=40 # millicores

begin "both halves of a guest share its power"
figure6
red_alone() {
	red "${POWER}m" | half auto
}
FES=1 CAPACITY=1000m
node_file node red_alone
check "the node comes up" node_up "$WORK/node.yaml"
is_fast() {
	ctl -j guest show red-1 | jq -e 'all(.fast_half.on and .thread == null)'
}
check "the guest has its fast half, and no thread" wait_for 10 is_fast

quota() {
	guest red-1 '| .quota_us * 1000 / .period_us | floor'
}
has_all() {
	[ "$(quota)" -eq "$POWER" ]
}
has_less() {
	local now
	now=$(quota)
	echo "the quota is ${now}m"
	((now >= POWER / 2 && now < POWER))
}
check "the agent's quota is its power" has_all

# toward ADDR SECONDS: as much as goes.
toward() {
	background src taskset -c 0 "$BENCH/pktgen" --dev s0 --dst-mac "$(mac_of node ethA)" --encap udp \
		--local 192.0.2.2:5001 --remote 192.0.2.1:5001 --src 10.1.1.2 --dst "$1" --seconds "$2" --flows 64 --unwatched
	FLOODS+=("${BG_PIDS[BG]}")
}
# both SECONDS: to dst, and to red's own address.
both() {
	FLOODS=()
	toward 10.1.2.2 "$1"
	toward 10.1.1.1 "$1"
}
# What is counted now: when, in ns; CPU time of both halves; of that the fast half's; packets of either.
count() {
	echo "$(now_ns) $(guest red-1 '| "\(.cpu_ns) \(.fast_half.softirq_cpu_ns) \(.fast_half.packets) \(.agent.local_packets)"')"
}
# Percent of the power that both have used; packets of either.
used_since() {
	local before=("$@") now
	read -ra now < <(count)
	local unit=$(((now[0] - before[0]) * POWER / 100000))
	ALL=$(((now[1] - before[1]) / unit))
	FAST=$(((now[2] - before[2]) / unit))
	SENT=$((now[3] - before[3]))
	CLIMBED=$((now[4] - before[4]))
	echo "# used $ALL % of the power, of that the fast half $FAST; it sent $SENT, the agent $CLIMBED"
}

both 16
sleep 3
read -ra before < <(count)
sleep 9
used_since "${before[@]}"
check "while both are busy the agent's quota is what the fast half leaves" wait_for 3 has_less
check "together they use no more than their power" [ "$ALL" -lt 130 ]
check "either got packets through" [ "$SENT" -gt 0 -a "$CLIMBED" -gt 0 ]
floods_end
check "when it is over, the agent has all" wait_for 5 has_all
check "and no limit stays" wait_for 5 unlimited
check "the books balance" wait_for 3 ctl stats --check

# --- with another pdpd

both 8
sleep 2
check "under another flood its quota is less again" wait_for 3 has_less
pdpd_killed
floods_end
check "the next pdpd takes the node over" node_up ""
check "and gives the agent its power" has_all
finish
