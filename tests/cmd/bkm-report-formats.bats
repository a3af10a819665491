#!/usr/bin/env bats
# The report programs over documents made by hand: ordinary, empty, large and hostile ones.
bats_require_minimum_version 1.5.0
load ../lib

programs=$BKM_ROOT/share/bkm/report
fixtures=$BKM_ROOT/tests/fixtures/report

# document KIND [N...] >FILE
document() {
	python3 "$fixtures/document.py" "$@"
}

# shown FORMAT KIND [N...]: what the program of a format makes of a document.
shown() {
	local format=$1
	shift
	document "$@" | jq -rc -L "$programs/lib" -f "$programs/$format.jq"
}

# dom FILE [WIDTH]: what a browser makes of it.
dom() {
	chromium --headless --no-sandbox --disable-gpu --user-data-dir="$BATS_TEST_TMPDIR/chromium" \
		--window-size="${2:-1200},900" --dump-dom "file://$BATS_TEST_TMPDIR/$1" 2>chromium.log
}

# columns FILE: the widest line on a terminal.
columns() {
	python3 -c '
import sys, unicodedata
def width(s):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in s)
print(max(width(line) for line in open(sys.argv[1], encoding="utf-8").read().split("\n")))
' "$1"
}

@test "every program compiles, and works on a document about nothing" {
	for program in "$programs"/*.jq; do
		run -0 --separate-stderr shown "$(basename "$program" .jq)" empty
		[ -n "$output" ] && [ -z "$stderr" ] || fail "$program"
	done
}

@test "html: well formed, no script, nothing fetched, tables and images with their names" {
	for kind in site good empty hostile "large 30 30"; do
		# shellcheck disable=SC2086
		shown html $kind >page.html
		run -0 python3 "$fixtures/page.py" page.html
	done
}

@test "html: a browser sees the same, also of hostile names" {
	for kind in site hostile; do
		shown html $kind >page.html
		dom page.html >dom.html
		run -0 python3 "$fixtures/page.py" dom.html
		[ "$(grep -o '<tr>' dom.html | wc -l)" -eq "$(grep -o '<tr>' page.html | wc -l)" ]
	done
}

@test "html: nothing sticks out on narrow and wide screens" {
	for kind in site:360 hostile:360 hostile:1400 "large 3 92:1200"; do
		# shellcheck disable=SC2086
		shown html ${kind%:*} >page.html
		# In a frame, as a window has a least width of its own; the frame says how wide it came out.
		python3 -c '
import html, sys
print(f"""<!doctype html><title>none</title>
<iframe id="f" style="border:0;width:{sys.argv[1]}px;height:900px" srcdoc="{html.escape(open("page.html").read())}"></iframe>
<script>onload = () => {{
	const d = document.getElementById("f").contentDocument.documentElement;
	document.title = "wide=" + (d.scrollWidth - d.clientWidth) + " at=" + d.clientWidth;
}}</script>""")' "${kind#*:}" >frame.html
		dom frame.html 1500 >dom.html
		run -0 grep -o '<title>wide=[-0-9]* at=[0-9]*' dom.html
		[[ $output == "<title>wide=0 at="* ]] || fail "$kind: $output"
	done
}

@test "html: what is wrong stands first, worst first, in words and shapes" {
	shown html site >page.html
	run -0 python3 -c '
import re
text = re.sub("<[^>]*>", " ", open("page.html").read().split("<main>")[1])
order = ["Critical: 3 of 6 locations need attention", "What needs attention", "cannot be reached",
         "failed its verification", "no backup for 3 d", "backup is late", "Locations, worst first",
         "offsite", "web_files", "new_one", "weekly_full", "Open alerts", "The monitor itself",
         "died before its end", "Each location"]
at = 0
for words in order:
    at = text.index(words, at)
for word in ["Critical", "Warning", "Unknown", "Good", "failed (11-21, 11-23)", "pass, intact",
             "FAIL, ends too early", "never", "UTC", "bkm 0.1.0"]:
    assert word in text, word
'
	for shape in good warning critical unknown; do
		grep -q "<use href=\"#$shape\"/>" page.html
	done
}

@test "html: good news is not called better than it is" {
	run -0 shown html good
	has "$output" "All 2 locations are good"
	run -0 shown html empty
	has "$output" "No location is configured: nothing is watched"
	lacks "$output" "Good: "
	run -0 shown html site
	has "$output" "pass, complete; trailing garbage</span>"
}

@test "html: an ordinary site stays below 200 kB, and a large one says what is left out" {
	shown html large 20 7 >page.html
	[ "$(stat -c %s page.html)" -lt 200000 ]
	shown html large 150 7 >page.html
	grep -q "Details of the 100 worst; the JSON report has all" page.html
	[ "$(grep -c '<section class="l"' page.html)" -eq 100 ]
}

@test "html: prints to paper" {
	shown html site >page.html
	chromium --headless --no-sandbox --disable-gpu --user-data-dir="$BATS_TEST_TMPDIR/chromium" \
		--print-to-pdf="$BATS_TEST_TMPDIR/page.pdf" "file://$BATS_TEST_TMPDIR/page.html" 2>chromium.log
	[ "$(head -c 5 page.pdf)" = "%PDF-" ]
}

@test "csv: RFC 4180, one width, and no cell that a spreadsheet would run" {
	for kind in site empty hostile; do
		shown csv $kind >report.csv
		run -0 python3 -c '
import csv
data = open("report.csv", "rb").read()
assert data.endswith(b"\r\n")
rows = list(csv.reader(open("report.csv", newline="", encoding="utf-8"), strict=True))
assert rows[0][0] == "generated" and len({len(r) for r in rows}) == 1, rows
for row in rows:
    for cell in row:
        assert not cell or cell[0] not in "=+@\t\r\n-\uff1d\uff0b\uff0d\uff20", cell
print(len(rows))
'
		echo "$output" >"$kind.rows"
	done
	[ "$(cat site.rows)" = 8 ] && [ "$(cat empty.rows)" = 1 ] && [ "$(cat hostile.rows)" = 21 ]
}

@test "csv: text comes back as it was, with the apostrophe where it was needed" {
	shown csv hostile >report.csv
	document hostile >document.json
	run -0 python3 -c '
import csv, json
names = {l["location"] for l in json.load(open("document.json"))["locations"]}
back = [r[2] for r in csv.reader(open("report.csv", newline="", encoding="utf-8"), strict=True)][1:]
assert {b[1:] if b[:1] == "\x27" and b[1:2] in list("=+-@\t") else b for b in back} == names
'
}

@test "csv: numbers stay numbers" {
	document site | jq '.locations[0].score = -0.5' |
		jq -rc -L "$programs/lib" -f "$programs/csv.jq" >report.csv
	grep -q ',-0.5,' report.csv
}

@test "text: fits 80 columns, whatever the names" {
	for kind in site good empty hostile "large 40 30"; do
		# shellcheck disable=SC2086
		shown text $kind >report.txt
		[ "$(columns report.txt)" -le 80 ] || fail "$kind"
		run ! grep -qP '[\x00-\x08\x0b-\x1f\x7f]' report.txt
	done
}

@test "text: says what is wrong, since when, why and what to do" {
	shown text site >report.txt
	[ "$(sed -n 4p report.txt)" = "CRITICAL: 3 of 6 locations need attention (score 0.64)" ]
	for line in "1. CRITICAL: offsite: location cannot be reached" \
		"    since  2026-11-18 03:00 UTC (5 d ago)" "    do     mount it again" \
		"critical   0.49  ++++X+X  5 h ago           80%     none  database_backup" \
		"bkm-verify: died before its end" "1 open alert"; do
		grep -qF -- "$line" report.txt || fail "$line"
	done
}

@test "json: is the document" {
	document site >given.json
	jq -S . given.json >document.json
	jq -rc -L "$programs/lib" -f "$programs/json.jq" given.json >report.json
	jq -S . report.json | cmp - document.json
	[ "$(wc -l <report.json)" -eq 1 ]
}

@test "prometheus: the text format, no path of a file as a label" {
	for kind in site empty hostile; do
		shown prometheus $kind >bkm.prom
		run -0 python3 -c '
import re
label = r"\w+=\"(?:[^\"\\\n]|\\[\\\"n])*\""
sample = re.compile(r"(bkm_\w+)(?:\{" + label + "(?:," + label + r")*\})? (-?[0-9.e+]+)")
data = open("bkm.prom", encoding="utf-8", newline="").read()
assert data.endswith("\n")
seen, named, current = set(), set(), None
for line in data[:-1].split("\n"):
    if line.startswith("# HELP "):
        current = line.split()[2]
        assert current not in named, current
        named.add(current)
    elif line.startswith("# TYPE "):
        assert line == f"# TYPE {current} gauge", line
    else:
        m = sample.fullmatch(line)
        assert m and m[1] == current, line
        assert line[:line.rindex(" ")] not in seen, line
        seen.add(line[:line.rindex(" ")])
        assert not current.endswith("_total"), current
assert "/backups/" not in data
'
	done
	run -0 shown prometheus site
	has "$output" 'bkm_health_score_ratio{location="database_backup"} 0.49'
	has "$output" 'bkm_location_up{location="offsite"} 0'
	has "$output" 'bkm_backup_last_success_timestamp_seconds{location="mail",series="db-*.gz"} 1795384800'
	has "$output" 'bkm_run_success{tool="bkm-verify"} 0'
	has "$output" 'bkm_attention{severity="critical"} 2'
}

@test "nagios: one line with performance data, a bar only before them" {
	run -0 shown nagios site
	[[ ${lines[0]} == "BACKUP CRITICAL - 3 of 6 locations need attention: offsite: location cannot be reached; "* ]]
	has "${lines[0]}" " | 'score'=64%;80:;50:;0;100 'database_backup score'=49%;80:;50:;0;100 'database_backup age'=18000s;;;0"
	[ "${lines[1]}" = "warning: web_files: backup is late" ]
	run -0 shown nagios good
	[[ ${lines[0]} == "BACKUP OK - All 2 locations are good | "* ]]
	run -0 shown nagios empty
	[ "$output" = "BACKUP UNKNOWN - No location is configured: nothing is watched" ]
	shown nagios hostile >report.txt
	[ "$(head -n 1 report.txt | tr -cd '|' | wc -c)" -eq 1 ]
	run ! grep -qP "[\x00-\x08\x0b-\x1f\x7f]" report.txt
}

@test "sizes, times and names as people read them" {
	run -0 jq -nr -L "$programs/lib" 'include "bkm";
		(0, 1023, 1024, 1536, 1048576, 107374182400, 5000000000000 | size),
		(5, 90, 7200, 100000, 180000, 1300000 | duration),
		("a\u202eb\u0007" | visible), ("" | named), (null | when), (1 | plural("day")), (2 | plural("day"))'
	[ "$output" = "$(printf '%s\n' "0 B" "1023 B" "1 KiB" "1.5 KiB" "1 MiB" "100 GiB" "4.5 TiB" \
		"5 s" "1 min" "2 h" "27 h" "2 d 2 h" "15 d" 'a\u{202E}b\u{0007}' "(no name)" never \
		"1 day" "2 days")" ]
}
