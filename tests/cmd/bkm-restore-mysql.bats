#!/usr/bin/env bats
# Dumps of a real MariaDB server are loaded into a throw-away one: what comes back is counted and told.

bats_require_minimum_version 1.5.0
load ../lib

setup_file() {
	PLACE=$(mktemp -d /tmp/bkm-mysql.XXXXXX)
	export PLACE
	chmod 777 "$PLACE"
	as_user sh "$BKM_ROOT/tests/fixtures/restore/mysql_source.sh" "$PLACE" >&3 2>&1
}

teardown_file() {
	rm -rf "$PLACE"
}

# told FILE...: NAME VERDICT REASON LEVEL TABLES ROWS of each
told() {
	bkm-restore --scratch . -- "$@" 2>>errors |
		jq -r '"\(.path | sub(".*/"; "")) \(.restore | "\(.verdict) \(.reason // "-") \(.level) \(.tables // 0) \(.rows // 0)")"'
}

# dump_of VERSION LINE...: a dump of that server, with these lines in it
dump_of() {
	local version=$1 product=MySQL
	shift
	[[ $version != *MariaDB* ]] || product=MariaDB
	printf '%s\n' "-- $product dump 10.13  Distrib $version, for Linux (x86_64)" '--' \
		'-- ------------------------------------------------------' "-- Server version	$version" \
		"/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;" "CREATE TABLE \`t\` (\`a\` int PRIMARY KEY);" \
		"INSERT INTO \`t\` VALUES (1),(2);" "$@" "/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;" \
		'-- Dump completed on 2026-11-22  2:00:01'
}

# refused DUMP: verdict, reason and message of a dump from standard input
refused() {
	cat >dump.sql
	bkm-restore --scratch . dump.sql 2>>errors | jq -r '.restore | "\(.verdict) \(.reason // "-") \(.message // "")"'
}

@test "dumps of one database, of some, of all" {
	cp "$PLACE"/{one,two,tx,anew,ansi,replace,nocomment,schema}.sql .
	[ "$(told one.sql two.sql tx.sql anew.sql ansi.sql replace.sql nocomment.sql schema.sql)" = \
"one.sql pass - restored 8 5010
two.sql pass - restored 9 5012
tx.sql pass - restored 8 5010
anew.sql pass - restored 8 5010
ansi.sql pass - restored 8 5010
replace.sql pass - restored 8 5010
nocomment.sql pass - restored 8 5010
schema.sql pass - restored 8 0" ]
	[ -z "$(compgen -G 'bkm-drill-*')" ]
}

@test "each table is told by the name that it has" {
	run --separate-stderr bkm-restore --scratch . "$PLACE/two.sql"
	expect 0
	[ "$(jq -r '.restore.table_rows[] | "\(.table) \(.rows)"' <<<"$output")" = \
'other.odd`n;a.b 2
shop.aria_one 1
shop.customer 3
shop.empty_one 0
shop.gen 2
shop.geo 1
shop.orders 5000
shop.part 2
shop.sysver 1' ]
	[ "$(jq -c '.restore | [.handler, .start_ms > 0, (.checks | map(.check))]' <<<"$output")" = \
		'["mysql",true,["integrity","statements","tables","rows","entries"]]' ]
	run --separate-stderr bkm-restore --scratch . "$PLACE/plain.sql"
	[ "$(jq -r '.restore.table_rows[] | "\(.table) \(.rows)"' <<<"$output")" = $'customer 3\ngen 2' ]
}

@test "in any compression" {
	local c all=(gzip zstd)
	[ -z "${BKM_SOAK-}" ] || all+=(bzip2 xz lz4 lzip)
	for c in "${all[@]}"; do
		"$c" -c <"$PLACE/plain.sql" >"plain.sql.$c"
	done
	[ "$(told plain.sql.* | cut -d' ' -f2- | sort | uniq -c)" = "      ${#all[@]} pass - restored 2 5" ]
	head -c 600 plain.sql.gzip >cut.sql.gz
	[[ $(told cut.sql.gz) == "cut.sql.gz fail truncated "* ]]
}

@test "the server's own schemas come back beside those that it needs, and the pass says so" {
	run --separate-stderr bkm-restore --scratch . "$PLACE/all.sql"
	expect 0
	[ "$(jq -r .restore.message <<<"$output")" = "the server's own schemas were loaded beside those that it has" ]
	[ "$(jq -c '[.restore.table_rows[] | select(.table | IN("mysql.global_priv", "shop.orders", "mysql.event"))]' <<<"$output")" = \
		'[{"table":"mysql.event","rows":1},{"table":"mysql.global_priv","rows":6},{"table":"shop.orders","rows":5000}]' ]
	[[ $(told "$PLACE/mysql.sql") == "mysql.sql pass - restored "* ]]
	run --separate-stderr bkm-restore --scratch . "$PLACE/system.sql"
	expect 0
	has "$(jq -r .restore.message <<<"$output")" "statements about users, which the server refused"
	[ "$(jq -c '.restore.table_rows[] | select(.table == "shop.orders")' <<<"$output")" = '{"table":"shop.orders","rows":5000}' ]
}

@test "statements about replication are left out, and the pass says so" {
	run --separate-stderr bkm-restore --scratch . "$PLACE/replica.sql"
	expect 0
	[ "$(jq -c '.restore | [.verdict, .rows]' <<<"$output")" = '["pass",5010]' ]
	[[ $(jq -r .restore.message <<<"$output") =~ ^'left out: '[0-9]' statements about replication or the server itself'$ ]]
	[ "$(dump_of 10.11.6-MariaDB "SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ 'a-b:1-5';" | refused)" = \
		"pass - left out: 1 statements about replication or the server itself" ]
}

@test "a table that is made with another storage engine is told" {
	[ "$(dump_of 10.11.6-MariaDB "SET SESSION sql_mode = '';" "CREATE TABLE \`e\` (a int) ENGINE=RocksDB;" | refused)" = \
		"pass - 1 tables were made with another engine or without an option" ]
}

@test "what a dump leans on and does not hold makes it incomplete" {
	[ "$(told "$PLACE/data.sql" "$PLACE/lone.sql")" = "data.sql fail incomplete complete 0 0
lone.sql fail incomplete complete 0 0" ]
	[[ $(refused <"$PLACE/lone.sql") =~ ^"fail incomplete line "[0-9]+": Table 'shop.orders' doesn't exist"$ ]]
}

@test "a dump without an end marker is loaded by nobody" {
	[ "$(told "$PLACE/compact.sql")" = "compact.sql skip unverifiable read 8 5010" ]
}

@test "what only another server knows is no fault of the backup" {
	local collate="CREATE TABLE \`u\` (\`b\` text) CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;"
	[[ $(dump_of 8.0.33 "$collate" | refused) =~ ^'error not_installed line 8: needs MySQL 8.0.33, '.*' is installed: Unknown collation: '\''utf8mb4_0900_ai_ci'\' ]]
	[[ $(dump_of 8.0.33 "CREATE TABLE u (a int) WHATEVER_IS_NEW;" | refused) == "error not_installed line 8: needs MySQL 8.0.33, "*"error in your SQL syntax"* ]]
	[[ $(dump_of 99.1.1-MariaDB "CREATE TABLE u (a int) WHATEVER_IS_NEW;" | refused) == "error not_installed line 8: needs MariaDB 99.1.1-MariaDB, "* ]]
	[[ $(dump_of 10.3.1-MariaDB "SET sql_mode='NO_ENGINE_SUBSTITUTION'; CREATE TABLE u (a int) ENGINE=RocksDB;" | refused) == \
		"error not_installed line 8: needs what this server lacks: Unknown storage engine 'RocksDB'" ]]
	run --separate-stderr bkm-restore --scratch . dump.sql
	expect 3
	has "${stderr-}" "cannot test"
}

@test "what no server takes is a fault of the backup" {
	[ "$(dump_of 8.0.33 "INSERT INTO \`t\` VALUES (2);" | refused)" = "fail damaged line 8: Duplicate entry '2' for key 'PRIMARY'" ]
	[[ $(dump_of 10.3.1-MariaDB "CREATE TABEL u (a int);" | refused) == "fail damaged line 8: You have an error in your SQL syntax"* ]]
	[[ $(dump_of 10.3.1-MariaDB "INSERT INTO \`t\` VALUES (3,4);" | refused) == "fail damaged line 8: Column count doesn't match"* ]]
	[ "$(dump_of 10.3.1-MariaDB "TRUNCATE TABLE \`t\`;" | refused)" = "fail empty the dump has 2 rows, but none is there" ]
	[ "$(dump_of 10.3.1-MariaDB "DROP TABLE \`t\`;" | refused)" = "fail empty loaded, but nothing is there" ]
}

@test "the configuration's questions are put to the restored database" {
	write_config db
	cp "$PLACE/one.sql" "db/shop-2026-11-22.sql"
	aged db/shop-2026-11-22.sql "1 hour ago"
	cat >>config.yaml <<-'END'
	      test_restore: true
	      restore:
	        must_contain: ["orders", "custom*"]
	        sql: ["SELECT COUNT(*) = 5000 FROM orders", "SELECT nothing FROM nowhere"]
	END
	bkm-scan -q
	run --separate-stderr bkm-restore --stored --force --scratch .
	expect 1
	[ "$(jq -c 'select(.kind == "backup") | .restore | [.verdict, .reason, (.checks | map(select(.check == "sql") | .verdict))]' <<<"$output")" = \
		'["fail","assertion",["pass","fail"]]' ]
	has "$output" "refused by the restored database: SELECT nothing FROM nowhere"
	sed -i 's/, "SELECT nothing FROM nowhere"//' config.yaml
	run --separate-stderr bkm-restore --stored --force --scratch .
	expect 0
}

@test "routines, triggers and events come back, and are whole" {
	write_config db
	cp "$PLACE/programs.sql" db/shop.sql
	aged db/shop.sql "1 hour ago"
	cat >>config.yaml <<-'END'
	      test_restore: true
	      restore:
	        sql:
	          - "SELECT fu(1) = 2"
	          - "SELECT COUNT(*) = 1 FROM information_schema.EVENTS WHERE EVENT_NAME = 'ev' AND EVENT_SCHEMA = DATABASE()"
	          - "SELECT COUNT(*) = 1 FROM information_schema.TRIGGERS WHERE TRIGGER_NAME = 'tr'"
	          - "SELECT SUM(n) = 5000 FROM v2"
	END
	bkm-scan -q
	run --separate-stderr bkm-restore --stored --force --scratch .
	expect 0
	[ "$(jq -c 'select(.kind == "backup") | .restore.verdict' <<<"$output")" = '"pass"' ]
}

@test "--keep leaves files that a server can start on" {
	run --separate-stderr bkm-restore --keep --scratch . "$PLACE/plain.sql"
	expect 0
	[ -n "$(compgen -G 'bkm-drill-*/root/mysql/data/ibdata1')" ]
	[ -n "$(compgen -G 'bkm-drill-*/root/mysql/data/bkm@0020drill/customer.frm')" ]
	bkm-restore --reap --scratch .
	[ -z "$(compgen -G 'bkm-drill-*')" ]
}

@test "a scratch directory that the server cannot reach is an error that says what to do" {
	[ "$(id -u)" -eq 0 ] || skip "only root's servers run as another user"
	mkdir -m 700 closed closed/in
	run --separate-stderr bkm-restore --scratch closed/in "$PLACE/plain.sql"
	expect 3
	[ "$(jq -r '.restore | "\(.verdict) \(.reason)"' <<<"$output")" = "error permission_denied" ]
	has "${stderr-}" "chmod a+x what is above it, or use --scratch"
}

@test "without a server nothing is promised" {
	unshare -rm true 2>/dev/null || skip "needs a mount namespace to hide the server in"
	# shellcheck disable=SC2016
	run --separate-stderr unshare -rm sh -c 'mount --bind /dev/null /usr/sbin/mariadbd && exec bkm-restore --scratch . "$1"' - "$PLACE/plain.sql"
	[ "$(jq -c '.restore | [.verdict, .reason, .message]' <<<"$output")" = \
		'["skip","no_server","a server to load it is not installed: install the package mariadb-server"]' ]
}

@test "a physical backup is no pass, as no server starts on it" {
	mkdir physical
	printf 'backup_type = full-backuped\nfrom_lsn = 0\n' >physical/xtrabackup_checkpoints
	head -c 100000 /dev/urandom >physical/ibdata1
	run --separate-stderr bkm-restore --scratch . physical
	expect 0
	[ "$(jq -c '.restore | [.verdict, .reason, .files]' <<<"$output")" = '["skip","unsupported",2]' ] || fail
	has "$output" 'a physical backup of MariaDB or MySQL'
	has "$output" 'that takes mariadb-backup --prepare or xtrabackup --prepare first'
	printf 'uuid = x\ntool_name = mariadb-backup\n' >physical/xtrabackup_info
	run --separate-stderr bkm-restore --scratch . physical
	has "$output" 'that takes mariadb-backup --prepare (package mariadb-backup) first'
	printf 'uuid = x\ntool_name = xtrabackup\n' >physical/xtrabackup_info
	run --separate-stderr bkm-restore --scratch . physical
	has "$output" 'that takes xtrabackup --prepare (package percona-xtrabackup) first'
}
