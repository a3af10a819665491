#!/usr/bin/env bats
# bkm-verify, content: every format by the tool that writes it, whole, cut everywhere, with bits flipped.
# The sweep itself is tests/unit/verify/format_test.c; in the long form it cuts at every byte.
# shellcheck disable=SC2016,SC2154 # jq programs in single quotes; $stderr is set by run
bats_require_minimum_version 1.5.0
load ../lib

GROUPS_OF_SAMPLES="pg my lite redis ldap mongo vm arch cont"

setup_file() {
	PLACE=$(mktemp -d /tmp/bkm-samples.XXXXXX)
	export PLACE
	chmod 755 "$PLACE"
	local group
	for group in $GROUPS_OF_SAMPLES; do
		mkdir "$PLACE/$group.d"
		[ "$(id -u)" -ne 0 ] || chown nobody "$PLACE/$group.d"
		(cd "$PLACE/$group.d" && as_user env HOME="$PWD" bash "$BKM_ROOT/tests/fixtures/verify/samples.sh" "$group") \
			>"$PLACE/$group.log" 2>&1 3>&- 4>&- &
		eval "pid_$group=$!"
	done
	for group in $GROUPS_OF_SAMPLES; do
		eval "wait \$pid_$group" || {
			cat "$PLACE/$group.log" >&2
			return 1
		}
	done
}

teardown_file() {
	rm -rf "$PLACE"
}

setup() {
	bkm_setup
	how=spread
	[ -z "${BKM_SOAK-}" ] || how=all
}

# sweep RULE FILE...: as format_test has it.
sweep() {
	run "$BKM_BUILD/test/verify/format_test" "$how" "$@"
	expect 0
}

# verdict_of PATH: "verdict reason level" in $output.
verdict_of() {
	jq -r --arg p "$1" 'select(.kind == "backup" and .path == $p) | .verification
		| [.verdict, .reason // "-", .level // "-"] | join(" ")' <<<"$output"
}

is() {
	[[ $(verdict_of "$1") == "$2"* ]] || fail "$1: '$(verdict_of "$1")', expected '$2'"
}

# What of $output is not a fail.
not_failed() {
	jq -r 'select(.kind == "backup" and .verification.verdict != "fail")
		| [.path, .verification.verdict, .verification.message] | @tsv' <<<"$output"
}

# Copies of directory $1, each with one file of it cut, then each without one file.
broken_copies() {
	python3 - "$1" "$2" <<-'PY'
	import os, shutil, sys
	source, count = sys.argv[1], int(sys.argv[2])
	files = [os.path.relpath(os.path.join(d, f), source) for d, _, fs in os.walk(source) for f in fs]
	def copy(tag):
	    shutil.copytree(source, "broken/" + tag, copy_function=os.link)
	    return "broken/" + tag
	for name in sorted(files):
	    data = open(os.path.join(source, name), "rb").read()
	    tag = name.replace("/", "_")
	    cuts = {len(data) * i // count for i in range(count)} | {len(data) - i for i in (1, 2, 3)}
	    for at in sorted(c for c in cuts if 0 <= c < len(data)):
	        path = os.path.join(copy(f"{tag}-{at}"), name)
	        os.unlink(path)
	        open(path, "wb").write(data[:at])
	    os.unlink(os.path.join(copy(f"{tag}-gone"), name))
	PY
}

@test "pg_dump, custom format: every option whole, no cut passes" {
	cd "$PLACE/pg.d/pg"
	sweep whole ./*.dump
}

@test "pg_dump and pg_dumpall as text, tar format: every option whole, no cut passes" {
	cd "$PLACE/pg.d/pg"
	sweep whole ./*.sql all.tar schema.tar nothing.tar
}

@test "pg_dump, directory format: whole; a cut, missing or unlisted file is found" {
	cd "$PLACE/pg.d/pg"
	run --separate-stderr bkm-verify -m content dir jobs plain copy
	expect 0
	for d in dir jobs plain copy; do is "$PWD/$d" "pass - complete"; done
	[ "$(jq -r 'select(.kind == "backup").verification.checks[0].format' <<<"$output" | sort -u)" = pg_directory ]
	cd "$BATS_TEST_TMPDIR"
	cp -r "$PLACE/pg.d/pg/dir" dir
	n=3
	[ -z "${BKM_SOAK-}" ] || n=200
	broken_copies dir $n
	run --separate-stderr bkm-verify -m content broken/*
	expect 1
	[ -z "$(not_failed)" ] || fail "$(not_failed)"
	cp -r dir extra && echo x >extra/other
	run --separate-stderr bkm-verify -m content extra
	expect 0
	has "$output" '"unlisted"'
	# A large object that is not compressed says nowhere how long it is.
	rm -rf broken && cp -r "$PLACE/pg.d/pg/copy" dirz0 && broken_copies dirz0 3
	run --separate-stderr bkm-verify -m content broken/*
	expect 1
	run grep -v 'broken/blob_' <<<"$(not_failed)"
	[ -z "$output" ] || fail "not found"
}

@test "pg_dump, directory format: killed before its table of contents was written" {
	cp -r "$PLACE/pg.d/pg/dir" dir && rm dir/toc.dat
	run --separate-stderr bkm-verify -m content dir
	expect 1
	is "$PWD/dir" "fail incomplete"
	has "$output" "toc.dat, which pg_dump writes last, is missing"
}

@test "pg_basebackup: plain, tar, one stream: whole; sizes, checksums, WAL and the manifest are checked" {
	cp -r "$PLACE/pg.d/pg/base" base
	cd "$PLACE/pg.d/pg"
	run --separate-stderr bkm-verify -m content base base-sha base-tar base.tar
	expect 0
	for d in base base-sha base-tar base.tar; do is "$PWD/$d" "pass - intact"; done
	cd "$BATS_TEST_TMPDIR"
	changed() { # NAME FILE SHELL: a copy in which the shell does something to the file
		cp -rl base "$1" && cp --remove-destination "base/$2" "$1/$2" && (cd "$1" && sh -c "$3")
	}
	changed flip global/pg_filenode.map 'printf x | dd of=global/pg_filenode.map bs=1 seek=100 conv=notrunc status=none'
	changed short PG_VERSION 'printf 1 >PG_VERSION'
	changed gone backup_label 'rm backup_label'
	changed manifest backup_manifest 'sed -i "s/PG_VERSION/PG_VERSIOM/" backup_manifest'
	changed cut backup_manifest 'truncate -s -1 backup_manifest'
	wal=$(cd base && echo pg_wal/0*)
	wal=${wal%% *}
	changed wal "$wal" "truncate -s -8192 $wal"
	changed nowal "$wal" "rm pg_wal/0*"
	changed extra PG_VERSION 'echo >stray'
	run --separate-stderr bkm-verify -m content flip short gone manifest cut wal nowal extra
	expect 1
	is "$PWD/flip" "fail damaged"
	is "$PWD/short" "fail truncated"
	is "$PWD/gone" "fail incomplete"
	is "$PWD/manifest" "fail damaged"
	is "$PWD/cut" "fail truncated"
	is "$PWD/wal" "fail"
	is "$PWD/nowal" "pass"
	is "$PWD/extra" "pass"
	has "$output" '"wal_missing"'
	has "$output" '"unlisted"'
}

@test "pg_basebackup in tars: a member that is not the manifest's, a tar that ends too early" {
	cp -r "$PLACE/pg.d/pg/base-tar" tars && cp "$PLACE/pg.d/pg/base.tar" .
	mkdir flip && cp tars/backup_manifest tars/pg_wal.tar.gz flip
	gzip -dc tars/base.tar.gz >flip/base.tar
	at=$(grep -abo PG_VERSION flip/base.tar | head -1 | cut -d: -f1)
	printf x | dd of=flip/base.tar bs=1 seek=$((at + 512)) conv=notrunc status=none
	cp -r flip cut && gzip -dc tars/base.tar.gz >cut/base.tar && truncate -s -1024 cut/base.tar
	cp base.tar flipped.tar
	at=$(grep -abo PG_VERSION flipped.tar | head -1 | cut -d: -f1)
	printf x | dd of=flipped.tar bs=1 seek=$((at + 512)) conv=notrunc status=none
	head -c 20000000 base.tar >short.tar
	run --separate-stderr bkm-verify -m content flip cut flipped.tar short.tar
	expect 1
	is "$PWD/flip" "fail damaged"
	is "$PWD/cut" "fail truncated"
	is "$PWD/flipped.tar" "fail damaged"
	is "$PWD/short.tar" "fail truncated"
	has "$output" "PG_VERSION does not match its checksum in backup_manifest"
}

@test "mysqldump: every option whole, no cut passes; without comments never whole" {
	cd "$PLACE/my.d/my"
	grep -q 'enable the sandbox mode' app.sql
	sweep whole ./*.sql
	sweep open open/*.sql
	for f in open/*.sql; do gzip -c "$f" >"$BATS_TEST_TMPDIR/${f##*/}.gz"; done
	run --separate-stderr bkm-verify -m content "$BATS_TEST_TMPDIR"/*.gz
	[ "$(jq -r 'select(.kind == "backup").verification.reason' <<<"$output" | sort -u)" = unverifiable ]
}

@test "SQLite: databases and dumps whole, no cut passes" {
	cd "$PLACE/lite.d/lite"
	sweep whole ./*
}

@test "Redis: RDB checked to the last bit, append-only files cut inside a command, their manifest" {
	cd "$PLACE/redis.d/redis"
	sweep checked a.rdb
	sweep open open/a.aof
	cp -r parts "$BATS_TEST_TMPDIR/parts"
	cat parts/*.base.rdb parts/*.incr.aof >"$BATS_TEST_TMPDIR/both.aof"
	cd "$BATS_TEST_TMPDIR"
	cp -r parts gone && rm gone/*.base.rdb
	cp -r parts cut && truncate -s -3 cut/*.incr.aof
	cp -r parts list && truncate -s -1 list/*.manifest
	head -c -8 both.aof >inside.aof
	printf '*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n' >multi.aof
	run --separate-stderr bkm-verify -m content parts both.aof gone cut list inside.aof multi.aof
	expect 1
	is "$PWD/parts" "skip unverifiable"
	is "$PWD/both.aof" "skip unverifiable"
	is "$PWD/gone" "fail incomplete"
	for f in cut list inside.aof multi.aof; do is "$PWD/$f" "fail truncated"; done
	has "$output" "ends inside a transaction"
}

@test "LDIF: cut inside an entry; the count of ldapsearch" {
	cd "$PLACE/ldap.d/ldap"
	sweep open open/slapcat.ldif
	sweep whole search.ldif
	cd "$BATS_TEST_TMPDIR"
	sed 's/numEntries: 9/numEntries: 8/' "$PLACE/ldap.d/ldap/search.ldif" >count.ldif
	sed 's/result: 0 Success/result: 4 Size limit exceeded/' "$PLACE/ldap.d/ldap/search.ldif" >limit.ldif
	run --separate-stderr bkm-verify -m content count.ldif limit.ldif
	is "$PWD/count.ldif" "fail damaged"
	is "$PWD/limit.ldif" "fail incomplete"
}

@test "mongodump: no cut passes, nor a flipped bit of a document; a collection without its end" {
	cd "$PLACE/mongo.d/mongo"
	sweep whole ./*
	python3 - <<-'PY' >"$BATS_TEST_TMPDIR/flip.archive"
	import sys
	data = bytearray(open("a.archive", "rb").read())
	data[data.index(b"document 5 ")] ^= 4
	sys.stdout.buffer.write(data)
	PY
	python3 "$BKM_ROOT/tests/fixtures/verify/mongodump.py" 30 open >"$BATS_TEST_TMPDIR/open.archive"
	cd "$BATS_TEST_TMPDIR"
	run --separate-stderr bkm-verify -m content flip.archive open.archive "$PLACE/mongo.d/mongo/a.archive"
	is "$PWD/flip.archive" "fail damaged"
	is "$PWD/open.archive" "fail truncated"
	is "$PLACE/mongo.d/mongo/a.archive" "pass - intact"
	has "$output" "a collection has no end: app.users"
}

@test "qcow2: no cut passes; qemu-img says the rest, with the format forced and no backing file" {
	cd "$PLACE/vm.d/vm"
	sweep asked ./*.qcow2
	cp a.qcow2 "$BATS_TEST_TMPDIR" && cd "$BATS_TEST_TMPDIR"
	cp a.qcow2 leak.qcow2 && truncate -s +64K leak.qcow2 && qemu-img create -q -f qcow2 -b a.qcow2 -F qcow2 child.qcow2
	# A cluster behind the last one that is counted and belongs to nobody.
	printf '\0\1' | dd of=leak.qcow2 bs=1 seek=$((0x20000 + 2 * 10)) conv=notrunc status=none
	cp a.qcow2 bad.qcow2 && printf '\0\0' | dd of=bad.qcow2 bs=1 seek=$((0x20000 + 2)) conv=notrunc status=none
	cp a.qcow2 locked.qcow2 && printf '\1' | dd of=locked.qcow2 bs=1 seek=35 conv=notrunc status=none
	cp a.qcow2 marked.qcow2 && printf '\2' | dd of=marked.qcow2 bs=1 seek=79 conv=notrunc status=none
	gzip -k a.qcow2
	mkdir dir && cp bad.qcow2 dir
	before=$(sha256sum ./*.qcow2)
	run --separate-stderr bkm-verify -m content "$PLACE"/vm.d/vm/*.qcow2
	expect 0
	[ "$(jq -r 'select(.kind == "backup").verification.level' <<<"$output" | sort -u)" = complete ]
	run --separate-stderr bkm-verify -m content child.qcow2 leak.qcow2 bad.qcow2 locked.qcow2 marked.qcow2 \
		a.qcow2.gz dir
	expect 1
	is "$PWD/child.qcow2" "pass - complete"
	is "$PWD/leak.qcow2" "pass - complete"
	is "$PWD/bad.qcow2" "fail damaged"
	is "$PWD/locked.qcow2" "skip encrypted"
	is "$PWD/marked.qcow2" "fail damaged"
	is "$PWD/a.qcow2.gz" "skip unverifiable"
	is "$PWD/dir" "fail damaged"
	[ "$before" = "$(sha256sum ./*.qcow2)" ]
}

@test "qcow2 without qemu-img: a skip with the package to install" {
	unshare -rm true 2>/dev/null || skip "needs a mount namespace to hide qemu-img in"
	cp "$PLACE/vm.d/vm/a.qcow2" . && head -c 100000 a.qcow2 >cut.qcow2
	run --separate-stderr unshare -rm sh -c \
		'mount --bind /dev/null /usr/bin/qemu-img && exec bkm-verify -m content a.qcow2 cut.qcow2'
	expect 1
	is "$PWD/a.qcow2" "skip not_installed"
	is "$PWD/cut.qcow2" "fail truncated"
	jq -se '.[0].verification.message == "qemu-img is not installed: install the package qemu-utils"' <<<"$output"
}

@test "archives and compressions, one in the other: no cut passes, no bit where all is checked" {
	cd "$PLACE/arch.d/arch"
	files=$(find . -maxdepth 1 -type f)
	# shellcheck disable=SC2086 # names without blanks
	sweep whole $files
	sweep checked checked/*
	# Where one member ends and the next begins, a cut shows in nothing but what is inside.
	cp members/two.gz "$BATS_TEST_TMPDIR" && cd "$BATS_TEST_TMPDIR"
	head -c -5 two.gz >last.gz
	compress -c "$PLACE/arch.d/arch/tree/n" >n.Z && head -c -1 "$PLACE/arch.d/arch/long/a.tar.Z" >cut.Z
	run --separate-stderr bkm-verify -m content two.gz last.gz n.Z cut.Z "$PLACE/arch.d/arch/long/a.tar.Z"
	is "$PWD/two.gz" "pass - intact"
	is "$PWD/last.gz" "fail truncated"
	# compress(1) writes no end: what is inside must have one.
	is "$PLACE/arch.d/arch/long/a.tar.Z" "pass - complete"
	is "$PWD/cut.Z" "fail truncated"
	is "$PWD/n.Z" "skip unverifiable"
	run --separate-stderr bkm-restore --keep --scratch "$BATS_TEST_TMPDIR" "$PLACE/arch.d/arch/long/a.tar.Z"
	expect 0
	cmp "$(find "$BATS_TEST_TMPDIR" -name numbers)" "$PLACE/arch.d/arch/long/numbers"
}

@test "iso9660, xar, cab, lha, rar, ar, warc: no cut passes, no bit where all is checked" {
	cd "$PLACE/cont.d/cont"
	files=$(find . -maxdepth 1 -type f)
	# shellcheck disable=SC2086 # names without blanks
	sweep whole $files
	sweep checked checked/*
	sweep open open/*
	run --separate-stderr bkm-verify -m content rock.iso a.deb checked/5.rar checked/2.lzh checked/packed.cab \
		bare.xar checked/a.xar udf/a.iso open/a.a open/a.warc
	expect 0
	is "$PWD/rock.iso" "pass - complete"
	is "$PWD/a.deb" "pass - complete"
	is "$PWD/bare.xar" "pass - complete"
	for f in 5.rar 2.lzh packed.cab a.xar; do is "$PWD/checked/$f" "pass - intact"; done
	is "$PWD/udf/a.iso" "skip unsupported"
	is "$PWD/open/a.a" "skip unverifiable"
	is "$PWD/open/a.warc" "skip unverifiable"
	has "$output" "it holds a UDF file system, which is not looked into"
}

@test "bkm-restore takes out of them what was put in, also through a compression" {
	kept=$(mktemp -d "$PLACE/kept.XXXXXX")
	cd "$PLACE/cont.d/cont"
	for f in rock.iso rock.iso.gz joliet.iso.xz zisofs.iso bare.xar checked/a.xar.gz checked/packed.cab \
		checked/0.lzh checked/2.lzh checked/4.rar checked/5.rar.zst; do
		run --separate-stderr bkm-restore --keep --scratch "$kept" "$f"
		expect 0
		[ "$(jq -r '[.restore.verdict, .restore.level, .restore.files] | @tsv' <<<"$output")" = "pass	restored	3" ] ||
			fail "$f: $output"
		tree=$(find "$kept" -type d \( -name tree -o -name sub \) | sort | head -1)
		[ "${tree##*/}" = tree ] || tree=${tree%/*}
		for part in n r sub/s; do cmp "$tree/$part" "tree/$part"; done
		rm -rf "${kept:?}"/*
	done
	run --separate-stderr bkm-restore a.deb open/a.warc.gz open/a.a checked/a.xar
	expect 0
	[ "$(jq -r '.restore | [.verdict, .handler, .files] | join(" ")' <<<"$output")" = \
		$'pass ar 3\npass warc 3\npass ar 3\npass xar 3' ] || fail "$output"
	run --separate-stderr bkm-restore udf/a.iso
	expect 0
	[ "$(jq -r '.restore | [.verdict, .reason] | join(" ")' <<<"$output")" = "skip unsupported" ] || fail "$output"
	zip -qry "$BATS_TEST_TMPDIR/a.zip" tree && gzip "$BATS_TEST_TMPDIR/a.zip"
	run --separate-stderr bkm-restore "$BATS_TEST_TMPDIR/a.zip.gz"
	expect 0
	[ "$(jq -r '.restore | [.verdict, .handler, .files] | join(" ")' <<<"$output")" = "pass zip 3" ] || fail "$output"
}

@test "what libarchive leaves open in a container: encrypted, in volumes, without its end" {
	cd "$BATS_TEST_TMPDIR"
	python3 - "$PLACE/cont.d/cont" <<-'PY'
	import struct, sys, zlib
	def load(name):
	    return bytearray(open(sys.argv[1] + "/" + name, "rb").read())
	def save(name, data):
	    open(name, "wb").write(data)
	def rar4(name, offset, bits):  # flags of the block at offset, with its CRC made anew
	    data = load("checked/4.rar")
	    size = struct.unpack_from("<H", data, offset + 5)[0]
	    data[offset + 3] |= bits
	    struct.pack_into("<H", data, offset, zlib.crc32(data[offset + 2:offset + size]) & 0xffff)
	    save(name, data)
	rar4("volume.rar", 7, 1)
	rar4("hidden.rar", 7, 0x80)
	rar4("secret.rar", 20, 4)
	save("noend.rar", load("checked/5.rar")[:-8])
	save("noend.lzh", load("checked/1.lzh")[:-1])
	save("more.lzh", load("checked/1.lzh") + b"more")
	cab = load("checked/packed.cab")
	cab[30] |= 2
	save("set.cab", cab)
	iso = load("plain.iso")
	iso[0x8000 + 84] ^= 1
	save("two.iso", iso)
	deb = load("a.deb")
	save("nodata.deb", deb[:deb.index(b"data.tar")])
	ar = load("open/a.a")
	save("linker.a", ar.replace(b"n/      ", b"#1/9999 ", 1))
	save("bad.a", ar.replace(b"`\n", b"'\n", 1))
	page = b"HTTP/1.1 200 OK\r\n\r\nhello"  # as wget writes it, whose names libarchive does not take
	save("wget.warc", b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: <http://localhost/>\r\n"
	     b"Content-Length: %d\r\n\r\n%s\r\n\r\n" % (len(page), page))
	save("udf.iso", bytes(0x8000) + b"\0BEA01\1".ljust(2048, b"\0") + b"\0NSR02\1".ljust(2048, b"\0") + bytes(99999))
	PY
	run --separate-stderr bkm-verify -m content {volume,hidden,secret,noend}.rar {noend,more}.lzh set.cab {two,udf}.iso nodata.deb {linker,bad}.a wget.warc
	is "$PWD/volume.rar" "skip unsupported"
	is "$PWD/hidden.rar" "skip encrypted"
	is "$PWD/secret.rar" "skip encrypted"
	is "$PWD/noend.rar" "fail truncated"
	is "$PWD/noend.lzh" "fail truncated"
	is "$PWD/more.lzh" "pass - intact"
	is "$PWD/set.cab" "skip unsupported"
	is "$PWD/two.iso" "fail damaged"
	is "$PWD/nodata.deb" "fail truncated"
	is "$PWD/udf.iso" "skip unsupported"
	is "$PWD/linker.a" "skip unsupported"
	is "$PWD/bad.a" "fail damaged"
	is "$PWD/wget.warc" "skip unsupported"
	has "$output" "its blocks are whole, but libarchive does not unpack it"
	has "$output" '"trailing_garbage"'
}

@test "what has no check is found by its baseline: plain tar, plain SQL, pages of SQLite" {
	write_config db
	cp "$PLACE/arch.d/arch/a.tar" "$PLACE/pg.d/pg/all.sql" "$PLACE/lite.d/lite/a.db" "$PLACE/my.d/my/app.sql" \
		"$PLACE/pg.d/pg/z0.dump" db
	touch -d '2 days ago' db/*
	run --separate-stderr bkm-verify -f <<<"$(bkm-scan)"
	expect 0
	python3 - <<-'PY'
	import os
	for name, text in (("a.tar", b"\n250\n"), ("all.sql", b"x77x77"), ("a.db", b"CREATE INDEX"),
	                   ("app.sql", b"row 77"), ("z0.dump", b"x77x77")):
	    path = "db/" + name
	    info = os.stat(path)
	    data = bytearray(open(path, "rb").read())
	    data[data.index(text) + 1] ^= 1
	    open(path, "wb").write(data)
	    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
	PY
	run --separate-stderr bkm-verify -m content db/a.tar db/all.sql db/app.sql db/a.db db/z0.dump
	expect 0
	run --separate-stderr bkm-verify --stored -f
	expect 1
	[ "$(jq -r 'select(.kind == "backup").verification.reason' <<<"$output" | sort | uniq -c | tr -s ' ')" = " 5 bitrot" ] ||
		fail "not all of them"
}

@test "a record says which format, where it ended, and the last good object" {
	head -c 3000 "$PLACE/pg.d/pg/z9.dump" >cut.dump
	run --separate-stderr bkm-verify -m content cut.dump
	expect 1
	jq -e 'select(.kind == "backup").verification.checks[] | select(.check == "content")
		| .format == "pg_custom" and .reason == "truncated" and .offset > 0 and (.last | length) > 0' <<<"$output"
}

@test "a dump without a statement, a dump without an object" {
	printf -- '--\n-- PostgreSQL database dump\n--\n\n--\n-- PostgreSQL database dump complete\n--\n\n' >no.sql
	printf -- '-- MySQL dump 10.13  Distrib 8.0\n--\n\n-- Dump completed on 2026-11-22\n' >my.sql
	printf 'CREATE TABLE t (a int);\nINSERT INTO t VALU' >cut.sql
	printf 'INSERT INTO t VALUES (1);\n' >other.sql
	run --separate-stderr bkm-verify -m content no.sql my.sql cut.sql other.sql
	expect 1
	is "$PWD/no.sql" "fail no_statement"
	is "$PWD/my.sql" "fail no_statement"
	is "$PWD/cut.sql" "fail truncated"
	is "$PWD/other.sql" "skip unverifiable"
}

@test "what is called SQL and is none: messages, comments, pages, noise; other writers' scripts are not judged" {
	echo 'mysqldump: Got error: 1045: "Access denied for user"' >message.sql
	gzip -k message.sql
	printf -- '-- nothing\n' | gzip >comment.sql.gz
	echo '<html>404</html>' >page.sql
	head -c 20000 /dev/urandom | tr '\1' '\0' >noise.sql
	cp noise.sql noise.sqlite
	head -c 3000 /dev/zero >zeros.sql
	printf 'USE [db]\r\nGO\r\nCREATE TABLE x(a int)\r\nGO\r\n' >go.sql
	printf '/* a\ncomment */\nDELETE FROM x;\n' >block.sql
	printf 'SELECT 1' | iconv -t UTF-16 >wide.sql
	run --separate-stderr bkm-verify -m content -- *.sql *.gz noise.sqlite
	expect 1
	is "$PWD/message.sql" "fail no_statement"
	is "$PWD/message.sql.gz" "fail no_statement"
	[[ $output == *"no SQL, but a message: mysqldump: Got error: 1045"* ]]
	is "$PWD/comment.sql.gz" "fail no_statement"
	is "$PWD/page.sql" "fail foreign"
	is "$PWD/noise.sql" "fail foreign"
	is "$PWD/noise.sqlite" "fail foreign"
	is "$PWD/zeros.sql" "fail damaged"
	for f in go block wide; do is "$PWD/$f.sql" "skip unverifiable"; done
}
