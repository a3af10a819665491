#!/usr/bin/env bats
# What `make run` runs: real samples, real damage, the chain, and every damage in the last table.
bats_require_minimum_version 1.5.0
load ../lib

setup() {
	bkm_setup
	# A clone in small: what the script needs, and a .build of its own.
	mkdir -p top/.build
	cp -R "$BKM_ROOT/lib" "$BKM_ROOT/LICENSE" "$BKM_ROOT/config.yaml" top
	ln -s "$BKM_ROOT/share" top/share
	ln -s "$BKM_BUILD/bin" top/.build/bin
}

demo() {
	run --separate-stderr sh "$BKM_ROOT/share/examples/demo/run.sh" "$PWD/top"
}

@test "the samples of make run: everything that was broken is found, and nothing else" {
	demo
	[ "$status" -eq 0 ] || { echo "$stderr"; return 1; }
	day=$(ls -1 top/.build/demo/backups/snapshots | tail -n 1)
	rot=$(date -d "$day 3 days ago" +%F)
	{
		echo "etc-${rot}_0200.tar.gz"
		echo "headers-${day}_0200.tar.zst"
		echo "inventory-${day}_0200.sql"
		echo 'licenses-*.zip'
		echo "licenses-${day}_0200.zip"
		echo 'visits-*.sql.gz'
	} >expected
	awk '/^NEEDS ATTENTION/ { on = 1 } on && /^    / { print $1 }' <<<"$output" | sort >found
	diff expected found
	[[ $output == *"headers-${day}_0200.tar.zst"*truncated* ]]
	[[ $output == *"inventory-${day}_0200.sql "*truncated* ]]
	[[ $output == *"licenses-${day}_0200.zip"*empty* ]]
	[[ $output == *"etc-${rot}_0200.tar.gz"*bitrot* ]]
	[[ $output == *'visits-*.sql.gz'*'no new backup: missing'* ]]
	for grade in 'system        critical' 'databases     critical' 'snapshots     good'; do
		[[ $output == *"$grade"* ]] || { echo "$output"; return 1; }
	done
	# The last word is where the report lies.
	[ -s "$(awk '/^html report/ { print $3 }' <<<"$output")" ]
	[ -s top/.build/demo/alerts.log ]
}

@test "make run touches nothing outside .build, and can be repeated" {
	find top -path top/.build -prune -o -printf '%p %s %T@\n' | sort >before
	demo
	[ "$status" -eq 0 ]
	demo
	[ "$status" -eq 0 ]
	find top -path top/.build -prune -o -printf '%p %s %T@\n' | sort >after
	diff before after
	[ -z "$(ls -A top/.build/demo/scratch)" ]
	# No stage had anything to complain about.
	jq -e -s 'all(.[] | select(.kind == "run" and .phase == "end"); .exit <= 1)
		and all(.[]; .kind != "error")' top/.build/demo/records.jsonl
}
