# Control planes for the vnets of Figure 6; sourced after figure6.sh.
# shellcheck shell=bash
#
#   controlled VNET POWER WORDS   a vnet's entry with control-plane: {WORDS}
#   inside VNET COMMAND...        run in its MH guest
#   control VNET KEY              what guest show tells of it
#   init_of VNET                  its process 1
#   quiet; told PATTERN           is it in the log since then?

controlled() {
	local vnet=$1 power=$2
	shift 2
	"$vnet" "$power" | sed "s!^    data-plane:.*!&\n    control-plane: {$*}!"
}

inside() {
	local vnet=$1
	shift
	ctl vnet exec "$vnet" -- "$@"
}

control() {
	ctl -j guest show "$1-cp" | jq -r ".[0].$2"
}

init_of() {
	control "$1" init_pid
}

control_is() {
	[ "$(control "$1" state)" = "$2" ]
}

quiet() {
	SAID=$(wc -l <"$WORK/pdpd.log")
}

told() {
	tail -n "+$((SAID + 1))" "$WORK/pdpd.log" | grep -q -- "$1"
}

# says COMMAND... PATTERN: its output has a line like that.
says() {
	local pattern=${!#} out
	out=$("${@:1:$#-1}" 2>&1)
	printf '%s\n' "$out"
	grep -qE -- "$pattern" <<<"$out"
}
