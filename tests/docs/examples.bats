#!/usr/bin/env bats
# What lies in share/examples works, and installing puts everything where it belongs.
bats_require_minimum_version 1.5.0
load ../lib

setup() {
	bkm_setup
	examples=$BKM_ROOT/share/examples
}

@test "the small configuration is a good one" {
	cp "$examples/config.yaml" .
	run -0 bkm-scan --check-config
	# With the mail section put in, and its secret beside it.
	sed -i 's/^\( *\)#\([^ ]\)/\1\2/' config.yaml
	(umask 077 && echo secret >smtp.password)
	run -0 bkm-scan --check-config
}

@test "config.yaml of the clone is a good one, with every setting put in too" {
	cp "$BKM_ROOT/config.yaml" .
	echo . >report.jq
	run -0 bkm-scan --check-config
	sed 's/^\( *\)#\([^ ]\)/\1\2/; /_file: /d' "$BKM_ROOT/config.yaml" >config.yaml
	BACKUP_PASSPHRASE=x SMTP_PASSWORD=x SLACK_WEBHOOK_URL=https://h/x WEBHOOK_SECRET=x \
		run -0 bkm-scan --check-config
}

@test "the .env example is understood" {
	sed 's/^#\([A-Z]\)/\1/' "$examples/env.example" >.env
	cat >config.yaml <<-'END'
		backups: {locations: [{name: '${APP_NAME} ${SMTP_PASSWORD}', path: x}]}
	END
	mkdir x
	DATABASE_URL=sqlite:///x.db run -0 bkm-scan --exit-zero
	[[ $output == *'"location":"Backup Monitor correct horse battery staple"'* ]]
}

@test "every recipe runs, and prints what it promises" {
	mkdir databases
	sqlite3 app.db 'CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)'
	for day in 01 02 03; do
		sqlite3 app.db .dump | gzip >"databases/app-2026-01-$day.sql.gz"
		aged "databases/app-2026-01-$day.sql.gz" "2026-01-$day 02:00"
	done
	printf 'gzip no more' >databases/app-2026-01-03.sql.gz
	aged databases/app-2026-01-03.sql.gz '2026-01-03 02:00'
	write_config databases
	printf '      schedule: daily\n' >>config.yaml
	bkm-scan | bkm-verify | bkm-restore | bkm-score | bkm-alert -q || [ $? -eq 1 ]
	grep '^bkm-' "$examples/recipes.sh" >lines
	[ "$(wc -l <lines)" -ge 12 ]
	while IFS= read -r line; do
		rc=0
		bash -o pipefail -c "$line" >out 2>err </dev/null || rc=$?
		if [ "$rc" -gt 1 ] || [ -s err ] || [ ! -s out ]; then
			printf '%s\nexit status %s\n' "$line" "$rc"
			cat out err
			return 1
		fi
	done <lines
}

@test "the units are hardened and well formed" {
	command -v systemd-analyze >/dev/null || skip 'systemd is not installed on this machine'
	for unit in "$examples"/systemd/*.service; do
		systemd-analyze security --offline=true --threshold=30 "$unit"
	done
	# What the units run is not installed at its final place while this is tested.
	mkdir units
	for unit in "$examples"/systemd/*.service "$examples"/systemd/*.timer; do
		sed 's,^ExecStart=/usr/bin/logger.*,ExecStart=/bin/true,' "$unit" >"units/${unit##*/}"
	done
	run systemd-analyze verify --man=no units/bkm.service units/bkm.timer units/bkm-follow.service
	[[ $output != *units/* ]] || { echo "$output"; return 1; }
}

@test "the units and the cron line run the chain in order" {
	chain='bkm-scan | bkm-verify | bkm-restore | bkm-score | bkm-report | bkm-alert --quiet'
	grep -qF "$chain" "$examples/systemd/bkm.service"
	grep -qF "$chain" "$examples/cron/bkm"
	grep -qx 'SuccessExitStatus=1' "$examples/systemd/bkm.service"
}

@test "completions are there for each command" {
	for command in scan verify restore score report alert; do
		grep -qx "complete -F _longopt bkm-$command" \
			"$BKM_ROOT/share/bash-completion/completions/bkm-$command"
		grep -q "^#compdef.* bkm-$command\b" "$BKM_ROOT/share/zsh/site-functions/_bkm"
	done
}

@test "make install and make uninstall" {
	root=$BATS_TEST_TMPDIR/root
	unset MAKEFLAGS MAKELEVEL
	make -s -C "$BKM_ROOT" -o all BUILD="$BKM_BUILD" DESTDIR="$root" install
	for command in scan verify restore score report alert; do
		[ -x "$root/usr/local/bin/bkm-$command" ]
		[ -e "$root/usr/local/share/man/man1/bkm-$command.1" ]
	done
	[ -e "$root/usr/local/share/man/man5/bkm-config.5" ]
	[ -e "$root/usr/local/share/man/man7/bkm.7" ]
	[ -e "$root/usr/local/share/bkm/report/html.jq" ]
	[ -e "$root/usr/local/share/bash-completion/completions/bkm-scan" ]
	[ -e "$root/usr/local/share/doc/bkm/examples/systemd/bkm.service" ]
	[ ! -e "$root/usr/local/share/examples" ]
	# The installed commands find what they need beside themselves.
	write_config
	gzip </dev/null >db/x.gz
	run "$root/usr/local/bin/bkm-report" --stored -f text -o -
	[ "$status" -le 1 ]
	make -s -C "$BKM_ROOT" -o all BUILD="$BKM_BUILD" DESTDIR="$root" uninstall
	[ -z "$(find "$root" -type f)" ] || { find "$root" -type f; return 1; }
	[ ! -e "$root/usr/local/share/bkm" ]
}
