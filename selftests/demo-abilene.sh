#!/bin/bash
# The demo of a network of nodes: the Abilene backbone as eleven PdP nodes on this machine, one vnet across
# them with FRR's OSPF in its MH guests, hosts at two coasts. The virtual link between Denver and Kansas City
# is cut while a ping goes from coast to coast: the way changes, and the round trip times show it, as in "In
# VINI Veritas" (SIGCOMM 2006), figure 8. Then the link comes back, and all is taken down.
# Writes abilene.json and abilene.csv into build, or into $DEMO_OUT. $DEMO_SECONDS: how long the ping goes each way, 8 by
# default.

. "$(dirname "$0")/net/lib.sh"
. "$(dirname "$0")/net/abilene.sh"

OUT=${DEMO_OUT:-$TOP/build}
RESULT=$OUT/abilene.json
CSV=$OUT/abilene.csv
INTERVAL_S=0.1
EACH_S=${DEMO_SECONDS:-8}
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
	awk -F, -v end="$end_s" -v cut="$cut_s" -v mend="$mend_s" 'NR > 1 {
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

# rtts FROM TO: those between two times, the least first.
rtts() {
	awk -F, -v from="$1" -v to="$2" 'NR > 1 && $1 >= from && $1 < to { print $2 }' "$CSV" | sort -n
}

median() {
	rtts "$@" | awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : "null" }'
}

least() {
	rtts "$@" | awk 'NR == 1 { least = $1 } END { print NR ? least : "null" }'
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

# Sets DETOUR.
found_detour() {
	on host-wash ping -q -c 1 -W 1 10.1.1.2 || return
	DETOUR=$(way)
	[[ $DETOUR == *" host" && $DETOUR != "$CHEAPEST" ]]
}

bold "ping; Denver - Kansas City is cut, and mended $EACH_S s after another way is found"
began=$(now)
background host-wash ping -D -i "$INTERVAL_S" -w 600 10.1.1.2
PING=$WORK/bg.$BG
sleep "$EACH_S"
at dnvr ctl vif set vini/kscy impair.down true || die "the link could not be cut"
cut_s=$(since "$began")
wait_for 20 found_detour || die "OSPF finds no way round the cut"
detour_s=$(since "$began")
echo "the way round the cut: $DETOUR"
sleep "$EACH_S"
at dnvr ctl vif set vini/kscy impair.down false || die "the link could not be mended"
mend_s=$(since "$began")
sleep "$EACH_S"
end_s=$(since "$began")
kill -INT "${BG_PIDS[BG]}"
wait "${BG_PIDS[BG]}"
series "$began" "$PING" >"$CSV"
plot "$CSV"

# The end of the longest silence since the cut.
rerouted_s=$(awk -F, -v cut="$cut_s" -v mend="$mend_s" 'NR > 1 && $1 < mend {
		if ($1 > cut && $1 - last > most) { most = $1 - last; at = $1 - cut }
		last = $1
	}
	END { if (most) printf "%.2f", at }' "$CSV")
before=$(median 0 "$cut_s")
after=$(median "$detour_s" "$mend_s")
before_least=$(least 0 "$cut_s")
after_least=$(least "$detour_s" "$mend_s")
sent=$(sed -nE 's/^([0-9]+) packets transmitted.*/\1/p' "$PING")
lost=$((sent - $(sed -nE 's/.* ([0-9]+) received.*/\1/p' "$PING")))
echo "before $before ms, after $after ms; another way after $rerouted_s s; $lost of $sent lost"

checked=true
all_checked >"$WORK/checked" 2>&1 || checked=false
[ $checked = true ] || tail -n 20 "$WORK/checked"

clean_up
left=$(left_behind)
jq -n --argjson converged "$converged_s" --argjson before "$before" --argjson after "$after" \
	--argjson rerouted "${rerouted_s:-null}" --argjson lost "$lost" --argjson sent "$sent" \
	--argjson tcp "$tcp_mbit" --argjson checked "$checked" --arg detour "$DETOUR" \
	--argjson before_least "$before_least" --argjson after_least "$after_least" \
	--argjson left "$(grep -c . <<<"$left")" \
	'{converged_s: $converged, ping_before_ms: $before, ping_after_ms: $after, rerouted_s: $rerouted,
	  ping_before_least_ms: $before_least, ping_after_least_ms: $after_least, lost: $lost, sent: $sent,
	  detour: $detour, tcp_mbit_s: $tcp, checked: $checked,
	  left_behind: $left}' >"$RESULT"
bold "All down after $((SECONDS - START)) s; results in $RESULT and $CSV"
[ -z "$left" ] || {
	echo "left behind:"
	echo "$left"
}
jq -e '.checked and .left_behind == 0 and .rerouted_s != null and .ping_after_least_ms > .ping_before_least_ms' \
	"$RESULT" >/dev/null || die "not everything went well: $(jq -c . "$RESULT")"
