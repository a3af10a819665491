#!/bin/bash
# A record through a filter that has no interest in it, beside cat: microseconds a record, over cat;
# and through one whose --where must be asked, beside jq.
# usage: record.sh BUILD [RECORDS]
set -eu
build=$(realpath "$1")
records=${2:-300000}
rounds=${BENCH_ROUNDS:-5}
dir=$(mktemp -d "${TMPDIR:-/var/tmp}/bkm-bench.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
cd "$dir"
PATH=$build/bin:$PATH
TIMEFORMAT='%U %S' # processor time: a busy machine does not change it much

mkdir db web
printf 'database:\n  url: sqlite:///b.db\nbackups:\n  locations:\n' >config.yaml
printf '    - {name: %s, path: %s, type: file}\n' db db web web >>config.yaml
awk -v n="$records" 'BEGIN { for (i = 1; i <= n; i++) printf \
	"{\"v\":1,\"kind\":\"backup\",\"id\":%d,\"store\":\"223e2b94-78af-42e3-9880-149830821de1\",\"host\":\"far\"," \
	"\"location\":\"db\",\"series\":\"app-*.sql.gz\",\"path\":\"/backups/db/app-%07d.sql.gz\",\"size\":%d," \
	"\"mtime\":\"2026-11-22T02:00:05Z\",\"first_seen\":\"2026-11-22T02:05:05Z\",\"state\":\"complete\"," \
	"\"new\":false,\"latest\":false,\"status\":\"ok\",\"reasons\":[]}\n", i, i, i * 7 }' >lines

seconds() { # COMMAND...: how long it takes to pass the lines on
	{ time { "$@" <lines >/dev/null 2>>stderr || [ $? -le 1 ]; }; } 2>&1 | awk '{ print $1 + $2 }'
}

for _ in $(seq "$rounds"); do
	seconds cat >>t.cat
	seconds bkm-verify -l web >>t.filter
	seconds bkm-verify -l web -w '.size > 1000' >>t.unasked
	seconds bkm-verify -w '.size > 1000 and .location == "web"' >>t.where
	seconds jq -c 'select(.size > 1000 and .location == "web")' >>t.jq
done

median() { sort -n "$1" | sed -n "$((rounds / 2 + 1))p"; }
awk -v n="$records" -v c="$(median t.cat)" -v f="$(median t.filter)" -v u="$(median t.unasked)" -v w="$(median t.where)" \
	-v j="$(median t.jq)" 'BEGIN {
	printf "a record passed on untouched: %.2f us over cat (target 1.00)\n", (f - c) / n * 1e6
	printf "a record that -l excludes before --where: %.2f us over cat\n", (u - c) / n * 1e6
	printf "a record that --where is asked about: %.2f us, jq itself %.2f us: %.2f x\n", w / n * 1e6, j / n * 1e6, w / j
}'
/usr/bin/time -f 'memory of an uninterested filter: %M KiB (target 16384)' bkm-verify -q -l web <lines 2>&1 | tail -n 1
