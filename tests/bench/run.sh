#!/bin/sh
# Every benchmark beside its named peers; or those that are named: run.sh BUILD [NAME...]
# BENCH_ROUNDS (5) interleaved runs each, medians. BENCH_SCALE (25) is a percentage of the sizes.
set -u
build=$1
shift
cd "$(dirname "$0")" || exit 1
status=0
for script in ./*.sh; do
	name=$(basename "$script" .sh)
	[ "$name" = run ] && continue
	[ $# -eq 0 ] || case " $* " in *" $name "*) ;; *) continue ;; esac
	printf '\n== %s\n' "$name"
	interpreter=$(sed -n '1s/^#! *//p' "$script")
	${interpreter:-sh} "$script" "$build" || status=1
done
exit $status
