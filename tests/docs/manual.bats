#!/usr/bin/env bats
# The manual pages: clean, complete, and with examples that hold.
bats_require_minimum_version 1.5.0
load ../lib

commands="bkm-scan bkm-verify bkm-restore bkm-score bkm-report bkm-alert"

# The options that --help shows, one a line: -f and --format.
options_of_help() {
	"$1" --help | sed -n 's/^ *\(-[A-Za-z]\)\{0,1\},\{0,1\} *\(--[a-z][a-z-]*\).*/\1\n\2/p' |
		sed '/^$/d' | sort -u
}

# The flags of mdoc lines: all arguments of Fl up to the next macro, "Fl c , -config Ns = Ns Ar X".
flags() {
	tr -s ' ' | awk '{
		fl = 0
		n = split($0, word, " ")
		for (i = 1; i <= n; i++) {
			w = word[i]
			sub(/^\./, "", w)
			if (w == "Fl") fl = 1
			else if (w ~ /^[A-Z][a-z]$/) fl = 0
			else if (fl && w ~ /^-?[A-Za-z][A-Za-z-]*$/) print "-" w
		}
	}' | sort -u
}

# The options that have an item in the section OPTIONS of the manual page.
options_of_manual() {
	awk '/^\.Sh / { inside = ($2 == "OPTIONS"); next } inside && /^\.It /' \
		"$BKM_ROOT/man/$1.1" | flags
}

# Every option that the page mentions anywhere.
options_mentioned() {
	grep '^\.' "$BKM_ROOT/man/$1.1" | flags
}

# Long options named behind one of the six commands in an example, "COMMAND --option".
options_in_examples() {
	mandoc -Tascii -O width=900 "$1" | col -bx |
		awk '/^[A-Z]/ { inside = /^EXAMPLES/ } inside' |
		sed 's,[|;],\\n,g' | sed "s/'[^']*'//g" |
		awk '{
			c = ""
			for (i = 1; i <= NF; i++) {
				if ($i ~ /^bkm-(scan|verify|restore|score|report|alert)$/) c = $i
				else if (c != "" && $i ~ /^--[a-z]/) { sub(/=.*/, "", $i); print c, $i }
			}
		}' | sort -u
}

# The jq programs of a page, NUL-terminated: jq … '…', and what -w and its like are given.
programs_of() {
	mandoc -Tutf8 -O width=900 "$1" | col -bx | python3 -c '
import re, sys
text = sys.stdin.read().replace("\u2018", "\x27").replace("\u2019", "\x27")
option = r"(?:\bjq(?: +-[a-zA-Z]+)*(?: +--(?:arg|argjson) +\S+ +\S+)*|-w|--where|--gate|--silence)"
for program in re.findall(option + r"[ =]+\x27([^\x27]*)\x27", text):
    sys.stdout.write(program + "\0")
'
}

@test "every command has a manual page" {
	for command in $commands; do
		[ -f "$BKM_ROOT/man/$command.1" ] || fail "man/$command.1 is not there"
	done
	[ -f "$BKM_ROOT/man/bkm.7" ] && [ -f "$BKM_ROOT/man/bkm-records.5" ] &&
		[ -f "$BKM_ROOT/man/bkm-config.5" ]
}

@test "manual pages are clean mdoc" {
	run -0 mandoc -Tlint -Wwarning "$BKM_ROOT"/man/*.[1-9]
	[ -z "$output" ] || fail "mandoc complains"
}

@test "a manual page of a command has the sections people look for" {
	for command in $commands; do
		for section in NAME SYNOPSIS DESCRIPTION OPTIONS "EXIT STATUS" ENVIRONMENT FILES \
			EXAMPLES "SEE ALSO"; do
			grep -qx "\.Sh $section" "$BKM_ROOT/man/$command.1" ||
				fail "man/$command.1 has no section $section"
		done
	done
}

@test "options of --help and of the manual page are the same" {
	for command in $commands; do
		options_of_help "$command" >help
		options_of_manual "$command" >manual
		[ "$(wc -l <help)" -gt 12 ] || fail "no options found in '$command --help'"
		diff help manual || fail "$command: < only in --help, > only in the manual page"
	done
}

@test "a manual page mentions no option that is not there" {
	# Those of programs that write or check backups.
	printf '%s\n' --archive --clean --compact --data-only --manifest-checksums --no-create-info --skip-comments \
		--verify-data >known
	for command in $commands; do
		options_of_help "$command" >>known
	done
	for command in $commands; do
		for option in $(options_mentioned "$command" | grep '^--.'); do
			grep -qxe "$option" known || fail "man/$command.1 mentions $option"
		done
	done
}

@test "examples of the manual pages use options that are there" {
	found=0
	for page in "$BKM_ROOT"/man/*.[1-9]; do
		while read -r command option; do
			found=$((found + 1))
			options_of_help "$command" | grep -qxe "$option" ||
				fail "${page##*/}: $command has no option $option"
		done < <(options_in_examples "$page")
	done
	[ "$found" -gt 10 ] || fail "only $found options found in examples"
}

@test "jq programs in the manual pages compile" {
	found=0
	for page in "$BKM_ROOT"/man/*.[1-9]; do
		while IFS= read -r -d '' program; do
			found=$((found + 1))
			run jq -n --arg days 1 --arg host h "$program"
			[ "$status" -ne 3 ] || fail "${page##*/}: $program"
		done < <(programs_of "$page")
	done
	[ "$found" -ge 6 ] || fail "only $found jq programs found"
}

@test "exit statuses of a manual page are those of --help" {
	for command in $commands; do
		run -0 "$command" --help
		has "$output" "Exit status: 0 nothing wrong, 1 something wrong was found, 2 wrong"
	done
}
