#!/bin/bash
# What runs in MH guests: FRR, BIRD, a command; how they fail, and what is told of it. Topology: figure6.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/control.sh"

begin "daemons of control planes"
figure6
mkdir "$WORK/frr" "$WORK/bird" "$WORK/own"
cat >"$WORK/frr/frr.conf" <<-EOT
	frr defaults traditional
	ip route 10.70.0.0/16 10.1.2.2
	router ospf
	 network 10.1.0.0/16 area 0
EOT
# Line 3 is no BIRD.
cat >"$WORK/bird/bird.conf" <<-EOT
	router id 10.3.1.1;
	protocol device {}
	protokoll kernel { ipv4 { export all; }; }
	protocol static { ipv4; route 10.71.0.0/16 via 10.3.2.2; }
EOT
echo hello >"$WORK/own/file"
{
	node_head
	fes 1 300m
	echo vnets:
	controlled red 100m "kind: frr, config: $WORK/frr, power: 500m"
	controlled green 100m "kind: command, config: $WORK/own, command: /bin/sleep 1000"
	controlled blue 100m "kind: bird, config: $WORK/bird"
} >"$WORK/node.yaml"
check "the node comes up" node_up "$WORK/node.yaml"
SAID=0

# --- FRR

check "FRR's static route is in red's kernel" wait_for 15 says inside red ip route "10.70.0.0/16 .*via 10.1.2.2"
check "OSPF runs on both vifs" wait_for 15 says inside red vtysh -c 'show ip ospf interface' "v1 is up"
check "and no other daemon" [ "$(inside red ps -C bgpd,ripd,isisd -o comm= | wc -l)" = 0 ]
check "daemons are no root" says inside red ps -C ospfd -o user= frr
inside red pkill -KILL zebra
check "a daemon that dies comes back" wait_for 10 says inside red vtysh -c 'show ip route' "S.*10.70.0.0/16"
check "told" told "control plane of red: zebra died of signal 9"
check "its routes stayed" says inside red ip route "10.70.0.0/16"

echo "router nothing" >>"$WORK/frr/frr.conf"
check "a line that is none of FRR's, and reloaded" ctl vnet reload red
check "is told" wait_for 15 told "control plane of red: vtysh-.*line 5: .*router nothing"
check "what it had stays" says inside red ip route "10.70.0.0/16"

# --- BIRD, that does not start

check "BIRD's last words are told" wait_for 5 told "control plane of blue: bird ended with 1: .*bird.conf:3.*syntax error"
check "as an event too" says ctl event show "control plane of blue bird ended with 1"
check "and in guest show" says control blue error "syntax error"
check "the node forwards all the same" says ctl node show forwarding
sed -i s/protokoll/protocol/ "$WORK/bird/bird.conf"
check "mended, and reloaded" ctl vnet reload blue
check "BIRD's route is in blue's kernel" wait_for 10 says inside blue ip route "10.71.0.0/16 .*proto bird"
check "birdc works" says inside blue birdc show status "Daemon is up"
sed -i s/protocol/protokoll/ "$WORK/bird/bird.conf"
check "broken again, and reloaded" ctl vnet reload blue
quiet
check "told again" wait_for 10 told "control plane of blue: bird ended with 1"
check "the last good routes stay" says inside blue ip route "10.71.0.0/16 .*proto bird"
fails "what has no control plane cannot be reloaded" ctl vnet reload nobody

# --- a command, and exec

check "the command runs" wait_for 5 says inside green ps -e sleep
check "its configuration is there" says inside green cat /etc/pdp/file hello
# shellcheck disable=SC2016
check "where it began" says inside green sh -c 'ls -l /proc/$(pgrep sleep)/cwd' /pdp/etc/config
fails "and cannot be written" inside green touch /etc/pdp/file
inside green sh -c 'exit 7'
check "exec passes the exit code on" [ $? = 7 ]
inside green sh -c 'kill -TERM $$'
check "a signal too" [ $? = 143 ]
check "and standard input" says inside green cat <<<"word" "^word$"
# shellcheck disable=SC2016
check "a terminal, when there is one" says script -qec \
	"$BIN/pdp-ctl --run-dir $RUN_DIR vnet exec green -- sh -c 'test -t 0 && echo a-terminal'" /dev/null a-terminal
# shellcheck disable=SC2016
check "but never the caller's" says script -qec \
	"$BIN/pdp-ctl --run-dir $RUN_DIR vnet exec green -- sh -c 'ps -o tty= -p \$\$; test -t 0 && echo a-terminal' | cat" \
	/dev/null '^[?]'
# What is typed before liblxc has made the terminal raw is lost: again, until the shell has ended.
type_exit() {
	while sleep 0.3; do
		echo 'exit 0' 2>/dev/null || break
	done
}
check "a shell" says script -qec "$BIN/pdp-ctl --run-dir $RUN_DIR vnet shell green" /dev/null "green# " \
	< <(type_exit)
check "another's guest is not to be had" says setpriv --reuid 65534 --clear-groups \
	"$BIN/pdp-ctl" --run-dir "$RUN_DIR" vnet exec green -- true "only root"
fails "there is no such vnet" inside nobody true
check "CPU and memory are told" says ctl guest show red-cp "mh frr.*ready.*500m"
metrics() {
	curl -s --unix-socket "$RUN_DIR/pdpd.sock" http://pdpd/metrics
}
check "in metrics too" says metrics 'pdp_control_ready\{vnet="red",kind="frr"\} 1'
check "the node goes down" node_down
finish
