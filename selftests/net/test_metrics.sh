#!/bin/bash
# A node's metrics: on the API's socket and on TCP, in both text formats, with the numbers of the
# ledger. Topology: figure6.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"

begin "metrics of a node"
figure6
{
	node_head
	fes 2 300m
	echo vnets:
	red 500m
} >"$WORK/node.yaml"

daemon() {
	on node timeout 20 "$BIN/pdpd" --config "$WORK/node.yaml" --run-dir "$RUN_DIR" --pins "$PINS" \
		--agent "$BIN/pdp-fe-agent" "$@" 2>&1
}
refused_with() {
	local words=$1
	shift
	daemon "$@" >"$WORK/refusal" && return 1
	grep -F -- "$words" "$WORK/refusal"
}
check "an address that others reach is refused" refused_with "say --metrics-public as well" --metrics 192.0.2.1:9464
check "and so is one without a port" refused_with "give an address and a port" --metrics 127.0.0.1
check "and a name" refused_with "give an address and a port" --metrics localhost:9464
check "nothing was made" [ ! -e "$RUN_DIR" ]

check "the node comes up" node_up "$WORK/node.yaml" --metrics 127.0.0.1:9464
join_red
check "it forwards" on src ping -q -c 5 -i 0.05 -W 1 10.1.2.2
# For the vif itself: the fast half leaves it to the agent.
on src ping -q -c 1 -W 1 10.1.1.1 >/dev/null
check "and leaves to the host what is not red's" on src ping -q -c 1 -W 1 192.0.2.1

unix() {
	curl -s --fail --unix-socket "$RUN_DIR/pdpd.sock" "$@" http://pdpd/metrics
}
tcp() {
	on node curl -s --noproxy '*' "$@"
}
unix >"$WORK/om"
unix -H 'Accept: text/plain;version=0.0.4' >"$WORK/prom"

# One family after the other, told before its samples, each sample under its family's name with a label
# once, # EOF last and once.
grammar() {
	python3 - "${1:-$WORK/om}" <<-'EOT'
		import re, sys
		text = open(sys.argv[1]).read()
		assert text.endswith("# EOF\n") and text.count("# EOF") == 1, "# EOF"
		suffix = {"counter": ["_total"], "gauge": [""], "info": ["_info"],
		          "histogram": ["_bucket", "_count", "_sum"]}
		label = r'[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"'
		sample = re.compile(r'([a-z_0-9]+)(?:\{(%s(?:,%s)*)\})? ([0-9]+(?:\.[0-9]+)?)$' % (label, label))
		families, series, name, told = set(), set(), None, False
		for line in text.splitlines()[:-1]:
		    if line.startswith("# TYPE "):
		        _, _, name, kind = line.split()
		        assert name not in families, "twice: " + name
		        assert re.match(r"pdp_[a-z0-9_]+$", name) and not name.endswith(("_total", "_info")), name
		        families.add(name)
		        told = False
		    elif line.startswith("# UNIT "):
		        assert not told and line.split()[2] == name and name.endswith("_" + line.split()[3]), line
		    elif line.startswith("# HELP "):
		        assert not told and line.startswith("# HELP %s " % name) and len(line.split()) > 3, line
		    else:
		        m = sample.match(line)
		        assert m and m[1] in [name + end for end in suffix[kind]], line
		        names = re.findall(r'([a-z_]+)="', re.sub(r'"(?:[^"\\]|\\.)*"', '"', m[2] or ""))
		        assert len(names) == len(set(names)), "a label twice: " + line
		        labels = ",".join(sorted((m[2] or "").split(",")))
		        assert (m[1], labels) not in series, "twice: " + line
		        assert kind != "info" or m[3] == "1", line
		        series.add((m[1], labels))
		        told = True
		assert len(series) > 100
	EOT
}
check "the text is OpenMetrics" grammar
# spoilt SED: the same text with one fault, which is there to be found.
spoilt() {
	sed -E "$1" "$WORK/om" >"$WORK/spoilt"
	! cmp -s "$WORK/om" "$WORK/spoilt" && ! grammar "$WORK/spoilt" 2>/dev/null
}
spoilt_all() {
	local fault
	for fault in '/^# EOF/d' '1s/^/# EOF\n/' '/^# TYPE pdp_vnet_rx_packets /d' '/^pdp_vnet_rx_packets_total/s/_total//' \
		'/^pdp_vnet_rx_packets_total/p' '/^pdp_vnet_rx_packets_total/s/ [0-9]+$/ NaN/' 's/\{vnet="red"\}/{vnet="red",vnet="red"}/' \
		'/^pdp_build_info/s/ 1$/ 2/' '/^# HELP pdp_vnet_rx_packets /s/ [^ ]+$/&\n&/' '/^# UNIT/s/ [a-z]+$/ moons/' \
		"\$s/\$/\\n/" '/^# TYPE pdp_fe_capacity_cores/s/gauge/counter/' 's/vnet="red"/vnet=red/'; do
		spoilt "$fault" || { echo "not found: $fault"; return 1; }
	done
}
check "and no other text is" spoilt_all
explained() {
	local name
	while read -r name; do
		grep -qE "(^|[^a-z_])$name(_total|_info)?([^a-z_]|$)" "$TOP/docs/man/pdp-metrics.7" || { echo "$name"; return 1; }
	done < <(awk '$2 == "TYPE" { print $3 }' "$WORK/om")
}
check "pdp-metrics(7) has every metric" explained
if command -v promtool >/dev/null; then
	check "promtool has nothing to say" sh -c "promtool check metrics <$WORK/prom"
else
	skip "promtool has nothing to say" "no promtool here (package prometheus)"
fi
content_type() {
	curl -s -o /dev/null -w '%{content_type}' --unix-socket "$RUN_DIR/pdpd.sock" "$@" http://pdpd/metrics
}
check "it says which format it is" [ "$(content_type)" = "application/openmetrics-text; version=1.0.0; charset=utf-8" ]
check "and which the older one is" [ "$(content_type -H 'Accept: text/plain')" = "text/plain; version=0.0.4; charset=utf-8" ]

# The numbers are the ledger's, if nothing passes between two looks: hosts send router solicitations.
value() {
	awk -v s="$1" '$1 == s { print $2 }' "$WORK/om"
}
same() {
	local red
	unix >"$WORK/om"
	red=$(ctl -j stats show red | jq '.[0]')
	[ "$(value 'pdp_vnet_rx_packets_total{vnet="red"}')" = "$(jq .counters.rx_packets <<<"$red")" ] &&
		[ "$(value 'pdp_vnet_tx_bytes_total{vnet="red"}')" = "$(jq .counters.tx_bytes <<<"$red")" ] &&
		[ "$(awk '/^pdp_vnet_dropped_packets_total/ { n += $2 } END { print n }' "$WORK/om")" = "$(jq .drop_packets <<<"$red")" ] &&
		[ "$(value 'pdp_vnet_rx_packets_total{vnet="red"}')" -ge 10 ]
}
check "the numbers are the ledger's" wait_for 5 same
every_reason() {
	local name
	for name in $(ctl -j stats show red | jq -r '.[0].counters | keys[] | select(startswith("drop_"))'); do
		grep -q "^pdp_vnet_dropped_packets_total{.*reason=\"${name#drop_}\"}" "$WORK/om" || { echo "$name"; return 1; }
	done
}
check "every reason to drop is there" every_reason
has() {
	grep -qE "$1" "$WORK/om" || { grep "^${1%%[({\\]*}" "$WORK/om"; return 1; }
}
check "build_info" has '^pdp_build_info\{version="[0-9.]+",abi="[0-9]+"\} 1$'
check "FEs in cores" has '^pdp_fe_capacity_cores\{fe="fe1"\} 0\.3$'
check "guests on their FEs" has '^pdp_guest_ready\{vnet="red",guest="red-1",fe="fe1"\} 1$'
check "vifs on their ports" has '^pdp_vif_rx_packets_total\{vnet="red",vif="v0",port="A"\} [1-9]'
check "frames left to the host" has '^pdp_port_passed_packets_total\{port="A",reason="[a-z_]+"\} [1-9]'
check "agents" has '^pdp_agent_rx_packets_total\{vnet="red",guest="red-[12]",fe="fe[12]"\} [1-9]'
check "the books balance" has '^pdp_vnet_balanced\{vnet="red"\} 1$'

check "the same on TCP" [ "$(tcp http://127.0.0.1:9464/metrics | grep -c ^pdp_)" = "$(grep -c ^pdp_ "$WORK/om")" ]
check "where nothing else is" [ "$(tcp -o /dev/null -w '%{http_code}' http://127.0.0.1:9464/v1/vnets)" = 404 ]
check "nor can anything be changed" [ "$(tcp -o /dev/null -w '%{http_code}' -X POST http://127.0.0.1:9464/v1/node/down)" != 200 ]
fails "nobody may not ask on the socket" setpriv --reuid 65534 --regid 65534 --clear-groups \
	curl -s --fail --unix-socket "$RUN_DIR/pdpd.sock" http://pdpd/metrics
check "pdpd is well" ctl node show
node_down

check "a public address, when it is said" node_up "$WORK/node.yaml" --metrics 192.0.2.1:9464 --metrics-public
check "is answered from outside" sh -c "nsenter --net=/run/netns/$T-src curl -s --noproxy '*' http://192.0.2.1:9464/metrics | tail -n 1 | grep -qx '# EOF'"
finish
