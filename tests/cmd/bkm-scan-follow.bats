#!/usr/bin/env bats
# bkm-scan --follow: prints what completes, fails or goes, until a signal ends it.
bats_require_minimum_version 1.5.0
load ../lib

setup() {
	bkm_setup
	write_config db
	echo '      settle: 1s' >>config.yaml
	mkdir -p db
	echo old >db/old.tar
	aged db/old.tar 2026-01-01
}

teardown() {
	[ -z "$follower" ] || kill "$follower" 2>/dev/null || true
}

follow() {
	bkm-scan --follow "$@" >out 2>err &
	follower=$!
	wait_for '.kind == "location"'
}

# wait_for JQ: until a record for which it is true has been printed.
wait_for() {
	eventually printed "$1" || { cat out err >&2; return 1; }
}

printed() {
	jq -es "any(.[]; $1)" out >/dev/null 2>&1
}

@test "--follow prints each backup when it completes, also in new directories" {
	follow
	wait_for '.path? // "" | endswith("/old.tar")'
	sleep 2
	[ "$(grep -c old.tar out)" -le 2 ]
	echo x >db/new.tar
	wait_for '(.path? // "" | endswith("/new.tar")) and .state == "complete"'
	mkdir -p db/sub/deeper
	sleep 0.2
	echo y >db/sub/deeper/late.tar
	wait_for '(.path? // "" | endswith("/late.tar")) and .state == "complete"'
	[ "$(jq -c 'select(.kind == "backup" and .state == "growing")' out)" = "" ]
	mv db/new.tar db/renamed.tar
	wait_for '.path? // "" | endswith("/renamed.tar")'
	rm db/old.tar
	wait_for '.state? == "expired"'
	[ ! -s err ]
}

@test "--follow ends cleanly by SIGTERM, and the store says so" {
	bkm-scan --follow >out 2>err &
	follower=$!
	wait_for '.kind == "location"'
	kill -TERM "$follower"
	status=0
	wait "$follower" || status=$?
	follower=
	[ "$status" -eq 143 ]
	[ "$(in_store 'SELECT ended_by FROM run ORDER BY id DESC LIMIT 1')" = SIGTERM ]
	[ ! -s err ]
}

@test "--follow survives more changes than the kernel can queue" {
	follow
	kill -STOP "$follower"
	python3 - <<-'P'
	import os
	limit = int(open("/proc/sys/fs/inotify/max_queued_events").read())
	for i in range(limit // 2 + 10):
	    with open("db/churn.tmp", "w") as f:
	        f.write("x")
	    os.rename("db/churn.tmp", "db/churn.tmp2")
	os.unlink("db/churn.tmp2")
	open("db/after.tar", "w").write("x")
	P
	kill -CONT "$follower"
	wait_for '(.path? // "" | endswith("/after.tar")) and .state == "complete"'
}

@test "--follow into a pipe whose reader goes ends quietly" {
	(
		set -o pipefail
		timeout 100 bkm-scan --follow 2>err | head -1 >/dev/null
	) &
	pid=$!
	one_more() {
		sleep 0.3
		echo x >"db/n$RANDOM.tar"
		! kill -0 "$pid" 2>/dev/null
	}
	eventually one_more
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 141 ]
	[ ! -s err ]
}
