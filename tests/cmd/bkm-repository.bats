#!/usr/bin/env bats
# Repositories as locations: real ones of restic and borg, healthy and not.
# shellcheck disable=SC2016,SC2154 # jq programs in single quotes; bats sets stderr
bats_require_minimum_version 1.5.0
load ../lib

# Two snapshots of different data in each, made once; tests work on copies.
setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	umask 077
	echo correct-horse >pass
	echo wrong >wrong
	mkdir -p one two
	head -c 200000 /dev/urandom >one/noise
	head -c 150000 /dev/urandom >two/noise
	seq 1 3000 >two/numbers
	: >'two/a name with * and [brackets] '
	export RESTIC_PASSWORD_FILE=$PWD/pass RESTIC_REPOSITORY=$PWD/restic
	restic -q --no-cache init
	restic -q --no-cache backup --host web --tag nightly --time '2026-11-20 02:00:00' one
	find restic/data -type f | sort >packs-of-one
	restic -q --no-cache backup --host web --time '2026-11-21 02:00:00' two
	export BORG_BASE_DIR=$PWD/base BORG_PASSPHRASE=correct-horse BORG_REPO=$PWD/borg
	borg init -e repokey 2>log
	borg create --timestamp 2026-11-20T02:00:00 ::web-2026-11-20 one
	find borg/data -type f | sort >segments-of-one
	borg create --timestamp 2026-11-21T02:00:00 ::web-2026-11-21 two
}

setup() {
	bkm_setup
	mkdir tmp
	export TMPDIR=$PWD/tmp BKM_NOW=2026-11-21T12:00:00Z
}

# repository TYPE [SECRET]: a copy in ./repo, and config.yaml for it.
repository() {
	rm -rf repo
	cp -a "$BATS_FILE_TMPDIR/$1" repo
	printf '%s\n' 'database: {url: sqlite:///bkm.db}' 'backups:' '  locations:' \
		"    - {name: r, path: repo, type: $1, decrypt: {secret_file: $BATS_FILE_TMPDIR/${2:-pass}}}" >config.yaml
}

state_of_repo() {
	find repo -type f -exec sha256sum {} + | sort
	find repo | sort
}

# flip FILE: another byte in its middle.
flip() {
	local at byte
	at=$(($(stat -c %s "$1") / 2))
	byte=$(od -An -tu1 -j $at -N 1 "$1")
	chmod u+w "$1"
	printf '%b' "\\x$(printf %02x $((byte ^ 255)))" | dd of="$1" bs=1 seek=$at conv=notrunc status=none
}

# largest LIST: of the files of the repository named in the list.
largest() {
	sed 's,^[^/]*,repo,' "$BATS_FILE_TMPDIR/$1" | xargs ls -S | head -n 1
}

# expect_verdicts TEXT: "day verdict reason level" of each backup, verified now.
expect_verdicts() {
	local got
	run --separate-stderr bkm-verify --stored --force
	got=$(jq -r 'select(.kind == "backup") | [.mtime[:10], (.verification | .verdict, .reason // "-", .level // "-")] | join(" ")' \
		<<<"$output" | sort | paste -sd ,)
	[ "$got" = "$1" ] || fail "'$got', expected '$1'"
}

@test "scan: snapshots are backups, and the repository stays as it is" {
	local before
	for type in restic borg; do
		rm -f bkm.db*
		repository $type
		before=$(state_of_repo)
		run --separate-stderr bkm-scan
		expect 0
		jq -se --arg t $type '[.[] | select(.kind == "backup")] | length == 2 and
			all(.[]; .state == "complete" and .status == "ok" and .size > 100000 and
				(.path | contains("/repo/" + $t + ":"))) and
			(map(.mtime) | sort) == ["2026-11-20T02:00:00Z", "2026-11-21T02:00:00Z"]' <<<"$output"
		jq -se --arg t $type '.[] | select(.kind == "location") |
			.type == $t and .status == "ok" and .backups == 2 and .free_bytes > 0' <<<"$output"
		run --separate-stderr bkm-scan
		jq -se '.[-1].counts | .new == 0 and .changed == 0 and .gone == 0' <<<"$output"
		run --separate-stderr bash -c 'bkm-verify --stored | bkm-restore --latest'
		expect 0
		[ "$(state_of_repo)" = "$before" ] || fail "$type: something was written"
		[ -z "$(ls -A tmp)" ]
	done
}

@test "scan: series by host, paths and tags, or by the name of the archive; what is forgotten is gone" {
	repository restic
	run --separate-stderr bkm-scan
	[ "$(of_kind series <<<"$output" | jq -r .series | sort | paste -sd ,)" = \
		"web:$BATS_FILE_TMPDIR/one [nightly],web:$BATS_FILE_TMPDIR/two" ]
	restic -q --no-cache --repo repo --password-file "$BATS_FILE_TMPDIR/pass" forget latest
	run --separate-stderr bkm-scan
	jq -se 'any(.[]; .kind == "backup" and .state == "expired" and .mtime == "2026-11-21T02:00:00Z")' <<<"$output"
	rm -f bkm.db*
	repository borg
	run --separate-stderr bkm-scan
	jq -se 'any(.[]; .kind == "series" and .series == "borg:web-*" and .count == 2)' <<<"$output"
}

@test "scan: a wrong password, no repository there, another repository: unreachable, nothing is gone" {
	local type
	for type in restic borg; do
		rm -f bkm.db*
		repository $type
		bkm-scan -q
		repository $type wrong
		run --separate-stderr bkm-scan
		expect 1
		jq -se '.[] | select(.kind == "location") | .status == "unreachable" and .reasons == ["password"]' <<<"$output"
		[ "$(in_store 'SELECT count(*) FROM backup WHERE live = 1')" = 2 ]
		expect_verdicts '2026-11-20 error password -,2026-11-21 error password -'
		expect 3
		mv repo away
		run --separate-stderr bkm-scan
		jq -se '.[] | select(.kind == "location") | .status == "unreachable" and .reasons == ["not_found"]' <<<"$output"
		[ "$(in_store 'SELECT count(*) FROM backup WHERE live = 1')" = 2 ]
	done
}

@test "verify: healthy snapshots are intact, once in the interval" {
	repository restic
	bkm-scan -q
	expect_verdicts '2026-11-20 pass - intact,2026-11-21 pass - intact'
	expect 0
	[ "$(in_store 'SELECT count(*) FROM repository_part')" = 30 ]
	run --separate-stderr bkm-verify --stored
	jq -se '.[-1].counts | .not_due == 2 and .pass == 2' <<<"$output"
	run --separate-stderr bkm-verify --stored --force --method size,checksum
	jq -se '[.[] | select(.kind == "backup").verification | .level == "intact"] | all' <<<"$output"
	rm -f bkm.db*
	bkm-scan -q
	run --separate-stderr bkm-verify --stored --method size,checksum
	jq -se '[.[] | select(.kind == "backup").verification | .verdict == "skip" and .reason == "unverifiable"] | all' \
		<<<"$output"
	rm -f bkm.db*
	repository borg
	bkm-scan -q
	expect_verdicts '2026-11-20 pass - intact,2026-11-21 pass - intact'
	jq -se '[.[] | select(.kind == "backup").verification.checks[0] | .format == "borg" and .entries > 1] | all' <<<"$output"
}

@test "verify: with a budget one part a night, the oldest first, and intact when all had their turn" {
	repository restic
	sed -i '$a verification: {interval_days: 2, budget: 100G}' config.yaml
	bkm-scan -q
	expect_verdicts '2026-11-20 pass - complete,2026-11-21 pass - complete'
	[ "$(in_store 'SELECT group_concat(part) FROM repository_part')" = 1 ]
	BKM_NOW=2026-11-21T13:00:00Z
	expect_verdicts '2026-11-20 pass - intact,2026-11-21 pass - intact'
	[ "$(in_store 'SELECT group_concat(part) FROM repository_part ORDER BY part')" = 1,2 ]
}

@test "verify: restic with a pack lost or flipped fails the snapshots that need it, and no other" {
	repository restic
	bkm-scan -q
	rm -f "$(largest packs-of-one)"
	expect_verdicts '2026-11-20 fail damaged read,2026-11-21 pass - intact'
	expect 1
	[ "$(in_store 'SELECT count(*) FROM repository_part')" = 0 ]
	repository restic
	flip "$(largest packs-of-one)"
	expect_verdicts '2026-11-20 fail damaged read,2026-11-21 pass - intact'
	[[ $(jq -r 'select(.kind == "backup").verification.message // empty' <<<"$output") == *"damaged or missing packs"* ]]
	run --separate-stderr bkm-restore --stored --force
	[ "$(jq -r 'select(.kind == "backup") | [.mtime[:10], .restore.verdict] | join(" ")' <<<"$output" | sort | paste -sd ,)" = \
		'2026-11-20 fail,2026-11-21 pass' ]
}

@test "verify: restic without its index" {
	repository restic
	bkm-scan -q
	rm -f repo/index/*
	expect_verdicts '2026-11-20 fail damaged read,2026-11-21 fail damaged read'
	run --separate-stderr bkm-restore --stored --force --exit-zero
	jq -se '[.[] | select(.kind == "backup").restore | .verdict == "fail" and .reason == "damaged"] | all' <<<"$output"
}

@test "verify: borg with a segment lost or flipped" {
	repository borg
	bkm-scan -q
	flip "$(largest segments-of-one)"
	expect_verdicts '2026-11-20 fail damaged read,2026-11-21 pass - intact'
	run --separate-stderr bkm-restore --stored --force --exit-zero
	[ "$(jq -r 'select(.kind == "backup") | [.mtime[:10], .restore.verdict] | join(" ")' <<<"$output" | sort | paste -sd ,)" = \
		'2026-11-20 fail,2026-11-21 pass' ]
	repository borg
	rm -f "$(largest segments-of-one)"
	expect_verdicts '2026-11-20 fail damaged read,2026-11-21 pass - intact'
}

@test "verify: borg in parts, for all archives in one reading; each is intact when all had their turn" {
	repository borg
	sed -i '$a verification: {interval_days: 2, budget: 100G}' config.yaml
	bkm-scan -q
	expect_verdicts '2026-11-20 pass - complete,2026-11-21 pass - complete'
	BKM_NOW=2026-11-21T13:00:00Z
	expect_verdicts '2026-11-20 pass - intact,2026-11-21 pass - intact'
	# A flipped bit is found on the night of its part, and fails the archive that needs it.
	flip "$(largest segments-of-one)"
	BKM_NOW=2026-11-21T14:00:00Z
	run --separate-stderr bkm-verify --stored --force
	local first=$status
	BKM_NOW=2026-11-21T15:00:00Z
	run --separate-stderr bkm-verify --stored --force
	[ "$((first + status))" -ge 1 ]
	[ "$(in_store 'SELECT count(*) FROM standing WHERE verify_verdict = '"'fail'")" = 1 ]
	# One that is gone is missed on any night.
	repository borg
	sed -i '$a verification: {interval_days: 2, budget: 100G}' config.yaml
	rm -f bkm.db*
	bkm-scan -q
	rm -f "$(largest segments-of-one)"
	expect_verdicts '2026-11-20 fail damaged read,2026-11-21 pass - intact'
}

has_lock() {
	[ -n "$(ls repo/locks)" ]
}

@test "a locked repository is an error, and what stood stands" {
	repository borg
	bkm-scan -q
	expect_verdicts '2026-11-20 pass - intact,2026-11-21 pass - intact'
	BORG_BASE_DIR=$PWD/base BORG_PASSPHRASE=correct-horse BORG_RELOCATED_REPO_ACCESS_IS_OK=yes \
		borg with-lock repo sleep 1000 >log 2>&1 3>&- &
	local pid=$!
	eventually pgrep -P $pid sleep
	expect_verdicts '2026-11-20 error locked -,2026-11-21 error locked -'
	expect 3
	pkill -P $pid
	wait $pid || true
	[ "$(in_store 'SELECT group_concat(DISTINCT verify_verdict) FROM standing')" = pass ]
	# check of restic holds the lock while it tries again and again to read a pack that is gone.
	rm -f bkm.db*
	repository restic
	bkm-scan -q
	rm -f "$(largest packs-of-one)"
	restic -q --no-cache --repo repo --password-file "$BATS_FILE_TMPDIR/pass" check --read-data >log 2>&1 3>&- &
	pid=$!
	eventually has_lock
	unset BKM_NOW
	expect_verdicts '2026-11-20 error locked -,2026-11-21 error locked -'
	run --separate-stderr bkm-restore --stored --force
	expect 3
	jq -se '[.[] | select(.kind == "backup").restore | .verdict == "error" and .reason == "locked"] | all' <<<"$output"
	kill $pid
	wait $pid || true
}

@test "restore: a sample that rotates, compared with the listing, content as it was" {
	repository restic
	bkm-scan -q
	run --separate-stderr bkm-restore --stored --latest --keep
	expect 0
	jq -se '[.[] | select(.kind == "backup" and .restore).restore | .verdict == "pass" and .level == "restored" and
		.handler == "restic" and .entries > 1 and (.sandbox | index("landlock7") // index("seccomp")) != null] | all' <<<"$output"
	local kept
	kept=$(find tmp -type d -path '*two' | head -n 1)
	diff -r "$BATS_FILE_TMPDIR/two" "$kept"
	# Of many files each has its turn.
	mkdir many
	for i in $(seq 250); do echo "$i" >"many/f$i"; done
	restic -q --no-cache --repo repo --password-file "$BATS_FILE_TMPDIR/pass" backup --host many many
	mkdir 0 1 2
	for turn in 0 1 2; do
		(cd $turn && BKM_FILES=100 BKM_BYTES=1000000 BKM_TURN=$turn \
			"$BKM_BUILD/share/bkm/restore/restic" restore "$OLDPWD/repo" latest 3<"$BATS_FILE_TMPDIR/pass" </dev/null >answer)
		jq -e '.verdict == "pass" and .files > 80 and .files < 90' $turn/answer
	done
	[ "$(find 0 1 2 -name 'f*' -type f -printf '%f\n' | sort -u | wc -l)" = 250 ]
}

@test "restore: what the configuration demands is asked of the sample, and of the names of all" {
	local sum type
	sum=$(sha256sum <"$BATS_FILE_TMPDIR/two/numbers" | cut -d ' ' -f 1)
	cat >look <<-'END'
	#!/bin/sh
	find . -name numbers -size +1k | grep -q . && ! touch evil 2>/dev/null
	END
	chmod +x look
	for type in restic borg; do
		local at=${BATS_FILE_TMPDIR#/}/two
		[ $type = restic ] || at=two
		# met KEY…: the demands that are added to the location
		met() {
			repository $type
			sed -i "s,}}\$,}\, rto_minutes: 60\, restore: {$*}}," config.yaml
			rm -f bkm.db*
			bkm-scan -q
			run --separate-stderr bkm-restore --stored --latest
			jq -c 'select(.kind == "backup" and .restore).restore' <<<"$output"
		}
		met "min_entries: 3, must_contain: ['*/numbers'], sha256: {$at/numbers: $sum}, command: [$PWD/look]" |
			jq -e '.verdict == "pass" and .warnings == null and ([.checks[] | "\(.check) \(.verdict)"] ==
				["entries pass", "contains pass", "sha256 pass", "command pass", "time pass"])'
		met "must_contain: ['*/numbers', '*/other']" |
			jq -e '.verdict == "fail" and .reason == "assertion" and .message == "nothing matches */other"'
		met "sha256: {$at/numbers: ${sum//[0-9]/0}}" | jq -e '.verdict == "fail" and .reason == "assertion"'
		met "sha256: {$at/other: $sum}" | jq -e '.verdict == "fail" and .reason == "assertion"'
		met "command: [/bin/false]" | jq -e '.verdict == "fail" and .reason == "assertion"'
		met "min_entries: 1000" | jq -e '.verdict == "fail" and .reason == "assertion" and
			(.checks | all(.check != "time"))'
		met "compare: $BATS_FILE_TMPDIR, sql: [SELECT 1]" | jq -e '.verdict == "pass" and
			.warnings == ["not_looked_into"] and ([.checks[] | select(.verdict == "skip").check] == ["sql", "compare"])'
	done
}

# The file that sha256 names would have its turn in one of three samples.
@test "restore: what must be looked at is in every sample" {
	repository borg
	mkdir many
	for i in $(seq 250); do echo "$i" >"many/f$i"; done
	BORG_BASE_DIR=$PWD/base BORG_PASSPHRASE=correct-horse BORG_RELOCATED_REPO_ACCESS_IS_OK=yes \
		borg create --timestamp 2026-11-21T03:00:00 repo::many-1 many
	mkdir 0 1 2
	for turn in 0 1 2; do
		(cd $turn && echo many/f77 | BKM_FILES=100 BKM_BYTES=1000000 BKM_TURN=$turn \
			"$BKM_BUILD/share/bkm/restore/borg" restore "$OLDPWD/repo" many-1 3<"$BATS_FILE_TMPDIR/pass" >answer)
		jq -e '.verdict == "pass" and .files > 80 and .files < 90' $turn/answer
		[ "$(cat $turn/restored/many/f77)" = 77 ]
	done
	[ "$(find 0 1 2 -name 'f*' -type f -printf '%f\n' | sort -u | wc -l)" = 250 ]
	[ "$(grep -c '^many/f' 0/names)" = 250 ]
}

@test "a program that is not installed: nothing is said of a backup, and the package is named" {
	mkdir bin
	ln -s "$(command -v jq)" bin/jq
	for type in restic borg; do
		for command in list verify restore; do
			PATH=$PWD/bin run /bin/sh "$BKM_BUILD/share/bkm/restore/$type" $command /nowhere
			[ "$status" -eq 0 ]
			jq -e --arg c $command '.verdict == (if $c == "list" then "error" else "skip" end) and
				.reason == "not_installed" and (.message | contains("install the package"))' <<<"$output"
		done
	done
	PATH=/nowhere run /bin/sh "$BKM_BUILD/share/bkm/restore/borg" restore /nowhere
	[ "$output" = '{"verdict":"skip","reason":"not_installed","message":"jq is not installed: install the package jq"}' ]
}

# The tools' own protocols, by loopback: a remote shell that is no ssh, a server of rclone.
@test "a repository on another host is scanned, verified and restored, and it stays as it is" {
	local before port pid
	repository borg
	printf '#!/bin/sh\nwhile [ "$1" != borg ]; do shift; done\nexec "$@"\n' >shell
	chmod +x shell
	export BORG_RSH=$PWD/shell
	sed -i "s,path: repo,path: ssh://host$PWD/repo," config.yaml
	before=$(state_of_repo)
	run --separate-stderr bkm-scan
	expect 0
	jq -se '[.[] | select(.kind == "backup")] | length == 2 and all(.[]; .status == "ok")' <<<"$output"
	expect_verdicts '2026-11-20 pass - intact,2026-11-21 pass - intact'
	run --separate-stderr bkm-restore --stored --latest
	expect 0
	jq -se '[.[] | select(.kind == "backup" and .restore).restore | .verdict == "pass" and .entries == 4] == [true]' <<<"$output"
	[ "$(state_of_repo)" = "$before" ]
	flip "$(largest segments-of-one)"
	expect_verdicts '2026-11-20 fail damaged read,2026-11-21 pass - intact'
	printf '#!/bin/sh\necho "ssh: connect to host host port 22: Connection refused" >&2\nexit 255\n' >shell
	run --separate-stderr bkm-scan
	expect 1
	jq -se '.[] | select(.kind == "location") | .status == "unreachable" and .reasons == ["io_error"]' <<<"$output"
	[ "$(in_store 'SELECT count(*) FROM backup WHERE live = 1')" = 2 ]

	rm -f bkm.db*
	repository restic
	before=$(state_of_repo)
	rclone --config "$PWD/none" serve restic --append-only --addr 127.0.0.1:0 repo >log 2>&1 3>&- &
	pid=$!
	eventually grep -q "http://" log
	port=$(sed -n 's,.*http://127.0.0.1:\([0-9]*\)/.*,\1,p' log)
	sed -i "s,path: repo,path: \"rest:http://127.0.0.1:$port/\"," config.yaml
	run --separate-stderr bkm-scan
	expect 0
	expect_verdicts '2026-11-20 pass - intact,2026-11-21 pass - intact'
	run --separate-stderr bkm-restore --stored --latest
	expect 0
	jq -se '[.[] | select(.kind == "backup" and .restore).restore | .verdict == "pass" and .entries > 1] == [true, true]' <<<"$output"
	[ "$(state_of_repo)" = "$before" ]
	kill $pid
	wait $pid || true
}

@test "score, report and alert take snapshots as any backup; the password is in nothing that is kept" {
	repository restic
	bkm-scan -q
	rm -f "$(largest packs-of-one)"
	run --separate-stderr bash -c 'bkm-verify --stored --exit-zero | bkm-restore --latest --exit-zero | bkm-score --exit-zero | bkm-report -f html -o report.html | bkm-alert --exit-zero'
	jq -se 'any(.[]; .kind == "score" and .location == "r" and .grade == "critical")' <<<"$output"
	jq -se 'any(.[]; .kind == "alert" and .alert == "verification_failure")' <<<"$output"
	grep -q 'restic:' report.html
	run ! grep -rqF correct-horse bkm.db report.html
	[[ $output != *correct-horse* ]]
}

# handler TEXT: an installation of its own in ./prefix, whose handler of restic is a script.
handler() {
	mkdir -p prefix/bin prefix/share/bkm/restore repo
	cp "$BKM_BUILD"/bin/bkm-scan "$BKM_BUILD"/bin/bkm-verify prefix/bin
	printf '#!/bin/sh\n%s\n' "$1" >prefix/share/bkm/restore/restic
	chmod +x prefix/share/bkm/restore/restic
	printf '%s\n' 'database: {url: sqlite:///bkm.db}' 'backups:' '  locations:' \
		'    - {name: r, path: repo, type: restic}' >config.yaml
}

@test "after a SIGKILL the directory is in use until the handler is gone" {
	handler 'sleep 1000; exit'
	prefix/bin/bkm-scan -q 3>&- &
	eventually pgrep -f "$PWD/prefix/share"
	in_use_until_gone $! "$PWD/prefix/share" tmp
}

@test "a handler is not believed: no end, bad lines, bad ids, bad status, an answer without end" {
	local good='{"repository":"x"}\n{"id":"a","time":"2026-11-20T02:00:00Z","size":5}\n' text
	handler "printf '$good{\"end\":true}\\n'"
	run prefix/bin/bkm-scan -q
	expect 0
	for text in "printf '$good'" "printf '${good}garbage\\n{\"end\":true}\\n'" \
		"printf '$good{\"id\":\"../b\",\"time\":\"2026-11-20T02:00:00Z\"}\\n{\"end\":true}\\n'" \
		"printf '$good{\"id\":\"b\"}\\n{\"end\":true}\\n'" "printf '$good{\"end\":true}\\n'; exit 3" \
		"kill -9 \$\$" "exit 0" 'touch "$1/canary" "$2/canary" ../canary; exit 0'; do
		handler "$text"
		run --separate-stderr prefix/bin/bkm-scan
		expect 1
		jq -se '.[] | select(.kind == "location") | .status == "unreachable"' <<<"$output"
		[ "$(in_store 'SELECT count(*) FROM backup WHERE live = 1')" = 1 ]
	done
	[ -z "$(find . -name canary)" ]
	for text in 'exit 0' 'echo []' 'echo {}' "echo '{\"verdict\":\"pass\"}'" "echo '{\"verdict\":\"fail\"}'" \
		"echo '{\"verdict\":\"fail\",\"reason\":\"bored\"}'" 'exit 7'; do
		handler "$text"
		run --separate-stderr prefix/bin/bkm-verify --stored --force
		expect 3
		jq -se '.[] | select(.kind == "backup").verification | .verdict == "error" and .reason == "handler"' <<<"$output"
	done
	handler 'yes'
	run --separate-stderr prefix/bin/bkm-verify --stored --force
	expect 3
	[[ $stderr == *"answered without end"* ]]
}
