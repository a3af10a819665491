-- Added to version 1 of the store. Each section stands alone.

-- What the directory looked like when its live rows were last found to be just what is in it: digests
-- of the parts of its listing, see lib/scan/merge.h. As long as it is there, the rows are not read by
-- a scan that finds the same; so whatever changes, adds or removes a live row of a directory sets it
-- to NULL in the same transaction or before.
ALTER TABLE dir ADD COLUMN listing BLOB;

-- ---------------------------------------------------------------- restore tests: baselines and times
-- What a test that ended in a pass or a fail brought back, and how long it took; NULL: not known.
CREATE TABLE drill (
	restore_id BIGINT PRIMARY KEY REFERENCES restore (id),
	series_id  BIGINT NOT NULL,
	backup_id  BIGINT NOT NULL,
	time       BIGINT NOT NULL,      -- of the backup
	at         BIGINT NOT NULL,      -- of the test
	verdict    TEXT NOT NULL,
	reason     TEXT,
	size       BIGINT,               -- of the backup
	bytes      BIGINT,               -- that came out of it
	files      BIGINT,
	tables     BIGINT,
	rows       BIGINT,
	ms         BIGINT,               -- all of it but the comparison with live files
	fetch_ms   BIGINT,
	unpack_ms  BIGINT,
	start_ms   BIGINT,
	load_ms    BIGINT,
	check_ms   BIGINT,
	rto_ms     BIGINT,               -- what rto_minutes asked for then
	listed     INTEGER NOT NULL      -- 1: drill_table has every table
);
CREATE INDEX drill_by_series ON drill (series_id, time);

CREATE TABLE drill_table (
	restore_id BIGINT NOT NULL REFERENCES restore (id),
	name       TEXT NOT NULL,
	rows       BIGINT NOT NULL,
	PRIMARY KEY (restore_id, name)
);

-- A person took it as right that a table, or the number of files, is as it is since that backup.
CREATE TABLE drill_accepted (
	series_id BIGINT NOT NULL,
	name      TEXT NOT NULL,
	time      BIGINT NOT NULL,       -- of the backup
	at        BIGINT NOT NULL,
	PRIMARY KEY (series_id, name)
);

-- Every comparison of a sample with the live files, in the order of the paths.
CREATE TABLE compared (
	id         INTEGER PRIMARY KEY,
	series_id  BIGINT NOT NULL,
	backup_id  BIGINT NOT NULL,
	at         BIGINT NOT NULL,
	after      BLOB,                 -- it began behind this path; NULL: at the start
	last       BLOB NOT NULL,
	next       BLOB,                 -- the next one begins behind this
	round_done INTEGER NOT NULL,
	same       BIGINT NOT NULL,
	differing  BIGINT NOT NULL,
	newer      BIGINT NOT NULL,
	unread     BIGINT NOT NULL
);
CREATE INDEX compared_by_series ON compared (series_id, id);

-- Repositories: which part of parts was last read when. Rows of another number of parts count for nothing.
CREATE TABLE repository_part (
	location_id BIGINT NOT NULL REFERENCES location (id),
	parts       BIGINT NOT NULL,
	part        BIGINT NOT NULL,     -- from 1
	at          BIGINT NOT NULL,
	PRIMARY KEY (location_id, parts, part)
);

-- What the content of each backup looked like when bkm-verify last read it: the history against which
-- signals of tampering are judged. entropy: of a sample of the decoded bytes, in thousandths of a bit a
-- byte. rewritten: it replaced a settled older generation. tampering: the signals (bits of enum
-- verify_signal) if they were enough to fail it, else 0; it stays until a person accepts the content.
ALTER TABLE verify_state ADD COLUMN codec TEXT;
ALTER TABLE verify_state ADD COLUMN format TEXT;
ALTER TABLE verify_state ADD COLUMN entropy BIGINT;
ALTER TABLE verify_state ADD COLUMN rewritten INTEGER;
ALTER TABLE verify_state ADD COLUMN tampering BIGINT;
