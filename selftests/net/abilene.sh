# The Abilene backbone, eleven PdP nodes in namespaces of one machine; sourced after lib.sh.
# shellcheck shell=bash
#
#   sttl ----------- dnvr --- kscy ------ ipls --- chin --- nycm
#     \            /             \           \               /
#      snva ------/               \           \            wash
#        \                         \           \            /
#        losa --------------------- hstn ----- atla -------/
#
# The links and their OSPF costs are Abilene's of 2006, as "In VINI Veritas" (Bavier et al., SIGCOMM 2006)
# used them; the costs grow with the length of the fibre. Link i is a wire between two cities' namespaces
# (172.16.i.1 and .2), a port at each end named by the other city, and one vif of the one vnet, "vini", with
# 10.0.i.1 and .2, OSPF's cost, and a delay one way of cost / 118 ms: which makes the way from wash to
# sttl, by nycm, chin, ipls, kscy and dnvr, 76 ms there and back, as the paper found.
#
# Each node is one FE guest (router) and one MH guest (FRR's zebra and ospfd).

CITIES=(sttl snva losa dnvr kscy hstn ipls chin atla wash nycm)
# shellcheck disable=SC2034
NODES=("${CITIES[@]}")

# City, city, cost.
ABILENE_LINKS=(
	"sttl snva 861" "sttl dnvr 2095" "snva losa 366" "snva dnvr 1295" "losa hstn 1893"
	"dnvr kscy 639" "kscy hstn 902" "kscy ipls 548" "hstn atla 1176" "ipls chin 260"
	"ipls atla 587" "chin nycm 700" "atla wash 846" "nycm wash 233"
)
ABILENE_KM_PER_MS=118

# The hosts of the two coasts: city, number of the subnet 10.1.N.0/24 and of the wire 172.17.N.0/24.
ABILENE_HOSTS=("sttl 1" "wash 2")

# city_number CITY: its router-id is 10.255.0.NUMBER.
city_number() {
	local i
	for i in "${!CITIES[@]}"; do
		[ "${CITIES[i]}" != "$1" ] || echo $((i + 1))
	done
}

# links_of CITY: lines "NUMBER END FAR COST"; END is 1 or 2.
links_of() {
	local i a b cost
	for i in "${!ABILENE_LINKS[@]}"; do
		read -r a b cost <<<"${ABILENE_LINKS[i]}"
		[ "$a" != "$1" ] || echo "$((i + 1)) 1 $b $cost"
		[ "$b" != "$1" ] || echo "$((i + 1)) 2 $a $cost"
	done
}

# host_of CITY: number of its host, if it has one.
host_of() {
	local entry city n
	for entry in "${ABILENE_HOSTS[@]}"; do
		read -r city n <<<"$entry"
		[ "$city" != "$1" ] || echo "$n"
	done
}

# Namespaces, wires and addresses of the underlay.
abilene_wires() {
	local i a b n city _
	ns "${CITIES[@]}"
	for i in "${!ABILENE_LINKS[@]}"; do
		read -r a b _ <<<"${ABILENE_LINKS[i]}"
		n=$((i + 1))
		wire "$a" "u-$b" "$b" "u-$a"
		on "$a" ip addr add "172.16.$n.1/24" dev "u-$b"
		on "$b" ip addr add "172.16.$n.2/24" dev "u-$a"
	done
	for i in "${ABILENE_HOSTS[@]}"; do
		read -r city n <<<"$i"
		ns "host-$city"
		wire "$city" u-host "host-$city" u0
		on "$city" ip addr add "172.17.$n.1/24" dev u-host
		on "host-$city" ip addr add "172.17.$n.2/24" dev u0
		# What comes out of a port goes to a veth, whose far end must take XDP frames.
		on "host-$city" ethtool -K u0 gro on
	done
}

# The node file of a city.
city_yaml() {
	local city=$1 n end far cost host
	host=$(host_of "$city")
	printf 'version: 1\nnode: %s\nports:\n' "$T-$city"
	links_of "$city" | while read -r n end far cost; do
		echo "  - {name: $far, ifname: u-$far}"
	done
	[ -z "$host" ] || echo "  - {name: host, ifname: u-host}"
	cat <<-EOT
		fes:
		  - {name: fe1, cpus: "0-$(($(nproc) - 1))", capacity: 500m}
		vnets:
		  - name: vini
		    power: 500m
		    control-plane: {kind: frr, config: $WORK/$city, power: 200m}
		    vifs:
	EOT
	links_of "$city" | while read -r n end far cost; do
		cat <<-EOT
			      - {name: $far, port: $far, encap: udp, local: "172.16.$n.$end:5001", remote: "172.16.$n.$((3 - end)):5001",
			         address: [10.0.$n.$end/24], impair: {delay-ms: $(((cost + ABILENE_KM_PER_MS / 2) / ABILENE_KM_PER_MS))}}
		EOT
	done
	[ -z "$host" ] ||
		echo "      - {name: host, port: host, encap: udp, local: \"172.17.$host.1:5001\", remote: \"172.17.$host.2:5001\", address: [10.1.$host.1/24]}"
}

# The configuration of a city's FRR, in the directory $WORK/CITY.
city_frr() {
	local city=$1 n end far cost
	mkdir -p "$WORK/$city"
	echo "ospfd=yes" >"$WORK/$city/daemons"
	{
		echo "hostname $city"
		links_of "$city" | while read -r n end far cost; do
			cat <<-EOT
				interface $far
				 ip ospf area 0
				 ip ospf network point-to-point
				 ip ospf cost $cost
				 ip ospf hello-interval 1
				 ip ospf dead-interval 4
			EOT
		done
		[ -z "$(host_of "$city")" ] || printf 'interface host\n ip ospf area 0\n ip ospf passive\n'
		printf 'router ospf\n ospf router-id 10.255.0.%s\n' "$(city_number "$city")"
	} >"$WORK/$city/frr.conf"
	chmod -R a+rX "$WORK" "$WORK/$city"
}

# All eleven nodes, side by side.
abilene_up() {
	local city ups=() code=0
	for city in "${CITIES[@]}"; do
		city_frr "$city"
		city_yaml "$city" >"$WORK/$city.yaml"
		at "$city" node_up "$WORK/$city.yaml" &
		ups+=($!)
	done
	for city in "${ups[@]}"; do
		wait "$city" || code=1
	done
	return $code
}

# A host joins its city: one tunnel, and the other coast behind it.
abilene_hosts() {
	local entry city n
	for entry in "${ABILENE_HOSTS[@]}"; do
		read -r city n <<<"$entry"
		background "host-$city" "$BIN/pdp-tun" --local "172.17.$n.2:5001" --remote "172.17.$n.1:5001" \
			--dev vini --address "10.1.$n.2/24" --route 10.0.0.0/8
		wait_for 5 on "host-$city" ip route get 10.0.0.1 oif vini
	done
}
