#!/usr/bin/env bats
# What a restore test knows of its series: what it always brought back, how long it takes, whether it is late;
# and that an error never takes the place of a verdict.

bats_require_minimum_version 1.5.0
load ../lib

setup() {
	bkm_setup
	mkdir scratch
	export TMPDIR=$PWD/scratch
}

teardown() {
	cd "$BATS_TEST_TMPDIR" || return 1
	[ -z "$(ls -A scratch)" ] || fail "left behind: $(ls -A scratch)"
}

restore_of() {
	jq -c "select(.kind == \"backup\") | .restore | $1"
}

# database DAYS ORDERS [SQL]: a nightly SQLite file, so many days old, with so many orders.
database() {
	local file
	file=db/shop-$(date -d "$1 days ago" +%F).sqlite
	rm -f "$file"
	sqlite3 "$file" "CREATE TABLE users(a); CREATE TABLE orders(a); CREATE TABLE holds(a);
		INSERT INTO users VALUES (1), (2), (3);
		INSERT INTO orders SELECT value FROM generate_series(1, $2);" "${3:-SELECT 1}" >/dev/null
	aged "$file" "$1 days ago"
}

# five_good: five nights that were tested and passed, the last one six days old.
five_good() {
	write_config db
	local n
	for n in 10 9 8 7 6; do
		database "$n" "$((1200 - n))"
	done
	bkm-scan -q
	bkm-restore -q --stored --force
	[ "$(in_store "SELECT count(*) FROM drill WHERE verdict = 'pass'")" = 5 ]
}

# next DAYS ORDERS [SQL]: one more night, tested.
next() {
	database "$@"
	bkm-scan -q
	run --separate-stderr bkm-restore --stored --latest --force
}

baseline_of() {
	restore_of '.checks[] | select(.check == "baseline") | [.verdict, .expected, .actual, .message]' <<<"$output"
}

# ---------------------------------------------------------------- baselines

@test "after five good tests: as always is a pass, and says that it was looked at" {
	five_good
	[ "$(in_store 'SELECT count(*) FROM drill_table')" = 15 ]
	next 5 1195
	expect 0
	[ "$(baseline_of)" = '["pass",null,null,null]' ]
}

@test "four are not enough" {
	write_config db
	for n in 9 8 7 6; do
		database "$n" 1000
	done
	bkm-scan -q
	bkm-restore -q --stored --force
	next 5 0
	expect 0
	[ -z "$(baseline_of)" ]
}

@test "a table gone, a table empty, far fewer rows: failed, with the table and both numbers" {
	five_good
	next 5 1195 'DROP TABLE users'
	expect 1
	[ "$(restore_of '[.verdict, .reason, .message]' <<<"$output" | tail -1)" = \
		'["fail","shrunk","table users: gone, 3 rows as a rule"]' ]
	next 4 0
	expect 1
	[ "$(restore_of .message <<<"$output" | tail -1)" = '"table orders: empty, 1192 rows as a rule"' ]
	next 3 400
	expect 1
	[ "$(restore_of .message <<<"$output" | tail -1)" = '"table orders: 400 rows, 1192 as a rule"' ]
	[ "$(baseline_of | tail -1)" = '["fail",1192,400,"table orders: 400 rows, 1192 as a rule"]' ]
	# What failed teaches nothing.
	next 2 401
	expect 1
	# What was always empty may be empty, and may fill.
	next 1 1200 'INSERT INTO holds VALUES (1)'
	[ "$(restore_of .verdict <<<"$output" | tail -1)" = '"pass"' ]
}

@test "an older backup is judged by those before it only" {
	five_good
	run --separate-stderr bkm-restore --stored --force
	expect 0
	[ "$(in_store "SELECT count(*) FROM drill WHERE verdict = 'pass'")" = 10 ]
	# Ten tests, but still of five backups: each counts once.
	next 5 0
	expect 1
	[ "$(baseline_of)" = '["fail",1192,0,"table orders: empty, 1192 rows as a rule"]' ]
}

@test "--accept takes what is missing as right, for what is missing only" {
	five_good
	next 5 100 'DROP TABLE holds'
	expect 1
	id=$(jq -r 'select(.latest) | .id' <<<"$output")
	run --separate-stderr bkm-restore --accept "$id"
	expect 0
	[ "$(restore_of '[.verdict, [.checks[] | select(.check == "baseline") | .message]]' <<<"$output")" = \
		'["pass",["accepted: table holds: gone, 0 rows as a rule","accepted: table orders: 100 rows, 1192 as a rule"]]' ]
	[ "$(in_store 'SELECT group_concat(name) FROM (SELECT name FROM drill_accepted ORDER BY name)')" = holds,orders ]
	next 4 100 'DROP TABLE holds'
	expect 0
	next 3 100 'DROP TABLE holds; DELETE FROM users'
	expect 1
	[ "$(restore_of .message <<<"$output" | tail -1)" = '"table users: empty, 3 rows as a rule"' ]
	run bkm-restore --accept 4711
	expect 2
	has "$output" "there is no backup 4711"
	run bkm-restore --accept x
	expect 2
	run bkm-restore --accept "$id" db/*
	expect 2
	has "$output" "take no files"
}

@test "restore.learn: false does without" {
	five_good
	printf '      restore:\n        learn: false\n' >>config.yaml
	next 5 0
	expect 0
	[ -z "$(baseline_of)" ]
}

@test "the files of an archive" {
	write_config db
	mkdir tree
	seq 1 30 | sed 's,^,tree/,' | xargs touch
	for n in 9 8 7 6 5; do
		tar -czf "db/t-$(date -d "$n days ago" +%F).tar.gz" tree
		aged "db/t-$(date -d "$n days ago" +%F).tar.gz" "$n days ago"
	done
	bkm-scan -q
	bkm-restore -q --stored --force
	rm tree/2*
	tar -czf "db/t-$(date -d "4 days ago" +%F).tar.gz" tree
	aged "db/t-$(date -d "4 days ago" +%F).tar.gz" "4 days ago"
	bkm-scan -q
	run --separate-stderr bkm-restore --stored
	expect 0
	rm tree/1*
	tar -czf "db/t-$(date -d "3 days ago" +%F).tar.gz" tree
	aged "db/t-$(date -d "3 days ago" +%F).tar.gz" "3 days ago"
	bkm-scan -q
	run --separate-stderr bkm-restore --stored
	expect 1
	[ "$(restore_of '[.reason, .message]' <<<"$output" | tail -1)" = '["shrunk","files: 8 files, 30 as a rule"]' ]
}

# ---------------------------------------------------------------- an error is no verdict

# broken: the tests of this location cannot be made any more.
broken() {
	cat >>config.yaml <<-'END'
	restore_testing:
	  handlers:
	    - {name: broken, match: ["*"], command: [/bin/false]}
	END
}

everywhere() {
	bkm-score --stored | jq -c 'select(.location == "db") | [.grade, .parts.restore.good, .parts.restore.of]'
	bkm-report --stored -f json -o - | jq -c '.locations[0].series[0].newest.restore.verdict'
	in_store "SELECT kind, state, episode FROM alert WHERE kind = 'restore_failure'"
}

@test "an error leaves a pass standing: in the store, the score, the report, the alerts" {
	write_config db
	database 3 10
	bkm-scan -q
	bkm-restore -q --stored
	before=$(everywhere)
	has "$before" '"pass"'
	broken
	run --separate-stderr bkm-restore --stored --force
	expect 3
	[ "$(restore_of .verdict <<<"$output")" = '"error"' ]
	[ "$(in_store 'SELECT restore_verdict FROM standing')" = pass ]
	[ "$(everywhere)" = "$before" ] || fail "$(everywhere)"
	# Nothing is learned from it.
	[ "$(in_store 'SELECT count(*) FROM drill')" = 1 ]
	[ "$(bkm-scan | bkm-restore --force 2>err | bkm-alert | jq -c 'select(.kind == "alert" and .alert == "restore_failure")')" = "" ]
}

@test "an error leaves a fail standing, and the alert open" {
	write_config db
	database 3 10
	truncate -s 5000 db/*
	aged "$(echo db/*)" "3 days ago"
	bkm-scan -q
	bkm-restore -q --stored || true
	bkm-alert -q --stored || true
	before=$(everywhere)
	has "$before" '"fail"'
	has "$before" restore_failure
	broken
	run --separate-stderr bkm-restore --stored --force
	expect 3
	[ "$(in_store 'SELECT restore_verdict FROM standing')" = fail ]
	bkm-scan | bkm-restore --force 2>err | bkm-alert -q || true
	[ "$(everywhere)" = "$before" ] || fail "$(everywhere)"
}

@test "no space, no time, no sandbox: errors, each with its reason" {
	write_config db
	database 3 10
	bkm-scan -q
	bkm-restore -q --stored
	printf 'restore_testing:\n  max_time: 1s\n  handlers:\n    - {name: slow, match: ["*"], command: [sleep, "60"]}\n' >>config.yaml
	run --separate-stderr bkm-restore --stored --force
	expect 3
	[ "$(restore_of '[.verdict, .reason]' <<<"$output")" = '["error","timeout"]' ]
	[ "$(in_store 'SELECT restore_verdict FROM standing')" = pass ]
}

# ---------------------------------------------------------------- stale

@test "the newest backup of a late series is stale, never yesterday's pass again" {
	write_config db
	echo '      schedule: daily' >>config.yaml
	for n in 3 2 1; do
		database "$n" 10
	done
	bkm-scan -q
	run --separate-stderr bkm-restore --stored --require pass
	expect 0
	later=$(date -u -d '2 days' +%FT%TZ)
	BKM_NOW=$later bkm-scan -q || true
	BKM_NOW=$later run --separate-stderr bkm-restore --stored
	expect 1
	[ "$(restore_of '[.verdict, .reason]' <<<"$output" | tail -1)" = '["fail","stale"]' ]
	has "$(restore_of .message <<<"$output" | tail -1)" "the newest complete backup is of $(date -u -d '1 day ago' +%F)"
	BKM_NOW=$later run --separate-stderr bkm-restore --stored --require pass --exit-zero
	expect 1
	# Tested again: what came back is stored, the line says stale.
	BKM_NOW=$later run --separate-stderr bkm-restore --stored --latest --force
	expect 1
	[ "$(restore_of '[.verdict, .reason, .handler, (.checks[-1] | .check)]' <<<"$output" | tail -1)" = \
		'["fail","stale","sqlite","fresh"]' ]
	[ "$(in_store "SELECT group_concat(DISTINCT restore_verdict) FROM standing")" = pass ]
	# With the next backup it is over.
	database 0 10
	touch -d '2 days' db/*"$(date +%F)"*
	BKM_NOW=$(date -u -d '2 days 1 hour' +%FT%TZ) bkm-scan -q
	BKM_NOW=$(date -u -d '2 days 1 hour' +%FT%TZ) run --separate-stderr bkm-restore --stored --require pass
	expect 0
}

@test "a series without a schedule, and one that is ignored, is never stale" {
	write_config db
	printf '      schedule: daily\n      series:\n        - {match: shop, ignore: true}\n' >>config.yaml
	database 9 10
	database 8 10
	bkm-scan -q
	run --separate-stderr bkm-restore --stored
	expect 0
}

# ---------------------------------------------------------------- times

@test "--history: what each test brought and took, and what a restore takes" {
	five_good
	run --separate-stderr bkm-restore --history
	expect 0
	[ "$(jq -c 'select(.kind == "series") | [.location, .series, (.drills | length), .rto.tests,
		(.rto | .last_ms <= .worst_ms and .median_ms <= .worst_ms)]' <<<"$output")" = '["db","shop-*.sqlite",5,5,true]' ] ||
		fail "$(jq -c 'select(.kind == "series") | [.location, .series, .rto]' <<<"$output")"
	[ "$(jq -c 'select(.kind == "series") | .drills[0] | [.verdict, .tables, .rows]' <<<"$output")" = '["pass",3,1197]' ]
	[ "$(in_store 'SELECT count(*) FROM restore')" = 5 ]
	run --separate-stderr bkm-restore --history -l db
	[ "$(jq -r 'select(.kind == "series") | .series' <<<"$output" | wc -l)" = 1 ]
}

@test "what was measured is on the line, and rto_minutes beside it in the history" {
	write_config db
	echo '      rto_minutes: 5' >>config.yaml
	database 3 100000
	sqlite3 db/*.sqlite .dump >"db/dump-$(date -d '3 days ago' +%F).sql"
	aged "$(echo db/dump-*)" "3 days ago"
	bkm-scan -q
	run --separate-stderr bkm-restore --stored
	expect 0
	[ "$(restore_of 'select(.handler == "sqlite-dump") | .load_ms > 0 and .rows_per_s > 0 and .bytes_per_s > 0 and .ms >= .load_ms' <<<"$output")" = true ]
	[ "$(in_store 'SELECT DISTINCT rto_ms FROM drill')" = 300000 ]
	[ "$(bkm-restore --history | jq -c 'select(.kind == "series") | .rto.target_ms')" = $'300000\n300000' ]
	bkm-report --stored -f json -o - | jq -e '[.locations[0].series[].restore_times | .tests == 1 and .target_ms == 300000
		and .last_ms == .worst_ms] | all'
	text=$(bkm-report --stored -f text -o -)
	has "$text" "A RESTORE TAKES, slowest first"
	has "$text" "at worst of 1 test, 5 min promised"
	has "$(bkm-report --stored -f html -o -)" "<dt>Restore takes</dt>"
}

@test "the latest is the latest complete one: what still grows is not tested" {
	write_config db
	database 2 10
	database 1 10
	bkm-scan -q
	cp db/*"$(date -d '1 day ago' +%F)"* "db/shop-$(date +%F).sqlite"
	bkm-scan -q
	run --separate-stderr bkm-restore --stored --latest
	expect 0
	[ "$(jq -r 'select(.restore) | .path | sub(".*/"; "")' <<<"$output")" = "shop-$(date -d '1 day ago' +%F).sqlite" ]
	[ "$(jq -r 'select(.state == "growing") | .restore' <<<"$output")" = null ]
}
