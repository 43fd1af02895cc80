#!/bin/sh
# One test for run.sh: what it says is kept in DIR, and read by prove when it has ended.
#
#   selftests/one.sh DIR TEST

level=$(basename "$(dirname "$2")")
out=$1/$level-$(basename "$2" .sh).tap
"$2" >"$out" 2>&1
status=$?
cat "$out"
exit $status
