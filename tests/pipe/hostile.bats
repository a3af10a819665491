#!/usr/bin/env bats
# Any bytes in file names survive the whole chain: found, verified, restored, reported, and never believed to be
# anything but a name.
bats_require_minimum_version 1.5.0
load ../lib
load site

# names NUL-terminated, made by printf so that every byte is meant
names() {
	printf '%s\0' 'two
lines.tar.gz' 'quote"and\backslash.tar.gz' "it's.tar.gz" '-rf.tar.gz' '$(touch pwned).tar.gz' \
		'<script src=x>.tar.gz' '=cmd|calc.tar.gz' 'a b	tab.tar.gz' '; rm -rf x.tar.gz' \
		"$(printf '\xff\xfe bad.tar.gz')" "$(printf 'esc\x1b[31m.tar.gz')" "$(printf 'rtl\xe2\x80\xaegz.tar.gz')" \
		"$(printf 'nfd e\xcc\x81.tar.gz')" '*?[a].tar.gz' '%s%n%d.tar.gz' '{"kind":"backup"}.tar.gz' \
		"$(printf 'x%.0s' $(seq 240)).tar.gz"
}

setup() {
	bkm_setup
	mkdir -p backups/files src store scratch
	echo content >src/file
	tar -C src -czf one.tar.gz file
	names | while IFS= read -r -d '' name; do cp one.tar.gz "backups/files/$name"; done
	find backups -type f -exec touch -d 2026-11-23T02:00:00Z {} +
	COUNT=$(find backups -type f -printf x | wc -c)
	cat >config.yaml <<-EOF
		database: {url: "sqlite:///store/bkm.db"}
		backups:
		  locations:
		    - {name: files, path: backups/files, type: file, verify_integrity: true, test_restore: true}
		verification: {methods: [size, timestamp, checksum, content]}
		restore_testing: {scratch: scratch}
		alerts: {log: {file: alerts.log}}
		reporting: {formats: [html, csv, json, text], output_directory: reports}
	EOF
	mkdir reports
}

@test "every name comes through the chain, and what was looked at passes" {
	[ "$COUNT" -eq 17 ]
	site_chain . >out.jsonl || [ $? -eq 1 ]
	[ "$(jq -c 'select(.kind == "backup")' out.jsonl | wc -l)" -eq "$COUNT" ]
	jq -se 'map(select(.kind == "backup")) | all(.verification.verdict == "pass" and .restore.verdict == "pass")' out.jsonl
	jq -se 'map(select(.kind == "error")) == []' out.jsonl
	# the exact bytes of every name
	jq -r 'select(.kind == "backup") | .path_b64 // (.path | @base64)' out.jsonl | while read -r b; do
		base64 -d <<<"$b" | sed -z 's,.*/,,' | tail -c +1 | od -An -tx1 | tr -d ' \n'
		echo
	done | sort >got
	names | while IFS= read -r -d '' name; do printf '%s' "$name" | od -An -tx1 | tr -d ' \n'; echo; done | sort >want
	diff want got
	[ ! -e pwned ]
	[ -z "$(find scratch -mindepth 1)" ]
}

@test "only the name that is no UTF-8 carries path_b64" {
	export BKM_CONFIG=config.yaml BKM_NOW=$SITE_NOW
	bkm-scan >out.jsonl || true
	[ "$(jq -c 'select(.kind == "backup" and has("path_b64"))' out.jsonl | wc -l)" -eq 1 ]
	jq -r 'select(has("path_b64")).path_b64' out.jsonl | base64 -d | grep -qa "$(printf '\xff\xfe bad.tar.gz')"
}

@test "reports and messages hold no control byte, no script, no formula" {
	printf 'cut' >"backups/files/$(printf 'bad\x1b]0;title\x07.tar.gz')"
	printf 'cut' >'backups/files/<img src=x onerror=alert(1)>.tar.gz'
	printf 'cut' >'backups/files/=1+1.tar.gz'
	find backups -type f -exec touch -d 2026-11-23T02:00:00Z {} +
	site_chain . >out.jsonl 2>err || true
	run ! env LC_ALL=C grep -laP '[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]' reports/report.html reports/report.txt \
		alerts.log err
	run ! grep -aE '<script|<img' reports/report.html
	# no text cell that a spreadsheet would take for a formula
	python3 - <<-'EOF'
		import csv
		cells = [c for row in csv.reader(open("reports/report.csv", newline="", encoding="utf-8")) for c in row]
		assert any("1+1" in c for c in cells)
		assert not [c for c in cells if c[:1] in ("=", "+", "@", "\t", "\r") or (c[:1] == "-" and not c[1:2].isdigit())], cells
	EOF
}

@test "a backup named by hand on the command line is what it is, whatever its name" {
	for f in backups/files/*; do
		run -0 --separate-stderr bkm-verify -- "$f"
		jq -e 'select(.kind == "backup").verification.verdict == "pass"' <<<"$output"
	done
	cd backups/files
	run -0 --separate-stderr bkm-verify -- -rf.tar.gz
	run -0 --separate-stderr bkm-restore -- -rf.tar.gz
}
