#!/bin/bash
# Two owners bring data planes of their own: red is a stateful firewall, lab switches labels and does not speak IP.
# Objects are accepted, refused, replaced under traffic; agents, guests and pdpd die meanwhile. Red's owner has an
# agent of his own, which bans by the table that his program counts in. Topology: figure6.sh.
#
#   lab  udp over IPv4, port 5003, 192.0.2.2 <-> 198.51.100.2

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/live.sh"

begin "data planes of their owners' own"
figure6
XDP=$TOP/build/examples/xdp
BAD=$TOP/build/selftests/owner
bpftool=$(PATH=$PATH:/usr/sbin command -v bpftool)
cp "$XDP/firewall.bpf.o" "$WORK/firewall.o"
cp "$XDP/firewall_agent" "$WORK/agent"

# own POWER OBJECT PROGRAM
own_red() {
	red "$1" round-robin | sed "s|data-plane: .*|data-plane: {kind: xdp, object: $2, program: $3, agent: $WORK/agent}|"
	echo '    control-plane: {kind: static}'
}
lab() {
	cat <<-EOT
		  - name: lab
		    power: 200m
		    flow-key: bytes
		    flow-bytes: ["inner:0:fffff0"]
		    data-plane: {kind: xdp, object: $XDP/label.bpf.o, program: label_switch}
		    vifs:
		      - {name: v0, port: A, encap: udp, local: "192.0.2.1:5003", remote: "192.0.2.2:5003"}
		      - {name: v1, port: B, encap: udp, local: "198.51.100.1:5003", remote: "198.51.100.2:5003"}
	EOT
}
both() {
	own_red 400m "$WORK/firewall.o" firewall
	lab
}
only_lab() {
	lab
}
FES=4
node_file base both
node_file lab only_lab

check "the node comes up" node_up "$WORK/base.yaml"
join_red

# own_map VNET MAP KEY VALUE: bytes in hex; little-endian, as the machine.
own_map() {
	# shellcheck disable=SC2086
	"$bpftool" map update pinned "$PINS/v$ABI/vnets/$1/$2" key hex $3 value hex $4
}
# vif VNET NAME: its id, as two bytes in hex.
vif() {
	ctl -j vif show | jq -r ".[] | select(.vnet == \"$1\" and .name == \"$2\") | .id" |
		awk '{ printf "%02x %02x", $1 % 256, $1 / 256 }'
}
sides() {
	own_map red fw_sides "$(vif red v0) 00 00" "$(vif red v1) 01 00" &&
		own_map red fw_sides "$(vif red v1) 00 00" "$(vif red v0) 00 00"
}
# A counter of all guests of a vnet.
guests_count() {
	local id sum=0 n
	for id in $(ctl -j guest show | jq -r ".[] | select(.vnet == \"$1\" and .kind == \"fe\") | .id"); do
		n=$("$bpftool" -j map lookup pinned "$PINS/v$ABI/maps/pdp_guest_stats" key hex \
			"$(printf %02x $((id % 256)))" "$(printf %02x $((id / 256)))" 00 00 |
			jq "[.formatted.values[].value.$2] | add")
		sum=$((sum + n))
	done
	echo "$sum"
}

# --- the firewall

fails "without its table it lets nothing through" on src ping -q -c 1 -W 0.3 10.1.2.2
check "its owner fills its table" sides
echo_udp() {
	background dst python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.1.2.2", 7))
while True:
    data, peer = s.recvfrom(2048)
    s.sendto(data, peer)
'
	wait_for 5 on dst sh -c 'ss -uln | grep -q "10.1.2.2:7 "'
}
# ask NS TO PORT: send a datagram, wait for the answer.
ask() {
	on "$1" python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(0.5)
for _ in range(4):
    s.sendto(b"are you there", (sys.argv[1], int(sys.argv[2])))
    try:
        assert s.recv(2048) == b"are you there"
        sys.exit(0)
    except TimeoutError:
        pass
sys.exit(1)
' "$2" "$3"
}
echo_udp
check "the inside asks, the outside answers" ask src 10.1.2.2 7
tcp_from() {
	background "$2" iperf3 -s -1 -p "$4"
	wait_for 5 on "$2" sh -c "ss -tln | grep -q :$4"
	on "$1" timeout 10 iperf3 -p "$4" -c "$3" -n 1M --connect-timeout 1000
}
check "TCP from the inside" tcp_from src dst 10.1.2.2 5301
fails "TCP from the outside" tcp_from dst src 10.1.1.2 5302
check "its owner opens the port" own_map red fw_open "14 b6 06 00" "01 00 00 00"
check "TCP from the outside to the open port" on dst timeout 10 iperf3 -p 5302 -c 10.1.1.2 -n 1M
check "ICMP from the inside climbs to the control plane, which answers" on src ping -q -c 3 -i 0.05 -W 1 10.1.1.1

# --- its agent

# The owner's agents of red, as the host sees them.
own_agents() {
	local pid
	for pid in $(ctl -j guest show | jq -r '.[] | select(.vnet == "red" and .kind == "fe") | .init_pid'); do
		pgrep -f '^own-agent' --ns "$pid" --nslist pid
	done
}
# each_has_one [BUT]: every guest runs one, none of which is among those.
each_has_one() {
	local guests agents
	guests=$(ctl -j guest show | jq '[.[] | select(.vnet == "red" and .kind == "fe")] | length')
	agents=$(own_agents)
	[ "$(wc -w <<<"$agents")" -eq "$guests" ] && { [ $# = 0 ] || ! grep -qwF "$1" <<<"$agents"; }
}
no_privilege() {
	local pid
	for pid in $(own_agents); do
		grep -q '^CapEff:.*0000000000000000' "/proc/$pid/status" && grep -q '^NoNewPrivs:.*1' "/proc/$pid/status" &&
			[ "$(find "/proc/$pid/fd" -type l | wc -l)" -eq 4 ] || return
	done
}
agents_are() {
	[ "$(own_agents)" = "$1" ]
}
kill_own_agents() {
	local pid
	for pid in $(own_agents); do
		kill -KILL "$pid"
	done
}
# Datagrams that nobody asked for, to a port that is closed.
knock() {
	on dst python3 -c '
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(200):
    s.sendto(b"anybody there", ("10.1.1.2", 999))
    time.sleep(0.001)
'
}
banned() {
	"$bpftool" -j map dump pinned "$PINS/v$ABI/vnets/red/fw_hosts" | jq '[.[].formatted.value.banned] | add'
}
is_banned() {
	[ "$(banned)" -ge 1 ]
}
check "each guest runs its owner's agent" wait_for 5 each_has_one
check "without a privilege, and with no descriptor but its table's" no_privilege
check "nobody is banned" [ "$(banned)" = 0 ]
check "somebody knocks" knock
check "the agent sees it in the table, and bans" wait_for 5 is_banned
fails "what comes from there does not come in" ask src 10.1.2.2 7
was=$(own_agents)
check "the agents are killed" kill_own_agents
check "others come" wait_for 5 each_has_one "$was"
check "a ban ends" wait_for 15 ask src 10.1.2.2 7

# --- the label switch

check "a label is replaced by another" own_map lab labels "64 00 00 00" "c8 00 00 00 $(vif lab v1) 01 00"
check "another is taken off" own_map lab labels "65 00 00 00" "00 00 00 00 $(vif lab v1) 02 00"
# labelled LABEL EXPECTED: send a label with TTL 9 and two words, see what comes out at the other end.
labelled() {
	# That of the last time says ready too.
	rm -f "$WORK/bg.${#BG_PIDS[@]}"
	background dst python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("198.51.100.2", 5003))
s.settimeout(5)
print("ready", flush=True)
print(s.recv(2048).hex())
'
	wait_for 5 grep -q ready "$WORK/bg.$BG"
	on src python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("192.0.2.2", 5003))
s.sendto((int(sys.argv[1]) << 12 | 0x109).to_bytes(4, "big") + b"no IP", ("192.0.2.1", 5003))
' "$1"
	wait "${BG_PIDS[BG]}"
	grep -qx "$2" "$WORK/bg.$BG"
}
check "bytes that are not IP go through, with the other label" labelled 100 000c81086e6f204950
check "and without one" labelled 101 6e6f204950
fails "a label that is not in the table does not" labelled 102 .*

# --- replaced under traffic

red_state() {
	ctl -j vnet show red | jq -r ".[0].$1"
}
reloads() {
	local _
	for _ in $(seq 10); do
		ctl vnet reload red || return
	done
}
cp "$XDP/firewall.bpf.o" "$WORK/again.o"
# refused OBJECT PROGRAM WORDS: and what it says
refused() {
	! ctl vnet set red data-plane.object "$1" data-plane.program "$2" 2>"$WORK/said" && cat "$WORK/said" &&
		grep -q -- "$3" "$WORK/said"
}
was=$(own_agents)
stream 3000 60 32
timed() {
	ctl -j guest time | jq -e '[.[] | select(.runs == "xdp" and .packets > 0)] | length > 0 and all(.ns_per_packet > 0)'
}
check "what a packet takes in it is told" wait_for 10 timed
check "the program is loaded anew, ten times" reloads
check "which its agent does not mind" agents_are "$was"
check "another file takes its place" ctl vnet set red data-plane.object "$WORK/again.o"
check "vnet show tells" [ "$(red_state object)" = "$WORK/again.o" ]
check "one that calls what it may not is refused" refused "$BAD/bad_helper.bpf.o" to_device 'instruction .*bad_helper.bpf.c:[0-9]*) calls bpf_redirect,'
check "one with a map that it may not have" refused "$BAD/bad_map.bpf.o" to_device 'map own_devices is of type .*devmap'
check "one that the kernel refuses" refused "$BAD/bad_bounds.bpf.o" reads_on "the verifier's log is $RUN_DIR/own/red.log"
check "the verifier's log is there" grep -q 'processed .* insns' "$RUN_DIR/own/red.log"
check "vnet show tells why" grep -q 'bad_bounds.*refused program reads_on' <(red_state object_refused)
check "what is no object is refused" refused /etc/passwd firewall 'no BPF object'
check "what is not there is refused" refused "$WORK/none.o" firewall 'cannot open'
check "the object is what it was" [ "$(red_state object)" = "$WORK/again.o" ]
check "an agent that is no program is refused" eval "! ctl vnet set red data-plane.agent '$TOP/selftests/one.sh'"
check "and the one of before runs on" agents_are "$was"
echo garbage >"$WORK/again.o"
fails "a file that went bad is not reloaded" ctl vnet reload red

# --- what dies meanwhile

check "pdpd leaves" pdpd_leave
check "it comes back, and the file is still bad" node_up ""
check "the program that was accepted is in force" [ "$(red_state object)" = "$WORK/again.o" ]
check "pdpd is killed" pdpd_killed
check "it comes back" node_up ""
check "and the agents run on" agents_are "$was"
check "the stream is not over" kill -0 "${BG_PIDS[PKTGEN]}"
stream_ends
check "no packet is lost" nothing_lost
check "the books balance" wait_for 3 ctl stats --check
check "the owner's maps are the same" ask src 10.1.2.2 7
check "the open port is open" grep -q '"value":1' <("$bpftool" -j map dump pinned "$PINS/v$ABI/vnets/red/fw_open" | tr -d ' ')

ready() {
	[ "$(ctl -j guest show | jq '[.[] | select(.vnet == "red" and .kind == "fe") | .state == "ready"] | all')" = true ]
}
kill_guests() {
	local pid
	for pid in $(ctl -j guest show | jq -r '.[] | select(.vnet == "red" and .kind == "fe") | .init_pid'); do
		kill -KILL "$pid"
	done
}
check "its guests are killed" kill_guests
check "they come back, with the program that was accepted" wait_for 20 ready
check "and know the flows of before" ask src 10.1.2.2 7
cp "$XDP/firewall.bpf.o" "$WORK/again.o"
check "a file that is good again is reloaded" ctl vnet reload red
check "nothing is said to be refused" [ "$(red_state object_refused)" = null ]
check "pdpd leaves" pdpd_leave
export PDP_FAILPOINT=program-taken
check "another comes" node_up ""
unset PDP_FAILPOINT
dies_reloading() {
	! ctl vnet reload red && wait_for 5 ended "$(cat "$WORK/node.pid")"
}
check "and dies while it takes a program" dies_reloading
check "the next one comes up" node_up ""
check "with its guests" wait_for 20 ready
check "and the same program" ask src 10.1.2.2 7
check "packets went back from eth0" [ "$(guests_count red fast_packets)" -gt 0 ]

check "the books balance" wait_for 3 ctl stats --check

# --- pins and agents

unpin() {
	rm "$PINS/v$ABI/vnets/red/fw_flows" "$PINS/v$ABI/vnets/red/fw_hosts"
}
pinned_again() {
	[ -e "$PINS/v$ABI/vnets/red/fw_flows" ] && [ -e "$PINS/v$ABI/vnets/red/fw_hosts" ]
}
check "maps are unpinned by hand" unpin
check "they are pinned again" wait_for 5 pinned_again
check "and are those of before" ask src 10.1.2.2 7
was=$(own_agents)
check "the agent is taken away" ctl vnet set red data-plane.agent default
check "and does not run any more" wait_for 5 agents_are ""
check "the agent is given back" ctl vnet set red data-plane.agent "$WORK/agent"
check "and runs in each guest" wait_for 5 each_has_one "$was"

# --- it goes

check "red goes" ctl apply -f "$WORK/lab.yaml"
check "and its maps" [ ! -e "$PINS/v$ABI/vnets/red" -a -e "$PINS/v$ABI/vnets/lab" -a ! -e "$RUN_DIR/own/red" -a ! -e "$RUN_DIR/own/red.agent" ]
check "lab does not mind" labelled 100 000c81086e6f204950
finish
