#!/usr/bin/env bats
# bkm-alert behind real stages: the store as source, stages that die or fall silent, --follow.
bats_require_minimum_version 1.5.0
load ../lib
load ../fixtures/alert/servers

setup() {
	bkm_setup
	alert_config <<-'END'
		log: {file: alerts.log}
	END
	sed -i '/name: db/,/type:/s/type: file/type: file\n      schedule: daily/' config.yaml
	printf 'x\n' >web/page.txt
	aged web/page.txt '2026-11-01 UTC'
}

# Even root may not read what its mode closes.
plainly() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --bounding-set=-all --inh-caps=-all -- "$@"
	else
		"$@"
	fi
}

teardown() {
	[ -z "$follower" ] || kill "$follower" 2>/dev/null || :
	stop_servers
}

# week LOCATION NAME: seven nights of backups, aged so that they are complete.
week() {
	local i
	for i in 7 6 5 4 3 2 1; do
		printf 'backup %s\n' "$i" >"$1/$2-2026-11-0$i.txt"
		aged "$1/$2-2026-11-0$i.txt" "2026-11-0$i 02:00 UTC"
	done
}

@test "a night of the real chain: late, recovered, nothing twice" {
	week db app
	run --separate-stderr bash -c 'BKM_NOW=2026-11-07T03:00:00Z bkm-scan | BKM_NOW=2026-11-07T03:00:00Z bkm-alert'
	expect 0
	run --separate-stderr bash -c 'BKM_NOW=2026-11-08T12:00:00Z bkm-scan --exit-zero | BKM_NOW=2026-11-08T12:00:00Z bkm-alert'
	expect 1
	[ "$(jq -r 'select(.kind == "alert") | [.alert, .severity, .location, .notify] | join(" ")' <<<"$output")" = \
		"backup_failure warning db sent" ]
	has "$(cat alerts.log)" "a backup was due 2026-11-08 0"
	has "$(cat alerts.log)" "the newest is 'app-2026-11-07.txt'"
	run --separate-stderr bash -c 'BKM_NOW=2026-11-08T13:00:00Z bkm-scan --exit-zero | BKM_NOW=2026-11-08T13:00:00Z bkm-alert -q'
	[ "$(wc -l <alerts.log)" -eq 1 ]
	printf 'x\n' >db/app-2026-11-08.txt
	aged db/app-2026-11-08.txt '2026-11-08 13:30 UTC'
	run --separate-stderr bash -c 'BKM_NOW=2026-11-08T14:00:00Z bkm-scan --exit-zero | BKM_NOW=2026-11-08T14:00:00Z bkm-alert -q'
	expect 0
	[ "$(wc -l <alerts.log)" -eq 2 ]
	has "$(tail -1 alerts.log)" "NOTICE resolved"
}

@test "--stored finds by itself what the chain would have told" {
	week db app
	: >db/app-2026-11-08.txt
	aged db/app-2026-11-08.txt '2026-11-08 02:00 UTC'
	BKM_NOW=2026-11-09T12:00:00Z bkm-scan -q || :
	run --separate-stderr at 2026-11-09T12:00:00Z bkm-alert --stored
	expect 1
	has "$(cat alerts.log)" "is missing: a backup was due 2026-11-08 02:00 UTC"
	has "$(cat alerts.log)" "'app-2026-11-08.txt' is empty"
	run --separate-stderr at 2026-11-09T12:10:00Z bkm-alert --stored
	[ "$(wc -l <alerts.log)" -eq "$(jq -c 'select(.kind == "alert")' <<<"$output" | wc -l)" ]
	rm -f db/app-2026-11-08.txt
	printf 'x\n' >db/app-2026-11-09.txt
	aged db/app-2026-11-09.txt '2026-11-09 12:30 UTC'
	BKM_NOW=2026-11-09T13:00:00Z bkm-scan -q || :
	run --separate-stderr at 2026-11-09T13:00:00Z bkm-alert --stored
	[ "$(in_store "SELECT count(*) FROM alert WHERE kind = 'backup_failure' AND state = 'open'")" -eq 0 ]
}

@test "a dead stage: said, exit 3, an alert, and the next run of it closes it" {
	week db app
	now=2026-11-07T03:00:00Z
	at $now bkm-scan -q
	at $now bkm-scan >scanned
	grep -v '"phase":"end"' scanned >cut
	in_store "UPDATE run SET ended = NULL, ended_by = NULL WHERE id = (SELECT max(id) FROM run)"
	run --separate-stderr at $now bkm-alert cut
	expect 3
	has "$stderr" "'bkm-scan' died before it was done"
	has "$(cat alerts.log)" "CRITICAL opened monitor_failure"
	has "$(cat alerts.log)" "bkm-scan died in the run it began 2026-11-07 03:00 UTC"
	run --separate-stderr at $now bkm-alert --stored
	expect 1
	at $now bkm-scan >scanned
	run --separate-stderr at $now bkm-alert scanned
	expect 0
	has "$(tail -1 alerts.log)" "NOTICE resolved monitor_failure"
}

@test "a dead stage is one alert, however many stages behind it say so" {
	week db app
	now=2026-11-07T03:00:00Z
	at $now bkm-scan >scanned
	grep -v '"phase":"end"' scanned >cut
	in_store "UPDATE run SET ended = NULL, ended_by = NULL WHERE id = (SELECT max(id) FROM run)"
	at $now bkm-verify <cut >verified || :
	at $now bkm-restore <verified >restored || :
	run --separate-stderr at $now bkm-alert restored
	expect 3
	has "$stderr" "'bkm-scan' died before it was done"
	[ "$(wc -l <alerts.log)" -eq 1 ]
	has "$(cat alerts.log)" "bkm-scan died in the run it began 2026-11-07 03:00 UTC"
}

@test "--stored: a stage that fell silent, and one that runs again" {
	week db app
	at 2026-11-07T03:00:00Z bkm-scan -q
	run --separate-stderr at 2026-11-07T04:00:00Z bkm-alert --stored
	lacks "$(cat alerts.log 2>/dev/null)" monitor_failure
	run --separate-stderr at 2026-11-17T04:00:00Z bkm-alert --stored
	expect 1
	has "$(cat alerts.log)" "bkm-scan has not run since 2026-11-07 03:00 UTC"
	at 2026-11-17T05:00:00Z bkm-scan -q || :
	run --separate-stderr at 2026-11-17T05:00:00Z bkm-alert --stored
	has "$(cat alerts.log)" "NOTICE resolved monitor_failure"
}

@test "trouble of a stage: told for its location, over when it ran there without any" {
	week db app
	mkdir db/closed
	chmod 000 db/closed
	plainly bkm-scan >scanned 2>/dev/null || :
	[ "$(jq -c 'select(.kind == "error")' scanned | wc -l)" -eq 1 ]
	run --separate-stderr bkm-alert --exit-zero scanned
	has "$(cat alerts.log)" "WARNING opened monitor_failure"
	has "$(cat alerts.log)" "db: bkm-scan could not do all of its work"
	chmod 755 db/closed
	bkm-scan -l web >scanned || : # another location proves nothing about this one
	run --separate-stderr bkm-alert --exit-zero scanned
	run ! grep -q 'resolved monitor_failure' alerts.log
	bkm-scan >scanned || :
	run --separate-stderr bkm-alert --exit-zero scanned
	grep -q 'resolved monitor_failure' alerts.log
}

@test "--follow upstream: told while the stream is quiet, not at its end" {
	week db app
	mkfifo line
	bkm-scan --follow --settle 0s >line 2>scan.err 3>&- &
	follower=$!
	bkm-alert <line >out 2>alert.err 3>&- &
	alert=$!
	eventually grep -qs 'backup_failure' alerts.log # late since November
	: >db/new-2026-11-08.txt
	eventually grep -qs "'new-2026-11-08.txt' is empty" alerts.log
	[ "$(grep -c "'new-2026-11-08.txt' is empty" alerts.log)" -eq 1 ]
	kill "$follower"
	wait "$follower" || :
	wait "$alert" || :
	follower=
	[ "$(jq -r 'select(.kind == "run" and .phase == "end") | .command' out)" = bkm-alert ]
}

@test "a stream that is only slow is decided at its end" {
	failed a >in
	backup b >good
	run --separate-stderr bash -c '(cat in; sleep 2.5; cat good) | bkm-alert'
	expect 1
	[ "$(in_store "SELECT count(*) FROM outbox")" -eq 1 ]
	[ "$(jq -r 'select(.kind == "alert") | .kind' <<<"$output" | wc -l)" -eq 1 ]
	[ "$(tail -2 <<<"$output" | head -1 | jq -r .kind)" = alert ]
}

@test "head, grep and jq in front change nothing but what they take away" {
	failed a >in
	run --separate-stderr bash -c 'bkm-alert in | bkm-alert | jq -c . | bkm-alert'
	expect 1
	[ "$(wc -l <alerts.log)" -eq 1 ]
	[ "$(jq -r 'select(.kind == "alert") | .notify' <<<"$output" | sort | uniq -c | tr -s ' ' | tr '\n' ',')" = " 1 sent, 2 suppressed," ]
	run --separate-stderr bash -c 'bkm-alert in | head -1'
	expect 0
}
