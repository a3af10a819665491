#!/bin/sh
# A migration that was released never changes: stores out there have run it. The sums of released
# files stand in migrations.sha256; add one with each release:
#	sha256sum lib/store/migrations/NNN-name.sql >>tests/lint/migrations.sha256
set -u
here=$(dirname "$0")
bad=0
sums=$(grep -v '^#' "$here/migrations.sha256")
[ -z "$sums" ] || echo "$sums" | sha256sum --quiet --strict -c - || bad=1
# Numbers are given in order, without a gap, each once.
n=0
for file in lib/store/migrations/*.sql; do
	n=$((n + 1))
	case ${file##*/} in
	"$(printf %03d $n)"-*.sql) ;;
	*)
		echo "$file: the number should be $(printf %03d $n)"
		bad=1
		;;
	esac
done
exit $bad
