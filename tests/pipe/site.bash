# A small site of real backups for the tests of the whole chain: site_make DIR makes DIR/config.yaml and
# DIR/backups; site_chain runs the six commands on it; site_state prints what the store knows, without
# what differs from run to run.

SITE_NOW=2026-11-23T08:00:00Z

# site_age FILE DAYS: date a file that many days before SITE_NOW, at 02:00.
site_age() {
	touch -h -d "$(date -u -d "2026-11-23 02:00:00 UTC -$2 days" +%Y-%m-%dT%H:%M:%SZ)" "$1"
}

site_day() {
	date -u -d "2026-11-23 00:00:00 UTC -$1 days" +%Y-%m-%d
}

site_make() {
	local dir=$1 i day
	mkdir -p "$dir/backups/files" "$dir/backups/db" "$dir/backups/snap" "$dir/src/etc"
	for i in $(seq 1 20); do
		seq $((i * 100)) $((i * 200)) >"$dir/src/etc/file$i.conf"
	done
	for i in 6 5 4 3 2 1 0; do
		day=$(site_day $i)
		echo "generation $i" >"$dir/src/etc/generation"
		tar -C "$dir/src" -czf "$dir/backups/files/etc-$day.tar.gz" etc
		site_age "$dir/backups/files/etc-$day.tar.gz" $i
		rm -f "$dir/src/live.db"
		sqlite3 "$dir/src/live.db" "create table t (a integer primary key, b text);
			with recursive n(i) as (select 1 union all select i + 1 from n where i < $((200 - i)))
			insert into t select i, 'row ' || i from n;"
		sqlite3 "$dir/src/live.db" .dump | gzip -n >"$dir/backups/db/shop-$day.sql.gz"
		site_age "$dir/backups/db/shop-$day.sql.gz" $i
		mkdir -p "$dir/backups/snap/$day"
		cp "$dir/src/etc/generation" "$dir/src/etc/file1.conf" "$dir/backups/snap/$day/"
		find "$dir/backups/snap/$day" -type f | while read -r f; do site_age "$f" $i; done
		site_age "$dir/backups/snap/$day" $i
	done
	# One archive cut short, one dump without its end.
	truncate -s -300 "$dir/backups/files/etc-$(site_day 3).tar.gz"
	site_age "$dir/backups/files/etc-$(site_day 3).tar.gz" 3
	gzip -dc "$dir/backups/db/shop-$(site_day 0).sql.gz" | head -n -3 | gzip -n >"$dir/cut"
	mv "$dir/cut" "$dir/backups/db/shop-$(site_day 0).sql.gz"
	site_age "$dir/backups/db/shop-$(site_day 0).sql.gz" 0
	cat >"$dir/config.yaml" <<-EOF
		database:
		  url: sqlite:///store/bkm.db
		backups:
		  locations:
		    - name: files
		      path: backups/files
		      type: file
		      schedule: daily
		      verify_integrity: true
		      test_restore: true
		    - name: db
		      path: backups/db
		      type: database
		      schedule: daily
		      verify_integrity: true
		      test_restore: true
		    - name: snap
		      path: backups/snap
		      type: directory
		      unit: directory
		      schedule: daily
		      verify_integrity: true
		      test_restore: false
		verification:
		  methods: [size, timestamp, checksum, content]
		restore_testing:
		  scratch: scratch
		alerts:
		  log:
		    file: alerts.log
		reporting:
		  formats: [html, csv, json, text]
		  output_directory: reports
	EOF
	mkdir -p "$dir/store" "$dir/scratch" "$dir/reports"
	chmod 700 "$dir/store" "$dir/scratch"
}

# The chain as a user writes it; records of the last stage on standard output.
site_chain() {
	export BKM_CONFIG=$1/config.yaml BKM_NOW=$SITE_NOW
	bkm-scan | bkm-verify | bkm-restore | bkm-score | bkm-report | bkm-alert
}

# What the store knows, but for ids, times of the run and measured times.
site_state() {
	sqlite3 -batch "$1/store/bkm.db" "
		SELECT l.name, d.path, b.name, b.live, b.size, b.mtime, b.state, b.status, b.reasons, s.name,
			v.verify_verdict, v.verify_reason, v.verify_level, v.restore_verdict, v.restore_reason
		FROM backup b JOIN dir d ON d.id = b.dir_id JOIN location l ON l.id = d.location_id
			JOIN series s ON s.id = b.series_id LEFT JOIN standing v ON v.backup_id = b.id
		ORDER BY 1, 2, 3, 4, 5;
		SELECT l.name, b.name, m.algorithm, m.digest FROM baseline m JOIN backup b ON b.id = m.backup_id
			JOIN dir d ON d.id = b.dir_id JOIN location l ON l.id = d.location_id ORDER BY 1, 2, 3;
		SELECT kind, location, series, state FROM alert WHERE kind <> 'monitor_failure' ORDER BY 1, 2, 3;
		PRAGMA integrity_check;
		PRAGMA foreign_key_check;"
}
