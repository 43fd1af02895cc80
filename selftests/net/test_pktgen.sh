#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# The traffic source and the sink, over a plain veth: counts are exact, faults are seen.
#
#   src s0 10.0.0.1, fd00::1, 2001:db8::1  ----  d0 10.0.0.2, fd00::2, 2001:db8::2  dst  e0 ---- f0 far
#   pktgen                                       sink, or the host's own stack; or redirect      sink
# alone: its rate is measured

. "$(dirname "$0")/lib.sh"

PKTGEN=$BENCH/pktgen
SINK=$BENCH/sink
SINK_PID=

# sink_up ARGS...: returns when it counts.
sink_up() {
	sink_up_at dst d0 "$@"
}

sink_up_at() {
	local side=$1 dev=$2
	shift 2
	background "$side" "$SINK" --dev "$dev" "$@"
	SINK_PID=$!
	SINK_OUT=$WORK/bg.$((${#BG_PIDS[@]} - 1))
	wait_for 5 grep -q "counting on $dev" "$SINK_OUT.err"
}

# sink_end: its report is in $SINK_OUT.
sink_end() {
	kill -TERM "$SINK_PID" 2>/dev/null
	wait "$SINK_PID"
}

# holds EXPRESSION: over s (pktgen's report) and k (sink's).
holds() {
	python3 -c '
import json, sys
s = json.loads(open(sys.argv[1]).read() or "{}"); k = json.loads(open(sys.argv[2]).read() or "{}")
sys.exit(0 if eval(sys.argv[3]) else "%s\npktgen: %s\nsink: %s" % (sys.argv[3], s, k))
' "$WORK/sent" "$SINK_OUT" "$1"
}

# send_to_sink "sink's arguments" pktgen's...
send_to_sink() {
	local sink=$1
	shift
	# shellcheck disable=SC2086
	sink_up $sink
	on src "$PKTGEN" --dev s0 "$@" >"$WORK/sent"
	sink_end
}

EXACT='s["sent"] == k["received"] == 3000 and s["refused"] == k["lost"] == k["reordered"] == k["duplicates"] == 0'

# each_tunnel: all of what pktgen can wrap a packet in, received whole.
each_tunnel() {
	local inner outer
	for inner in "--src 10.0.0.1 --dst 10.0.0.2" "--src fd00::1 --dst fd00::2"; do
		# shellcheck disable=SC2086
		{
			send_to_sink "" --count 3000 --flows 7 $inner
			check "bare, $inner" holds "$EXACT and k['flows'] == 7 and k['bytes'] == 3000 * s['frame_bytes']"
			for outer in "--local 192.0.2.1:5001 --remote 192.0.2.2:5002" \
				"--local [2001:db8::1]:5001 --remote [2001:db8::2]:5002"; do
				send_to_sink "--encap udp --port 5002" --encap udp --count 3000 --flows 7 $outer $inner
				check "udp, $outer, $inner" holds "$EXACT and k['flows'] == 7"
				send_to_sink "--encap vxlan --port 5002 --vni 99" --encap vxlan --vni 99 --count 3000 \
					--flows 7 $outer $inner
				check "vxlan, $outer, $inner" holds "$EXACT and k['flows'] == 7"
			done
		}
	done
}

# kernel_takes "arguments" COUNTER N: the host's own stack finds the packets in order, N by N.
kernel_takes() {
	local before
	before=$(on dst nstat -asz "$2" | awk -v c="$2" '$1 == c { print $2 }')
	# shellcheck disable=SC2086
	on src "$PKTGEN" --dev s0 --count "$3" --rate 20000 $1 >"$WORK/sent" || return
	wait_for 5 sh -c "[ \$(nsenter --net=/run/netns/$T-dst nstat -asz $2 | awk '\$1 == \"$2\" { print \$2 }') -eq $((before + $3)) ]" || {
		on dst nstat -az | grep -E 'Udp|Ip.*Errors'
		return 1
	}
}

# craft SEQ...: probes of flow 3 with these numbers, by a raw socket.
craft() {
	on src python3 -c '
import socket, struct, sys, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("s0", 0))
mac = bytes.fromhex(sys.argv[1].replace(":", ""))
for seq in map(int, sys.argv[2:]):
    probe = struct.pack("!IHHQ", seq, 3, 0x5065, time.monotonic_ns())
    udp = struct.pack("!HHHH", 16387, 9, 8 + len(probe), 0) + probe
    ip = struct.pack("!BBHHHBBHII", 0x45, 0, 20 + len(udp), 0, 0x4000, 64, 17, 0, 0x0a000001, 0x0a000002)
    s.send(mac + bytes(6) + b"\x08\x00" + ip + udp)
' "$DST_MAC" "$@"
}

# crafted SEQ...: what sink makes of them.
crafted() {
	sink_up
	craft "$@"
	sink_end
	echo '{}' >"$WORK/sent"
}

# refuses WORDS ARGS...: pktgen fails with these words.
refuses() {
	local words=$1 out
	shift
	out=$(on src timeout 10 "$PKTGEN" --count 1 "$@" 2>&1) && return 1
	grep -qF -- "$words" <<<"$out" || {
		echo "said: $out"
		return 1
	}
}

# rate_held PPS: just as many packets as asked for, and within 2 %, in one of five tries. pace.h is tested
# on made-up time; here a machine whose CPUs are wanted elsewhere shows nothing.
rate_held() {
	local held=no
	for _ in 1 2 3 4 5; do
		send_to_sink "" --src 10.0.0.1 --dst 10.0.0.2 --rate "$1" --seconds 1
		holds "abs(s['pps'] / $1 - 1) < 0.02 and abs(k['pps'] / $1 - 1) < 0.02" 2>/dev/null && held=yes && break
	done
	if [ $held = no ] && awk -v n="$(nproc)" '{ exit $1 < n }' /proc/loadavg; then
		skip "$1 packets/s, within 2 %" "load $(cut -d' ' -f1 /proc/loadavg) on $(nproc) CPUs"
	else
		check "$1 packets/s, within 2 %" [ $held = yes ]
	fi
	check "$1 packets/s, each received" holds "k['received'] == s['sent'] and s['sent'] <= $1"
}

begin "traffic source and sink"
ns src dst far
wire src s0 dst d0
wire dst e0 far f0
on src ip addr add 10.0.0.1/24 dev s0
on src ip addr add fd00::1/64 dev s0
on dst ip addr add 10.0.0.2/24 dev d0
on dst ip addr add fd00::2/64 dev d0
on dst ip addr add 192.0.2.2/24 dev d0
on dst ip addr add 2001:db8::2/64 dev d0
DST_MAC=$(mac_of dst d0)
INNER4="--src 10.0.0.1 --dst 10.0.0.2"
INNER6="--src fd00::1 --dst fd00::2 --size 100"

each_tunnel
rate_held 1000
rate_held 50000

for size in 28 35 36 43 44 1500; do
	# shellcheck disable=SC2086
	send_to_sink "" --count 3000 --size $size $INNER4
	if [ $size -lt 36 ]; then
		check "size $size: counted, no room for a number" holds "s['sent'] == k['received'] == k['unnumbered'] == 3000"
	else
		check "size $size: counted and numbered" holds "$EXACT and k['unnumbered'] == 0 and k['flows'] == 1"
	fi
	check "size $size: frames have it" holds "k['bytes'] == 3000 * ($size + 14)"
done

crafted 0 1 2 3
check "in order: nothing to tell" holds "(k['received'], k['lost'], k['reordered'], k['duplicates']) == (4, 0, 0, 0)"
crafted 0 1 3 2 4 4 6
check "one late by one, one twice, one lost" \
	holds "(k['received'], k['lost'], k['reordered'], k['duplicates'], k['extent_max']) == (7, 1, 1, 1, 1)"
crafted 0 5 6 7 1 8 2 3 4
check "extents 3, 5, 6 and 7; 6, 6, 5 and 4 numbers late" holds \
	"(k['lost'], k['reordered'], k['extent_max'], k['extent_avg'], k['late_avg']) == (0, 4, 7, 5.25, 5.25)"
crafted 2 0 1
check "the first ones late" holds "(k['lost'], k['reordered'], k['extent_max']) == (0, 2, 2)"
crafted 10 11 12
check "the first ten lost" holds "(k['received'], k['lost'], k['reordered']) == (3, 10, 0)"
crafted 0 63 64 65 127 128 64 1 2000 129 1100
check "over the edges of the window" \
	holds "(k['received'], k['lost'], k['reordered'], k['duplicates'], k['too_late']) == (11, 1991, 3, 1, 1)"
crafted $(seq 0 2100)
check "2101 in order" holds "(k['received'], k['lost'], k['reordered'], k['duplicates']) == (2101, 0, 0, 0)"
crafted $(seq 0 2100) $(seq 1200 2100)
check "and 901 of them twice" holds "(k['lost'], k['reordered'], k['duplicates']) == (0, 0, 901)"

sink_up --encap udp --port 5002
# shellcheck disable=SC2086
on src "$PKTGEN" --dev s0 --encap udp --local 192.0.2.1:5001 --remote 192.0.2.2:5003 --count 100 $INNER4 >"$WORK/sent"
check "ping passes a sink" on src ping -q -c 2 -i 0.05 -W 2 10.0.0.2
sink_end
check "another port is not counted" holds "k['received'] == 0 and k['passed'] >= 102"

# The host's stack checks every checksum; the sink only lets its packets pass.
printf '10.7.0.0/16\n10.8.1.0/24 # and a word\n\n10.9.9.9\n' >"$WORK/list4"
printf 'fd07::/64\nfd08:1::/32\n' >"$WORK/list6"
for net in 10.7.0.0/16 10.8.1.0/24 10.9.9.9 fd07::/64 fd08:1::/32; do
	on dst ip route add local $net dev lo
done
sink_up --encap vxlan --vni 1
on dst sysctl -qw net.ipv4.icmp_ratelimit=1000
check "IPv4 header checksums are right" kernel_takes "$INNER4" UdpNoPorts 1000
check "IPv6 UDP checksums are right" kernel_takes "$INNER6" Udp6NoPorts 1000
check "of odd sizes too" kernel_takes "--src fd00::1 --dst fd00::2 --size 101" Udp6NoPorts 100
OUTER6="--local [2001:db8::1]:5001 --remote [2001:db8::2]:5002"
check "and outer ones, udp" kernel_takes "--encap udp $OUTER6 $INNER4 --flows 50" Udp6NoPorts 1000
check "and outer ones, vxlan" kernel_takes "--encap vxlan --vni 5 $OUTER6 $INNER6 --flows 50" Udp6NoPorts 1000
check "random destinations are in the IPv4 prefixes" \
	kernel_takes "--src 10.0.0.1 --dst-list $WORK/list4" UdpNoPorts 3000
check "random destinations are in the IPv6 prefixes" \
	kernel_takes "--src fd00::1 --size 64 --dst-list $WORK/list6" Udp6NoPorts 3000
check "with outer checksums" \
	kernel_takes "--encap udp $OUTER6 --src fd00::1 --size 64 --dst-list $WORK/list6" Udp6NoPorts 1000
sink_end

on src "$PKTGEN" --dev s0 --count 1000 --src 10.0.0.1 --dst 10.0.0.2 >"$WORK/sent" 2>"$WORK/words"
check "without XDP at the far end all are refused" holds "s['sent'] == s['refused'] == 1000"
check "and it says so" grep -q "XDP program at its other end" "$WORK/words"

# shellcheck disable=SC2086
send_to_sink "--latency --each-second" $INNER4 --count 3000 --rate 2000
check "each delay is told of" holds 'sum(n for _, n in k["latency_us"]["histogram"]) == 3000'
check "the median is no later than 99 %, and that than 99.9 %" holds '0 < k["latency_us"]["p50"] <= k["latency_us"]["p99"] <= k["latency_us"]["p999"]'
check "and nothing is later than the latest" holds 'k["latency_us"]["p999"] <= k["latency_us"]["max"] * 17 / 16 + 0.1'
check "seconds are told one by one" holds 'k["pps_each_second"] and all(pps > 0 for pps in k["pps_each_second"])'

background dst "$BENCH/redirect" --from d0 --to e0
REDIRECT_PID=$!
wait_for 5 grep -q redirecting "$WORK/bg.$((${#BG_PIDS[@]} - 1)).err"
sink_up_at far f0
# shellcheck disable=SC2086
on src "$PKTGEN" --dev s0 --count 3000 --rate 100000 $INNER4 >"$WORK/sent"
sink_end
check "redirect carries all from device to device" holds "$EXACT"
far_mac=$(mac_of far f0)
background far timeout 10 tcpdump -nnei f0 -c 1 --immediate-mode "ether dst $far_mac and udp port 9"
TCPDUMP_OUT=$WORK/bg.$((${#BG_PIDS[@]} - 1))
wait_for 5 grep -q "listening on" "$TCPDUMP_OUT.err"
background far "$SINK" --dev f0 --encap vxlan --vni 1
wait_for 5 grep -q counting "$WORK/bg.$((${#BG_PIDS[@]} - 1)).err"
# shellcheck disable=SC2086
on src "$PKTGEN" --dev s0 --count 10 $INNER4 >"$WORK/sent"
check "with the other end's MAC address" wait_for 5 grep -q "UDP" "$TCPDUMP_OUT"
kill "$REDIRECT_PID"
wait "$REDIRECT_PID"

background src "$PKTGEN" --dev s0 --src 10.0.0.1 --dst 10.0.0.2 --rate 1000
sleep 0.3
kill -INT $!
wait $!
check "SIGINT ends it with a report" [ $? -eq 0 -a -s "$WORK/bg.$((${#BG_PIDS[@]} - 1))" ]

check "no such device" refuses "nodev" --dev nodev --src 10.0.0.1 --dst 10.0.0.2
check "too small" refuses "--size 47" --dev s0 --src fd00::1 --dst fd00::2 --size 47
check "two families" refuses "one family" --dev s0 --src fd00::1 --dst 10.0.0.2
check "a tunnel without ends" refuses "--local and --remote" --dev s0 --encap udp --src 10.0.0.1 --dst 10.0.0.2
echo '10.0.0.0/33' >>"$WORK/list4"
check "a bad prefix, with its line" refuses "list4:5" --dev s0 --src 10.0.0.1 --dst-list "$WORK/list4"
on src ip link set s0 down
check "device down" refuses "s0 is down" --dev s0 --src 10.0.0.1 --dst 10.0.0.2
finish
