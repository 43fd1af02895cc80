#!/bin/bash
# A guest that lies. Its owner sends raw frames past the agent: spoofed tags, forged outer headers,
# foreign vifs, untagged frames. Each must die at the dispatcher under its own name, and nobody may
# see any of it: not the hosts, not the other vnet, not the management host's stack.
#
#   [ guest of red: spoof ] --- fe link --- [pdp_dispatch] --- ethA, ethB --- src, dst
#                                                |
#                                        green, the MH's stack

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/figure6.sh"

begin "a guest that lies reaches nobody"
figure6
{
	node_head
	fes 2 200m
	echo vnets:
	red 200m
	green 200m
} >"$WORK/node.yaml"
check "the node comes up" node_up "$WORK/node.yaml"

guest=$(ctl -j guest show | jq '.[] | select(.vnet == "red")')
pid=$(jq -r .init_pid <<<"$guest")
link=$(jq -r .link <<<"$guest")
md_mac=$(jq -r .md_mac <<<"$guest")
id_of() {
	ctl -j "$1" show | jq "first(.[] | select($2)).id"
}

# On a slow machine the hosts would ask for each other meanwhile.
on src ip neigh replace 192.0.2.1 lladdr "$(mac_of node ethA)" dev s0 nud permanent
on node ip neigh replace 192.0.2.2 lladdr "$(mac_of src s0)" dev ethA nud permanent
on node ip neigh replace 198.51.100.2 lladdr "$(mac_of dst d0)" dev ethB nud permanent
on dst ip neigh replace 198.51.100.1 lladdr "$(mac_of node ethB)" dev d0 nud permanent

# Only frames that a guest may have caused: no IPv6 chatter of the hosts' own stacks.
watch_dev() {
	background "$1" tcpdump -i "$2" -nn -U -w "$WORK/$2.pcap" 'udp or ether proto 0x88b5 or arp'
	wait_for 5 grep -q listening "$WORK/bg.$BG.err"
}
watch_dev src s0
watch_dev dst d0
watch_dev node "$link"

green_before=$(ctl -j stats show green | jq -c '.[0].counters')
ctl -j stats show red | jq '.[0].counters' >"$WORK/before"
nsenter -t "$pid" --net "$HELP/spoof" --dev eth0 --dst "$md_mac" \
	--vnet "$(id_of vnet '.name == "red"')" --foreign-vnet "$(id_of vnet '.name == "green"')" \
	--vif "$(id_of vif '.vnet == "red" and .name == "v1"')" \
	--foreign-vif "$(id_of vif '.vnet == "green" and .name == "v1"')" \
	--local 198.51.100.1 --remote 198.51.100.2 --port 5001 >"$WORK/sent"
check "the frames were sent" [ "$(wc -l <"$WORK/sent")" -ge 30 ]
sleep 0.3
ctl -j stats show red | jq '.[0].counters' >"$WORK/after"

moved() {
	echo $(($(jq ".$1" "$WORK/after") - $(jq ".$1" "$WORK/before")))
}
while read -r want name; do
	check "$name moved by $want: $(sed -n "s/^$name //p" "$WORK/sent" | paste -sd,)" \
		[ "$(moved "$name")" -eq "$want" ]
done < <(cut -d' ' -f1 "$WORK/sent" | sort | uniq -c)

captured() {
	tcpdump -r "$WORK/$1.pcap" -nn 2>/dev/null | wc -l
}
arrived() {
	[ "$(captured d0)" -eq 1 ]
}
check "the destination saw the one honest frame" wait_for 5 arrived
check "the source saw nothing" [ "$(captured s0)" -eq 0 ]
check "the management host's stack saw nothing" [ "$(captured "$link")" -eq 0 ]
check "green saw nothing" [ "$green_before" = "$(ctl -j stats show green | jq -c '.[0].counters')" ]

mh_silent() {
	local before
	before=$(counter red drop_untagged)
	nsenter -t "$pid" --net ip addr add 10.66.0.2/24 dev eth0 || return
	! nsenter -t "$pid" --net ping -c 2 -i 0.05 -W 0.3 10.66.0.1 || return
	# It did ask.
	[ "$(counter red drop_untagged)" -gt "$before" ]
}
on node ip addr add 10.66.0.1/24 dev lo
check "the management host does not answer a guest's ARP or ping" mh_silent
finish
