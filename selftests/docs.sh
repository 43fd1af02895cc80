#!/bin/sh
# Do the docs name what is there? Links and source files of README and docs/; a man page for each
# program, with the options that its --help has and no others. Part of `make lint`.

# Names are words without blanks, one a line; backquotes are those of Markdown.
# shellcheck disable=SC2013,SC2016

set -eu

cd "$(dirname "$0")/.."
bad=0

complain() {
	echo "$*" >&2
	bad=1
}

for page in README.md docs/*.md selftests/bench/README.md; do
	dir=$(dirname "$page")
	for link in $(grep -oE '\]\([^)# ]+' "$page" | sed 's/^](//'); do
		case $link in
		http*) ;;
		*) [ -e "$dir/$link" ] || complain "$page: links to $link, which is not there" ;;
		esac
	done
	for file in $(grep -oE '`(bpf|loader|fe-agent|ctl|selftests|docs|examples)/[A-Za-z0-9_./*-]*`' "$page" | tr -d '`'); do
		# shellcheck disable=SC2086
		ls -d $file >/dev/null 2>&1 || complain "$page: names $file, which is not there"
	done
done

options() {
	grep -oE -e '--[a-z][a-z-]+' | sort -u
}

# plain FILE: a man page as it is read, each word whole.
plain() {
	sed -e 's/\\-/-/g; s/\\f[BIRP]//g' "$1"
}

for program in build/bin/*; do
	name=$(basename "$program")
	page=docs/man/$name.8
	if [ ! -e "$page" ]; then
		complain "$name has no man page"
		continue
	fi
	grep -q "$name(8)" README.md || complain "README.md does not name $name(8)"
	man --warnings -E UTF-8 -l "$page" 2>&1 >/dev/null | grep . && complain "$page does not render"
	case $name in pdp-??-init) continue ;; esac
	for option in $("$program" --help | options); do
		plain "$page" | grep -qe "$option" || complain "$page: $option of $name --help is not there"
	done
	for option in $(plain "$page" | sed -n '/^.SH SYNOPSIS/,/^.SH DESC/p; /^.SH OPTIONS/,/^.SH [A-NP-Z]/p' | options); do
		"$program" --help | grep -qe "$option" || complain "$page: $name --help does not have $option"
	done
done
exit $bad
