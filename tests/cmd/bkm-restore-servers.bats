#!/usr/bin/env bats
# Dumps as the real tools write them today, of real servers: read to the end, counted, never a false alarm.

bats_require_minimum_version 1.5.0
load ../lib

# Both servers refuse root, and their sockets need a short path that everybody may enter.
setup_file() {
	PLACE=$(mktemp -d /tmp/bkm-dumps.XXXXXX)
	export PLACE
	chmod 777 "$PLACE"
	install -m 644 "$BKM_ROOT/tests/fixtures/restore/servers.sh" "$PLACE"
	cat >"$PLACE/make.sh" <<-'END'
	set -e
	cd "$1"
	. ./servers.sh
	start_postgres t
	"$pg/psql" -q -h "$PWD" -U su t >>log <<-'SQL'
	create table "odd ""name"" ; x" (id serial primary key, t text);
	insert into "odd ""name"" ; x"(t) select 'it''s \ a;' || i || E'\n\\.\n' from generate_series(1,1000) i;
	create table plain (a int, b text);
	insert into plain values (1,'\.'),(2,E'\\.'),(3,E'a\tb');
	create function f(x int) returns int language plpgsql as $b$ begin /* ; */ return x; -- $$ ;
	end $b$;
	create procedure p() language sql begin atomic insert into plain values (1,'x;'); select case when true then 1 end; end;
	create rule r as on insert to plain where new.a = 99 do also (delete from plain; delete from plain);
	comment on table plain is 'semi;colon '' -- /* $$';
	SQL
	for o in "" -C --inserts --column-inserts "--clean --if-exists" --data-only; do
		"$pg/pg_dump" -h "$PWD" -U su $o t >"pg$(echo "$o" | tr -d ' ').sql"
	done
	"$pg/pg_dumpall" -h "$PWD" -U su >pg-all.sql
	"$pg/pg_dump" -h "$PWD" -U su -Fc t >pg.dump
	"$pg/pg_dump" -h "$PWD" -U su -Fc -Z0 t >pg-plain.dump
	"$pg/pg_dump" -h "$PWD" -U su -Ft t >pg.tar
	"$pg/pg_dump" -h "$PWD" -U su -Fd -f pg.dir t
	start_mariadb
	mariadb -S s -uroot <<-'SQL'
	create database t; use t;
	create table `odd``n;a` (id int primary key auto_increment, t text, b blob);
	insert into `odd``n;a`(t,b) values ('it''s; \\ a -- # /* x', 0x00ff27225c), ("dq\"s", 'x'), ('a\nb\0c','');
	create table e (a int);
	delimiter //
	create trigger tr before insert on e for each row begin set new.a = 1; set @x = 'a;b'; end//
	create procedure p() begin select 1; select 'x;//'; end//
	delimiter ;
	insert into e values (1),(2),(3);
	SQL
	for o in "" --skip-comments --hex-blob --routines --skip-extended-insert --skip-dump-date --compact; do
		mariadb-dump -S s -uroot $o t >"my$o.sql"
	done
	mariadb-dump -S s -uroot --all-databases >my-all.sql
	END
	as_user sh "$PLACE/make.sh" "$PLACE" >&3 2>&1
}

teardown_file() {
	rm -rf "$PLACE"
}

# counts FILE...: verdict, tables, rows of each
counts() {
	bkm-restore --scratch "$BATS_TEST_TMPDIR" -- "$@" |
		jq -r '"\(.path | sub(".*/"; "")) \(.restore | "\(.verdict) \(.tables // 0) \(.rows // 0)")"'
}

@test "PostgreSQL: plain dumps of every kind" {
	cd "$PLACE"
	[ "$(counts pg.sql pg-C.sql pg--inserts.sql pg--column-inserts.sql pg--clean--if-exists.sql pg--data-only.sql pg-all.sql)" = \
"pg.sql pass 2 1003
pg-C.sql pass 2 1003
pg--inserts.sql pass 2 1003
pg--column-inserts.sql pass 2 1003
pg--clean--if-exists.sql pass 2 1003
pg--data-only.sql skip 0 1003
pg-all.sql pass 2 1003" ]
}

@test "the server that a dump was loaded into is in the record" {
	cd "$PLACE"
	local newest
	newest=$(find /usr/lib/postgresql -mindepth 1 -maxdepth 1 -name '[0-9]*' -printf '%f\n' | sort -n | tail -1)
	bkm-restore --scratch "$BATS_TEST_TMPDIR" -- pg.sql pg.dump pg.tar pg.dir my.sql | jq -r '.restore.server' >used
	[ "$(sed "s/ $newest\\.[0-9]*$/ NEWEST/; s/ [0-9.]*$/ N/" used | uniq)" = $'PostgreSQL NEWEST\nMariaDB N' ]
}

@test "PostgreSQL: the custom format, also packed, cut and broken" {
	cd "$PLACE"
	[ "$(counts pg.dump pg-plain.dump)" = $'pg.dump pass 2 1003\npg-plain.dump pass 2 1003' ]
	zstd -q pg.dump -o "$BATS_TEST_TMPDIR/pg.dump.zst"
	head -c "$(($(stat -c %s pg.dump) * 6 / 10))" pg.dump >"$BATS_TEST_TMPDIR/cut.dump"
	cd "$BATS_TEST_TMPDIR"
	[ "$(counts pg.dump.zst)" = "pg.dump.zst pass 2 1003" ]
	run --separate-stderr bkm-restore --scratch . cut.dump
	expect 1
	[[ $(jq -c '.restore | [.verdict, .handler, .reason]' <<<"$output") =~ ^'["fail","pgcustom","'(truncated|damaged)'"]'$ ]]
}

@test "PostgreSQL: the tar and the directory format, cut too" {
	cd "$PLACE"
	gzip -c pg.tar >"$BATS_TEST_TMPDIR/pg.tar.gz"
	[ "$(counts pg.tar pg.dir "$BATS_TEST_TMPDIR/pg.tar.gz")" = $'pg.tar pass 2 1003\npg.dir pass 2 1003\npg.tar.gz pass 2 1003' ]
	cp -r pg.dir "$BATS_TEST_TMPDIR/cut.dir"
	cd "$BATS_TEST_TMPDIR"
	rm "$(find cut.dir -name '*.dat.gz' | head -1)"
	head -c "$(($(stat -c %s "$PLACE/pg.tar") / 2))" "$PLACE/pg.tar" >cut.tar
	run --separate-stderr bkm-restore --scratch . cut.dir cut.tar
	expect 1
	[ "$(jq -r '.restore | "\(.verdict) \(.handler)"' <<<"$output")" = $'fail pgdir\nfail pgtar' ]
}

@test "MariaDB: dumps of every kind; without an end marker nothing is promised" {
	cd "$PLACE"
	[ "$(counts my.sql my--skip-comments.sql my--hex-blob.sql my--routines.sql my--skip-extended-insert.sql my--skip-dump-date.sql my--compact.sql)" = \
"my.sql pass 2 6
my--skip-comments.sql pass 2 6
my--hex-blob.sql pass 2 6
my--routines.sql pass 2 6
my--skip-extended-insert.sql pass 2 6
my--skip-dump-date.sql pass 2 6
my--compact.sql skip 2 6" ]
	[[ $(counts my-all.sql) == "my-all.sql pass "* ]]
}

@test "cut anywhere, no dump passes" {
	cd "$BATS_TEST_TMPDIR"
	local f n i step
	for f in pg.sql my.sql; do
		n=$(stat -c %s "$PLACE/$f")
		step=$((n / 12))
		[ -z "${BKM_SOAK-}" ] || step=$((n / 200))
		for ((i = step; i < n - 60; i += step)); do
			head -c "$i" "$PLACE/$f" >"cut-$i-$f"
		done
	done
	bkm-restore --scratch . -- cut-* | jq -r '.restore.verdict' | sort -u >verdicts || true
	[ "$(cat verdicts)" = fail ]
}
