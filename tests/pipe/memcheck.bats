#!/usr/bin/env bats
# The stages that enclose no children, once through: `make valgrind` runs them in memcheck.
bats_require_minimum_version 1.5.0
load ../lib
load site

setup() {
	site_make "$BATS_TEST_TMPDIR"
	cd "$BATS_TEST_TMPDIR" || return 1
	export BKM_CONFIG=config.yaml BKM_NOW=$SITE_NOW
}

@test "scan, score, report and alert, over records and over the store, touch no byte that is not theirs" {
	bkm-scan >scan.jsonl || [ $? -eq 1 ]
	"$BKM_BUILD/bin/bkm-verify" <scan.jsonl >verified.jsonl || [ $? -eq 1 ]
	"$BKM_BUILD/bin/bkm-restore" <verified.jsonl >restored.jsonl || [ $? -eq 1 ]
	bkm-score --explain <restored.jsonl >scored.jsonl || [ $? -eq 1 ]
	bkm-report -f html,csv,json,text,prometheus <scored.jsonl >reported.jsonl
	bkm-alert reported.jsonl >out.jsonl || [ $? -eq 1 ]
	bkm-alert --stored -w '.status == "ok"' >stored.jsonl || [ $? -eq 1 ]
	bkm-score --stored -l db --gate '.score > 2' >/dev/null || [ $? -eq 1 ]
	echo 'no json' | bkm-alert >/dev/null 2>&1 || [ $? -eq 3 ]
	rm backups/files/etc-2026-11-17.tar.gz
	cp backups/files/etc-2026-11-18.tar.gz backups/files/etc-2026-11-23.tar.gz
	bkm-scan --changed >changed.jsonl || [ $? -eq 1 ]
	[ "$(jq -c 'select(.kind == "alert")' out.jsonl | wc -l)" -ge 4 ]
	cat "$BATS_FILE_TMPDIR"/memcheck/log.* 2>/dev/null >memcheck.log || true
	cat memcheck.log
	run ! grep -E 'Invalid|uninitialised|definitely lost|Syscall param' memcheck.log
}
