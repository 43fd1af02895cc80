#!/bin/sh
# Install what PdP needs to build, run and be tested on Debian 12 or later; quick when all is there.
# As root it installs through apt-get; otherwise it names what is missing and fails.
#
#   selftests/deps.sh build     compilers and libraries (what plain `make` needs)
#   selftests/deps.sh           those, and what demo, check and lint run
#   selftests/deps.sh bench     all that, what draws the plots of docs/, and what tells where time goes

set -eu

BUILD="build-essential pkg-config clang llvm bpftool libbpf-dev libxdp-dev libelf-dev zlib1g-dev
	linux-libc-dev libmnl-dev liburcu-dev lxc-dev libevent-dev libjansson-dev libcyaml-dev
	libyaml-dev libsqlite3-dev libsmartcols-dev libcurl4-openssl-dev libseccomp-dev libpcap-dev"
RUN="frr bird2 lxc iproute2 procps iputils-ping iperf3 ethtool tcpdump libcmocka-dev perl python3 python3-jsonschema python3-yaml clang-19 llvm-19
	clang-format clang-tidy cppcheck shellcheck curl jq sqlite3 bsdextrautils util-linux kmod man-db systemd libclang-rt-dev"

PLOT="gnuplot-nox linux-perf"

case "${1:-all}" in
build) want=$BUILD ;;
bench) want="$BUILD $RUN $PLOT" ;;
*) want="$BUILD $RUN" ;;
esac

# shellcheck disable=SC2086
have=" $(dpkg-query -W -f '${Package}=${db:Status-Status} ' $want 2>/dev/null || true)"
missing=
for package in $want; do
	case $have in
	*" $package=installed "*) ;;
	*) missing="$missing $package" ;;
	esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
	echo "missing packages:$missing" >&2
	echo "install them with 'sudo make deps', or as root: apt-get install$missing" >&2
	exit 1
fi

echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
policy=/usr/sbin/policy-rc.d
trap 'rm -f "$log"; [ -z "${ours:-}" ] || rm -f "$policy"' EXIT

# Routing daemons run in guests; on this machine none is to start, not now and not at the next boot.
ours=
if [ ! -e "$policy" ]; then
	ours=yes
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
fi
install() {
	# shellcheck disable=SC2086
	apt-get install -y --no-install-recommends $missing >"$log" 2>&1
}
if ! install; then
	if ! { apt-get update >"$log" 2>&1 && install; }; then
		cat "$log" >&2
		echo "apt-get could not install:$missing" >&2
		exit 1
	fi
fi
for service in frr bird; do
	case "$missing " in
	*" $service"*) systemctl disable "$service" >/dev/null 2>&1 || true ;;
	esac
done
