#!/bin/bash
# The demo of a network of nodes: the Abilene backbone as eleven PdP nodes on this machine, one vnet across
# them with FRR's OSPF in its MH guests, hosts at two coasts. The virtual link between Denver and Kansas City
# is cut while a ping goes from coast to coast: the way changes, and the round trip times show it, as in "In
# VINI Veritas" (SIGCOMM 2006), figure 8. Then the link comes back, and all is taken down.
# Writes build/abilene.json and build/abilene.csv.

. "$(dirname "$0")/net/lib.sh"
. "$(dirname "$0")/net/abilene.sh"

RESULT=$TOP/build/abilene.json
CSV=$TOP/build/abilene.csv
INTERVAL_S=0.1
CUT_S=6
MEND_S=20
END_S=28
CHEAPEST="wash nycm chin ipls kscy dnvr sttl host"

bold() {
	if [ -t 1 ]; then printf '\n\033[1m%s\033[0m\n' "$*"; else printf '\n%s\n' "$*"; fi
}

die() {
	echo "demo-abilene: $*" >&2
	exit 1
}

now() {
	date +%s.%N
}

# since TIME: seconds with two decimals.
since() {
	awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.2f", b - a }'
}

# An address of the vnet -> the city that has it.
city_of() {
	local link end a b _
	case $1 in
	10.0.*)
		IFS=. read -r _ _ link end <<<"$1"
		read -r a b _ <<<"${ABILENE_LINKS[link - 1]}"
		if [ "$end" = 1 ]; then echo "$a"; else echo "$b"; fi
		;;
	10.1.1.1) echo sttl ;;
	10.1.2.1) echo wash ;;
	10.1.1.2) echo host ;;
	*) echo '*' ;;
	esac
}

# The way from the host in Washington to the one in Seattle, city by city, by expiring TTLs.
way() {
	local ttl from cities=()
	for ttl in $(seq 12); do
		from=$(on host-wash ping -n -c 1 -W 2 -t "$ttl" 10.1.1.2 |
			sed -nE 's/^(From|[0-9]+ bytes from) ([0-9.]+).*/\2/p' | head -n 1)
		cities+=("$(city_of "$from")")
		[ "$from" != 10.1.1.2 ] || break
	done
	echo "${cities[*]}"
}

goes() {
	[ "$(way)" = "$1" ]
}

# Lines "TIME RTT" of a ping -D, in seconds since START and ms, to CSV.
series() {
	echo "seconds,rtt_ms"
	awk -v start="$1" '/time=/ {
		t = substr($1, 2) + 0; sub(/.*time=/, ""); sub(/ ms.*/, "")
		printf "%.3f,%s\n", t - start, $0 }' "$2"
}

# A CSV of (seconds, ms) as a picture of 72 columns, each the least of its time: what is above is this machine's
# other work.
plot() {
	awk -F, -v end="$END_S" -v cut="$CUT_S" -v mend="$MEND_S" 'NR > 1 {
			c = int($1 / end * 72); if (c < 0 || c > 71) next
			if (!(c in rtt) || $2 < rtt[c]) rtt[c] = $2
		}
		END {
			for (c in rtt) {
				if (rtt[c] > most) most = rtt[c]
				if (least == "" || rtt[c] < least) least = rtt[c]
			}
			low = int(least / 5) * 5; step = (most - low) / 9; if (step < 1) step = 1
			for (r = 9; r >= 0; r--) {
				line = ""
				for (c = 0; c < 72; c++)
					line = line ((c in rtt) && int((rtt[c] - low) / step + 0.5) == r ? "*" : " ")
				printf "%5.0f ms |%s\n", low + r * step, line
			}
			line = ""
			for (c = 0; c < 72; c++)
				line = line (c == int(cut / end * 72) || c == int(mend / end * 72) ? "^" : "-")
			printf "         +%s\n", line
			printf "%*s%-*s%s\n", 10 + int(cut / end * 72), "", int((mend - cut) / end * 72), "cut", "mended"
		}' "$1"
}

# median of the RTTs between two times
median() {
	awk -F, -v from="$1" -v to="$2" 'NR > 1 && $1 >= from && $1 < to { print $2 }' "$CSV" | sort -n |
		awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : "null" }'
}

all_checked() {
	local city
	for city in "${CITIES[@]}"; do
		at "$city" ctl route check vini || return
		at "$city" ctl stats show --check || return
	done
}

begin "Abilene" >/dev/null
START=$SECONDS
trap 'echo "interrupted, taking everything down" >&2; exit 130' INT

bold "Eleven nodes, fourteen links, one vnet with OSPF"
abilene_wires || die "the namespaces could not be made"
abilene_up || die "not every node came up"
up=$(now)
abilene_hosts
wait_for 60 goes "$CHEAPEST" || die "OSPF has not found the cheapest way in a minute; it is: $(way)"
converged_s=$(since "$up")
echo "the cheapest way is found $converged_s s after the last node was up: $CHEAPEST"
at kscy ctl vnet show
at kscy ctl vnet exec vini -- vtysh -c 'show ip ospf neighbor'

bold "TCP from coast to coast, 5 s"
background host-sttl iperf3 -s
wait_for 5 on host-sttl sh -c 'ss -tln | grep -q :5201'
on host-wash iperf3 -J -c 10.1.1.2 -t 5 >"$WORK/iperf" || die "iperf3: $(jq -r .error "$WORK/iperf")"
tcp_mbit=$(jq '.end.sum_received.bits_per_second / 1e6 | round' "$WORK/iperf")
echo "$tcp_mbit Mbit/s"

bold "ping; Denver - Kansas City is cut after $CUT_S s, and mended after $MEND_S s"
began=$(now)
on host-wash ping -D -i "$INTERVAL_S" -w "$END_S" 10.1.1.2 >"$WORK/ping" &
pinger=$!
sleep "$CUT_S"
at dnvr ctl vif set vini/kscy impair.down true || die "the link could not be cut"
cut=$(now)
sleep $(((MEND_S - CUT_S) / 2))
detour=$(way)
echo "the way round the cut: $detour"
sleep $((MEND_S - CUT_S - (MEND_S - CUT_S) / 2))
at dnvr ctl vif set vini/kscy impair.down false || die "the link could not be mended"
wait "$pinger"
series "$began" "$WORK/ping" >"$CSV"
plot "$CSV"

cut_s=$(awk -v a="$began" -v b="$cut" 'BEGIN { print b - a }')
rerouted_s=$(awk -F, -v cut="$cut_s" 'NR > 1 && $1 > cut + 0.2 { printf "%.2f", $1 - cut; exit }' "$CSV")
before=$(median 0 "$CUT_S")
after=$(median $((CUT_S + 8)) "$MEND_S")
sent=$(sed -nE 's/^([0-9]+) packets transmitted.*/\1/p' "$WORK/ping")
lost=$((sent - $(sed -nE 's/.* ([0-9]+) received.*/\1/p' "$WORK/ping")))
echo "before $before ms, after $after ms; another way after $rerouted_s s; $lost of $sent lost"

checked=true
all_checked >"$WORK/checked" 2>&1 || checked=false
[ $checked = true ] || tail -n 20 "$WORK/checked"

clean_up
left=$(left_behind)
jq -n --argjson converged "$converged_s" --argjson before "$before" --argjson after "$after" \
	--argjson rerouted "${rerouted_s:-null}" --argjson lost "$lost" --argjson sent "$sent" \
	--argjson tcp "$tcp_mbit" --argjson checked "$checked" --arg detour "$detour" \
	--argjson left "$(grep -c . <<<"$left")" \
	'{converged_s: $converged, ping_before_ms: $before, ping_after_ms: $after, rerouted_s: $rerouted,
	  lost: $lost, sent: $sent, detour: $detour, tcp_mbit_s: $tcp, checked: $checked,
	  left_behind: $left}' >"$RESULT"
bold "All down after $((SECONDS - START)) s; results in build/abilene.json and build/abilene.csv"
[ -z "$left" ] || {
	echo "left behind:"
	echo "$left"
}
jq -e '.checked and .left_behind == 0 and .rerouted_s != null and .ping_after_ms > .ping_before_ms' \
	"$RESULT" >/dev/null || die "not everything went well: $(jq -c . "$RESULT")"
