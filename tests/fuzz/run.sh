#!/bin/sh
# Build every tests/fuzz/*_fuzz.c with libFuzzer and the sanitizers, and run each for SECONDS.
# usage: run.sh OUT_DIR SECONDS CPPFLAGS LIBS [NAME...]     (CPPFLAGS quoted as for a shell)
# Corpus: tests/fuzz/NAME.corpus/ (read only) and OUT_DIR/NAME.corpus/ (grows). A finding stays in
# OUT_DIR/NAME-crash-… and the exit status is 1.
set -u
out=$1 seconds=$2 cppflags=$3 libs=$4
shift 4
cd "$(dirname "$0")/../.." || exit 1
mkdir -p "$out/lib" || exit 1
cc=${FUZZ_CC:-clang}
flags="-std=gnu17 -g -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all"
fail=0

# The library once, in parallel, each object only when it is older than a source.
build_library() {
	newest=$(find lib "$out"/../gen -name '*.[ch]' -newer "$out/lib/stamp" 2>/dev/null | head -1)
	[ -e "$out/lib/stamp" ] && [ -z "$newest" ] && return 0
	rm -f "$out/lib/"*.o "$out/lib.a"
	for source in lib/*/*.c "$out"/../gen/*.c; do
		[ -e "$source" ] || continue
		printf '%s %s\n' "$source" "$out/lib/$(echo "$source" | tr / _ | sed 's/\.c$/.o/')"
	done | xargs -P 2 -L 1 sh -c "$cc $flags $cppflags -c -o \"\$2\" \"\$1\"" build || return 1
	ar rcsD "$out/lib.a" "$out/lib/"*.o && touch "$out/lib/stamp"
}

fuzz() {
	name=$1
	corpus=$out/$name.corpus
	seeds=tests/fuzz/$name.corpus
	mkdir -p "$corpus"
	sh -c "$cc $flags $cppflags -fsanitize=fuzzer -o '$out/$name' 'tests/fuzz/$name.c' '$out/lib.a' $libs" || return 1
	# libjq leaks a few bytes on some malformed input: leaks are looked for by the unit tests.
	set -- "$corpus"
	[ -d "$seeds" ] && set -- "$corpus" "$seeds"
	ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 \
		"$out/$name" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$out/$name-" "$@" >"$out/$name.log" 2>&1
	status=$?
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$name.log")
	if [ $status -ne 0 ]; then
		grep -aE 'ERROR:|SUMMARY:|runtime error|Assertion|Test unit written' "$out/$name.log" | head -5
		echo "not ok $name: see $out/$name.log"
		return 1
	fi
	echo "ok $name: ${runs:-0} runs in $seconds s"
}

build_library || {
	echo "run.sh: the library does not build with $cc"
	exit 1
}
for source in tests/fuzz/*_fuzz.c; do
	name=$(basename "$source" .c)
	[ $# -eq 0 ] || case " $* " in *" $name "*) ;; *) continue ;; esac
	fuzz "$name" || fail=1
done
exit $fail
