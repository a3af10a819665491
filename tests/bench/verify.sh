#!/bin/bash
# bkm-verify beside openssl, rhash, sha256sum, gzip -t, zstd -t, xz -t, unzip -t, 7z t and bsdtar, on the
# same files in one run: medians of interleaved runs as ratios, the digest included in ours.
# usage: verify.sh BUILD     BENCH_SCALE: percentage of the sizes (100: 4 GiB, 100,000 files, 1 GB)
# The last column is the ratio of processor seconds: what stays the same on a machine that others use.
# Ours uses every processor, so there it may be above the ratio of the elapsed time.
set -eu
build=$(realpath "$1")
rounds=${BENCH_ROUNDS:-5}
scale=${BENCH_SCALE:-25}
dir=$(mktemp -d "${TMPDIR:-/var/tmp}/bkm-bench.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
cd "$dir"
PATH=$build/bin:$PATH
TIMEFORMAT='%R %U %S'

measure() { # NAME COMMAND...
	local name=$1
	shift
	{ time "$@" >/dev/null 2>>"e.$name"; } 2>>"t.$name" || :
}
median() { # NAME: elapsed, and processor seconds
	awk '{ print $1 }' "t.$1" | sort -n | sed -n "$((rounds / 2 + 1))p"
	awk '{ print $2 + $3 }' "t.$1" | sort -n | sed -n "$((rounds / 2 + 1))p"
}
ratio() { # WHAT OURS PEER TARGET
	printf '%s\n' "$(median "$2")" "$(median "$3")" | paste -s -d ' ' |
		awk -v w="$1" -v p="$3" -v t="$4" '{
			printf "%-30s %7.3f s  %-9s %7.3f s  ratio %.2f (target %s), processors %.2f\n",
				w, $1, p, $3, $1 / $3, t, $2 / $4 }'
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

megabytes=$((1000 * scale / 100))
echo "archives: up to $megabytes MB of this machine's own files"
find /usr/share /usr/lib /usr/bin -xdev -type f -size -20M -readable -printf '%s %p\n' | sort -k 2 |
	awk -v most="$megabytes" '{ sum += $1; if (sum > most * 1e6) exit; sub(/^[0-9]* /, ""); print }' >list
tar --hard-dereference -cPf a.tar -T list
gzip -1k a.tar && zstd -q a.tar && xz -0k a.tar && xz -0k -T2 --block-size=16MiB -c a.tar >blocks.tar.xz
zip -q1 a.zip -@ <list
7z a -bd -mx1 a.7z @list >/dev/null
rm a.tar
content() { # NAME FILE PEER COMMAND... [, PEER COMMAND...]
	local name=$1 file=$2 peer command
	shift 2
	measure "$name" bkm-verify -m checksum,content "$file"
	while [ $# -gt 0 ]; do
		peer=$1 command=()
		shift
		while [ $# -gt 0 ] && [ "$1" != , ]; do
			command+=("$1")
			shift
		done
		[ $# -eq 0 ] || shift
		measure "$name.$peer" "${command[@]}" "$file"
	done
}
for _ in $(seq "$rounds"); do
	content gz a.tar.gz gzip gzip -t , pigz pigz -t , 7z 7z t -bd , bsdtar bsdtar -xOf
	content zst a.tar.zst zstd zstd -qt , bsdtar bsdtar -xOf
	content zip a.zip unzip unzip -qt , 7z 7z t -bd , bsdtar bsdtar -xOf
	content xz a.tar.xz xz xz -t , 7z 7z t -bd , bsdtar bsdtar -xOf
	content blocks blocks.tar.xz xz xz -t , xz-T2 xz -T2 -t , 7z 7z t -bd , bsdtar bsdtar -xOf
	content 7z a.7z 7z 7z t -bd , bsdtar bsdtar -xOf
done
targets() { # WHAT NAME PEER:TARGET...
	local what=$1 name=$2 pair
	shift 2
	for pair; do ratio "content, $what" "$name" "$name.${pair%:*}" "${pair#*:}"; done
}
targets .tar.gz gz gzip:0.30 pigz:- 7z:- bsdtar:-
targets .tar.zst zst zstd:1.00 bsdtar:-
targets .zip zip unzip:0.45 7z:- bsdtar:-
targets .tar.xz xz xz:1.05 7z:- bsdtar:-
targets ".tar.xz, several blocks" blocks xz:0.60 xz-T2:- 7z:- bsdtar:-
targets .7z 7z 7z:- bsdtar:-
for file in a.tar.gz a.tar.zst a.zip; do
	memory "content, $file: memory (target 65536)" bkm-verify "$file"
done
for file in a.tar.xz blocks.tar.xz a.7z; do
	memory "content, $file: memory (target 131072)" bkm-verify "$file"
done
