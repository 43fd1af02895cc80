# What the MD's programs cost a packet, by the number of vnets: mdcost.c.
# shellcheck shell=bash

md_cost_tell() {
	cat <<-'EOT'
		{"figure": "md_cost", "title": "CPU time of a packet in the MD", "x": "vnets (of the dispatcher: vifs of one vnet)", "y": "ns",
		 "better": "lower", "log": "x", "paper": "has no such figure",
		 "systems": {"redirect": "bare XDP redirect", "classify_one": "classifier, packets of one vnet",
		  "classify": "classifier, packets of all vnets at random", "dispatch_one": "dispatcher, packets of one vif",
		  "dispatch": "dispatcher, packets of all vifs at random"}}
	EOT
}

md_cost_of() {
	local n ns active
	for n in ${VNETS:-1 100 4095}; do
		active=$n
		[ "$1" = "${1%_one}" ] || active=1
		ns=$(taskset -c 0 "$BENCH/mdcost" "${1%_one}" "$n" "$active" "${PACKETS:-1000000}" | jq .ns)
		record md_cost "$1" "$n" "$ns"
	done
	note "  repeat $REPEAT, $1: $ns ns with $n"
}

md_cost_run() {
	alternating md_cost_of redirect classify_one classify dispatch_one dispatch
}
