#!/usr/bin/env bats
# Series as all stages see them: names, schedules, every status and reason, from real scans.
bats_require_minimum_version 1.5.0
load ../lib

setup() {
	bkm_setup
	export BKM_NOW=2026-11-22T12:00:00Z
}

# configure [LINE...]: one location, with these lines in it.
configure() {
	mkdir -p db
	{
		printf 'database:\n  url: sqlite:///bkm.db\nbackups:\n  locations:\n'
		printf '    - name: db\n      path: db\n'
		printf '      %s\n' "$@"
	} >config.yaml
}

# night NAME DAYS [CONTENT]: a backup of so many days ago, at 02:00.
night() {
	local day
	day=$(date -u -d "2026-11-22 -$2 days" +%F)
	mkdir -p "$(dirname "db/${1//@/$day}")"
	printf '%s\n' "${3:-content of $day}" >"db/${1//@/$day}"
	touch -d "${day}T02:00:00Z" "db/${1//@/$day}"
}

scan() {
	run --separate-stderr bkm-scan --exit-zero "$@"
	expect 0
}

# series NAME FILTER VALUE
series() {
	local got
	got=$(of_kind series <<<"$output" | jq -c --arg name "$1" "select(.series == \$name) | $2")
	[ "$got" = "$3" ] || fail "$2 of $1 is '$got', not '$3'"
}

@test "a fresh series: status, due, newest, previous, count, bytes" {
	configure 'schedule: daily'
	for day in 2 1 0; do night 'app-@.sql' $day; done
	scan
	series 'app-*.sql' '[.status, .schedule, .due]' '["fresh","daily","2026-11-23T02:00:00Z"]'
	series 'app-*.sql' '[.newest.path, .previous.path] | map(sub(".*/"; ""))' \
		'["app-2026-11-22.sql","app-2026-11-21.sql"]'
	series 'app-*.sql' '[.count, .bytes, .reasons]' '[3,66,[]]'
}

@test "due, late, missing as time goes by" {
	configure 'schedule: daily'
	for day in 2 1 0; do night 'app-@.sql' $day; done
	BKM_NOW=2026-11-23T03:00:00Z
	scan
	series 'app-*.sql' '[.status, .reasons]' '["due",[]]'
	BKM_NOW=2026-11-23T05:00:00Z
	scan
	series 'app-*.sql' '[.status, .due, .reasons]' '["late","2026-11-23T02:00:00Z",["late"]]'
	BKM_NOW=2026-11-24T05:00:00Z
	scan
	series 'app-*.sql' '[.status, .reasons]' '["missing",["missing"]]'
}

@test "grace and schedules of rules, and what a rule ignores" {
	configure 'schedule: daily' 'grace: 30m' 'series:' \
		'  - {match: "^full", schedule: weekly, grace: 6h}' '  - {match: "^old", ignore: true}'
	for day in 1 0; do night 'app-@.sql' $day; done
	for day in 9 8; do night 'full-@.tar' $day; done
	for day in 9 8; do night 'old-@.tar' $day; done
	BKM_NOW=2026-11-23T02:31:00Z
	scan
	series 'app-*.sql' .status '"late"'
	series 'full-*.tar' '[.status, .schedule]' '["late","weekly"]'
	series 'old-*.tar' '[.status, .reasons]' '["unscheduled",["ignored"]]'
}

@test "unscheduled: no schedule, one backup" {
	configure 'type: file'
	for day in 2 1 0; do night 'app-@.sql' $day; done
	scan
	series 'app-*.sql' '[.status, .reasons]' '["unscheduled",["no_schedule"]]'
	configure 'schedule: daily'
	night 'once-@.sql' 5
	scan
	series 'once-*.sql' '[.status, .reasons]' '["unscheduled",["one_backup"]]'
	mkdir db/sub && mv db/once-* db/sub
	scan
	series 'once-*.sql' '[.status, .count, .reasons]' '["unscheduled",0,["no_complete_backup"]]'
}

@test "nothing complete is left" {
	configure 'schedule: daily' 'retention_days: 30'
	for day in 2 1 0; do night 'app-@.sql' $day; night 'other-@.sql' $day; done
	scan
	rm db/app-*
	scan
	series 'app-*.sql' '[.status, .count]' '["missing",0]'
	series 'app-*.sql' '.reasons | index("no_complete_backup") != null' true
}

@test "a growing backup holds the state at due" {
	configure 'schedule: daily'
	for day in 3 2 1; do night 'app-@.sql' $day; done
	printf 'half' >db/app-2026-11-22.sql
	touch -d 2026-11-22T11:59:00Z db/app-2026-11-22.sql
	scan
	series 'app-*.sql' '[.status, .reasons]' '["due",["growing"]]'
}

@test "what the newest backup carries is told of its series" {
	configure 'schedule: daily'
	for day in 7 6 5 4 3 2 1; do
		night 'app-@.sql' $day "$(head -c 200000 /dev/zero | tr '\0' "$day")"
	done
	night 'app-@.sql' 0 short
	scan
	series 'app-*.sql' '.reasons' '["size_dropped"]'
}

@test "an empty backup stalls its series" {
	configure 'schedule: daily'
	for day in 2 1; do night 'app-@.sql' $day; done
	: >db/app-2026-11-22.sql
	touch -d 2026-11-22T02:00:00Z db/app-2026-11-22.sql
	scan
	series 'app-*.sql' '[.status, .reasons]' '["late",["late","stalled"]]'
}

@test "one of twenty databases that silently stopped being dumped is found" {
	configure 'schedule: daily'
	for db in $(seq 1 20); do
		for day in 4 3 2 1 0; do
			[ "$db" = 13 ] && [ $day -lt 3 ] || night "db$db-@.sql.gz" $day
		done
	done
	scan
	[ "$(of_kind series <<<"$output" | jq -c 'select(.status != "fresh") | [.series, .status]')" = \
		'["db13-*.sql.gz","missing"]' ]
	run bkm-score --stored --explain
	expect 1
	[ "$(of_kind score <<<"$output" | jq -c 'select(.location) | .reasons | index("series_missing") != null')" = true ]
}

@test "directories of a day, rotation and hashes make one series each" {
	configure 'schedule: daily'
	for day in 2 1 0; do
		night '@/web.tar' $day
		night '@/db.sql' $day
	done
	for n in 1 2 3; do night "app.sql.gz.$n" $n "rotated $n"; done
	night 'app.sql.gz' 0
	night 'image-3f2a9c1d4e5b.tar' 1
	night 'image-9c1d4e5b3f2a.tar' 0
	scan
	[ "$(of_kind series <<<"$output" | jq -c '[.series, .count]' | sort)" = '["*/db.sql",3]
["*/web.tar",3]
["app.sql.gz",4]
["image-*.tar",2]' ] || fail "$(of_kind series <<<"$output")"
}

@test "a change of clocks makes nothing late" {
	configure 'schedule: "30 2 * * *"' 'timezone: Europe/Berlin' 'grace: 30m'
	# 29 March 2026: 02:30 is not there; the job runs at 03:00 summer time.
	for t in 2026-03-27T01:31 2026-03-28T01:31 2026-03-29T01:01 2026-03-30T00:31; do
		echo "$t" >"db/app-${t%T*}.sql"
		touch -d "$t:00Z" "db/app-${t%T*}.sql"
	done
	BKM_NOW=2026-03-30T01:10:00Z
	scan
	series 'app-*.sql' '[.status, .due]' '["fresh","2026-03-31T00:30:00Z"]'
	run bkm-score --stored
	[ "$(of_kind score <<<"$output" | jq -c 'select(.location) | .parts.backup | [.good, .of]')" = '[4,4]' ] ||
		fail "due times"
}

@test "a wrong schedule or time zone is named before anything is done" {
	configure 'schedule: dayly'
	run --separate-stderr bkm-scan
	expect 2
	has "$stderr" "unknown schedule 'dayly', did you mean 'daily'"
	configure 'schedule: "0 2 * *"'
	run --separate-stderr bkm-score --stored
	expect 2
	has "$stderr" "five fields"
	configure 'schedule: "0 2 * * *"' 'timezone: Europe/Berlni'
	run --separate-stderr bkm-score --stored
	expect 2
	has "$stderr" "unknown time zone 'Europe/Berlni'"
}

@test "without a timezone cron uses TZ" {
	configure 'schedule: "0 2 * * *"'
	for day in 2 1 0; do night 'app-@.sql' $day; done
	TZ=America/New_York scan
	series 'app-*.sql' .due '"2026-11-23T07:00:00Z"'
	TZ=UTC scan
	series 'app-*.sql' .due '"2026-11-23T02:00:00Z"'
}
