#!/bin/sh
# Print a C file that holds every named SQL file as a string: embed.sh 001-x.sql 002-y.sql > out.c
echo '// Generated from lib/store/migrations by lib/store/embed.sh.'
echo '#include "store/migrations_private.h"'
echo 'const char *const store_migrations[] = {'
for f in "$@"; do
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/    "/' -e 's/$/\\n"/' "$f"
	echo '    ,'
done
echo '    0};'
