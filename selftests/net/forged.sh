# What a guest that lies can send, and what becomes of it; sourced after figure6.sh. Red is the liar, green the other.
# shellcheck shell=bash
# shellcheck disable=SC2034 # what it finds out is for the tests that source it
#
#   know_each_other           nobody asks for a neighbour meanwhile
#   guest_of_red              $pid, $link, $md_mac and $mac of red's one guest
#   watch_dev NS DEV          what a guest may have caused there, from now on
#   frames                    spoof's arguments that say which frames
#   counters_before, _after   of red and green
#   each_counted FILE         each forged frame that spoof says it sent moved its counter, and no other
#   captured DEV              how many frames were seen there

# On a slow machine the hosts would ask for each other meanwhile.
know_each_other() {
	on src ip neigh replace 192.0.2.1 lladdr "$(mac_of node ethA)" dev s0 nud permanent
	on node ip neigh replace 192.0.2.2 lladdr "$(mac_of src s0)" dev ethA nud permanent
	on node ip neigh replace 198.51.100.2 lladdr "$(mac_of dst d0)" dev ethB nud permanent
	on dst ip neigh replace 198.51.100.1 lladdr "$(mac_of node ethB)" dev d0 nud permanent
}

guest_of_red() {
	local guest
	guest=$(ctl -j guest show | jq '.[] | select(.vnet == "red")')
	pid=$(jq -r .init_pid <<<"$guest")
	link=$(jq -r .link <<<"$guest")
	mac=$(jq -r .mac <<<"$guest")
	md_mac=$(jq -r .md_mac <<<"$guest")
}

# Only frames that a guest may have caused: no IPv6 chatter of the hosts' own stacks.
watch_dev() {
	background "$1" tcpdump -i "$2" -nn -U -w "$WORK/$2.pcap" "${3:-udp or ether proto 0x88b5 or arp}"
	wait_for 5 grep -q listening "$WORK/bg.$BG.err"
}

captured() {
	tcpdump -r "$WORK/$1.pcap" -nn 2>/dev/null | wc -l
}

id_of() {
	ctl -j "$1" show | jq "first(.[] | select($2)).id"
}

frames() {
	echo --dst "$md_mac" \
		--vnet "$(id_of vnet '.name == "red"')" --foreign-vnet "$(id_of vnet '.name == "green"')" \
		--vif "$(id_of vif '.vnet == "red" and .name == "v1"')" \
		--foreign-vif "$(id_of vif '.vnet == "green" and .name == "v1"')" \
		--local 198.51.100.1 --remote 198.51.100.2 --port 5001
}

counters_before() {
	ctl -j stats show red | jq '.[0].counters' >"$WORK/before"
	green_before=$(ctl -j stats show green | jq -c '.[0].counters')
}

moved() {
	echo $(($(ctl -j stats show red | jq ".[0].counters.$1") - $(jq ".$1" "$WORK/before")))
}
moved_by() {
	[ "$(moved "$1")" -eq "$2" ]
}

each_counted() {
	local want name
	while read -r want name; do
		check "$name moved by $want: $(sed -n "s/^$name //p" "$1" | paste -sd,)" wait_for 3 moved_by "$name" "$want"
	done < <(cut -d' ' -f1 "$1" | sort | uniq -c)
}
