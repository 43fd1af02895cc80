#!/bin/bash
# Three vnets share an FE and all get far more than they may: each keeps within its power, none starves another, and
# one that gets little loses nothing beside the flood of another.
# alone: it floods, and measures CPU time
#
#   src (s0) --- ethA  red 20m, green 30m, blue 50m on fe1, 1000m  ethB --- (d0) dst
#     red, green, blue's floods -->                     and in the last part <-- red's flood, green's few packets -->
#
# Topology: figure6.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/live.sh"
. "$(dirname "$0")/power.sh"

begin "power is kept"
figure6
shares_on() {
	shares on
}
quiet_and_loud() {
	red 20m | half on
	green 300m | half on
}
FES=1 CAPACITY=1000m
node_file shares shares_on
node_file loud quiet_and_loud
cp "$WORK/shares.yaml" "$WORK/node.yaml"
check "the node comes up" node_up "$WORK/node.yaml"

# --- CPUs

cpus_of() {
	taskset -cp "$1" | sed 's/.*: //'
}
# Which are all of this machine but one.
pdpd_keeps_off() {
	local mask
	mask=$(taskset -p "$(cat "$WORK/node.pid")" | sed 's/.*: /0x/')
	[ -n "$mask" ] && { [ "$(nproc)" -eq 1 ] || [ $((mask >> $(fe_cpu) & 1)) -eq 0 ]; }
}
check "pdpd leaves the FE's CPU to the guests" pdpd_keeps_off
check "which have no other" [ "$(cpus_of "$(guest red-1 .init_pid)")" = "$(fe_cpu)" ]

# --- threads

all_threaded() {
	ctl -j guest show | jq -e 'all(.thread.pid > 0)'
}
in_group() {
	local pid
	pid=$(guest "$1-1" .thread.pid)
	grep -q "/pdp-$T-$1-1.napi\$" "/proc/$pid/cgroup" || { cat "/proc/$pid/cgroup"; return 1; }
	[ "$(cpus_of "$pid")" = "$(fe_cpu)" ]
}
check "each guest's link has a kernel thread" wait_for 10 all_threaded
for vnet in red green blue; do
	check "$vnet's is in a group of its guest, on the FE's CPU" in_group "$vnet"
done
before=$(guest red-1 .thread.pid)
init=$(guest red-1 .init_pid)
nsenter -t "$init" --net ip link set eth0 down
nsenter -t "$init" --net ip link set eth0 up
other_thread() {
	[ "$(guest red-1 .thread.pid)" != "$before" ] && in_group red
}
check "a device that was down has another, which is found" wait_for 10 other_thread
before=$(guest red-1 .thread.pid)
kill -KILL "$(guest red-1 .init_pid)"
ready() {
	[ "$(guest "$1" .state)" = ready ]
}
check "so has a guest that was made again" wait_for 20 eval "ready red-1 && other_thread"
before=$(guest red-1 .thread.pid)
pdpd_killed
check "the next pdpd takes the node over" node_up ""
same_thread() {
	[ "$(guest red-1 .thread.pid)" = "$before" ] && in_group red
}
check "and finds the same thread" wait_for 10 same_thread

# Whatever else the machine has to do comes behind the guests, whose weights stay in proportion.
come_first() {
	local file weight
	for file in /sys/fs/cgroup/cpu/pdp-"$T"-*/cpu.shares /sys/fs/cgroup/pdp-"$T"-*/cpu.weight; do
		[ -e "$file" ] || continue
		weight=$(($(cat "$file") * 100))
		[ "${file##*.}" = shares ] || [ "$weight" -le 10000 ] || weight=10000
		echo "$weight" >"$file"
	done
}

# --- ten times too much, of all three

check "guests come first" come_first

overload
check "none uses more than its power" none_over
check "none starves another" none_starves
check "the books balance" wait_for 3 ctl stats --check
check "when it is over, no limit stays" wait_for 5 unlimited

# --- a flood beside a neighbour that behaves

before=$(counter green drop_over_power)
check "red and green alone, green with enough" ctl apply -f "$WORK/loud.yaml"
check "guests come first" come_first
background src "$BENCH/sink" --dev s0 --encap udp --port 5001 --mid-stream --seconds 40
sink=${BG_PIDS[BG]}
background dst taskset -c 0 "$BENCH/pktgen" --dev d0 --dst-mac "$(mac_of node ethB)" --encap udp --local 198.51.100.2:5001 \
	--remote 198.51.100.1:5001 --src 10.1.2.2 --dst 10.1.1.2 --rate 200000 --seconds 30 --flows 64 --unwatched
loud=${BG_PIDS[BG]}
background dst "$BENCH/sink" --dev d0 --encap udp --port 5002 --idle 2 --seconds 30
green=$BG
wait_for 5 grep -q counting "$WORK/bg.$green.err"
on src taskset -c 0 "$BENCH/pktgen" --dev s0 --dst-mac "$(mac_of node ethA)" --encap udp --local '[2001:db8:1::2]:5002' \
	--remote '[2001:db8:1::1]:5002' --src 10.2.1.2 --dst 10.2.2.2 --rate 1000 --seconds 6 --flows 16 >"$WORK/green"
wait "${BG_PIDS[green]}"
over_power() {
	[ "$(counter red drop_over_power)" -gt 0 ]
}
check "red is limited by its power, and that is the reason given" wait_for 20 over_power
kill -INT "$loud" 2>/dev/null
wait "$loud"
kill -INT "$sink"
wait "$sink"
echo "# green sent $(jq .sent "$WORK/green"), $(jq .received "$WORK/bg.$green") came; red's drops over power: $(counter red drop_over_power)"
all_came() {
	[ "$(jq .sent "$WORK/green")" = "$(jq .received "$WORK/bg.$green")" ]
}
check "green has lost nothing" all_came
check "green was not limited" [ "$(counter green drop_over_power)" = "$before" ]
check "the books balance" wait_for 3 ctl stats --check

# --- off

all_off() {
	ctl -j guest show | jq -e 'all(.thread == null and .power_limit_pps == null)'
}
no_group() {
	! ls -d /sys/fs/cgroup/*/pdp-"$T"-*.napi /sys/fs/cgroup/pdp-"$T"-*.napi 2>/dev/null
}
check "fast-half off" eval "ctl vnet set red fast-half off && ctl vnet set green fast-half off"
check "takes threads and limits away" wait_for 5 all_off
check "and their groups" no_group
finish
