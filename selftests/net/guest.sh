# One FE guest without vnets, for the tests of guests; sourced after lib.sh.
# shellcheck shell=bash
#
#   [ guestd: loader, guest.c ] --- pdpfe1 ===== eth0 [ LXC: pdp-fe-init, agent ]
#      namespace $T-node

# shellcheck disable=SC2034
GUEST_DIR=$RUN_DIR/guest/red-1
EVENTS=
GUESTD=
ENDED=

# guest_up AGENT [guestd's arguments]: start guestd in $T-node; its events go to $EVENTS.
guest_up() {
	local agent=$1
	shift
	EVENTS=$WORK/events.$RANDOM
	nsenter --net="/run/netns/$T-node" "$HELP/guestd" --run-dir "$RUN_DIR" --pins "$PINS" \
		--node "$T" --agent "$agent" "$@" >"$EVENTS" 2>&1 &
	GUESTD=$!
}

# The last event has this state (and these KEY=VALUE).
is_now() {
	local word last
	last=$(grep -a 'why=' "$EVENTS" | tail -1)
	for word in "$@"; do
		case " $last " in
		*" $word "*) ;;
		*)
			echo "it is $last"
			return 1
			;;
		esac
	done
}

# value KEY: of the last event.
value() {
	grep -a 'why=' "$EVENTS" | tail -1 | tr ' ' '\n' | sed -n "s/^$1=//p" | head -1
}

# A fresh line of figures at the end of $EVENTS.
look() {
	local before
	before=$(wc -l <"$EVENTS")
	kill -USR1 "$GUESTD" && wait_for 5 more_events "$before"
}

more_events() {
	[ "$(wc -l <"$EVENTS")" -gt "$1" ]
}

# Not within check, whose subshell has no children to wait for; $ENDED is its exit status.
guest_down() {
	[ -n "$GUESTD" ] || return 0
	kill -TERM "$GUESTD" 2>/dev/null
	wait "$GUESTD"
	# shellcheck disable=SC2034
	ENDED=$?
	GUESTD=
}

# In the guest's network namespace; files are the host's.
inside() {
	nsenter -t "$(value pid)" --net "$@"
}

guest_left_behind() {
	local path
	find /run/lxc/lock -path "*$T*" 2>/dev/null
	find /sys/fs/cgroup -name "*$T*" 2>/dev/null
	pgrep -af "lxc monitor.*$T"
	on node ip -br link show 2>/dev/null | grep '^pdpfe'
	for path in "$RUN_DIR" "$PINS"; do
		[ ! -e "$path" ] || echo "$path"
	done
}

guest_is_gone() {
	[ -z "$(guest_left_behind)" ] || {
		guest_left_behind
		return 1
	}
}

# Also after a failure half way: nothing outlives the test.
guest_clean() {
	guest_down
	if [ -n "$(guest_left_behind)" ]; then
		guest_up "$BIN/pdp-fe-agent"
		wait_for 10 grep -q started "$EVENTS"
		guest_down
	fi
	clean
}
