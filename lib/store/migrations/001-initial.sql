-- The store of bkm, version 1. Times are seconds since 1970 UTC, digests lower-case hex, paths and
-- names bytes. Written in the common subset of SQLite and PostgreSQL where that costs nothing.

CREATE TABLE store_info (
	key   TEXT PRIMARY KEY,
	value TEXT NOT NULL
);

-- A configured location of one host. Rows are never deleted, so ids are never used again.
CREATE TABLE location (
	id           INTEGER PRIMARY KEY,
	host         TEXT NOT NULL,
	name         TEXT NOT NULL,
	path         BLOB NOT NULL,
	type         TEXT NOT NULL,
	unit         TEXT NOT NULL DEFAULT 'file',
	status       TEXT,               -- ok degraded empty unreachable, as of last_scan
	reasons      TEXT,               -- JSON array of words
	device       TEXT,               -- identity of the file system it was last seen on
	free_bytes   BIGINT,
	first_scan   BIGINT,
	last_scan    BIGINT,             -- the last scan that ended, whatever it found
	last_reached BIGINT,             -- the last scan that could list it
	empty_since  BIGINT,
	naming       TEXT,               -- rules by which its series were named; NULL: none
	UNIQUE (host, name)
);

CREATE TABLE dir (
	id          INTEGER PRIMARY KEY,
	location_id BIGINT NOT NULL REFERENCES location (id),
	path        BLOB NOT NULL,       -- relative to the location, empty for its root
	UNIQUE (location_id, path)
);

-- What the scans know of a series, kept current with its rows: counts change in the transaction that
-- changes a row; a series with stale = 1 has its latest_id … newest_time worked out at the next end of
-- a scan.
CREATE TABLE series (
	id          INTEGER PRIMARY KEY,
	location_id BIGINT NOT NULL REFERENCES location (id),
	name        TEXT NOT NULL,
	first_seen  BIGINT NOT NULL,            -- time of the first evidence
	count       BIGINT NOT NULL DEFAULT 0,  -- complete backups on disk
	bytes       BIGINT NOT NULL DEFAULT 0,  -- their size
	growing     BIGINT NOT NULL DEFAULT 0,  -- backups being written now
	stalled     BIGINT NOT NULL DEFAULT 0,  -- backups on disk that stopped short
	findings    BIGINT NOT NULL DEFAULT 0,  -- backups on disk that failed or are dated in the future
	completed   BIGINT NOT NULL DEFAULT 0,  -- generations that were ever complete
	members     BIGINT NOT NULL DEFAULT 0,  -- complete ones of different times ever; 2 = two or more
	latest_id   BIGINT,                     -- newest complete backup on disk that is not failed
	previous_id BIGINT,                     -- the one before it
	newest_time BIGINT,                     -- of the newest success ever, gone or not
	usual       BIGINT NOT NULL DEFAULT 0,  -- complete backups that it usually keeps
	usual_at    BIGINT,
	stale       INTEGER NOT NULL DEFAULT 1,
	UNIQUE (location_id, name)
);
CREATE INDEX series_stale ON series (location_id) WHERE stale = 1;

-- One generation of a path. live rows are on disk now; the others tell what was. No row of dir and
-- series is ever deleted, so that dir_id and series_id are not declared as references: the check
-- would be the dearest part of a first scan.
CREATE TABLE backup (
	id           INTEGER PRIMARY KEY,
	dir_id       BIGINT NOT NULL,    -- of dir
	series_id    BIGINT NOT NULL,    -- of series
	name         BLOB NOT NULL,
	live         INTEGER NOT NULL DEFAULT 1,
	size         BIGINT NOT NULL,
	mtime        BIGINT NOT NULL,
	mtime_nsec   BIGINT NOT NULL DEFAULT 0,
	device       BIGINT NOT NULL DEFAULT 0,
	inode        BIGINT NOT NULL DEFAULT 0,
	entries      TEXT,               -- unit: directory: digest over its sorted entries
	time         BIGINT NOT NULL,    -- of the backup: the earlier of mtime and first_seen
	first_seen   BIGINT NOT NULL,
	changed_at   BIGINT NOT NULL,    -- when a scan last saw size or mtime change
	state        TEXT NOT NULL,      -- growing stalled complete vanished expired
	status       TEXT NOT NULL,      -- ok failed
	reasons      TEXT,               -- JSON array of words, NULL for none
	completed_at BIGINT,             -- when a scan first found it complete
	gone_at      BIGINT,             -- when it was found gone or overwritten
	accepted_at  BIGINT,             -- when a person took its vanishing as right
	touched      BIGINT              -- run that last changed this row
);
CREATE UNIQUE INDEX backup_by_name ON backup (dir_id, name) WHERE live = 1;
CREATE INDEX backup_by_series ON backup (series_id, time);
CREATE INDEX backup_gone_by_name ON backup (dir_id, name) WHERE live = 0;
CREATE INDEX backup_vanished ON backup (dir_id) WHERE state = 'vanished' AND status = 'failed';

-- Every verification that ended in a verdict; record is the JSON that stood on the line, kept here
-- unless it is a pass (the newest one is in standing).
CREATE TABLE verification (
	id          INTEGER PRIMARY KEY,
	backup_id   BIGINT NOT NULL REFERENCES backup (id),
	location_id BIGINT NOT NULL,
	at          BIGINT NOT NULL,
	verdict     TEXT NOT NULL,
	reason      TEXT,
	level       TEXT,
	bytes       BIGINT,
	ms          BIGINT,
	record      TEXT
);
CREATE INDEX verification_by_location ON verification (location_id, at);

-- The last verdict that stands for each backup and method (an error never replaces a verdict): a
-- word and when. error_at: the last try that ended in an error, if nothing was found out since.
CREATE TABLE verify_state (
	backup_id         INTEGER PRIMARY KEY REFERENCES backup (id),
	size_verdict      TEXT,
	size_at           BIGINT,
	timestamp_verdict TEXT,
	timestamp_at      BIGINT,
	checksum_verdict  TEXT,
	checksum_at       BIGINT,
	content_verdict   TEXT,
	content_at        BIGINT,
	error_at          BIGINT
);

-- What the content was when it was first read, or accepted by a person.
CREATE TABLE baseline (
	backup_id   BIGINT NOT NULL REFERENCES backup (id),
	algorithm   TEXT NOT NULL,
	digest      TEXT NOT NULL,
	size        BIGINT NOT NULL,
	mtime       BIGINT NOT NULL,
	mtime_nsec  BIGINT NOT NULL DEFAULT 0,
	at          BIGINT NOT NULL,
	source      TEXT NOT NULL,       -- read accepted manifest
	PRIMARY KEY (backup_id, algorithm)
);

CREATE TABLE restore (
	id          INTEGER PRIMARY KEY,
	backup_id   BIGINT NOT NULL REFERENCES backup (id),
	location_id BIGINT NOT NULL,
	at          BIGINT NOT NULL,
	handler     TEXT,
	verdict     TEXT NOT NULL,
	reason      TEXT,
	entries     BIGINT,
	bytes       BIGINT,
	ms          BIGINT,
	record      TEXT NOT NULL
);
CREATE INDEX restore_by_location ON restore (location_id, at);

-- The newest standing verdict of each backup, both kinds: what lines, scores and reports show.
CREATE TABLE standing (
	backup_id       INTEGER PRIMARY KEY REFERENCES backup (id),
	location_id     BIGINT NOT NULL,
	verify_verdict  TEXT,
	verify_level    TEXT,
	verify_reason   TEXT,
	verify_at       BIGINT,
	verify_record   TEXT,
	restore_verdict TEXT,
	restore_reason  TEXT,
	restore_at      BIGINT,
	restore_record  TEXT
);
CREATE INDEX standing_fail ON standing (location_id)
	WHERE verify_verdict = 'fail' OR restore_verdict = 'fail';

CREATE TABLE score (
	id          INTEGER PRIMARY KEY,
	at          BIGINT NOT NULL,
	location_id BIGINT,              -- NULL: over all
	days        BIGINT NOT NULL,
	score       DOUBLE PRECISION,
	raw_score   DOUBLE PRECISION,
	grade       TEXT NOT NULL,
	record      TEXT NOT NULL
);
CREATE INDEX score_by_location ON score (location_id, at);

CREATE TABLE report (
	id     INTEGER PRIMARY KEY,
	at     BIGINT NOT NULL,
	format TEXT NOT NULL,
	path   BLOB NOT NULL,
	bytes  BIGINT NOT NULL
);

-- One row for each kind and subject that ever had trouble; episode counts its openings.
CREATE TABLE alert (
	fingerprint TEXT PRIMARY KEY,
	kind        TEXT NOT NULL,
	severity    TEXT NOT NULL,
	host        TEXT,
	location    TEXT,
	series      TEXT,
	command     TEXT,                -- of a monitor failure: the stage
	path        BLOB,                -- of the worst backup
	state       TEXT NOT NULL,       -- pending (not yet failed often enough) open resolved
	episode     BIGINT NOT NULL DEFAULT 1,
	since       BIGINT NOT NULL,     -- first seen in this episode, pending or not
	opened      BIGINT NOT NULL,
	seen        BIGINT NOT NULL,     -- last run that found it again
	failures    BIGINT NOT NULL DEFAULT 1,
	notified    BIGINT,              -- when its opening or last repeat was queued
	escalated   BIGINT NOT NULL DEFAULT 0, -- steps of the escalation that were taken
	resolved    BIGINT,
	acked_at    BIGINT,
	acked_by    TEXT,
	acked_why   TEXT,
	reasons     TEXT,                -- JSON array of words
	summary     TEXT,
	detail      TEXT                 -- JSON: what the payload programs are given
);
CREATE INDEX alert_by_state ON alert (state, opened);

-- What exactly is wrong inside an alert that is not resolved: paths, or '' for the subject itself.
-- It resolves when the last one is known to be good or gone.
CREATE TABLE alert_member (
	fingerprint TEXT NOT NULL REFERENCES alert (fingerprint),
	member      BLOB NOT NULL,
	reason      TEXT NOT NULL,
	since       BIGINT NOT NULL,
	PRIMARY KEY (fingerprint, member)
);

CREATE TABLE silence (
	id         INTEGER PRIMARY KEY,
	filter     TEXT NOT NULL,        -- jq
	until      BIGINT NOT NULL,
	why        TEXT NOT NULL,
	created    BIGINT NOT NULL,
	created_by TEXT
);

-- Messages that must go out, one for each channel and run. A row leaves pending by a conditional
-- update only; a row in sending whose claimant has ended is pending again.
CREATE TABLE outbox (
	id         INTEGER PRIMARY KEY,
	channel    TEXT NOT NULL,
	message_id TEXT NOT NULL UNIQUE, -- stable over retries: Message-ID, webhook-id
	created    BIGINT NOT NULL,
	attempts   BIGINT NOT NULL DEFAULT 0,
	next_try   BIGINT NOT NULL,
	state      TEXT NOT NULL,        -- pending sending sent dead cancelled
	claimed_by TEXT,                 -- uuid of the run that is sending it
	tried      BIGINT,
	error      TEXT
);
CREATE INDEX outbox_by_state ON outbox (state, next_try);

-- What a message says: one alert and what happened to it.
CREATE TABLE delivery (
	id          INTEGER PRIMARY KEY,
	outbox_id   BIGINT NOT NULL REFERENCES outbox (id),
	fingerprint TEXT NOT NULL REFERENCES alert (fingerprint),
	episode     BIGINT NOT NULL,
	event       TEXT NOT NULL,       -- opened repeated escalated resolved
	cancelled   INTEGER NOT NULL DEFAULT 0,
	item        TEXT NOT NULL        -- JSON
);
CREATE INDEX delivery_by_outbox ON delivery (outbox_id);
CREATE INDEX delivery_by_alert ON delivery (fingerprint, episode);

-- One run of one stage. A row without ended whose lock is free is a run that died.
CREATE TABLE run (
	id       INTEGER PRIMARY KEY,
	uuid     TEXT NOT NULL UNIQUE,
	command  TEXT NOT NULL,
	host     TEXT NOT NULL,
	pid      BIGINT NOT NULL,
	started  BIGINT NOT NULL,
	ended    BIGINT,
	ms       BIGINT,
	ended_by TEXT,                   -- exit, or the name of the signal
	exit     BIGINT,
	findings BIGINT,
	errors   BIGINT,
	counts   TEXT                    -- JSON object
);
CREATE INDEX run_by_command ON run (command, started);
