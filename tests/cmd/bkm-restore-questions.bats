#!/usr/bin/env bats
# The demands of the configuration on databases in real servers: questions, the newest row, a command with the
# socket, what the series always had.

bats_require_minimum_version 1.5.0
load ../lib

# Dumps of real servers, once for all tests: a shop whose newest order is five hours older than the dump says.
setup_file() {
	PLACE=$(mktemp -d /tmp/bkm-questions.XXXXXX)
	export PLACE
	chmod 777 "$PLACE"
	install -m 644 "$BKM_ROOT/tests/fixtures/restore/servers.sh" "$PLACE"
	cat >"$PLACE/make.sh" <<-'END'
	set -e
	cd "$1"
	. ./servers.sh
	start_postgres shop
	"$pg/psql" -q -h "$PWD" -U su shop >>log <<-'SQL'
	create table orders (id int, at timestamptz);
	insert into orders select i, timestamptz '2026-03-10 19:00:00+00' - i * interval '1 minute' from generate_series(0, 99) i;
	create table users (name text); insert into users values ('a'), ('b');
	SQL
	"$pg/pg_dump" -h "$PWD" -U su shop >pg.sql
	"$pg/psql" -q -h "$PWD" -U su shop -c "truncate orders" >>log
	"$pg/pg_dump" -h "$PWD" -U su shop >pg-empty.sql
	start_mariadb
	mariadb -S s -uroot <<-'SQL'
	create database shop; use shop;
	create table orders (id int, at datetime);
	insert into orders values (1, '2026-03-10 19:00:00'), (2, '2026-03-10 18:00:00');
	create table users (name text); insert into users values ('a'), ('b');
	SQL
	mariadb-dump -S s -uroot shop >my.sql
	END
	as_user sh "$PLACE/make.sh" "$PLACE" >&3 2>&1
}

teardown_file() {
	rm -rf "$PLACE"
}

setup() {
	bkm_setup
	# Servers refuse root, and nobody may not walk into the place of these tests.
	scratch=$(mktemp -d /tmp/bkm-questions-scratch.XXXXXX)
	chmod 777 "$scratch"
	export TMPDIR=$scratch
	export BKM_NOW=2026-03-12T00:00:00Z
}

teardown() {
	left=$(ls -A "$scratch")
	rm -rf "$scratch"
	[ -z "$left" ] || fail "left behind: $left"
}

restore_of() {
	jq -c "select(.kind == \"backup\") | .restore | $1"
}

# demand DUMP YAML...: that dump, of 2026-03-11 00:00, with these lines under restore:.
demand() {
	local dump=$1
	shift
	write_config db
	cp "$PLACE/$dump" db/shop.sql
	touch -d 2026-03-11T00:00:00Z db/shop.sql
	printf '      restore:\n' >>config.yaml
	printf '        %s\n' "$@" >>config.yaml
	bkm-scan -q
	run --separate-stderr bkm-restore --stored --force
}

questions() {
	demand "$1" 'sql: ["SELECT count(*) > 1 FROM orders"]' 'newest_row: orders.at' 'newest_row_within: 6h' \
		'expect:' '  - {sql: "SELECT count(*) FROM users", value: ">= 2"}' '  - {sql: "SELECT min(name) FROM users", value: a}'
	expect 0
	[ "$(restore_of '[.checks[] | select(.check == "sql" or .check == "newest_row") | [.verdict, .actual]]' <<<"$output")" = \
		"$2" ] || fail checks
	[ "$(restore_of '.warnings' <<<"$output")" = null ]
	[ "$(restore_of '[.table_rows[].table]' <<<"$output")" = "$3" ] || fail tables
	[ "$(restore_of '.start_ms > 0 and .load_ms > 0' <<<"$output")" = true ]
	demand "$1" 'newest_row: SELECT max(at) FROM orders' 'newest_row_within: 4h' 'sql: ["SELECT nonsense FROM nowhere"]' \
		'expect:' '  - {sql: "SELECT count(*) FROM users", value: "> 2"}'
	expect 1
	[ "$(restore_of '[.verdict, .reason]' <<<"$output")" = '["fail","assertion"]' ]
	has "$(restore_of .message <<<"$output")" "refused by the restored database: SELECT nonsense FROM nowhere"
	[ "$(restore_of '[.checks[-2:][] | [.verdict, .expected, .actual]]' <<<"$output")" = \
		'[["fail","> 2","2"],["fail",">= 2026-03-10T20:00:00Z","2026-03-10T19:00:00Z"]]' ] || fail "what fails"
}

@test "PostgreSQL: sql, expect, newest_row" {
	questions pg.sql '[["pass","t"],["pass","2"],["pass","a"],["pass","2026-03-10T19:00:00Z"]]' '["public.orders","public.users"]'
}

@test "MariaDB: sql, expect, newest_row" {
	questions my.sql '[["pass","1"],["pass","2"],["pass","a"],["pass","2026-03-10T19:00:00Z"]]' '["orders","users"]'
}

@test "PostgreSQL: a command asks the restored database by its socket, from inside the walls" {
	demand pg.sql 'command: [sh, -c, "[ \"$(psql -XAtc \"SELECT count(*) FROM users\")\" = 2 ] || { echo no answer; exit 1; }"]'
	expect 0
	[ "$(restore_of '.checks[-1] | [.check, .verdict]' <<<"$output")" = '["command","pass"]' ]
	demand pg.sql 'command: [sh, -c, "echo $BKM_DATABASE is bad; exit 3"]'
	expect 1
	[ "$(restore_of '[.reason, .message, .checks[-1].actual]' <<<"$output")" = '["assertion","restore.command failed: postgres is bad",3]' ] ||
		fail "$(restore_of .message <<<"$output")"
	echo alive >canary
	chmod 666 canary
	demand pg.sql "command: [sh, -c, 'echo dead >$PWD/canary || cat $PWD/config.yaml || psql -h 127.0.0.1 || exit 0; exit 1']"
	expect 0
	[ "$(cat canary)" = alive ]
	demand pg.sql 'command: [no-such-program]'
	expect 3
}

@test "MariaDB: a command asks the restored database by its socket" {
	demand my.sql 'command: [sh, -c, "[ \"$(mariadb -N \"$BKM_DATABASE\" -e \"SELECT count(*) FROM users\" 2>&1 | tee out)\" = 2 ] || { cat out; exit 1; }"]'
	expect 0
	[ "$(restore_of '.checks[-1] | [.check, .verdict]' <<<"$output")" = '["command","pass"]' ]
	demand my.sql 'command: [sh, -c, "exit 3"]'
	expect 1
}

@test "PostgreSQL: what the series always had" {
	write_config db
	for d in 1 2 3 4 5; do
		cp "$PLACE/pg.sql" "db/shop-2026-03-0$d.sql"
		touch -d "2026-03-0$d" "db/shop-2026-03-0$d.sql"
	done
	bkm-scan -q
	bkm-restore -q --stored --force
	cp "$PLACE/pg-empty.sql" db/shop-2026-03-06.sql
	touch -d 2026-03-06 db/shop-2026-03-06.sql
	bkm-scan -q
	run --separate-stderr bkm-restore --stored
	expect 1
	[ "$(restore_of '[.reason, .message]' <<<"$output" | tail -1)" = \
		'["shrunk","table public.orders: empty, 100 rows as a rule"]' ]
}
