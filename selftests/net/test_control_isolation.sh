#!/bin/bash
# What the owner of a control plane, root in his MH guest, can and cannot do. Topology: figure6.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/control.sh"

begin "an MH guest is locked in"
figure6
{
	node_head
	fes 1 300m
	echo vnets:
	controlled red 100m "kind: static, memory: 64M"
	controlled green 100m kind: static
} >"$WORK/node.yaml"
check "the node comes up" node_up "$WORK/node.yaml"

# --- who it is

status() {
	inside red cat /proc/self/status
}
check "no new privileges" says status 'NoNewPrivs:.*1$'
check "system calls are filtered" says status 'Seccomp:.*2$'
check "capabilities are what daemons need" says status 'CapBnd:.*0000000000203ceb$'
ids() {
	awk '{ print $2, $3 }' "/proc/$(init_of "$1")/uid_map"
}
echo "# ids of red $(ids red), of green $(ids green)"
apart() {
	local a b
	read -r a _ <<<"$(ids red)"
	read -r b _ <<<"$(ids green)"
	[ "$a" -ge 1811939328 ] && [ "$b" -ge 1811939328 ] && [ "$a" -lt 1879048192 ] && { [ $((a - b)) -ge 32 ] || [ $((b - a)) -ge 32 ]; }
}
check "ids of their own, below those of FE guests" apart
same_ns() {
	[ "$(readlink "/proc/$(init_of red)/ns/$1")" = "$(readlink "/proc/$(init_of green)/ns/$1")" ] ||
		[ "$(readlink "/proc/$(init_of red)/ns/$1")" = "$(readlink "/proc/self/ns/$1")" ]
}
for kind in cgroup ipc mnt net pid user uts; do
	fails "a $kind namespace of its own" same_ns $kind
done

# --- files

check "nothing is mounted but its own" says inside red sh -c "grep -vcE ' (/|/usr|/proc(/.*)?|/tmp|/run|/pdp/(guest|etc)|/dev/(full|null|random|tty|urandom|zero)) ' /proc/self/mounts" '^0$'
fails "/ is read-only" inside red touch /file
fails "/usr is read-only" inside red touch /usr/file
fails "so is what it was told" inside red touch /pdp/guest/control
fails "no sysfs" inside red ls /sys
fails "no host's /etc/shadow" inside red cat /etc/shadow
fails "no host's run directory" inside red ls "$RUN_DIR"
fails "no bpffs" inside red ls /sys/fs/bpf
fails "/proc/sys is read-only" inside red sh -c 'echo 1 >/proc/sys/kernel/panic'
check "but for its own network" inside red sysctl -qw net.ipv4.conf.v0.rp_filter=2
fails "no sysrq" inside red sh -c 'echo b >/proc/sysrq-trigger'
fails "no kernel log" inside red dmesg
check "it sees its own processes alone" says inside red sh -c 'ps -e --no-headers | wc -l' '^ *[1-5]$'
fails "files of others are not followed into" inside red sh -c "cat /proc/1/root/proc/1/root$RUN_DIR/pdpd.lock"

# --- what would lead out

for what in "mount -t tmpfs none /tmp" "mount -t proc proc /tmp" "umount /usr" "mount -o remount,rw /" \
	"unshare -U true" "unshare -n true" "unshare -m true" "unshare -p -f true" "ip netns add x" \
	"nsenter -t 1 -n true" "chroot /tmp true" "mknod /tmp/mem c 1 1" "bpftool prog" "dmesg" \
	"ip link add x type veth peer name y netns 2" "date -s 2000-01-01" "renice -5 1"; do
	fails "it cannot: $what" inside red sh -c "$what"
done
inside red kill -KILL 1
check "its init lives" control_is red ready
check "its network is its own to work on" inside red sh -c \
	'ip link add x type veth peer name y && ip link del x && ip addr add 10.9.9.9/32 dev lo'
fails "the program on a vif is not" inside red ip link set dev v0 xdp off
check "that one is there still" says inside red ip link show v0 xdp

# --- limits

memory() {
	timeout 90 "$BIN/pdp-ctl" --run-dir "$RUN_DIR" vnet exec red -- sh -c 'head -c 30m /dev/zero >/tmp/a; head -c 30m /dev/zero >/run/b; head -c 80m /dev/zero | tail -c 80m | wc -c'
}
fails "more memory than 64 MiB" says memory '^83886080$'
check "green is not hurt" control_is green ready
wait_for 10 control_is red ready
check "nor red in the end" control_is red ready
inside red rm -f /tmp/a /run/b
# They wait for somebody to write: to fork alone is quick also where a CPU's fifth is all there is. In the end somebody might,
# until the last of them has seen it: one that came late would wait for ever, and the test with it.
processes() {
	# shellcheck disable=SC2016
	timeout 90 "$BIN/pdp-ctl" --run-dir "$RUN_DIR" vnet exec green -- sh -c \
		'mkfifo /tmp/f; trap "exec 3<>/tmp/f; wait" EXIT; i=0; while [ $i -lt 600 ]; do : </tmp/f & i=$((i + 1)); done' 2>&1
}
check "more processes than 512" says processes "[Cc]annot fork|Resource temporarily"
quota() {
	ctl -j guest show red-cp
	[ "$(control red quota_us)" = 2000 ] && [ "$(control red period_us)" = 10000 ]
}
check "200m are 2 ms in each 10" quota
fails "it has no cgroups to raise that in" inside red ls /sys/fs/cgroup/cpu

# --- the controller does not listen to others than init

knock() {
	# shellcheck disable=SC2016
	inside red timeout 3 perl -MSocket -e 'for (1 .. 8) { socket(my $s, AF_UNIX, 5, 0) or die; push @s, $s; connect($s, pack_sockaddr_un("/pdp/guest/init.sock")) or die; send($s, "down x FORGED", 0) or die; select(undef, undef, undef, 0.2) }'
	true
}
quiet
check "strangers knock" knock
fails "and are not heard" told FORGED
pdpd_killed
check "the next pdpd comes up" node_up "$WORK/node.yaml"
check "strangers knock again" knock
fails "and are not heard" told FORGED
check "the node goes down" node_down
finish
