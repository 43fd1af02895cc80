#!/bin/bash
# Who may ask a node what, and how long: groups of readers and admins, slow clients, many clients.
# Topology: figure6.sh, without its hosts' tunnels: no packet is needed.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"

begin "the API and its clients"
figure6
{
	node_head
	fes 2 300m
	echo vnets:
	red 300m
} >"$WORK/node.yaml"
SOCK=$RUN_DIR/pdpd.sock
READERS=games ADMINS=tape
check "the node comes up" node_up "$WORK/node.yaml" --group $READERS --admin-group $ADMINS

# --- who

# as GROUP[,GROUP...] COMMAND...: as nobody, in these groups; the first is the primary one.
as() {
	local groups=$1 first gids
	shift
	first=$(getent group "${groups%%,*}" | cut -d: -f3)
	gids=$(for name in ${groups//,/ }; do getent group "$name"; done | cut -d: -f3 | paste -sd,)
	setpriv --reuid 65534 --regid "$first" --groups "$gids" "$@"
}
# status COMMAND_PREFIX... -- CURL_ARGS...: the HTTP status; the answer is in $WORK/answer.
status() {
	local before=()
	while [ "$1" != -- ]; do
		before+=("$1")
		shift
	done
	shift
	"${before[@]}" curl -s -m 20 -o - -w '\n%{http_code}' --unix-socket "$SOCK" "$@" >"$WORK/out"
	sed '$d' "$WORK/out" >"$WORK/answer"
	tail -n 1 "$WORK/out"
}
is() {
	local want=$1 got
	shift
	got=$(status "$@")
	[ "$got" = "$want" ] || { echo "$got, not $want:"; cat "$WORK/answer"; return 1; }
}
says() {
	jq -r .error "$WORK/answer" | grep -F -- "$1"
}
check "the socket is the readers'" [ "$(stat -c '%a %G' "$SOCK")" = "660 $READERS" ]
check "readers look" is 200 as $READERS -- http://pdpd/v1/vnets
check "also by a supplementary group" is 200 as nogroup,$READERS -- http://pdpd/v1/vnets
check "and at the metrics" is 200 as $READERS -- http://pdpd/metrics
check "and at the node file" is 200 as $READERS -- http://pdpd/v1/export
check "which is the one that was read" sh -c "grep -q 'name: red' $WORK/answer"
check "and ask what would fit" is 200 as $READERS -- "http://pdpd/v1/alloc/what-if?power=100m"
check "and what could be better" is 200 as $READERS -- http://pdpd/v1/alloc/defrag
check "readers move nothing" is 403 as $READERS -- -X POST http://pdpd/v1/alloc/defrag
check "readers change nothing" is 403 as $READERS -- -X POST http://pdpd/v1/node/down
plan() {
	as $READERS "$BIN/pdp-ctl" --run-dir "$RUN_DIR" plan -f "$1"
}
chmod 755 "$WORK"
sed 's/power: 300m/power: 500m/' "$WORK/node.yaml" >"$WORK/more.yaml"
check "they may ask what would change" [ "$(plan "$WORK/more.yaml" >"$WORK/planned"; echo $?)" = 4 ]
check "and are told" grep -q 'power 300m -> 500m' "$WORK/planned"
check "for one thing too" is 200 as $READERS -- -X PATCH -d '{"power": "400m"}' 'http://pdpd/v1/vnets/red?dry_run=1'
check "which a strange query does not widen" is 403 as $READERS -- -X PATCH -d '{"power": "400m"}' 'http://pdpd/v1/vnets/red?dry_run=0'
check "nor does any other word" is 403 as $READERS -- -X PATCH -d '{"power": "400m"}' 'http://pdpd/v1/vnets/red?dry=1'
check "readers may not take it down, dry or not" is 403 as $READERS -- -X POST 'http://pdpd/v1/node/down?dry_run=1'
check "and are told who may" says "only root and members of the group $ADMINS may change anything"
check "strangers are kept out by the file" is 000 as nogroup -- http://pdpd/v1/vnets
check "and so are admins who are not readers" is 000 as $ADMINS -- http://pdpd/v1/vnets
chmod 666 "$SOCK"
check "and by pdpd itself" is 403 as nogroup -- http://pdpd/v1/vnets
check "who tells them why" says "only root and members of the groups $READERS and $ADMINS may ask"
check "a guest's user is a stranger" is 403 setpriv --reuid 300000 --regid 300000 --clear-groups -- http://pdpd/v1/vnets
chmod 660 "$SOCK"
check "what is no path" is 404 env -- http://pdpd/v1/nothing
check "nor any" is 404 env -- http://pdpd
check "headers of 20 KB are refused" is 400 env -- -H "X: $(head -c 20000 /dev/zero | tr '\0' x)" http://pdpd/v1/vnets
head -c 9000000 /dev/zero | tr "\0" x >"$WORK/large"
check "a body of 9 MB is refused" is 413 env -- -X POST --data-binary @"$WORK/large" http://pdpd/v1/apply

# --- how long

# slow KIND: 16 clients, none of whom ever finishes; while they are there everybody else is answered at
# once, and in the end pdpd cuts them off.
slow() {
	python3 - "$SOCK" "$1" <<-'EOT'
		import socket, sys, time
		path, kind = sys.argv[1:]
		def client():
		    s = socket.socket(socket.AF_UNIX)
		    s.connect(path)
		    return s
		slow = [client() for _ in range(16)]
		if kind == "reader":
		    for s in slow:
		        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
		        s.send(b"GET /v1/stats HTTP/1.1\r\n\r\n")
		elif kind != "silent":
		    for s in slow:
		        s.send(b"GET /v1/node HTTP/1.1\r\n")
		begin, longest, alive = time.time(), 0, slow
		while alive and time.time() - begin < 90:
		    at = time.time()
		    s = client()
		    s.settimeout(20)
		    s.send(b"GET /v1/node HTTP/1.0\r\n\r\n")
		    assert s.recv(100).startswith(b"HTTP/1.0 200")
		    longest = max(longest, time.time() - at)
		    left = []
		    for s in alive:
		        try:
		            if kind == "drip":
		                s.send(b"X")
		            if kind != "reader":
		                s.setblocking(False)
		                if not s.recv(100):
		                    continue
		        except BlockingIOError:
		            pass
		        except OSError:
		            continue
		        left.append(s)
		    alive = left
		    if kind == "reader" and time.time() - begin > 2:
		        break
		    time.sleep(0.3)
		print("%s: gone after %.1f s, others waited %.3f s at most" % (kind, time.time() - begin, longest))
		assert kind == "reader" or not alive
	EOT
}
# All kinds at once: each takes as long as pdpd is patient.
slow_pids=()
for kind in silent halfway drip; do
	slow $kind >"$WORK/slow.$kind" 2>&1 &
	slow_pids+=($!)
done
ended=()
for pid in "${slow_pids[@]}"; do
	wait "$pid"
	ended+=($?)
done
sed 's/^/# /' "$WORK"/slow.*
check "clients that say nothing are cut off" [ "${ended[0]}" -eq 0 ]
check "and those that stop halfway" [ "${ended[1]}" -eq 0 ]
check "and those that send a byte now and then" [ "${ended[2]}" -eq 0 ]
check "those that do not read hold nobody up" slow reader

# More clients than there is room for: the oldest of those that have not asked go.
crowd() {
	python3 - "$SOCK" <<-'EOT'
		import socket, sys
		def client():
		    s = socket.socket(socket.AF_UNIX)
		    s.connect(sys.argv[1])
		    return s
		crowd = [client() for _ in range(300)]
		for _ in range(10):
		    s = client()
		    s.settimeout(20)
		    s.send(b"GET /v1/vnets HTTP/1.0\r\n\r\n")
		    assert s.recv(100).startswith(b"HTTP/1.0 200")
	EOT
}
check "a crowd keeps nobody out" crowd
descriptors() {
	[ "$(find "/proc/$(cat "$WORK/node.pid")/fd" | wc -l)" -le "$1" ]
}
open_now=$(find "/proc/$(cat "$WORK/node.pid")/fd" | wc -l)
crowd >/dev/null 2>&1
check "nor leaves descriptors behind" wait_for 10 descriptors "$open_now"

check "an admin may take the node down" is 200 as $ADMINS,$READERS -- -X POST http://pdpd/v1/node/down
check "and down it is" wait_for 10 ended "$(cat "$WORK/node.pid")"
finish
