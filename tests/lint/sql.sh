#!/bin/sh
# Statements are text of lib/store alone; lib/sqldb, restore and verify know those of foreign dumps.
files=$(find lib cmd -name '*.[ch]' ! -path 'lib/store/*' ! -path 'lib/sqldb/*' \
	! -path 'lib/restore/*' ! -path 'lib/verify/*')
# shellcheck disable=SC2086
! grep -nE '"[^"]*\b(SELECT .* FROM|INSERT (OR [A-Z]+ )?INTO|UPDATE [a-z_]+ SET|DELETE FROM|CREATE TABLE|PRAGMA [a-z_]+|BEGIN IMMEDIATE)\b' $files /dev/null
