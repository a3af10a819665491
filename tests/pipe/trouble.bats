#!/usr/bin/env bats
# A full disk, a read-only, damaged or newer store, a vanished location, a closed standard output: each is one
# clear error with the right exit status, and nothing is lost.
bats_require_minimum_version 1.5.0
load ../lib
load site

setup() {
	site_make "$BATS_TEST_TMPDIR"
	cd "$BATS_TEST_TMPDIR" || return 1
	export BKM_CONFIG=config.yaml BKM_NOW=$SITE_NOW
	COMMANDS="bkm-scan bkm-verify bkm-restore bkm-score bkm-report bkm-alert"
}

stored() {
	[ "$1" = bkm-scan ] && "$@" || "$@" --stored
}

# one line on standard error that says it, exit 3, no signal
one_error() {
	[ "$status" -eq 3 ]
	[ "$(wc -l <<<"$stderr")" -le 2 ]
	[[ "$stderr" == *"$1"* ]]
}

@test "a damaged store is named and left as it is" {
	site_chain . >/dev/null || true
	rm -f store/bkm.db-wal store/bkm.db-shm
	head -c 8192 /dev/urandom | dd of=store/bkm.db conv=notrunc status=none
	sha256sum store/bkm.db >before
	for c in $COMMANDS; do
		run --separate-stderr stored "$c"
		echo "$c: $status $stderr"
		one_error "store"
	done
	sha256sum -c before
}

@test "a file that is no store is refused" {
	rm -rf store/*
	sqlite3 store/bkm.db 'create table mine (a)'
	run --separate-stderr bkm-scan
	one_error "not a store of bkm"
	[ "$(sqlite3 store/bkm.db .tables)" = mine ]
}

@test "a newer store is refused with both numbers" {
	bkm-scan >/dev/null || true
	sqlite3 store/bkm.db 'PRAGMA user_version = 4711'
	for c in $COMMANDS; do
		run --separate-stderr stored "$c"
		one_error 4711
	done
}

@test "a full disk: the error is told, the store is whole, the next run finishes" {
	if [ "$(id -u)" = 0 ] && mkdir small && mount -t tmpfs -o size=400k none small 2>/dev/null; then
		sed -i 's,store/bkm.db,small/bkm.db,' config.yaml
		head -c 390k /dev/zero >small/ballast
		run --separate-stderr bkm-scan
		echo "$status $stderr"
		[ "$status" -eq 3 ]
		[[ "$stderr" == *"no space left"* || "$stderr" == *"full"* || "$stderr" == *"disk"* ]]
		rm small/ballast
		mount -o remount,size=50m small
		run bkm-scan
		[ "$status" -le 1 ]
		state=$(sqlite3 small/bkm.db 'PRAGMA integrity_check')
		umount small
		[ "$state" = ok ]
	else
		# Without the right to mount: no file may grow past 100 KiB.
		run --separate-stderr bash -c 'ulimit -f 100; trap "" XFSZ; bkm-scan'
		[ "$status" -eq 3 ]
		run bkm-scan
		[ "$status" -le 1 ]
	fi
}

@test "standard output is full: exit 3 and the store has it all" {
	run --separate-stderr bash -c 'bkm-scan >/dev/full'
	one_error "standard output"
	run -0 sqlite3 store/bkm.db 'select count(*) from backup'
	[ "$output" = 21 ]
	for c in bkm-verify bkm-restore bkm-score bkm-report bkm-alert; do
		run --separate-stderr bash -c "$c --stored >/dev/full"
		echo "$c: $status $stderr"
		[ "$status" -eq 3 ]
	done
}

@test "standard output is closed: exit 3, and no file of ours becomes descriptor 1" {
	for c in $COMMANDS; do
		opt=--stored
		[ "$c" = bkm-scan ] && opt=
		run --separate-stderr bash -c "$c $opt >&-"
		echo "$c: $status $stderr"
		[ "$status" -eq 3 ]
	done
	run -0 sqlite3 store/bkm.db 'PRAGMA integrity_check'
	[ "$output" = ok ]
}

@test "a location that vanished is unreachable, and nothing in it is lost" {
	bkm-scan >/dev/null || true
	mv backups/files elsewhere
	run -1 bkm-scan
	[[ "$output" == *'"status":"unreachable"'* ]]
	run -0 sqlite3 store/bkm.db "select count(*) from backup b join dir d on d.id = b.dir_id
		join location l on l.id = d.location_id where l.name = 'files' and b.live = 1 and b.state = 'complete'"
	[ "$output" = 7 ]
	mv elsewhere backups/files
	bkm-scan -l files >back.jsonl || true
	jq -se 'map(select(.kind == "backup")) | length == 7 and all(.state == "complete" and (.new | not))' back.jsonl
}

@test "everything gone at once is a mount that is missing, not seven vanished backups" {
	bkm-scan >/dev/null || true
	mkdir away && mv backups/files/* away/
	bkm-scan -l files >gone.jsonl || true
	jq -se 'map(select(.kind == "location"))[0].status == "unreachable"' gone.jsonl
	jq -se 'map(select(.kind == "backup" and .state == "vanished")) == []' gone.jsonl
}

@test "a store that cannot be written: the error is told; a score and a report still come from it" {
	# Where everybody may look, as an ordinary user: root may write anything.
	place=$(mktemp -d /tmp/bkm-read-only.XXXXXX)
	chmod 755 "$place"
	site_chain . >/dev/null || true
	cp -a . "$place/site"
	cd "$place/site"
	chmod -R a+rX . && chmod 555 store && chmod 444 store/* && chmod 644 config.yaml
	as=
	if [ "$(id -u)" = 0 ]; then
		chown -R root: . && chown -R nobody: reports scratch alerts.log
		as="setpriv --reuid=nobody --regid=nogroup --clear-groups --"
	fi
	for c in $COMMANDS; do
		opt=--stored
		[ "$c" = bkm-scan ] && opt=
		run --separate-stderr $as "$c" $opt
		echo "$c: $status $stderr"
		[[ "$stderr" == *"cannot write store"*"ermission denied"* ]]
		[ "$(grep -vc '^hint: run bkm as the user' <<<"$stderr")" -eq 1 ]
		case $c in
		bkm-score) [ "$status" -eq 1 ] && [[ "$output" == *'"grade":"critical"'* ]] ;;
		bkm-report) [ "$status" -eq 0 ] && [[ "$output" == *'"format":"html"'* ]] ;;
		*) [ "$status" -eq 3 ] && [ -z "$output" ] ;;
		esac
	done
	chmod 000 store/*
	run -3 --separate-stderr $as bkm-report --stored
	[[ "$stderr" == *"cannot open store"*"ermission denied"* ]]
	rm -f store/*
	run -3 --separate-stderr bkm-alert --list
	[[ "$stderr" == *"does not exist: bkm-scan makes it"* ]]
	chmod -R u+w . && rm -rf "$place"
}

@test "garbage on standard input is told line by line and the good lines go on" {
	bkm-scan >scan.jsonl || true
	{
		echo 'not json'
		head -2 scan.jsonl
		printf '{"v":1,"kind":"backup","path":"a\\u0000b"\n'
		printf '\377\376\n'
		echo '[]'
		tail -1 scan.jsonl
		printf '{"v":1'
	} >mixed
	for c in bkm-verify bkm-restore bkm-score bkm-report bkm-alert; do
		run -3 --separate-stderr bash -c "$c <mixed"
		[[ "$stderr" == *"line 1"* && "$stderr" == *"line 4"* && "$stderr" == *"line 5"* && "$stderr" == *"line 6"* && "$stderr" == *"line 8"* ]]
		echo "$output" | jq -es 'length > 3' >/dev/null
	done
	run -3 --separate-stderr bash -c "jq . scan.jsonl | bkm-verify -q"
	[[ "$stderr" == *"write 'jq -c' instead of 'jq'"* ]]
}
