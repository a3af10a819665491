#!/usr/bin/env bats
# What came out of a backup, by digest and beside the live files: the same, changed since, or wrong.

bats_require_minimum_version 1.5.0
load ../lib

setup() {
	bkm_setup
	mkdir scratch live
	export TMPDIR=$PWD/scratch
}

teardown() {
	cd "$BATS_TEST_TMPDIR" || return 1
	[ -z "$(ls -A scratch)" ] || fail "left behind: $(ls -A scratch)"
}

restore_of() {
	jq -c "select(.kind == \"backup\") | .restore | $1"
}

# A file's ctime cannot be set, so the backups here are of the day after tomorrow, and bkm's clock later still:
# then nothing was changed after the backup.
live_tree() {
	mkdir -p live/a live/b/c
	seq 1 100 >live/a/numbers
	echo one >live/a/one
	echo two >live/b/two
	echo three >live/b/c/three
	ln -s one live/a/link
	find live -exec touch -h -d '10 days ago' {} +
}

# backup [TAR ARG...]: a backup of live, dated in two days from now, so that nothing was changed after it.
backup() {
	tar -C live -czf db/live.tar.gz "$@" .
	touch -d '2 days' db/live.tar.gz
}

# demand YAML...: the location with these lines under restore:, tested in three days from now.
demand() {
	write_config db
	printf '      restore:\n        compare: live\n' >>config.yaml
	printf '        %s\n' "$@" >>config.yaml
	BKM_NOW=$(date -u -d '3 days' +%FT%TZ) bkm-scan -q
	BKM_NOW=$(date -u -d '3 days' +%FT%TZ) run --separate-stderr bkm-restore --stored --force
}

compare_check() {
	restore_of '.checks[] | select(.check == "compare") | .verdict' <<<"$output"
}

@test "what is the same passes, and says how much was compared" {
	mkdir db
	live_tree
	backup
	demand
	expect 0
	[ "$(compare_check)" = '"pass"' ]
	[ "$(restore_of '.compared | [.same, .differing, .changed_since, .last, .round_done]' <<<"$output")" = \
		'[5,0,0,"b/two",true]' ] || fail compared
	[ "$(in_store 'SELECT same, last, round_done FROM compared')" = "5|b/two|1" ]
}

@test "files that changed since the backup are expected to differ" {
	mkdir db
	live_tree
	backup
	touch -d '1 hour ago' db/live.tar.gz
	echo changed >live/a/one
	rm live/b/two
	echo new >live/b/new
	mkdir live/newer
	echo new >live/newer/file
	write_config db
	printf '      restore:\n        compare: live\n' >>config.yaml
	bkm-scan -q
	run --separate-stderr bkm-restore --stored --force
	expect 0
	[ "$(restore_of '.compared | [.same, .differing, .changed_since]' <<<"$output")" = '[3,0,4]' ]
}

@test "old content in the backup fails, and the file is named" {
	mkdir db
	live_tree
	backup
	seq 2 101 >live/a/numbers
	touch -d '9 days ago' live/a/numbers
	demand
	expect 1
	[ "$(restore_of '[.verdict, .reason, .message]' <<<"$output")" = \
		'["fail","differs","1 of 5 files: content a/numbers"]' ]
	[ "$(restore_of .compared.files <<<"$output")" = '[{"difference":"content","path":"a/numbers"}]' ]
}

@test "zeroes in place of the content fail, whatever the live file went through since" {
	mkdir db zeroed
	live_tree
	cp -a live/. zeroed
	head -c "$(stat -c %s live/a/numbers)" /dev/zero >zeroed/a/numbers
	touch -r live/a/numbers zeroed/a/numbers
	tar -C zeroed -czf db/live.tar.gz .
	touch -d '1 hour ago' db/live.tar.gz
	chmod 600 live/a/numbers
	write_config db
	printf '      restore:\n        compare: live\n' >>config.yaml
	bkm-scan -q
	run --separate-stderr bkm-restore --stored --force
	expect 1
	[ "$(restore_of '[.reason, .compared.differing, .compared.files[0].path]' <<<"$output")" = '["differs",1,"a/numbers"]' ]
}

@test "a subtree that the backup lacks fails; left out on purpose it does not" {
	mkdir db
	live_tree
	backup --exclude=./b
	demand
	expect 1
	[ "$(restore_of '[.compared.files[] | [.difference, .path]]' <<<"$output")" = \
		'[["missing","b/c/three"],["missing","b/two"]]' ]
	demand 'compare_exclude: [b]'
	expect 0
	[ "$(restore_of .compared.same <<<"$output")" = 3 ]
}

@test "what the backup has beside the live files, and a link in place of a file" {
	mkdir db
	live_tree
	echo extra >live/a/extra
	backup
	rm live/a/extra live/a/one
	ln -s /etc/passwd live/a/one
	find live -exec touch -h -d '10 days ago' {} +
	demand
	expect 1
	[ "$(restore_of '[.compared.files[] | [.difference, .path]]' <<<"$output")" = '[["extra","a/extra"],["kind","a/one"]]' ]
}

@test "the tolerance is a share of what was compared" {
	mkdir db
	live_tree
	backup
	echo other >live/a/one
	touch -d '9 days ago' live/a/one
	demand 'compare_tolerance: 0.2'
	expect 0
	[ "$(restore_of '.checks[] | select(.check == "compare") | [.verdict, .expected, .actual]' <<<"$output")" = '["pass",1,1]' ]
	demand 'compare_tolerance: 0.19'
	expect 1
}

@test "every file has its turn, and one that failed is looked at again" {
	mkdir db
	live_tree
	backup
	for last in a/numbers b/c/three a/link; do
		demand 'compare_sample: 2'
		expect 0
		[ "$(restore_of .compared.last <<<"$output")" = "\"$last\"" ] || fail "$last"
	done
	[ "$(in_store 'SELECT sum(round_done), sum(same) FROM compared')" = "0|6" ]
	echo other >live/a/one
	touch -d '9 days ago' live/a/one
	for _ in 1 2; do
		demand 'compare_sample: 2'
		expect 1
		[ "$(restore_of '[.compared.files[0].path, .compared.last]' <<<"$output")" = '["a/one","a/one"]' ]
	done
	echo one >live/a/one
	touch -d '10 days ago' live/a/one
	demand 'compare_sample: 2'
	expect 0
	demand 'compare_sample: 99'
	[ "$(restore_of '[.compared.same, .compared.round_done]' <<<"$output")" = '[5,true]' ]
}

@test "links of the live tree are not followed, FIFOs not opened, nothing is written" {
	mkdir db outside
	live_tree
	backup
	echo secret >outside/file
	ln -s "$PWD/outside" live/out
	mkfifo live/fifo
	find live -exec touch -h -d '10 days ago' {} +
	before=$(find live outside -type f -printf '%p %A@ %T@ %C@ %m\n' | sort)
	demand 'compare_tolerance: 0.5'
	expect 0
	[ "$(restore_of '[.compared.files[] | [.difference, .path]]' <<<"$output")" = '[["missing","out"]]' ]
	[ "$(find live outside -type f -printf '%p %A@ %T@ %C@ %m\n' | sort)" = "$before" ]
}

@test "a directory that is not there is an error; when all has changed nothing is promised" {
	mkdir db
	live_tree
	backup
	rm -r live
	demand
	expect 3
	[ "$(restore_of '[.verdict, .reason]' <<<"$output")" = '["error","handler"]' ]
	has "$stderr" "restore.compare cannot be opened"
	mkdir live
	live_tree
	touch -d '1 hour ago' db/live.tar.gz
	find live -type f -exec sh -c 'echo >>"$1"' - {} \;
	rm live/a/link
	write_config db
	printf '      restore:\n        compare: live\n' >>config.yaml
	bkm-scan -q
	run --separate-stderr bkm-restore --stored --force
	expect 0
	[ "$(compare_check)" = '"skip"' ]
	[ "$(restore_of .warnings <<<"$output")" = '["not_looked_into"]' ]
}

@test "a database is no tree to compare" {
	mkdir db
	sqlite3 db/a.sqlite 'CREATE TABLE t(a)'
	touch -d '2 days' db/a.sqlite
	demand "sha256: [{member: a, sum: $(printf %064d 0)}]"
	expect 0
	[ "$(restore_of '[.checks[] | select(.verdict == "skip") | .check]' <<<"$output")" = '["compare","sha256"]' ]
	[ "$(restore_of .warnings <<<"$output")" = '["not_looked_into"]' ]
}

@test "sha256 of members" {
	mkdir db
	live_tree
	backup
	sum=$(sha256sum live/b/two | cut -c1-64)
	write_config db
	printf '      restore:\n        sha256:\n' >>config.yaml
	cp config.yaml base
	printf '          - {member: ./b/two, sum: %s}\n          - {member: b//two, sum: %s}\n' "$sum" "${sum^^}" >>config.yaml
	export BKM_NOW
	BKM_NOW=$(date -u -d '3 days' +%FT%TZ)
	bkm-scan -q
	run --separate-stderr bkm-restore --stored --force
	expect 0
	[ "$(restore_of '[.checks[] | select(.check == "sha256") | [.verdict, .actual]]' <<<"$output")" = \
		"[[\"pass\",\"$sum\"],[\"pass\",\"$sum\"]]" ]
	cp base config.yaml
	printf '          - {member: a/one, sum: %s}\n' "$sum" >>config.yaml
	run --separate-stderr bkm-restore --stored --force
	expect 1
	[ "$(restore_of '[.reason, .message]' <<<"$output")" = '["assertion","another content: a/one"]' ]
	for name in a/none a/link a ../db/live.tar.gz; do
		cp base config.yaml
		printf '          - {member: %s, sum: %s}\n' "$name" "$sum" >>config.yaml
		run --separate-stderr bkm-restore --stored --force
		expect 1
		has "$(restore_of .message <<<"$output")" "no such file: $name"
	done
	cp base config.yaml
	printf '          - {member: a, sum: 12}\n' >>config.yaml
	run --separate-stderr bkm-restore --stored --force
	expect 2
	has "$stderr" "must be 64 hex digits"
}
