#!/usr/bin/env bats
# bkm-restore killed with SIGKILL at any moment of a drill in a real server leaves no server, no shared
# memory, and for the next run no socket and no directory.
# shellcheck disable=SC2154 # bats
bats_require_minimum_version 1.5.0
load ../lib

setup() {
	bkm_setup
	ROUNDS=10
	[ -z "${BKM_SOAK:-}" ] || ROUNDS=50
	mkdir scratch
	cat >pg.sql <<-'END'
	--
	-- PostgreSQL database dump
	--
	CREATE TABLE public.t (a integer);
	INSERT INTO public.t SELECT generate_series(1, 200000);
	CREATE INDEX i ON public.t (a);
	SELECT pg_catalog.pg_sleep(0.3);
	--
	-- PostgreSQL database dump complete
	--
	END
	cat >my.sql <<-'END'
	-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
	CREATE TABLE `t` (a integer);
	INSERT INTO `t` VALUES (1),(2),(3);
	DO SLEEP(0.5);
	-- Dump completed on 2026-11-22  2:00:05
	END
}

# Shared memory as a server has it that nobody uses; that of others is of the machine, and goes by itself.
segments() {
	awk '$4 == 56 && $7 == 0 { print $2 }' /proc/sysvipc/shm | sort
}

no_more_segments() {
	[ -z "$(comm -13 before <(segments))" ]
}

server_is_up() {
	[ -n "$(find scratch -name .s.PGSQL.5432 -type s 2>/dev/null)" ]
}

# nobody_locks DIRECTORY...: the last process of each drill has let go; the last one may be of none.
nobody_locks() {
	local d
	for d in "$@"; do
		[ ! -e "$d" ] || flock -n "$d" true || return 1
	done
}

# kill_storm FILE: the moments are spread over the whole drill, however fast the machine is.
kill_storm() {
	local start whole i pid
	start=$(date +%s%N)
	bkm-restore -q --scratch scratch "$1"
	whole=$((($(date +%s%N) - start) / 1000000))
	segments >before
	for ((i = 1; i <= ROUNDS; i++)); do
		bkm-restore -q --scratch scratch "$1" 2>/dev/null &
		pid=$!
		sleep "$(awk -v w="$whole" -v i="$i" -v n="$ROUNDS" -v r="$RANDOM" \
			'BEGIN { printf "%.3f", w / 1000 * (i - r / 32768) / n }')"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	eventually gone_from "$PWD/scratch" || fail "left running: $(left_in "$PWD/scratch")"
	eventually nobody_locks scratch/*
	run -0 bkm-restore -q --scratch scratch "$1"
	[ -z "$(ls -A scratch)" ] || fail "left behind: $(ls -A scratch)"
	eventually no_more_segments
}

@test "PostgreSQL: SIGKILL at random moments" {
	kill_storm pg.sql
}

@test "MariaDB: SIGKILL at random moments" {
	kill_storm my.sql
}

@test "--reap removes what SIGKILL left; a drill at work is left alone" {
	bkm-restore -q --scratch scratch pg.sql &
	pid=$!
	eventually server_is_up
	run -0 --separate-stderr bkm-restore --reap --scratch scratch
	has "$stderr" "removed 0 scratch directories, 1 are in use"
	kill -KILL "$pid"
	wait "$pid" || true
	reap_killed scratch
	has "$stderr" "removed 1 scratch directories, 0 are in use"
	[ -z "$(ls -A scratch)" ]
	gone_from "$PWD/scratch"
}

@test "what SIGTERM ends is gone when the command is" {
	bkm-restore -q --scratch scratch pg.sql &
	pid=$!
	eventually server_is_up
	kill -TERM "$pid"
	wait "$pid" || true
	[ -z "$(ls -A scratch)" ]
	gone_from "$PWD/scratch"
}
