#!/bin/bash
# bkm-verify beside openssl, rhash, sha256sum, gzip -t, zstd -t, xz -t, unzip -t, 7z t and bsdtar, on the
# same files in one run: medians of interleaved runs as ratios, the digest included in ours.
# usage: verify.sh BUILD     BENCH_SCALE: percentage of the sizes (100: 4 GiB, 100,000 files, 1 GB)
set -eu
build=$(realpath "$1")
rounds=${BENCH_ROUNDS:-5}
scale=${BENCH_SCALE:-25}
dir=$(mktemp -d "${TMPDIR:-/var/tmp}/bkm-bench.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
cd "$dir"
PATH=$build/bin:$PATH
TIMEFORMAT='%R'

measure() { # NAME COMMAND...
	local name=$1
	shift
	{ time "$@" >/dev/null 2>&1; } 2>>"t.$name" || :
}
median() { sort -n "t.$1" | sed -n "$((rounds / 2 + 1))p"; }
ratio() { # WHAT OURS PEER TARGET
	awk -v w="$1" -v a="$(median "$2")" -v b="$(median "$3")" -v p="$3" -v t="$4" \
		'BEGIN { printf "%-28s %7.3f s   %-9s %7.3f s   ratio %.2f (target %s)\n", w, a, p, b, a / b, t }'
}
memory() { # WHAT COMMAND...
	local what=$1
	shift
	/usr/bin/time -f "$what: %M KiB" "$@" 2>&1 >/dev/null | tail -n 1
}

echo "large files: 4 of $((1024 * scale / 100)) MiB"
for i in 1 2 3 4; do
	openssl enc -aes-128-ctr -nosalt -pass "pass:$i" -in /dev/zero 2>/dev/null |
		head -c $((1024 * 1024 * 1024 * scale / 100)) >"large$i.bin"
done
sha256sum large*.bin >SHA256SUMS
for _ in $(seq "$rounds"); do
	measure ours bkm-verify -m checksum large*.bin
	measure openssl openssl dgst -sha256 large*.bin
	measure rhash rhash --skip-ok -c SHA256SUMS
	[ "$rounds" -gt 5 ] || measure sha256sum sha256sum --quiet -c SHA256SUMS
done
ratio "checksum, large" ours openssl 0.50
ratio "checksum, large" ours rhash 0.60
ratio "checksum, large" ours sha256sum 0.13
memory "checksum, large: memory (target 32768)" bkm-verify -m checksum large*.bin
rm -f large*.bin SHA256SUMS t.*

count=$((100000 * scale / 100))
echo "small files: $count of 8 KiB"
mkdir small
python3 - "$count" <<'PY'
import os, sys
for i in range(int(sys.argv[1])):
    with open(f"small/{i:06d}", "wb") as f: f.write(os.urandom(8192))
PY
(cd small && find . -type f -printf '%P\n' | sort | xargs sha256sum >SHA256SUMS)
jq -nRc --arg d "$PWD/small" --arg h "$(uname -n)" 'inputs
	| {v: 1, kind: "backup", host: $h, location: "small", path: "\($d)/\(.)"}' \
	< <(cd small && find . -type f ! -name SHA256SUMS -printf '%P\n' | sort) >records
printf 'database: {url: "sqlite:///b.db"}\nbackups:\n  locations:\n    - {name: small, path: small, type: file, settle: 0s}\n' >config.yaml
bkm-scan -q --settle 0s || :
for _ in $(seq "$rounds"); do
	measure ours bkm-verify -q -f -m checksum --stored
	measure rhash sh -c 'cd small && rhash --skip-ok -c SHA256SUMS'
	measure sha256sum sh -c 'cd small && sha256sum --quiet -c SHA256SUMS'
done
ratio "checksum, small, with store" ours rhash 0.70
ratio "checksum, small, with store" ours sha256sum 0.15
memory "checksum, small: memory (target 32768)" bkm-verify -q -f -m checksum --stored
rm -rf small t.* ./*.db* records

echo "archives: $((1000 * scale / 100)) MB of text-like payload"
mkdir tree
for i in $(seq $((10 * scale / 10))); do
	seq "$((i * 1000003))" "$((i * 1000003 + 400000))" | tr '0-4' 'a-e' >"tree/$i.txt"
done
tar -cf a.tar tree
gzip -1k a.tar && zstd -q a.tar && xz -0 -k -T2 --block-size=16MiB a.tar && zip -q1r a.zip tree
7z a -bd -mx1 a.7z tree >/dev/null
for _ in $(seq "$rounds"); do
	measure gz bkm-verify -m checksum,content a.tar.gz
	measure gzip gzip -t a.tar.gz
	measure pigz pigz -t a.tar.gz
	measure bsdtar bsdtar -xOf a.tar.gz
	measure zst bkm-verify -m checksum,content a.tar.zst
	measure zstd zstd -qt a.tar.zst
	measure zip bkm-verify -m checksum,content a.zip
	measure unzip unzip -qt a.zip
	measure txz bkm-verify -m checksum,content a.tar.xz
	measure xz xz -t a.tar.xz
	measure sevenzip bkm-verify -m checksum,content a.7z
	measure 7z 7z t -bd a.7z
done
ratio "content, .tar.gz" gz gzip 0.30
ratio "content, .tar.gz" gz pigz -
ratio "content, .tar.gz" gz bsdtar -
ratio "content, .tar.zst" zst zstd 1.00
ratio "content, .zip" zip unzip 0.45
ratio "content, .tar.xz, blocks" txz xz 0.60
ratio "content, .7z" sevenzip 7z -
memory "content, .tar.gz: memory (target 65536)" bkm-verify a.tar.gz
memory "content, .tar.zst: memory (target 65536)" bkm-verify a.tar.zst
memory "content, .tar.xz: memory (target 131072)" bkm-verify a.tar.xz
