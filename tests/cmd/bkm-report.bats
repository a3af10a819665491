#!/usr/bin/env bats
# bkm-report over a real store: what is written, where, and what it says.
bats_require_minimum_version 1.5.0
load ../lib

setup() {
	bkm_setup
	BKM_NOW=2026-11-23T03:00:00Z
	export BKM_NOW
}

# night LOCATION DAYS-AGO: one backup at 02:00 of that night, with something in it.
night() {
	local name
	name=db-$(date -d "2026-11-23 $2 days ago" +%F).gz
	echo "backup of night $2" | gzip -n >"$1/$name"
	touch -d "2026-11-23 02:00 $2 days ago" "$1/$name"
}

# Locations: good (7 nights), late by three nights, failed (an empty one last night), away (not there).
make_site() {
	write_config good late failed away
	cat >>config.yaml <<'YAML'
scoring:
  weights: {backup: 1, verification: 0, restore: 0}
reporting:
  formats: [html, text]
YAML
	sed -i 's/^\( *\)type: file/&\n\1schedule: daily/' config.yaml
	rmdir away
	for i in 0 1 2 3 4 5 6; do
		night good $i
		[ $i -lt 3 ] || night late $i
		[ $i -eq 0 ] || night failed $i
	done
	: >failed/db-2026-11-23.gz
	touch -d "2026-11-23 02:00" failed/db-2026-11-23.gz
	bkm-scan -q --exit-zero 2>scan.log
}

# document [OPTION...]: the report document.
document() {
	bkm-report --stored -f json -o - "$@"
}

# listing DIRECTORY: the names in it, on one line.
listing() {
	find "$1" -mindepth 1 -printf '%f\n' | sort | xargs
}

@test "the formats of the configuration go into its directory, each with a record" {
	make_site
	run -0 --separate-stderr bkm-report --stored
	[ -z "$stderr" ]
	echo "$output" >records
	[ "$(of_kind report <records | jq -r .format | xargs)" = "html text" ]
	[ "$(of_kind report <records | jq -r .path | xargs)" = \
		"$PWD/reports/report.html $PWD/reports/report.txt" ]
	for file in html txt; do
		[ "$(of_kind report <records | jq -r --arg p "$PWD/reports/report.$file" \
			'select(.path == $p) | .bytes')" -eq "$(stat -c %s "reports/report.$file")" ]
	done
	[ "$(in_store "select group_concat(format || ' ' || path) from report")" = \
		"html $PWD/reports/report.html,text $PWD/reports/report.txt" ]
	[ "$(of_kind run <records | jq -r .phase | xargs)" = "start end" ]
}

@test "what it says: worst first, each with since when, why and what to do" {
	make_site
	document >report.json
	run -0 jq -r '.locations[] | [.location, .grade, .status] | join(" ")' report.json
	[ "$output" = "$(printf '%s\n' "away critical unreachable" "late warning degraded" \
		"failed good degraded" "good good ok")" ] || fail order
	run -0 jq -r '.attention[] | [.severity, .reason, .location, .series // "-"] | join(" ")' report.json
	[ "$output" = "$(printf '%s\n' "critical unreachable away -" "warning series_missing late db-*.gz" \
		"warning failed failed db-*.gz")" ] || fail attention
	jq -e 'all(.attention[]; (.what and .why and .todo))' report.json
	jq -e '.attention[1] | .what == "no backup for 3 d" and .since == "2026-11-21T02:00:00Z"' report.json
	jq -e '.overall | .grade == "critical" and .locations == {critical: 1, warning: 1, unknown: 0, good: 2}' report.json
}

@test "a day is ok, failed, missing, idle or unknown" {
	make_site
	document >report.json
	run -0 jq -r '.locations[] | .location + " " + ([.days[].status[:1]] | add)' report.json
	[ "$output" = "$(printf '%s\n' "away uuuuuuu" "late oooommi" "failed oooooof" "good ooooooo")" ] ||
		fail days
	jq -e '.locations[3].days | length == 7 and .[0].day == "2026-11-17" and .[6].bytes > 0' report.json
}

@test "-d and --all set the window" {
	make_site
	document -d 2 >report.json
	jq -e '.days == 2 and .from == "2026-11-21T03:00:00Z" and (.locations[0].days | length) == 2' report.json
	jq -e '[.locations[] | select(.location == "good").recent[].path] | length == 2' report.json
	document --all >report.json
	jq -e '.days == null and .from == null and (.locations[0].days | length) == 92' report.json
	jq -e '[.locations[] | select(.location == "good").recent[].path] | length == 7' report.json
	for format in html text csv prometheus; do
		run -0 --separate-stderr bkm-report --stored --all -f $format -o "x.$format"
		[ -z "$stderr" ]
	done
	grep -q "as far back as is known" x.html
}

@test "a filter upstream does not narrow a report, -l does" {
	make_site
	bkm-scan --stored 2>scan.log | grep '"location":"good"' | bkm-report -f json -o all.json >out.jsonl
	[ "$(jq '.locations | length' all.json)" -eq 4 ]
	grep -q '"kind":"backup"' out.jsonl
	document -l good -l late >two.json
	[ "$(jq -r '[.locations[].location] | join(" ")' two.json)" = "late good" ]
	jq -e '.overall.grade == "warning"' two.json
	document --location-id "$(jq '.locations[] | select(.location == "good").id' all.json)" >one.json
	[ "$(jq -r '[.locations[].location] | join(" ")' one.json)" = "good" ]
	document -w '.status == "unreachable"' >one.json
	[ "$(jq -r '[.locations[].location] | join(" ")' one.json)" = "away" ]
	run -2 --separate-stderr document -l nothere
	has "$stderr" "nothere"
}

@test "records pass byte for byte, and with --stored nothing is read" {
	make_site
	printf '%s\n' '{"v":1, "kind":"strange","x":1.50}' '{"a":"\u00e9"}' >given
	# shellcheck disable=SC2094 # cmp reads too
	bkm-report -f text <given | grep -v '"kind":"run"\|"kind":"report"' | cmp - given
	bkm-report --stored -f text <given >out.jsonl
	run ! grep -q strange out.jsonl
}

@test "-o names a file, a directory, or standard output" {
	make_site
	bkm-report --stored -q -f text -o one.txt
	grep -q "^CRITICAL: 2 of 4 locations need attention" one.txt
	bkm-report --stored -q -f text -o dir/
	cmp one.txt dir/report.txt
	mkdir there
	bkm-report --stored -q -f text -o there
	cmp one.txt there/report.txt
	bkm-report --stored -q -f csv,json -f prometheus,json -o new/deep
	[ "$(listing new/deep)" = "report.csv report.json report.prom" ]
	bkm-report --stored -f text -o - >out.txt
	cmp one.txt out.txt
	echo '{"x":1}' | bkm-report -f text -o /dev/stdout >out.txt
	cmp one.txt out.txt
	bkm-report --stored -f text -o - -q | cmp - one.txt
}

@test "a file is replaced as a whole, through a link, with the permissions that umask leaves" {
	make_site
	mkdir real
	echo old >real/file
	chmod 600 real/file
	ln -s real/file link
	(umask 027 && bkm-report --stored -q -f text -o link)
	[ -L link ] && grep -q CRITICAL real/file
	[ "$(stat -c %a real/file)" = 640 ]
	[ "$(ls -A real)" = file ]
}

@test "what is no regular file is written to, never replaced" {
	make_site
	mkfifo pipe
	timeout 200 cat pipe >read.txt &
	bkm-report --stored -q -f text -o pipe
	wait $!
	grep -q CRITICAL read.txt
	[ -p pipe ]
	bkm-report --stored -q -f text -o /dev/null
	[ -c /dev/null ]
	echo before >out.txt
	bkm-report --stored -q -f text -o /dev/fd/5 5>>out.txt
	[ "$(head -n 1 out.txt)" = before ] && grep -q CRITICAL out.txt
}

@test "what cannot be written is said, and the rest is written" {
	make_site
	mkdir reports.d
	mkdir reports.d/report.csv
	run -3 --separate-stderr bkm-report --stored -f csv,text -o reports.d
	has "$stderr" "format 'csv': cannot write '$PWD/reports.d/report.csv': it is a directory"
	[ -f reports.d/report.txt ]
	[ "$(echo "$output" | of_kind error | jq -r '[.command, .path] | join(" ")')" = \
		"bkm-report $PWD/reports.d/report.csv" ]
	run -3 --separate-stderr bash -c 'bkm-report --stored -f text -o - >/dev/full'
	has "$stderr" "No space left on device"
	: >file
	run -3 --separate-stderr bkm-report --stored -f text -o file/x.txt
	has "$stderr" "format 'text': "
	has "$stderr" "Not a directory"
}

@test "unknown formats and wrong programs are refused before anything is written" {
	make_site
	run -2 --separate-stderr bkm-report --stored -f html,pdf
	has "$stderr" "unknown format 'pdf'; there are: csv, html, json, nagios, prometheus, text"
	[ -z "$output" ] && [ ! -e reports ]
	run -2 --separate-stderr bkm-report --stored -f ../lib/bkm
	has "$stderr" "unknown format"
	run -2 --separate-stderr bkm-report --stored -f html,csv -o -
	has "$stderr" "standard output takes one format, not 2"
	run -2 --separate-stderr bkm-report --stored --template none.jq
	has "$stderr" "none.jq"
	echo '{"a":' >bad.jq
	run -2 --separate-stderr bkm-report --stored --template bad.jq
	has "$stderr" "bad.jq"
	run -3 --separate-stderr bkm-report --stored -f text,nagios
	has "$stderr" "a check must be the only format"
	[ ! -e reports ] && [ "$(in_store "select count(*) from run where command = 'bkm-report'")" = 0 ]
}

@test "--template runs a program of your own, which may use ours" {
	make_site
	cat >weekly.md.jq <<'JQ'
include "bkm";
"# \(.app | named)", (.locations[] | "* \(.location | named): \(.grade | grade_word)")
JQ
	bkm-report --stored --template weekly.md.jq >records
	[ "$(of_kind report <records | jq -r '.format + " " + .path')" = "weekly.md $PWD/reports/weekly.md" ]
	[ "$(cat reports/weekly.md)" = "$(printf '%s\n' "# Backup Monitor" "* away: Critical" \
		"* late: Warning" "* failed: Good" "* good: Good")" ]
	[ "$(ls reports)" = weekly.md ]
	bkm-report --stored -q -f text --template weekly.md.jq -o both
	[ "$(listing both)" = "report.txt weekly.md" ]
	echo '"first", error("it \(1 + 1) broke")' >broken.jq
	run -3 --separate-stderr bkm-report --stored -q -f text --template broken.jq -o broken
	has "$stderr" "format 'broken': "
	has "$stderr" "it 2 broke"
	[ "$(ls broken)" = report.txt ]
}

@test "reporting.template goes beside reporting.formats, and the command line before both" {
	make_site
	echo '.host' >own.jq
	sed -i 's/^  formats: .*/  formats: [csv]\n  template: own.jq\n  output_directory: out/' config.yaml
	bkm-report --stored -q
	[ "$(listing out)" = "own report.csv" ]
	[ "$(cat out/own)" = "$(hostname)" ]
	bkm-report --stored -q -f text
	[ "$(listing out)" = "own report.csv report.txt" ]
	sed -i 's/formats: .*/formats: [html, pdf]/' config.yaml
	run -2 --separate-stderr bkm-report --stored -q
	has "$stderr" "unknown format 'pdf'"
}

@test "APP_NAME is the title" {
	make_site
	APP_NAME='Nightly <watch>' bkm-report --stored -q -f html,text,json -o out
	grep -q '<h1>Nightly &lt;watch&gt; ' out/report.html
	[[ $(head -n 1 out/report.txt) == "Nightly <watch> on "* ]]
	[ "$(jq -r .app out/report.json)" = 'Nightly <watch>' ]
}

@test "nagios: one line and the exit status of the grade, 3 for every trouble of our own" {
	make_site
	run -2 --separate-stderr bkm-report --stored -f nagios
	[[ $output == "BACKUP CRITICAL - 2 of 4 locations need attention: away: cannot be reached; late: no backup"* ]]
	[[ $output == *" | 'score'="* ]]
	run -1 --separate-stderr bkm-report -l late -f nagios </dev/null
	[[ $output == "BACKUP WARNING - "* ]]
	run -0 --separate-stderr bkm-report --stored -l good -f nagios
	[[ $output == "BACKUP OK - The only location is good | 'score'=100%;80:;50:;0;100 'good score'=100%;80:;50:;0;100 'good age'=3600s;;;0" ]]
	run -3 --separate-stderr bkm-report --stored -l nothere -f nagios
	run -3 --separate-stderr bkm-report --stored -f nagios,text
	run -3 --separate-stderr bash -c 'bkm-report --stored -f nagios >/dev/full'
	echo 'x' >>config.yaml
	run -3 --separate-stderr bkm-report --stored -f nagios
}

@test "nagios: nothing known is UNKNOWN" {
	write_config
	run -3 --separate-stderr bkm-report --stored -f nagios
	[[ $output == "BACKUP UNKNOWN - "*"db: has never been scanned"* ]]
}

@test "a location that was never scanned is unknown, not good" {
	write_config
	document >report.json
	jq -e '.overall.grade == "unknown" and .locations[0].grade == "unknown" and .locations[0].score == null' report.json
	jq -e '.attention[0] | .reason == "never_scanned" and .todo == "run bkm-scan"' report.json
	run -0 bkm-report --stored -f html -o -
	lacks "$output" "Good"
}

@test "a stage that died is told, until it runs well again" {
	make_site
	bkm-scan --follow -q 2>follow.log &
	eventually store_says 1 'select count(*) from run where ended is null'
	kill -9 $!
	wait $! || true
	document >report.json
	jq -e '.runs[] | select(.command == "bkm-scan") | .fate == "dead"' report.json
	jq -e '.attention[] | select(.reason == "stage_died") | .what == "bkm-scan died before its end"' report.json
	run -0 bkm-report --stored -f text -o -
	has "$output" "bkm-scan: died before its end"
	bkm-scan -q --exit-zero 2>scan.log
	document >report.json
	jq -e '.runs[] | select(.command == "bkm-scan") | .fate == "ended" and .exit == 0' report.json
	jq -e '[.attention[].reason] | index("stage_died") == null' report.json
}

@test "a stage that has not run for too long is told" {
	make_site
	BKM_NOW=2026-11-27T03:00:00Z document >report.json
	jq -e '.runs[] | select(.command == "bkm-scan") | .fate == "silent"' report.json
	jq -e '.attention[] | select(.reason == "stage_silent") | .what == "bkm-scan has not run for too long"' report.json
}

@test "yesterday's score stands beside today's" {
	make_site
	BKM_NOW=2026-11-22T03:30:00Z bkm-score --stored -q --exit-zero
	bkm-score --stored -q --exit-zero
	document >report.json
	jq -e '.locations[] | select(.location == "good") | .previous != null' report.json
}

@test "a verdict is never shown as more than the level it reached" {
	make_site
	bkm-verify --stored -l good --method size -q
	document -l good >report.json
	jq -e '.locations[0].recent[0].verification | .verdict == "pass" and .level == "metadata"' report.json
	run -0 bkm-report --stored -l good -f html -o -
	has "$output" "pass, metadata"
	lacks "$output" "pass, intact"
	bkm-verify --stored -l good -q
	run -0 bkm-report --stored -l good -f html -o -
	has "$output" "pass, intact"
	lacks "$output" "pass, metadata"
}

@test "a failed verification is the most urgent thing, with its reason and the one that passed" {
	make_site
	for night in 22 23; do
		head -c 20000 /dev/urandom | gzip -n >"good/db-2026-11-$night.gz"
		touch -d "2026-11-$night 02:00" "good/db-2026-11-$night.gz"
	done
	truncate -s 15000 good/db-2026-11-23.gz
	touch -d "2026-11-23 02:00" good/db-2026-11-23.gz
	bkm-scan -q --exit-zero 2>scan.log
	bkm-verify --stored -l good -q --exit-zero
	document -l good >report.json
	jq -e '.attention[0] | .severity == "critical" and .reason == "newest_verification_failed" and
		(.path | endswith("/good/db-2026-11-23.gz")) and .why == "the data ends before its own end" and
		(.todo | endswith("the one before it passed: db-2026-11-22.gz"))' report.json
	jq -e '.locations[0] | .grade == "critical" and .days[6].status == "failed"' report.json
}

@test "open alerts are listed" {
	make_site
	bkm-alert --stored -q >alerts.log 2>&1 || true
	document >report.json
	jq -e '[.alerts[] | select(.alert == "backup_failure") | .location] | unique == ["away", "failed", "late"]' report.json ||
		jq -e '[.alerts[].location] | index("away") != null' report.json
	jq -e 'all(.alerts[]; .opened and .severity and .fingerprint)' report.json
	run -0 bkm-report --stored -f html -o -
	has "$output" "Open alerts"
}

@test "hostile names are inert in every format" {
	mkdir a b
	cat >config.yaml <<'YAML'
database: {url: "sqlite:///bkm.db"}
backups:
  locations:
    - {name: "<script>alert(1)</script>", path: a, type: file}
    - {name: "=1+1", path: b, type: file}
YAML
	for name in '<script>alert(1)<' "x'\"&lt;" $'new\nline' $'bad\xffbyte' $'\u202eleft' '=1+1' \
		"$(printf 'x%.0s' {1..200})"; do
		echo content | gzip -n >"a/$name.gz"
		: >"b/$name.gz"
	done
	find . -name '*.gz' -exec touch -d "2026-11-22 02:00" {} +
	bkm-scan -q --exit-zero 2>scan.log
	bkm-report --stored -q -f html,csv,text,json,prometheus -o out
	python3 "$BKM_ROOT/tests/fixtures/report/page.py" out/report.html
	python3 -c '
import csv, json
json.load(open("out/report.json"))
for row in csv.reader(open("out/report.csv", newline="", encoding="utf-8"), strict=True):
    for cell in row:
        assert not cell or cell[0] not in "=+@\t\r\n", cell
assert max(map(len, open("out/report.txt", encoding="utf-8").read().split("\n"))) <= 80
'
	run ! grep -qP '[\x00-\x08\x0b-\x1f\x7f]' out/report.txt
}

@test "an interrupted or read-less report ends quietly" {
	make_site
	run -0 --separate-stderr bash -c 'bkm-report --stored -f text | head -n 1'
	has "$output" '"phase":"start"'
	[ -z "$stderr" ]
	run -0 --separate-stderr bash -c 'bkm-report --stored -f json -o - 2>err.txt | head -c 1; test ! -s err.txt'
}
