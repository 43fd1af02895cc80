#!/bin/sh
# Run tests found by name and print one summary; fails when a test fails or none ran.
#
#   selftests/run.sh [unit] [prog] [fuzz] [net]     levels, all by default
#   T=router selftests/run.sh net            only tests whose name has "router"
#   V=1 selftests/run.sh                     what they say as they say it, one test after the other
#   JOBS=1 selftests/run.sh                  so many at a time; three for each CPU by default: net tests mostly wait
#
# Net tests run beside each other, and beside the fuzz tests, but for those with a line in their heads that says why not.
# `# serial: WHY`: it floods, from which others would suffer. These run one after the other when the others of net have
# ended; in one other lane beside them there are the unit and prog tests, which only compute. `# alone: WHY`: it measures.
# These run at the end, each by itself. What each said is in build/tap/. Ctrl-C ends them, and waits until they have
# cleaned up.

set -eu

cd "$(dirname "$0")/.."
TAPS=build/tap
levels=${*:-unit prog fuzz net}
for level in $levels; do
	case $level in
	unit | prog | fuzz | net) ;;
	*)
		echo "run.sh: no level '$level'; they are unit, prog, fuzz, net" >&2
		exit 2
		;;
	esac
done

# --- which ---------------------------------------------------------------------------------------

# tests_of LEVEL...: those of them that are asked for.
tests_of() {
	for level; do
		case " $levels " in *" $level "*) ;; *) continue ;; esac
		case $level in
		unit | prog) find "build/selftests/$level" -maxdepth 1 -name 'test_*' -type f -perm -u+x ;;
		net | fuzz) find "selftests/$level" -maxdepth 1 -name 'test_*.sh' ;;
		esac | sort
	done
}

# says WORD TEST: in its head.
says() {
	head -n 12 "$2" | grep -q "^# $1: "
}

rm -rf $TAPS
mkdir -p $TAPS
together=
serial=
computing=
alone=
for test in $(tests_of net fuzz prog unit); do
	case $test in
	*"${T:-}"*) ;;
	*) continue ;;
	esac
	# prove would stop in the middle.
	[ -x "$test" ] || {
		echo "run.sh: $test is not executable; chmod +x it" >&2
		exit 1
	}
	case $test in
	selftests/net/*)
		if says alone "$test"; then
			alone="$alone $test"
		elif says serial "$test"; then
			serial="$serial $test"
		else
			together="$together $test"
		fi
		;;
	selftests/fuzz/*) together="$together $test" ;;
	*) computing="$computing $test" ;;
	esac
done
# With nothing to be beside of they need no lane.
[ -n "$serial" ] || {
	together="$together$computing"
	computing=
}
if [ -z "$together$serial$alone" ]; then
	echo "run.sh: no test found in $levels with a name like '${T:-}*'" >&2
	exit 1
fi

# --- prove, which is told what may run beside what -----------------------------------------------

# rule INDENT WORD TEST...
rule() {
	indent=$1 word=$2
	shift 2
	[ $# -gt 0 ] || return 0
	echo "$indent- $word:"
	for test; do echo "$indent  - $test"; done
}
# shellcheck disable=SC2086
{
	printf -- '---\nseq:\n'
	rule '  ' par $together
	[ -z "$serial" ] || echo '  - par:'
	rule '    ' seq $serial
	rule '    ' seq $computing
	rule '  ' seq $alone
} >$TAPS/rules.yml

export CMOCKA_MESSAGE_OUTPUT=TAP
# Debian's programs, which deps.sh has installed, before others of their names: a python3 that is a script of a version
# manager takes half a second to start.
export PATH="/usr/sbin:/usr/bin:/sbin:/bin:$PATH"
# What is freed stays unusable until so much more is: the 256 MiB that are usual cost more than the tests themselves.
export ASAN_OPTIONS="quarantine_size_mb=16${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
export HARNESS_RULESFILE=$TAPS/rules.yml
if [ "${V:-0}" = 1 ]; then
	# shellcheck disable=SC2086
	set -- --verbose --exec '' $together $serial $computing $alone
else
	# shellcheck disable=SC2086
	set -- --jobs "${JOBS:-$((3 * $(nproc)))}" --exec "sh selftests/one.sh $TAPS" $together $serial $computing $alone
fi

# In a process group of its own, so that all of it can be ended, and waited for.
stop() {
	trap '' INT TERM
	echo "run.sh: interrupted; tests clean up" >&2
	kill -s TERM -- "-$prove" 2>/dev/null || :
	wait "$prove" || :
	for _ in $(seq 600); do
		pgrep -g "$prove" >/dev/null || break
		sleep 0.1
	done
	exit "$1"
}
trap 'stop 130' INT
trap 'stop 143' TERM
setsid env --default-signal=INT prove --timer --merge "$@" &
prove=$!
status=0
wait $prove || status=$?
[ "${V:-0}" != 1 ] || exit $status

# --- in short ------------------------------------------------------------------------------------

# count PATTERN: lines of all tests.
count() {
	cat $TAPS/*.tap | grep -cE "$1" || :
}
skipped=$(grep -HE '^(ok [0-9]+.*|1\.\.0 *)# *SKIP' $TAPS/*.tap | sed -E "s,^$TAPS/([^:]*)\.tap:(1\.\.0|ok [0-9]+ *-?) *,  \1: ," || :)
[ -z "$skipped" ] || printf 'Skipped:\n%s\n' "$skipped"
# Each failed check with the beginning of what it said, last of all: of a long output it is the end that is kept.
# shellcheck disable=SC2016
awk '
	FNR == 1 { name = FILENAME; gsub(/.*\/|\.tap$/, "", name); left = 0 }
	/^not ok / { if (!any++) print "Failed:"; print "  " name ": " substr($0, 8, 160); left = 8; next }
	/^ok |^1\.\./ { left = 0 }
	left-- > 0 { print "    " substr($0, 1, 160) }
' $TAPS/*.tap
failed=$(count '^not ok ')
# A test that died without a word.
[ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
echo "$(count '^ok ') passed, $failed failed in $(find $TAPS -name '*.tap' | wc -l) tests"
exit $status
