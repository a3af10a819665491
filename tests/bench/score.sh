#!/bin/sh
# bkm-score of 1,000 locations over 10 million verdicts: seconds, peak memory, and the same question
# asked of SQLite directly (the newest verdict of each backup of the last seven days by location).
# usage: score.sh BUILD [VERDICTS]
set -eu
build=$1
verdicts=${2:-10000000}
dir=$(mktemp -d "${TMPDIR:-/var/tmp}/bkm-bench.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
locations=1000 series=10 nights=30
backups=$((locations * series * nights))
BKM_NOW=2026-11-22T12:00:00Z
TZ=UTC
export BKM_NOW TZ
now=$(date -u -d "$BKM_NOW" +%s)

cd "$dir"
{
	printf 'database:\n  url: sqlite:///bench.db\nbackups:\n  locations:\n'
	i=1
	while [ "$i" -le "$locations" ]; do
		printf '    - {name: l%d, path: /nowhere/l%d, schedule: "0 2 * * *", timezone: Europe/Berlin}\n' "$i" "$i"
		i=$((i + 1))
	done
} >config.yaml
"$build/bin/bkm-score" -q --stored --exit-zero
sqlite3 bench.db >settings <<SQL
PRAGMA synchronous = OFF;
PRAGMA journal_mode = WAL;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -200000;
BEGIN;
CREATE TEMP TABLE n AS WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i < 999999)
	SELECT i FROM c;
INSERT INTO location (id, host, name, path, type, status, first_scan, last_scan, last_reached)
	SELECT i + 1, '$(uname -n)', 'l' || (i + 1), '/nowhere/l' || (i + 1), 'file', 'ok', 0, $now, $now
	FROM n WHERE i < $locations;
INSERT INTO dir (id, location_id, path) SELECT id, id, x'' FROM location;
INSERT INTO series (id, location_id, name, first_seen, count, completed, members, latest_id, newest_time, stale)
	SELECT i + 1, i / $series + 1, 'db' || (i % $series) || '-*.sql.gz', $now - 86400 * $nights, $nights, $nights,
		2, (i + 1) * $nights, $now - 36000, 0
	FROM n WHERE i < $locations * $series;
INSERT INTO backup (id, dir_id, series_id, name, size, mtime, time, first_seen, changed_at, state, status, completed_at)
	SELECT i + 1, i / ($nights * $series) + 1, i / $nights + 1, 'b' || i, 1000, t, t, t, t, 'complete', 'ok', t
	FROM (SELECT i, $now - 36000 - 86400 * ($nights - 1 - i % $nights) AS t FROM n WHERE i < $backups);
INSERT INTO standing (backup_id, location_id, verify_verdict, verify_level, verify_at, verify_record,
		restore_verdict, restore_at, restore_record)
	SELECT id, dir_id, CASE WHEN id % 97 = 0 THEN 'fail' ELSE 'pass' END, 'intact', time, '{}',
		CASE WHEN id % $nights = 0 THEN 'pass' END, time, '{}' FROM backup;
INSERT INTO verification (backup_id, location_id, at, verdict, record)
	SELECT b.id, b.dir_id, b.time + r.i * 3600, CASE WHEN b.id % 97 = 0 THEN 'fail' ELSE 'pass' END, '{}'
	FROM n AS r CROSS JOIN backup AS b WHERE r.i < $verdicts / $backups;
COMMIT;
PRAGMA wal_checkpoint(TRUNCATE);
ANALYZE;
SQL

# The median of three runs, in seconds.
median()
{
	for _ in 1 2 3; do
		start=$(date +%s%N)
		"$@" >out
		echo $((($(date +%s%N) - start) / 1000000))
	done | sort -n | sed -n 2p
}

# Warm the page cache.
median "$build/bin/bkm-score" --stored --exit-zero >settings
ours=$(median "$build/bin/bkm-score" --stored --exit-zero)
naive=$(median sqlite3 bench.db "SELECT location_id, avg(verdict = 'pass') FROM verification
	WHERE at >= $now - 7 * 86400 GROUP BY location_id")
# shellcheck disable=SC2016
memory=$(LC_ALL=C /usr/bin/env sh -c '"$1" --stored --exit-zero >out & pid=$!
	peak=0
	while line=$(grep VmHWM "/proc/$pid/status" 2>/dev/null); do
		set -- $line
		peak=$2
	done
	wait $pid
	echo "$peak"' sh "$build/bin/bkm-score")
rows=$(sqlite3 bench.db 'SELECT count(*) FROM verification')
printf 'score: %d locations, %d verdicts: %d ms (target 500), %d KiB (target 65536), %s x of one GROUP BY over the verdicts (%d ms)\n' \
	"$locations" "$rows" "$ours" "$memory" "$(echo "$ours $naive" | awk '{ printf "%.2f", $1 / $2 }')" "$naive"
