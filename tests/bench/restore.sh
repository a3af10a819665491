#!/bin/sh
# Time bkm-restore beside `tar -xzf` to the same scratch, interleaved in one run:
# sh tests/bench/restore.sh BUILD_DIR
# Prints medians, the ratio, its target, and the peak memory. Removing what came out counts for both,
# and so does bkm's reading back.
# BKM_BENCH_MEMBERS (100000) members; BKM_BENCH_RUNS (5) rounds; BKM_BENCH_DIR: where it happens (a
# temporary directory; /dev/shm leaves the disk out of it).
set -eu

build=$(cd "${1:-.build}" && pwd)
members=${BKM_BENCH_MEMBERS:-100000}
runs=${BKM_BENCH_RUNS:-5}
work=$(mktemp -d "${BKM_BENCH_DIR:-${TMPDIR:-/tmp}}/bkm-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
restore=$build/bin/bkm-restore
unset BKM_CONFIG BKM_NOW DATABASE_URL

python3 - "$work/m.tar.gz" "$members" <<'P'
import io, random, sys, tarfile
random.seed(1)
with tarfile.open(sys.argv[1], "w:gz", compresslevel=6) as t:
    for i in range(int(sys.argv[2])):
        info = tarfile.TarInfo("d%03d/e%02d/file%06d.txt" % (i // 1000, i // 100 % 10, i))
        data = (b"%030x" % random.getrandbits(120)) * random.randint(1, 60)
        info.size, info.mtime = len(data), 1700000000 + i
        t.addfile(info, io.BytesIO(data))
P

# timed LABEL COMMAND...: append seconds and kilobytes
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

for _ in $(seq "$runs"); do
	# shellcheck disable=SC2016 # the inner shell expands it
	timed tar sh -c 'mkdir "$1/x" && tar -xzf "$1/m.tar.gz" -C "$1/x" && rm -r "$1/x"' sh "$work"
	timed bkm "$restore" --scratch "$work" "$work/m.tar.gz"
done
awk -v members="$members" -v bkm="$(median bkm.s)" -v tar="$(median tar.s)" \
	-v kb="$(sort -n "$work/bkm.kb" | tail -1)" 'BEGIN {
	printf "restore of %d members: %.2f s, tar -xzf and rm -r %.2f s, ratio %.2f (target 1.10); %.1f MiB (target 64)\n",
		members, bkm, tar, bkm / tar, kb / 1024 }'
