#!/usr/bin/env bats
# Dumps that attack a MySQL or MariaDB server or its client: the verdict is right, nothing outside the
# scratch directory changes, nobody is called, and no server is left. All of them with BKM_SOAK.

bats_require_minimum_version 1.5.0
load ../lib

setup() {
	bkm_setup
	mkdir samples canary scratch
	echo alive >canary/victim
	chmod 777 canary
	python3 "$BKM_ROOT/tests/fixtures/restore/knock.py" "$PWD/door" port >knocks &
	knock=$!
	eventually test -s port
	chmod 777 door
}

teardown() {
	kill "$knock"
}

# restore_all TIME FILE...: NAME VERDICT REASON MESSAGE of each
restore_all() {
	local time=$1
	shift
	(cd samples && bkm-restore --scratch ../scratch --max-bytes 50M --max-time "$time" -- "$@" 2>>../errors) |
		jq -r '"\(.path | sub(".*/"; "")) \(.restore | "\(.verdict) \(.reason // "-") \(.message // "")")"' >>got
}

# Servers whose files are below here.
servers() {
	local pid
	for pid in $(pgrep -x 'mariadbd|mysqld'); do
		[[ $(readlink "/proc/$pid/cwd") != "$PWD"/* ]] || echo "$pid"
	done
}

server_is_up() {
	[ -n "$(servers)" ]
}

@test "nothing gets out, and each verdict is the right one" {
	local name verdict reason bad=0 count=0
	local -a names
	find canary -printf '%p %m %u %s %T@\n' | sort >before
	python3 "$BKM_ROOT/tests/fixtures/restore/mysql_hostile.py" samples "$PWD/canary" "$PWD/door" "$(cat port)" >expected
	mapfile -t names < <(cut -d' ' -f1 expected | grep -v endless)
	restore_all 5m "${names[@]}"
	mapfile -t names < <(cut -d' ' -f1 expected | grep endless)
	restore_all 5s "${names[@]}"
	while read -r name verdict reason; do
		count=$((count + 1))
		grep -qE "^$name ($verdict) ($reason) " got || {
			echo "expected $name $verdict $reason, got $(grep "^$name " got)"
			bad=1
		}
	done <expected
	find canary -printf '%p %m %u %s %T@\n' | sort >after
	cmp before after
	[ "$(cat canary/victim)" = alive ]
	[ -z "$(ls -A scratch)" ]
	[ ! -s knocks ]
	[ -z "$(servers)" ]
	[ "$count" -gt 30 ]
	[ "$bad" -eq 0 ]
}

@test "what is found by reading starts no server" {
	python3 "$BKM_ROOT/tests/fixtures/restore/mysql_hostile.py" samples "$PWD/canary" "$PWD/door" "$(cat port)" >expected
	run --separate-stderr bkm-restore --scratch scratch samples/client-system.sql
	expect 1
	[ "$(jq -c '.restore | [.verdict, .reason, .start_ms]' <<<"$output")" = '["fail","unsafe",null]' ]
	has "$output" 'line 12: a command of the mysql client'
}

@test "cut in the middle of the loading, no server and no scratch directory is left" {
	local pid i
	python3 "$BKM_ROOT/tests/fixtures/restore/mysql_hostile.py" samples "$PWD/canary" "$PWD/door" "$(cat port)" >expected
	for i in 1 2 3; do
		bkm-restore -q --scratch scratch samples/endless-sleep.sql &
		pid=$!
		# The first time early, then when a server is there.
		[ "$i" -eq 1 ] || eventually server_is_up
		kill -9 "$pid"
		wait "$pid" || true
		reap_killed scratch
		[ -z "$(servers)" ]
		[ -z "$(ls -A scratch)" ]
	done
}
