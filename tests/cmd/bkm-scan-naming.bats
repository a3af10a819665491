#!/usr/bin/env bats
# bkm-scan: rules of `series:` that have a name, and what is known regrouped when they change.
bats_require_minimum_version 1.5.0
load ../lib

setup() {
	bkm_setup
	export BKM_NOW=2026-11-22T12:00:00Z
}

# rules [LINE...]: a configuration of ./db, daily, with these rules.
rules() {
	write_config db
	printf '      schedule: daily\n' >>config.yaml
	[ $# -eq 0 ] || printf '      series:\n' >>config.yaml
	[ $# -eq 0 ] || printf '        - %s\n' "$@" >>config.yaml
}

BY_HOST="{match: '^([^/]+)-(april|june)\.tar', name: '\\1-\\2.tar'}"

# make NAME [MTIME]
make() {
	mkdir -p "$(dirname "$1")"
	head -c "${3:-10000}" /dev/zero >"$1"
	aged "$1" "${2:-2026-11-22T02:00:00Z}"
}

# hosts FIRST LAST: what two hosts with bad names wrote in these nights.
hosts() {
	local day
	for day in $(seq "$1" "$2"); do
		make "db/web-april.tar.2026-11-$day" "2026-11-${day}T02:00:00Z"
		make "db/web-june.tar.2026-11-$day" "2026-11-${day}T02:10:00Z"
	done
}

# scan [OPTION...]
scan() {
	run --separate-stderr bkm-scan "$@"
	[ "$status" -le 1 ] || fail "bkm-scan failed"
}

# "SERIES STATUS COUNT" for each series, joined by "; ".
series() {
	jq -rs 'map(select(.kind == "series") | "\(.series) \(.status) \(.count)") | join("; ")' <<<"$output"
}

# "SERIES NAME" for each backup, sorted.
members() {
	jq -r 'select(.kind == "backup") | "\(.series) \(.path | sub(".*/db/"; ""))"' <<<"$output" | sort
}

# The sums that the store keeps are those of its rows.
sums_are_right() {
	[ "$(in_store "SELECT count(*) FROM series AS s WHERE
		s.count <> (SELECT count(*) FROM backup WHERE series_id = s.id AND live = 1 AND state = 'complete')
		OR s.bytes <> (SELECT coalesce(sum(size), 0) FROM backup WHERE series_id = s.id AND live = 1 AND state = 'complete')
		OR s.growing <> (SELECT count(*) FROM backup WHERE series_id = s.id AND live = 1 AND state = 'growing')
		OR s.completed <> (SELECT count(*) FROM backup WHERE series_id = s.id AND completed_at IS NOT NULL)
		OR s.stale")" = 0 ] || fail "$(in_store "SELECT * FROM series")"
}

@test "a rule with a name makes a series for each thing that its groups match" {
	rules
	hosts 20 22
	scan
	[ "$(series)" = "web-*.tar.* fresh 6" ]
	rm bkm.db*
	rules "$BY_HOST"
	scan
	expect 0
	[ "$(series)" = "web-april.tar fresh 3; web-june.tar fresh 3" ]
	sums_are_right
	# One that stops is found.
	rm db/web-june*2[12]
	BKM_NOW=2026-11-23T18:00:00Z
	make db/web-april.tar.2026-11-23 2026-11-23T02:00:00Z
	scan
	expect 1
	has "$(series)" "web-april.tar fresh 4; web-june.tar"
	lacks "$(series)" "web-june.tar fresh"
}

@test "a rule that is added regroups what is known, with its past; one that is removed too" {
	rules
	hosts 19 22
	scan
	id=$(jq 'select(.path // "" | endswith("june.tar.2026-11-22")) | .id' <<<"$output")
	rm db/web-june.tar.2026-11-19
	scan
	[ "$(series)" = "web-*.tar.* fresh 7" ]

	rules "$BY_HOST"
	scan
	expect 0
	[ "$(series)" = "web-april.tar fresh 4; web-june.tar fresh 3" ]
	[ "$(in_store "SELECT count(*) FROM backup AS b JOIN series AS s ON s.id = b.series_id
		WHERE s.name = 'web-june.tar' AND b.live = 0")" = 1 ]
	[ "$(jq "select(.id == $id and .kind == \"backup\") | .series, .latest, .new" <<<"$output" | xargs)" = \
		"web-june.tar true false" ]
	sums_are_right
	[ "$(in_store "SELECT naming FROM location" | jq -r '.[0].name')" = '\1-\2.tar' ]
	# and stays
	scan
	[ "$(series)" = "web-april.tar fresh 4; web-june.tar fresh 3" ]

	rules
	scan
	expect 0
	[ "$(series)" = "web-*.tar.* fresh 7" ]
	[ -z "$(in_store "SELECT naming FROM location")" ]
	sums_are_right
}

@test "a series without members is not late, not missing, not there, however old it is" {
	rules
	hosts 10 12
	scan
	[ "$(series)" = "web-*.tar.* missing 6" ]
	rules "{match: ., name: all}"
	make db/x.tar
	scan
	[ "$(series)" = "all fresh 7" ]
	expect 0
	run bkm-score --stored
	has "$output" '"kind":"score"'
	lacks "$output" 'web-'
	BKM_NOW=2027-11-23T12:00:00Z scan
	[ "$(series)" = "all missing 7" ]
}

@test "what was due of a series begins with its own first backup" {
	rules
	for day in $(seq -w 1 22); do make "db/web-april.tar.2026-11-$day" "2026-11-${day}T02:00:00Z"; done
	make db/web-june.tar.2026-11-21 2026-11-21T02:00:00Z
	make db/web-june.tar.2026-11-22 2026-11-22T02:00:00Z
	scan
	rules "{match: april, name: april}"
	scan
	[ "$(series)" = "april fresh 22; web-*.tar.* fresh 2" ]
	[ "$(in_store "SELECT date(first_seen, 'unixepoch') FROM series WHERE name = 'web-*.tar.*'")" = 2026-11-21 ]
	[ "$(in_store "SELECT usual FROM series WHERE name = 'web-*.tar.*'")" = 2 ]
}

# The series as the rows of a store add up to them.
grouping() {
	in_store "SELECT s.name, s.count, s.bytes, s.completed, s.first_seen, s.members,
		(SELECT name FROM backup WHERE id = s.latest_id) FROM series AS s
		WHERE s.completed > 0 ORDER BY s.name" "$@"
}

many() {
	mkdir -p db/d
	seq 9500 | split -l 1 -a 5 -d --additional-suffix=-april.tar - db/d/h
	find db/d -type f -exec touch -d 2026-11-22T00:00:00Z {} +
	find db/d -name '*5-*' -exec touch -d 2026-11-21T00:00:00Z {} +
}

@test "a regroup that stops at a row has moved whole chunks before it; the next scan ends it" {
	rules
	many
	scan -q
	rules "{match: '^d/(h...).*-(april)', name: '\\1-\\2'}"
	# Two rows that must not meet in a series, and will.
	in_store "CREATE UNIQUE INDEX stop ON backup (series_id) WHERE id IN (6050, 6051)"
	run --separate-stderr bkm-scan -q
	expect 3
	[ "$(in_store "SELECT count(*) FROM backup AS b JOIN series AS s ON s.id = b.series_id
		WHERE s.name LIKE 'h%-april'")" = 4096 ]
	[ -z "$(in_store "SELECT naming FROM location")" ]
	in_store "UPDATE series SET stale = 0"
	sums_are_right
	in_store "UPDATE series SET stale = 1; DROP INDEX stop"
	scan
	sums_are_right
	DATABASE_URL=sqlite:///fresh.db bkm-scan -q || true
	diff <(grouping) <(grouping fresh.db)
	[ "$(in_store "SELECT count(*) FROM series WHERE completed > 0")" = 95 ]
}

@test "a scan that is killed while it regroups leaves a store that the next one ends" {
	rules
	many
	scan -q
	cp bkm.db before.db
	rules "{match: '^d/(h...).*-(april)', name: '\\1-\\2'}"
	DATABASE_URL=sqlite:///fresh.db bkm-scan -q || true
	for wait in 0.03 0.06 0.1 0.2; do
		rm -f bkm.db*
		cp before.db bkm.db
		timeout -s KILL "$wait" bkm-scan -q || true
		[ "$(in_store "PRAGMA integrity_check")" = ok ]
		scan -q
		sums_are_right
		diff <(grouping) <(grouping fresh.db)
	done
}

@test "half regrouped, the fingerprint not written: the rest is moved" {
	rules
	hosts 20 22
	scan
	# As a kill between two transactions leaves it: one row moved, its old series stale.
	in_store "INSERT INTO series (location_id, name, first_seen, count, bytes, completed)
		SELECT location_id, 'web-april.tar', first_seen, 1, 10000, 1 FROM series;
		UPDATE series SET count = 5, bytes = 50000, completed = 5, stale = 1 WHERE name = 'web-*.tar.*';
		UPDATE backup SET series_id = (SELECT id FROM series WHERE name = 'web-april.tar')
		WHERE name = CAST('web-april.tar.2026-11-21' AS BLOB)"
	rules "$BY_HOST"
	scan
	[ "$(series)" = "web-april.tar fresh 3; web-june.tar fresh 3" ]
	sums_are_right
}

@test "an unreachable location is regrouped all the same" {
	rules
	hosts 20 22
	scan
	rules "$BY_HOST"
	mv db gone
	scan
	expect 1
	[ "$(series)" = "web-april.tar fresh 3; web-june.tar fresh 3" ]
}

@test "the other keys of a rule with a name apply to what it names" {
	rules "{match: '^small-', name: small, min_size: 1K}" \
		"{match: '^old', name: 'old \\0', ignore: true}" \
		"{match: '^weekly-(.*)\.tar', name: '\\1', schedule: weekly}"
	make db/small-1.tar 2026-11-22 100
	make db/big-1.tar 2026-11-22 100
	make db/old-a 2026-11-01
	make db/old-b 2026-11-02
	make db/weekly-x-2026-11-10.tar 2026-11-10T02:00:00Z
	make db/weekly-x-2026-11-18.tar 2026-11-18T02:00:00Z
	scan
	expect 1
	[ "$(jq -r 'select(.status == "failed") | "\(.series) \(.reasons[0])"' <<<"$output")" = "small too_small" ]
	[ "$(jq -r 'select(.kind == "series") | "\(.series) \(.status) \(.schedule)"' <<<"$output" | sort | paste -sd';')" = \
		"big-1.tar unscheduled daily;old old unscheduled daily;small unscheduled daily;x-2026-11-10 unscheduled weekly;x-2026-11-18 unscheduled weekly" ]
	# Added afterwards: a new one is judged by the same rule.
	make db/small-2.tar 2026-11-22 100
	scan --changed
	[ "$(jq -r 'select(.kind == "backup") | "\(.series) \(.reasons[0])"' <<<"$output")" = "small too_small" ]
}

@test "retention_days of a rule with a name: what is gone early is missed" {
	rules "{match: '^keep', name: keep, retention_days: 30}"
	for n in 1 2 3 4; do
		make "db/keep-$n.a" "2026-11-1$n"
		make "db/drop-$n.a" "2026-11-1$n"
	done
	scan
	rm db/keep-1.a db/keep-2.a db/drop-1.a
	scan
	expect 1
	[ "$(jq -r 'select(.state == "vanished") | .series' <<<"$output" | sort -u)" = keep ]
	[ "$(jq -r 'select(.state == "expired") | .series' <<<"$output")" = drop-1.a ]
	BKM_NOW=2027-02-01T00:00:00Z scan
	[ "$(in_store "SELECT count(*) FROM backup WHERE state = 'vanished'")" = 0 ]
}

@test "a rule that only names leaves the rest to the rules for the name it gave" {
	rules "{match: '^([^-]*)-.*', name: 'host \\1'}" "{match: '^host b', ignore: true}" \
		"{match: '^host', schedule: weekly}"
	make db/a-1
	make db/b-1
	make db/other
	scan
	[ "$(jq -r 'select(.kind == "series") | "\(.series) \(.schedule) \(.reasons[0])"' <<<"$output" | paste -sd';')" = \
		"host a weekly one_backup;host b daily ignored;other daily one_backup" ]
}

@test "the path is matched, below directories, of files that are not finished by the name they will have" {
	rules "{match: '^(.*)/[^/]*\.dump$', name: '\\1'}"
	make db/one/x.dump
	make db/one/y.dump
	make db/two/deep/x.dump
	make db/two/deep/z.dump.part 2026-11-22T12:00:00Z
	scan
	[ "$(members)" = "one one/x.dump
one one/y.dump
two/deep two/deep/x.dump
two/deep two/deep/z.dump.part" ]
	# As new files in a known location, too.
	make db/two/deep/w.dump.part 2026-11-22T12:00:00Z
	scan
	[ "$(members | grep w.dump)" = "two/deep two/deep/w.dump.part" ]
}

@test "a file that is renamed follows its rule, an empty name is none" {
	rules "{match: '^(x*)-', name: '\\1'}"
	make db/xx-1
	make db/-1
	scan
	[ "$(members)" = "-1 -1
xx xx-1" ]
	mv db/xx-1 db/x-1
	scan
	[ "$(members | grep x-1)" = "x x-1" ]
}

@test "any bytes in what a group matched make a name that is text" {
	rules "{match: '(.*)', name: 'é *[\\1]\\\\'}"
	make "db/$(printf 'a\377\n*\\\303\251')"
	scan
	[ "$(jq -r 'select(.kind == "series") | .series' <<<"$output")" = 'é *[a\xff\x0a\x2a\x5cé]\x5c' ]
}

@test "unit: directory: the rule sees the name of the directory" {
	rules "{match: '^([a-z]+)', name: 'set of \\1'}"
	printf '      unit: directory\n' >>config.yaml
	make db/april1/a
	make db/april2/a
	make db/june1/a
	scan
	[ "$(members)" = "set of april april1
set of april april2
set of june june1" ]
}

@test "what is wrong with a name is said with its place" {
	rules "{match: '^(a)', name: '\\2'}" "{match: a, name: 'x\\y'}" "{match: a, name: ''}" \
		"{name: a}" "{match: '(', name: '\\1'}"
	run --separate-stderr bkm-scan --check-config
	expect 2
	has "$stderr" "config.yaml:10:33: 'backups.locations[].series[].name': '\\2' refers to a group that 'match' does not have (it has 1)"
	has "$stderr" "config.yaml:11:28: 'backups.locations[].series[].name': '\\' must be followed by a digit or by '\\'"
	has "$stderr" "config.yaml:12:28: 'backups.locations[].series[].name' is empty"
	has "$stderr" "config.yaml:13:11: 'backups.locations[].series[].match' is missing"
	has "$stderr" "config.yaml:14:19: 'backups.locations[].series[].match' is not a regular expression"
}

@test "an alert of a series that rules have emptied is over, one of what it was about opens" {
	rules
	hosts 10 12
	make db/empty-april.tar.2026-11-12 2026-11-12 0
	scan
	run --separate-stderr bkm-alert --stored
	[ "$(jq -r 'select(.kind == "alert" and .alert == "backup_failure") | "\(.series) \(.state)"' <<<"$output" | sort)" = \
		"empty-*.tar.* open
web-*.tar.* open" ]
	rules "{match: '^([a-z]+)-', name: 'all of \\1'}"
	make db/web-june.tar.2026-11-22
	scan
	run --separate-stderr bkm-alert --stored
	[ "$(jq -r 'select(.kind == "alert" and .alert == "backup_failure") | "\(.series) \(.state)"' <<<"$output" | sort)" = \
		"all of empty open
empty-*.tar.* resolved
web-*.tar.* resolved" ]
}
