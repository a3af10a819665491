#!/bin/sh
# Time bkm-scan beside find(1) over the same tree, interleaved in one run: sh tests/bench/scan.sh BUILD_DIR
# Prints medians, ratios to `find -printf`, the targets, and peak memory.
# BKM_BENCH_FILES (1000000) backups in directories of 1,000; BKM_BENCH_FLAT (300000) in one directory;
# BKM_BENCH_RUNS (5) rounds; BKM_BENCH_DIR: where the trees are made (a temporary directory).
set -eu

build=$(cd "${1:-.build}" && pwd)
files=${BKM_BENCH_FILES:-1000000}
flat=${BKM_BENCH_FLAT:-300000}
runs=${BKM_BENCH_RUNS:-5}
work=$(mktemp -d "${BKM_BENCH_DIR:-${TMPDIR:-/tmp}}/bkm-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
scan=$build/bin/bkm-scan
unset BKM_CONFIG BKM_NOW DATABASE_URL

# Dated backups of many hosts, none of them settling.
python3 - "$work" "$files" "$flat" <<'P'
import os, sys, time
work, files, flat = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
START = 1600000000

def fill(directory, count, first):
    os.makedirs(directory)
    fd = os.open(directory, os.O_RDONLY)
    for i in range(count):
        t = START + (first + i) * 3600
        name = time.strftime("app-%Y-%m-%d_%H%M.tar.gz", time.gmtime(t))
        f = os.open(name, os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=fd)
        os.write(f, b"x" * (10 + i % 7))
        os.close(f)
        os.utime(name, (START + i * 60, START + i * 60), dir_fd=fd)
    os.close(fd)

for d in range((files + 999) // 1000):
    fill(f"{work}/tree/host{d:05}", min(1000, files - d * 1000), 0)
fill(f"{work}/flat/all", flat, 0)
P
for what in tree flat; do
	printf 'database:\n  url: sqlite:///%s.db\nbackups:\n  locations:\n    - name: bench\n      path: %s\n      type: file\n' \
		"$what" "$what" >"$work/$what.yaml"
done

# timed LABEL COMMAND...: append the seconds to LABEL.s and the kilobytes to LABEL.kb
timed() {
	label=$1
	shift
	/usr/bin/env time -f '%e %M' -o "$work/time" "$@" >/dev/null
	cut -d' ' -f1 "$work/time" >>"$work/$label.s"
	cut -d' ' -f2 "$work/time" >>"$work/$label.kb"
}

median() {
	sort -n "$work/$1" | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# result LABEL PEER TARGET
result() {
	awk -v label="$1" -v s="$(median "$1.s")" -v p="$(median "$2.s")" -v t="$3" -v kb="$(sort -n "$work/$1.kb" | tail -1)" \
		'BEGIN { printf "%-28s %8.2f s  %5.2f x (target %s)  %5.1f MB\n", label, s, s / p, t, kb / 1024 }'
}

for what in tree flat; do
	find "$work/$what" -printf '%p %s %T@ %i\n' >/dev/null
	i=0
	while [ "$i" -lt "$runs" ]; do
		i=$((i + 1))
		timed "$what-find" find "$work/$what" -printf '%p %s %T@ %i\n'
		rm -f "$work/$what.db"*
		timed "$what-first" "$scan" --exit-zero -c "$work/$what.yaml"
		timed "$what-rescan" "$scan" --exit-zero -c "$work/$what.yaml"
		timed "$what-changed" "$scan" --exit-zero --changed -c "$work/$what.yaml"
	done
done

printf 'scan: %s backups in directories of 1,000, then %s in one directory, median of %s\n' "$files" "$flat" "$runs"
for what in tree flat; do
	printf '%-28s %8.2f s\n' "$what-find" "$(median "$what-find.s")"
	result "$what-first" "$what-find" "<= 1.00"
	result "$what-rescan" "$what-find" "<= 0.65"
	result "$what-changed" "$what-find" "<= 0.55"
done
