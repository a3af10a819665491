#!/usr/bin/env bats
# A pipeline killed at any stage and moment, run again, gives the end state of one that was left alone.
bats_require_minimum_version 1.5.0
load ../lib
load site

setup() {
	site_make "$BATS_TEST_TMPDIR/a"
	cp -a "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
	cd "$BATS_TEST_TMPDIR" || return 1
	ROUNDS=12
	[ -z "${BKM_SOAK:-}" ] || ROUNDS=200
}

# Start the chain in a session of its own; its process group is the pid printed.
start_chain() {
	BKM_CONFIG=$1/config.yaml BKM_NOW=$SITE_NOW setsid sh -c \
		'bkm-scan | bkm-verify | bkm-restore | bkm-score | bkm-report | bkm-alert' >/dev/null 2>&1 &
	CHAIN=$!
}

same_end_state() {
	site_chain a >/dev/null 2>&1 || true
	site_chain b >/dev/null 2>&1 || true
	site_state a >a.state
	site_state b >b.state
	diff a.state b.state
	reap_killed b/scratch
	[ -z "$(find b/scratch -mindepth 1)" ]
}

# No process of the chain is left, but for those that only wait to be collected, and none of a drill.
chain_is_gone() {
	! pgrep -r R,S,D,T -g "$CHAIN" >/dev/null && gone_from "$PWD/b/scratch"
}

@test "SIGKILL of the whole pipeline at random moments" {
	for i in $(seq $ROUNDS); do
		rm -rf b/store/* b/scratch/*
		start_chain b
		sleep "0.$(printf '%03d' $(((RANDOM % 120) * (i % 5 + 1))))"
		kill -KILL -- "-$CHAIN" 2>/dev/null || true
		wait "$CHAIN" 2>/dev/null || true
		eventually chain_is_gone
		[ ! -e b/store/bkm.db ] || [ ! -s b/store/bkm.db ] ||
			[ "$(sqlite3 b/store/bkm.db 'PRAGMA integrity_check')" = ok ]
	done
	same_end_state
}

@test "SIGKILL of one stage: the others end, and the next run finishes the work" {
	for i in $(seq $ROUNDS); do
		start_chain b
		sleep "0.$(printf '%03d' $(((RANDOM % 90) * (i % 4 + 1))))"
		set -- bkm-scan bkm-verify bkm-restore bkm-score bkm-report bkm-alert
		shift $((RANDOM % 6))
		pkill -KILL -g "$CHAIN" -x "$1" || true
		wait "$CHAIN" 2>/dev/null || true
	done
	same_end_state
}

@test "a stage that was killed is noticed downstream: exit 3 and an alert, cleared by the next good run" {
	export BKM_CONFIG=b/config.yaml BKM_NOW=$SITE_NOW
	bkm-scan >scan.jsonl || true
	# A verify that is killed between its start and its end.
	mkfifo in
	bkm-verify <in >cut.jsonl 2>/dev/null &
	pid=$!
	exec 7>in
	head -8 scan.jsonl >&7
	eventually grep -q '"kind":"backup"' cut.jsonl
	kill -KILL $pid
	wait $pid 2>/dev/null || true
	exec 7>&-
	grep '"kind":"run"' cut.jsonl | grep -q '"phase":"start"'
	run -3 bkm-alert cut.jsonl
	[[ "$output" == *monitor_failure* ]]
	[[ "$output" == *bkm-verify* ]]
	grep -q 'bkm-verify' b/alerts.log
	site_chain b >out.jsonl || true
	run -0 sqlite3 b/store/bkm.db "select state from alert where kind = 'monitor_failure'"
	[ "$output" = resolved ]
}

@test "SIGTERM: scratch is removed and the run row says how it ended" {
	export BKM_CONFIG=b/config.yaml BKM_NOW=$SITE_NOW
	bkm-scan >scan.jsonl || true
	mkfifo in
	bkm-restore <in >out.jsonl &
	pid=$!
	exec 7>in
	cat scan.jsonl >&7
	eventually grep -q '"phase":"start"' out.jsonl
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	exec 7>&-
	[ "$status" -eq 143 ]
	[ -z "$(find b/scratch -mindepth 1)" ]
	run -0 sqlite3 b/store/bkm.db "select ended_by from run where command = 'bkm-restore' order by id desc limit 1"
	[ "$output" = SIGTERM ]
}

@test "two pipelines at once do no harm" {
	start_chain b
	one=$CHAIN
	start_chain b
	wait "$one" || true
	wait "$CHAIN" || true
	site_state b >two.state
	site_chain a >/dev/null 2>&1 || true
	site_state a >a.state
	diff a.state two.state
	run -0 sqlite3 b/store/bkm.db "select count(*) from run where ended is null"
	[ "$output" = 0 ]
	# each alert was sent once
	run -0 sqlite3 b/store/bkm.db "select count(*) from outbox where state <> 'sent'"
	[ "$output" = 0 ]
}
