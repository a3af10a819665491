#!/usr/bin/env bats
# What somebody hostile, or an accident, puts where backups are: the verdict is right, nothing
# outside the scratch directory changes, and the scratch directory is gone afterwards.

bats_require_minimum_version 1.5.0
load ../lib

restore_all() {
	local time=$1
	shift
	(cd samples && bkm-restore --scratch ../scratch --max-bytes 20M --max-entries 2000 \
		--max-time "$time" -- "$@" 2>>../errors) |
		jq -r '"\(.path | sub(".*/"; "")) \(.restore | "\(.verdict) \(.reason // "-") \(.warnings // ["-"] | join(",")) \(.message // "")")"' >>got
}

# run_all GENERATOR: test each sample it makes against the line it prints for it.
run_all() {
	local name verdict reason warning got bad=0 count=0
	local -a names
	mkdir samples canary scratch
	echo alive >canary/victim
	find canary -printf '%p %m %u %s %T@\n' | sort >before
	python3 "$BKM_ROOT/tests/fixtures/restore/$1" samples "$PWD/canary" >expected
	mapfile -t names < <(cut -d' ' -f1 expected | grep -v endless)
	restore_all 5m "${names[@]}"
	mapfile -t names < <(cut -d' ' -f1 expected | grep endless)
	restore_all 2s "${names[@]}"
	while read -r name verdict reason warning; do
		got=$(awk -v name="$name" '$1 == name' got)
		count=$((count + 1))
		# A failed one may carry any warning; a reason may have alternatives.
		[ "$verdict" = pass ] || warning='[^ ]*'
		if ! [[ $got =~ ^"$name "$verdict\ ($reason)\ $warning\  ]]; then
			echo "expected $name $verdict $reason $warning, got $got"
			bad=1
		fi
	done <expected
	find canary -printf '%p %m %u %s %T@\n' | sort >after
	cmp before after
	[ "$(cat canary/victim)" = alive ]
	[ -z "$(ls -A scratch)" ]
	[ "$count" -gt 50 ]
	[ "$bad" -eq 0 ]
}

@test "archives" {
	run_all archives.py
}

@test "dumps and databases" {
	run_all dumps.py
}
