#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# Two hosts join each other by pdp-tun; a third address on the underlay must not get in.
#
#   left                                     right
#   tun0 10.9.0.1/24 fd09::1/64              tun0 10.9.0.2/24 fd09::2/64
#   pdp-tun 5001                             pdp-tun 5002
#   l0 192.0.2.1, .3, 2001:db8::1  --------  r0 192.0.2.2, 2001:db8::2

. "$(dirname "$0")/lib.sh"

TUN=$BIN/pdp-tun
L4=192.0.2.1:5001 R4=192.0.2.2:5002
L6="[2001:db8::1]:5001" R6="[2001:db8::2]:5002"

# tun_up SIDE LOCAL REMOTE HOST: returns when the device is up; its pid is in TUN_PID.
tun_up() {
	background "$1" "$TUN" --local "$2" --remote "$3" --dev tun0 --stats-json \
		--address "10.9.0.$4/24" --address "fd09::$4/64" --route "10.$4.0.0/16"
	TUN_PID=$!
	TUN_OUT=$WORK/bg.$((${#BG_PIDS[@]} - 1))
	wait_for 5 grep -q "is up" "$TUN_OUT.err"
}

pair_up() {
	tun_up left "$1" "$2" 1
	LEFT_PID=$TUN_PID LEFT_OUT=$TUN_OUT
	tun_up right "$2" "$1" 2
	RIGHT_PID=$TUN_PID RIGHT_OUT=$TUN_OUT
}

# end SIGNAL PID...: its last one's status is in ENDED.
end() {
	local signal=$1
	shift
	kill "-$signal" "$@"
	wait "$@" 2>/dev/null
	ENDED=$?
}

are_up() {
	grep -q "tun0 is up" "$LEFT_OUT.err" && grep -q "tun0 is up" "$RIGHT_OUT.err"
}

pings() {
	on left ping -q -c 3 -i 0.05 -W 2 10.9.0.2 && on left ping -q -c 3 -i 0.05 -W 2 fd09::2
}

# counter OUTPUT NAME: its last printed value.
counter() {
	grep '^{' "$1" | tail -1 | grep -o "\"$2\": [0-9]*" | grep -o '[0-9]*$'
}

# stat_now PID OUTPUT NAME: asks for the counters, waits for the answer.
stat_now() {
	local before
	before=$(grep -c '^{' "$2")
	kill -USR1 "$1"
	wait_for 5 sh -c "[ \$(grep -c '^{' '$2') -gt $before ]" && counter "$2" "$3"
}

# is PID OUTPUT NAME VALUE: the counter has this value now.
is() {
	[ "$(stat_now "$1" "$2" "$3")" -eq "$4" ]
}

# balanced SIDE PID OUTPUT: the device's own counters are those of pdp-tun.
balanced() {
	stat_now "$2" "$3" in_packets >/dev/null
	on "$1" python3 -c '
import json, subprocess, sys
ours = json.loads(sys.argv[1])
dev = json.loads(subprocess.check_output("ip -s -j link show tun0".split()))[0]["stats64"]
out = sum(n for name, n in ours.items() if name == "out_packets" or name.startswith("out_drop"))
assert (dev["tx"]["packets"], dev["rx"]["packets"]) == (out, ours["in_packets"]), (dev, ours)
assert dev["rx"]["bytes"] == ours["in_bytes"] > 0, (dev, ours)
' "$(grep '^{' "$3" | tail -1)"
}

mtu_is() {
	on left ip -o link show tun0 | grep -q "mtu $1 "
}

tcp_bytes() {
	background right timeout 20 python3 -c '
import socket
s = socket.create_server(("10.9.0.2", 7000))
c, _ = s.accept()
n = 0
while True:
    d = c.recv(65536)
    if not d: break
    n += len(d)
print(n, flush=True)
'
	local out=$WORK/bg.$((${#BG_PIDS[@]} - 1))
	on left timeout 20 python3 -c '
import socket, time
for i in range(100):
    try:
        c = socket.create_connection(("10.9.0.2", 7000)); break
    except ConnectionRefusedError: time.sleep(0.05)
c.sendall(bytes(5000000))
c.close()
'
	wait_for 10 grep -qx 5000000 "$out"
}

# udp_send FROM PORT TEXT [TOS]: one datagram from left to right's end of the tunnel.
udp_send() {
	on left python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((sys.argv[1], int(sys.argv[2])))
if len(sys.argv) > 4: s.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, int(sys.argv[4]))
s.sendto(bytes.fromhex(sys.argv[3]), ("192.0.2.2", 5002))
' "$@"
}

device_gone() {
	! on "$1" ip link show tun0 2>/dev/null
}

# refuses WORDS ARGS...: pdp-tun on the left fails with these words.
refuses() {
	local words=$1 out
	shift
	out=$(on left timeout 5 "$@" 2>&1) && return 1
	grep -qF -- "$words" <<<"$out" || {
		echo "said: $out"
		return 1
	}
}

wakeups() {
	awk '/^voluntary_ctxt_switches/ { print $2 }' "/proc/$1/status"
}

begin "two hosts joined by pdp-tun"
ns left right
wire left l0 right r0
for address in 192.0.2.1/24 192.0.2.3/24 2001:db8::1/64; do
	on left ip addr add "$address" dev l0
done
on right ip addr add 192.0.2.2/24 dev r0
on right ip addr add 2001:db8::2/64 dev r0

pair_up $L4 $R4
check "IPv4 underlay: both ends come up" are_up
check "MTU 1500 leaves 1472" mtu_is 1472
check "ping over IPv4 and IPv6" pings
check "a packet of the whole MTU passes" on left ping -q -c 1 -W 2 -M "do" -s 1444 10.9.0.2
fails "a packet over it does not" on left ping -q -c 1 -W 1 -M "do" -s 1445 10.9.0.2
check "TCP carries 5 MB" tcp_bytes
check "the route is there" on left sh -c 'ip route show 10.1.0.0/16 | grep -q tun0'
check "every packet of the device is accounted for" wait_for 5 balanced left "$LEFT_PID" "$LEFT_OUT"
check "at the other end too" wait_for 5 balanced right "$RIGHT_PID" "$RIGHT_OUT"

# An IPv4 packet with a bad header checksum: that right's stack saw it shows in a counter of its own.
inner=4500001c00000000401100000a0900010a0900020007000700080000
udp_send 192.0.2.3 5001 "$inner"
udp_send 192.0.2.1 5009 "$inner"
check "a foreign address and a foreign port do not get in" \
	sh -c "sleep 0.2; nsenter --net=/run/netns/$T-right nstat -asz IpInHdrErrors | grep -q ' 0 '"

idle=$(wakeups "$LEFT_PID")
sleep 1
check "idle, it sleeps" [ "$(($(wakeups "$LEFT_PID") - ${idle:-0}))" -lt 50 ]

end TERM "$LEFT_PID"
check "SIGTERM ends it with status 0" [ $ENDED -eq 0 ]
check "its device is gone" device_gone left
on right ping -q -c 5 -i 0.05 -W 1 10.9.0.1 >/dev/null 2>&1
check "ICMP errors are counted and do not end the other" \
	[ "$(stat_now "$RIGHT_PID" "$RIGHT_OUT" underlay_errors)" -ge 1 ]

udp_send 192.0.2.1 5001 "$inner"
udp_send 192.0.2.1 5001 00112233
udp_send 192.0.2.1 5001 "f$(printf '0%.0s' {1..79})"
check "what is not IP is counted and dropped" \
	is "$RIGHT_PID" "$RIGHT_OUT" in_drop_not_ip 2
check "what is, reaches the host" on right sh -c "nstat -asz IpInHdrErrors | grep -q ' 1 '"
udp_send 192.0.2.1 5001 "$inner" 3
check "marked on the way, and without ECN: dropped (RFC 6040)" \
	is "$RIGHT_PID" "$RIGHT_OUT" in_drop_congested 1

tun_up left $L4 $R4 1
LEFT_PID=$TUN_PID LEFT_OUT=$TUN_OUT
check "the first end comes back and carries on" pings
end KILL "$LEFT_PID"
check "SIGKILL leaves no device either" device_gone left
on right ip link del tun0
check "deleting the device ends it with a word" wait_for 5 grep -q "TUN device was deleted" "$RIGHT_OUT.err"

pair_up "$L6" "$R6"
check "IPv6 underlay: both ends come up" are_up
check "MTU 1500 leaves 1452" mtu_is 1452
check "ping over IPv4 and IPv6 in IPv6" pings
check "local endpoint in use" refuses "is in use" "$TUN" --local "$L6" --remote "$R6" --dev tun1
check "device name in use" refuses "exists already" "$TUN" --local $L4 --remote $R4 --dev l0
end INT "$LEFT_PID" "$RIGHT_PID"
check "SIGINT ends both" [ $ENDED -eq 0 ]

check "MTU too big, with the numbers" refuses "use at most 1472" \
	"$TUN" --local $L4 --remote $R4 --mtu 1473
check "MTU too small for IPv6" refuses "needs 1280" \
	"$TUN" --local $L4 --remote $R4 --mtu 1279 --address fd09::1/64
check "address of no device" refuses "no device here" \
	"$TUN" --local 192.0.2.9:1 --remote $R4
check "no way to the remote end" refuses "remote endpoint" \
	"$TUN" --local $L4 --remote 203.0.113.1:1
check "a tunnel into itself" refuses "into the tunnel itself" \
	"$TUN" --local $L4 --remote $R4 --route 192.0.2.2/32
check "two IP versions" refuses "not of one IP version" "$TUN" --local $L4 --remote "$R6"
check "no endpoint" refuses "endpoint '192.0.2.1'" "$TUN" --local 192.0.2.1 --remote $R4
check "no permission" refuses "ermission" \
	setpriv --reuid=65534 --regid=65534 --clear-groups "$TUN" --local $L4 --remote $R4
check "refusals leave no device" sh -c "! nsenter --net=/run/netns/$T-left ip link | grep -q tun"
finish
