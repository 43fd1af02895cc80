#!/bin/bash
# The life of a node: up, one pdpd only, killed and forwarding on, up again over what was left, asked
# by good and bad clients, down. Topology: figure6.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"

begin "the life of a node"
figure6
{
	node_head
	fes 2 300m
	echo vnets:
	red 500m
} >"$WORK/node.yaml"
check "the node comes up" node_up "$WORK/node.yaml"
join_red
forwards() {
	on src ping -q -c 3 -i 0.05 -W 1 10.1.2.2
}
check "it forwards" forwards

# --- what it says

json() {
	ctl -j "$1" show | jq -e "$2"
}
check "node show" json node '.[0] | .state == "forwarding" and .guests_ready == 2 and .used_millicores == 500'
check "port show" json port 'map(.name) == ["A", "B"] and all(.state == "up" and .mtu == 1500)'
check "fe show" json fe 'map(.free_millicores) == [0, 100] and .[0].guests == ["red-1"]'
check "vnet show" json vnet '.[0] | .state == "up" and .slots == 1021 and .rx_packets >= 6 and .drop_packets + .tx_packets == .rx_packets'
check "vif show" json vif 'all(.state == "up" and .mtu == 1472 and (.next_hop_mac | length) == 17)'
check "guest show" json guest 'map(.quota_us / .period_us) == [0.3, 0.2] and all(.state == "ready" and .memory_bytes < 33554432)'
check "one is a list too" [ "$(ctl -j vif show red/v1 | jq -c 'map(.name)')" = '["v1"]' ]
fails "no vnet of that name" ctl vnet show blue
tables_fit() {
	local object
	for object in node port fe vnet vif guest stats; do
		ctl "$object" show >"$WORK/table"
		[ "$(wc -L <"$WORK/table")" -le 100 ] || ! cat "$WORK/table" || return
	done
}
check "tables fit 100 columns" tables_fit
check "maps are decoded, with labels" [ "$(ctl -j map dump vifs | jq -c 'map([.vnet_name, .vif_name, .local])')" = '[["red","v0","192.0.2.1"],["red","v1","198.51.100.1"]]' ]
every_map() {
	local name
	for name in $(ctl -j map show | jq -r '.[].name'); do
		ctl map dump "$name" && ctl -j map dump "$name" | jq -e 'type == "array"' || return
	done
}
check "every map can be dumped" every_map
check "the books balance" ctl stats --check

# --- who may ask

SOCK=$RUN_DIR/pdpd.sock
http() {
	curl -s -o /dev/null -w '%{http_code}' --unix-socket "$SOCK" "$@"
}
nobody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}
check "the socket is closed to others" [ "$(stat -c %a "$SOCK")" = 660 ]
fails "nobody cannot connect" nobody curl -s --unix-socket "$SOCK" http://pdpd/v1/node
chmod 666 "$SOCK"
check "and is refused when it can" [ "$(nobody curl -s -o /dev/null -w '%{http_code}' --unix-socket "$SOCK" http://pdpd/v1/node)" = 403 ]
check "nor may it take the node down" [ "$(nobody curl -s -o /dev/null -w '%{http_code}' -X POST --unix-socket "$SOCK" http://pdpd/v1/node/down)" = 403 ]
chmod 660 "$SOCK"
check "no such path" [ "$(http http://pdpd/v1/nothing)" = 404 ]
check "no such method" [ "$(http -X DELETE http://pdpd/metrics)" = 405 ]
check "a GET does not take it down" [ "$(http http://pdpd/v1/node/down)" = 405 ]
check "a body of 10 MB is refused" [ "$(head -c 10000000 /dev/zero | http --data-binary @- http://pdpd/v1/node/down)" = 413 ]

# Clients that connect and say nothing, or half a request, hold nobody up; test_api sees them cut off.
slow_clients() {
	python3 - "$SOCK" <<-'EOT'
		import socket, sys
		idle = [socket.socket(socket.AF_UNIX) for _ in range(60)]
		for i, s in enumerate(idle):
		    s.connect(sys.argv[1])
		    if i % 2:
		        s.send(b"GET /v1/node HTTP/1.1\r\nX: ")
		s = socket.socket(socket.AF_UNIX)
		s.settimeout(3)
		s.connect(sys.argv[1])
		s.send(b"GET /v1/node HTTP/1.0\r\n\r\n")
		assert s.recv(100).startswith(b"HTTP/1.0 200")
	EOT
}
check "slow clients are there, others answered" slow_clients

# --- one writer

other() {
	on node timeout 20 "$BIN/pdpd" --config "$WORK/node.yaml" --agent "$BIN/pdp-fe-agent" "$@"
}
fails "a second pdpd on the same run directory" other --run-dir "$RUN_DIR" --pins "$PINS-other"
fails "a second pdpd on the same pins" other --run-dir "$RUN_DIR-other" --pins "$PINS"
# refused_elsewhere PATTERN: a node of the same name, with nothing of the first one's.
refused_elsewhere() {
	other --run-dir "$RUN_DIR-other" --pins "$PINS-other" >"$WORK/elsewhere" 2>&1
	[ $? -eq 1 ] && grep -E "$1" "$WORK/elsewhere" || ! cat "$WORK/elsewhere"
}
check "nor a second node of that name anywhere" refused_elsewhere "node $T is already on this machine: pdpd $(cat "$WORK/node.pid") has it, with run directory $RUN_DIR;"
check "neither left anything" [ ! -e "$RUN_DIR-other" -a ! -e "$PINS-other" ]
check "the first one forwards on" forwards

# --- killed

pid=$(cat "$WORK/node.pid")
kill -KILL "$pid"
check "pdpd is dead" wait_for 5 ended "$pid"
check "its node forwards on" forwards
check "no pdpd: exit code 3" [ "$(ctl node show >/dev/null 2>&1; echo $?)" -eq 3 ]
check "stats work from the maps" [ "$(ctl -j stats | jq '.[0].counters.rx_packets')" -ge 12 ]
check "maps too, with ids" [ "$(ctl -j map dump senders | jq -c 'map(.guest) | sort')" = '[1,2]' ]
check "nobody else takes its name meanwhile" refused_elsewhere "forwards without a pdpd since $pid left it, with run directory $RUN_DIR;"
sed 's/power:/pwoer:/' "$WORK/node.yaml" >"$WORK/bad.yaml"
# A node file that is wrong is said before anything is looked at, and costs the node nothing.
not_by_a_bad_file() {
	on node timeout 20 "$BIN/pdpd" --config "$WORK/bad.yaml" --run-dir "$RUN_DIR" --pins "$PINS" \
		--agent "$BIN/pdp-fe-agent" 2>&1 | grep "bad.yaml:.*unknown key 'pwoer'" && [ -s "$RUN_DIR/state.db" ]
}
check "a bad node file is refused and nothing is lost" not_by_a_bad_file
check "it still forwards" forwards
check "500 packets more" on src ping -q -c 500 -i 0.002 -W 1 10.1.2.2
check "pdpd comes up over what was left" node_up "$WORK/node.yaml"
# What was counted before it came is not a rate of its first second. It looks every second.
rate_of_others() {
	local i
	for i in {1..30}; do
		[ "$(ctl -j vnet show | jq '.[0].rx_pps')" -lt 100 ] || return
		sleep 0.1
	done
}
check "it takes no packet from before for one of its own seconds" rate_of_others
check "it forwards again" forwards
check "there are two guests, not four" [ "$(pgrep -fc "lxc monitor.* pdp-$T-")" -eq 2 ]
check "the books balance again" ctl stats --check

# --- books that lie: a guest's counters are wiped

size=$(bpftool -j map show pinned "$PINS/v$ABI/maps/pdp_guest_stats" | jq .bytes_value)
# shellcheck disable=SC2046
bpftool map update pinned "$PINS/v$ABI/maps/pdp_guest_stats" key 1 0 0 0 \
	value $(yes 0 | head -n "$size")
fails "books that lie do not balance" ctl stats --check
check "it says where they part" sh -c "$BIN/pdp-ctl --run-dir $RUN_DIR stats --check 2>&1 | grep 'vnet red: the books part at the '"
check "one document under -j" [ "$(ctl -j stats --check | jq -s 'length')" -eq 1 ]

# --- down

pid=$(cat "$WORK/node.pid")
check "down by command" ctl node down
gone() {
	[ ! -e "$RUN_DIR" ] && [ ! -e "$PINS" ] && ! on node ip -d link show | grep -qE 'pdpfe|name pdp_'
}
check "when it answers, all is gone" gone
check "pdpd ends" wait_for 5 ended "$pid"

# --- interrupted while it comes up: nothing remains, whenever the signal comes

interrupted() {
	local after
	for after in 0.02 0.1 0.2 0.3 0.5; do
		on node timeout -s INT "$after" "$BIN/pdpd" --config "$WORK/node.yaml" \
			--run-dir "$RUN_DIR" --pins "$PINS" --agent "$BIN/pdp-fe-agent" --purge
		gone || { echo "after $after s:"; left_behind; return 1; }
	done
}
check "interrupted while it comes up" interrupted
finish
