#!/usr/bin/env bats
# Dumps in a real PostgreSQL server: what is the backup's fault, what the place's, what is refused.
# shellcheck disable=SC2016,SC2154 # SQL in single quotes; bats

bats_require_minimum_version 1.5.0
load ../lib

# dump NAME [VERSION] <SQL: a dump of one table with two rows, and what is read.
dump() {
	{
		printf -- '--\n-- PostgreSQL database dump\n--\n\n\\restrict Key123\n\n'
		printf -- '-- Dumped from database version %s\n\n' "${2:-15.1}"
		printf 'CREATE TABLE public.t (a integer, b text);\n'
		printf 'COPY public.t (a, b) FROM stdin;\n1\tone\n2\t\\N\n\\.\n\n'
		cat
		printf -- '\n--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict Key123\n\n'
	} >"$1.sql"
}

# expect_all [OPTION...]: each line of `expected` is NAME VERDICT REASON PATTERN-OF-THE-MESSAGE.
expect_all() {
	local name verdict reason pattern line bad=0
	local -a files=()
	mkdir -p scratch
	while read -r name verdict reason pattern; do
		files+=("$name.sql")
	done <expected
	bkm-restore --scratch scratch "$@" -- "${files[@]}" 2>errors |
		jq -r '"\(.path | sub(".*/"; "") | sub(".sql$"; "")) \(.restore | "\(.verdict) \(.reason // "-") \(.message // "")")"' >got || true
	while read -r name verdict reason pattern; do
		line=$(grep "^$name " got) || line=
		[[ $line == "$name $verdict $reason "*$pattern* ]] || {
			echo "expected: $name $verdict $reason $pattern"
			echo "got:      $line"
			bad=1
		}
	done <expected
	[ "$bad" -eq 0 ]
	[ -z "$(ls -A scratch)" ]
}

@test "what a dump rightly expects of its place is made there" {
	dump role <<-'END'
	ALTER TABLE public.t OWNER TO "App Owner";
	GRANT SELECT ON TABLE public.t TO reader;
	ALTER DEFAULT PRIVILEGES FOR ROLE other IN SCHEMA public GRANT SELECT ON TABLES TO third;
	END
	dump tablespace <<-'END'
	SET default_tablespace = fast;
	CREATE TABLE public.u (a integer);
	CREATE INDEX i ON public.t (a) TABLESPACE slow;
	END
	dump clean <<-'END'
	DROP TABLE public.gone;
	ALTER TABLE ONLY public.gone DROP CONSTRAINT c;
	DROP SCHEMA public;
	CREATE SCHEMA public;
	END
	sed -i '/^DROP SCHEMA/d' clean.sql
	dump newer-setting 17.2 <<-'END'
	SET transaction_timeout = 0;
	END
	dump ascii <<-END
	SET client_encoding = 'SQL_ASCII';
	CREATE TABLE public.bytes (a text);
	INSERT INTO public.bytes VALUES ('$(printf '\377\376')');
	END
	dump database <<-'END'
	CREATE DATABASE app WITH TEMPLATE = template0 ENCODING = 'UTF8' LC_COLLATE = 'xx_XX.UTF-8' LC_CTYPE = 'xx_XX.UTF-8';
	ALTER DATABASE app OWNER TO appowner;
	\connect app
	CREATE TABLE public.inside (a integer);
	\connect -reuse-previous=on "dbname='app'"
	INSERT INTO public.inside VALUES (1);
	END
	dump extension <<-'END'
	CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public;
	COMMENT ON EXTENSION pgcrypto IS 'x';
	END
	cat >expected <<-'END'
	role pass -
	tablespace pass -
	clean pass -
	newer-setting pass -
	ascii pass -
	database pass -
	extension pass -
	END
	expect_all
}

@test "what does not load is the backup's fault, with the line" {
	dump syntax <<<'CREATE TABEL public.x (a integer);'
	dump unique <<<'CREATE TABLE public.k (a integer PRIMARY KEY); INSERT INTO public.k VALUES (1), (1);'
	dump nowhere <<<'\connect nowhere'
	dump rows <<<'INSERT INTO public.u VALUES (1);'
	dump lost <<-'END'
	CREATE FUNCTION public.no() RETURNS trigger LANGUAGE plpgsql AS $$ begin return null; end $$;
	CREATE TRIGGER no BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.no();
	INSERT INTO public.t VALUES (3, 'three');
	END
	printf -- '-- PostgreSQL database dump\nCOPY public.t (a) FROM stdin;\n1\n\\.\n-- PostgreSQL database dump complete\n' >data-only.sql
	cat >expected <<-'END'
	syntax fail damaged line 15: syntax error at or near "TABEL"
	unique fail damaged duplicate key value
	nowhere fail damaged database "nowhere" does not exist
	rows fail damaged relation "public.u" does not exist
	lost fail incomplete 3 rows in the dump, 2 after it was loaded
	data-only skip unverifiable rows without their tables
	END
	expect_all
}

@test "what this host does not have is an error that names what to install, or a skip" {
	dump newer 99.1 <<<'CREATE TABLE public.x (a integer) WITH NEW GRAMMAR;'
	dump missing <<<'CREATE EXTENSION nosuchthing WITH SCHEMA public;'
	dump library <<-'END'
	CREATE FUNCTION public.f() RETURNS integer LANGUAGE c STRICT
	    AS '$libdir/nosuchlib', 'f';
	END
	dump preload <<-'END'
	ALTER DATABASE postgres SET session_preload_libraries = 'nosuchlib';
	\connect postgres
	END
	dump collation <<<'CREATE TABLE public.x (a text COLLATE pg_catalog."xx-XX-x-icu");'
	dump python <<<'CREATE EXTENSION IF NOT EXISTS plpython3u WITH SCHEMA pg_catalog;'
	dump perl <<<'CREATE OR REPLACE PROCEDURAL LANGUAGE plperlu;'
	dump foreign <<-'END'
	CREATE EXTENSION postgres_fdw;
	CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '9');
	CREATE USER MAPPING FOR PUBLIC SERVER s;
	CREATE FOREIGN TABLE public.ft (a integer) SERVER s;
	CREATE MATERIALIZED VIEW public.mv AS SELECT * FROM public.ft WITH NO DATA;
	REFRESH MATERIALIZED VIEW public.mv;
	END
	cat >expected <<-'END'
	newer error not_installed install the package postgresql-99
	missing error not_installed extension "nosuchthing" is not available: install the package
	library error not_installed could not access file "$libdir/nosuchlib"
	preload error not_installed could not access file "nosuchlib"
	collation error not_installed collation "pg_catalog.xx-XX-x-icu"
	python skip unsupported restore tests do not run the untrusted language plpython3u
	perl skip unsupported plperlu
	foreign skip unsupported could not connect to server
	END
	expect_all
	has "$(cat errors)" "cannot test"
}

@test "a dump that attacks the server is unsafe, also out of sight of a reader" {
	mkdir canary
	chmod 777 canary
	dump function <<-END
	CREATE FUNCTION public.f() RETURNS void LANGUAGE plpgsql AS \$\$ begin execute 'CO' || 'PY (select 1) TO PROG' || 'RAM ''touch $PWD/canary/1'''; end \$\$;
	SELECT public.f();
	END
	dump block <<<"DO \$\$ begin copy (select 1) to '$PWD/canary/2'; end \$\$;"
	dump large-object <<-END
	SELECT pg_catalog.lo_from_bytea(77, 'x');
	DO \$\$ begin perform lo_export(77, '$PWD/canary/3'); end \$\$;
	END
	dump index <<-END
	CREATE FUNCTION public.h() RETURNS integer LANGUAGE plpgsql AS \$\$ begin execute 'copy (select 1) to program ''touch $PWD/canary/4'''; return 1; end \$\$;
	CREATE FUNCTION public.g(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS \$\$ begin return public.h(); end \$\$;
	CREATE INDEX ix ON public.t (public.g(a));
	END
	dump path <<-END
	CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE plpgsql AS \$\$ begin execute 'copy public.t from ''/etc/shadow'''; return 'x'; end \$\$;
	SET search_path = public, pg_catalog;
	SELECT lower('X'::text);
	END
	dump load <<<"LOAD '/tmp/evil.so';"
	dump code <<<"CREATE FUNCTION public.sys(cstring) RETURNS integer LANGUAGE c AS '/lib/x86_64-linux-gnu/libc.so.6', 'system';"
	dump connect-host <<<'\connect x y 127.0.0.1'
	dump connect-string <<<"\\connect \"host=127.0.0.1 dbname=x\""
	dump dblink <<<"CREATE EXTENSION dblink SCHEMA public; SELECT public.dblink_connect('host=127.0.0.1 dbname=x');"
	cat >expected <<-'END'
	function fail unsafe could not execute command
	block fail unsafe could not open file
	large-object fail unsafe could not create server file
	index fail unsafe could not execute command
	path fail unsafe could not open file
	load fail unsafe loads a library into the server
	code fail unsafe machine code
	connect-host fail unsafe a command of psql
	connect-string fail unsafe a command of psql
	dblink fail unsafe
	END
	expect_all
	[ -z "$(ls -A canary)" ]
}

@test "a dump that goes on behind its own end, by settings, workers and its own socket, stays inside too" {
	mkdir canary
	chmod 777 canary
	# Settings of the role and the database are for the next connection.
	dump preload <<-'END'
	ALTER ROLE bkm_scratch_su SET session_preload_libraries = '/tmp/evil.so';
	\connect postgres
	END
	# What no function may do, a second session may: ALTER SYSTEM, CREATE TABLESPACE, a lock.
	dump itself <<-END
	CREATE EXTENSION dblink SCHEMA public;
	SELECT public.dblink_connect('c', 'host=/proc/self/cwd dbname=postgres user=bkm_scratch_su');
	SELECT public.dblink_exec('c', 'ALTER SYSTEM SET ssl_passphrase_command = ''touch $PWD/canary/1''');
	SELECT public.dblink_exec('c', 'ALTER SYSTEM SET ssl = on');
	SELECT public.dblink_exec('c', 'CREATE TABLESPACE evil LOCATION ''$PWD/canary''');
	SELECT pg_catalog.pg_reload_conf();
	END
	dump publisher <<<"CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1 port=5999 dbname=x user=x' PUBLICATION p;"
	dump subscriber <<-'END'
	CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1 port=5999 dbname=x user=x' PUBLICATION p WITH (connect = false, slot_name = 'x');
	ALTER SUBSCRIPTION s ENABLE;
	SELECT pg_catalog.pg_sleep(0.5);
	END
	dump worker <<<"CREATE EXTENSION pg_prewarm SCHEMA public; SELECT public.autoprewarm_start_worker();"
	# Files of its own, through whatever descriptors a server holds; its catalog; its login.
	dump descriptors <<-'END'
	DO $$ begin for i in 0..60 loop begin execute 'copy (select 1) to ''/proc/self/fd/' || i || ''''; exception when others then null; end; end loop; end $$;
	END
	dump catalog <<-'END'
	SET allow_system_table_mods = on;
	DELETE FROM pg_catalog.pg_class WHERE relname <> 't';
	DELETE FROM pg_catalog.pg_proc;
	END
	dump locked-out <<<"ALTER ROLE bkm_scratch_su NOLOGIN;"
	dump closed <<<"UPDATE pg_catalog.pg_database SET datallowconn = false;"
	cat >expected <<-'END'
	preload fail unsafe could not access file "/tmp/evil.so"
	itself fail unsafe could not establish connection
	publisher fail unsafe could not connect to the publisher
	subscriber pass -
	worker pass -
	descriptors error server
	catalog error server
	locked-out fail damaged not permitted to log in
	closed fail damaged not currently accepting connections
	END
	expect_all
	[ -z "$(ls -A canary)" ]
	dump recursion <<-'END'
	CREATE TABLE public.big AS WITH RECURSIVE r(i, x) AS (SELECT 1, repeat('x', 1000) UNION ALL SELECT i + 1, x FROM r) SELECT * FROM r;
	END
	dump sort <<-'END'
	DO $$ begin perform count(*) from (select repeat('x', 1000) || i as x from generate_series(1, 100000000) i order by 1 desc offset 1) s; end $$;
	END
	cat >expected <<-'END'
	recursion fail bomb the server wrote more than
	sort fail bomb the server wrote more than
	END
	expect_all --max-bytes 20M
}

@test "what never ends, or fills the disk, or would end the server" {
	dump endless <<<'DO $$ begin loop null; end loop; end $$;'
	echo 'endless error timeout not restored within the time limit of 8 s' >expected
	expect_all --max-time 8s
	dump fill <<<"INSERT INTO public.t SELECT i, repeat('x', 1000) FROM generate_series(1, 10000000) i;"
	echo 'fill fail bomb the server wrote more than' >expected
	expect_all --max-bytes 20M
	dump terminate <<<'SELECT pg_terminate_backend(pg_backend_pid());'
	dump notices <<<"SET client_min_messages = notice; DO \$\$ begin for i in 1..20000 loop raise notice '%', repeat('n', 500); end loop; end \$\$;"
	cat >expected <<-'END'
	terminate pass -
	notices pass -
	END
	expect_all
}

@test "a pass tells what came back, and the questions of the configuration are asked" {
	write_config
	cat >>config.yaml <<-'END'
	      test_restore: true
	      restore:
	        must_contain: ["public.t", "public.part"]
	        sql: ["SELECT count(*) = 2 FROM t", "SELECT 1 FROM t WHERE a = 99"]
	END
	dump app <<-'END'
	CREATE TABLE public.part (a integer) PARTITION BY RANGE (a);
	CREATE TABLE public.p1 PARTITION OF public.part FOR VALUES FROM (0) TO (10);
	CREATE TABLE public.p2 PARTITION OF public.part FOR VALUES FROM (10) TO (20);
	INSERT INTO public.part VALUES (1), (11), (12);
	END
	mv app.sql db/app-2026-11-22.sql
	aged db/app-2026-11-22.sql "3 hours ago"
	bkm-scan >records || true
	run --separate-stderr bkm-restore <records
	expect 1
	of_kind backup <<<"$output" >line
	[ "$(jq -c '.restore | [.verdict, .reason, .handler, .level, .tables, .rows]' line)" = \
		'["fail","assertion","pgsql","restored",2,5]' ]
	[ "$(jq -c '[.restore.table_rows[] | [.table, .rows]]' line)" = '[["public.part",3],["public.t",2]]' ]
	[ "$(jq -c '[.restore.checks[] | select(.check == "sql" or .check == "contains") | .verdict]' line)" = \
		'["pass","pass","pass","fail"]' ]
	jq -e '.restore | .start_ms > 0 and .load_ms > 0 and (.sandbox | index("seccomp"))' line
}

@test "a physical backup is no pass, as no server starts on it" {
	mkdir -p plain/global tar
	echo 15 >plain/PG_VERSION
	echo x | tee plain/global/pg_control plain/backup_label tar/base.tar.gz tar/backup_manifest
	run --separate-stderr bkm-restore --scratch . plain tar
	expect 0
	[ "$(jq -r '.restore | [.verdict, .reason, .message] | join(" ")' <<<"$output")" = \
'skip unsupported a physical backup of PostgreSQL 15: copied, but no server was started on it; that takes one of exactly this version (package postgresql-15)
skip unsupported a physical backup of PostgreSQL: copied, but no server was started on it; that takes one of exactly its version' ]
}

@test "without a server: a skip with the package to install" {
	[ "$(id -u)" -ne 0 ] || unshare -m true 2>/dev/null || skip "no mount namespace in this container"
	dump good </dev/null
	local prefix=(unshare -m)
	[ "$(id -u)" -eq 0 ] || prefix=(unshare -rm)
	run --separate-stderr "${prefix[@]}" sh -c \
		'mount -t tmpfs none /usr/lib/postgresql && exec bkm-restore --scratch . good.sql'
	expect 0
	[ "$(jq -c '.restore | [.verdict, .reason, .message]' <<<"$output")" = \
		'["skip","no_server","a server to load it is not installed: install the package postgresql"]' ]
	# The server alone does not read an archive.
	printf 'PGDMP\1\16\0\4\10\1' >archive.dump
	# shellcheck disable=SC1004
	run --separate-stderr "${prefix[@]}" sh -c 'for f in /usr/lib/postgresql/*/bin/pg_restore; do
		mount --bind /dev/null "$f"; done; exec bkm-restore --scratch . archive.dump'
	expect 0
	[ "$(jq -c '.restore | [.verdict, .reason, .message]' <<<"$output")" = \
		'["skip","no_server","a server to load it is not installed: install the package postgresql-client"]' ]
}
