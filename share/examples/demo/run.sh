#!/bin/sh
# Make real sample backups below .build/demo, damage some of them, run the six commands, show a table.
#
#	share/examples/demo/run.sh TOP
#
# TOP is the clone; config.yaml there names the sample locations. Nothing outside TOP/.build is
# touched. Exit status 0 when the chain worked, whatever it found: something is broken on purpose.
set -eu
cd "${1:-.}"
top=$(pwd)
# Only the samples are looked at, whatever the caller's environment says.
unset BKM_CONFIG BKM_NOW DATABASE_URL LOG_LEVEL
LC_ALL=C
PATH=$top/.build/bin:$PATH
export LC_ALL PATH
umask 022

demo=.build/demo
samples=$demo/backups
chmod -R u+rwX "$demo" 2>/dev/null || :
rm -rf "$demo"
mkdir -p "$samples/system" "$samples/databases" "$samples/snapshots" "$demo/made" "$demo/scratch"

say()
{
	printf '%s\n' "$*" >&2
}

# ---------------------------------------------------------------- the nights
# "night 0" is the last 02:00 that is over, "night 6" a week before it.
last=$(date -d 'today 02:00' +%s)
[ $(($(date +%s) - last)) -ge 600 ] || last=$(date -d 'yesterday 02:00' +%s)

# night N FORMAT
night()
{
	date -d "$(date -d "@$last" +%F) 02:00 $1 days ago" "+$2"
}

# age FILE N: as if it had been written in night N.
age()
{
	touch -d "$(night "$2" '%F %T')" "$1"
}

# ---------------------------------------------------------------- what is backed up
# The readable files of a directory of this machine, as a list for tar and zip.
readable()
{
	find "$1" -xdev -type f -readable -size -512k 2>/dev/null | sort | head -n "$2"
}

# A real database: what is installed here, and a log that grows each night.
grow_database()
{
	database=$demo/made/inventory.db
	if [ ! -e "$database" ]; then
		dpkg-query -W -f '${Package}\t${Version}\t${Installed-Size}\n' >"$demo/made/packages.tsv"
		sqlite3 -batch "$database" \
			'CREATE TABLE package (name TEXT, version TEXT, size INTEGER)' \
			'CREATE TABLE visit (night TEXT PRIMARY KEY, packages INTEGER NOT NULL)' \
			'.mode tabs' ".import $demo/made/packages.tsv package" \
			'CREATE INDEX package_name ON package (name)' 2>/dev/null
	fi
	sqlite3 -batch "$database" \
		"INSERT INTO visit SELECT '$(night "$1" %F)', count(*) FROM package"
}

# make_night N: everything that the backup jobs of that night leave behind.
make_night()
{
	day=$(night "$1" %F)
	stamp=$(night "$1" %F_%H%M)
	echo "backup of $day" >"$demo/made/STAMP"

	etc=$samples/system/etc-$stamp.tar.gz
	readable /etc 400 | tar -czf "$etc" -T - -C "$demo/made" STAMP 2>/dev/null
	headers=$samples/system/headers-$stamp.tar.zst
	readable /usr/include 300 | tar -cf - -T - -C "$demo/made" STAMP 2>/dev/null |
		zstd -q -o "$headers"
	licenses=$samples/system/licenses-$stamp.zip
	(readable /usr/share/common-licenses 40 && echo "$demo/made/STAMP") | zip -q "$licenses" -@
	(cd "$samples/system" && sha256sum "licenses-$stamp.zip" >"licenses-$stamp.zip.sha256")

	grow_database "$1"
	dump=$samples/databases/inventory-$stamp.sql
	sqlite3 -batch "$demo/made/inventory.db" .dump >"$dump"
	copy=$samples/databases/inventory-$stamp.sqlite
	sqlite3 -batch "$demo/made/inventory.db" ".backup $copy"
	# Two nights ago this job stopped to run, and nobody noticed.
	if [ "$1" -ge 2 ]; then
		gz=$samples/databases/visits-$stamp.sql.gz
		sqlite3 -batch "$demo/made/inventory.db" '.dump visit' | gzip -c >"$gz"
		age "$gz" "$1"
	fi

	tree=$samples/snapshots/$day
	mkdir -p "$tree"
	cp -RL --preserve=mode,timestamps lib/base lib/README.md LICENSE "$tree"
	cp "$demo/made/STAMP" "$tree"
	find "$tree" -newermt "$(night "$1" '%F %T')" -exec touch -d "$(night "$1" '%F %T')" {} +

	for file in "$etc" "$headers" "$licenses" "$licenses.sha256" "$dump" "$copy"; do
		age "$file" "$1"
	done
}

# ---------------------------------------------------------------- what goes wrong
# cut_to FILE BYTES N: as if the job of night N had been killed.
cut_to()
{
	truncate -s "$2" "$1"
	age "$1" "$3"
}

damage()
{
	stamp=$(night 0 %F_%H%M)
	# The disk filled up in the middle of an archive …
	file=$samples/system/headers-$stamp.tar.zst
	cut_to "$file" $(($(stat -c %s "$file") * 6 / 10)) 0
	# … and nothing at all was left for the next one.
	rm "$samples/system/licenses-$stamp.zip.sha256"
	cut_to "$samples/system/licenses-$stamp.zip" 0 0
	# The database server stopped while it was being dumped.
	file=$samples/databases/inventory-$stamp.sql
	cut_to "$file" $(($(stat -c %s "$file") / 2)) 0
	# A sector of the disk went bad under an archive that was fine: same size, same time.
	file=$samples/system/etc-$(night 3 %F_%H%M).tar.gz
	printf 'rot' | dd of="$file" bs=1 seek=$(($(stat -c %s "$file") / 2)) conv=notrunc status=none
	age "$file" 3
}

# ---------------------------------------------------------------- the run
# worked STATUS: 1 is "something is wrong with the backups", as it should be here.
worked()
{
	[ "$1" -eq 1 ] && return
	say "the chain did not work: exit status $1"
	exit "$1"
}

say "making a week of sample backups in $samples"
for n in 7 6 5 4 3 2 1; do
	make_night $n
done

say 'first run: what is there is verified, restored and remembered'
bkm-scan | bkm-verify | bkm-restore >"$demo/first.jsonl" || worked $?

say 'the last night arrives, and some of it is broken'
make_night 0
damage

say 'bkm-scan | bkm-verify --force | bkm-restore | bkm-score | bkm-report | bkm-alert'
bkm-scan | bkm-verify --force | bkm-restore | bkm-score | bkm-report | bkm-alert \
	>"$demo/records.jsonl" || worked $?

jq -rs -f share/examples/demo/summary.jq "$demo/records.jsonl"
