#!/usr/bin/env bats
# bkm-verify: every option, every verdict, every message, on real files.
# shellcheck disable=SC2016 # jq programs and SQL in single quotes
bats_require_minimum_version 1.5.0
load ../lib

# verdict PATH: "verdict reason level" of that backup in $output.
verdict() {
	jq -r --arg p "$1" 'select(.kind == "backup" and (.path | endswith("/" + $p)))
		| .verification | [.verdict, .reason // "-", .level // "-"] | join(" ")' <<<"$output"
}

# is PATH TEXT: its verdict begins so.
is() {
	[[ $(verdict "$1") == "$2"* ]] || fail "$1: '$(verdict "$1")', expected '$2'"
}

# A tree with a little of everything.
tree() {
	mkdir -p tree/sub
	seq 1 2000 >tree/numbers
	head -c 3000 /dev/urandom >tree/noise
	echo small >tree/sub/small
	ln -s numbers tree/link
}

dump_sqlite() {
	sqlite3 "$1" "CREATE TABLE t(a); INSERT INTO t VALUES (1), (2);"
}

# some JQ [ARG...]: true for one of the records.
some() {
	local filter=$1
	shift
	jq -ne "$@" "[inputs | $filter] | any" <<<"$output" >/dev/null || fail "no record: $filter"
}

old() {
	touch -d '2 days ago' -- "$@"
}

# ---------------------------------------------------------------- operands and formats

@test "good containers pass, without configuration and store, at the level they can show" {
	tree
	tar -cf a.tar tree && gzip -k a.tar && bzip2 -k a.tar && xz -k a.tar && zstd -q a.tar
	lz4 -q a.tar a.tar.lz4 && lzip -k a.tar && xz -k --format=lzma a.tar
	zip -qry b.zip tree && zip -qry0 stored.zip tree && 7z a -bd link.7z tree >/dev/null
	find tree -type f >files && 7z a -bd b.7z @files >/dev/null
	find tree | cpio -o -H newc 2>/dev/null >c.cpio
	find tree | cpio -o -H odc 2>/dev/null >odc.cpio
	bsdtar -cf pax.tar --format=pax tree
	run --separate-stderr bkm-verify a.tar a.tar.* b.zip stored.zip b.7z link.7z c.cpio odc.cpio pax.tar
	expect 0
	[ -z "$stderr" ] || fail "said something"
	for f in a.tar.gz a.tar.bz2 a.tar.xz a.tar.zst a.tar.lz4 a.tar.lz b.zip stored.zip b.7z; do
		is "$f" "pass - intact"
	done
	for f in a.tar a.tar.lzma c.cpio odc.cpio pax.tar link.7z; do is "$f" "pass - complete"; done
	[ ! -e config.yaml ] && [ -z "$(find . -name '*.db*')" ]
}

@test "a record of an operand says what was looked at" {
	tree
	tar -czf a.tar.gz tree
	run --separate-stderr bkm-verify a.tar.gz
	expect 0
	some '.v == 1 and .kind == "backup" and .path == "'"$PWD"'/a.tar.gz" and .size > 0
		and (.verification | .verdict == "pass" and .level == "intact" and .bytes > 0
		and (.checks[] | select(.check == "content")
		| .format == "tar" and .codec == "gzip" and .entries == 6))'
	digest=$(sha256sum a.tar.gz | cut -d' ' -f1)
	some '.verification.checks[] | select(.check == "checksum").actual == $d' --arg d "$digest"
}

# Every byte and every bit: bkm-verify-formats.bats.
@test "a container that is cut anywhere fails" {
	tree
	tar -cf a.tar tree && gzip -k a.tar && bzip2 -k a.tar && xz -k a.tar && zstd -q a.tar
	lz4 -q a.tar a.tar.lz4 && lzip -k a.tar
	zip -qry b.zip tree && 7z a -bd b.7z tree >/dev/null
	find tree | cpio -o -H newc 2>/dev/null >c.cpio
	mkdir cut
	for f in a.tar.gz a.tar.bz2 a.tar.xz a.tar.zst a.tar.lz4 a.tar.lz b.zip b.7z; do
		size=$(stat -c %s "$f")
		for i in $(seq 20); do
			n=$((40 + (size - 41) * i / 20))
			[ "$n" -ge "$size" ] || head -c "$n" "$f" >"cut/$n.$f"
		done
		head -c $((size - 1)) "$f" >"cut/last.$f"
	done
	content=$(($(stat -c %s a.tar) / 512))
	for i in $(seq 1 12) 13 14 15; do
		head -c $((512 * (content * i / 40 + 1))) a.tar >"cut/$i.a.tar"
	done
	for n in 200 1000 3001; do head -c "$n" c.cpio >"cut/$n.c.cpio"; done
	run --separate-stderr bkm-verify cut/*
	expect 1
	passed=$(jq -r 'select(.verification.verdict != "fail") | .path' <<<"$output")
	[ -z "$passed" ] || fail "not found: $passed"
	others=$(jq -r '.verification.reason | select(. != "truncated" and . != "damaged")' <<<"$output")
	[ -z "$others" ] || fail "reasons: $others"
}

@test "a flipped bit in every part of a checked container fails" {
	tree
	tar -czf a.tar.gz tree && tar -c tree | xz >a.tar.xz && tar -c tree | zstd -q >a.tar.zst
	zip -qry b.zip tree
	mkdir flip
	python3 - a.tar.gz a.tar.xz a.tar.zst b.zip <<-'PY'
	import sys
	for name in sys.argv[1:]:
	    data = open(name, "rb").read()
	    step = max(1, len(data) // 60)
	    for i in range(12, len(data) - (30 if name.endswith("zip") else 0), step):
	        # names and attributes of a zip's directory have no checksum
	        if name.endswith("zip") and i >= data.rindex(b"PK\x01\x02") - 400: continue
	        b = bytearray(data); b[i] ^= 1 << (i % 8)
	        open(f"flip/{i}.{name}", "wb").write(b)
	PY
	run --separate-stderr bkm-verify -m content flip/*
	expect 1
	passed=$(jq -r 'select(.verification.verdict != "fail") | .path' <<<"$output" | grep -v zip || :)
	[ -z "$passed" ] || fail "not found: $passed"
}

@test "nothing in it: empty file, empty stream, archive without an entry" {
	: >empty.sql && printf '' | gzip >empty.gz && printf '' | zstd -q >empty.sql.zst
	tar -cf empty.tar -T /dev/null && tar -czf empty.tar.gz -T /dev/null
	printf 'PK\005\006\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0' >empty.zip
	run --separate-stderr bkm-verify empty*
	expect 1
	for f in empty.sql empty.gz empty.sql.zst empty.tar empty.tar.gz empty.zip; do
		is "$f" "fail empty"
	done
}

@test "a name that promises another format is foreign" {
	tree
	echo '<html>502 Bad Gateway</html>' >page.tar.gz
	zip -qr x.zip tree && cp x.zip x.tar.gz && cp x.zip x.7z
	seq 1 100 | gzip >list.tar.gz && seq 1 100 | zstd -q >wrong.gz
	head -c 4000 /dev/zero >zeros.tar.zst
	run --separate-stderr bkm-verify page.tar.gz x.tar.gz x.7z list.tar.gz wrong.gz zeros.tar.zst
	expect 1
	for f in page.tar.gz x.tar.gz x.7z list.tar.gz wrong.gz zeros.tar.zst; do
		is "$f" "fail foreign"
	done
	has "$output" 'its name promises gzip, its content is zip'
}

@test "what cannot be looked into is no pass" {
	noise 5000 >noise.bin
	printf 'Salted__%s' "$(head -c 200 /dev/urandom | base64)" >x.tar.gz.enc
	printf 'age-encryption.org/v1\n-> X25519 abc\n' >x.age
	tree && zip -qr -P secret locked.zip tree && 7z a -bd -psecret locked.7z tree >/dev/null
	7z a -bd -psecret -mhe=on hidden.7z tree >/dev/null
	head -c 9000 /dev/zero >zeros.bin
	run --separate-stderr bkm-verify noise.bin x.tar.gz.enc x.age locked.zip locked.7z hidden.7z
	expect 0
	is noise.bin "skip unverifiable"
	for f in x.tar.gz.enc x.age locked.zip locked.7z hidden.7z; do is "$f" "skip encrypted"; done
	run --separate-stderr bkm-verify zeros.bin
	expect 1
	is zeros.bin "fail damaged"
}

@test "warnings: garbage behind the end, absolute and parent names, a payload nobody knows" {
	tree
	tar -czf a.tar.gz tree && echo surprise >>a.tar.gz
	tar -cPf abs.tar "$PWD/tree/numbers" 2>/dev/null
	(cd tree && tar -cPf ../up.tar ../tree/numbers 2>/dev/null)
	mkfifo tree/pipe && tar -cf special.tar tree
	seq 1 100 | gzip >list.gz
	run --separate-stderr bkm-verify a.tar.gz abs.tar up.tar special.tar list.gz
	expect 0
	for pair in a.tar.gz:trailing_garbage abs.tar:absolute_names up.tar:parent_names \
		special.tar:special_files list.gz:not_looked_into abs.tar:no_checksum; do
		some 'select(.path | endswith($p)) | .verification.warnings | index($w)' \
			--arg p "/${pair%%:*}" --arg w "${pair##*:}"
	done
}

@test "tar: zeros where a disk was not written are no end like any other" {
	local f name
	tree
	for name in 1 2 3; do seq 60000 >"tree/more$name"; done
	tar -cf good.tar tree
	# A hole over the header of the third entry; two in a row; the second half never written.
	python3 - <<-'PY'
	import tarfile
	good = open("good.tar", "rb").read()
	at = tarfile.open("good.tar").getmembers()[2].offset
	open("hole.tar", "wb").write(good[:at] + bytes(4096) + good[at + 4096:])
	open("row.tar", "wb").write(good + good)
	open("half.tar", "wb").write(good[:len(good) // 2] + bytes(len(good) - len(good) // 2))
	open("much.tar", "wb").write(good + bytes(17 << 20))
	PY
	gzip -k row.tar
	# Whatever record a tar was written with, and with more added to it, it is good.
	for f in 1 2 20 126 128 2048; do tar -b "$f" -cf "good$f.tar" tree; done
	tar -A -f good2.tar good20.tar && tar -rf good20.tar half.tar
	for f in good*.tar; do
		run -0 --separate-stderr bkm-verify "$f"
		lacks "$output" trailing_
	done
	for name in verify restore; do
		run -1 --separate-stderr "bkm-$name" hole.tar row.tar row.tar.gz much.tar
		run -0 jq -cs "map(select(.kind == \"backup\") | .verification // .restore
			| .verdict + \" \" + .reason) | unique" <<<"$output"
		[ "$output" = '["fail damaged"]' ]
		run -0 --separate-stderr "bkm-$name" half.tar
		some '(.verification // .restore).warnings | index("trailing_zeros")'
	done
}

@test "a part of what was split is no pass and no fail" {
	local name
	tree && cat tree/noise tree/noise tree/noise >tree/more
	tar -czf a.tar.gz tree
	split -n 3 a.tar.gz a.tar.gz. && split -d -n 3 a.tar.gz a.tar.gz. && split -d -a 3 -n 3 a.tar.gz b.tgz.
	# A rotation number is none of a part, nor is another extension.
	cp a.tar.gz.aa cut.tar.gz.1 && cp a.tar.gz.aa cut.tar.gz.10 && cp a.tar.gz.aa cut.tar.gz
	for name in verify restore; do
		run --separate-stderr "bkm-$name" a.tar.gz.* b.tgz.*
		run -0 jq -cs 'map(select(.kind == "backup") | .verification // .restore | .verdict) | unique' <<<"$output"
		[ "$output" = '["skip"]' ]
		run --separate-stderr "bkm-$name" cut.*
		run -0 jq -cs 'map(select(.kind == "backup") | .verification // .restore | .verdict) | unique' <<<"$output"
		[ "$output" = '["fail"]' ]
		run -0 --separate-stderr "bkm-$name" a.tar.gz
	done
}

@test "sqlite: a header and nothing but zeros" {
	sqlite3 x.db 'CREATE TABLE t (a); INSERT INTO t VALUES (1)'
	dd if=/dev/zero of=x.db bs=1 seek=100 count=4 conv=notrunc status=none
	run --separate-stderr bkm-verify x.db
	is x.db "fail damaged"
}

@test "zip bombs by overlap, and limits of what a worker may take, are no pass" {
	python3 - <<-'PY'
	import struct, zlib
	body = b"A" * 100
	local = struct.pack("<IHHHHHIIIHH", 0x04034b50, 20, 0, 0, 0, 0x5821, zlib.crc32(body), 100, 100, 1, 0) + b"a" + body
	central = struct.pack("<IHHHHHHIIIHHHHHII", 0x02014b50, 0x314, 20, 0, 0, 0, 0x5821, zlib.crc32(body), 100, 100, 1, 0, 0, 0, 0, 0, 0) + b"a"
	end = struct.pack("<IHHHHIIH", 0x06054b50, 0, 0, 2, 2, 2 * len(central), len(local), 0)
	open("overlap.zip", "wb").write(local + central * 2 + end)
	PY
	run --separate-stderr bkm-verify overlap.zip
	expect 1
	is overlap.zip "fail bomb"
}

@test "archives that make a reader loop or grow are answered in time" {
	# A gzip that contains itself, a gzip whose file name never ends, an endless list of tiny members.
	base64 -d <<-'EOT' >quine.gz
	H4sICAAAAAAA/3IAAAD//wEAAAAAAAAA
	EOT
	{ printf '\037\213\010\010\0\0\0\0\0\003'; head -c 3000000 /dev/zero | tr '\0' x; } >name.gz
	printf '' | gzip >m && for _ in $(seq 1 500); do cat m; done >many.gz
	head -c 300000000 /dev/zero | gzip >flat.gz
	run --separate-stderr timeout 60 bkm-verify quine.gz name.gz many.gz flat.gz
	expect 1
	is name.gz "fail"
	is many.gz "fail empty"
	is flat.gz "fail damaged"
}

# ---------------------------------------------------------------- dumps

@test "dumps of sqlite: whole, cut, in error, without a statement" {
	dump_sqlite x.db && sqlite3 x.db .dump >good.sql && gzip -k good.sql
	head -c -8 good.sql >cut.sql && gzip -c cut.sql >cut.sql.gz
	sed 's/^COMMIT;/ROLLBACK; -- due to errors/' good.sql >error.sql
	sqlite3 y.db .dump >nothing.sql
	cp x.db whole.db && head -c 4096 x.db >half.db && head -c 60 x.db >head.db
	run --separate-stderr bkm-verify good.sql good.sql.gz cut.sql cut.sql.gz error.sql nothing.sql \
		whole.db half.db head.db
	expect 1
	is good.sql "pass - complete"
	is good.sql.gz "pass - intact"
	is cut.sql "fail truncated"
	is cut.sql.gz "fail truncated"
	is error.sql "fail incomplete"
	is nothing.sql "fail no_statement"
	is whole.db "pass - complete"
	is half.db "fail truncated"
	is head.db "fail truncated"
}

pg_text() {
	printf -- '--\n-- PostgreSQL database dump\n--\n\n%sSET statement_timeout = 0;\n\n' "${1-}"
	printf -- '--\n-- Name: t; Type: TABLE; Schema: public; Owner: me\n--\n\n'
	printf 'CREATE TABLE public.t (\n    a integer\n);\n\nCOPY public.t (a) FROM stdin;\n1\n2\n\\.\n\n'
	printf -- '--\n-- PostgreSQL database dump complete\n--\n\n%s' "${2-}"
}

@test "dumps of PostgreSQL: markers, restrict keys, COPY, several in one" {
	pg_text >old.sql
	pg_text $'\\restrict abc\n\n' $'\\unrestrict abc\n\n' >new.sql
	pg_text $'\\restrict abc\n\n' >nokey.sql
	pg_text $'\\restrict abc\n\n' $'\\unrestrict xyz\n\n' >badkey.sql
	sed '/dump complete/,$d' old.sql >nomark.sql
	sed '/^2$/,$d' old.sql >copy.sql
	{ printf -- '--\n-- PostgreSQL database cluster dump\n--\n\n'; pg_text; pg_text
		printf -- '--\n-- PostgreSQL database cluster dump complete\n--\n\n'; } >all.sql
	sed '0,/database dump complete/{/database dump complete/d}' all.sql >lost.sql
	for f in *.sql; do zstd -q "$f"; done
	run --separate-stderr bkm-verify ./*.sql ./*.sql.zst
	expect 1
	for f in old new all; do
		is "$f.sql" "pass - complete"
		is "$f.sql.zst" "pass - intact"
	done
	for f in nokey nomark copy lost; do
		is "$f.sql" "fail truncated"
		is "$f.sql.zst" "fail truncated"
	done
	is badkey.sql "fail damaged"
	has "$output" 'ends inside the data of a table'
}

mysql_text() {
	[ -z "${2-}" ] || printf '/*M!999999\\- enable the sandbox mode */ \n'
	printf -- '-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB\n--\n\n'
	printf '/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;\n'
	printf 'CREATE TABLE `t` (\n  `a` int\n);\nINSERT INTO `t` VALUES (1),(2);\n'
	printf '/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;\n\n%s\n' "$1"
}

@test "dumps of MySQL and MariaDB: markers with and without a date, the sandbox line, no comments" {
	mysql_text '-- Dump completed on 2026-11-22  2:00:05' >old.sql
	mysql_text '-- Dump completed' sandbox >new.sql
	mysql_text '' >nomark.sql
	sed '/OLD_SQL_NOTES \*/,$d' old.sql >cut.sql
	{ cat old.sql; sed '/Dump completed/d' old.sql; } >two.sql
	{ printf '/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;\n'
		grep -v '^--' old.sql; } >bare.sql
	sed '/SET SQL_NOTES/,$d' bare.sql >barecut.sql
	run --separate-stderr bkm-verify ./*.sql
	expect 1
	is old.sql "pass - complete"
	is new.sql "pass - complete"
	for f in nomark cut two barecut; do is "$f.sql" "fail truncated"; done
	is bare.sql "skip unverifiable"
}

# ---------------------------------------------------------------- manifests

@test "manifests beside a backup: sidecars, sums, GNU and BSD forms, escaped names" {
	for f in a b c d e f; do echo "content of $f" >"$f.bin"; done
	sha256sum a.bin >a.bin.sha256
	md5sum b.bin | cut -d' ' -f1 >b.bin.md5
	sha512sum --tag c.bin >c.bin.sha512
	nl=$'new\nline.bin' && echo odd >"$nl"
	sha256sum d.bin "$nl" >SHA256SUMS
	md5sum e.bin >MD5SUMS
	echo "0000000000000000000000000000000000000000000000000000000000000000  f.bin" >>SHA256SUMS
	run --separate-stderr bkm-verify -m checksum a.bin b.bin c.bin d.bin e.bin f.bin "$nl"
	expect 1
	for f in a b c d e; do is "$f.bin" "pass - unchanged"; done
	is f.bin "fail checksum_mismatch"
	some 'select(.path | contains("\n")) | .verification.verdict == "pass"'
	some 'select(.path | endswith("/b.bin")) | .verification.checks[0]
		| .algorithm == "md5" and .reference == "manifest" and .manifest == "b.bin.md5"'
	some 'select(.path | endswith("/f.bin")) | .verification.checks[0]
		| .expected == ("0" * 64) and (.actual | length) == 64'
}

@test "a manifest that cannot be used is a warning, not a verdict" {
	echo x >a.bin && echo "no digest at all" >a.bin.sha256
	run --separate-stderr bkm-verify -m checksum a.bin
	expect 0
	has "$stderr" "cannot be used as a manifest"
	has "$output" manifest_ignored
	is a.bin "skip unverifiable"
}

# ---------------------------------------------------------------- with a store

@test "first baseline, unchanged, bit rot, accepted" {
	write_config db
	echo "some content" >db/a.bin && old db/a.bin
	output=$(bkm-scan | bkm-verify) && is a.bin "pass - read"
	output=$(bkm-scan | bkm-verify -f) && is a.bin "pass - unchanged"
	mtime=$(stat -c %Y db/a.bin)
	printf 'SOME content\n' >db/a.bin && touch -d "@$mtime" db/a.bin
	run --separate-stderr bkm-verify --stored -f
	expect 1
	is a.bin "fail bitrot"
	# A failed content is read again every time, and never becomes the baseline.
	run --separate-stderr bkm-verify --stored
	expect 1
	is a.bin "fail bitrot"
	[ "$(in_store 'SELECT count(*) FROM baseline')" -eq 1 ]
	# A run that looks at less does not make it green.
	run --separate-stderr bkm-verify --stored -m size -f
	expect 1
	is a.bin "fail bitrot"
	id=$(in_store 'SELECT id FROM backup')
	run --separate-stderr bkm-verify --accept "$id"
	expect 0
	is a.bin "pass - read"
	[ "$(in_store 'SELECT source FROM baseline')" = accepted ]
	run --separate-stderr bkm-verify --stored -f
	expect 0
	is a.bin "pass - unchanged"
}

@test "--accept of a vanished backup, and of what is not there" {
	write_config db
	printf '      retention_days: 30\n' >>config.yaml
	for i in 1 2 3 4; do echo "$i" >"db/a$i.bin" && old "db/a$i.bin"; done
	bkm-scan -q || :
	in_store "UPDATE backup SET state = 'vanished', status = 'failed', live = 0 WHERE id = 2"
	run --separate-stderr bkm-verify --accept 2
	expect 0
	[ "$(in_store 'SELECT state FROM backup WHERE id = 2')" = expired ]
	run --separate-stderr bkm-verify --accept 77
	expect 2
	has "$stderr" "there is no backup 77"
	run --separate-stderr bkm-verify --accept seven
	expect 2
}

@test "a new generation is none of ours, a forbidden change is; mtime that moved" {
	write_config db fixed
	sed -i 's/name: fixed/name: fixed\n      immutable: true/' config.yaml
	for d in db fixed; do echo one >$d/a.bin && old $d/a.bin; done
	bkm-scan | bkm-verify -q
	for d in db fixed; do echo other >$d/a.bin && touch -d '1 day ago' $d/a.bin; done
	run --separate-stderr bkm-verify --stored -f
	expect 1
	[ "$(jq -r 'select(.location == "db").verification.verdict' <<<"$output" | head -1)" != fail ]
	[ "$(jq -r 'select(.location == "fixed").verification.reason' <<<"$output")" = forbidden_change ]
	run --separate-stderr bash -c 'bkm-scan -l fixed | bkm-verify'
	some 'select(.kind == "backup" and .state == "complete").verification.reason == "forbidden_change"'
	touch -d '5 days ago' db/a.bin
	run --separate-stderr bkm-verify --stored -f -l db
	expect 1
	[ "$(jq -r 'select(.kind == "backup" and .location == "db").verification.reason' <<<"$output")" = timestamp_moved ]
}

@test "size: changed under an unchanged mtime; timestamp: in the future" {
	write_config db
	echo "0123456789" >db/a.bin && old db/a.bin && echo x >db/b.bin && old db/b.bin
	bkm-scan -q || :
	mtime=$(stat -c %Y db/a.bin)
	truncate -s 4 db/a.bin && touch -d "@$mtime" db/a.bin
	run --separate-stderr bkm-verify --stored -m size
	expect 1
	is a.bin "fail size_mismatch"
	is b.bin "pass - metadata"
	touch -d '2 days' db/c.bin && echo y >db/c.bin && touch -d '2 days' db/c.bin
	run --separate-stderr bkm-verify -m timestamp db/c.bin
	expect 1
	is c.bin "fail timestamp_moved"
}

@test "a clock that was set back makes no backup one from the future" {
	write_config db
	echo x >db/a.bin && touch -d 2026-11-20T02:00:00Z db/a.bin
	echo y >db/b.bin && touch -d 2099-01-01T02:00:00Z db/b.bin
	BKM_NOW=2026-11-20T03:00:00Z bkm-scan -q --settle 0s || :
	BKM_NOW=2026-11-18T03:00:00Z run --separate-stderr bkm-verify --stored -m timestamp
	expect 1
	is a.bin "pass - metadata"
	is b.bin "fail timestamp_moved"
}

@test "a record without a path, and one outside every location, are named by line and by path" {
	write_config db
	printf '{"v":1,"kind":"note"}\n{"v":1,"kind":"backup","location":"db"}\n{"v":1,"kind":"backup","path":"/no/x"}\n' >lines
	run --separate-stderr bkm-verify <lines
	expect 3
	has "$stderr" "standard input, line 2: a backup record without a path"
	has "$stderr" "outside every backup location: '/no/x'"
	[ "$(jq -r 'select(.kind == "error") | .reason' <<<"$output" | uniq -c | xargs)" = "2 outside" ]
	run --separate-stderr bkm-restore - <lines
	expect 3
}

# The rest of a line is under way when the row of its backup is written: what was looked up before it stood
# in an older picture of the store.
@test "a row that a scan wrote after this run last looked is found" {
	write_config db
	echo old >db/a.bin && old db/a.bin
	bkm-scan | bkm-verify -q
	bkm-scan --all | jq -c 'select(.kind == "backup")' >lines
	{
		printf '{"v":1,"kind":"backup","location":"db","path":"%s","pad":"' "$PWD/db/b.bin"
		head -c 300000 /dev/zero | tr '\0' x
	} >>lines
	mkfifo in
	exec 9<>in
	python3 -c 'import fcntl; fcntl.fcntl(9, 1031, 1 << 20)' # F_SETPIPE_SZ: it is ready for more all the time
	cat lines >&9
	bkm-verify -m size <in >out 9>&- &
	local pid=$!
	for _ in $(seq 600); do
		grep -q 'a\.bin' out && break
		sleep 0.1
	done
	echo new >db/b.bin && old db/b.bin
	bkm-scan -q
	printf '"}\n' >&9
	exec 9>&-
	wait "$pid"
	[ "$(jq -r 'select(.kind == "backup") | .verification.verdict' out | xargs)" = "pass pass" ]
}

@test "due: new, old, failed and error; not due passes with its verdict; --force; per method" {
	write_config db
	echo content >db/a.bin && old db/a.bin
	bkm-scan | bkm-verify -q
	first=$(in_store 'SELECT count(*) FROM verification')
	run --separate-stderr bkm-verify --stored
	expect 0
	is a.bin "pass - read"
	[ "$(in_store 'SELECT count(*) FROM verification')" -eq "$first" ]
	[ "$(jq 'select(.kind == "run" and .phase == "end").counts.not_due' <<<"$output")" -eq 1 ]
	run --separate-stderr bkm-verify --stored --force
	[ "$(in_store 'SELECT count(*) FROM verification')" -eq $((first + 1)) ]
	run --separate-stderr bkm-verify --stored --due
	[ "$(in_store 'SELECT count(*) FROM verification')" -eq $((first + 1)) ]
	BKM_NOW=$(date -u -d '30 days' +%FT%TZ) run --separate-stderr bkm-verify --stored
	[ "$(in_store 'SELECT count(*) FROM verification')" -eq $((first + 2)) ]
	# A nightly look at the size does not make the checksum done.
	echo more >db/b.bin && old db/b.bin
	bkm-scan | bkm-verify -m size -q
	run --separate-stderr bkm-verify --stored
	[ "$(jq 'select(.kind == "run" and .phase == "end").counts.not_due' <<<"$output")" -eq 1 ]
	is b.bin "pass - read"
	run --separate-stderr bkm-verify --stored --due --force
	expect 2
}

# count NAME: of the run record in $output.
count() {
	jq "select(.kind == \"run\" and .phase == \"end\").counts.$1" <<<"$output"
}

# read_tonight OPTION...: the numbers of what a run reads.
read_tonight() {
	local before
	before=$(in_store 'SELECT coalesce(max(id), 0) FROM verification')
	bkm-verify --stored -q "$@" 2>/dev/null || :
	in_store "SELECT group_concat(backup_id) FROM verification WHERE id > $before"
}

# back DAYS ID: as if that backup had been verified so long ago.
back() {
	in_store "UPDATE verify_state SET size_at = size_at - $1 * 86400, checksum_at = checksum_at - $1 * 86400,
		content_at = content_at - $1 * 86400, timestamp_at = timestamp_at - $1 * 86400
		WHERE backup_id = $2"
}

@test "--budget: what is not reached is counted, said, and keeps its verdict; every byte has its turn" {
	write_config db
	for i in 1 2 3 4 5 6; do head -c 1000 /dev/urandom >"db/f$i.bin" && old "db/f$i.bin"; done
	bkm-scan -q || :
	for night in 1 2 3; do
		run --separate-stderr bkm-verify --stored --budget 2K
		expect 0
		[ "$(count pass)" -eq $((2 * night)) ]
		[ "$(count not_reached)" -eq $((6 - 2 * night)) ]
		[ "$(count not_reached_bytes)" -eq $((6000 - 2000 * night)) ]
		[ "$night" -eq 3 ] || has "$stderr" "not reached within the budget: $((6 - 2 * night)) due backups, "
	done
	[ -z "$stderr" ]
	[ "$(in_store "SELECT count(*) FROM standing WHERE verify_verdict = 'pass'")" -eq 6 ]
	# A failure is looked at again each night, and what waited longest has its turn.
	back 40 5
	back 31 6
	back 1 3
	in_store "UPDATE verify_state SET checksum_verdict = 'fail' WHERE backup_id = 3"
	[ "$(read_tonight --budget 2K)" = 3,5 ]
	# A file larger than the budget has its turn too, alone.
	head -c 9000 /dev/urandom >db/large.bin && old db/large.bin
	bkm-scan -q || :
	run --separate-stderr bkm-verify --stored --budget 1K
	[ "$(count bytes)" -le 1024 ]
	has "$stderr" "the longest waits since "
	later=$(date -u -d '40 days' +%FT%TZ)
	for night in 1 2 3 4 5 6 7; do
		BKM_NOW=$later bkm-verify --stored --budget 1K -q || :
	done
	[ "$(in_store "SELECT count(*) FROM verify_state WHERE checksum_at >= unixepoch('now', '39 days')")" -eq 7 ]
}

@test "--budget: what was planned for a file that is gone or smaller is read of those behind it, that night" {
	write_config db
	for i in 1 2 3 4 5 6; do head -c 1000 /dev/urandom >"db/f$i.bin" && old "db/f$i.bin"; done
	bkm-scan -q || :
	# In the plan are 1, which waits as long as any, and 6 and 2, the newest. The first that comes is gone.
	in_store "UPDATE backup SET time = time + id + 200 * (id IN (1, 2, 6))"
	rm db/f1.bin
	[ "$(read_tonight --budget 3K)" = 2,3,6 ]
	[ "$(read_tonight --budget 2K)" = 4,5 ]
	write_config db c
	head -c 2000 /dev/urandom >c/f1.bin && old c/f1.bin
	head -c 1500 /dev/urandom >c/f2.bin && old c/f2.bin
	head -c 2000 /dev/urandom >c/f3.bin && old c/f3.bin
	bkm-scan -q || :
	in_store "UPDATE backup SET time = time + 1000 * (name = CAST('f1.bin' AS BLOB)) WHERE size > 1000"
	touch -r c/f1.bin stamp && truncate -s 100 c/f1.bin && touch -r stamp c/f1.bin
	run --separate-stderr bkm-verify --stored -l c --budget 2K
	[ "$(count not_reached)" -eq 1 ]
	[ "$(count bytes)" -eq 1600 ]
}

@test "--budget behind a scan: what it finds is new, comes at once, and is within the budget" {
	write_config a b
	for l in a b; do
		for i in 1 2 3 4; do head -c 1000 /dev/urandom >"$l/f$i.bin" && old "$l/f$i.bin"; done
	done
	bkm-scan | bkm-verify -q
	[ "$(in_store 'SELECT count(*) FROM verification')" -eq 8 ]
	for l in a b; do
		for i in 5 6 7 8; do head -c 1000 /dev/urandom >"$l/f$i.bin" && old "$l/f$i.bin"; done
	done
	run --separate-stderr bash -c 'bkm-scan | bkm-verify --budget 3K'
	expect 0
	[ "$(jq -s 'map(select(.kind == "run" and .command == "bkm-verify" and .phase == "end"))[0].counts
		| .bytes == 3000 and .not_reached == 5' <<<"$output")" = true ]
	# Locations that are not selected, or not to be verified, take nothing of it.
	[ "$(read_tonight -l b --budget 2K | tr , '\n' | wc -l)" -eq 2 ]
	cat >>config.yaml <<-EOF
	      verify_integrity: false
	EOF
	of_b="SELECT count(*) FROM verification AS v JOIN location AS l ON l.id = v.location_id WHERE l.name = 'b'"
	before=$(in_store "$of_b")
	bkm-verify --stored --budget 3K -q || :
	[ "$(in_store "$of_b")" -eq "$before" ]
	[ "$(in_store 'SELECT count(*) FROM verification WHERE location_id = 1')" -eq 8 ]
}

@test "--budget reads ahead what the nights to come could not hold" {
	write_config db
	for i in $(seq 1 40); do head -c 1000 /dev/urandom >"db/f$i.bin" && aged "db/f$i.bin" '60 days ago'; done
	bkm-scan | bkm-verify -q
	[ -z "$(read_tonight --budget 100K)" ]
	# Half of them in the last night, at a budget of four a night: some have to come before.
	later=$(date -u -d '25 days' +%FT%TZ)
	BKM_NOW=$later bkm-verify --stored --budget 4K -q
	[ "$(in_store "SELECT count(*) FROM verify_state WHERE checksum_at >= unixepoch('now', '24 days')")" -ge 3 ]
}

@test "--max-time begins nothing when it is over" {
	write_config db
	echo x >db/a.bin && old db/a.bin
	bkm-scan -q || :
	run --separate-stderr bkm-verify --stored --max-time 1s
	expect 0
	# By the rate of the past, so many seconds are worth 750 bytes: the rest is left, and said.
	in_store "UPDATE verification SET bytes = 1000, ms = 99900"
	for i in 1 2 3 4 5; do head -c 500 /dev/urandom >"db/f$i.bin" && old "db/f$i.bin"; done
	bkm-scan -q || :
	run --separate-stderr bkm-verify --stored --max-time 100s -j 1
	[ "$(count bytes)" -eq 500 ]
	[ "$(count not_reached)" -eq 4 ]
	has "$stderr" "not reached within the time: 4 due backups, "
	run --separate-stderr bkm-verify --stored --max-time soon
	expect 2
}

@test "--coverage says how much is verified and when all will be, and reads nothing" {
	write_config db empty
	for i in 1 2 3 4; do head -c 1000 /dev/urandom >"db/f$i.bin" && aged "db/f$i.bin" '99 days ago'; done
	bkm-scan -q || :
	BKM_NOW=$(date -u -d '1 hour' +%FT%TZ) bkm-verify --stored --budget 3K -q
	before=$(in_store 'SELECT count(*) FROM verification')
	BKM_NOW=$(date -u -d '2 hours' +%FT%TZ) run --separate-stderr bkm-verify --coverage
	expect 0
	some 'select(.kind == "location") | .location == "db" and (.coverage | .bytes == 4000
		and .verified_bytes == 3000 and .ratio == 0.75 and .never_backups == 1 and .never_bytes == 1000
		and .interval_days == 30 and .oldest and .oldest_unverified and .outlook == "on_course"
		and .bytes_per_day == 3000 and .new_bytes_per_day == 0 and .complete_by and .cycle_days == 2)'
	some 'select(.kind == "location") | .location == "empty" and .coverage.outlook == "complete"'
	some 'select(.kind == "location") | .location == null and (.coverage | .bytes == 4000
		and .verified_bytes == 3000 and .outlook == "on_course" and .complete_by)'
	[ "$(in_store 'SELECT count(*) FROM verification')" -eq "$before" ]
	run --separate-stderr bkm-verify --coverage x
	expect 2
	run --separate-stderr bkm-verify --coverage=xml
	expect 2
}

@test "--coverage=text is a table; all that is verified is complete; nothing read is no rate" {
	write_config db
	head -c 2048 /dev/urandom >db/f.bin && old db/f.bin
	bkm-scan -q || :
	run --separate-stderr bkm-verify --coverage=text
	expect 0
	[[ ${lines[0]} == location*bytes*verified*never*waits\ from*a\ day* ]]
	[[ ${lines[1]} =~ ^db\ .*2.0\ KiB.*0%.*2.0\ KiB\ .*unknown:\ nothing\ was\ read\ lately$ ]]
	[[ ${lines[2]} =~ ^all\  ]]
	[ "${#lines[@]}" -eq 3 ]
	bkm-verify --stored -q
	run --separate-stderr bkm-verify --coverage=text
	[[ ${lines[1]} =~ ^db\ .*100%.*\ complete$ ]]
	# A month later it is old again, and nothing was read for a month.
	BKM_NOW=$(date -u -d '32 days' +%FT%TZ) run --separate-stderr bkm-verify --coverage
	some 'select(.location == "db").coverage | .verified_bytes == 0 and .outlook == "unknown"
		and (has("complete_by") | not) and .oldest_unverified == .oldest'
}

@test "--coverage: never, where less is read than comes, or a cycle is longer than the retention" {
	write_config db
	for i in $(seq 1 60); do head -c 1000 /dev/urandom >"db/f$i.bin" && aged "db/f$i.bin" "$((i / 2)) days ago"; done
	bkm-scan -q || :
	BKM_NOW=$(date -u -d '1 hour' +%FT%TZ) bkm-verify --stored --budget 1K -q
	run --separate-stderr bkm-verify --coverage
	some 'select(.location == "db").coverage | .outlook == "too_slow" and (has("complete_by") | not)
		and .new_bytes_per_day > .bytes_per_day'
	# 20,000 a day are read, 2,000 come: 3 days for all of it, and kept for two.
	BKM_NOW=$(date -u -d '2 hours' +%FT%TZ) bkm-verify --stored --budget 19K -q
	run --separate-stderr bkm-verify --coverage
	some 'select(.location == "db").coverage | .outlook == "on_course" and .cycle_days == 4'
	printf '      retention_days: 2\n' >>config.yaml
	run --separate-stderr bkm-verify --coverage
	some 'select(.location == "db").coverage.outlook == "too_late"'
	some 'select(.kind == "location" and .location == null).coverage.outlook == "too_late"'
	run --separate-stderr bkm-verify --coverage=text
	has "$output" 'never: a cycle of 4 days is longer than backups are kept'
}

@test "--require pass is met only by passes, and by at least one" {
	write_config db
	echo x >db/a.bin && old db/a.bin
	bkm-scan -q || :
	run --separate-stderr bkm-verify --stored --require pass
	expect 0
	run --separate-stderr bkm-verify --stored --require pass -w false
	expect 1
	head -c 100 /dev/urandom >noise.bin
	run --separate-stderr bkm-verify --require pass noise.bin
	expect 1
	run --separate-stderr bkm-verify --require pass --exit-zero noise.bin
	expect 1
	run --separate-stderr bkm-verify --require fail noise.bin
	expect 2
}

@test "findings and errors: exit 1, 0 with --exit-zero, 3 beats 1; a fail passed on counts" {
	write_config db
	tree && tar -czf db/good.tar.gz tree && head -c 100 db/good.tar.gz >db/bad.tar.gz && old db/*
	run --separate-stderr bash -c 'bkm-scan | bkm-verify'
	expect 1
	run --separate-stderr bash -c 'bkm-scan | bkm-verify --exit-zero'
	expect 0
	in_store "UPDATE verify_state SET content_verdict = 'pass', checksum_verdict = 'pass'"
	run --separate-stderr bkm-verify --stored
	expect 1
	[ "$(id -u)" -eq 0 ] || chmod 0 db/good.tar.gz
	run --separate-stderr bkm-verify -q no-such-file
	expect 3
	has "$stderr" "backup file does not exist: 'no-such-file'"
}

@test "what cannot be read is an error, and the last verdict stands" {
	write_config db
	echo content >db/a.bin && old db/a.bin
	[ "$(id -u)" -ne 0 ] || chown -R 65534:65534 .
	chmod 755 "${BATS_TEST_TMPDIR%/*}" "${BATS_TEST_TMPDIR%/*/*}"
	as_user bkm-scan -q || :
	as_user bkm-verify --stored -q
	chmod 0 db/a.bin
	run --separate-stderr as_user bkm-verify --stored --force
	expect 3
	is a.bin "error unreadable"
	has "${stderr,,}" "permission denied"
	[ "$(in_store 'SELECT verify_verdict FROM standing')" = pass ]
	chmod 644 db/a.bin
	run --separate-stderr as_user bkm-verify --stored
	expect 0
	is a.bin "pass - unchanged"
}

@test "growing, gone, other hosts, switched off: skips, and nothing is stored" {
	write_config db off
	sed -i 's/name: off/name: off\n      verify_integrity: false/' config.yaml
	echo x >db/new.bin && echo y >db/gone.bin && old db/gone.bin && echo z >off/z.bin && old off/z.bin
	bkm-scan >records || :
	rm db/gone.bin
	run --separate-stderr bkm-verify records
	run --separate-stderr bash -c 'bkm-verify <records'
	expect 0
	is new.bin "skip growing"
	is gone.bin "skip gone"
	is z.bin "skip disabled"
	[ "$(in_store 'SELECT count(*) FROM verification')" -eq 0 ]
	run --separate-stderr bash -c 'jq -c ".host = \"elsewhere\"" records | bkm-verify'
	is new.bin "skip other_host"
}

@test "order and bytes: records leave as they came, whatever --jobs" {
	write_config db
	for i in $(seq 1 60); do head -c $((i % 7 * 40000 + 10)) /dev/urandom >"db/f$i.bin"; done
	old db/*
	bkm-scan >records || :
	{ echo '{"v":1,"kind":"mine","x":1.0}'; cat records; echo '{"v":1,"kind":"mine","y":[ ]}'; } >in
	for jobs in 1 2 5; do
		bkm-verify -f -j "$jobs" <in >out
		diff <(jq -r '[.kind, .path // .x // ""] | @tsv' in) \
			<(jq -r 'select(.kind != "run" or .command != "bkm-verify")
				| [.kind, .path // .x // ""] | @tsv' out)
		grep -qxF '{"v":1,"kind":"mine","x":1.0}' out
	done
	run --separate-stderr bkm-verify -j 0 --stored
	expect 2
}

@test "unit: directory: its entries are its content" {
	write_config db
	sed -i 's/type: file/type: directory\n      unit: directory/' config.yaml
	mkdir -p db/snap/sub && echo one >db/snap/a && echo two >db/snap/sub/b && ln -s a db/snap/l
	tree && tar -czf db/snap/t.tar.gz tree
	find db/snap -exec touch -h -d '2 days ago' {} +
	output=$(bkm-scan | bkm-verify) && is snap "pass - complete"
	output=$(bkm-verify --stored -f -m checksum) && is snap "pass - unchanged"
	mtime=$(stat -c %Y db/snap/sub/b)
	printf 'TWO\n' >db/snap/sub/b && touch -d "@$mtime" db/snap/sub/b
	run --separate-stderr bkm-verify --stored -f
	expect 1
	is snap "fail bitrot"
	head -c 100 db/snap/t.tar.gz >x && cat x >db/snap/t.tar.gz
	run --separate-stderr bkm-verify db/snap
	expect 1
	is snap "fail truncated"
	has "$output" 't.tar.gz: gzip'
}

@test "names with every odd byte go through" {
	write_config db
	tree
	for n in $'new\nline.tar.gz' $'\xff\xfe.tar.gz' '-dash.tar.gz' '"quote".tar.gz' ' .tar.gz'; do
		tar -czf "db/$n" --force-local tree && old "db/$n"
	done
	run --separate-stderr bash -c 'bkm-scan | bkm-verify'
	expect 0
	[ "$(jq -r 'select(.verification.level == "intact").path' <<<"$output" | grep -c tar.gz)" -eq 5 ]
}

@test "a wrong method, algorithm, or option is one line and exit 2" {
	write_config db
	run --separate-stderr bkm-verify --method crc --stored
	expect 2
	has "$stderr" "unknown method 'crc'"
	printf 'verification:\n  algorithm: nonsense\n' >>config.yaml
	run --separate-stderr bkm-verify --stored
	expect 2
	has "$stderr" nonsense
}

@test "verification.algorithm: any that OpenSSL has" {
	write_config db
	printf 'verification:\n  algorithm: BLAKE2b512\n' >>config.yaml
	echo x >db/a.bin && old db/a.bin
	output=$(bkm-scan | bkm-verify)
	some 'select(.kind == "backup").verification.checks[] | select(.check == "checksum")
		| .algorithm == "blake2b512" and .actual == $d' --arg d "$(b2sum db/a.bin | cut -d' ' -f1)"
}

@test "access times stay, and nothing is written beside the backups" {
	tree && tar -czf a.tar.gz tree
	touch -a -d '2020-01-01' a.tar.gz
	bkm-verify -q a.tar.gz
	[ "$(stat -c %X a.tar.gz)" = "$(date -d 2020-01-01 +%s)" ]
}

@test "of many backups each one gets what is its own: digest, state, verdict" {
	for d in one two three; do
		mkdir -p "b/$d"
		for i in $(seq 100 170); do echo "$d $i" >"b/$d/f$i.bin"; done
	done
	old b/*/*
	write_config b
	bkm-scan -q
	run --separate-stderr bkm-verify --stored -m checksum
	expect 0
	jq -r 'select(.kind == "backup") | "\(.verification.checks[].actual)  \(.path)"' \
		<<<"$output" | sha256sum --quiet -c
	[ "$(jq -s 'map(select(.kind == "backup") | .id) | unique | length' <<<"$output")" -eq 213 ]
	# Some are gone, one changed in silence, some have a verdict and some do not.
	rm b/two/f1[34]*
	touch -r b/two/f150.bin before
	echo "two 051" >b/two/f150.bin
	touch -r before b/two/f150.bin
	run --separate-stderr bkm-verify --stored -f -m checksum
	expect 1
	is two/f150.bin "fail bitrot"
	is two/f135.bin "pass - read" # what stood
	is three/f170.bin "pass - unchanged"
	[ "$(jq -s 'map(select(.verification.level == "unchanged")) | length' <<<"$output")" -eq 192 ]
	# Nothing is due but the failure; every line carries the verdict of its own content.
	run --separate-stderr bkm-verify --stored -m checksum
	expect 1
	jq -r 'select(.verification.level == "unchanged") | "\(.verification.checks[].actual)  \(.path)"' \
		<<<"$output" | sha256sum --quiet -c
	jq -e 'select(.kind == "run" and .phase == "end") | .counts.not_due == 192' <<<"$output"
}
