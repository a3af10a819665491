#!/bin/sh
# Bring the schema and the lists in bkm-records(5) up to date with lib/record/fields.c, or, with
# --check, say where they differ. usage: records.sh [--check] (BKM_BUILD is the build tree)
set -eu
cd "$(dirname "$0")/../.."
build=${BKM_BUILD:-.build}
schema=share/bkm/schema/record.schema.json
page=man/bkm-records.5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

BKM_DUMP=1 "$build/test/record/fields_test" >"$work/table"
jq -s -f tests/docs/records-schema.jq "$work/table" >"$work/schema"
jq -rs -f tests/docs/records-man.jq "$work/table" >"$work/lists"

# The page up to the first marker, the lists, and the rest from the second marker on.
awk -v lists="$work/lists" '
/^\.\\" end of the lists/ { copying = 0 }
!copying { print }
/^\.\\" begin of the lists/ { while ((getline line <lists) > 0) print line; copying = 1 }
' copying=0 "$page" >"$work/page"

if [ "${1-}" = --check ]; then
	diff -u "$schema" "$work/schema"
	diff -u "$page" "$work/page"
	exit 0
fi
cp "$work/schema" "$schema"
cp "$work/page" "$page"
