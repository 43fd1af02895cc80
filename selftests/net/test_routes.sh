#!/bin/bash
# What a control plane's kernel routes, its agents route: `pdp-ctl route show`, `get` and `check` through the
# life of both. Topology: figure6.sh; red has a control plane, green has none.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"
. "$(dirname "$0")/live.sh"

begin "a control plane's routes, in its agents"
figure6
with_control() {
	red 400m
	printf '    control-plane: {kind: static, max-routes: 500}\n'
	green 200m
}
node_file node with_control
check "the node comes up" node_up "$WORK/node.yaml"
join_red

# in_red COMMAND...: in red's MH guest.
in_red() {
	ctl vnet exec red -- "$@"
}
cp_init() {
	ctl -j guest show | jq -r '.[] | select(.name == "red-cp") | .init_pid'
}
same() {
	ctl route check "$1"
}
shows() {
	ctl route show "$@"
}
# agent_has GUEST PREFIX
agent_has() {
	shows red --fe "$1" | grep -q "^$2 "
}
# all_find ADDRESS ROUTE: so say the kernel and every agent.
all_find() {
	ctl -j route get red "$1" | jq -e --arg route "$2" \
		'length == 3 and all(.[]; .route.prefix + " " + (.route.paths | map(.vif) | join(",")) == $route)'
}

check "red's agents have what its kernel has" same red
check "green's have what the node file says" same green
check "it forwards" on src ping -q -c 3 -i 0.05 -W 5 10.1.2.2

in_red ip route add 10.9.0.0/16 via 10.1.2.2
in_red ip nexthop add id 7 via 10.1.1.2 dev v0
in_red ip route add 10.8.0.0/16 nhid 7
in_red ip route add blackhole 10.7.0.0/16
in_red ip -6 route add fd00:9::/32 nexthop via fd00:1:1::2 nexthop via fd00:1:2::2
in_red ip neigh add 10.1.1.9 lladdr 02:00:00:00:00:09 dev v0
check "routes are mirrored" wait_for 5 same red
check "a packet goes where the kernel would send it" all_find 10.9.1.1 '10.9.0.0/16 v1'
check "by next-hop objects, too" all_find 10.8.1.1 '10.8.0.0/16 v0'
check "the table is shown" grep -q '^10.9.0.0/16 via 10.1.2.2 dev v1' <(shows red)
check "as the agent has it" grep -q '^blackhole 10.7.0.0/16' <(shows red --fe red-1)
check "as JSON" jq -e 'map(select(.prefix == "fd00:9::/32")) | .[0].paths | length == 2' <(ctl -j route show red)
fails "there is no such vnet" shows purple
fails "there is no such guest" shows red --fe red-7
fails "there is no such address" ctl route get red 10.9.1
in_red ip nexthop replace id 7 via 10.1.2.2 dev v1
check "the object changes: so does the route" wait_for 3 all_find 10.8.1.1 '10.8.0.0/16 v1'

# --- he renumbers a vif, and sets it down
# agents_say ADDRESS TYPE: the kernel and every agent take it for that, and say nothing else.
agents_say() {
	ctl -j route get red "$1" | jq -e --arg type "$2" 'length == 3 and all(.[]; .route.type == $type)'
}
in_red sh -c 'ip addr del 10.1.1.1/24 dev v0; ip addr add 10.1.77.1/24 dev v0'
check "a vif is renumbered: the new address is the vnet's own" wait_for 5 agents_say 10.1.77.1 local
check "its subnet is there" wait_for 5 all_find 10.1.77.9 '10.1.77.0/24 v0'
owned() {
	agents_say 10.1.1.1 local
}
not_owned() {
	! owned
}
check "the old one is not" wait_for 5 not_owned
check "and all agree" wait_for 5 same red
in_red ip link set v1 down
no_v1() {
	! shows red --fe red-1 | grep ' dev v1'
}
check "he sets v1 down: no route leads there" wait_for 5 no_v1
check "and all agree" wait_for 5 same red
check "green is untouched" same green
in_red sh -c 'ip link set v1 up; ip addr del 10.1.77.1/24 dev v0; ip addr add 10.1.1.1/24 dev v0'
check "as before" wait_for 20 all_find 10.1.2.9 '10.1.2.0/24 v1'
in_red sh -c 'ip route replace 10.9.0.0/16 via 10.1.2.2; ip -6 route replace fd00:9::/32 nexthop via fd00:1:1::2 nexthop via fd00:1:2::2'
check "all agree" wait_for 5 same red

# --- changes, one after the other
flap() {
	local i
	for i in $(seq 400); do
		echo "route $1 172.16.$((i / 256)).$((i % 256))/32 via 10.1.$((i % 2 + 1)).2"
	done
}
for _ in 1 2 3; do
	flap replace | in_red ip -batch -
	flap del | in_red ip -batch -
done
flap add | in_red ip -batch -
check "routes flap" wait_for 5 same red
check "and are there" [ "$(shows red --fe red-2 | grep -c '^172.16')" = 400 ]

# --- whoever dies
agent_of() {
	pgrep -P "$(ctl -j guest show | jq -r ".[] | select(.name == \"$1\") | .init_pid")"
}
is_ready() {
	ctl -j guest show | jq -e 'all(.[]; .state == "ready")'
}
kill -KILL "$(agent_of red-1)"
in_red ip route add 10.6.0.0/16 via 10.1.1.2
check "an agent is killed, and another is ready" wait_for 10 eval "same red && is_ready"
check "it has all, and what came meanwhile" agent_has red-1 10.6.0.0/16
stopped=$(agent_of red-1)
kill -STOP "$stopped"
unanswered() {
	ctl -j route get red 10.9.1.1 |
		jq -e 'map(select(.error == "its agent does not answer")) | length == 1 and .[0].by == "red-1"'
}
check "one that does not answer is named" unanswered
check "its sibling has what comes" wait_for 3 agent_has red-2 10.6.0.0/16
kill -CONT "$stopped"
check "it answers again" wait_for 10 same red
init=$(cp_init)
pdpd_leave
nsenter -t "$init" -n ip route del 10.6.0.0/16
nsenter -t "$init" -n ip route add 10.5.0.0/16 via 10.1.1.2
check "another pdpd" node_up ""
check "has the tables of both mirrored anew" wait_for 10 same red
fails "what went is gone" agent_has red-1 10.6.0.0/16
check "what came is known" wait_for 5 grep -q '^10.5.0.0/16' <(shows red --fe red-2)

# --- too much
event_is() {
	ctl -j event show | jq -e "any(.[]; .kind == \"$1\")"
}
more() {
	local i
	for i in $(seq 200); do
		echo "route $1 172.17.0.$i/32 via 10.1.1.2"
	done
}
more add | in_red ip -batch -
check "more than max-routes is an event" wait_for 5 event_is routes-over
check "500 are kept" [ "$(shows red | wc -l)" = 500 ]
check "red forwards on" on src ping -q -c 3 -i 0.05 -W 5 10.1.2.2
check "green is untouched" same green
more del | in_red ip -batch -
check "less is another" wait_for 10 event_is routes-below
check "and all is well" wait_for 5 same red

# --- a control plane that dies
kill -KILL "$(cp_init)"
check "the control plane is killed: an event" wait_for 5 event_is control-lost
check "the agents keep what they know, or know the new" on src ping -q -c 3 -i 0.05 -W 5 10.1.2.2
check "another is there" wait_for 10 event_is control-ready
check "its tables are mirrored" wait_for 10 same red
fails "what it does not have is gone" agent_has red-1 10.9.0.0/16
check "it forwards" on src ping -q -c 3 -i 0.05 -W 5 10.1.2.2
finish
