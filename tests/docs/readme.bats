#!/usr/bin/env bats
# README.md: every command line that it shows runs, every message that it explains exists.
bats_require_minimum_version 1.5.0
load ../lib

setup() {
	bkm_setup
	readme=$BKM_ROOT/README.md
	# What the examples talk about: a directory of dumps, a dump by hand.
	mkdir db
	sqlite3 app.db 'CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)'
	sqlite3 app.db .dump >app.sql
	gzip -c app.sql >app-2026-11-23.sql.gz
	for day in 1 2 3; do
		gzip -c app.sql >"db/app-2026-11-2$day.sql.gz"
		aged "db/app-2026-11-2$day.sql.gz" "2026-11-2$day 02:00"
	done
	head -c 60 db/app-2026-11-23.sql.gz >short
	cat short >db/app-2026-11-23.sql.gz
	aged db/app-2026-11-23.sql.gz '2026-11-23 02:00'
	blocks yaml | sed 's,/var/backups/databases,db,' >config.yaml
}

# blocks LANGUAGE: the code blocks of that language.
blocks() {
	awk -v fence="\`\`\`$1" '$0 == fence { on = 1; next } /^```/ { on = 0 } on' "$readme"
}

@test "every command line of README.md runs" {
	blocks sh >lines
	[ "$(wc -l <lines)" -gt 10 ]
	while IFS= read -r line; do
		case $line in '#'*) continue ;; esac
		rc=0
		bash -o pipefail -c "$line" >out 2>err </dev/null || rc=$?
		# 1 says that something is wrong with the backups, and one of them is.
		if [ "$rc" -gt 1 ] || grep -q 'jq: error' err; then
			printf '%s\nexit status %s\n' "$line" "$rc"
			cat out err
			return 1
		fi
	done <lines
}

@test "each jq line of README.md prints something" {
	blocks sh | grep '| jq' >lines
	[ "$(wc -l <lines)" -eq 5 ]
	while IFS= read -r line; do
		case $line in *'== "late"'* | *'.verification == null'*) continue ;; esac
		bash -c "$line" >out </dev/null
		[ -s out ] || { echo "prints nothing: $line"; return 1; }
	done <lines
}

@test "a series that is late is listed as README.md says" {
	rm db/app-2026-11-23.sql.gz
	aged db/app-2026-11-21.sql.gz '20 days ago'
	aged db/app-2026-11-22.sql.gz '19 days ago'
	bash -c "$(blocks sh | grep '== "late"')" >out
	grep -q app out
}

@test "the cron line of README.md is that of the example, and runs" {
	blocks cron | while IFS= read -r line; do
		grep -qxF -- "$line" "$BKM_ROOT/share/examples/cron/bkm"
	done
	blocks cron | grep -q '^PATH=/usr/local/bin:'
	line=$(blocks cron | tail -n 1)
	command=${line#* \* \* \* \* bkm }
	[ "$command" != "$line" ]
	# cron takes a bare % for the end of the line.
	[[ $command != *%* ]]
	run --separate-stderr sh -c "$command"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ -z "$stderr" ] || { echo "$stderr"; return 1; }
}

@test "every file that README.md names is there" {
	grep -oP '(?<![/\w])(share|lib|tests|man)/[A-Za-z0-9@_./-]+[A-Za-z0-9]' "$readme" | sort -u |
		while IFS= read -r path; do
			[ -e "$BKM_ROOT/$path" ] || { echo "$path"; return 1; }
		done
	grep -oE 'bkm(-[a-z]+)?\([1-8]\)' "$readme" "$BKM_ROOT/man/bkm.7" | sed 's/.*://' | sort -u |
		while IFS='()' read -r name section; do
			[ -e "$BKM_ROOT/man/$name.$section" ] || { echo "$name($section)"; return 1; }
		done
}

@test "every message that README.md explains stands in the code" {
	awk -F '`' '/^\| message/ { on = 1 } on && /^\| `/ { print $2 } /^## Coming/ { on = 0 }' "$readme" >messages
	[ "$(wc -l <messages)" -ge 10 ]
	while IFS= read -r message; do
		grep -rqF -- "$message" "$BKM_ROOT/lib" "$BKM_ROOT/cmd" --include='*.[ch]' ||
			{ echo "no such message: $message"; return 1; }
	done <messages
}

@test "the targets that README.md names are those of the Makefile" {
	for target in run check help install; do
		grep -qE "^$target:" "$BKM_ROOT/Makefile"
		grep -q "make $target" "$readme"
	done
}

@test "the pipelines of bkm(7) run" {
	sed -n 's/^\.Dl //p' "$BKM_ROOT/man/bkm.7" | sed 's/\\(dq/"/g' >lines
	[ "$(wc -l <lines)" -ge 10 ]
	cp app-2026-11-23.sql.gz dump.sql.gz
	# Stand-ins for what is not ours.
	mkdir bin
	printf '#!/bin/sh\nshift\nexec "$@"\n' >bin/ssh
	printf '#!/bin/sh\necho pruned\n' >bin/prune-old
	touch app.sql.old
	cp app.sql app.sql.keep
	printf '#!/bin/sh\ncat app.sql.keep\n' >bin/pg_dump
	chmod +x bin/*
	while IFS= read -r line; do
		rc=0
		PATH=$PWD/bin:$PATH bash -o pipefail -c "$line" >out 2>err </dev/null || rc=$?
		if [ "$rc" -gt 1 ] || grep -q "error" err; then
			printf '%s\nexit status %s\n' "$line" "$rc"
			cat out err
			return 1
		fi
	done <lines
	[ ! -e app.sql.old ]
}
