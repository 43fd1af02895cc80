#!/bin/sh
# Run tests found by name and print one TAP summary; fails when a test fails or none ran.
#
#   selftests/run.sh [unit] [prog] [fuzz] [net]     levels, all by default
#   T=router V=1 selftests/run.sh net        only tests whose name has "router"; V=1 shows their output

set -eu

cd "$(dirname "$0")/.."
levels=${*:-unit prog fuzz net}
list=
for level in $levels; do
	case $level in
	unit | prog) found=$(find build/selftests/"$level" -maxdepth 1 -name 'test_*' -type f -perm -u+x | sort) ;;
	net | fuzz) found=$(find selftests/"$level" -maxdepth 1 -name 'test_*.sh' | sort) ;;
	*)
		echo "run.sh: no level '$level'; they are unit, prog, fuzz, net" >&2
		exit 2
		;;
	esac
	for test in $found; do
		case $test in
		*"${T:-}"*) list="$list $test" ;;
		esac
	done
done
if [ -z "$list" ]; then
	echo "run.sh: no test found in $levels with a name like '${T:-}*'" >&2
	exit 1
fi

# prove would stop in the middle.
for test in $list; do
	[ -x "$test" ] || {
		echo "run.sh: $test is not executable; chmod +x it" >&2
		exit 1
	}
done

export CMOCKA_MESSAGE_OUTPUT=TAP
flags=--timer
[ "${V:-0}" = 1 ] && flags="$flags --verbose"
# shellcheck disable=SC2086
exec prove $flags --merge --exec '' $list
