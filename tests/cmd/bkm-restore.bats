#!/usr/bin/env bats
# bkm-restore: what is due, what is asked for, what is answered, and what is left behind.

bats_require_minimum_version 1.5.0
load ../lib

setup() {
	bkm_setup
	mkdir scratch
	export TMPDIR=$PWD/scratch
}

teardown() {
	[ -z "${place-}" ] || rm -rf "$place"
	cd "$BATS_TEST_TMPDIR" || return 1
	# Whatever a test did: no scratch directory stays, but where it was kept on purpose.
	[ -n "${kept-}" ] || [ -z "$(ls -A scratch)" ] || fail "left behind: $(ls -A scratch)"
}

# archive FILE [CONTENT]: a real tar.gz with a few members.
archive() {
	local tree
	tree=$(mktemp -d -p .)
	mkdir "$tree/d"
	echo "${2-content}" >"$tree/d/file"
	ln -s file "$tree/d/link"
	ln "$tree/d/file" "$tree/d/hard"
	tar -C "$tree" -czf "$1" d
	rm -r "$tree"
}

# nights LOCATION: three nights of one series, all complete, the newest two days old.
nights() {
	local n
	for n in 4 3 2; do
		archive "$1/app-$(date -d "$n days ago" +%F).tar.gz" "night $n"
		aged "$1/app-$(date -d "$n days ago" +%F).tar.gz" "$n days ago"
	done
}

newest() {
	printf '%s\n' db/* | tail -1
}

verdicts() {
	jq -r 'select(.kind == "backup") | .restore.verdict // "none"' | tr '\n' ' '
}

restore_of() {
	jq -c "select(.kind == \"backup\") | .restore | $1"
}

# ---------------------------------------------------------------- operands

@test "a file is restored without configuration and store, and counted" {
	archive a.tar.gz
	run --separate-stderr bkm-restore a.tar.gz
	expect 0
	[ -z "$stderr" ]
	[ "$(restore_of '[.verdict, .handler, .level, .entries, .files, .directories, .links]' <<<"$output")" = \
		'["pass","tar","restored",4,2,1,1]' ]
	[ "$(jq -r .path <<<"$output")" = "$PWD/a.tar.gz" ]
	[ ! -e bkm.db ]
}

@test "the protections that were active are on the line" {
	archive a.tar.gz
	bkm-restore a.tar.gz | jq -e '.restore.sandbox | (index("rlimits") and index("no_new_privs")
		and index("seccomp") and any(startswith("landlock")))'
}

@test "several files, a directory and a missing one: each its line, status 3" {
	archive a.tar.gz
	mkdir tree
	cp a.tar.gz tree
	run --separate-stderr bkm-restore a.tar.gz nothing tree
	expect 3
	has "$stderr" "backup file does not exist: 'nothing'"
	[ "$(restore_of .handler <<<"$output")" = $'"tar"\n"directory"' ]
}

@test "every compression and every archive format" {
	archive a.tar.gz
	gunzip a.tar.gz
	bzip2 -k a.tar
	xz -k a.tar
	zstd -qk a.tar
	lz4 -qk a.tar a.tar.lz4
	lzip -k a.tar
	mkdir x
	tar -C x -xf a.tar
	(cd x && zip -qry ../a.zip . && 7z a -bd -y ../a.7z . >/dev/null && find . | cpio -o -H newc 2>/dev/null >../a.cpio)
	for f in a.tar a.tar.bz2 a.tar.xz a.tar.zst a.tar.lz4 a.tar.lz a.zip a.7z a.cpio; do
		run --separate-stderr bkm-restore "$f"
		expect 0
		[ "$(restore_of '[.verdict, .level, .files, .links]' <<<"$output")" = '["pass","restored",2,1]' ] ||
			fail "$f"
	done
}

@test "encrypted archives are skipped, not passed" {
	echo secret >f
	zip -q -P word e.zip f
	7z a -bd -y -pword e.7z f >/dev/null
	7z a -bd -y -pword -mhe=on h.7z f >/dev/null
	for f in e.zip e.7z h.7z; do
		run --separate-stderr bkm-restore "$f"
		expect 0
		[ "$(restore_of '[.verdict, .reason]' <<<"$output")" = '["skip","encrypted"]' ] || fail "$f"
	done
}

@test "a directory is copied, its special files left out" {
	mkdir -p tree/sub
	seq 1 1000 >tree/sub/nums
	ln -s sub/nums tree/link
	mkfifo tree/fifo
	run --separate-stderr bkm-restore tree
	expect 0
	[ "$(restore_of '[.verdict, .handler, .files, .directories, .links, .bytes, .warnings]' <<<"$output")" = \
		'["pass","directory",1,1,1,3893,["special_files"]]' ]
	mkdir empty
	run bkm-restore empty
	expect 1
	[ "$(restore_of '[.verdict, .reason]' <<<"$output")" = '["fail","empty"]' ]
}

@test "--keep leaves the tree, with modes and times, without set-id bits" {
	kept=yes
	mkdir d
	echo x >d/suid
	chmod 4755 d/suid
	echo y >d/plain
	aged d/plain "2020-02-02 02:02:02"
	chmod 640 d/plain
	tar -cf a.tar d
	run --separate-stderr bkm-restore --keep a.tar
	expect 0
	has "$stderr" "kept: "
	tree=${stderr##*kept: }
	[ "$(stat -c '%a' "$tree/d/suid")" = 755 ]
	[ "$(stat -c '%a %y' "$tree/d/plain" | cut -c1-23)" = "640 2020-02-02 02:02:02" ]
	run --separate-stderr bkm-restore --reap --scratch scratch
	expect 0
	has "$stderr" "removed 1 scratch directories, 0 are in use"
	[ -z "$(ls -A scratch)" ]
}

@test "limits: bytes, entries, ratio, time" {
	head -c 3M /dev/zero >zeros
	tar -czf z.tar.gz zeros
	for o in --max-bytes=1M --max-entries=1; do
		tar -czf z.tar.gz zeros zeros
		run --separate-stderr bkm-restore "$o" z.tar.gz
		expect 1
		[ "$(restore_of '[.verdict, .reason]' <<<"$output")" = '["fail","bomb"]' ] || fail "$o"
	done
	truncate -s 200M zeros
	tar --sparse-version=1.0 -cf - zeros | gzip -1 >z.tar.gz
	run --separate-stderr bkm-restore --max-ratio 20 z.tar.gz
	expect 1
	[ "$(restore_of '[.verdict, .reason]' <<<"$output")" = '["fail","bomb"]' ]
	run --separate-stderr bkm-restore --max-ratio 1000000 z.tar.gz
	expect 0
}

# open_place: the current directory becomes one that an ordinary user may enter and write.
open_place() {
	place=$(mktemp -d /tmp/bkm-restore-test.XXXXXX)
	chmod 777 "$place"
	cd "$place" || return 1
	mkdir -m 777 scratch
}

@test "a file that cannot be read is an error of ours, not of the backup" {
	open_place
	archive a.tar.gz
	chmod 0 a.tar.gz
	run --separate-stderr as_user bkm-restore --scratch scratch a.tar.gz
	expect 3
	has "$stderr" "permission denied"
	[ "$(restore_of '[.verdict, .reason]' <<<"$output")" = '["error","permission_denied"]' ]
}

@test "an ordinary user restores too" {
	open_place
	archive a.tar.gz
	run --separate-stderr as_user bkm-restore --scratch scratch a.tar.gz
	expect 0
	[ -z "$(ls -A scratch)" ]
	[ "$(restore_of .verdict <<<"$output")" = '"pass"' ]
}

@test "the scratch directory must be there" {
	archive a.tar.gz
	run --separate-stderr bkm-restore --scratch nowhere a.tar.gz
	expect 3
	has "$stderr" "cannot open scratch directory 'nowhere'"
}

@test "a full scratch file system is an error, not a verdict about the backup" {
	[ "$(id -u)" -eq 0 ] || return 0
	head -c 90M /dev/urandom >big
	tar -cf a.tar big
	mkdir full
	mount -t tmpfs -o size=128M none full || return 0
	run --separate-stderr bkm-restore --scratch full a.tar
	umount full
	expect 3
	[ "$(restore_of '[.verdict, .reason]' <<<"$output")" = '["error","no_space"]' ]
}

# ---------------------------------------------------------------- what is due

@test "a verdict has the time at which its test ended" {
	write_config db
	archive db/a.tar.gz && aged db/a.tar.gz "1 day ago"
	printf '      restore: {command: [sleep, "2"]}\n' >>config.yaml
	BKM_NOW=$(date -u +%FT%TZ)
	export BKM_NOW
	bkm-scan -q
	run --separate-stderr bkm-restore --stored
	expect 0
	[[ $(restore_of .at <<<"$output") > "\"$BKM_NOW\"" ]]
	[ "$(in_store 'SELECT max(at) FROM restore')" -gt "$(date -d "$BKM_NOW" +%s)" ]
}

@test "the newest of each series is tested, once an interval, and the verdict is stored" {
	write_config db
	nights db
	bkm-scan >scanned
	run --separate-stderr bkm-restore <scanned
	expect 0
	[ "$(verdicts <<<"$output")" = "none none pass " ]
	first=$(restore_of .at <<<"$output")
	[ "$(in_store "SELECT count(*) FROM restore WHERE verdict = 'pass' AND handler = 'tar'")" = 1 ]
	sleep 1
	run --separate-stderr bkm-restore --stored
	expect 0
	[ "$(restore_of .at <<<"$output")" = "$first" ] || fail "tested again"
	[ "$(in_store 'SELECT count(*) FROM restore')" = 1 ]
	BKM_NOW=$(date -u -d '6 days' +%FT%TZ) bkm-restore -q --stored
	[ "$(in_store 'SELECT count(*) FROM restore')" = 1 ]
	# At the same hour a week later, before the hour at which it was made.
	BKM_NOW=$(date -u -d '7 days -1 hour' +%FT%TZ) bkm-restore -q --stored
	[ "$(in_store 'SELECT count(*) FROM restore')" = 2 ]
	bkm-restore -q --stored --latest --force
	[ "$(in_store 'SELECT count(*) FROM restore')" = 3 ]
}

@test "--sample takes the older ones in rotation, each in its turn" {
	write_config db
	nights db
	bkm-scan -q
	bkm-restore -q --stored --sample 1
	[ "$(in_store 'SELECT count(*) FROM restore')" = 2 ]
	bkm-restore -q --stored --sample 1
	[ "$(in_store 'SELECT count(DISTINCT backup_id) FROM restore')" = 3 ]
	bkm-restore -q --stored --sample 1
	[ "$(in_store 'SELECT count(*) FROM restore')" = 4 ]
}

@test "--force tests everything, --latest only the newest" {
	write_config db
	nights db
	bkm-scan -q
	run --separate-stderr bkm-restore --stored --force
	[ "$(verdicts <<<"$output")" = "pass pass pass " ]
	run --separate-stderr bkm-restore --stored --force --latest
	[ "$(in_store 'SELECT count(*) FROM restore')" = 4 ]
}

@test "test_restore: false switches a location off, --force does not ask" {
	write_config db
	echo '      test_restore: false' >>config.yaml
	nights db
	bkm-scan -q
	run --separate-stderr bkm-restore --stored
	[ "$(verdicts <<<"$output")" = "none none none " ]
	run --separate-stderr bkm-restore --stored --force --latest
	[ "$(verdicts <<<"$output")" = "none none pass " ]
}

@test "a fail is a finding, also when it is only passed on; --exit-zero" {
	write_config db
	nights db
	truncate -s 150 "$(newest)"
	aged "$(newest)" "2 days ago"
	bkm-scan -q || true
	run --separate-stderr bkm-restore --stored
	expect 1
	[ "$(restore_of '[.verdict, .reason]' <<<"$output" | tail -1)" = '["fail","truncated"]' ]
	run --separate-stderr bkm-restore --stored
	expect 1
	[ "$(in_store 'SELECT count(*) FROM restore')" = 1 ]
	run bkm-restore --stored --exit-zero -q
	expect 0
}

@test "an error leaves the last verdict standing and is tried again" {
	write_config db
	nights db
	bkm-scan -q
	bkm-restore -q --stored
	run --separate-stderr bkm-restore --stored --latest --force --max-bytes 1 --scratch "$PWD/scratch"
	expect 1
	bkm-restore -q --stored --latest --force
	cat >>config.yaml <<-'END'
	restore_testing:
	  handlers:
	    - {name: broken, match: ["*.tar.gz"], command: [/bin/false]}
	END
	run --separate-stderr bkm-restore --stored --latest --force
	expect 3
	has "$stderr" "handler program ended with status 1"
	run --separate-stderr bkm-restore --stored --days 1
	expect 0
	[ "$(in_store 'SELECT restore_verdict FROM standing')" = pass ]
}

@test "--require pass is a gate" {
	write_config db
	nights db
	bkm-scan -q
	run bkm-restore --stored --latest --require pass -q
	expect 0
	run bkm-restore --stored --where 'false' --require pass -q
	expect 1
	truncate -s 150 "$(newest)"
	aged "$(newest)" "2 days ago"
	bkm-scan -q || true
	run bkm-restore --stored --latest --require pass -q --exit-zero
	expect 1
}

@test "what is not selected passes untouched, what is not ours with a skip" {
	write_config db
	nights db
	bkm-scan >scanned
	jq -c '.host = "elsewhere"' scanned >other
	run --separate-stderr bkm-restore <other
	[ "$(restore_of '[.verdict, .reason]' <<<"$output" | sort -u)" = '["skip","other_host"]' ]
	run --separate-stderr bkm-restore --where '.path | endswith("x")' <scanned
	[ "$(grep '"kind":"backup"' scanned)" = "$(grep '"kind":"backup"' <<<"$output")" ]
	gone=$(newest)
	rm "$gone"
	run --separate-stderr bkm-restore <scanned
	[ "$(restore_of .reason <<<"$output" | tail -1)" = '"gone"' ]
	# A directory in its place is another thing, whatever is in it.
	mkdir "$gone" && echo x >"$gone/x"
	run -0 --separate-stderr bkm-restore <scanned
	[ "$(restore_of .reason <<<"$output" | tail -1)" = '"superseded"' ]
}

# ---------------------------------------------------------------- demands

# demand YAML...: one location with these lines under restore:, one backup in it, tested.
demand() {
	write_config db
	printf '      restore:\n' >>config.yaml
	printf '        %s\n' "$@" >>config.yaml
	bkm-scan -q
	run --separate-stderr bkm-restore --stored --force
}

@test "min_entries and must_contain" {
	mkdir -p db
	archive db/a.tar.gz
	aged db/a.tar.gz "1 day ago"
	demand 'min_entries: 4' 'must_contain: ["d/fi*", "d/link"]'
	expect 0
	demand 'min_entries: 5'
	expect 1
	[ "$(restore_of '[.verdict, .reason, .checks[0].expected, .checks[0].actual]' <<<"$output")" = \
		'["fail","assertion",5,4]' ]
	demand 'must_contain: ["d/file", "etc/*"]'
	expect 1
	has "$(restore_of .message <<<"$output")" "nothing matches etc/*"
}

@test "sql on SQLite, and said to be left out elsewhere" {
	mkdir -p db
	sqlite3 db/a.sqlite 'CREATE TABLE t(a); INSERT INTO t VALUES (1), (2)'
	aged db/a.sqlite "1 day ago"
	demand 'must_contain: [t]' 'sql: ["SELECT count(*) = 2 FROM t", "SELECT max(a) FROM t"]'
	expect 0
	demand 'sql: ["SELECT count(*) > 2 FROM t"]'
	expect 1
	has "$(restore_of .message <<<"$output")" "not true: SELECT count(*) > 2 FROM t"
	demand 'sql: ["SELECT nonsense FROM nowhere"]'
	expect 1
	rm db/*
	archive db/b.tar.gz
	aged db/b.tar.gz "1 day ago"
	demand 'sql: ["SELECT 1"]'
	expect 0
	[ "$(restore_of '[.verdict, .warnings]' <<<"$output" | tail -1)" = '["pass",["not_looked_into"]]' ]
	demand 'newest_row: t.a' 'newest_row_within: 1d' 'expect: [{sql: SELECT 1, value: "1"}]'
	expect 0
	[ "$(restore_of '[.checks[] | select(.verdict == "skip") | .check]' <<<"$output" | tail -1)" = \
		'["sql","newest_row"]' ]
}

@test "expect: a query and what it must give, numbers as numbers" {
	mkdir -p db
	sqlite3 db/a.sqlite "CREATE TABLE t(a, b); INSERT INTO t VALUES (9, 'x'), (10, 'y''z')"
	aged db/a.sqlite "1 day ago"
	demand 'expect:' '  - {sql: "SELECT max(a) FROM t", value: ">= 10"}' '  - {sql: "SELECT max(b) FROM t", value: "y'"'"'z"}' \
		'  - {sql: "SELECT min(a) FROM t", value: "!= 10"}'
	expect 0
	[ "$(restore_of '[.checks[] | select(.check == "sql") | [.verdict, .expected, .actual]]' <<<"$output")" = \
		'[["pass",">= 10","10"],["pass","y'"'"'z","y'"'"'z"],["pass","!= 10","9"]]' ]
	demand 'expect:' '  - {sql: "SELECT count(*) FROM t", value: "> 2"}'
	expect 1
	[ "$(restore_of '[.verdict, .reason, .message]' <<<"$output")" = \
		'["fail","assertion","not as expected: SELECT count(*) FROM t"]' ]
	demand 'expect:' '  - {sql: "SELECT a FROM t WHERE a > 99", value: "1"}'
	expect 1
	has "$(restore_of .message <<<"$output")" "no value: SELECT a FROM t"
	demand 'expect:' '  - {sql: "SELECT nonsense FROM nowhere", value: "1"}'
	expect 1
	has "$(restore_of '.checks[-1].actual' <<<"$output")" "no such table"
}

@test "newest_row_within: against the time of the backup, not of the day" {
	mkdir -p db
	sqlite3 db/a.sqlite "CREATE TABLE log(at TEXT, n INT);
		INSERT INTO log VALUES (datetime('now', '-30 days', '-5 hours'), strftime('%s', 'now', '-31 days'))"
	aged db/a.sqlite "30 days ago"
	demand 'newest_row: log.at' 'newest_row_within: 6h'
	expect 0
	demand 'newest_row: log.at' 'newest_row_within: 4h'
	expect 1
	has "$(restore_of .message <<<"$output")" "older than newest_row_within: "
	demand 'newest_row: SELECT max(n) FROM log' 'newest_row_within: 25h'
	expect 0
	demand 'newest_row: SELECT n * 1000 FROM log' 'newest_row_within: 1h'
	expect 1
	demand 'newest_row: SELECT 12 || n FROM log WHERE 0' 'newest_row_within: 1h'
	expect 1
	has "$(restore_of .message <<<"$output")" "no value: "
	demand "newest_row: SELECT 'yesterday'" 'newest_row_within: 1h'
	expect 1
	has "$(restore_of .message <<<"$output")" "not a time: yesterday"
	write_config db
	printf '      restore:\n        newest_row_within: 1h\n' >>config.yaml
	run --separate-stderr bkm-restore --stored
	expect 2
	has "$stderr" "need each other"
}

@test "the tables and their rows are on the line" {
	sqlite3 a.sqlite 'CREATE TABLE t(a); CREATE TABLE "odd name"(b); INSERT INTO t VALUES (1), (2)'
	sqlite3 a.sqlite .dump >a.sql
	for f in a.sqlite a.sql; do
		[ "$(bkm-restore "$f" | restore_of .table_rows)" = '[{"table":"odd name","rows":0},{"table":"t","rows":2}]' ] || fail "$f"
	done
}

@test "a command judges the tree, from inside the sandbox" {
	mkdir -p db
	archive db/a.tar.gz
	aged db/a.tar.gz "1 day ago"
	demand 'command: [grep, -q, content, d/file]'
	expect 0
	demand 'command: [sh, -c, "echo not good; exit 1"]'
	expect 1
	has "$(restore_of .message <<<"$output")" "restore.command failed: not good"
	echo alive >canary
	chmod 666 canary
	demand "command: [sh, -c, 'echo dead >$PWD/canary || cat $PWD/config.yaml || exit 0; exit 1']"
	expect 0
	[ "$(cat canary)" = alive ]
	demand 'command: [no-such-program]'
	expect 3
}

@test "rto_minutes: in time" {
	write_config db
	echo '      rto_minutes: 5' >>config.yaml
	archive db/a.tar.gz
	aged db/a.tar.gz "1 day ago"
	bkm-scan -q
	run --separate-stderr bkm-restore --stored
	expect 0
	[ "$(restore_of '.checks[] | select(.check == "time") | [.verdict, .expected]' <<<"$output")" = '["pass",300000]' ]
}

# ---------------------------------------------------------------- handlers of the configuration

# handler BODY: a shell script as handler for *.xyz, and a backup for it.
handler() {
	write_config db
	printf '#!/bin/sh\n%s\n' "$1" >h.sh
	chmod 755 h.sh
	cat >>config.yaml <<-END
	restore_testing:
	  handlers:
	    - name: mine
	      match: ["*.xyz"]
	      command: [$PWD/h.sh, "{path}", "{scratch}"]
	END
	echo payload >db/a.xyz
	aged db/a.xyz "1 day ago"
	bkm-scan -q
	run --separate-stderr bkm-restore --stored --force
}

@test "a handler gets the backup, its path and the scratch directory" {
	# shellcheck disable=SC2016
	handler 'read -r line; [ "$line" = payload ] && [ "$(cat "$1")" = payload ] && [ "$PWD" = "$2" ] &&
		[ "$BKM_PATH" = "$1" ] && [ "$BKM_SCRATCH" = "$2" ] && echo x >"$2/out" &&
		echo "{\"verdict\":\"pass\",\"entries\":3,\"bytes\":9,\"message\":\"fine\"}"'
	expect 0
	[ "$(restore_of '[.verdict, .handler, .entries, .bytes, .message]' <<<"$output")" = '["pass","mine",3,9,"fine"]' ]
}

@test "a handler's fail, and answers that are none" {
	handler 'echo "{\"verdict\":\"fail\",\"reason\":\"damaged\",\"message\":\"bad\\u001b[31m\"}"'
	expect 1
	[ "$(restore_of '[.verdict, .reason, .message]' <<<"$output")" = '["fail","damaged","bad\\x1b[31m"]' ]
	for body in 'echo "{\"verdict\":\"pass\"}"' 'echo nonsense' ':' 'exit 5' 'kill -9 $$' \
		'echo "{\"verdict\":\"fail\",\"reason\":\"because\"}"' 'yes'; do
		handler "$body"
		expect 3
		[ "$(restore_of .verdict <<<"$output")" = '"error"' ] || fail "$body"
	done
}

@test "a handler is enclosed: no network, no file outside, nothing left running" {
	echo alive >canary
	chmod 666 canary
	handler "echo dead >$PWD/canary; cat $PWD/config.yaml >stolen; python3 -c 'import socket; socket.socket()' && echo net >net
		(sleep 987.$$; echo late >$PWD/canary) >/dev/null 2>&1 &
		setsid sleep 987.$$ >/dev/null 2>&1 &
		[ ! -s stolen ] && [ ! -e net ] && echo '{\"verdict\":\"pass\",\"entries\":1}'"
	expect 0
	[ "$(cat canary)" = alive ]
	run -1 pgrep -f "sleep 987[.]$$"
}

@test "restore.handler names one; a name that is none is an error" {
	mkdir -p db
	archive db/a.tar.gz
	aged db/a.tar.gz "1 day ago"
	demand 'handler: zip'
	expect 1
	[ "$(restore_of .reason <<<"$output")" = '"foreign"' ]
	demand 'handler: nonesuch'
	expect 3
	has "$stderr" "there is no restore handler of that name"
}

# ---------------------------------------------------------------- sandbox, reaper, signals

@test "a protection that is required and missing refuses the test" {
	write_config db
	archive db/a.tar.gz
	aged db/a.tar.gz "1 day ago"
	bkm-scan -q
	printf 'restore_testing:\n  sandbox:\n    require: [rlimits, namespaces]\n' >>config.yaml
	run --separate-stderr bkm-restore --stored
	# Where namespaces are allowed this passes; without them it must be refused.
	if [ "$status" -ne 0 ]; then
		expect 3
		[ "$(restore_of '[.verdict, .reason]' <<<"$output")" = '["error","sandbox"]' ]
	else
		[ "$(restore_of '.sandbox | index("namespaces") != null' <<<"$output")" = true ]
	fi
}

# endless DIR: a handler in DIR that never ends, started in the background; its pid is in $pid.
endless() {
	write_config db
	cat >>config.yaml <<-END
	restore_testing:
	  handlers:
	    - {name: slow, match: ["*.xyz"], command: [sh, -c, "echo x > started; sleep 985.$$"]}
	END
	echo payload >db/a.xyz
	aged db/a.xyz "1 day ago"
	bkm-scan -q
	bkm-restore --stored --force >out 2>err 3>&- &
	pid=$!
	eventually compgen -G 'scratch/*/root/started' || fail "the handler did not start: $(cat err)"
}

no_child() {
	! pgrep -f "sleep 985[.]$$"
}

@test "SIGKILL in mid-drill ends the child; --reap removes what is left, and only that" {
	endless
	run --separate-stderr bkm-restore --reap
	has "$stderr" "removed 0 scratch directories, 1 are in use"
	kill -KILL "$pid"
	wait "$pid" || true
	eventually no_child
	mkdir scratch/bkm-drill-mine scratch/other
	reap_killed scratch
	has "$stderr" "removed 1 scratch directories, 0 are in use"
	[ "$(ls scratch | tr '\n' ' ')" = "bkm-drill-mine other " ]
	rmdir scratch/*
	[ "$(in_store 'SELECT count(*) FROM restore')" = 0 ]
}

@test "SIGTERM in mid-drill: the child ends, the scratch directory goes, bkm dies of it" {
	endless
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	expect 143
	no_child
	[ -z "$(ls -A scratch)" ]
	[ "$(in_store 'SELECT count(*) FROM restore')" = 0 ]
}

@test "max_time ends a test that hangs" {
	endless
	kill -TERM "$pid"
	wait "$pid" || true
	run --separate-stderr bkm-restore --stored --force --max-time 1s
	expect 3
	[ "$(restore_of '[.verdict, .reason]' <<<"$output")" = '["error","timeout"]' ]
}
