#!/bin/sh
# How long a report of many locations takes: report.sh BUILD_DIR
# BKM_BENCH_LOCATIONS (1000) locations with one backup a day for BKM_BENCH_DAYS (30) days, scanned
# for real; the verdicts are put into the store. Prints the median of five runs, the peak memory
# and the size of each format.
set -eu
LC_ALL=C TZ=UTC
export LC_ALL TZ
PATH=$1/bin:$PATH
locations=${BKM_BENCH_LOCATIONS:-1000} days=${BKM_BENCH_DAYS:-30}
dir=$(mktemp -d)
[ -n "${BKM_BENCH_KEEP:-}" ] || trap 'rm -rf "$dir"' EXIT
cd "$dir"

python3 - "$locations" "$days" <<'PY'
import os, sys, time
locations, days = int(sys.argv[1]), int(sys.argv[2])
now = time.time()
with open("config.yaml", "w") as f:
    f.write("database: {url: 'sqlite:///bkm.db'}\nbackups:\n  locations:\n")
    for i in range(locations):
        f.write(f"    - {{name: location_{i:04}, path: b/{i:04}, type: file, schedule: daily}}\n")
for i in range(locations):
    os.makedirs(f"b/{i:04}")
    for day in range(days):
        if i % 10 == 1 and day < 3:
            continue  # one in ten is missing for three days
        t = now - day * 86400 - 7200
        name = f"b/{i:04}/db-{time.strftime('%Y-%m-%d', time.gmtime(t))}.gz"
        with open(name, "wb") as f:
            f.write(b"x" * (1000 + day + i % 100))
        os.utime(name, (t, t))
PY
bkm-scan -q --exit-zero
sqlite3 -batch bkm.db "
INSERT OR REPLACE INTO standing (backup_id, location_id, verify_verdict, verify_level, verify_at,
  verify_record, restore_verdict, restore_at, restore_record)
SELECT b.id, s.location_id, v, 'intact', b.time + 600,
  '{\"verdict\":\"' || v || '\",\"level\":\"intact\",\"at\":\"2026-11-22T02:00:05Z\",\"ms\":12}',
  'pass', b.time + 900,
  '{\"verdict\":\"pass\",\"handler\":\"tar\",\"at\":\"2026-11-22T02:00:05Z\",\"ms\":913}'
FROM (SELECT id, series_id, time, CASE WHEN series_id % 10 = 0 AND id % 7 = 0 THEN 'fail' ELSE 'pass' END
  AS v FROM backup) AS b JOIN series AS s ON s.id = b.series_id"

printf '%s locations, %s days\n' "$locations" "$days"
for format in html csv json text prometheus; do
	for _ in 1 2 3 4 5; do
		/usr/bin/time -f '%e %U %S %M' -o time.txt \
			bkm-report --stored -q -d "$days" -f "$format" -o report.out
		cat time.txt
	done | sort -n >times.txt
	awk -v f="$format" -v bytes="$(wc -c <report.out)" \
		'{ s[NR] = $1; c[NR] = $2 + $3; if ($4 > m) m = $4 }
		END { printf "report %-11s %5.2f s (%.2f s of processor) %4d MB %8d bytes\n", f, s[3], c[3], m / 1024, bytes }' times.txt
done
