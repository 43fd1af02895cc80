#!/bin/bash
# Each libFuzzer target for a bounded number of inputs, the same ones each time: TAP. With SECONDS_EACH,
# for that long instead, on from what build/fuzz/corpus has kept.
#
# Seeds of fuzz_NAME lie in selftests/fuzz/NAME; the examples are those of fuzz_nodefile.

set -u
cd "$(dirname "$0")/../.." || exit
WORK=$(mktemp -d /tmp/pdp-fuzz.XXXX)
trap 'rm -rf "$WORK"' EXIT

# How many inputs take well under a second.
inputs() {
	case $1 in
	store) echo 150 ;;
	nodefile | edit) echo 300 ;;
	*) echo 3000 ;;
	esac
}

# fuzz NAME: finds end with an input in build/fuzz/.
fuzz() {
	local name=$1 seeds=$WORK/$1 bound
	mkdir -p "$seeds" build/fuzz
	[ ! -d "selftests/fuzz/$name" ] || cp selftests/fuzz/"$name"/* "$seeds"
	[ "$name" != nodefile ] || cp examples/*.yaml "$seeds"
	bound=(-runs="$(inputs "$name")" -seed=1)
	if [ -n "${SECONDS_EACH:-}" ]; then
		mkdir -p "build/fuzz/corpus/$name"
		seeds="build/fuzz/corpus/$name $seeds"
		bound=(-max_total_time="$SECONDS_EACH")
	fi
	# shellcheck disable=SC2086
	build/selftests/fuzz/fuzz_"$name" "${bound[@]}" -max_len=4096 -timeout=20 -use_value_profile=1 \
		-artifact_prefix="build/fuzz/$name-" $seeds >"$WORK/$name.log" 2>&1
}

n=0
bad=0
for target in build/selftests/fuzz/fuzz_*; do
	[[ $target == *.* ]] && continue
	name=${target##*/fuzz_}
	n=$((n + 1))
	if fuzz "$name"; then
		echo "ok $n - $name: $(grep -oE 'Done [0-9]+ runs' "$WORK/$name.log")"
	else
		bad=1
		echo "not ok $n - $name"
		grep -v '^#' "$WORK/$name.log" | tail -n 60 | sed 's/^/# /'
	fi
done
if [ $n -eq 0 ]; then
	echo "1..0 # SKIP no targets: clang has no libFuzzer here"
	exit
fi
echo "1..$n"
exit $bad
