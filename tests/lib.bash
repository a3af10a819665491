# Shared by all bats files: `load ../lib`. Where the commands are, a private place, small helpers.
# shellcheck shell=bash

BKM_ROOT=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
BKM_BUILD=${BKM_BUILD:-$BKM_ROOT/.build}
PATH=$BKM_BUILD/bin:$PATH
LC_ALL=C
TZ=UTC
export BKM_ROOT BKM_BUILD PATH LC_ALL TZ
unset BKM_CONFIG BKM_NOW DATABASE_URL APP_NAME LOG_LEVEL NO_COLOR

# Each test begins in an empty directory of its own, and not in the last minute of a day, since names are of days.
# A file with a setup() of its own calls this.
bkm_setup() {
	local now
	printf -v now '%(%H%M)T' -1
	[ "$now" != 2359 ] || sleep 61
	cd "$BATS_TEST_TMPDIR" || return 1
	umask 022
	chmod 711 "$BATS_RUN_TMPDIR" # a server in a scratch directory here is nobody's
}

setup() {
	bkm_setup
}

# write_config [NAME...]: a config.yaml here, with a location NAME in ./NAME for each (default: db).
# It ends inside the last location: `cat >>config.yaml` adds keys to that, or sections behind it.
write_config() {
	local name
	{
		printf 'database:\n  url: sqlite:///bkm.db\nbackups:\n  locations:\n'
		for name in "${@:-db}"; do
			mkdir -p "$name"
			printf '    - name: %s\n      path: %s\n      type: file\n' "$name" "$name"
		done
	} >config.yaml
}

# aged FILE TIME...: set the mtime, as date -d understands it ("3 days ago").
aged() {
	touch -d "$2" -- "$1"
}

# noise BYTES [SEED]: bytes that are nothing, the same each time: of random ones one in thousands begins as something.
noise() {
	openssl enc -aes-128-ctr -K 00112233445566778899aabbccddeeff -iv "$(md5sum <<<"${2-}" | cut -c 1-32)" \
		-in /dev/zero 2>/dev/null | head -c "$1"
}

# of_kind KIND <RECORDS: only those, sorted keys, one a line.
of_kind() {
	jq -cS --arg kind "$1" 'select(.kind == $kind)'
}

# sqlite3 waits for whoever writes, as bkm does.
sqlite3() {
	command sqlite3 -cmd '.timeout 60000' "$@"
}

# eventually COMMAND...: wait until it succeeds; a minute is more than anything here needs on any machine.
eventually() {
	local end=$((SECONDS + 60))
	until "$@"; do
		if ((SECONDS > end)); then
			fail "never came true: $*"
			return 1
		fi
		sleep 0.05
	done
}

# store_says VALUE SQL: for eventually; false where there is no store yet.
store_says() {
	[ -s bkm.db ] && [ "$(in_store "$2" 2>/dev/null)" = "$1" ]
}

# left_in BASE, gone_from BASE: processes that work below that directory; there is none any more.
left_in() {
	local p
	for p in /proc/[0-9]*; do
		[[ $(readlink "$p/cwd" 2>/dev/null) != "$1"/* ]] || echo "${p#/proc/} $(tr '\0' ' ' <"$p/cmdline")"
	done
}

gone_from() {
	[ -z "$(left_in "$1")" ]
}

# reap_killed BASE: bkm-restore --reap below BASE after a SIGKILL; a lock is held until the last process of
# that drill is gone.
reap_killed() {
	eventually reaped "$1"
}

reaped() {
	run -0 --separate-stderr bkm-restore --reap --scratch "$1"
	[[ ${stderr-} == *", 0 are in use"* ]]
}

# in_use_until_gone PID PATTERN BASE: bkm with that number is killed; what it had below BASE is nobody's only when
# its program, which PATTERN finds, is gone. Who ends the program is held up meanwhile.
in_use_until_gone() {
	local guard
	guard=$(ps -o ppid= "$(pgrep -f "$2")")
	kill -STOP $guard
	kill -KILL "$1"
	wait "$1" || true
	run --separate-stderr bkm-restore --reap --scratch "$3"
	kill -CONT $guard
	has "$stderr" "removed 0 scratch directories, 1 are in use"
	reap_killed "$3"
	[ -z "$(ls -A "$3")" ]
	run ! pgrep -f "$2"
}

# in_store SQL: what the store says.
in_store() {
	sqlite3 -batch "${2:-bkm.db}" "$1"
}

# Fail with a message, showing what the last run said.
fail() {
	printf '%s\n' "$*" "status: ${status-}" "stdout: ${output-}" "stderr: ${stderr-}" >&2
	return 1
}

# expect STATUS: the last `run` ended like that.
expect() {
	[ "$status" -eq "$1" ] || fail "exit status $status, expected $1"
}

# has TEXT PATTERN: TEXT contains the fixed PATTERN.
has() {
	[[ $1 == *"$2"* ]] || fail "'$2' is not in: $1"
}

# lacks TEXT PATTERN
lacks() {
	[[ $1 != *"$2"* ]] || fail "'$2' is in: $1"
}

# as_user COMMAND...: as an ordinary user when we are root, so that permissions mean something.
as_user() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"
	else
		"$@"
	fi
}

# Under BKM_VALGRIND the commands that enclose no children run in memcheck. In the children of verify and
# restore memcheck cannot live: the filter of system calls is made to stop what it does.
if [ -n "${BKM_VALGRIND:-}" ]; then
	mkdir -p "$BATS_FILE_TMPDIR/memcheck"
	for command in bkm-scan bkm-score bkm-report bkm-alert; do
		cat >"$BATS_FILE_TMPDIR/memcheck/$command" <<-EOF
			#!/bin/sh
			exec valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \\
				--show-leak-kinds=definite --suppressions=$BKM_ROOT/tests/lint/valgrind.supp \\
				--log-file=$BATS_FILE_TMPDIR/memcheck/log.%p $BKM_BUILD/bin/$command "\$@"
		EOF
		chmod +x "$BATS_FILE_TMPDIR/memcheck/$command"
	done
	PATH=$BATS_FILE_TMPDIR/memcheck:$PATH
fi
