#!/bin/bash
# What may become of the store while a node forwards: each time pdpd says what is wrong with which file,
# leaves the file alone, and no packet is lost. Topology: figure6.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/live.sh"

begin "a store that cannot be trusted or written, under traffic"
figure6
node_file base red 500m
DISK=$WORK/disk
STATE=$DISK/state.db
mkdir "$DISK"
mount -t tmpfs -o size=1m "$T" "$DISK" || exit
trap 'node_down; umount "$DISK"; clean' EXIT

comes() {
	node_up "${1:-}" --state "$STATE"
}

# refuses "what" PATTERN: another pdpd over the node ends with 1 and these words, and touches no byte of the store.
refuses() {
	local what=$1 pattern=$2 before status
	before=$(md5sum <"$STATE")
	on node timeout 20 "$BIN/pdpd" --run-dir "$RUN_DIR" --pins "$PINS" --agent "$BIN/pdp-fe-agent" \
		--state "$STATE" >"$WORK/said" 2>&1
	status=$?
	check "$what: exit code 1" [ $status -eq 1 ]
	check "$what: says so, and which file" grep -Eq "$STATE$pattern" "$WORK/said"
	check "$what: the file is left as it is" [ "$(md5sum <"$STATE")" = "$before" ]
	[ $status -eq 1 ] || sed 's/^/# said: /' "$WORK/said"
}

check "the node comes up" comes "$WORK/base.yaml"
join_red
stream 3000 120 32
check "pdpd leaves" pdpd_leave
cp "$STATE" "$WORK/good.db"

python3 - "$STATE" >"$WORK/holder" <<-'EOT' &
	import sqlite3, sys, time
	db = sqlite3.connect(sys.argv[1], isolation_level=None)
	db.execute("BEGIN EXCLUSIVE")
	print("held", flush=True)
	time.sleep(60)
EOT
BG_PIDS+=($!)
check "another program holds the store" wait_for 5 grep -q held "$WORK/holder"
refuses "a store in use" " is in use by another process"
kill -KILL "${BG_PIDS[-1]}"
wait "${BG_PIDS[-1]}" 2>/dev/null

sqlite3 "$STATE" "PRAGMA user_version = 99"
refuses "a store of a later PdP" " has schema version 99"

cp "$WORK/good.db" "$STATE"
sqlite3 "$STATE" "UPDATE vnet SET power = power + 1"
refuses "a store that was written to by hand" " is corrupt: its rows are not those that were saved"

truncate -s 6000 "$STATE"
refuses "a store that was cut" " is corrupt"

cp "$WORK/good.db" "$STATE"
mount -o remount,ro "$DISK"
refuses "a file system that is read-only" ": it cannot be written .Read-only file system"
mount -o remount,rw "$DISK"
check "as it was, it is taken" comes
check "and the node is what it was" [ "$(ctl -j vnet show | jq -r '.[0].power_millicores')" -eq 500 ]

# --- a change that finds the disk full

ctl export >"$WORK/before.yaml"
dd if=/dev/zero of="$DISK/fill" bs=4k 2>/dev/null
full() {
	! ctl vnet set red rate 100000 >"$WORK/said" 2>&1 && grep -q "state.db: no space left on its file system" "$WORK/said"
}
check "a full disk: the change is refused, and says why" full
check "nothing has changed" cmp "$WORK/before.yaml" <(ctl export)
rm "$DISK/fill"
check "with room again the change is made" ctl vnet set red rate 100000
check "and is there after pdpd is killed" pdpd_killed
check "when the next one comes" comes
check "with it" [ "$(ctl -j vnet show | jq -r '.[0].rate_pps')" -eq 100000 ]
stream_ends
check "no packet is lost" nothing_lost
check "the books balance" wait_for 3 ctl stats --check
node_down
umount "$DISK"
trap clean EXIT
finish
