#!/usr/bin/env bats
# bkm-scan: a directory that looks as it did is not read from the store, and nothing is missed by that.
bats_require_minimum_version 1.5.0
load ../lib

setup() {
	bkm_setup
	write_config db
	export BKM_NOW=2026-11-23T12:00:00Z
}

# scan [OPTION...]: the backup records of a run, in $output.
scan() {
	run --separate-stderr bkm-scan "$@"
	[ "$status" -le 1 ] || fail "bkm-scan failed"
	output=$(of_kind backup <<<"$output")
}

# states: of each backup of the last scan.
states() {
	jq -r '"\(.path | split("/")[-1]) \(.state)"' <<<"$output"
}

# listings: how many directories have one.
listings() {
	in_store 'SELECT count(listing) FROM dir'
}

# same_as_fresh: the store says of what is on disk what a store that is new says.
same_as_fresh() {
	local live='SELECT d.path, b.name, b.size, b.mtime, b.mtime_nsec, b.state FROM backup AS b
		JOIN dir AS d ON d.id = b.dir_id WHERE b.live = 1 ORDER BY 1, 2'

	rm -f fresh.db*
	DATABASE_URL=sqlite:///fresh.db bkm-scan -q --exit-zero
	[ "$(in_store "$live")" = "$(in_store "$live" fresh.db)" ] || fail "after: $*"
}

@test "an unchanged directory is remembered, and what then changes in it is seen" {
	touch -d '2026-11-20' db/{README,empty}
	head -c 100 /dev/zero | tee db/a.tar >db/b.tar
	touch -d '2026-11-21' db/*.tar
	scan
	[ "$(listings)" = 1 ]
	scan --changed
	[ -z "$output" ]
	touch -d '2026-11-22' db/a.tar
	scan --changed
	[ "$(states | sort | xargs)" = "a.tar complete a.tar expired" ]
	[ "$(listings)" = 0 ]
	scan --changed
	[ -z "$output" ]
	[ "$(listings)" = 1 ]
	truncate -s 99 db/b.tar && touch -d '2026-11-21' db/b.tar
	scan --changed
	[ "$(jq -r 'select(.state == "complete") | .size' <<<"$output")" = 99 ]
	scan --changed
	rm db/b.tar
	scan --changed
	[ "$(states)" = "b.tar expired" ]
}

@test "what time changes is looked at again: growing, and dated in the future" {
	head -c 100 /dev/zero >db/a.tar
	touch -d '2026-11-23T11:59:00Z' db/a.tar
	scan
	[ "$(states)" = "a.tar growing" ]
	[ "$(listings)" = 0 ]
	BKM_NOW=2026-11-23T12:30:00Z scan --changed
	[ "$(states)" = "a.tar complete" ]
	touch -d '2026-11-25' db/a.tar
	BKM_NOW=2026-11-23T12:40:00Z scan
	BKM_NOW=2026-11-23T13:40:00Z scan
	[ "$(jq -r '.reasons[]' <<<"$output")" = future_mtime ]
	[ "$(listings)" = 0 ]
	BKM_NOW=2026-11-26T12:00:00Z scan --changed
	[ "$(jq -c .reasons <<<"$output")" = '[]' ]
}

@test "a directory that went and came back is not taken for known" {
	mkdir db/d
	head -c 100 /dev/zero | tee db/b.tar >db/d/a.tar
	touch -d '2026-11-21' db/b.tar db/d/a.tar
	scan
	[ "$(listings)" = 2 ]
	mv db/d aside
	scan
	[ "$(listings)" = 1 ]
	mv aside db/d
	scan --changed
	[ "$(states)" = "a.tar complete" ]
	same_as_fresh 'gone and back'
}

@test "whatever is done between scans, a remembered listing hides none of it" {
	local i n d ops
	RANDOM=4711
	mkdir -p db/{x,y/z}
	for i in $(seq 300); do
		echo "$i" >"db/$(printf 'f%04d' "$i").gz"
	done
	touch -d '2026-11-20' db/*
	for i in $(seq 12); do
		ops=
		for _ in 1 2 3; do
			n=$(printf 'f%04d' $((RANDOM % 320))).gz
			d=$(shuf -n1 --random-source=<(yes "$RANDOM") -e db db/x db/y/z)
			case $((RANDOM % 6)) in
			0) echo "$i new" >"$d/$n" && touch -d "2026-11-20 + $i min" "$d/$n" ;;
			1) rm -f "$d/$n" ;;
			2) mv "$d"/f*5.gz db/x/ 2>&- || : ;;
			3) mv db/x/f* db/y/z/ 2>&- || : ;;
			4) [ ! -e "$d/$n" ] || touch -d "2026-11-20 + $i sec" "$d/$n" ;;
			5) [ ! -e "$d/$n" ] || { echo longer >>"$d/$n" && touch -d 2026-11-20 "$d/$n"; } ;;
			esac
			ops="$ops; $d/$n"
		done
		scan
		[ $((i % 3)) -eq 0 ] || scan
		same_as_fresh "$ops"
	done
}

@test "a directory of several parts: what is behind the last one that is known is gone" {
	(cd db && seq -f 'f%06.0f' 9000 | xargs touch -d 2026-11-20)
	for i in db/f000001 db/f005000 db/f009000; do echo "$i" >$i; done
	touch -d 2026-11-20 db/*
	scan
	[ "$(in_store 'SELECT length(listing) FROM dir')" = 48 ]
	scan --changed
	[ -z "$output" ]
	# Behind the second part, the third one is gone as a whole.
	(cd db && seq -f 'f%06.0f' 8193 9000 | xargs rm)
	scan --changed
	[ "$(states | sort | uniq -c | awk '{ n[$3] += $1 } END { print n["expired"] }')" = 808 ]
	scan
	[ "$(in_store 'SELECT length(listing) FROM dir')" = 32 ]
	(cd db && echo new >f004000a && touch -d 2026-11-20 f004000a)
	scan --changed
	[ "$(states)" = "f004000a complete" ]
	same_as_fresh "a new name in the first part"
}

@test "many backups: the lines of a first scan are those of the store" {
	local i
	mkdir db/sub 'db/new
line'
	(cd db && seq 5000 | split -a 5 -d -l 1 --additional-suffix=.gz - app && touch -d 2026-11-20 app*)
	(cd db/sub && seq 700 | split -a 5 -d -l 1 --additional-suffix=.gz - app && : >app00600.gz && touch -d 2026-11-20 app*)
	printf '%s\n' one two | tee db/sub/$'bad\xff.gz' 'db/new
line/a
b.gz' >db/sub/growing.gz
	aged db/sub/$'bad\xff.gz' 2026-11-20
	for i in 1 2 3 4 5 6; do head -c 100k /dev/zero >"db/x-2026-11-0$i.gz" && aged "db/x-2026-11-0$i.gz" "2026-11-0$i"; done
	head -c 1k /dev/zero >db/x-2026-11-07.gz && aged db/x-2026-11-07.gz 2026-11-07
	echo later >db/y.gz && touch -d 2026-12-01 db/y.gz
	echo part >db/z.gz.part && touch -d 2026-11-01 db/z.gz.part
	touch -d 2026-11-23T11:59:59 db/sub/growing.gz 'db/new
line/a
b.gz'
	scan
	jq -c 'del(.new)' <<<"$output" | sort >first
	[ "$(jq -c 'select(.new | not)' <<<"$output")" = "" ]
	scan -w true
	diff first <(jq -c 'del(.new)' <<<"$output" | sort)
	[ "$(wc -l <first)" = 5712 ]
	[ "$(jq -r '"\(.state) \(.reasons | join(","))"' first | sort | uniq -c | awk '{ $1 = $1 }; 1')" = "5706 complete
1 complete size_dropped
2 growing
1 growing future_mtime
1 stalled empty
1 stalled partial_name,stalled" ]
}

@test "many backups: what threads print is what one prints, each once; whoever stops reading ends it" {
	(cd db && seq -f 'app%05.0f.gz' 6000 | xargs touch -d 2026-11-20)
	for i in 1 2 3; do echo "$i" >"db/x-2026-11-0$i.gz" && touch -d "2026-11-0$i" "db/x-2026-11-0$i.gz"; done
	scan
	[ "$(wc -l <<<"$output")" = 6003 ]
	[ "$(jq -r 'select(.status == "ok" and .latest) | .path' <<<"$output")" = "$PWD/db/x-2026-11-03.gz" ]
	jq -c 'del(.new)' <<<"$output" | sort >threads
	rm db/app00007.gz && touch -d '2026-11-21' db/app00008.gz
	scan
	scan -w true
	jq -c 'del(.new)' <<<"$output" | sort >one
	[ "$(comm -3 threads one | wc -l)" = 3 ] # one is gone, one is another
	scan
	diff one <(jq -c 'del(.new)' <<<"$output" | sort)
	run --separate-stderr bash -c 'bkm-scan | head -1'
	[ -z "$stderr" ]
	[ "$(jq -r .phase <<<"$output")" = start ]
}
