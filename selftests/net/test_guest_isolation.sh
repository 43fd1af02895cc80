#!/bin/bash
# What a hostile FE guest can do: a probe stands in the agent's place and tries.
#
#   [ guestd: loader, guest.c ] --- pdpfe1 ===== eth0 [ LXC: pdp-fe-init, probe ]

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/guest.sh"

begin "an FE guest is locked in"
trap guest_clean EXIT
ns node
mkdir "$WORK/bin"
cp "$BIN/pdp-fe-init" "$WORK/bin/"
cp "$HELP/probe" "$WORK/bin/pdp-fe-agent"

guest_up "$WORK/bin/pdp-fe-agent"
probe_log=$GUEST_DIR/agent.log
check "the guest starts" wait_for 10 grep -q started "$EVENTS"
fds() {
	find "/proc/$GUESTD/fd" -mindepth 1 | wc -l
}
fds_before=$(fds)
check "the probe tries it all" wait_for 30 grep -q '^done$' "$probe_log"
cp "$probe_log" "$WORK/probe"

same() {
	echo "got '$1'"
	[ "$1" = "$2" ]
}
# What it tried, and what must come of it.
while read -r name want; do
	case $name in '' | \#*) continue ;; esac
	got=$(sed -n "s/^$name //p" "$WORK/probe")
	check "$name $want" same "$got" "$want"
done <<EOT
	# its identity
	uid 1
	status.Uid: 1 1 1 1
	status.CapInh: 0000000000002000
	status.CapPrm: 0000000000002000
	status.CapEff: 0000000000002000
	status.CapBnd: 0000000000002000
	status.CapAmb: 0000000000002000
	status.NoNewPrivs: 1
	status.Seccomp: 2
	setuid-0 EPERM
	drop-bounding EPERM
	raise-net-admin EPERM
	# system calls
	bpf-map-create EPERM
	bpf-map-by-id EPERM
	bpf-obj-get EPERM
	unshare-user EPERM
	clone-user EPERM
	clone3 ENOSYS
	setns EPERM
	mount-tmpfs EPERM
	remount-root EPERM
	umount-usr EPERM
	ptrace-init EPERM
	io-uring EPERM
	userfaultfd EPERM
	perf-event EPERM
	keyctl EPERM
	syslog EPERM
	# its link
	get-flags ok
	link-down EPERM
	link-mtu EPERM
	link-tx-on EPERM
	packet-socket ok
	xsk ok
	# files
	write-root EROFS
	write-usr EROFS
	write-own-dir EACCES
	write-agent EACCES
	write-sysctl EACCES
	mknod EPERM
	write-tmp ok
	forks bounded
	umem-16-mib ENOBUFS
	# its first words to the controller
	hello-good accepted
	hello-no-fds closed
	hello-one-fd closed
	hello-three-fds closed
	hello-six-fds closed
	hello-swapped-fds closed
	hello-inet-socket closed
	hello-unsealed-counters closed
	hello-file-as-counters closed
	hello-version closed
	hello-device closed
	hello-queue closed
	hello-dataplane closed
	hello-short closed
	hello-3-bytes closed
	synced-first closed
	synced-again closed
	synced-unasked closed
	errors-again closed
	haste bounded
	pauses grow
EOT
check "each time the next honest HELLO is accepted" [ "$(grep -c '^after-.* accepted$' "$WORK/probe")" -eq 16 ]

listed() {
	sed -n "s|^list $1:||p" "$WORK/probe" | tr ' ' '\n' | sort | tr '\n' ' '
}
handed() {
	grep -v '^fd /run/pdp/agent.log$' "$WORK/probe" | grep '^fd '
}
fails "no descriptor was handed to it" handed
check "it has no devices but null, urandom, zero" [ "$(listed /dev)" = " null urandom zero " ]
check "it sees one guest's directory, its own" [ "$(listed /run)" = " pdp " ]
check "there is no /sys" [ "$(listed / | grep -c sys)" -eq 0 ]

# Every descriptor that came with a lie is closed again; so are those of the truth.
settled() {
	[ "$(fds)" -le "$fds_before" ]
}
check "the controller keeps no descriptor of a guest" wait_for 5 settled
no_xsk() {
	local fd
	for fd in "/proc/$GUESTD/fd"/*; do
		case $(readlink "$fd") in *memfd*) return 1 ;; esac
	done
}
check "nor any memfd" no_xsk

# --- from outside the guest
check "its directory is closed to others" [ "$(stat -c %a "$GUEST_DIR")" = 710 ]
cp "$HELP/probe" "$WORK/stranger" && chmod 755 "$WORK" "$WORK/stranger"
says() {
	local want=$1
	shift
	"$@" --connect "$GUEST_DIR/agent.sock" | grep "^$want\$"
}
check "another uid cannot reach its socket" says "connect EACCES" \
	setpriv --reuid 12345 --regid 12345 --clear-groups "$WORK/stranger"
check "root, who is not its agent, is turned away" says "then closed" "$WORK/stranger"
check "that was told" wait_for 5 grep -aq 'uid 0 connected, who is not' "$EVENTS"

# Two guests of a node never share a host uid: locked memory is charged by it.
uid_of() {
	awk '/^Uid:/ { print $2 }' "/proc/$1/status"
}
first=$(uid_of "$(value pid)")
guest_down
check "the guest stops" [ "$ENDED" -eq 0 ]
guest_up "$BIN/pdp-fe-agent" --id 2 --name red-2
check "a guest of another id gets ready" wait_for 10 is_now ready
check "under a host uid of its own" [ "$(uid_of "$(value pid)")" != "$first" ]
agent_caps() {
	grep -E '^Cap(Inh|Prm|Eff|Amb)' "/proc/$(pgrep -P "$(value pid)")/status" | awk '{ print $2 }' | sort -u
}
check "the real agent gives up CAP_NET_RAW as well" [ "$(agent_caps)" = 0000000000000000 ]
guest_down
check "it stops" [ "$ENDED" -eq 0 ]
check "nothing is left of either" guest_is_gone
finish
