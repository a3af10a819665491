#!/usr/bin/env bats
# bkm-score on a real store: every cap, the options, history, the exit status.
bats_require_minimum_version 1.5.0
load ../lib

setup() {
	bkm_setup
	queue=
	export BKM_NOW=2026-11-22T12:00:00Z
	configure db <<'END'
      schedule: daily
END
	# Makes the store.
	bkm-score -q --stored --exit-zero
}

# configure NAME...: locations with what stands on standard input in each.
configure() {
	local name more
	more=$(cat)
	{
		printf 'database:\n  url: sqlite:///bkm.db\nbackups:\n  locations:\n'
		for name; do
			mkdir -p "$name"
			printf '    - name: %s\n      path: %s\n      type: file\n%s\n' "$name" "$name" "$more"
		done
	} >config.yaml
}

sql() {
	if [ -n "$queue" ]; then
		printf '%s;\n' "$1" >>"$queue"
	else
		sqlite3 -batch bkm.db "$1"
	fi
}

# together COMMAND...: all its SQL in one transaction.
together() {
	queue=$PWD/queue
	echo 'BEGIN;' >"$queue"
	"$@"
	echo 'COMMIT;' >>"$queue"
	sqlite3 -batch bkm.db <"$queue"
	queue=
}

# seconds TIME: as date -d understands it, from BKM_NOW on.
seconds() {
	date -u -d "$BKM_NOW $*" +%s
}

# location NAME [STATUS]: as a scan of just now left it.
location() {
	sql "INSERT INTO location (host, name, path, type, status, first_scan, last_scan, last_reached)
		VALUES ('$(uname -n)', '$1', '$PWD/$1', 'file', '${2:-ok}', $(seconds -30 days),
			$(seconds), $(seconds));
		INSERT INTO dir (location_id, path) SELECT max(id), '' FROM location"
}

# backup LOCATION SERIES TIME [VERIFY] [RESTORE] [STATE] [STATUS]: one, "-" is no verdict.
backup() {
	local t verify restore
	t=$(seconds "$3")
	verify=${4:-pass} restore=${5:--}
	sql "INSERT INTO series (location_id, name, first_seen, members)
			SELECT id, '$2', $t, 0 FROM location WHERE name = '$1'
			ON CONFLICT (location_id, name) DO NOTHING;
		INSERT INTO backup (dir_id, series_id, name, live, size, mtime, time, first_seen, changed_at,
				state, status, reasons, completed_at)
			SELECT d.id, s.id, '$2.$t', '${6:-complete}' <> 'vanished', 1000, $t, $t, $t, $t,
				'${6:-complete}', '${7:-ok}', '[]', CASE '${6:-complete}' WHEN 'growing' THEN NULL ELSE $t END
			FROM dir AS d JOIN location AS l ON l.id = d.location_id
				JOIN series AS s ON s.location_id = l.id AND s.name = '$2'
			WHERE l.name = '$1';
		INSERT INTO standing (backup_id, location_id, verify_verdict, verify_level, restore_verdict)
			SELECT max(b.id), max(l.id), nullif('$verify', '-'),
				CASE '$verify' WHEN '-' THEN NULL ELSE '${LEVEL:-read}' END, nullif('$restore', '-')
			FROM backup AS b, location AS l WHERE l.name = '$1';
		UPDATE series SET members = members + 1, completed = completed + 1,
			count = (SELECT count(*) FROM backup AS b WHERE b.series_id = series.id AND b.live = 1
				AND b.state = 'complete'),
			newest_time = (SELECT max(b.time) FROM backup AS b WHERE b.series_id = series.id
				AND b.state <> 'growing' AND (b.status = 'ok' OR b.state = 'vanished')),
			latest_id = (SELECT b.id FROM backup AS b WHERE b.series_id = series.id AND b.live = 1
				AND b.state = 'complete' AND b.status = 'ok' ORDER BY b.time DESC LIMIT 1),
			growing = (SELECT count(*) FROM backup AS b WHERE b.series_id = series.id
				AND b.state = 'growing')
		WHERE name = '$2'"
}

# A week of good nights, the newest restored.
week() {
	together nights "$@"
}

nights() {
	local day
	for day in 6 5 4 3 2 1; do
		backup "$1" "$2" "-$day days -10 hours"
	done
	backup "$1" "$2" "-10 hours" pass pass
}

score() {
	run --separate-stderr bkm-score --stored "$@"
	all=$(of_kind score <<<"$output" | jq -c 'select(.location == null)')
	one=$(of_kind score <<<"$output" | jq -c 'select(.location == "db")')
}

# is JSON FILTER VALUE
is() {
	local got
	got=$(jq -c "$2" <<<"$1")
	[ "$got" = "$3" ] || fail "$2 is $got, not $3"
}

@test "a week of good nights is 1.0, good, exit 0" {
	location db
	week db 'dump-*.sql'
	score
	expect 0
	is "$one" '[.score, .raw_score, .grade, .capped_by, .reasons, .days]' '[1,1,"good",[],[],7]'
	is "$one" '[.parts[] | .rate]' '[1,1,1]'
	is "$one" '[.parts.backup.good, .parts.backup.of]' '[6,6]'
	is "$one" '.coverage' 1
	is "$all" '[.score, .grade, .location]' '[1,"good",null]'
	[ -z "$stderr" ]
}

@test "a location that was never scanned is unknown, and that is a finding" {
	score
	expect 1
	is "$one" '[.score, .raw_score, .grade, .capped_by]' '[null,null,"unknown",[]]'
	is "$one" '.reasons | index("never_scanned") != null' true
	is "$all" '[.score, .grade]' '[null,"unknown"]'
}

@test "an unreachable location is critical, with a number that says so" {
	location db unreachable
	week db 'dump-*.sql'
	score
	expect 1
	is "$one" '[.score, .raw_score, .grade, .capped_by]' '[0.499,1,"critical",["unreachable"]]'
	is "$all" '[.score, .grade, .capped_by]' '[0.499,"critical",["unreachable"]]'
}

@test "an empty location is critical" {
	location db empty
	score
	expect 1
	is "$one" '[.score, .raw_score, .grade, .capped_by]' '[0,null,"critical",["empty"]]'
}

@test "the newest backup failed its verification: critical" {
	location db
	week db 'dump-*.sql'
	backup db 'dump-*.sql' '-1 hour' fail
	score
	expect 1
	is "$one" '[.score, .grade, .capped_by]' '[0.499,"critical",["newest_verification_failed"]]'
}

@test "the newest backup failed its restore test: critical" {
	location db
	week db 'dump-*.sql'
	backup db 'dump-*.sql' '-1 hour' pass fail
	score
	expect 1
	is "$one" '[.grade, .capped_by]' '["critical",["newest_restore_failed"]]'
}

@test "an old backup with a failed verdict, out of the window: warning" {
	location db
	backup db 'dump-*.sql' '-20 days' fail
	week db 'dump-*.sql'
	score
	expect 1
	is "$one" '[.score, .grade, .capped_by]' '[0.799,"warning",["failed_verdict"]]'
	is "$one" '.parts.verification.rate' 1
	# Deleting it is no failure.
	sql "UPDATE backup SET live = 0, state = 'expired' WHERE time < $(seconds -19 days)"
	score
	expect 0
}

@test "a late and a missing series: warning" {
	location db
	week db 'dump-*.sql'
	BKM_NOW=2026-11-23T06:00:00Z
	score
	expect 1
	is "$one" '[.score, .grade, .capped_by]' '[0.799,"warning",["series_late"]]'
	is "$one" '.reasons' '["series_late","due_times_missed"]'
	BKM_NOW=2026-11-24T06:00:00Z
	sql "UPDATE location SET last_reached = $(seconds)"
	score
	is "$one" '[.grade, .capped_by]' '["warning",["series_missing"]]'
}

@test "one of two series that stopped is not hidden by the other" {
	location db
	week db 'a-*.sql'
	for day in 20 19 18; do backup db 'b-*.sql' "-$day days"; done
	score
	expect 1
	is "$one" '.reasons | contains(["series_missing", "due_times_missed"])' true
	is "$one" '.parts.backup | [.good, .of]' '[6,13]'
}

@test "a growing backup holds the series at due" {
	location db
	week db 'dump-*.sql'
	backup db 'dump-*.sql' '-1 minute' - - growing
	BKM_NOW=2026-11-23T06:00:00Z
	score
	is "$one" '.reasons | index("series_late")' null
}

@test "missing evidence withholds good news" {
	location db
	for day in 4 3 2 1 0; do backup db 'dump-*.sql' "-$day days -10 hours" -; done
	score
	expect 1
	is "$one" '[.score, .raw_score, .grade]' '[0.799,1,"warning"]'
	is "$one" '.capped_by' '["never_verified","never_restored"]'
	is "$one" '[.parts.verification.rate, .parts.restore.rate, .coverage]' '[null,null,0]'
}

@test "a part that is switched off is not missed" {
	configure db <<'END'
      schedule: daily
      test_restore: false
      verify_integrity: false
END
	location db
	for day in 4 3 2 1 0; do backup db 'dump-*.sql' "-$day days -10 hours" -; done
	score
	expect 0
	is "$one" '[.score, .grade, .parts.restore.applies, .coverage]' '[1,"good",false,null]'
}

@test "a pass below scoring.min_level counts as none" {
	location db
	week db 'dump-*.sql'
	sql "UPDATE standing SET verify_level = 'metadata'"
	score
	expect 1
	is "$one" '.capped_by' '["never_verified"]'
	sql "UPDATE standing SET verify_level = 'read'"
	printf 'scoring:\n  min_level: complete\n' >>config.yaml
	score
	is "$one" '.capped_by' '["never_verified"]'
	sql "UPDATE standing SET verify_level = 'intact'"
	score
	expect 0
}

@test "a scan that is too old withholds good news" {
	location db
	week db 'dump-*.sql'
	BKM_NOW=2026-11-29T12:00:00Z
	score
	expect 1
	is "$one" '.capped_by | index("scan_too_old") != null' true
	is "$one" '.reasons | index("series_late")' null
}

@test "failed backups count where no schedule does" {
	write_config db
	location db
	backup db 'dump-*.sql' '-3 hours' pass pass
	backup db 'dump-*.sql' '-2 hours' - - complete failed
	backup db 'dump-*.sql' '-1 hours' - - vanished failed
	backup db 'dump-*.sql' '-1 minute' - - growing
	score
	is "$one" '.parts.backup | [.good, .of]' '[1,3]'
	is "$one" '.reasons' '["backups_failed"]'
	is "$one" '.score' 0.667
}

@test "no backup that counts: warning" {
	location db
	backup db 'dump-*.sql' '-20 days' pass pass
	sql "UPDATE series SET latest_id = NULL"
	score
	is "$one" '[.score, .grade]' '[null,"unknown"]'
}

@test "a location without a score withholds the good news of the others" {
	configure db files <<'END'
      schedule: daily
END
	location db
	week db 'dump-*.sql'
	score
	expect 1
	is "$one" '.grade' '"good"'
	is "$all" '[.score, .grade]' '[0.799,"warning"]'
	is "$all" '.capped_by | index("location_unknown") != null' true
}

@test "ignored series do not count" {
	configure db <<'END'
      schedule: daily
      series:
        - {match: '^old', ignore: true}
END
	location db
	week db 'dump-*.sql'
	for day in 20 19 18; do backup db 'old-*.sql' "-$day days" fail; done
	score
	expect 0
	is "$one" '[.score, .reasons]' '[1,[]]'
}

@test "rules give a series a schedule of its own" {
	configure db <<'END'
      schedule: daily
      series:
        - {match: '^full', schedule: weekly}
END
	location db
	week db 'dump-*.sql'
	backup db 'full-*.tar' '-10 days'
	backup db 'full-*.tar' '-3 days'
	score
	expect 0
	is "$one" '.parts.backup | [.good, .of]' '[7,7]'
}

@test "cron schedules use the time zone of the location" {
	configure db <<'END'
      schedule: '0 2 * * *'
      timezone: America/New_York
      grace: 30m
END
	location db
	# 02:05 in New York
	for day in 3 2 1; do backup db 'dump-*.sql' "-$day days -4 hours -55 minutes" pass pass; done
	BKM_NOW=2026-11-22T07:15:00Z
	score
	expect 0
	BKM_NOW=2026-11-22T07:31:00Z
	score
	is "$one" '.reasons' '["series_late","due_times_missed"]'
}

@test "weights and thresholds come from the configuration" {
	cat >>config.yaml <<'END'
scoring:
  weights: {backup: 1, verification: 1, restore: 0}
  thresholds: {good: 0.99, warning: 0.9}
END
	location db
	week db 'dump-*.sql'
	sql "UPDATE standing SET verify_verdict = NULL WHERE verify_verdict = 'pass'
		AND backup_id NOT IN (SELECT latest_id FROM series)"
	backup db 'dump-*.sql' '-8 days -10 hours' fail
	score
	is "$one" '[.score, .raw_score, .grade, .capped_by]' '[0.989,1,"warning",["failed_verdict"]]'
	is "$one" '[.parts.restore.applies, .parts.restore.weight]' '[false,0]'
}

@test "--days widens and narrows the window, --all takes all" {
	location db
	for day in 20 19 18 17; do backup db 'dump-*.sql' "-$day days" fail; done
	week db 'dump-*.sql'
	score -d 30
	is "$one" '[.days, .parts.verification.of]' '[30,11]'
	score -d 2
	is "$one" '[.days, .parts.verification.of, .parts.backup.of]' '[2,2,2]'
	score --all
	is "$one" '[.days, .parts.verification.of]' '[0,11]'
}

@test "--explain shows the arithmetic and each series" {
	location db
	week db 'dump-*.sql'
	score
	is "$one" '.explain' null
	score --explain
	is "$one" '.explain.formula' \
		'"0.5 * 6/6 backup + 0.3 * 7/7 verification + 0.2 * 1/1 restore = 1.000"'
	is "$one" '.explain.series[0] | [.series, .status, .due, .met, .verified, .newest_restore]' \
		'["dump-*.sql","fresh",6,6,7,"pass"]'
	is "$all" '.explain.formula' '"mean of the locations"'
}

@test "--gate decides instead of the grades" {
	location db
	for day in 4 3 2 1 0; do backup db 'dump-*.sql' "-$day days -10 hours" -; done
	score --gate '.score > 0.7'
	expect 0
	score --gate '.score > 0.9'
	expect 1
	score --gate '.score > 0.9' --exit-zero
	expect 0
	score --gate '.location == null or .score > 0.9' -w '.location == null'
	expect 0
	score --gate '.location | keys'
	expect 3
	has "$stderr" "option '--gate'"
	run --separate-stderr bkm-score --gate 'x('
	expect 2
	has "$stderr" "option '--gate': "
	[ -z "$output" ]
}

@test "--require pass is the gate for scripts, --exit-zero or not" {
	location db
	week db 'dump-*.sql'
	score --require pass
	expect 0
	score --require pass -w '.location == "nothing"'
	expect 1
	sql "UPDATE standing SET verify_verdict = 'fail'"
	score --require pass --exit-zero
	expect 1
	score --exit-zero
	expect 0
	run --separate-stderr bkm-score --require good
	expect 2
}

@test "--where chooses the scores that are judged, and prints all" {
	location db unreachable
	score -w '.location == "other"'
	expect 0
	[ "$(of_kind score <<<"$output" | wc -l)" -eq 2 ]
	score -w '.location == "db"'
	expect 1
}

@test "-l grades one location and gives no score over all" {
	write_config db files
	location db
	location files unreachable
	week db 'dump-*.sql'
	score -l db
	expect 0
	[ "$(of_kind score <<<"$output" | jq -r .location)" = db ]
	score -l files
	expect 1
	score --location-id 2
	expect 1
	[ "$(of_kind score <<<"$output" | jq -r .location)" = files ]
	score -l nowhere
	expect 2
	has "$stderr" "unknown location 'nowhere'"
}

@test "standard input passes byte for byte and does not narrow the score" {
	location db
	week db 'dump-*.sql'
	printf '%s\n' '{"v":1,"kind":"backup", "x":1.50 ,"location":"other"}' '{"kind":"new thing"}' >in
	run --separate-stderr bkm-score <in
	expect 0
	# The upstream lines first, then ours.
	grep -v '"kind":"run"' <<<"$output" | head -2 | cmp - in
	[ "$(of_kind score <<<"$output" | wc -l)" -eq 2 ]
	run --separate-stderr bkm-score </dev/null
	expect 0
	[ "$(of_kind score <<<"$output" | wc -l)" -eq 2 ]
	run --separate-stderr bkm-score --stored <in
	lacks "$output" 'new thing'
}

@test "history: previous, and one row for each change and each day" {
	location db
	week db 'dump-*.sql'
	score
	# The first score, before the scan, was unknown.
	is "$one" '[.previous, .previous_grade]' '[null,null]'
	is "$all" '[.previous, .previous_grade]' '[null,"unknown"]'
	score
	is "$one" '[.previous, .previous_grade]' '[1,"good"]'
	[ "$(sql 'SELECT count(*) FROM score WHERE location_id = 1')" -eq 1 ]
	sql "UPDATE location SET status = 'unreachable'"
	score
	is "$one" '[.score, .previous, .previous_grade]' '[0.499,1,"good"]'
	[ "$(sql 'SELECT count(*) FROM score WHERE location_id = 1')" -eq 2 ]
	# Another window has a history of its own.
	score -d 30
	is "$one" '.previous' null
	BKM_NOW=2026-11-23T00:00:00Z
	score
	[ "$(sql 'SELECT count(*) FROM score WHERE location_id = 1 AND days = 7')" -eq 3 ]
	[ "$(sql 'SELECT count(*) FROM score WHERE location_id IS NULL AND days = 7')" -ge 3 ]
}

@test "what is printed is committed, and equal to what is stored" {
	location db
	week db 'dump-*.sql'
	score
	[ "$(sql 'SELECT record FROM score WHERE location_id = 1' | jq -cS .)" = "$(jq -cS . <<<"$one")" ]
}

@test "the run record counts the grades" {
	location db
	week db 'dump-*.sql'
	score
	of_kind run <<<"$output" | jq -e 'select(.phase == "end") | .counts.good == 1' >/dev/null
}

@test "ten thousand series make one line of bounded length under --explain" {
	write_config db
	location db
	sql "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
		INSERT INTO series (location_id, name, first_seen, completed)
		SELECT 1, 'series-' || i || '-*.sql', 0, 1 FROM n"
	score --explain
	is "$one" '.explain.series | length' 200
	is "$one" '.explain.series_left_out' 9800
}
