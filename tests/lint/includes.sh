#!/bin/sh
# Across folders only <module>/<module>.h is included, along the layers; one owner for each library.
set -u
. "$(dirname "$0")/layers.sh"
bad=0

complain()
{
	echo "$*"
	bad=1
}

# The library a system header belongs to, or nothing.
library_of()
{
	case $1 in
	yaml.h) echo yaml ;;
	jq.h | jv.h) echo jq ;;
	sqlite3.h) echo sqlite3 ;;
	openssl/*) echo openssl ;;
	archive.h | archive_entry.h) echo libarchive ;;
	curl/*) echo curl ;;
	zlib.h) echo zlib ;;
	bzlib.h) echo bzip2 ;;
	lzma.h) echo lzma ;;
	zstd.h | zstd_errors.h) echo zstd ;;
	lz4*.h) echo lz4 ;;
	lzlib.h) echo lzip ;;
	isa-l.h | isa-l/*) echo isal ;;
	seccomp.h) echo seccomp ;;
	esac
}

check_file()
{
	file=$1 module=$2
	while read -r line include; do
		case $include in
		'<'*)
			lib=$(library_of "$(echo "$include" | tr -d '<>')")
			[ -z "$lib" ] && continue
			# shellcheck disable=SC2046
			has "$module" $(owners "$lib") ||
				complain "$file:$line: $include belongs to $(owners "$lib") only"
			;;
		'"'*)
			header=$(echo "$include" | tr -d '"')
			other=${header%%/*}
			# Its own folder, or one part of base.
			case $header in "$module"/* | base/*) continue ;; */*) ;; *) continue ;; esac
			# A command's own parts.
			[ "$module" = cmd ] && [ -d "cmd/$other" ] && continue
			# shellcheck disable=SC2046
			if ! has "$other" $(may_use "$module"); then
				complain "$file:$line: $module may not use $other"
			elif [ "$module" = cmd ] && [ "$other" = tool ]; then
				: # the toolkit of the commands is taken in parts
			elif [ "$header" != "$other/$other.h" ]; then
				complain "$file:$line: include \"$other/$other.h\" instead of \"$header\""
			fi
			;;
		esac
	done <<LIST
$(sed -n 's/^[ \t]*#[ \t]*include[ \t]*\([<"][^>"]*[>"]\).*/\1/p;' "$file" | while read -r inc; do
	echo "$(grep -nF "$inc" "$file" | head -n 1 | cut -d : -f 1) $inc"
done)
LIST
}

for file in lib/*/*.[ch]; do
	module=${file#lib/}
	module=${module%%/*}
	may_use "$module" >/dev/null || {
		complain "$file: the module '$module' has no layer in tests/lint/layers.sh"
		continue
	}
	check_file "$file" "$module"
done
for file in cmd/*.c cmd/*/*.[ch]; do
	[ -e "$file" ] && check_file "$file" cmd
done
exit $bad
