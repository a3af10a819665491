#!/bin/sh
# Every static check of the tree, one line each; what a check finds stands above its line.
#
#	tests/lint/run.sh 'C_FILES' 'SH_FILES' BUILD 'CPPFLAGS'
#
# Exit status 1 if any check found something.
set -u
LC_ALL=C
export LC_ALL

c_files=$1 sh_files=$2 build=$3 cppflags=$4
here=$(dirname "$0")
failed=0
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
trap 'exit 1' HUP INT TERM

# check NAME COMMAND…: run it, show what it says only if it fails.
check()
{
	name=$1
	shift
	if "$@" >"$out" 2>&1; then
		echo "ok      $name"
	else
		cat "$out"
		echo "FAILED  $name"
		failed=1
	fi
}

# The .c files among the C files, one a line.
sources()
{
	for f in $c_files; do
		case $f in *.c) echo "$f" ;; esac
	done
}

format()
{
	# shellcheck disable=SC2086 # a list of names
	clang-format --dry-run -Werror $c_files
}

tidy()
{
	# "N warnings generated" counts those in system headers, which are not shown.
	# shellcheck disable=SC2016,SC2086
	sources | xargs -P 2 -n 8 sh -c \
		'eval "clang-tidy --quiet \"\$@\" -- -std=gnu17 $0" 2>&1 | grep -v "warnings* generated"; :' \
		"$cppflags" >"$out.tidy" 2>&1
	! grep -E '(error|warning):' -A 3 "$out.tidy"
	rc=$?
	rm -f "$out.tidy"
	return "$rc"
}

cpp_check()
{
	# shellcheck disable=SC2046
	cppcheck --quiet -j 2 --error-exitcode=1 --std=c11 --inline-suppr -Ilib -D_GNU_SOURCE \
		--enable=warning,performance,portability \
		--suppressions-list="$here/cppcheck.txt" $(sources)
}

shell_check()
{
	rc=0
	# SC2317: functions are run by name; SC1091: what a dot brings in is checked by itself.
	# shellcheck disable=SC2086
	shellcheck -e SC2317,SC1091 $sh_files || rc=1
	bats=$(find tests -name '*.bats')
	# A bats file is bash with @test, where a cd that fails ends the test; what load brings in
	# is not seen; a file may be called like a command.
	# shellcheck disable=SC2086
	[ -z "$bats" ] || shellcheck -S warning -e SC2154,SC1091,SC2030,SC2031,SC2209,SC2238,SC2120,SC2119,SC2164 $bats || rc=1
	return "$rc"
}

manual()
{
	set -- man/*.[0-9]
	[ -e "$1" ] || return 0
	# "STYLE" is taste; a reference to a page of ours that is not installed is none of mandoc's.
	mandoc -Tlint -Wwarning "$@"
}

spelling()
{
	codespell --quiet-level 2 --ignore-words "$here/codespell.txt" \
		--skip '.git,.build,*.png,*.gz,*.zst,*.xz,*.zip,*.db,*.corpus' \
		README.md LICENSE Makefile config.yaml cmd lib man share tests
}

# Each public header stands alone.
headers()
{
	rc=0
	for h in $c_files; do
		case $h in *.h) ;; *) continue ;; esac
		eval "${CC:-gcc} -std=gnu17 -Wall -Wextra $cppflags -fsyntax-only -include \"\$h\" -x c /dev/null" ||
			rc=1
	done
	return "$rc"
}

# Words that say a thing is unfinished.
unfinished()
{
	! git ls-files -z -- . ':!tests/lint' |
		xargs -0 grep -InE '\b(TODO|FIXME|XXX|HACK|WIP)\b|\b[Pp]laceholder\b|\bfor now([.,;:)]|$)'
}

# A file is one subject.
lengths()
{
	# shellcheck disable=SC2086
	! wc -l $c_files | awk '$2 != "total" && $2 ~ /^(lib|cmd)\// && $1 > 600 {
		print $2 ": " $1 " lines: split it (500 is the aim)"; found = 1 } END { exit !found }'
}

check 'format (clang-format)' format
check 'clang-tidy' tidy
check 'cppcheck' cpp_check
check 'shellcheck' shell_check
check 'manual pages (mandoc)' manual
check 'spelling (codespell)' spelling
check 'headers stand alone' headers
check 'who includes whom' sh "$here/includes.sh"
check 'who calls whom' sh "$here/symbols.sh" "$build"
check 'SQL only in the store' sh "$here/sql.sh"
check 'migrations are frozen' sh "$here/migrations.sh"
check 'nothing unfinished' unfinished
check 'length of files' lengths
exit $failed
