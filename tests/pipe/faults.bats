#!/usr/bin/env bats
# Every write and sync of a run is made to fail, one after the other, once and from then on: the run says so with
# exit 3, the store stays whole, and the next run ends as if nothing had been.
bats_require_minimum_version 1.5.0
load ../lib
load site

setup() {
	site_make "$BATS_TEST_TMPDIR"
	cd "$BATS_TEST_TMPDIR" || return 1
	export BKM_CONFIG=config.yaml BKM_NOW=$SITE_NOW
	site_chain . >/dev/null 2>&1 || true
	site_state . >want
	cp -a store store.full
	# in the quick form a spread of the calls, in the long one each
	POINTS="1 2 3 5 8 13 21 34"
	[ -z "${BKM_SOAK:-}" ] || POINTS=$(seq 1 400)
}

# sweep CALL ERROR HOW COMMAND...: fail the Nth CALL with ERROR; HOW is "" (once) or "+" (and all after it).
sweep() {
	local call=$1 error=$2 how=$3 n status
	shift 3
	for n in $POINTS; do
		rm -rf store && mkdir -m 700 store
		status=0
		ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o trace -e "trace=$call" \
			-e "inject=$call:error=$error:when=$n$how" "$@" >out 2>err || status=$?
		grep -q INJECTED trace || break
		echo "$call $n$how: $* exit $status: $(head -c 300 err)"
		# Told, unless the failing call was one whose failure loses nothing (SQLite retries a few).
		if [ "$status" -gt 1 ]; then
			[ "$status" -eq 3 ]
			[ -s err ]
		fi
		if [ -s store/bkm.db ]; then
			[ "$(sqlite3 store/bkm.db 'PRAGMA integrity_check')" = ok ]
		fi
		# what was printed is in the store
		grep '"kind":"backup"' out | jq -r .path | while read -r path; do
			[ "$(sqlite3 store/bkm.db "select count(*) from backup where name = cast('${path##*/}' as blob)")" -ge 1 ]
		done
	done
	[ "$n" != 1 ]
	"$@" >/dev/null 2>&1 || [ $? -le 1 ]
}

@test "a full disk at every write of bkm-scan" {
	sweep pwrite64 ENOSPC + bkm-scan
	sweep pwrite64 EIO '' bkm-scan
}

@test "a failing sync at every point of bkm-scan" {
	sweep fdatasync EIO '' bkm-scan
	sweep fdatasync EIO + bkm-scan
}

@test "a full disk at every write of bkm-verify: no wrong verdict, and the next run ends as if nothing had been" {
	for n in $POINTS; do
		rm -rf store && cp -a store.full store
		sqlite3 store/bkm.db 'delete from standing; delete from verify_state; delete from verification'
		ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o trace -e trace=pwrite64 \
			-e "inject=pwrite64:error=ENOSPC:when=$n+" bkm-verify --stored >out 2>err && status=0 || status=$?
		grep -q INJECTED trace || break
		[ "$status" -eq 3 ] || [ "$status" -le 1 ]
		[ "$status" -ne 3 ] || [ -s err ]
		bkm-verify --stored >/dev/null 2>&1 || [ $? -eq 1 ]
		[ "$(sqlite3 store/bkm.db 'PRAGMA integrity_check')" = ok ]
		sqlite3 store/bkm.db "select b.name, v.verify_verdict, v.verify_reason from standing v
			join backup b on b.id = v.backup_id order by 1" >got
		sqlite3 store.full/bkm.db "select b.name, v.verify_verdict, v.verify_reason from standing v
			join backup b on b.id = v.backup_id order by 1" >full
		diff full got
	done
}
