#!/usr/bin/env bats
# bkm-scan against hostile trees, kills, rivals, and a store that cannot be written.
bats_require_minimum_version 1.5.0
load ../lib

setup() {
	bkm_setup
	export BKM_NOW=2026-11-23T12:00:00Z
	write_config db
}

teardown() {
	chmod -R u+rwx . 2>/dev/null || true
	[ -z "$churn" ] || kill "$churn" 2>/dev/null || true
	[ -z "$open_place" ] || rm -rf "$open_place"
}

# Go where an ordinary user gets to, too.
in_the_open() {
	open_place=$(mktemp -d /tmp/bkm-test.XXXXXX)
	chmod 777 "$open_place"
	cd "$open_place"
	write_config db
}

make() {
	mkdir -p "$(dirname "$1")"
	head -c "$2" /dev/zero >"$1"
	aged "$1" 2026-11-22T02:00:00Z
}

paths() {
	jq -r 'select(.kind == "backup") | .path' <<<"$output"
}

# tree N M: N directories with M backups each.
tree() {
	python3 - "$@" <<-'P'
	import os, sys
	for d in range(1, int(sys.argv[1]) + 1):
	    os.makedirs(f"db/d{d}", exist_ok=True)
	    for f in range(1, int(sys.argv[2]) + 1):
	        name = f"db/d{d}/app-{f}.tar"
	        if not os.path.exists(name):
	            open(name, "w").write("x")
	            os.utime(name, (1763776800, 1763776800))
	P
}

# Where a scan is killed: a few moments, many under BKM_SOAK.
moments() {
	if [ -n "$BKM_SOAK" ]; then
		seq 0.002 0.002 0.2
	else
		echo 0.01 0.02 0.04
	fi
}

# What a store holds, without the numbers that depend on the order of the walk.
state_of() {
	in_store "SELECT d.path, b.name, b.live, b.size, b.mtime, b.time, b.state, b.status, s.name
		FROM backup b JOIN dir d ON d.id = b.dir_id JOIN series s ON s.id = b.series_id
		ORDER BY 1, 2, 3, 4" "$1"
	in_store "SELECT name, count, bytes, growing, stalled, findings, completed, members, stale,
		latest_id IS NULL, previous_id IS NULL, newest_time FROM series ORDER BY 1" "$1"
}

@test "FIFOs, sockets and devices are never opened, symbolic links never followed" {
	make db/a.tar 10
	make outside/secret.tar 10
	mkfifo db/fifo.tar
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("db/sock.tar")'
	[ "$(id -u)" -ne 0 ] || mknod db/null.tar c 1 3
	ln -s ../outside/secret.tar db/link.tar
	ln -s ../outside db/linkdir
	ln -s . db/loop
	run --separate-stderr timeout 200 bkm-scan
	expect 0
	[ "$(paths)" = "$PWD/db/a.tar" ]
}

@test "the location itself may be a symbolic link" {
	make real/a.tar 10
	rmdir db && ln -s real db
	run --separate-stderr bkm-scan
	expect 0
	[ "$(paths)" = "$PWD/db/a.tar" ]
}

@test "names of any bytes survive, exactly" {
	printf 'x' >"db/"$'new\nline.tar'
	printf 'x' >"db/"$'do"uble\'s \\ back.tar'
	printf 'x' >"db/"$'bad\xff\xfe.tar'
	printf 'x' >"db/-rf.tar"
	printf 'x' >"db/"$'\xe2\x80\xaebidi.tar'
	touch -d 2026-11-22 -- db/*
	run --separate-stderr bkm-scan
	expect 0
	jq -r 'select(.kind == "backup") | if .path_b64 then .path_b64 else .path | @base64 end' \
		<<<"$output" | while read -r name; do
		printf '%s' "$name" | base64 -d
		printf '\0'
	done | sort -z >got
	find "$PWD/db" -type f -print0 | sort -z >want
	cmp got want
	run --separate-stderr bkm-scan --changed
	[ -z "$(paths)" ]
}

@test "an unreadable directory is an error record; the walk goes on, nothing below it vanishes" {
	in_the_open
	make db/ok/a.tar 10
	make db/shut/b.tar 10
	chmod -R a+rwX db
	run --separate-stderr as_user bkm-scan
	expect 0
	chmod 000 db/shut
	run --separate-stderr as_user bkm-scan
	expect 3
	has "$stderr" "cannot open directory '$PWD/db/shut': permission denied"
	[ "$(jq -r 'select(.kind == "error") | "\(.reason) \(.path) \(.location)"' <<<"$output")" = \
		"permission_denied $PWD/db/shut db" ]
	[ "$(jq -r 'select(.kind == "location") | "\(.status) \(.reasons[0])"' <<<"$output")" = \
		"degraded unreadable" ]
	[ "$(paths | sort)" = "$PWD/db/ok/a.tar
$PWD/db/shut/b.tar" ]
}

@test "a location that cannot be opened is unreachable, nothing in it vanishes" {
	in_the_open
	make db/a.tar 10
	chmod -R a+rwX db
	run --separate-stderr as_user bkm-scan
	expect 0
	chmod 000 db
	run --separate-stderr as_user bkm-scan
	expect 1
	has "$stderr" "permission denied"
	[ "$(jq -r 'select(.kind == "location") | "\(.status) \(.reasons[0])"' <<<"$output")" = \
		"unreachable permission_denied" ]
	[ "$(in_store "SELECT sum(live) FROM backup")" = 1 ]
}

@test "deeper than PATH_MAX" {
	python3 - <<-'P'
	import os
	os.chdir("db")
	for i in range(60):
	    os.mkdir("d" * 100)
	    os.chdir("d" * 100)
	open("deep.tar", "w").write("x")
	os.utime("deep.tar", (1700000000, 1700000000))
	P
	run --separate-stderr timeout 200 bkm-scan
	expect 0
	[[ $(paths) == */deep.tar ]]
	[ "$(paths | wc -c)" -gt 6000 ]
	run --separate-stderr bkm-scan --changed
	[ -z "$(paths)" ]
	python3 -c 'import shutil; shutil.rmtree("db/" + "d" * 100)' || find db -depth -delete
}

@test "files that come and go during the walk are no errors" {
	tree 20 50
	# They come by link: whole and old from the first moment, however and whenever the loop is ended.
	make seed 100
	timeout 300 bash -c 'until [ -e enough ]; do
		rm -rf db/d3 db/d7
		mkdir -p db/d3 db/d7
		for i in 1 2 3 4 5 6; do ln seed "db/d3/new-$i.tar"; mv "db/d3/new-$i.tar" db/d7/; done
	done' 3>&- &
	churn=$!
	for _ in 1 2 3; do
		bkm-scan -q 2>>errors || echo "exit status $?" >>errors
	done
	touch enough
	wait "$churn"
	churn=
	[ ! -s errors ] || fail "$(cat errors)"
	run bkm-scan -q
	expect 0
	[ "$(in_store 'SELECT count(*) FROM backup WHERE live = 1')" = "$(find db -type f | wc -l)" ]
}

@test "another file system is entered only with cross_device" {
	[ "$(id -u)" -eq 0 ] && mkdir -p db/mnt && mount -t tmpfs none db/mnt ||
		skip "mounting needs root with CAP_SYS_ADMIN"
	make db/mnt/b.tar 10
	make db/a.tar 10
	run --separate-stderr bkm-scan
	one=$(paths)
	echo '      cross_device: true' >>config.yaml
	run --separate-stderr bkm-scan
	two=$(paths | sort)
	umount db/mnt
	[ "$one" = "$PWD/db/a.tar" ]
	[ "$two" = "$PWD/db/a.tar
$PWD/db/mnt/b.tar" ]
}

@test "killed at any moment, the next scan ends where an undisturbed one does" {
	tree 15 100
	bkm-scan -q
	cp bkm.db before.db
	rm db/d1/app-1.tar
	mv db/d2/app-1.tar db/d2/app-1.tar.1
	echo longer >db/d3/app-5.tar
	mv db/d4 db/moved
	mkdir db/more && for i in $(seq 300); do echo x >"db/more/n-$i.tar"; done
	touch -d 2026-11-22T02:00:00Z db/more/* db/d3/app-5.tar
	bkm-scan -q || [ $? -eq 1 ]
	state_of bkm.db >want
	for delay in $(moments); do
		rm -f bkm.db*
		cp before.db bkm.db
		bkm-scan -q &
		pid=$!
		sleep "$delay"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		bkm-scan -q || [ $? -eq 1 ]
		state_of bkm.db >got
		cmp want got
		[ "$(in_store 'PRAGMA integrity_check')" = ok ]
	done
}

@test "a first scan that is killed goes on from where it was" {
	tree 30 100
	bkm-scan -q
	state_of bkm.db >want
	for delay in $(moments); do
		rm -f bkm.db*
		bkm-scan -q &
		pid=$!
		sleep "$delay"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		bkm-scan -q
		state_of bkm.db >got
		cmp want got
	done
}

@test "SIGTERM ends a scan by the signal, and its run says so" {
	tree 40 200
	bkm-scan -q &
	pid=$!
	eventually store_says 1 'SELECT count(*) FROM run'
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 143 ] || [ "$status" -eq 0 ]
	if [ "$status" -eq 143 ]; then
		[ "$(in_store 'SELECT ended_by FROM run ORDER BY id DESC LIMIT 1')" = SIGTERM ]
	fi
	bkm-scan -q
	[ "$(in_store 'SELECT count(*) FROM backup')" = 8000 ]
}

@test "several scans at once do no harm" {
	tree 20 50
	scans=
	for _ in 1 2 3 4; do
		bkm-scan -q 2>>errors 3>&- &
		scans="$scans $!"
	done
	# shellcheck disable=SC2086 # a list; a bare wait would also wait for what limits the time of a test
	wait $scans
	[ ! -s errors ] || fail "$(cat errors)"
	[ "$(in_store 'SELECT count(*), sum(live) FROM backup')" = "1000|1000" ]
	[ "$(in_store 'SELECT sum(count) FROM series')" = 1000 ]
	rm -r db/d1
	scans=
	for _ in 1 2 3; do
		bkm-scan -q 2>>errors 3>&- &
		scans="$scans $!"
	done
	# shellcheck disable=SC2086 # a list; a bare wait would also wait for what limits the time of a test
	wait $scans
	[ ! -s errors ] || fail "$(cat errors)"
	[ "$(in_store 'SELECT count(*), sum(live) FROM backup')" = "1000|950" ]
	[ "$(in_store 'SELECT sum(count) FROM series')" = 950 ]
}

@test "a full disk for the store: one clear error, nothing lost" {
	tree 10 50
	bkm-scan -q
	tree 40 100
	(
		ulimit -f 300
		trap '' XFSZ
		run --separate-stderr bkm-scan -q
		expect 3
		has "$stderr" "bkm.db"
		[ "$(wc -l <<<"$stderr")" -le 2 ]
	)
	[ "$(in_store 'PRAGMA integrity_check')" = ok ]
	bkm-scan -q
	[ "$(in_store 'SELECT count(*), sum(live) FROM backup')" = "4000|4000" ]
}

@test "a full or closed standard output is exit 3, a closed pipe the quiet death" {
	tree 5 100
	run --separate-stderr bash -c 'bkm-scan >/dev/full'
	expect 3
	has "$stderr" "standard output"
	run --separate-stderr bash -c 'bkm-scan >&-'
	expect 3
	run --separate-stderr bash -c 'set -o pipefail; bkm-scan | head -1 >/dev/null'
	[ "$status" -eq 0 ] || expect 141
	[ -z "$stderr" ]
}

@test "what a line says is in the store when it appears" {
	tree 3 20
	bkm-scan | while read -r line; do
		id=$(jq 'select(.kind == "backup") | .id' <<<"$line")
		[ -z "$id" ] || [ "$(in_store "SELECT count(*) FROM backup WHERE id = $id")" = 1 ] || echo "$line"
	done >missing
	[ ! -s missing ]
}

@test "memory stays small in a large directory" {
	mkdir -p db/big
	(cd db/big && seq -f 'file-%06.0f.tar' 30000 | xargs touch -d 2026-11-22)
	# A sanitizer needs terabytes of addresses.
	[ -n "$BKM_SANITIZED" ] || ulimit -v 300000
	run --separate-stderr bkm-scan -q
	expect 1
	[ "$(in_store 'SELECT count(*) FROM backup')" = 30000 ]
}
