#!/bin/bash
# selftests/run.sh with tests made for it: what it calls a failure, what it runs beside what, what it says, and what
# becomes of tests that are interrupted.

. "$(dirname "$0")/lib.sh"

begin "the runner of tests"
TREE=$WORK/tree
mkdir -p "$TREE/selftests/net" "$TREE/selftests/fuzz" "$TREE/build/selftests/unit" "$TREE/build/selftests/prog"
cp "$TOP/selftests/run.sh" "$TOP/selftests/one.sh" "$TREE/selftests"

# test_of LEVEL NAME < SCRIPT
test_of() {
	local file=$TREE/selftests/$1/test_$2.sh
	[ "$1" = net ] || file=$TREE/build/selftests/$1/test_$2
	{ echo '#!/bin/bash'; cat; } >"$file"
	chmod +x "$file"
}
# runs CODE LAST_LINE ARGS...: run.sh ARGS ends with CODE, having said LAST_LINE last; all it said is in $WORK/said.
runs() {
	local want=$1 last=$2 got
	shift 2
	T='' V=0 "$TREE/selftests/run.sh" "$@" >"$WORK/said" 2>&1
	got=$?
	if [ "$got" -ne "$want" ] || ! tail -n 1 "$WORK/said" | grep -qE "^$last\$"; then
		cat "$WORK/said"
		echo "exit $got"
		return 1
	fi
}
check "no test at all is a failure" runs 1 "run.sh: no test found in unit .*"
check "a level that is none" runs 2 "run.sh: no level 'nett'.*" nett
test_of unit good <<<'echo ok 1 - fine; echo 1..1'
check "one that passes" runs 0 "1 passed, 0 failed in 1 tests" unit
test_of unit partly <<<'echo "ok 1 - fine"; echo "ok 2 - more # SKIP no moon tonight"; echo 1..2'
test_of unit absent <<<'echo "1..0 # SKIP no sun either"'
check "skipped ones" runs 0 "3 passed, 0 failed in 3 tests" unit
told() {
	grep -qx '  unit-test_partly: more # SKIP no moon tonight' "$WORK/said" && grep -qx '  unit-test_absent: # SKIP no sun either' "$WORK/said"
}
check "are listed with their reasons" told
test_of prog bad <<<'echo ok 1; echo not ok 2 - broken; echo 1..2; exit 1'
check "one that fails" runs 1 "4 passed, 1 failed in 4 tests" unit prog
check "is told by name" grep -q 'test_bad.*Failed' "$WORK/said"
test_of prog bad <<<'exit 0'
check "one that says nothing" runs 1 "0 passed, 1 failed in 1 tests" prog
test_of prog bad <<<'echo ok 1; echo 1..2'
check "one that stops halfway" runs 1 "1 passed, 1 failed in 1 tests" prog
test_of prog bad <<<'echo ok 1; echo 1..1; kill -SEGV $$'
check "one that crashes after all" runs 1 "1 passed, 1 failed in 1 tests" prog
rm "$TREE/build/selftests/prog/test_bad"
: >"$TREE/selftests/net/test_plain.sh"
check "one that cannot be run" runs 1 "run.sh: selftests/net/test_plain.sh is not executable; chmod .x it" net
rm "$TREE/selftests/net/test_plain.sh"

# Each of two waits until the other is there; a serial net test and an alone one look whether a net test is.
meet() {
	cat <<-EOT
		touch $WORK/here.$1 $WORK/came.$1
		for i in {1..100}; do [ -e $WORK/came.$2 ] && break; sleep 0.1; done
		[ -e $WORK/came.$2 ] && echo ok 1 - met || echo not ok 1
		sleep 0.3
		rm $WORK/here.$1
		echo 1..1
	EOT
}
nobody() {
	echo "# $1: it wants the room for itself"
	echo "ls $WORK/here.$2 2>/dev/null && { echo not ok 1; exit 1; }"
}
rm "$TREE"/build/selftests/unit/*
meet a b | test_of net a
meet b a | test_of net b
{ nobody serial '[ab]' && meet c d; } | test_of net c
meet d c | test_of unit d
{ nobody alone '*' && echo 'echo ok 1 - alone; echo 1..1'; } | test_of net e
export JOBS=2
check "net tests run beside each other, a serial one beside a unit test, another alone" runs 0 "5 passed, 0 failed in 5 tests" net unit
check "a unit test waits for nobody" runs 0 "1 passed, 0 failed in 1 tests" unit

# --- interrupted

rm "$TREE"/selftests/net/*
test_of net slow <<-EOT
	trap 'sleep 0.5; touch $WORK/cleaned' EXIT
	trap 'exit 143' TERM
	touch $WORK/begun
	sleep 30
EOT
interrupted() {
	local signal=$1 want=$2 pid
	rm -f "$WORK/begun" "$WORK/cleaned"
	T='' V=0 setsid env --default-signal=INT "$TREE/selftests/run.sh" net >"$WORK/said" 2>&1 &
	pid=$!
	wait_for 10 [ -e "$WORK/begun" ]
	kill "-$signal" -- "-$pid"
	wait "$pid"
	[ $? -eq "$want" ] && [ -e "$WORK/cleaned" ]
}
check "Ctrl-C ends the tests, when they have cleaned up" interrupted INT 130
check "and so does a SIGTERM" interrupted TERM 143
finish
