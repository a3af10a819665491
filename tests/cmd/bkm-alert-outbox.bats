#!/usr/bin/env bats
# bkm-alert: nothing is lost and nothing is said twice, whatever happens to servers and processes.
bats_require_minimum_version 1.5.0
load ../lib
load ../fixtures/alert/servers

setup() {
	bkm_setup
}

teardown() {
	stop_servers
}

# requests DIR: how often that server was asked.
requests() {
	if [ -e "$1/requests" ]; then wc -l <"$1/requests"; else echo 0; fi
}

asked_once() {
	[ "$(requests web)" -eq 1 ]
}

hook_config() {
	alert_config <<-END
		webhook: {url: "http://127.0.0.1:$PORT/h"}
		$(cat)
	END
}

@test "a server that is down for a day: every alert arrives, once" {
	start_http web 200
	hook_config </dev/null
	stop_servers
	for h in 00 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23; do
		printf '{"v":1,"kind":"series","host":"h","location":"db","series":"s%s","status":"late"}\n' "$h" >in
		run --separate-stderr at "2026-11-22T$h:00:00Z" bkm-alert in
		expect 3
		has "$stderr" "cannot deliver alerts to webhook (127.0.0.1:"
	done
	port=$PORT
	rm -rf web
	start_http web 200
	sed -i "s/127.0.0.1:$port/127.0.0.1:$PORT/" config.yaml
	: >none
	run --separate-stderr at 2026-11-23T08:00:00Z bkm-alert none
	expect 1
	[ "$(jq -r '.body | fromjson | .data.alerts[].series' web/requests | sort | uniq -c | awk '$1 == 1' | wc -l)" -eq 24 ]
	[ "$(requests web)" -eq 24 ]
	run --separate-stderr at 2026-11-23T09:00:00Z bkm-alert none
	[ "$(requests web)" -eq 24 ]
}

@test "what is over before it was delivered is not delivered, and not recovered from" {
	start_http web 500
	hook_config </dev/null
	failed a >in
	run --separate-stderr at 2026-11-22T00:00:00Z bkm-alert in
	expect 3
	backup a >good
	run --separate-stderr at 2026-11-22T00:00:10Z bkm-alert good
	expect 0
	[ "$(alerts <<<"$output")" = "backup_failure resolved suppressed" ]
	[ "$(in_store 'SELECT state FROM outbox')" = cancelled ]
	[ "$(requests web)" -eq 1 ]
}

@test "back-off: 1, 5, 15, 60, 360 minutes, then dead, then --retry" {
	start_http web 500
	hook_config </dev/null
	failed a >in
	: >none
	run --separate-stderr at 2026-11-22T00:00:00Z bkm-alert in
	has "$stderr" "trying again after 2026-11-22T00:01:0"
	run --separate-stderr at 2026-11-22T00:00:30Z bkm-alert none
	expect 3
	has "$stderr" "waiting to be delivered: 1"
	[ "$(requests web)" -eq 1 ]
	run --separate-stderr at 2026-11-22T00:02:00Z bkm-alert none
	has "$stderr" "trying again after 2026-11-22T00:07:0"
	run --separate-stderr at 2026-11-22T00:08:00Z bkm-alert none
	has "$stderr" "trying again after 2026-11-22T00:23:0"
	run --separate-stderr at 2026-11-22T00:24:00Z bkm-alert none
	has "$stderr" "trying again after 2026-11-22T01:24:0"
	run --separate-stderr at 2026-11-22T02:00:00Z bkm-alert none
	has "$stderr" "trying again after 2026-11-22T08:00:0"
	run --separate-stderr at 2026-11-25T02:00:00Z bkm-alert none
	expect 3
	has "$stderr" "not tried again"
	run --separate-stderr at 2026-11-25T09:00:00Z bkm-alert none
	expect 3
	has "$stderr" "waiting to be delivered: 1"
	[ "$(requests web)" -eq 6 ]
	printf '200\n' >web/answers
	run --separate-stderr at 2026-11-25T09:00:00Z bkm-alert --retry
	expect 1
	[ "$(requests web)" -eq 7 ]
	[ "$(jq -r '.headers["webhook-id"]' web/requests | sort -u | wc -l)" -eq 1 ]
	run --separate-stderr at 2026-11-25T10:00:00Z bkm-alert none
	expect 1
}

@test "kill -9 between the commit and the answer: the next run sends it, under the same id" {
	start_http web hang 200
	hook_config </dev/null
	failed a >in
	bkm-alert -q in &
	pid=$!
	eventually asked_once
	kill -9 $pid
	wait $pid || :
	[ "$(in_store 'SELECT state FROM outbox')" = sending ]
	: >none
	run --separate-stderr bkm-alert none
	expect 1
	[ "$(requests web)" -eq 2 ]
	[ "$(jq -r '.headers["webhook-id"]' web/requests | sort -u | wc -l)" -eq 1 ]
	[ "$(in_store 'SELECT state FROM outbox')" = sent ]
}

@test "SIGTERM while sending: it dies of it, soon, and the message waits" {
	start_http web hang 200
	hook_config </dev/null
	failed a >in
	bkm-alert -q in &
	pid=$!
	eventually asked_once
	kill -TERM $pid
	code=0
	wait $pid || code=$?
	[ "$code" -eq 143 ]
	[ "$(in_store 'SELECT state, attempts FROM outbox')" = 'pending|0' ]
	[ "$(in_store "SELECT ended_by FROM run ORDER BY id DESC LIMIT 1")" = SIGTERM ]
	: >none
	run --separate-stderr bkm-alert none
	expect 1
	[ "$(in_store 'SELECT state FROM outbox')" = sent ]
}

@test "ten at once: one message" {
	start_http web 200
	hook_config </dev/null
	failed a >in
	: >none
	bkm-alert -q none
	for i in {1..10}; do bkm-alert -q in 2>"err$i" & done
	for _ in {1..10}; do wait -n || :; done
	[ "$(requests web)" -eq 1 ]
	[ "$(in_store 'SELECT count(*) FROM delivery')" -eq 1 ]
	cat err* >errors
	[ ! -s errors ]
}

@test "a bad channel does not hold up a good one, nor a bad message the next" {
	start_http web hang
	alert_config <<-END
		webhook: {url: "http://127.0.0.1:1/h"}
		log: {file: alerts.log}
	END
	failed a >in
	run --separate-stderr bkm-alert in
	expect 3
	[ "$(wc -l <alerts.log)" -eq 1 ]
	[ "$(jq -c 'select(.kind == "alert") | [.notify, (.channels[] | [.channel, .notify])]' <<<"$output")" = \
		'["failed",["log","sent"],["webhook","failed"]]' ]
	rm -f bkm.db* alerts.log
	start_http poison 500 200
	hook_config </dev/null
	run --separate-stderr at 2026-11-22T00:00:00Z bkm-alert in
	expect 3
	broken b >in
	run --separate-stderr at 2026-11-22T00:00:10Z bkm-alert in
	[ "$(in_store 'SELECT state FROM outbox ORDER BY id' | tr '\n' ' ')" = 'pending sent ' ]
}

@test "a message that cannot be made is kept, and blocks nobody" {
	start_http web 200
	hook_config </dev/null
	failed a >in
	: >none
	run --separate-stderr bkm-alert none
	in_store "INSERT INTO alert (fingerprint, kind, severity, state, since, opened, seen)
		VALUES ('f', 'backup_failure', 'critical', 'open', 1, 1, 1)"
	in_store "INSERT INTO outbox (channel, message_id, created, next_try, state)
		VALUES ('webhook', 'x', strftime('%s', 'now'), 0, 'pending')"
	in_store "INSERT INTO delivery (outbox_id, fingerprint, episode, event, item)
		VALUES (1, 'f', 1, 'opened', '{\"reasons\":[1,{}],\"location\":{}}')"
	in_store "UPDATE outbox SET attempts = 1"
	run --separate-stderr bkm-alert in
	expect 3
	[ "$(requests web)" -eq 1 ]
	[ "$(in_store 'SELECT state FROM outbox ORDER BY id' | tr '\n' ' ')" = 'pending sent ' ]
}

@test "fallback: told when the other cannot be reached, and only then" {
	start_http web 500 200
	alert_config <<-END
		webhook: {url: "http://127.0.0.1:$PORT/h"}
		log: {file: fallback.log}
		fallback: log
	END
	failed a >in
	run --separate-stderr at 2026-11-22T00:00:00Z bkm-alert in
	expect 3
	[ "$(wc -l <fallback.log)" -eq 1 ]
	run --separate-stderr at 2026-11-22T00:02:00Z bkm-alert in
	expect 1
	[ "$(wc -l <fallback.log)" -eq 1 ]
	broken b >in
	run --separate-stderr at 2026-11-22T00:03:00Z bkm-alert in
	expect 1
	[ "$(wc -l <fallback.log)" -eq 1 ]
	[ "$(requests web)" -eq 3 ]
}

@test "quiet hours: what is critical goes out, the rest at their end, in one message" {
	alert_config <<-'END'
		log: {file: alerts.log}
		quiet_hours: 22:00-07:00
	END
	failed a >in
	printf '{"v":1,"kind":"series","host":"h","location":"db","series":"s1","status":"late"}\n' >>in
	run --separate-stderr at 2026-11-22T23:00:00Z bkm-alert in
	expect 1
	[ "$(wc -l <alerts.log)" -eq 1 ]
	has "$(cat alerts.log)" CRITICAL
	has "$(alerts <<<"$output")" "backup_failure open queued"
	printf '{"v":1,"kind":"series","host":"h","location":"db","series":"s2","status":"late"}\n' >in
	run --separate-stderr at 2026-11-23T03:00:00Z bkm-alert in
	expect 1
	[ "$(wc -l <alerts.log)" -eq 1 ]
	printf '{"v":1,"kind":"series","host":"h","location":"db","series":"s1","status":"fresh"}\n' >in
	run --separate-stderr at 2026-11-23T06:00:00Z bkm-alert in # over before morning
	: >none
	run --separate-stderr at 2026-11-23T07:00:00Z bkm-alert none
	[ "$(wc -l <alerts.log)" -eq 2 ]
	has "$(tail -1 alerts.log)" "WARNING opened backup_failure"
	has "$(tail -1 alerts.log)" "'s2' is late"
	[ "$(in_store 'SELECT count(*) FROM outbox')" -eq 2 ]
	run --separate-stderr at 2026-11-23T12:00:00Z bkm-alert -n in
	lacks "$stderr" " after "
}

@test "digest: once a day, what is not critical" {
	alert_config <<-'END'
		log: {file: alerts.log}
		digest: '08:00'
	END
	export TZ=Europe/Berlin
	for i in 1 2 3; do
		printf '{"v":1,"kind":"series","host":"h","location":"db","series":"s%s","status":"late"}\n' "$i" >in
		run --separate-stderr at "2026-11-22T1$i:00:00Z" bkm-alert in
		expect 1
	done
	[ ! -e alerts.log ]
	: >none
	run --separate-stderr at 2026-11-23T06:59:00Z bkm-alert none
	[ ! -e alerts.log ]
	run --separate-stderr at 2026-11-23T07:00:00Z bkm-alert none
	[ "$(wc -l <alerts.log)" -eq 3 ]
	[ "$(in_store 'SELECT count(*) FROM outbox')" -eq 1 ]
}

@test "escalation: others are told when nobody acknowledges, once for each step" {
	start_http web 200
	alert_config <<-END
		log: {file: alerts.log}
		webhook: {url: "http://127.0.0.1:$PORT/h"}
		rules:
		  - {match: "true", channels: [log]}
		escalation:
		  - {after: 30m, channels: [webhook]}
		  - {after: 4h, channels: [webhook]}
	END
	failed a >in
	: >none
	run --separate-stderr at 2026-11-22T00:00:00Z bkm-alert in
	run --separate-stderr at 2026-11-22T00:20:00Z bkm-alert none
	[ "$(requests web)" -eq 0 ]
	run --separate-stderr at 2026-11-22T00:31:00Z bkm-alert none
	[ "$(requests web)" -eq 1 ]
	run --separate-stderr at 2026-11-22T01:31:00Z bkm-alert none
	[ "$(requests web)" -eq 1 ]
	run --separate-stderr at 2026-11-22T01:32:00Z bkm-alert --ack "$(in_store 'SELECT fingerprint FROM alert')"
	run --separate-stderr at 2026-11-22T05:00:00Z bkm-alert none
	[ "$(requests web)" -eq 1 ]
	[ "$(jq -r '.body | fromjson | .data.alerts[].event' web/requests)" = escalated ]
	backup a >good
	run --separate-stderr at 2026-11-22T06:00:00Z bkm-alert good
	[ "$(requests web)" -eq 2 ] # who was told of it hears of its end
}

@test "heartbeat: asked for when all went well, never when something was in the way" {
	start_http beat 200
	alert_config <<-END
		log: {file: alerts.log}
		heartbeat: http://127.0.0.1:$PORT/ping/uuid-secret
	END
	failed a >in
	run --separate-stderr bkm-alert -v in
	expect 1
	[ "$(jq -r '.method + " " + .path' beat/requests)" = "GET /ping/uuid-secret" ]
	lacks "$output$stderr" uuid-secret
	printf 'garbage\n' >bad
	run --separate-stderr bkm-alert bad
	expect 3
	[ "$(requests beat)" -eq 1 ]
	run --separate-stderr bkm-alert -n in
	run --separate-stderr bkm-alert --list
	[ "$(requests beat)" -eq 1 ]
	printf '500\n' >beat/answers
	run --separate-stderr bkm-alert in
	expect 1
	has "$stderr" "the heartbeat did not arrive: HTTP 500"
}

@test "delivered messages are forgotten after ninety days, open alerts are not" {
	alert_config <<-'END'
		log: {file: alerts.log}
	END
	failed a >in
	broken b >>in
	run --separate-stderr at 2026-01-01 bkm-alert in
	whole b >in
	run --separate-stderr at 2026-01-02 bkm-alert in
	[ "$(in_store 'SELECT count(*) FROM delivery')" -eq 3 ]
	: >none
	run --separate-stderr at 2026-06-01 bkm-alert none
	[ "$(in_store 'SELECT count(*) FROM delivery')" -eq 1 ]
	backup a >good
	run --separate-stderr at 2026-06-02 bkm-alert good
	[ "$(alerts <<<"$output")" = "backup_failure resolved sent" ]
}

@test "a clock that was wrong for one run holds nothing back" {
	start_http web 500 200
	hook_config </dev/null
	failed a >in
	run --separate-stderr at 2099-01-01 bkm-alert in
	expect 3
	run --separate-stderr at 2026-11-22 bkm-alert in
	[ "$(in_store 'SELECT state FROM outbox ORDER BY id LIMIT 1')" = sent ]
}

@test "names as long as a line" {
	alert_config <<-'END'
		log: {file: alerts.log}
	END
	/usr/bin/python3 - >in <<'END'
import json
for kind, name in (("s", "n" * 1048300), ("t", "short")):
    print(json.dumps({"v": 1, "kind": "series", "location": "db", "series": name, "status": "late"}, separators=(",", ":")))
END
	run --separate-stderr bkm-alert -q in
	expect 3
	[ "$(wc -l <alerts.log)" -eq 2 ]
	[ "$(wc -c <alerts.log)" -lt 2000 ]
}

@test "killed at any moment: every alert arrives, each under one id" {
	start_http web 200
	hook_config </dev/null
	rounds=8
	[ -z "$BKM_SOAK" ] || rounds=200
	for ((i = 0; i < rounds; i++)); do
		printf '{"v":1,"kind":"series","host":"h","location":"db","series":"s%d","status":"late"}\n' "$i" >in
		bkm-alert -q in 2>/dev/null 3>&- &
		pid=$!
		sleep "0.0$((RANDOM % 10))"
		kill -9 $pid 2>/dev/null || :
		wait $pid || :
	done
	for ((i = 0; i < rounds; i++)); do
		printf '{"v":1,"kind":"series","host":"h","location":"db","series":"s%d","status":"late"}\n' "$i"
	done >in
	run --separate-stderr bkm-alert -q in
	expect 1
	[ "$(in_store "SELECT count(*) FROM outbox WHERE state <> 'sent'")" -eq 0 ]
	[ "$(in_store "PRAGMA integrity_check")" = ok ]
	# one message id for each series, however often it was sent
	[ "$(jq -r '.headers["webhook-id"] as $id | .body | fromjson | .data.alerts[] | .series + " " + $id' web/requests |
		sort -u | wc -l)" -eq "$rounds" ]
}
