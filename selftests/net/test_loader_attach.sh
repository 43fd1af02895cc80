#!/bin/bash
# Programs on devices: attached, replaced without a loss, foreign ones respected.
#
#   $T-far   d1 ------- d0   $T-node     10.77.0.2 pings 10.77.0.1 through the program on d0

. "$(dirname "$0")/lib.sh"

NODE_PINS=$PINS/v$ABI
OTHER=$PINS-other

loader() {
	on node "$BIN/pdp-loader" --root "$PINS" "$@"
}

other() {
	on node "$BIN/pdp-loader" --root "$OTHER" "$@"
}

tidy() {
	local status=$?
	loader purge 2>/dev/null
	other purge 2>/dev/null
	rm -f "$PINS-foreign"
	(exit "$status")
	clean
}

says() {
	local text=$1 out
	shift
	if out=$("$@" 2>&1); then
		echo "it succeeded: $out"
		return 1
	fi
	echo "$out"
	grep -qF -- "$text" <<<"$out"
}

make_wire() {
	wire node d0 far d1
	on node ip addr add 10.77.0.1/24 dev d0
	on far ip addr add 10.77.0.2/24 dev d1
}

# link_field LINK FIELD
link_field() {
	loader -j status | jq -r ".links[] | select(.name == \"$1\") | .$2"
}

link_id() {
	bpftool -j link show pinned "$NODE_PINS/links/$1" | jq .id
}

xdp_on() {
	on node ip -j link show dev "$1" | jq -r '.[0].xdp | "\(.mode) \(.prog.id)"'
}

attached() {
	[ "$(link_field port-A program)" = "$1" ] &&
		[ "$(xdp_on d0)" = "$2 $(link_field port-A prog_id)" ]
}

# The same link, another program, the same device.
replaced() {
	local link prog
	link=$(link_id port-A)
	prog=$(link_field port-A prog_id)
	loader attach "$1" port-A d0 || return 1
	attached "pdp_$1" 1 && [ "$(link_id port-A)" = "$link" ] &&
		[ "$(link_field port-A prog_id)" != "$prog" ]
}

no_ping_lost() {
	local i
	background far ping -q -i 0.005 -c 200 10.77.0.1
	for i in pass classify pass classify pass; do
		replaced "$i" || return 1
	done
	wait $!
	cat "$WORK/bg.0"
	grep -q '200 packets transmitted, 200 received' "$WORK/bg.0"
}

goes_to_generic_and_back() {
	loader attach pass port-A d0 --generic && attached pdp_pass 2 &&
		loader attach pass port-A d0 && attached pdp_pass 1
}

# A device that went away and came back under the same name.
heals() {
	on node ip link del d0
	[ "$(link_field port-A ifindex)" = 0 ] || return 1
	make_wire
	loader attach pass port-A d0 && attached pdp_pass 1
}

moves() {
	loader attach pass port-A e0 || return 1
	[ "$(xdp_on e0)" = "1 $(link_field port-A prog_id)" ] && wait_for 5 no_xdp d0 &&
		loader attach pass port-A d0 && wait_for 5 no_xdp e0
}

no_xdp() {
	[ "$(xdp_on "$1")" = "null null" ]
}

put_foreign_by_netlink() {
	bpftool prog load "$TOP/build/bpf/pass.bpf.o" "$PINS-foreign" type xdp &&
		on node bpftool net attach xdpdrv pinned "$PINS-foreign" dev d0
}

foreign_id() {
	xdp_on d0 | cut -d' ' -f2
}

respects() {
	local id
	id=$(foreign_id)
	says "d0 already carries XDP program 'pdp_pass' (id $id)" loader attach classify port-A d0 &&
		[ "$(foreign_id)" = "$id" ] && [ -z "$(link_field port-A name)" ]
}

evicts() {
	loader attach classify port-A d0 --force && attached pdp_classify 1
}

# With mtu 9000 on both ends; the sentence has both numbers.
refuses_mtu() {
	on far ip link set d1 mtu 9000
	on node ip link set d0 mtu 9000
	says "d0: MTU 9000 is larger than the 3506 that native XDP takes" \
		loader attach pass port-A d0 || return 1
	on node ip link set d0 mtu 1500
	says "d0: MTU 1500 fits, but its veth peer's is larger than the 3506" \
		loader attach pass port-A d0 || return 1
	on far ip link set d1 mtu 3506
	on node ip link set d0 mtu 3506
	loader attach pass port-A d0
}

begin "programs on devices"
trap tidy EXIT
ns node far
make_wire
wire node e0 far e1

check "attach" loader attach pass port-A d0
check "it is there, in native mode" attached pdp_pass 1
check "attach again replaces the program in its link" replaced pass
check "200 pings go through five replacements" no_ping_lost
check "the mode can be changed" goes_to_generic_and_back
check "a link whose device went away is made anew" heals
check "a link moves to another device" moves
check "a device without native XDP is named" says "lo: its driver has no native XDP, or none at MTU 65536" \
	loader attach pass port-L lo
check "an unknown device" says "no device 'nosuch' in this network namespace" \
	loader attach pass port-X nosuch
check "an unknown hook" says "no hook 'classifier'; they are classify, dispatch, vif-out, delayed and pass" \
	loader attach classifier port-X d0
check "a link name that leads elsewhere" says "link name '../x'" loader attach pass ../x d0
check "detach" loader detach port-A
check "nothing stands there" no_xdp d0
check "detach of nothing is fine" loader detach port-A

check "a foreign program by netlink" put_foreign_by_netlink
check "is respected" respects
check "and evicted by force" evicts
check "detach" loader detach port-A
check "a foreign program by bpf_link" other attach pass mine d0
check "is respected" respects
check "and evicted by force" evicts
loader detach port-A

if loader attach pass port-A d0 --dispatcher 2>"$WORK/err"; then
	skip "--dispatcher says why it cannot" "this kernel takes freplace"
	loader detach port-A
else
	check "--dispatcher says why it cannot" grep -q "this kernel refuses freplace" "$WORK/err"
fi
check "an MTU too large is refused with the numbers" refuses_mtu
loader purge
other purge
rm -f "$PINS-foreign"
finish
