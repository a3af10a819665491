#!/usr/bin/env bats
# bkm-alert: what opens, what closes, who is told, in a log file.
bats_require_minimum_version 1.5.0
load ../lib
load ../fixtures/alert/servers

setup() {
	bkm_setup
	alert_config <<-'END'
		log:
		  file: alerts.log
	END
}

# told: how many lines the log has.
told() {
	if [ -e alerts.log ]; then wc -l <alerts.log; else echo 0; fi
}

@test "one bad of thirty opens, twenty-nine good do not close" {
	for i in {1..29}; do backup "good-$i"; done >good
	failed bad-1 >bad
	cat good bad >both
	run --separate-stderr bkm-alert both
	expect 1
	[ "$(alerts <<<"$output")" = "backup_failure open sent" ]
	[ "$(told)" -eq 1 ]
	run --separate-stderr bkm-alert good
	expect 1
	[ "$(alerts <<<"$output")" = "" ]
	run --separate-stderr bkm-alert both
	expect 1
	[ "$(alerts <<<"$output")" = "backup_failure open suppressed" ]
	[ "$(told)" -eq 1 ]
	backup bad-1 >now_good
	run --separate-stderr bkm-alert now_good
	expect 0
}

@test "it closes on evidence about the very backup, with a recovery notice" {
	failed a >in
	run --separate-stderr bkm-alert in
	expect 1
	backup b >in
	run --separate-stderr bkm-alert in
	expect 1
	backup a >in
	run --separate-stderr bkm-alert in
	expect 0
	[ "$(alerts <<<"$output")" = "backup_failure resolved sent" ]
	[ "$(told)" -eq 2 ]
	grep -q 'NOTICE resolved backup_failure .*no longer true: .*is empty' alerts.log
	run --separate-stderr bkm-alert in
	expect 0
	[ "$(told)" -eq 2 ]
}

@test "an alert opens no later than the run ends that opened it, however long that took" {
	failed a >in
	run -1 bash -c '(cat in; sleep 3) | bkm-alert'
	jq -es '(map(select(.opened))[0].opened) as $o | map(select(.phase == "end"))[0].ended >= $o' <<<"$output"
}

@test "nobody mentioned it: it stays" {
	broken a >in
	run --separate-stderr bkm-alert in
	expect 1
	: >empty
	run --separate-stderr bkm-alert empty
	expect 1
	backup a >in # no verdict on the line
	run --separate-stderr bkm-alert in
	expect 1
	backup a 'verification:{verdict:"error",reason:"io_error"}' >in
	run --separate-stderr bkm-alert in
	expect 1
	backup a 'verification:{verdict:"skip",reason:"not_due"}' >in
	run --separate-stderr bkm-alert in
	expect 1
	whole a >in
	run --separate-stderr bkm-alert in
	expect 0
	[ "$(alerts <<<"$output")" = "verification_failure resolved sent" ]
}

@test "the five kinds, their severities and their lines" {
	{
		failed a empty
		broken b bitrot
		backup c 'restore:{verdict:"fail",reason:"damaged"}'
		rec score 'grade:"critical",score:0.3,capped_by:["unreachable"]'
		rec error 'command:"bkm-verify",path:"/b/x",reason:"permission_denied",message:"cannot open"'
	} >in
	run --separate-stderr bkm-alert in
	expect 1
	[ "$(alerts <<<"$output" | sort | tr '\n' ',')" = \
		"backup_failure open sent,health_degradation open sent,monitor_failure open sent,restore_failure open sent,verification_failure open sent," ]
	has "$(cat alerts.log)" "CRITICAL opened backup_failure"
	has "$(cat alerts.log)" "db: 'a' is empty"
	has "$(cat alerts.log)" "db: 'b' has changed content under an unchanged time: bit rot"
	has "$(cat alerts.log)" "db: 'c' is damaged"
	has "$(cat alerts.log)" "db: the score is critical (0.30)"
	has "$(cat alerts.log)" "WARNING opened monitor_failure"
	has "$(cat alerts.log)" "bkm-verify could not do all of its work: cannot open"
	[ "$(jq -r 'select(.kind == "alert") | .fingerprint' <<<"$output" | sort -u | wc -l)" -eq 5 ]
}

@test "late is a warning, missing is critical, due and unknown are neither, fresh closes" {
	series due >in
	series unknown >>in
	run --separate-stderr bkm-alert in
	expect 0
	series late >in
	run --separate-stderr bkm-alert in
	expect 1
	[ "$(jq -r 'select(.kind == "alert") | .severity + " " + (.reasons | join(","))' <<<"$output")" = "warning late" ]
	has "$(cat alerts.log)" "a backup was due 2026-11-22 02:00 UTC"
	series missing >in
	run --separate-stderr bkm-alert in
	expect 1
	[ "$(jq -r 'select(.kind == "alert") | .severity' <<<"$output")" = critical ]
	series due >in
	run --separate-stderr bkm-alert in
	expect 1
	series fresh >in
	run --separate-stderr bkm-alert in
	expect 0
	[ "$(told)" -eq 2 ]
}

@test "an unreachable location" {
	rec location 'path:"/b",status:"unreachable",reasons:["not_found"]' >in
	run --separate-stderr bkm-alert in
	expect 1
	has "$(cat alerts.log)" "the location cannot be reached, nothing in it was looked at"
	rec location 'path:"/b",status:"degraded"' >in
	run --separate-stderr bkm-alert in
	expect 0
}

@test "an empty location fails only once its schedule and grace are over" {
	sed -i '/name: db/,/type:/s/type: file/type: file\n      schedule: daily/' config.yaml
	: >none
	run --separate-stderr bkm-alert none
	expect 0
	in_store "INSERT INTO location (host, name, path, type, empty_since)
		VALUES ('$(hostname)', 'db', '/b', 'file', strftime('%s', 'now') - 3600)"
	rec location 'path:"/b",status:"empty"' >in
	run --separate-stderr bkm-alert in
	expect 0
	in_store "UPDATE location SET empty_since = strftime('%s', 'now') - 100 * 3600"
	run --separate-stderr bkm-alert in
	expect 1
	has "$(cat alerts.log)" "the location is empty"
	sed 's/"db"/"web"/' in >of_web # no schedule
	run --separate-stderr bkm-alert -l web of_web
	expect 0
}

@test "a grade: a level, not an edge, and missing evidence is no bad news" {
	rec score 'grade:"warning",score:0.79,capped_by:["never_verified","never_restored"]' >in
	run --separate-stderr bkm-alert in
	expect 0
	rec score 'grade:"warning",score:0.79,previous_grade:"good",capped_by:["never_verified"]' >in
	run --separate-stderr bkm-alert in
	expect 1
	has "$(cat alerts.log)" "the score is warning (0.79), it was good"
	rec score 'grade:"unknown"' >in
	run --separate-stderr bkm-alert in
	expect 1
	rec score 'grade:"good",score:1' >in
	run --separate-stderr bkm-alert in
	expect 0
	rec score 'grade:"warning",score:0.7,capped_by:["series_late"]' >in
	run --separate-stderr bkm-alert in
	expect 1
	[ "$(jq -r 'select(.kind == "alert") | .reasons[]' <<<"$output")" = below_good ]
	# Worse than the cap allows: nothing is capped any more, and nothing is over.
	rec score 'grade:"warning",score:0.6,previous_grade:"warning",capped_by:[]' >in
	run --separate-stderr bkm-alert in
	expect 1
	[ "$(jq -r 'select(.kind == "alert") | .state' <<<"$output")" = open ]
	rec score 'grade:"critical",location:null' >in # over all: told per location
	run --separate-stderr bkm-alert --exit-zero in
	expect 0
	[ "$(alerts <<<"$output")" = "" ]
}

@test "alert_on_*: false raises nothing of that kind" {
	cat >>config.yaml <<-'END'
		monitoring:
		  alert_on_failure: false
		  alert_on_verification_failure: false
		  alert_on_restore_failure: false
		  alert_on_health_degradation: false
		  alert_on_monitor_failure: false
	END
	{
		failed a
		broken b
		backup c 'restore:{verdict:"fail",reason:"damaged"}'
		rec score 'grade:"critical",score:0.3'
		rec error 'command:"bkm-verify",reason:"io_error",message:"x"'
	} >in
	run --separate-stderr bkm-alert in
	expect 0
	[ "$(told)" -eq 0 ]
	for key in failure:backup_failure verification_failure:verification_failure \
		restore_failure:restore_failure health_degradation:health_degradation \
		monitor_failure:monitor_failure; do
		sed "s/alert_on_${key%%:*}: false/alert_on_${key%%:*}: true/" config.yaml >one.yaml
		rm -f bkm.db*
		run --separate-stderr bkm-alert -c one.yaml in
		expect 1
		[ "$(alerts <<<"$output" | cut -d' ' -f1)" = "${key##*:}" ] || fail "$key: $output"
	done
}

@test "repeat_hours: not before, then again; 0 is never" {
	failed a >in
	run --separate-stderr at 2026-11-22T00:00:00Z bkm-alert in
	run --separate-stderr at 2026-11-22T23:00:00Z bkm-alert in
	[ "$(told)" -eq 1 ]
	run --separate-stderr at 2026-11-22T23:59:00Z bkm-alert in
	[ "$(alerts <<<"$output")" = "backup_failure open sent" ]
	[ "$(told)" -eq 2 ]
	grep -q 'CRITICAL repeated backup_failure' alerts.log
	sed -i 's/^alerts:/alerts:\n  repeat_hours: 0/' config.yaml
	run --separate-stderr at 2026-12-22T23:59:00Z bkm-alert in
	[ "$(told)" -eq 2 ]
}

@test "after: so many runs in a row first, and nobody hears of less" {
	sed -i 's/^alerts:/alerts:\n  after: 3/' config.yaml
	failed a >in
	backup a >good
	for i in 1 2; do
		run --separate-stderr bkm-alert in
		expect 0
		[ "$(alerts <<<"$output")" = "" ]
	done
	run --separate-stderr bkm-alert good
	expect 0
	for i in 1 2; do
		run --separate-stderr bkm-alert in
		expect 0
	done
	[ "$(told)" -eq 0 ]
	run --separate-stderr bkm-alert in
	expect 1
	[ "$(told)" -eq 1 ]
	rec error 'command:"bkm-verify",reason:"io_error",message:"x"' >in # the monitor does not wait
	run --separate-stderr bkm-alert in
	[ "$(alerts <<<"$output")" = "monitor_failure open sent" ]
}

@test "an acknowledged alert is quiet, counts no more, and opens anew after it resolved" {
	failed a >in
	backup a >good
	bkm-alert in >out || :
	fp=$(jq -r 'select(.kind == "alert") | .fingerprint' out)
	run --separate-stderr bkm-alert --ack "${fp:0:6}" --why 'disk ordered'
	expect 0
	has "$output" "acknowledged $fp: db: 'a' is empty"
	run --separate-stderr at 2030-01-01 bkm-alert in
	expect 0
	[ "$(alerts <<<"$output")" = "backup_failure acknowledged suppressed" ]
	has "$output" '"why":"disk ordered"'
	[ "$(told)" -eq 1 ]
	run --separate-stderr bkm-alert good
	[ "$(alerts <<<"$output")" = "backup_failure resolved sent" ]
	run --separate-stderr bkm-alert in
	expect 1
	[ "$(alerts <<<"$output")" = "backup_failure open sent" ]
}

@test "--ack of nothing, of too many, of everything is refused" {
	failed a >in
	broken b >>in
	run --separate-stderr bkm-alert in
	run --separate-stderr bkm-alert --ack ffffffffffffffff
	expect 2
	has "$stderr" "no open alert has the fingerprint 'ffffffffffffffff'"
	run --separate-stderr bkm-alert --ack ''
	expect 2
	in_store "PRAGMA foreign_keys = OFF; UPDATE alert SET fingerprint = 'ab' || substr(fingerprint, 3)"
	run --separate-stderr bkm-alert --ack ab
	expect 2
	has "$stderr" "several open alerts begin with 'ab'"
}

@test "a silence: nobody is told while it holds; afterwards somebody is" {
	failed a >in
	run --separate-stderr at 2026-11-22T00:00:00Z bkm-alert --silence '.location == "db"' --for 4h --why migration
	expect 0
	has "$output" "silence 1 holds until 2026-11-22T04:00:00Z"
	run --separate-stderr at 2026-11-22T01:00:00Z bkm-alert in
	expect 0
	[ "$(alerts <<<"$output")" = "backup_failure silenced suppressed" ]
	has "$output" '"why":"migration","until":"2026-11-22T04:00:00Z"'
	[ "$(told)" -eq 0 ]
	run --separate-stderr at 2026-11-22T05:00:00Z bkm-alert in
	expect 1
	[ "$(alerts <<<"$output")" = "backup_failure open sent" ]
	[ "$(told)" -eq 1 ]
}

@test "--unsilence ends a silence; one that is wrong is refused" {
	run --separate-stderr bkm-alert --silence '.location ==' --for 4h --why x
	expect 2
	has "$stderr" "option '--silence'"
	run --separate-stderr bkm-alert --silence true --for 4h
	expect 2
	has "$stderr" "needs --for TIME and --why TEXT"
	run --separate-stderr bkm-alert --silence true --why x
	expect 2
	run --separate-stderr bkm-alert --silence '.nonsense | error' --for 4h --why x
	failed a >in
	run --separate-stderr bkm-alert in
	expect 1 # an expression that fails silences nothing
	run --separate-stderr bkm-alert --silence true --for 4h --why x
	run --separate-stderr bkm-alert in
	expect 0
	run --separate-stderr bkm-alert --unsilence 2
	expect 0
	run --separate-stderr bkm-alert in
	expect 1
	run --separate-stderr bkm-alert --unsilence 7
	expect 2
	has "$stderr" "there is no silence 7 that still holds"
}

@test "resolved before anybody was told: no recovery notice" {
	failed a >in
	backup a >good
	run --separate-stderr bkm-alert --silence true --for 4h --why x
	run --separate-stderr bkm-alert in
	run --separate-stderr bkm-alert --unsilence 1
	run --separate-stderr bkm-alert good
	expect 0
	[ "$(alerts <<<"$output")" = "backup_failure resolved suppressed" ]
	[ "$(told)" -eq 0 ]
}

@test "--list shows what is open, as records in a pipe and as text on a terminal" {
	failed a >in
	run --separate-stderr bkm-alert in
	run --separate-stderr bkm-alert --silence '.location == "web"' --for 4h --why 'web is rebuilt'
	run --separate-stderr bkm-alert --list
	expect 0
	[ "$(jq -r '[.kind, .alert, .state, .summary, .channels[0].notify] | join("|")' <<<"$output")" = \
		"alert|backup_failure|open|db: 'a' is empty|sent" ]
	run script -qec 'bkm-alert --list' /dev/null
	expect 0
	has "$output" "db: 'a' is empty"
	has "$output" "silence 1 until"
	has "$output" "web is rebuilt"
	backup a >good
	bkm-alert -q good
	run script -qec 'bkm-alert --list' /dev/null
	has "$output" "no alert is open"
}

@test "--dry-run prints the payload, sends nothing, stores nothing" {
	: >none
	run --separate-stderr bkm-alert none # the store must be there
	failed a >in
	before=$(in_store .dump | sha256sum)
	run --separate-stderr bkm-alert -n in
	expect 1
	has "$output" "CRITICAL opened backup_failure"
	has "$stderr" "would send to log (file '"
	lacks "$output" '"kind"'
	[ "$(told)" -eq 0 ]
	[ "$(in_store .dump | sha256sum)" = "$before" ]
	run --separate-stderr bkm-alert in
	[ "$(told)" -eq 1 ]
	run --separate-stderr bkm-alert --dry-run in
	expect 1
	[ "$output" = "" ]
	has "$stderr" "nothing to send"
	backup a >good
	run --separate-stderr bkm-alert --dry-run good
	expect 0
	has "$output" "NOTICE resolved backup_failure"
}

@test "--test needs no store, and knows its channels" {
	run --separate-stderr bkm-alert --test
	expect 0
	has "$output" "log (file '"
	has "$output" "sent"
	[ ! -e bkm.db ]
	has "$(cat alerts.log)" "NOTICE test TEST: alerts from $(hostname) reach this channel"
	run --separate-stderr bkm-alert --test log
	expect 0
	run --separate-stderr bkm-alert --test slack
	expect 2
	has "$stderr" "channel 'slack' is not configured; there are: log"
	write_config db </dev/null
	run --separate-stderr bkm-alert --test
	expect 2
	has "$stderr" "no alert channel is configured"
}

@test "without a channel alerts are kept and count all the same" {
	write_config db </dev/null
	failed a >in
	run --separate-stderr bkm-alert in
	expect 1
	[ "$(alerts <<<"$output")" = "backup_failure open none" ]
}

@test "rules: the first that matches says who, how often and after how many runs" {
	alert_config <<-'END'
		log:
		  file: alerts.log
		rules:
		  - match: .alert == "verification_failure"
		    channels: []
		  - match: .severity == "critical"
		    channels: [log]
		    after: 2
		    repeat_hours: 1
	END
	broken a >in
	failed b >>in
	run --separate-stderr at 2026-11-22T00:00:00Z bkm-alert in
	[ "$(alerts <<<"$output")" = "verification_failure open none" ]
	run --separate-stderr at 2026-11-22T01:00:00Z bkm-alert in
	[ "$(told)" -eq 1 ]
	run --separate-stderr at 2026-11-22T02:00:00Z bkm-alert in
	[ "$(told)" -eq 2 ]
}

@test "a rule that fails on an alert is said, does not match, and holds up nothing" {
	alert_config <<-'END'
		log:
		  file: alerts.log
		rules:
		  - match: '.summary | tonumber > 1'
		    channels: []
	END
	failed a >in
	run --separate-stderr bkm-alert in
	expect 3
	has "$stderr" "alerts.rules[0].match"
	[ "$(told)" -eq 1 ]
	sed -i "s/'.summary | tonumber > 1'/'.summary ='/" config.yaml
	run --separate-stderr bkm-alert in
	expect 2
}

@test "a selection narrows what is evidence and what is counted, and drops nothing" {
	failed a >in
	run --separate-stderr bkm-alert -l web in
	expect 0
	has "$output" '"path":"/b/a"'
	[ "$(told)" -eq 0 ]
	run --separate-stderr bkm-alert -w '.path != "/b/a"' in
	expect 0
	run --separate-stderr bkm-alert in
	expect 1
	run --separate-stderr bkm-alert -l web in
	expect 0
	: >none
	run --separate-stderr bkm-alert -l db none
	expect 1
}

@test "every record passes byte for byte, in front of the alerts" {
	failed a >in
	printf '{"v":1,"kind":"strange","x":1.50,"y":[ 1 ]}\n' >>in
	bkm-alert in >out || :
	head -3 out | tail -2 | cmp - in
	[ "$(sed -n 4p out | jq -r .kind)" = alert ]
}

@test "a backup that expired or was accepted as gone is no longer wrong" {
	broken a >in
	run --separate-stderr bkm-alert in
	backup a 'state:"expired"' >in
	run --separate-stderr bkm-alert in
	expect 0
	[ "$(alerts <<<"$output")" = "verification_failure resolved sent" ]
	backup b 'state:"vanished",status:"failed",reasons:["vanished"]' >in
	run --separate-stderr bkm-alert in
	expect 1
	has "$(cat alerts.log)" "'b' is gone before its retention was over"
	backup b 'state:"expired"' >in
	run --separate-stderr bkm-alert in
	expect 0
}

@test "names that want to break out stay in their line" {
	failed 'x\n2026-01-01 forged CRITICAL\u001b[31m\u202egz' >in
	run --separate-stderr bkm-alert in
	expect 1
	[ "$(wc -l <alerts.log)" -eq 1 ]
	run ! grep -q $'\x1b' alerts.log
	run ! grep -q $'\xe2\x80\xae' alerts.log
	printf '{"v":1,"kind":"backup","host":"h","location":"db","series":"s","path":"/b/\\ufffd","path_b64":"L2Iv/w==","state":"complete","status":"failed","reasons":["empty"]}\n' >in
	run --separate-stderr bkm-alert in
	expect 1
	[ "$(jq -r 'select(.kind == "alert") | .path_b64' <<<"$output")" = "L2Iv/w==" ]
}

@test "a log file that is a link is a failed delivery, and --retry delivers it" {
	failed a >in
	ln -s elsewhere alerts.log
	run --separate-stderr bkm-alert in
	expect 3
	has "$stderr" "cannot deliver alerts to log"
	[ "$(alerts <<<"$output")" = "backup_failure open failed" ]
	[ ! -e elsewhere ]
	rm alerts.log
	run --separate-stderr bkm-alert --retry
	expect 1
	[ "$(told)" -eq 1 ]
}

@test "three hundred alerts of one run are one message" {
	for i in {1..300}; do
		printf '{"v":1,"kind":"series","host":"h","location":"db","series":"s%d","status":"late"}\n' "$i"
	done >in
	run --separate-stderr bkm-alert in
	expect 1
	[ "$(in_store 'SELECT count(*) FROM outbox')" -eq 1 ]
	[ "$(told)" -eq 300 ]
}

@test "handmade records without host, series or store" {
	printf '{"v":1,"kind":"backup","path":"/tmp/x.gz","verification":{"verdict":"fail","reason":"damaged"}}\n' >in
	run --separate-stderr bkm-alert in
	expect 1
	has "$(cat alerts.log)" "'x.gz' is damaged"
	printf '{"v":1,"kind":"backup"}\n{"v":1,"kind":"series"}\n{"v":1,"kind":"location"}\n{"v":1,"kind":"run"}\n{"v":1,"kind":"error"}\n{"v":1,"kind":"score"}\n' >in
	run --separate-stderr bkm-alert --exit-zero in
	expect 0
}

@test "records are printed after their commit, and --quiet prints none" {
	failed a >in
	run --separate-stderr bkm-alert -q in
	expect 1
	[ "$output" = "" ]
	[ "$(in_store "SELECT state FROM alert")" = open ]
}
