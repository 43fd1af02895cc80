#!/bin/bash
# pdpd.service: what systemd-analyze thinks of it, and a node with no more capabilities than it grants,
# that comes up, changes, heals, is adopted, and tells its manager so. Topology: figure6.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/live.sh"

begin "pdpd as a service"
figure6
ROOT=$WORK/root
SYSTEM=$ROOT/usr/lib/systemd/system
UNIT=$SYSTEM/pdpd.service
REAL=$BIN

check "make install" make -s -C "$TOP" install DESTDIR="$ROOT" PREFIX=/usr
check "the unit is there, with its paths" grep -qx "ExecStart=/usr/sbin/pdpd" "$UNIT"
check "nothing is left to put in" [ -z "$(grep @ "$UNIT")" ]
# Programs must exist where the unit says: below the root.
verify() {
	local said
	cp -r /usr/lib/systemd/system/*.target /usr/lib/systemd/system/sys-*.mount "$SYSTEM/" || return
	said=$(systemd-analyze verify --root="$ROOT" --man=no "$UNIT" 2>&1 | grep pdpd)
	echo "$said"
	[ -z "$said" ]
}
if command -v systemd-analyze >/dev/null; then
	check "systemd-analyze verify" verify
	echo "Wrong=yes" >>"$UNIT"
	fails "which would find a fault" verify
	sed -i '$d' "$UNIT"
else
	skip "systemd-analyze verify" "there is no systemd-analyze"
fi

# --- the same limits, from the unit itself

CAPS=$(sed -n 's/^CapabilityBoundingSet=//p' "$UNIT" | tr ' ' '\n' |
	sed 's/^CAP_/+/' | tr '[:upper:]\n' '[:lower:],')
mkdir "$WORK/bin"
cp "$REAL"/* "$WORK/bin"
rm "$WORK/bin/pdpd"
cat >"$WORK/bin/pdpd" <<-EOT
	#!/bin/sh
	export NOTIFY_SOCKET=$WORK/notify WATCHDOG_USEC=400000
	exec setpriv --bounding-set "-all,${CAPS%,}" $REAL/pdpd "\$@"
EOT
chmod 755 "$WORK" "$WORK/bin" "$WORK/bin/pdpd"
BIN=$WORK/bin
background node python3 -u -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    print(s.recv(100).decode())' "$WORK/notify"
TOLD=$WORK/bg.$BG
wait_for 5 test -S "$WORK/notify"

node_file base eval "red 500m; blue 100m"
node_file less red 400m
cp "$WORK/base.yaml" "$WORK/node.yaml"
check "a node comes up" node_up "$WORK/node.yaml"
bounded() {
	local now
	now=$(sed -n 's/^CapEff:[[:space:]]*//p' "/proc/$(cat "$WORK/node.pid")/status")
	echo "$now"
	[ "$(python3 -c 'import sys; print(bin(int(sys.argv[1], 16)).count("1"))' "$now")" -eq "$(echo "$CAPS" | tr -cd + | wc -c)" ]
}
check "with the capabilities of the unit and no other" bounded
join_red
check "it forwards" on src ping -q -c 3 -i 0.05 -W 1 10.1.2.2
check "a delay, which needs a process of its own" ctl vif set red/v1 impair.delay-ms 5
check "it forwards through that" on src ping -q -c 3 -i 0.05 -W 1 10.1.2.2
check "no delay" ctl vif set red/v1 impair.delay-ms 0
check "it tells that it is ready" wait_for 5 grep -qx READY=1 "$TOLD"
pings() {
	[ "$(grep -cx WATCHDOG=1 "$TOLD")" -ge 3 ]
}
check "and that it lives" wait_for 10 pings
# ExecReload, with this node's directories and file.
reload() {
	local line
	line=$(sed -n 's/^ExecReload=//p' "$UNIT")
	line=${line//\/etc\/pdp\/pdp.yaml/$WORK/less.yaml}
	# shellcheck disable=SC2086
	ctl ${line#*/pdp-ctl } && [ "$(ctl -j vnet show | jq -c 'map([.name, .power_millicores])')" = '[["red",400]]' ]
}
check "a reload: a vnet less, another smaller" reload
dead=$(BIN=$REAL agent_pid)
kill -KILL "$dead"
new_agent() {
	local now
	now=$(BIN=$REAL agent_pid)
	[ -n "$now" ] && [ "$now" != "$dead" ] && ctl -j guest show | jq -e 'all(.state == "ready")'
}
check "an agent that died is replaced" wait_for 10 new_agent
check "pdpd leaves" pdpd_leave
check "and says so" grep -qx STOPPING=1 "$TOLD"
check "the node forwards on" on src ping -q -c 3 -i 0.05 -W 1 10.1.2.2
check "the next one takes it over" node_up ""
check "it is the same guest" [ "$(pgrep -fc "lxc monitor.* pdp-$T-")" -eq "$(ctl -j guest show | jq length)" ]
check "down" ctl node down
finish
