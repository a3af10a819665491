#!/usr/bin/env bats
# What the six commands have in common, asked of each of them that is built.
# shellcheck disable=SC2317 # the functions called one are reached through each
bats_require_minimum_version 1.5.0
load ../lib

setup() {
	bkm_setup
	ALL=()
	FILTERS=()
	for name in scan verify restore score report alert; do
		[ -x "$BKM_BUILD/bin/bkm-$name" ] || continue
		ALL+=("bkm-$name")
		[ $name = scan ] || FILTERS+=("bkm-$name")
	done
}

# each LIST-NAME COMMAND...: run COMMAND with $c set to each of them.
each() {
	local -n list=$1
	shift
	for c in "${list[@]}"; do
		"$@" || fail "for $c"
	done
}

# begin LINE...: start $c on an open pipe (descriptor 7), and wait until LINE came through.
begin() {
	rm -f pipe out
	mkfifo pipe
	"$@" <pipe >out 2>stderr &
	pid=$!
	exec 7>pipe
	echo '{"v":1,"kind":"mine"}' >&7
	eventually grep -qs mine out
}

# finish: close the pipe and wait; sets status.
finish() {
	exec 7>&-
	status=0
	wait $pid || status=$?
}

last_run() {
	in_store "SELECT $1 FROM run ORDER BY id DESC LIMIT 1"
}

foreign_lines() {
	printf '%s\n' '{"v":1,"kind":"mine","z":1.50,"a":[1, 2],"e":1E3,"s":"\u00e9\/"}' \
		'{ "kind" : "backup" , "location":"nope","huge":12345678901234567890123 }' \
		'{"my own":{"deep":[[[]]]}}' '{}' '{"v":1,"kind":"error","odd":null}'
}

@test "--help: on standard output, 80 columns, every option as GNU prints it, exit 0" {
	option_line='^  (-[A-Za-z], |    )--[a-z][a-z0-9-]+(=[^ ]+|\[=[^ ]+\])?(  |$)'
	one() {
		run --separate-stderr "$c" --help
		expect 0
		[ -z "$stderr" ] || fail "--help wrote to standard error"
		[[ $output == "Usage: $c ["* ]] || fail "first line: ${lines[0]}"
		for line in "${lines[@]}"; do
			[ ${#line} -le 80 ] || fail "longer than 80 columns: $line"
			if [[ $line =~ ^\ +-[a-z-] ]]; then
				[[ $line =~ $option_line ]] || fail "not as GNU prints it: $line"
			fi
		done
		for option in config location-name location-id stored days all where exit-zero quiet verbose \
			progress help version; do
			[[ $output =~ --$option ]] || fail "no --$option"
		done
		has "$output" "$c(1)"
	}
	each ALL one
}

@test "--version" {
	one() {
		run --separate-stderr "$c" --version
		expect 0
		[[ $output =~ ^"$c (bkm) "[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "$output"
	}
	each ALL one
}

@test "--help and --version to a full disk say so" {
	one() {
		for option in --help --version; do
			run --separate-stderr bash -c "$c $option >/dev/full"
			expect 3
			has "$stderr" "No space left on device"
		done
	}
	each ALL one
}

@test "a wrong option: one line, a pointer to --help, exit 2, nothing on standard output" {
	one() {
		for wrong in --no-such-option -Z --days=x --days=0 --days --progress=maybe --stored=yes \
			--location-id=-1; do
			run --separate-stderr "$c" "$wrong"
			expect 2
			[ -z "$output" ] || fail "output with $wrong"
			# shellcheck disable=SC2154 # set by run
			[ "${#stderr_lines[@]}" -eq 1 ] || fail "${#stderr_lines[@]} lines for $wrong"
			has "$stderr" "$c: "
			has "$stderr" "try '$c --help'"
		done
	}
	each ALL one
}

@test "long options may be shortened, values may follow or be joined" {
	write_config
	one() {
		run --separate-stderr "$c" --conf config.yaml --stor --quie --exit-zero
		expect 0
		run --separate-stderr "$c" -cconfig.yaml --stored -q --exit-zero
		expect 0
		[ -z "$output" ] || fail "-q printed records"
	}
	each ALL one
}

@test "no configuration" {
	one() {
		run --separate-stderr "$c" --stored
		expect 2
		has "$stderr" "configuration file not found"
		run --separate-stderr "$c" --stored --config nowhere.yaml
		expect 2
		has "$stderr" "configuration file not found"
		has "$stderr" "nowhere.yaml"
	}
	each ALL one
}

@test "a wrong configuration: everything that is wrong, with line and column" {
	printf 'backups:\n  locations:\n    - name: db\n      pth: db\nnonsense: 1\n' >config.yaml
	one() {
		run --separate-stderr "$c" --stored
		expect 2
		has "$stderr" "failed to load settings"
		has "$stderr" "config.yaml:4:"
		has "$stderr" "config.yaml:5:"
		[ ! -e bkm.db ] || fail "a store was made"
	}
	each ALL one
}

@test "an unknown location, an unknown id, a wrong jq expression, contradictions: exit 2" {
	write_config db web
	one() {
		run --separate-stderr "$c" --stored -l nope
		expect 2
		has "$stderr" "unknown location 'nope'"
		has "$stderr" "db, web"
		run --separate-stderr "$c" --stored --location-id 4711
		expect 2
		has "$stderr" "unknown location id 4711"
		run --separate-stderr "$c" --stored -w '.id =='
		expect 2
		has "$stderr" "--where"
		run --separate-stderr "$c" --stored --all --days 3
		expect 2
	}
	each ALL one
}

@test "a store that cannot be opened is one message and exit 3" {
	write_config
	mkdir bkm.db
	one() {
		run --separate-stderr "$c" --stored
		expect 3
		has "$stderr" "bkm.db"
	}
	each ALL one
}

@test "unknown kinds and fields pass byte for byte" {
	write_config
	foreign_lines >lines
	one() {
		"$c" --exit-zero -l db <lines 2>stderr >out || fail "status $?"
		grep -Fx -f lines out | cmp - lines || fail "not all lines came out, in order"
	}
	each FILTERS one
}

@test "a chain of all filters still passes them byte for byte, and jq fits in between" {
	write_config
	foreign_lines >lines
	chain=$(printf ' | %s --exit-zero -l db' "${FILTERS[@]}")
	bash -c "cat lines $chain" >out
	grep -Fx -f lines out | cmp - lines
	echo '{"v":1,"kind":"mine"}' | "${FILTERS[0]}" | jq -c '.owner="me"' | "${FILTERS[-1]}" >out
	grep -qFx '{"v":1,"kind":"mine","owner":"me"}' out
}

@test "garbage is named by line, counted, not passed on; the good lines are" {
	write_config
	{
		echo '{"kind":"mine","n":1}'
		echo 'garbage'
		echo '{"kind":"mine","kind":"mine"}'
		echo '{"v":2}'
		printf '{"a":"\377"}\n'
		printf '{"a":"\000"}\n'
		echo
		head -c 1100000 /dev/zero | tr '\0' x
		echo
		echo '{"kind":"mine","n":2}'
		printf '{"kind":"mine","n":3'
	} >lines
	one() {
		run --separate-stderr bash -c "$c <lines"
		expect 3
		has "$stderr" "$c: standard input, line 2: not a JSON object"
		has "$stderr" "line 3: duplicate key 'kind'"
		has "$stderr" "line 4: record version 2"
		has "$stderr" "line 5: not UTF-8"
		has "$stderr" "line 6: not a JSON object"
		has "$stderr" "line 7: not a JSON object"
		has "$stderr" "line 8: longer than 1048576 bytes"
		lacks "$stderr" "line 9:"
		has "$stderr" "line 10: unfinished"
		has "$output" '{"kind":"mine","n":1}'
		has "$output" '{"kind":"mine","n":2}'
		lacks "$output" garbage
		lacks "$output" '"n":3'
		[ "$(jq -s 'map(select(.kind=="run" and .phase=="end"))[0].errors >= 8' <<<"$output")" = true ]
	}
	each FILTERS one
}

@test "binary garbage does not flood standard error" {
	write_config
	head -c 300000 /dev/urandom | tr '\0' '\n' >noise
	one() {
		run --separate-stderr bash -c "$c <noise"
		expect 3
		[ "${#stderr_lines[@]}" -lt 40 ] || fail "${#stderr_lines[@]} lines"
		has "$stderr" "more bad lines"
	}
	each FILTERS one
}

@test "a path of a megabyte costs neither the records around it nor the terminal" {
	write_config
	{
		printf '{"kind":"mine","n":1}\n{"kind":"backup","path":"/a/'
		head -c 1000000 /dev/zero | tr '\0' b
		printf '"}\n{"kind":"mine","n":2}\n'
	} >long
	one() {
		run --separate-stderr bash -c "$c <long"
		[ "$(jq -c 'select(.kind == "mine").n' <<<"$output" | tr '\n' ' ')" = "1 2 " ]
		[ "${#stderr}" -lt 20000 ]
	}
	each FILTERS one
}

@test "each run is a start and an end in the stream and a row in the store" {
	write_config
	one() {
		run --separate-stderr "$c" --stored --exit-zero
		expect 0
		[ "$(of_kind run <<<"$output" | jq -r .phase | tr '\n' ' ')" = "start end " ] || fail "phases"
		[ "$(jq -r 'select(.kind=="run").command' <<<"$output" | sort -u)" = "$c" ]
		id=$(jq -r 'select(.kind=="run" and .phase=="end") | .id' <<<"$output")
		[ "$(in_store "SELECT ended_by||' '||exit FROM run WHERE uuid='$id'")" = "exit 0" ]
	}
	each ALL one
}

@test "empty input: verify, restore and alert say so; all exit 0" {
	write_config
	one() {
		run --separate-stderr bash -c "$c --exit-zero </dev/null"
		expect 0
		case $c in
		bkm-verify | bkm-restore | bkm-alert)
			has "$stderr" "no records on standard input; use --stored to work from the store"
			;;
		*) lacks "$stderr" "no records" ;;
		esac
	}
	each FILTERS one
}

@test "a terminal is never read" {
	write_config
	one() {
		run script -qec "$c --exit-zero 2>&1" /dev/null </dev/null
		case $c in
		bkm-verify | bkm-restore | bkm-alert)
			expect 2
			has "$output" "no source"
			;;
		*) expect 0 ;;
		esac
	}
	each FILTERS one
}

@test "a closed standard input, output or error" {
	write_config
	one() {
		run --separate-stderr bash -c "$c --stored --exit-zero >&-"
		expect 3
		has "$stderr" "standard output"
		run --separate-stderr bash -c "$c --stored --exit-zero 2>&-"
		expect 0
		run --separate-stderr bash -c "$c --stored --exit-zero <&- >out"
		expect 0
	}
	each ALL one
	one() {
		run --separate-stderr bash -c "$c <&-"
		expect 3
	}
	each FILTERS one
	[ "$(head -c 15 bkm.db)" = "SQLite format 3" ]
}

@test "a full disk at standard output is exit 3, and the store knows" {
	write_config
	one() {
		run --separate-stderr bash -c "$c --stored >/dev/full"
		expect 3
		has "$stderr" "No space left on device"
		[ "$(last_run exit)" = 3 ] || fail "the store says $(last_run exit)"
	}
	each ALL one
}

many_lines() {
	yes '{"v":1,"kind":"mine","padding":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}' |
		head -n 20000
}

@test "a reader that goes away: quiet, dead of SIGPIPE, and the store knows" {
	write_config
	many_lines >lines
	one() {
		for trap in '' "trap '' PIPE;"; do
			run --separate-stderr bash -c \
				"$trap $c <lines | head -n 1 >/dev/null; echo \${PIPESTATUS[0]}"
			[ "$output" = 141 ] || fail "status $output"
			[ -z "$stderr" ] || fail "it complained"
			[ "$(last_run ended_by)" = SIGPIPE ] || fail "the store says $(last_run ended_by)"
		done
	}
	each FILTERS one
}

@test "SIGTERM and SIGINT: a row in the store, then dead of the signal" {
	write_config
	one() {
		for signal in TERM INT; do
			# Background jobs of a script ignore SIGINT.
			begin env --default-signal=INT "$c"
			kill -$signal $pid
			status=0
			wait $pid || status=$?
			exec 7>&-
			[ $status -eq $((128 + $(kill -l $signal))) ] || fail "status $status for $signal"
			[ "$(last_run ended_by)" = SIG$signal ] || fail "the store says $(last_run ended_by)"
		done
	}
	each FILTERS one
}

@test "SIGTERM while the reader of the output is asleep" {
	write_config
	many_lines >lines
	one() {
		mkfifo asleep
		exec 8<>asleep
		"$c" <lines >asleep 2>stderr &
		pid=$!
		for _ in $(seq 100); do
			grep -q '^State:.S' /proc/$pid/status && grep -q pipe_write /proc/$pid/wchan 2>/dev/null && break
			sleep 0.02
		done
		sleep 0.3
		kill -TERM $pid
		status=0
		wait $pid || status=$?
		exec 8>&-
		rm asleep
		[ $status -eq 143 ] || fail "status $status"
	}
	each FILTERS one
}

@test "a stage that died is noticed by the one behind it" {
	write_config
	begin "${FILTERS[0]}"
	kill -KILL $pid
	finish
	mv out half
	one() {
		run --separate-stderr bash -c "$c <half"
		expect 3
		has "$stderr" "'${FILTERS[0]}' died before it was done"
	}
	each FILTERS one
}

@test "a stage that was stopped by SIGPIPE, lives on, or whose run lines were dropped is no failure" {
	write_config
	many_lines >lines
	first=${FILTERS[0]}
	one() {
		run --separate-stderr bash -c "$first <lines 2>/dev/null | head -n 5 | $c --exit-zero"
		expect 0
		run --separate-stderr bash -c "$first <lines | grep -v '\"phase\":\"end\"' | $c --exit-zero"
		expect 0
		lacks "$stderr" died
		begin "$first"
		run --separate-stderr bash -c "$c --exit-zero <out"
		lacks "$stderr" died
		expect 0
		finish
	}
	each FILTERS one
}

@test "a run of another store cannot be asked about: a word, no failure" {
	write_config
	echo '{"v":1,"kind":"run","command":"bkm-scan","id":"u-1","store":"other","phase":"start","host":"far"}' >lines
	one() {
		run --separate-stderr bash -c "$c --exit-zero <lines"
		expect 0
		has "$stderr" "cannot tell how 'bkm-scan' on 'far' ended"
	}
	each FILTERS one
}

@test "records appear while the input is still open" {
	write_config
	one() {
		begin "$c" --exit-zero
		kill -0 $pid
		finish
		[ $status -eq 0 ]
	}
	each FILTERS one
}

@test "secrets cannot be dumped: the process is closed to others" {
	[ -z "${BKM_SANITIZED-}" ] || return 0 # the leak checker needs it open
	write_config
	one() {
		begin "$c" --exit-zero
		[ "$(stat -c %u "/proc/$pid/environ")" -eq 0 ] || fail "dumpable"
		finish
	}
	each FILTERS one
}

@test "BKM_NOW is the clock of a run, and must be a time" {
	write_config
	one() {
		BKM_NOW=2026-11-22T02:00:05Z run --separate-stderr "$c" --stored --exit-zero
		[ "$(jq -r 'select(.kind=="run" and .phase=="start").started' <<<"$output")" = 2026-11-22T02:00:05Z ]
		BKM_NOW=yesterday run --separate-stderr "$c" --stored
		expect 2
		has "$stderr" BKM_NOW
	}
	each ALL one
}
