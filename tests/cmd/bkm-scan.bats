#!/usr/bin/env bats
# bkm-scan: states, reasons, series, generations, locations, options, exit status.
bats_require_minimum_version 1.5.0
load ../lib

setup() {
	bkm_setup
	export BKM_NOW=2026-11-23T12:00:00Z
}

# db_with: a configuration of one location, ./db, with the keys on standard input.
db_with() {
	write_config db
	cat >>config.yaml
}

# make NAME BYTES MTIME: a file of that size and time.
make() {
	mkdir -p "$(dirname "$1")"
	head -c "$2" /dev/zero >"$1"
	aged "$1" "$3"
}

# nights DIR PREFIX FIRST LAST [BYTES]: one file of 02:00 for each day of November 2026.
nights() {
	local day
	for day in $(seq -w "$3" "$4"); do
		make "$1/$2-2026-11-$day.sql.gz" "${5:-10000}" "2026-11-${day}T02:00:00Z"
	done
}

# scan [OPTION...]: the records of a run that may find something, in $output.
scan() {
	run --separate-stderr bkm-scan "$@"
	[ "$status" -le 1 ] || fail "bkm-scan failed"
}

# line NAME: the backup record of a base name, as "state status latest new reasons".
line() {
	jq -r --arg n "/$1" 'select(.kind == "backup" and (.path | endswith($n))) |
		"\(.state) \(.status) \(.latest) \(.new) \(.reasons | join(","))"' <<<"$output"
}

# one KIND JQ: an expression over the one record of that kind.
one() {
	jq -r --arg k "$1" "select(.kind == \$k) | $2" <<<"$output"
}

@test "a first scan: complete backups, the newest is latest, everything is new" {
	write_config db
	nights db app 20 22
	scan
	expect 0
	[ "$(line app-2026-11-22.sql.gz)" = "complete ok true true " ]
	[ "$(line app-2026-11-21.sql.gz)" = "complete ok false true " ]
	[ "$(one location '"\(.status) \(.backups) \(.bytes) \(.type)"')" = "ok 3 30000 file" ]
	[ "$(one series '"\(.series) \(.count) \(.bytes) \(.newest.path[-22:]) \(.previous.size)"')" = \
		"app-*.sql.gz 3 30000 /app-2026-11-22.sql.gz 10000" ]
	[ "$(jq -r 'select(.kind == "location") | .free_bytes > 0' <<<"$output")" = true ]
}

@test "a second scan: nothing is new, ids stay" {
	write_config db
	nights db app 20 22
	scan
	ids=$(one backup .id)
	scan
	[ "$(line app-2026-11-22.sql.gz)" = "complete ok true false " ]
	[ "$(one backup .id)" = "$ids" ]
}

@test "--changed prints only what changed, series and location always" {
	write_config db
	nights db app 20 22
	scan
	scan --changed
	[ -z "$(one backup .id)" ]
	[ "$(one location .status)" = ok ]
	nights db app 23 23
	scan --changed
	[ "$(one backup .path | wc -l)" -eq 1 ]
	[ "$(line app-2026-11-23.sql.gz)" = "complete ok true true " ]
}

@test "growing until it has settled, then complete" {
	write_config db
	make db/x.tar 100 2026-11-23T11:58:00Z
	scan
	expect 0
	[ "$(line x.tar)" = "growing ok false true " ]
	BKM_NOW=2026-11-23T12:04:00Z scan
	[ "$(line x.tar)" = "complete ok true false " ]
}

@test "a growing file that changes goes on growing, as the same backup" {
	write_config db
	make db/x.tar 100 2026-11-23T11:58:00Z
	scan
	id=$(one backup .id)
	make db/x.tar 200 2026-11-23T12:03:00Z
	BKM_NOW=2026-11-23T12:04:00Z scan
	[ "$(line x.tar)" = "growing ok false false " ]
	[ "$(one backup '"\(.id) \(.size)"')" = "$id 200" ]
	BKM_NOW=2026-11-23T12:08:59Z scan
	[ "$(line x.tar)" = "growing ok false false " ]
	BKM_NOW=2026-11-23T12:09:00Z scan
	[ "$(line x.tar)" = "complete ok true false " ]
}

@test "a change under an old mtime is seen, and must settle too" {
	write_config db
	make db/x.tar 100 2026-11-23T11:58:00Z
	scan
	make db/x.tar 200 2026-11-23T01:00:00Z
	BKM_NOW=2026-11-23T12:01:00Z scan
	[ "$(line x.tar)" = "growing ok false false " ]
	BKM_NOW=2026-11-23T12:02:00Z scan
	[ "$(line x.tar)" = "growing ok false false " ]
	BKM_NOW=2026-11-23T12:06:00Z scan
	[ "$(line x.tar)" = "complete ok true false " ]
}

@test "--settle: 0s completes at once, a longer time waits" {
	write_config db
	make db/x.tar 100 2026-11-23T12:00:00Z
	scan --settle 0s
	[ "$(line x.tar)" = "complete ok true true " ]
	make db/y.tar 100 2026-11-23T11:30:00Z
	scan --settle 1h
	[ "$(line y.tar)" = "growing ok false true " ]
}

@test "a partial name grows, stalls after twice the settle time, and is followed when renamed" {
	write_config db
	nights db app 20 22
	make db/app-2026-11-23.sql.gz.part 500 2026-11-23T11:55:00Z
	scan
	[ "$(line app-2026-11-23.sql.gz.part)" = "growing ok false true partial_name" ]
	[ "$(one series .series)" = 'app-*.sql.gz' ]
	[ "$(line app-2026-11-22.sql.gz)" = "complete ok true true " ]
	id=$(jq 'select(.path? // "" | endswith(".part")) | .id' <<<"$output")
	BKM_NOW=2026-11-23T12:06:00Z scan
	expect 1
	[ "$(line app-2026-11-23.sql.gz.part)" = "stalled failed false false partial_name,stalled" ]
	mv db/app-2026-11-23.sql.gz.part db/app-2026-11-23.sql.gz
	BKM_NOW=2026-11-23T12:07:00Z scan
	expect 0
	[ "$(line app-2026-11-23.sql.gz)" = "complete ok true false " ]
	[ "$(jq 'select(.path? // "" | endswith("-23.sql.gz")) | .id' <<<"$output")" = "$id" ]
}

@test "--settle 0s leaves the unfinished files of other jobs alone" {
	write_config db
	make db/other.tmp 10 2026-11-23T11:59:00Z
	scan --settle 0s
	expect 0
	[ "$(line other.tmp)" = "growing ok false true partial_name" ]
}

@test "an empty backup is a failure and never the latest" {
	write_config db
	nights db app 20 22
	make db/app-2026-11-23.sql.gz 0 2026-11-23T02:00:00Z
	scan
	expect 1
	[ "$(line app-2026-11-23.sql.gz)" = "stalled failed false true empty" ]
	[ "$(line app-2026-11-22.sql.gz)" = "complete ok true true " ]
	[ "$(one location '"\(.status) \(.reasons | join(","))"')" = "degraded backup_failed" ]
}

@test "min_size, of the location and of a series rule" {
	db_with <<-'Y'
	      min_size: 1000
	      series:
	        - match: '^small'
	          min_size: 10
	Y
	make db/small.txt 50 2026-11-22
	make db/large.txt 50 2026-11-22
	scan
	expect 1
	[ "$(line small.txt)" = "complete ok true true " ]
	[ "$(line large.txt)" = "complete failed false true too_small" ]
}

@test "an mtime in the future is a finding, keeps nothing fresh, and passes" {
	write_config db
	make db/x.tar 100 2026-11-23T15:00:00Z
	scan
	expect 1
	[ "$(line x.tar)" = "growing ok false true future_mtime" ]
	BKM_NOW=2026-11-23T12:06:00Z scan
	[ "$(line x.tar)" = "complete ok true false future_mtime" ]
	[ "$(in_store "SELECT datetime(time, 'unixepoch') FROM backup")" = "2026-11-23 12:00:00" ]
	BKM_NOW=2026-11-23T16:00:00Z scan
	expect 0
	[ "$(line x.tar)" = "complete ok true false " ]
}

@test "an overwritten path is a new generation, the old one is expired" {
	write_config db
	make db/x.tar 100 2026-11-22T02:00:00Z
	scan
	id=$(one backup .id)
	make db/x.tar 110 2026-11-23T02:00:00Z
	scan
	[ "$(jq -r 'select(.kind == "backup") | "\(.size) \(.state) \(.new)"' <<<"$output")" = \
		$'110 complete true\n100 expired false' ]
	[ "$(jq -r 'select(.state? == "expired") | .id' <<<"$output")" = "$id" ]
	scan
	[ "$(one backup .size)" = 110 ]
	[ "$(in_store 'SELECT count(*), sum(live) FROM backup')" = "2|1" ]
}

@test "logrotate's renames make no new backups" {
	write_config db
	make db/x.sql.gz.1 100 2026-11-21T02:00:00Z
	make db/x.sql.gz 110 2026-11-22T02:00:00Z
	scan
	before=$(jq -c 'select(.kind == "backup") | [.size, .id]' <<<"$output" | sort)
	mv db/x.sql.gz.1 db/x.sql.gz.2
	mv db/x.sql.gz db/x.sql.gz.1
	make db/x.sql.gz 120 2026-11-23T02:00:00Z
	scan --changed
	after=$(jq -c 'select(.kind == "backup" and .size < 120) | [.size, .id]' <<<"$output" | sort)
	[ "$after" = "$before" ]
	[ "$(line x.sql.gz)" = "complete ok true true " ]
	[ "$(in_store 'SELECT count(*), sum(live) FROM backup')" = "3|3" ]
}

@test "a moved directory keeps its backups" {
	write_config db
	nights db/old app 20 22
	scan
	ids=$(one backup .id | sort)
	mv db/old db/new
	scan
	[ "$(one backup .id | sort)" = "$ids" ]
	[ "$(in_store 'SELECT count(*) FROM backup')" = 3 ]
}

@test "gone without retention_days is expired, and no finding" {
	write_config db
	nights db app 15 22
	scan
	rm db/app-2026-11-22.sql.gz
	scan
	expect 0
	[ "$(line app-2026-11-22.sql.gz)" = "expired ok false false " ]
	scan
	[ -z "$(line app-2026-11-22.sql.gz)" ]
}

@test "gone before its retention is vanished, a finding until it is over" {
	db_with <<<'      retention_days: 30'
	nights db app 15 22
	scan
	rm db/app-2026-11-22.sql.gz
	scan
	expect 1
	[ "$(line app-2026-11-22.sql.gz)" = "vanished failed false false vanished" ]
	[ "$(one location '.reasons | join(",")')" = vanished ]
	scan
	expect 1
	[ "$(line app-2026-11-22.sql.gz)" = "vanished failed false false vanished" ]
	BKM_NOW=2026-12-23T12:00:00Z scan
	expect 0
}

@test "rotation that replaces one by one is no finding, whatever the retention" {
	db_with <<<'      retention_days: 30'
	nights db app 15 21
	scan
	rm db/app-2026-11-15.sql.gz
	nights db app 22 22
	scan
	expect 0
	[ "$(line app-2026-11-15.sql.gz)" = "vanished ok false false " ]
}

@test "gone after its retention is expired" {
	db_with <<<'      retention_days: 5'
	nights db app 10 22
	scan
	rm db/app-2026-11-1[0-7].sql.gz
	scan
	expect 0
	[ "$(line app-2026-11-10.sql.gz)" = "expired ok false false " ]
}

@test "deleting a failed backup is never a failure" {
	db_with <<<'      retention_days: 30'
	nights db app 20 22
	make db/app-2026-11-23.sql.gz 0 2026-11-23T02:00:00Z
	scan
	expect 1
	rm db/app-2026-11-23.sql.gz
	scan
	expect 0
	[ "$(line app-2026-11-23.sql.gz)" = "expired ok false false " ]
}

@test "everything gone at once: unreachable, nothing vanishes, and it comes back" {
	db_with <<<'      retention_days: 30'
	nights db app 20 22
	scan
	mkdir away && mv db/* away/
	scan
	expect 1
	[ "$(one location '"\(.status) \(.reasons | join(","))"')" = "unreachable all_gone" ]
	has "$stderr" "is it mounted?"
	[ "$(in_store "SELECT count(*) FROM backup WHERE live = 1")" = 3 ]
	mv away/* db/
	scan --changed
	expect 0
	[ -z "$(one backup .id)" ]
}

@test "another file system in its place: unreachable until it is accepted" {
	write_config db
	nights db app 20 22
	scan
	in_store "UPDATE location SET device = 'fsid:elsewhere'"
	scan
	expect 0
	in_store "UPDATE location SET device = 'fsid:elsewhere'"
	mkdir away && mv db/* away/
	make db/stray.tar 10 2026-11-22
	scan
	expect 1
	[ "$(one location '"\(.status) \(.reasons | join(","))"')" = "unreachable identity_changed" ]
	has "$stderr" "--accept-identity"
	[ "$(in_store "SELECT count(*) FROM backup WHERE live = 1")" = 3 ]
	scan --accept-identity
	[ "$(one location .status)" = ok ]
	[ "$(line stray.tar)" = "complete ok true true " ]
}

@test "an empty location is a finding" {
	write_config db
	scan
	expect 1
	[ "$(one location '"\(.status) \(.reasons | join(","))"')" = "empty empty" ]
	run bkm-scan --exit-zero
	expect 0
}

@test "a location that does not exist, or is no directory" {
	write_config db web
	rmdir db web
	touch web
	scan
	expect 1
	has "$stderr" "backup location does not exist: '$PWD/db'"
	has "$stderr" "cannot open backup location '$PWD/web': Not a directory"
	[ "$(one location '"\(.location) \(.status) \(.reasons | join(","))"')" = \
		$'db unreachable not_found\nweb unreachable not_a_directory' ]
}

@test "a size far from the series' own history is a warning, not a failure" {
	write_config db
	nights db app 10 21
	nights db big 10 21
	make db/app-2026-11-22.sql.gz 3000 2026-11-22T02:00:00Z
	make db/big-2026-11-22.sql.gz 30000 2026-11-22T02:00:00Z
	scan
	expect 0
	[ "$(line app-2026-11-22.sql.gz)" = "complete ok true true size_dropped" ]
	[ "$(line big-2026-11-22.sql.gz)" = "complete ok true true size_grew" ]
	[ "$(line app-2026-11-21.sql.gz)" = "complete ok false true " ]
}

@test "a size is compared with the generations of an overwritten path, too" {
	write_config db
	for day in 15 16 17 18 19 20; do
		make db/app.tar 10000 "2026-11-${day}T02:00:00Z"
		BKM_NOW=2026-11-${day}T12:00:00Z scan
	done
	make db/app.tar 100 2026-11-21T02:00:00Z
	scan
	[ "$(jq -r 'select(.size? == 100) | .reasons[0]' <<<"$output")" = size_dropped ]
}

@test "fewer than five generations, or a difference within the floors: nothing is said" {
	write_config db
	nights db app 18 21
	make db/app-2026-11-22.sql.gz 100 2026-11-22T02:00:00Z
	nights db tiny 10 21 300
	make db/tiny-2026-11-22.sql.gz 20 2026-11-22T02:00:00Z
	scan
	[ "$(one backup '.reasons | length' | sort -u)" = 0 ]
}

@test "a backup that grew under our eyes and stopped far below its series has stalled" {
	write_config db
	nights db app 10 21
	make db/app-2026-11-23.sql.gz 100 2026-11-23T11:59:00Z
	scan
	make db/app-2026-11-23.sql.gz 900 2026-11-23T12:01:00Z
	BKM_NOW=2026-11-23T12:02:00Z scan
	BKM_NOW=2026-11-23T12:10:00Z scan
	expect 1
	[ "$(line app-2026-11-23.sql.gz)" = "stalled failed false false stalled,size_dropped" ]
	[ "$(line app-2026-11-21.sql.gz)" = "complete ok true false " ]
	BKM_NOW=2026-11-23T12:20:00Z scan --changed
	[ -z "$(one backup .id)" ]
}

@test "series: late and missing are findings, a growing backup holds it at due" {
	db_with <<<'      schedule: daily'
	nights db app 15 22
	scan
	expect 1
	[ "$(one series '"\(.status) \(.due)"')" = "late 2026-11-23T02:00:00Z" ]
	[ "$(one location '"\(.status) \(.reasons | join(",")) \(.series.late)"')" = \
		"degraded series_late 1" ]
	make db/app-2026-11-23.sql.gz 100 2026-11-23T11:59:00Z
	scan
	expect 0
	[ "$(one series '"\(.status) \(.reasons | join(","))"')" = "due growing" ]
	rm db/app-2026-11-23.sql.gz
	BKM_NOW=2026-11-24T12:00:00Z scan
	expect 1
	[ "$(one series .status)" = missing ]
	[ "$(one location '.reasons | join(",")')" = series_missing ]
}

@test "one of several series that stops is found; an ignored one is not" {
	db_with <<-'Y'
	      schedule: daily
	      series:
	        - match: '^old'
	          ignore: true
	Y
	nights db app 15 23
	nights db web 15 21
	nights db old 1 5
	scan
	expect 1
	[ "$(one series '"\(.series) \(.status)"')" = \
		$'app-*.sql.gz fresh\nold-*.sql.gz unscheduled\nweb-*.sql.gz missing' ]
}

@test "manifests, sidecars and logs are no backups; partial names are none yet" {
	write_config db
	make db/a.tar 10 2026-11-22
	for f in a.tar.sha256 a.tar.md5 a.tar.asc a.tar.sig SHA256SUMS MD5SUMS job.log README README.md; do
		make "db/$f" 10 2026-11-22
	done
	scan
	[ "$(one backup .path)" = "$PWD/db/a.tar" ]
}

@test "include and exclude work on the path and on the base name, and prune directories" {
	db_with <<-'Y'
	      include: ['*.tar', 'keep/*']
	      exclude: ['tmp', '*-old.tar', 'keep/not*']
	Y
	for f in a.tar b.zip a-old.tar tmp/c.tar sub/d.tar keep/e.bin keep/not.bin; do
		make "db/$f" 10 2026-11-22
	done
	scan
	[ "$(one backup .path | sort)" = "$PWD/db/a.tar
$PWD/db/keep/e.bin
$PWD/db/sub/d.tar" ]
}

@test "unit: directory: each directory is one backup, its content its identity" {
	db_with <<<'      unit: directory'
	for day in 21 22; do
		make "db/snap-2026-11-$day/a" 100 "2026-11-${day}T02:00:00Z"
		make "db/snap-2026-11-$day/sub/b" 50 "2026-11-${day}T03:00:00Z"
		find "db/snap-2026-11-$day" -type d -exec touch -d "2026-11-${day}T02:00:00Z" {} +
	done
	make db/stray 10 2026-11-22
	scan
	expect 0
	[ "$(one backup '"\(.path[-15:]) \(.size) \(.mtime) \(.state)"')" = \
		"snap-2026-11-21 150 2026-11-21T03:00:00Z complete
snap-2026-11-22 150 2026-11-22T03:00:00Z complete" ]
	[ "$(one series '"\(.series) \(.count)"')" = 'snap-* 2' ]
	scan --changed
	[ -z "$(one backup .id)" ]
	# The same size and time, other content: another generation.
	mv db/snap-2026-11-22/a db/snap-2026-11-22/c
	touch -d 2026-11-22T02:00:00Z db/snap-2026-11-22
	scan --changed
	[ "$(one backup .state)" = $'complete\nexpired' ]
	rm -r db/snap-2026-11-21
	mkdir db/snap-2026-11-23
	touch -d 2026-11-23T02:00:00Z db/snap-2026-11-23
	scan
	expect 1
	[ "$(line snap-2026-11-23)" = "stalled failed false true empty" ]
	[ "$(line snap-2026-11-21)" = "expired ok false false " ]
}

@test "only the selected locations are scanned; an unknown one is wrong usage" {
	write_config db web
	make db/a.tar 10 2026-11-22
	make web/b.tar 10 2026-11-22
	scan -l web
	[ "$(one location .location)" = web ]
	[ "$(one backup .path)" = "$PWD/web/b.tar" ]
	scan
	id=$(jq 'select(.kind == "location" and .location == "db") | .id' <<<"$output")
	scan --location-id "$id"
	[ "$(one location .location)" = db ]
	run --separate-stderr bkm-scan -l nowhere
	expect 2
}

@test "--days and --where choose which backups are printed, not what is found" {
	write_config db
	nights db app 10 22
	make db/app-2026-11-09.sql.gz 0 2026-11-09
	scan --days 3
	expect 1
	[ "$(one backup .path | wc -l)" -eq 2 ]
	scan --where '.latest'
	[ "$(one backup .path)" = "$PWD/db/app-2026-11-22.sql.gz" ]
}

@test "--check-config says ok, or everything that is wrong, and touches nothing" {
	write_config db
	run bkm-scan --check-config
	expect 0
	has "$output" "config.yaml: ok, 1 location"
	[ ! -e bkm.db ]
	printf '      sheduel: daily\n      settle: never\n' >>config.yaml
	run --separate-stderr bkm-scan --check-config
	expect 2
	has "$stderr" "schedule"
	has "$stderr" "settle"
	[ ! -e bkm.db ]
}

@test "--check-config finds what only another command would use" {
	write_config db
	cp config.yaml good
	printf 'verification:\n  algorithm: sha257\n' >>config.yaml
	run --separate-stderr bkm-scan --check-config
	expect 2
	has "$stderr" "unknown digest 'sha257'"
	cp good config.yaml
	printf 'alerts:\n  rules:\n    - match: ".a |"\n' >>config.yaml
	run --separate-stderr bkm-scan --check-config
	expect 2
	has "$stderr" "alerts.rules[0].match"
}

@test "--check-config knows formats and handlers, and warns of what is not there" {
	write_config db
	cat >>config.yaml <<-'E'
	      restore: {command: [./judge], compare: gone}
	    - {name: inner, path: db/app}
	    - {name: file, path: config.yaml, decrypt: {command: [no-such-program]}}
	logging: {file: logs/bkm.log}
	E
	mkdir -p db/app
	run --separate-stderr bkm-scan --check-config
	expect 0
	has "$output" "ok, 3 locations, 6 warnings"
	has "$stderr" "restore.command of 'db': there is no program '$PWD/judge'"
	has "$stderr" "decrypt.command of 'file': there is no program 'no-such-program'"
	has "$stderr" "restore.compare does not exist: '$PWD/gone'"
	has "$stderr" "location 'inner' lies in 'db': what is there counts twice"
	has "$stderr" "backup location is not a directory: '$PWD/config.yaml'"
	has "$stderr" "there is no directory for the log file: '$PWD/logs/bkm.log'"
	[ ! -e logs ]
	cp config.yaml good
	for bad in 'reporting: {formats: [htlm]}' 'reporting: {template: none.jq}'; do
		(cat good && echo "$bad") >config.yaml
		run --separate-stderr bkm-scan --check-config
		expect 2
	done
	sed 's/command: .*judge.,/handler: zipp,/' good >config.yaml
	run --separate-stderr bkm-scan --check-config
	expect 2
	has "$stderr" "unknown restore.handler 'zipp'"
	sed 's/path: db\/app/path: ~\/db/' good >config.yaml
	run --separate-stderr bkm-scan --check-config
	expect 2
	has "$stderr" "only a shell knows '~'; write \${HOME}/db"
	sed 's/path: db\/app/path: ./' good >config.yaml
	run --separate-stderr bkm-scan --check-config
	expect 0
	has "$stderr" "the store lies in location 'inner'"
}

@test "a configuration without a location is refused: looking at nothing finds nothing" {
	: >config.yaml
	for option in -q --check-config --stored; do
		run --separate-stderr bkm-scan $option
		expect 2
		has "$stderr" "names no location"
	done
}

@test "--follow and --stored exclude each other" {
	write_config db
	run --separate-stderr bkm-scan --follow --stored
	expect 2
	has "$stderr" "'--follow' and '--stored' exclude each other"
}

@test "a repository without its key is unreachable" {
	write_config db
	sed -i 's/type: file/type: restic/' config.yaml
	run --separate-stderr bkm-scan
	expect 1
	has "$stderr" "cannot list repository"
	[ "$(one location '"\(.status) \(.reasons | join(","))"')" = "unreachable password" ]
}

@test "--wait stays until what grows has settled, and no longer than MAX" {
	unset BKM_NOW
	write_config db
	echo x >db/x.tar
	scan --settle 1s --wait
	[ "$(line x.tar)" = "complete ok true true " ] || [ "$(line x.tar)" = "complete ok true false " ]
	echo y >db/y.tar
	scan --settle 1h --wait=1s
	[ "$(line y.tar)" = "growing ok false false " ] || [ "$(line y.tar)" = "growing ok false true " ]
}

@test "the run records count what was new, changed and gone" {
	write_config db
	nights db app 20 22
	scan
	[ "$(jq -c 'select(.phase? == "end") | [.counts.new, .counts.changed, .counts.gone, .out]' \
		<<<"$output")" = "[3,0,0,5]" ]
}

@test "a schedule in a location without backups: the series is not there, the location is empty" {
	db_with <<<'      schedule: daily'
	scan
	expect 1
	[ "$(one location .status)" = empty ]
	[ -z "$(one series .series)" ]
}

@test "--stored prints what is known without looking" {
	write_config db
	nights db app 20 22
	scan
	records='select(.kind != "run") | del(.new) | del(.free_bytes)'
	want=$(jq -cS "$records" <<<"$output")
	rm -r db
	scan --stored
	[ "$(jq -cS "$records" <<<"$output")" = "$want" ]
	expect 0
	run --separate-stderr bkm-scan --stored --follow
	[ "$status" -ge 2 ]
}

@test "many changes are written while somebody else writes all the time" {
	write_config db
	for d in $(seq 60); do
		mkdir "db/$d"
		(cd "db/$d" && seq 1 200 | while read -r i; do echo x >"f$i-2026-11-20.sql"; done)
	done
	bkm-scan -q || [ $? -le 1 ]
	find db -type f -exec sh -c 'for f; do echo yy >"$f"; done' sh {} +
	python3 - <<-'EOF' 3>&- &
		import sqlite3
		db = sqlite3.connect("bkm.db", timeout=0, isolation_level=None)
		while True:
		    try:
		        db.execute("UPDATE store_info SET value = value WHERE key = 'busy'")
		        db.execute("INSERT OR REPLACE INTO store_info VALUES ('busy', hex(randomblob(8)))")
		    except sqlite3.OperationalError:
		        pass
	EOF
	writer=$!
	run bkm-scan -q
	kill "$writer"
	wait "$writer" 2>/dev/null || true
	[ "$status" -le 1 ] || fail "the scan did not end well"
	[ "$(in_store 'select count(*) from backup where live = 1 and size = 3')" -eq 12000 ]
}
