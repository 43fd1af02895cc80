# Short verbs for tests in network namespaces; sourced by test_*.sh, the demo and the benchmarks.
# shellcheck shell=bash
#
# A run has a name of its own ($T); everything it makes bears it, so that runs do not meet and that
# what is left behind can be told. The node of a run lives in the namespace "$T-node"; a run with more
# than one names them in NODES.
#
#   begin "story"            set up, trap for cleaning
#   ns NAME...               make namespaces $T-NAME
#   wire NS1 DEV1 NS2 DEV2   a veth pair, up, checksums in software
#   on NS COMMAND...         run in a namespace (bpffs stays visible, unlike with ip netns exec)
#   background NS COMMAND... run until the test ends
#   node_up FILE             start pdpd in $T-node, wait until it forwards; node_down: the reverse
#   ctl ARGS...              pdp-ctl to that node
#   at NAME VERB...          node_up, node_down, ctl ... for the node NAME, in the namespace "$T-NAME"
#   check "what" COMMAND...  one TAP line; output of a failed command follows as comments
#   fails "what" COMMAND...  the same, and the command must fail
#   finish                   clean, check that nothing is left behind, print the plan

set -u

# run_name PID: of as many digits each, so that none is the beginning of another.
run_name() {
	printf 'pdpt%07d' "$1"
}

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BIN=$TOP/build/bin
# shellcheck disable=SC2034
BENCH=$TOP/build/selftests/bench
# shellcheck disable=SC2034
HELP=$TOP/build/selftests/net
T=$(run_name $$)
RUN_DIR=/run/$T
PINS=/sys/fs/bpf/$T
# The version of the maps, by which a node's directory of pins is named.
# shellcheck disable=SC2034
ABI=$(sed -n 's/^#define PDP_ABI //p' "$TOP/bpf/maps.h")
WORK=
NODE=node
NODES=()
TAP_N=0
TAP_BAD=0
NODE_PID=
BG=
BG_PIDS=()
NAMESPACES=()

begin() {
	if [ "$(id -u)" -ne 0 ]; then
		echo "1..0 # SKIP needs root"
		exit 0
	fi
	WORK=$(mktemp -d "/tmp/$T.XXXX")
	trap clean EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	echo "# $*"
}

ns() {
	local name
	for name in "$@"; do
		ip netns add "$T-$name" || return
		NAMESPACES+=("$name")
		on "$name" ip link set lo up
		on "$name" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
	done
}

on() {
	local name=$1
	shift
	nsenter --net="/run/netns/$T-$name" "$@"
}

# Checksums in software: a partial checksum does not survive XDP.
wire() {
	ip link add "$2" netns "$T-$1" type veth peer name "$4" netns "$T-$3" || return
	on "$1" ethtool -K "$2" tx off rxvlan off txvlan off >/dev/null 2>&1
	on "$3" ethtool -K "$4" tx off rxvlan off txvlan off >/dev/null 2>&1
	on "$1" ip link set "$2" up
	on "$3" ip link set "$4" up
}

# mac_of NS DEV
mac_of() {
	on "$1" ip -j link show dev "$2" | jq -r '.[0].address'
}

# Output goes to $WORK/bg.N, errors to $WORK/bg.N.err; $BG is N.
background() {
	local name=$1
	shift
	BG=${#BG_PIDS[@]}
	nsenter --net="/run/netns/$T-$name" "$@" >"$WORK/bg.$BG" 2>"$WORK/bg.$BG.err" &
	BG_PIDS+=($!)
}

# wait_for SECONDS COMMAND...: until it succeeds. SECONDS are those of a machine with nothing else to do; a busy one
# gets five times as many. What does not come at once is asked for less often: to ask costs what others wait for.
wait_for() {
	# Names of its own: what it runs sees them instead of the caller's.
	local wait_end=$((SECONDS + $1 * 5 + 1)) wait_pause=0.05 wait_times=0
	shift
	until "$@" >/dev/null 2>&1; do
		if [ $SECONDS -ge $wait_end ]; then
			# What it says the last time is why.
			"$@"
			return
		fi
		[ $((wait_times += 1)) -lt 4 ] || wait_pause=0.2
		sleep $wait_pause
	done
}

# Each node has its own run directory and pins.
at() {
	local NODE=$1 RUN_DIR=/run/$T-$1 PINS=/sys/fs/bpf/$T-$1 NODE_PID=
	shift
	"$@"
}

ctl() {
	"$BIN/pdp-ctl" --run-dir "$RUN_DIR" --pins "$PINS" "$@"
}

# counter VNET NAME: a vnet's counter, as a number.
counter() {
	ctl -j stats show "$1" | jq -r ".[0].counters.$2"
}

# How often a pdpd of this node has said that it forwards, which it does when it answers.
times_up() {
	grep -cs "node .* forwards: " "$(pdpd_log)"
}

# ended PID. Who waits for somebody to take notice has ended too: what `check` has started, in a subshell, is in time
# adopted by init, which may look but every other second.
ended() {
	local stat
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
	[[ $stat == *") "[ZX]" "* ]]
}

pdpd_log() {
	if [ "$NODE" = node ]; then echo "$WORK/pdpd.log"; else echo "$WORK/$NODE.log"; fi
}

# node_up FILE [pdpd's arguments]: returns when pdpd answers and the classifier is attached. FILE "":
# what was applied last.
node_up() {
	local file=$1 end=$((SECONDS + 60)) before
	shift
	before=$(times_up)
	# In a session of its own: Ctrl-C is the script's, which takes the node down.
	setsid nsenter --net="/run/netns/$T-$NODE" "$BIN/pdpd" ${file:+--config "$file"} --run-dir "$RUN_DIR" \
		--pins "$PINS" --agent "$BIN/pdp-fe-agent" "$@" >>"$(pdpd_log)" 2>&1 &
	NODE_PID=$!
	# For a caller in a subshell: `check` is one.
	echo $NODE_PID >"$WORK/$NODE.pid"
	# Before it listens there is nothing to look for; after a crash there is a socket all the time.
	until [ -S "$RUN_DIR/pdpd.sock" ] && [ "$(times_up)" -gt "${before:-0}" ]; do
		if ended $NODE_PID || [ $SECONDS -ge $end ]; then
			echo "# the node does not come up; pdpd says:"
			sed 's/^/# /' "$(pdpd_log)"
			return 1
		fi
		sleep 0.1
	done
}

# stop_pdpd: ask it to take the node down, or, where it does not answer, to end.
stop_pdpd() {
	local end=$((SECONDS + 60))
	ctl node down >/dev/null 2>&1 || kill -TERM "$NODE_PID" 2>/dev/null
	until ended "$NODE_PID"; do
		if [ $SECONDS -ge $end ]; then
			echo "# pdpd did not stop in 60 s"
			kill -KILL "$NODE_PID"
		fi
		sleep 0.1
	done
	wait "$NODE_PID" 2>/dev/null
}

# A node outlives its pdpd: one that ended before it was asked is followed by another, which takes the
# node down.
node_down() {
	local _
	{ read -r NODE_PID <"$WORK/$NODE.pid"; } 2>/dev/null || return 0
	for _ in 1 2 3; do
		if ended "$NODE_PID"; then
			[ -e "$PINS" ] || [ -e "$RUN_DIR" ] || break
			node_up ""
			read -r NODE_PID <"$WORK/$NODE.pid"
		fi
		stop_pdpd
	done
	NODE_PID=
	rm -f "$WORK/$NODE.pid"
}

# pdpd_leave: pdpd ends and the node forwards on.
pdpd_leave() {
	local pid
	read -r pid <"$WORK/$NODE.pid"
	kill -TERM "$pid"
	wait_for 10 ended "$pid"
}

# pdpd_killed: the same without a warning.
pdpd_killed() {
	local pid
	read -r pid <"$WORK/$NODE.pid"
	kill -KILL "$pid"
	wait_for 5 ended "$pid"
}

result() {
	local word=$1
	shift
	TAP_N=$((TAP_N + 1))
	[ "$word" = ok ] || TAP_BAD=$((TAP_BAD + 1))
	echo "$word $TAP_N - $*"
}

check() {
	local what=$1 out
	shift
	if out=$("$@" 2>&1); then
		result ok "$what"
	else
		result "not ok" "$what"
		printf '%s\n' "$out" | sed 's/^/# /'
	fi
}

fails() {
	local what=$1 out
	shift
	if out=$("$@" 2>&1); then
		result "not ok" "$what: it succeeded"
		printf '%s\n' "$out" | sed 's/^/# /'
	else
		result ok "$what"
	fi
}

skip() {
	TAP_N=$((TAP_N + 1))
	echo "ok $TAP_N - $1 # SKIP $2"
}

# Everything that bears this run's name, one a line.
left_behind() {
	ip netns list | awk -v t="$T-" 'index($1, t) == 1 { print "netns " $1 }'
	find /run /run/pdp-nodes -maxdepth 1 \( -name "$T" -o -name "$T-*" \) -printf 'file %p\n' 2>/dev/null
	find /sys/fs/bpf -maxdepth 1 \( -name "$T" -o -name "$T-*" \) -printf 'pins %p\n'
	find /sys/fs/cgroup -maxdepth 4 -type d -name "*$T*" 2>/dev/null | sed 's/^/cgroup /'
	pgrep -af "[/ ]${T}[/ -]" | grep -v "^$$ " | sed 's/^/process /'
	awk -v t="$T" 'index($5, t) { print "mount " $5 }' /proc/self/mountinfo
}

clean_up() {
	local pid name downs=()
	node_down
	for name in "${NODES[@]}"; do
		at "$name" node_down &
		downs+=($!)
	done
	[ ${#downs[@]} -eq 0 ] || wait "${downs[@]}"
	for pid in "${BG_PIDS[@]}"; do
		kill "$pid" 2>/dev/null
	done
	for pid in "${BG_PIDS[@]}"; do
		wait "$pid" 2>/dev/null
	done
	BG_PIDS=()
	for name in "${NAMESPACES[@]}"; do
		ip netns del "$T-$name" 2>/dev/null
	done
	NAMESPACES=()
}

clean() {
	local status=$?
	trap '' INT TERM
	clean_up
	[ -z "$WORK" ] || rm -rf "$WORK"
	trap - EXIT
	exit $status
}

finish() {
	local left
	clean_up
	left=$(left_behind)
	if [ -z "$left" ]; then
		result ok "nothing is left behind"
	else
		result "not ok" "nothing is left behind"
		printf '%s\n' "$left" | sed 's/^/# /'
	fi
	echo "1..$TAP_N"
	[ $TAP_BAD -eq 0 ]
	exit
}
