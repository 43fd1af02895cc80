#!/bin/bash
# What `make install` puts down works from where it lies: pdpd finds its agent below PREFIX/libexec, and
# a node comes up. `make uninstall` takes away what it brought. Topology: figure6.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"

begin "installed"
figure6
ROOT=$WORK/root

install_to() {
	make -s -C "$TOP" "$1" DESTDIR="$ROOT" PREFIX=/usr
}
check "make install" install_to install
check "programs" [ "$(cd "$ROOT/usr" && echo bin/* sbin/* libexec/pdp/*)" = \
	"bin/pdp-tun sbin/pdp-ctl sbin/pdp-loader sbin/pdpd libexec/pdp/pdp-delay libexec/pdp/pdp-fe-agent libexec/pdp/pdp-fe-init libexec/pdp/pdp-mh-init" ]
check "a place for the state, closed to others" [ "$(stat -c %a "$ROOT/var/lib/pdp")" = 700 ]
page_for_each() {
	local program
	for program in "$ROOT"/usr/*bin/* "$ROOT"/usr/libexec/pdp/*; do
		ls "$ROOT/usr/share/man/man8/$(basename "$program").8" || return
	done
}
check "a man page for each" page_for_each

{
	node_head
	fes 1 200m
	echo vnets:
	red 200m
} >"$WORK/node.yaml"
background node "$ROOT/usr/sbin/pdpd" --config "$WORK/node.yaml" --run-dir "$RUN_DIR" --pins "$PINS"
is_up() {
	"$ROOT/usr/sbin/pdp-ctl" --run-dir "$RUN_DIR" -j node show | grep -q '"forwarding"'
}
check "the installed pdpd brings a node up" wait_for 20 is_up
check "it finds the installed agent" [ "$(ctl -j guest show | jq -r '.[0].state')" = ready ]
check "the installed pdp-loader knows it" "$ROOT/usr/sbin/pdp-loader" --root "$PINS" status
check "down" "$ROOT/usr/sbin/pdp-ctl" --run-dir "$RUN_DIR" --pins "$PINS" node down
wait "${BG_PIDS[BG]}"
check "pdpd ends well" test $? -eq 0

check "make uninstall" install_to uninstall
check "no file is left" [ -z "$(find "$ROOT" -type f)" ]
finish
