#!/usr/bin/env bats
# Signals of tampering and same_content: on real files, over nights of the whole chain.
# shellcheck disable=SC2016 # jq programs and SQL in single quotes
bats_require_minimum_version 1.5.0
load ../lib

# dump N: a text as a dump might be, another each night.
dump() {
	local n=$((10#$1))
	seq "$n" 3 $((n + 9000)) | sed 's/^/INSERT INTO t VALUES (/; s/$/);/'
}

# encrypt FILE: noise in the place of what was there.
encrypt() {
	noise "$(stat -c %s "$1")" "$1" >"$1.new"
	cat "$1.new" >"$1" && rm "$1.new"
}

# series NIGHTS: db/app-DAY.sql.gz for so many nights of March, known and verified.
series() {
	write_config db
	for day in $(seq -w 1 "$1"); do
		dump "$day" | gzip >"db/app-2026-03-$day.sql.gz"
		touch -d "2026-03-$day 02:00" "db/app-2026-03-$day.sql.gz"
	done
	chain "2026-03-$1"
	[ "$status" -eq 0 ] || fail "the good nights are not good"
}

# chain DAY [COMMAND]: the scan and verification of that day.
chain() {
	run --separate-stderr env BKM_NOW="${1}T06:00:00Z" bash -c "bkm-scan | bkm-verify ${2-}"
}

# of PATTERN: "verdict reason signals" of the backups whose name matches, each once.
of() {
	jq -r --arg p "$1" 'select(.kind == "backup" and .state == "complete" and (.path | test($p)))
		| .verification | [.verdict, .reason // "-", (.signals // [] | join("+"))] | join(" ")' <<<"$output" |
		sort -u
}

is() {
	[ "$(of "$1")" = "$2" ] || fail "$1: '$(of "$1")', expected '$2'"
}

@test "old backups encrypted in place: tampering, all along the chain, until a person accepts it" {
	series 09
	for f in db/app-2026-03-0[1-6].sql.gz; do
		encrypt "$f" && touch -d '2026-03-09 23:00' "$f"
	done
	dump 10 | gzip >db/app-2026-03-10.sql.gz && touch -d '2026-03-10 02:00' db/app-2026-03-10.sql.gz
	chain 2026-03-10
	expect 1
	is '0[1-6].sql.gz$' 'fail tampering format_gone+rewritten'
	is '0[7-9].sql.gz$' 'pass - '
	is '10.sql.gz$' 'pass - '
	[ "$(jq -r 'select(.verification.reason == "tampering").verification.message' <<<"$output" | sort -u)" = \
		'always was sql, now nothing that is known; an older backup was rewritten' ]
	[ "$(jq -r 'select(.verification.reason == "tampering").verification.checks[]
		| select(.check == "content").reason' <<<"$output" | sort -u)" = foreign ]
	# The chain says it.
	export BKM_NOW=2026-03-10T07:00:00Z
	run --separate-stderr bkm-score --stored -l db
	jq -se 'any(.[]; .kind == "score" and .grade != "good")' <<<"$output" >/dev/null
	run --separate-stderr bkm-report --stored -f text -o -
	has "$output" 'it shows signs of tampering'
	bkm-alert --stored -q || :
	run --separate-stderr bkm-alert --list
	jq -se 'any(.[]; .kind == "alert" and .alert == "verification_failure"
		and (.reasons | index("tampering")))' <<<"$output" >/dev/null || fail "no alert"
	unset BKM_NOW
	# Looked at again, it stays so, though nothing is new any more.
	chain 2026-03-15
	is '0[1-6].sql.gz$' 'fail tampering format_gone+rewritten'
	[ "$(in_store "SELECT count(*) FROM verification WHERE reason = 'tampering'")" -eq 12 ]
	id=$(jq -r 'select(.state? == "complete" and (.path | endswith("01.sql.gz"))).id' <<<"$output")
	run --separate-stderr env BKM_NOW=2026-03-15T07:00:00Z bkm-verify -m size,checksum,content --accept "$id"
	is '01.sql.gz$' 'fail foreign ' # what its name promises it is not, accepted or not
	[ "$(in_store "SELECT tampering FROM verify_state WHERE backup_id = $id")" -eq 0 ]
}

@test "an accepted content is no tampering any more, and no history of one" {
	series 09
	for f in db/*.sql.gz; do mv "$f" "${f%.sql.gz}.dat"; done
	rm bkm.db*
	chain 2026-03-09
	encrypt db/app-2026-03-03.dat && touch -d '2026-03-09 23:00' db/app-2026-03-03.dat
	chain 2026-03-10
	is '03.dat$' 'fail tampering format_gone+rewritten'
	id=$(jq -r 'select(.state? == "complete" and (.path | endswith("03.dat"))).id' <<<"$output")
	BKM_NOW=2026-03-10T07:00:00Z bkm-verify -q --accept "$id"
	chain 2026-03-11
	expect 0
	is '03.dat$' 'pass - '
}

@test "encrypted under a new extension: tampering, and what is left alone is not" {
	series 09
	for f in db/app-2026-03-0[1-8].sql.gz; do
		encrypt "$f" && mv "$f" "$f.locked" && touch -d '2026-03-09 23:00' "$f.locked"
	done
	chain 2026-03-10
	expect 1
	is 'locked$' 'fail tampering format_gone+extensions_changed+many_vanished'
	is '09.sql.gz$' 'pass - '
}

@test "one a night, slowly: found on the first night, and on every other" {
	series 09
	for night in 1 2 3 4 5; do
		f=db/app-2026-03-0$night.sql.gz
		encrypt "$f" && touch -d "2026-03-$((10 + night)) 01:00" "$f"
		dump "$((10 + night))" | gzip >"db/app-2026-03-$((10 + night)).sql.gz"
		touch -d "2026-03-$((10 + night)) 02:00" "db/app-2026-03-$((10 + night)).sql.gz"
		chain "2026-03-$((10 + night))"
		expect 1
		is "0[1-$night].sql.gz\$" 'fail tampering format_gone+rewritten'
		is '1[0-9].sql.gz$' 'pass - '
	done
}

@test "the newest of plain dumps is noise: two signals of its content" {
	write_config db
	for day in 1 2 3 4 5 6; do
		sqlite3 "x$day" 'CREATE TABLE t(a)' "INSERT INTO t SELECT 'text ' || value || ' text' FROM generate_series($day, 3000)"
		sqlite3 "x$day" .dump >"db/app-2026-03-0$day" && touch -d "2026-03-0$day" "db/app-2026-03-0$day"
	done
	chain 2026-03-06
	is 'app' 'pass - '
	jq -se '[.[] | .verification?.checks[]? | select(.check == "content").entropy] | min > 3 and max < 6' <<<"$output"
	cp db/app-2026-03-06 db/app-2026-03-07 && encrypt db/app-2026-03-07 && touch -d 2026-03-07 db/app-2026-03-07
	chain 2026-03-07
	is '07$' 'fail tampering format_gone+incompressible'
	[[ $(jq -r 'select(.verification.signals).verification.message' <<<"$output") == *'8.0 bits a byte instead of '[345].* ]]
	# An unknown policy of encryption is one signal, and kept: no verdict.
	openssl enc -aes-256-ctr -pbkdf2 -k x -in db/app-2026-03-06 -out db/app-2026-03-08 && touch -d 2026-03-08 db/app-2026-03-08
	chain 2026-03-08
	is '08$' 'pass - format_gone+incompressible'
}

@test "good nights say nothing: new compression, recompressed, renamed, pruned, cleaned up, run again" {
	series 09
	# From now on another compression.
	for day in 10 11 12; do
		dump "$day" | zstd -q >"db/app-2026-03-$day.sql.zst" && touch -d "2026-03-$day 02:00" "db/app-2026-03-$day.sql.zst"
		chain "2026-03-$day"
		is 'zst$' 'pass - '
	done
	# The old ones too, with the times that they had.
	for f in db/*.gz; do
		gzip -dc "$f" | zstd -q >"${f%.gz}.zst" && touch -r "$f" "${f%.gz}.zst" && rm "$f"
	done
	chain 2026-03-13
	is 'zst$' 'pass - '
	# Another scheme of names.
	for f in db/*.zst; do mv "$f" "db/dump-of-${f#db/}"; done
	chain 2026-03-14
	is 'zst$' 'pass - '
	# A night that is run again, in its old place.
	dump 5 | zstd -q >db/dump-of-app-2026-03-05.sql.zst && touch -d '2026-03-14 12:00' db/dump-of-app-2026-03-05.sql.zst
	chain 2026-03-15
	is '05.sql.zst$' 'pass - rewritten'
	# The yearly cleanup.
	rm db/*-0[1-9].*
	dump 16 | zstd -q >db/dump-of-app-2026-03-16.sql.zst && touch -d '2026-03-16 02:00' db/dump-of-app-2026-03-16.sql.zst
	chain 2026-03-16
	expect 0
	is 'zst$' 'pass - '
	[ "$(in_store "SELECT count(*) FROM verify_state WHERE tampering > 0")" -eq 0 ]
}

@test "good nights say nothing: encrypted from the start, encrypted by its owner, overwritten each night" {
	write_config db
	sed -i 's/      type: file/&\n      verify_integrity: true/' config.yaml
	for day in 1 2 3 4 5 6 7; do
		dump "$day" | gzip | openssl enc -aes-256-ctr -pbkdf2 -k x >"db/secret-2026-03-0$day.enc"
		dump "$day" | gzip >"db/open-2026-03-0$day.sql.gz"
		dump "$day" | gzip >db/latest.sql.gz
		touch -d "2026-03-0$day 02:00" "db/secret-2026-03-0$day.enc" "db/open-2026-03-0$day.sql.gz" db/latest.sql.gz
		chain "2026-03-0$day"
		is 'sql.gz$' 'pass - '
		is 'enc$' 'pass - '
	done
	for f in db/open*.gz; do
		openssl enc -aes-256-ctr -pbkdf2 -k x -in "$f" -out "$f.enc" && touch -r "$f" "$f.enc" && rm "$f"
	done
	chain 2026-03-08
	expect 0
	is 'open.*enc$' 'pass - extensions_changed+many_vanished'
	[ "$(in_store "SELECT count(*) FROM verify_state WHERE tampering > 0")" -eq 0 ]
}

@test "generations that are deleted are a finding of the scan, and no signal beside them" {
	series 09
	cat >>config.yaml <<-EOF
	      retention_days: 30
	EOF
	rm db/*-0[1-7].*
	dump 10 | gzip >db/app-2026-03-10.sql.gz && touch -d '2026-03-10 02:00' db/app-2026-03-10.sql.gz
	run --separate-stderr env BKM_NOW=2026-03-10T06:00:00Z bkm-scan
	expect 1
	[ "$(jq -s '[.[] | select(.state? == "vanished")] | length' <<<"$output")" -eq 7 ]
	chain 2026-03-10
	is '(08|09|10).sql.gz$' 'pass - '
	# With noise in the newest there are two.
	cp db/app-2026-03-10.sql.gz db/app-2026-03-11.sql.gz && encrypt db/app-2026-03-11.sql.gz
	touch -d '2026-03-11 02:00' db/app-2026-03-11.sql.gz
	chain 2026-03-11
	is '11.sql.gz$' 'fail tampering format_gone+many_vanished'
}

@test "same_content: unchanged for longer than ever is a reason of the backup and of its series" {
	write_config db
	for day in $(seq -w 1 16); do
		dump "$((10#$day < 12 ? 10#$day : 12))" >"db/app-2026-03-$day.sql"
		cp "db/app-2026-03-01.sql" "db/fixed-2026-03-$day.sql"
		touch -d "2026-03-$day 02:00" "db/app-2026-03-$day.sql" "db/fixed-2026-03-$day.sql"
		chain "2026-03-$day"
		reasons=$(jq -c 'select(.kind == "backup" and .latest) | [.series, .status, .reasons]' <<<"$output")
		if [ "$day" -lt 16 ]; then
			lacks "$reasons" same_content
		fi
	done
	[ "$(sort <<<"$reasons")" = '["app-*.sql","ok",["same_content"]]
["fixed-*.sql","ok",[]]' ] || fail "$reasons"
	run --separate-stderr env BKM_NOW=2026-03-16T07:00:00Z bkm-scan
	[ "$(jq -c 'select(.kind == "series" and .series == "app-*.sql").reasons' <<<"$output")" = '["no_schedule","same_content"]' ]
	[ "$(jq -c 'select(.kind == "backup" and (.path | endswith("app-2026-03-16.sql"))).reasons' <<<"$output")" = '["same_content"]' ]
	# The next one has changed, and is fine.
	dump 99 >db/app-2026-03-17.sql && touch -d '2026-03-17 02:00' db/app-2026-03-17.sql
	chain 2026-03-17
	[ "$(jq -c 'select(.kind == "backup" and .latest and .series == "app-*.sql").reasons' <<<"$output")" = '[]' ]
}
