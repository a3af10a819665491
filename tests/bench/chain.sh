#!/bin/bash
# The whole chain when nothing is new, over 10,000 backups that were verified and tried before:
# seconds of wall and of processor, and what each stage takes by itself.
# usage: chain.sh BUILD [BACKUPS]      BENCH_ROUNDS (5)
set -eu
build=$(realpath "$1")
backups=${2:-10000}
rounds=${BENCH_ROUNDS:-5}
dir=$(mktemp -d "${TMPDIR:-/var/tmp}/bkm-bench.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
cd "$dir"
PATH=$build/bin:$PATH
unset BKM_CONFIG BKM_NOW DATABASE_URL
TIMEFORMAT='%R %U %S'

# Ten locations of ten series each, one archive a night.
python3 - "$backups" <<'P'
import io, os, sys, tarfile, time
nights = max(1, int(sys.argv[1]) // 100)
now = int(time.time()) // 86400 * 86400
out = io.BytesIO()
with tarfile.open(fileobj=out, mode="w:gz") as t:
    info = tarfile.TarInfo("data.txt")
    info.size = 1000
    t.addfile(info, io.BytesIO(b"some text\n" * 100))
data = out.getvalue()
for l in range(10):
    for s in range(10):
        os.makedirs(f"l{l}/db{s}")
        for n in range(nights):
            t = now - 86400 * n
            path = f"l{l}/db{s}/db{s}-{time.strftime('%Y-%m-%d', time.gmtime(t))}.tar.gz"
            with open(path, "wb") as f:
                f.write(data)
            os.utime(path, (t - 3600, t - 3600))
P
{
	printf 'database: {url: "sqlite:///b.db"}\nbackups:\n  locations:\n'
	for i in 0 1 2 3 4 5 6 7 8 9; do
		printf '    - {name: l%d, path: l%d, type: file, schedule: daily}\n' $i $i
	done
	printf 'reporting: {formats: [html], output_directory: reports}\n'
	printf 'alerts: {log: {file: alerts.log}}\n'
} >config.yaml

chain() {
	bkm-scan | bkm-verify | bkm-restore | bkm-score | bkm-report | bkm-alert
}
bkm-scan --check-config >/dev/null
for _ in 1 2 3; do
	chain >records 2>said || :
done
for _ in $(seq "$rounds"); do
	{ time chain >records 2>said || :; } 2>>wall-and-cpu
done
sort -n wall-and-cpu | awk -v n="$(jq -s 'map(select(.kind == "backup")) | length' <records)" '
	{ wall[NR] = $1; cpu[NR] = $2 + $3 }
	END { k = int((NR + 1) / 2); printf "chain, nothing new, %d backups: %.2f s (target 1.0), %.2f s of processor\n", n, wall[k], cpu[k] }'
: >empty
for stage in scan verify restore score report alert; do
	input=$([ $stage = scan ] && echo empty || echo records.scan)
	{ time "bkm-$stage" --exit-zero <"$input" >"records.$stage" 2>said; } 2>&1 |
		awk -v s="$stage" '{ printf "  bkm-%-8s %.2f s (%.2f s of processor)\n", s, $1, $2 + $3 }'
done
