#!/usr/bin/env bats
# Many records: batch after batch is committed behind the loop, and nothing is printed before its commit.
bats_require_minimum_version 1.5.0
load ../lib

COUNT=3000

setup_file() {
	mkdir -p "$BATS_FILE_TMPDIR/site/small"
	cd "$BATS_FILE_TMPDIR/site" || return 1
	for i in $(seq -w $COUNT); do
		printf '%s' "$i" >"small/$i.raw"
	done
	cat >config.yaml <<-'YAML'
		database: {url: "sqlite:///b.db"}
		backups:
		  locations:
		    - {name: small, path: small, type: file, settle: 0s}
	YAML
	bkm-scan --settle 0s >scan.jsonl
	cp b.db fresh.db
}

setup() {
	cd "$BATS_FILE_TMPDIR/site" || return 1
	rm -f b.db* lines
	cp fresh.db b.db
}

ids() { # of the backups with a verdict
	jq -r 'select(.kind == "backup" and .verification) | .id' "$1"
}

# Is the verdict of every line of FILE in the store?
all_stored() {
	ids "$1" | sort >printed
	sqlite3 b.db 'SELECT DISTINCT backup_id FROM verification' | sort >stored
	[ -z "$(comm -23 printed stored)" ]
}

@test "every line comes once, in its order, with its verdict in the store" {
	bkm-verify -m checksum --stored >stored.jsonl
	[ "$(ids stored.jsonl | wc -l)" -eq $COUNT ]
	bkm-verify -m size <scan.jsonl >piped.jsonl
	[ "$(ids piped.jsonl)" = "$(jq -r 'select(.kind == "backup").id' scan.jsonl)" ]
	[ "$(ids stored.jsonl | sort)" = "$(ids piped.jsonl | sort)" ]
	[ "$(sqlite3 b.db 'SELECT count(*) FROM verification')" -eq $((2 * COUNT)) ]
	[ "$(sqlite3 b.db 'SELECT count(*) FROM baseline')" -eq $COUNT ]
	[ "$(tail -n 1 piped.jsonl | jq -r '[.phase, .counts.pass] | @csv')" = "\"end\",$COUNT" ]
}

@test "killed, or left by its reader, in the middle: what was printed is in the store" {
	mkfifo lines
	for at in 257 $((RANDOM % 2000 + 300)) $((RANDOM % 2000 + 300)) 2700; do
		sqlite3 b.db 'DELETE FROM verification'
		bkm-verify -f -m checksum --stored >lines &
		pid=$!
		head -n "$at" lines >got.jsonl
		kill -KILL $pid 2>/dev/null || true
		wait $pid || true
		[ "$(ids got.jsonl | wc -l)" -ge $((at - 1)) ]
		all_stored got.jsonl
		[ "$(sqlite3 b.db 'PRAGMA integrity_check')" = ok ]
	done
}

# No file may be larger than so many KiB, but for what is printed.
in_little_room() {
	(
		trap '' XFSZ
		ulimit -f 1400
		exec bkm-verify -f -m checksum --stored 2>errors
	) | cat >got.jsonl
	return "${PIPESTATUS[0]}"
}

@test "a store that cannot grow any more in the middle: exit 3, and nothing printed that is not in it" {
	run -3 in_little_room
	grep -q "b.db" errors
	[ "$(ids got.jsonl | wc -l)" -gt 256 ]
	[ "$(ids got.jsonl | wc -l)" -lt $COUNT ]
	all_stored got.jsonl
	bkm-verify -f -m checksum --stored >again.jsonl
	[ "$(ids again.jsonl | wc -l)" -eq $COUNT ]
}
