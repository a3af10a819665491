#!/usr/bin/env bats
# decrypt: encrypted backups are looked into and restored by gpg, age and openssl in the sandbox.
# shellcheck disable=SC2016,SC2154 # jq programs in single quotes; bats
bats_require_minimum_version 1.5.0
load ../lib

# The samples are made once: a tree in tar.gz, large enough for several chunks, and keys.
setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	umask 077
	mkdir tree
	head -c 300000 /dev/urandom >tree/noise
	seq 1 20000 >tree/numbers
	tar czf plain.tar.gz tree
	printf 'hunter2-%s\n' "$RANDOM$RANDOM" >pass
	echo something-else >wrong
	mkdir gnupg
	gpg --homedir gnupg --batch --pinentry-mode loopback --passphrase-file pass --symmetric \
		--output x.tar.gz.gpg plain.tar.gz 2>gpg.log
	age-keygen -o identity 2>age.log
	age-keygen -o stranger 2>age.log
	age -r "$(age-keygen -y identity)" -o x.tar.gz.age plain.tar.gz
	openssl enc -aes-256-cbc -pbkdf2 -pass file:pass -in plain.tar.gz -out x.tar.gz.enc
	gpgconf --homedir gnupg --kill all
}

setup() {
	bkm_setup
	mkdir db tmp
	export TMPDIR=$PWD/tmp
	# Programs run as nobody, who must get to them.
	programs=$(mktemp -d /tmp/bkm-programs-XXXXXX)
	chmod 755 "$programs"
}

teardown() {
	rm -rf "$programs"
}

# location COMMAND SECRET [LINE...]: config.yaml with one location db; each LINE is one of decrypt.
location() {
	{
		printf 'database: {url: sqlite:///bkm.db}\nbackups:\n  locations:\n'
		printf '    - name: db\n      path: db\n      settle: 0s\n      decrypt:\n'
		printf '        command: %s\n        secret_file: %s\n' "$1" "$BATS_FILE_TMPDIR/$2"
		shift 2
		[ $# -eq 0 ] || printf '        %s\n' "$@"
	} >config.yaml
}

with_gpg() {
	location "[gpg, --batch, --decrypt, --passphrase-fd, '3']" "${1:-pass}"
}

with_age() {
	location "[age, --decrypt, --identity, '{secret}']" "${1:-identity}"
}

with_openssl() {
	location "[openssl, enc, -d, -aes-256-cbc, -pbkdf2, -pass, 'fd:3']" "${1:-pass}"
}

sample() {
	cp "$BATS_FILE_TMPDIR/$1" "db/${2:-$1}"
	touch -d '1 hour ago' "db/${2:-$1}"
}

# flip FILE OFFSET: another byte there.
flip() {
	local byte
	byte=$(od -An -tu1 -j "$2" -N 1 "db/$1")
	printf '%b' "\\x$(printf %02x $((byte ^ 255)))" |
		dd of="db/$1" bs=1 seek="$2" conv=notrunc status=none
	touch -d '1 hour ago' "db/$1"
}

cut_off() {
	truncate -s "-$2" "db/$1"
	touch -d '1 hour ago' "db/$1"
}

# chain: scan, verify, restore; verdicts of the only backup in $verified and $restored.
chain() {
	rm -f bkm.db*
	run --separate-stderr bash -c 'bkm-scan | bkm-verify --exit-zero | bkm-restore'
	verified=$(jq -r 'select(.kind == "backup").verification
		| [.verdict, .reason // "-", .level // "-"] | join(" ")' <<<"$output")
	restored=$(jq -r 'select(.kind == "backup").restore
		| [.verdict, .reason // "-", .handler // "-"] | join(" ")' <<<"$output")
	[ "$verified" = "$1" ] || fail "verified: '$verified', expected '$1'"
	[ "$restored" = "$2" ] || fail "restored: '$restored', expected '$2'"
	[ -z "$(find "$TMPDIR" -name 'bkm-drill-*')" ] || fail "a scratch directory is left"
}

@test "gpg, age and openssl: what is inside is verified and restored" {
	sample x.tar.gz.gpg
	with_gpg
	chain 'pass - intact' 'pass - tar'
	jq -se '.[] | select(.kind == "backup") | .restore.files == 2 and
		(.verification.checks | any(.check == "content" and .format == "tar" and .codec == "gzip"))' \
		<<<"$output"
	# The digest is that of the file as it lies there.
	[ "$(in_store 'SELECT digest FROM baseline')" = "$(sha256sum <db/x.tar.gz.gpg | cut -d ' ' -f 1)" ]
	rm db/*
	sample x.tar.gz.age
	with_age
	chain 'pass - intact' 'pass - tar'
	rm db/*
	sample x.tar.gz.enc
	with_openssl
	chain 'pass - intact' 'pass - tar'
}

@test "zip and 7z, which have their directory at the end: looked into up to 32 MiB, then only restored" {
	local pass=$BATS_FILE_TMPDIR/pass
	seq 1000 >numbers && truncate -s 34M zeros
	zip -q small.zip numbers && 7z a -bd small.7z numbers >/dev/null && zip -q0 large.zip numbers zeros
	with_openssl
	for f in small.zip small.7z; do
		openssl enc -aes-256-cbc -pbkdf2 -pass "file:$pass" -in "$f" -out "db/$f.enc"
		chain 'pass - intact' "pass - ${f#small.}"
		rm db/*
	done
	openssl enc -aes-256-cbc -pbkdf2 -pass "file:$pass" -in large.zip -out db/large.zip.enc
	chain 'pass - read' 'pass - zip'
	has "$output" "larger than 32 MiB, and comes in order only: not looked into"
}

@test "without decrypt an encrypted backup is a skip, never a pass" {
	sample x.tar.gz.gpg
	write_config
	printf '      settle: 0s\n' >>config.yaml
	run --separate-stderr bash -c 'bkm-scan | bkm-verify -m content'
	jq -se '.[] | select(.kind == "backup").verification | .verdict == "skip" and .reason == "encrypted"' \
		<<<"$output"
}

@test "a wrong key is an error: nobody could look, and what stood stands" {
	sample x.tar.gz.gpg
	with_gpg wrong
	chain 'error decrypt -' 'error decrypt -'
	expect 3
	[[ $stderr == *"Bad session key"* ]] || fail "no reason"
	rm db/*
	sample x.tar.gz.age
	with_age stranger
	chain 'error decrypt -' 'error decrypt -'
	[[ $stderr == *"no identity matched"* ]] || fail "no reason"
	rm db/*
	sample x.tar.gz.enc
	with_openssl wrong
	chain 'error decrypt -' 'error decrypt -'
	# An earlier pass is not lost by it.
	with_openssl
	chain 'pass - intact' 'pass - tar'
	with_openssl wrong
	run bkm-verify --stored --force -q
	[ "$(in_store 'SELECT verify_verdict FROM standing')" = pass ]
}

@test "a decryptor that fails at the end makes it damaged, whatever came out before" {
	for kind in gpg age; do
		sample "x.tar.gz.$kind"
		"with_$kind"
		cut_off "x.tar.gz.$kind" 1
		chain 'fail damaged read' 'fail damaged -'
		sample "x.tar.gz.$kind"
		cut_off "x.tar.gz.$kind" 70000
		chain 'fail damaged read' 'fail damaged -'
		sample "x.tar.gz.$kind"
		flip "x.tar.gz.$kind" 200000
		chain 'fail damaged read' 'fail damaged -'
		sample "x.tar.gz.$kind"
		flip "x.tar.gz.$kind" $(($(stat -c %s "db/x.tar.gz.$kind") - 10))
		chain 'fail damaged read' 'fail damaged -'
		rm db/*
	done
}

@test "openssl enc: a good beginning tells damage from a wrong key" {
	with_openssl
	sample x.tar.gz.enc
	cut_off x.tar.gz.enc 5000
	chain 'fail damaged read' 'fail damaged -'
	# A flip that openssl does not see: the checksum of gzip does.
	sample x.tar.gz.enc
	flip x.tar.gz.enc 100000
	chain 'fail damaged read' 'fail damaged tar'
	# The cipher without padding never fails: noise in place of a tar.gz is no verdict either.
	openssl enc -aes-256-ctr -pbkdf2 -pass "file:$BATS_FILE_TMPDIR/pass" \
		-in "$BATS_FILE_TMPDIR/plain.tar.gz" -out db/x.tar.gz.enc
	touch -d '1 hour ago' db/x.tar.gz.enc
	location "[openssl, enc, -d, -aes-256-ctr, -pbkdf2, -pass, 'fd:3']" wrong
	chain 'error decrypt -' 'error decrypt -'
}

@test "what is inside decides: foreign, empty, a dump" {
	local to
	to=$(age-keygen -y "$BATS_FILE_TMPDIR/identity")
	with_age
	seq 1 1000 | age -r "$to" -o db/a.tar.gz.age
	touch -d '1 hour ago' db/*
	chain 'fail foreign read' 'fail foreign -'
	rm db/*
	gzip </dev/null | age -r "$to" -o db/a.sql.gz.age
	touch -d '1 hour ago' db/*
	chain 'fail empty read' 'fail empty -'
	rm db/*
	sqlite3 x.db 'CREATE TABLE t(a); INSERT INTO t VALUES (1), (2)'
	sqlite3 x.db .dump | zstd -q | age -r "$to" -o db/a.sql.zst.age.1
	touch -d '1 hour ago' db/*
	chain 'pass - intact' 'pass - sqlite-dump'
	jq -se '.[] | select(.kind == "backup").restore.rows == 2' <<<"$output"
	rm db/*
	# Nothing that bkm knows, but every byte is covered by age.
	noise 100000 | age -r "$to" -o db/a.bin.age
	touch -d '1 hour ago' db/*
	chain 'pass - intact' 'skip unsupported -'
}

@test "the program: missing, killed, without end" {
	sample x.tar.gz.gpg
	location '[no-such-program]' pass
	chain 'error decrypt -' 'error decrypt -'
	[[ $stderr == *"does not exist"* ]] || fail "no reason"
	printf '#!/bin/sh\nkill -9 $$\n' >"$programs/dies"
	printf '#!/bin/sh\nsleep 100\n' >"$programs/sleeps"
	chmod +x "$programs"/*
	location "[$programs/dies]" pass
	chain 'error decrypt -' 'error decrypt -'
	[[ $stderr == *"ended by signal 9"* ]] || fail "no reason"
	location "[$programs/sleeps]" pass
	printf 'restore_testing: {max_time: 1s}\n' >>config.yaml
	run bkm-scan -q
	run --separate-stderr bkm-restore --stored --force
	expect 3
	[[ $stderr == *"took longer than allowed"* ]] || fail "no reason"
}

@test "match says what is encrypted, a plain file beside it stays as it is" {
	sample x.tar.gz.age secret.tar.gz
	sample plain.tar.gz
	location "[age, --decrypt, --identity, '{secret}']" identity "match: ['secret*']"
	run --separate-stderr bash -c 'bkm-scan | bkm-verify | bkm-restore --force'
	expect 0
	[ "$(jq -s '[.[] | select(.verification.verdict == "pass" and .restore.verdict == "pass")] | length' \
		<<<"$output")" = 2 ]
	# Without match it is seen by its first bytes.
	with_age
	run --separate-stderr bash -c 'bkm-verify --stored --force'
	expect 0
}

@test "gpg with a secret key: the shipped program, its agent gone afterwards" {
	mkdir home
	chmod 700 home
	gpg --homedir home --batch --passphrase '' --quick-gen-key 'bkm <b@example.org>' default default never 2>log
	(umask 077 && gpg --homedir home --batch --armor --export-secret-keys b@example.org >key.asc)
	gpg --homedir home --batch --trust-model always -r b@example.org -o db/x.tar.gz.gpg \
		-e "$BATS_FILE_TMPDIR/plain.tar.gz" 2>log
	gpgconf --homedir home --kill all
	touch -d '1 hour ago' db/*
	location "[$BKM_BUILD/share/bkm/restore/gpg-secret-key]" pass 'unix_sockets: true'
	sed -i "s,secret_file: .*,secret_file: key.asc," config.yaml
	chain 'pass - intact' 'pass - tar'
	run ! pgrep -f "gpg-agent.*$PWD/tmp/bkm-drill"
	echo no-key >key.asc
	chain 'error decrypt -' 'error decrypt -'
}

@test "the secret is in no argument, environment, record, log or store; the program has no network" {
	sample x.tar.gz.gpg
	cat >"$programs/spy" <<-'END'
		#!/bin/sh
		{ tr '\0' ' ' </proc/$$/cmdline; env; ls -a "$HOME/"; } >&2
		bash -c 'exec 4<>/dev/udp/127.0.0.1/9' 2>/dev/null && echo NETWORK >&2
		touch "/var/tmp/bkm-canary.$$" 2>/dev/null && echo CANARY >&2
		exec gpg --batch --decrypt --passphrase-fd 3
	END
	chmod +x "$programs/spy"
	location "[$programs/spy]" pass
	printf 'logging: {file: bkm.log, level: DEBUG}\n' >>config.yaml
	chain 'pass - intact' 'pass - tar'
	local secret
	secret=$(cat "$BATS_FILE_TMPDIR/pass")
	# What the program says is shown when it fails.
	sed -i 's/^exec gpg.*/exit 1/' "$programs/spy"
	run --separate-stderr bkm-verify --stored --force
	[[ $output$stderr != *"$secret"* && $output$stderr != *CANARY* && $output$stderr != *NETWORK* ]]
	run ! grep -rF "$secret" bkm.log bkm.db
}

@test "configuration: a command is needed, one file may hold several lines" {
	write_config
	printf '      decrypt: {secret: x}\n' >>config.yaml
	run --separate-stderr bkm-scan --check-config
	expect 2
	[[ $stderr == *"'backups.locations[].decrypt' needs a command"* ]]
	printf 'database: {url: sqlite:///bkm.db}\nbackups:\n  locations:\n    - {name: r, path: r, type: restic, decrypt: {command: [x]}}\n' \
		>config.yaml
	run --separate-stderr bkm-scan --check-config
	expect 2
	[[ $stderr == *"a repository is decrypted by its own program"* ]]
}

# A decryptor that does not end; the verify that waits for it is in $pid.
endless() {
	sample x.tar.gz.gpg
	printf '#!/bin/sh\necho begun >&2\ncat >/dev/null\nsleep 1000\n' >"$programs/slow"
	chmod +x "$programs/slow"
	location "[$programs/slow]" pass
	bkm-scan -q
	bkm-verify --stored --force >out 2>err 3>&- &
	pid=$!
	eventually pgrep -f "$programs/slow"
}

@test "a stopped run leaves no decryptor and no directory" {
	endless
	kill -TERM $pid
	wait $pid || true
	[ -z "$(find tmp -name 'bkm-drill-*')" ]
	run ! pgrep -f "$programs/slow"
}

@test "after a SIGKILL the directory is in use until the decryptor is gone" {
	endless
	in_use_until_gone $pid "$programs/slow" tmp
}
