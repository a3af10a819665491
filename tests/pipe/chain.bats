#!/usr/bin/env bats
# The six commands on real backups: everything that is wrong is found, nothing that is right is blamed.
bats_require_minimum_version 1.5.0
load ../lib
load site

setup() {
	site_make "$BATS_TEST_TMPDIR"
	cd "$BATS_TEST_TMPDIR" || return 1
}

@test "the chain finds the cut archive and the dump without its end, and nothing else" {
	run -1 site_chain .
	site_chain . >out.jsonl || true
	jq -se 'map(select(.kind == "backup" and .verification.verdict == "fail"))
		| map(.path | split("/")[-1]) == ["shop-2026-11-23.sql.gz", "etc-2026-11-20.tar.gz"]
		or map(.path | split("/")[-1]) == ["etc-2026-11-20.tar.gz", "shop-2026-11-23.sql.gz"]' out.jsonl
	jq -se 'map(select(.kind == "backup")) | length == 21' out.jsonl
	jq -se 'map(select(.kind == "backup" and .location == "files" and .verification.verdict == "fail"))
		| .[0].verification.reason == "truncated"' out.jsonl
	jq -se 'map(select(.kind == "backup" and .location == "db" and .verification.verdict == "fail"))
		| .[0].verification.reason == "truncated"' out.jsonl
	jq -se 'map(select(.kind == "backup" and .location == "db" and .latest and .restore.verdict == "fail"))
		| length == 1' out.jsonl
	jq -se 'map(select(.kind == "backup" and .location == "files" and .latest))
		| length == 1 and .[0].restore.verdict == "pass" and .[0].restore.entries == 22' out.jsonl
	jq -se 'map(select(.kind == "series")) | length == 3 and all(.status == "fresh")' out.jsonl
	jq -se 'map(select(.kind == "error")) == []' out.jsonl
}

@test "grades: the broken newest dump is critical, an old failure a warning, the untested good one is told" {
	site_chain . >out.jsonl || true
	jq -se 'map(select(.kind == "score")) | map({(.location // "all"): .grade}) | add
		== {files: "warning", db: "critical", snap: "good", all: "critical"}' out.jsonl
	jq -se 'map(select(.kind == "score" and .location == "snap")) | .[0].score == 1' out.jsonl
}

@test "a second run reads nothing again and says the same" {
	site_chain . >first.jsonl || true
	site_chain . >second.jsonl || true
	for f in first second; do
		jq -Sc 'select(.kind == "backup") | {path, v: .verification.verdict, r: .restore.verdict}' $f.jsonl >$f
	done
	diff first second
	jq -se 'map(select(.kind == "run" and .command == "bkm-verify" and .phase == "end")) | .[0].errors == 0' second.jsonl
	[ "$(wc -l <alerts.log)" -eq "$(sort -u alerts.log | wc -l)" ]
	# sent once
	run -0 sqlite3 store/bkm.db "select count(*) from outbox where state <> 'sent'"
	[ "$output" = 0 ]
}

@test "every suffix of the chain works from the store" {
	site_chain . >/dev/null || true
	run -1 bkm-verify --stored
	[ -n "$output" ]
	run -1 bkm-restore --stored
	run -1 bkm-score --stored
	run -0 bkm-report --stored -q
	run -1 bkm-alert --stored -q
}

@test "what jq adds in the middle still stands on the line at the end" {
	export BKM_CONFIG=config.yaml BKM_NOW=$SITE_NOW
	bkm-scan | jq -c '. + {owner: "me"}' | bkm-verify --method size | jq -c . | bkm-score | bkm-alert >out.jsonl || true
	jq -se 'map(select(.kind == "backup")) | length == 21 and all(.owner == "me")' out.jsonl
}

@test "tee, grep, files and other tools fit between any two stages" {
	export BKM_CONFIG=config.yaml BKM_NOW=$SITE_NOW
	bkm-scan | tee scan.jsonl | grep '"location":"files"' | bkm-verify >verified.jsonl || true
	run -0 jq -se 'map(select(.kind == "backup")) | length == 7 and all(.verification.verdict)' verified.jsonl
	run -1 bkm-verify <scan.jsonl
	head -5 scan.jsonl | bkm-verify >/dev/null || [ $? -eq 1 ]
}

@test "head closes the pipe early and every stage ends quietly" {
	export BKM_CONFIG=config.yaml BKM_NOW=$SITE_NOW
	bkm-scan 2>e1 | bkm-verify 2>e2 | bkm-score 2>e3 | head -1 >one
	[ "$(wc -l <one)" -eq 1 ]
	cat e1 e2 e3
	[ ! -s e1 ] && [ ! -s e2 ] && [ ! -s e3 ]
	run -0 sqlite3 store/bkm.db "PRAGMA integrity_check"
	[ "$output" = ok ]
	# a later run does not take that for a dead stage
	site_chain . >out.jsonl || true
	jq -se 'map(select(.kind == "alert" and .alert == "monitor_failure")) == []' out.jsonl
}

@test "reports are written and the backups are as they were" {
	find backups -type f -exec sha256sum {} + | sort >before
	find backups -printf '%p %T@ %m\n' | sort >>before
	site_chain . >/dev/null || true
	find backups -type f -exec sha256sum {} + | sort >after
	find backups -printf '%p %T@ %m\n' | sort >>after
	diff before after
	[ "$(find reports -type f | wc -l)" -ge 4 ]
	[ -z "$(find scratch -mindepth 1)" ]
}
