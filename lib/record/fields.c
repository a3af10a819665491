// The one table of kinds, fields and words that the records consist of.
#include <string.h>

#include "record/record.h"

#define WORDS(...)                                                                                 \
	(const char *const[])                                                                      \
	{                                                                                          \
		__VA_ARGS__, NULL                                                                  \
	}

struct word_list {
	const char *name;
	const char *const *words;
};

static const struct word_list lists[RECORD_LISTS] = {
    [RECORD_LIST_NONE] = {"", (const char *const[]){NULL}},
    [RECORD_LIST_KIND] = {"kind",
	WORDS("backup", "series", "location", "score", "report", "alert", "error", "run")},
    [RECORD_LIST_STATE] = {"state", WORDS("growing", "stalled", "complete", "vanished", "expired")},
    [RECORD_LIST_STATUS] = {"status", WORDS("ok", "failed")},
    [RECORD_LIST_SERIES_STATUS] = {"series_status",
	WORDS("fresh", "due", "late", "missing", "unscheduled", "unknown")},
    [RECORD_LIST_LOCATION_STATUS] = {"location_status",
	WORDS("ok", "degraded", "empty", "unreachable")},
    [RECORD_LIST_VERDICT] = {"verdict", WORDS("pass", "fail", "error", "skip")},
    [RECORD_LIST_LEVEL] = {"level",
	WORDS("metadata", "read", "unchanged", "complete", "intact", "restored")},
    [RECORD_LIST_GRADE] = {"grade", WORDS("critical", "warning", "good", "unknown")},
    [RECORD_LIST_ALERT] = {"alert",
	WORDS("backup_failure", "verification_failure", "restore_failure", "health_degradation",
	    "monitor_failure")},
    [RECORD_LIST_SEVERITY] = {"severity", WORDS("warning", "critical")},
    [RECORD_LIST_ALERT_STATE] = {"alert_state",
	WORDS("open", "acknowledged", "silenced", "resolved")},
    [RECORD_LIST_NOTIFY] = {"notify", WORDS("sent", "queued", "suppressed", "failed", "none")},
    [RECORD_LIST_PHASE] = {"phase", WORDS("start", "end")},
    [RECORD_LIST_COMMAND] = {"command",
	WORDS("bkm-scan", "bkm-verify", "bkm-restore", "bkm-score", "bkm-report", "bkm-alert")},
    [RECORD_LIST_CHECK] = {"check",
	WORDS("size", "timestamp", "checksum", "content", "entries", "rows", "tables", "statements",
	    "integrity", "compare", "contains", "sha256", "sql", "newest_row", "command",
	    "baseline", "fresh", "time")},
    [RECORD_LIST_BACKUP_REASON] = {"backup_reason",
	WORDS("empty", "too_small", "size_dropped", "size_grew", "partial_name", "stalled",
	    "vanished", "unreadable", "same_content", "future_mtime")},
    [RECORD_LIST_SERIES_REASON] = {"series_reason",
	WORDS("late", "missing", "no_complete_backup", "growing", "stalled", "future_mtime",
	    "size_dropped", "size_grew", "same_content", "vanished", "scan_too_old", "one_backup",
	    "no_schedule", "ignored")},
    [RECORD_LIST_LOCATION_REASON] = {"location_reason",
	WORDS("empty", "not_found", "not_a_directory", "permission_denied", "io_error", "timeout",
	    "identity_changed", "all_gone", "series_late", "series_missing", "backup_failed",
	    "unreadable", "unsupported", "vanished", "locked", "password", "not_installed")},
    [RECORD_LIST_FAIL_REASON] = {"fail_reason",
	WORDS("empty", "no_statement", "truncated", "damaged", "foreign", "unsafe", "bomb",
	    "incomplete", "size_mismatch", "timestamp_moved", "bitrot", "checksum_mismatch",
	    "forbidden_change", "tampering", "stale", "assertion", "rto_exceeded", "differs",
	    "shrunk")},
    [RECORD_LIST_SKIP_REASON] = {"skip_reason",
	WORDS("not_due", "growing", "encrypted", "unsupported", "unverifiable", "no_server",
	    "other_host", "superseded", "gone", "outside", "disabled", "not_latest", "budget",
	    "not_complete", "not_scanned", "not_installed")},
    [RECORD_LIST_CANNOT_REASON] = {"error_verdict_reason",
	WORDS("unreadable", "permission_denied", "io_error", "timeout", "no_space", "limit",
	    "crashed", "sandbox", "handler", "server", "not_installed", "interrupted", "decrypt",
	    "locked", "password", "not_found")},
    [RECORD_LIST_WARNING] = {"warning",
	WORDS("trailing_garbage", "trailing_zeros", "duplicate_names", "absolute_names",
	    "links_skipped", "special_files", "no_checksum", "not_looked_into", "future_mtime",
	    "foreign_keys", "no_end_marker", "unlisted", "other_format", "parent_names",
	    "leading_bytes", "wal_mode", "wal_missing", "manifest_ignored")},
    [RECORD_LIST_CAP] = {"cap",
	WORDS("unreachable", "empty", "newest_verification_failed", "newest_restore_failed",
	    "series_missing", "series_late", "failed_verdict", "never_verified", "never_restored",
	    "no_complete_backup", "scan_too_old", "location_unknown", "due_times_missed",
	    "backups_failed", "never_scanned")},
    [RECORD_LIST_ERROR_REASON] = {"error_reason",
	WORDS("permission_denied", "io_error", "not_found", "outside", "bad_line", "dead_stage",
	    "changed", "too_deep", "unsupported", "no_space", "timeout", "undelivered", "store",
	    "where", "limit", "other")},
    [RECORD_LIST_ALERT_REASON] = {"alert_reason",
	WORDS("failed", "late", "missing", "empty", "unreachable", "grade_dropped", "below_good",
	    "stage_died", "stage_silent", "trouble")},
    [RECORD_LIST_REFERENCE] = {"reference", WORDS("baseline", "manifest", "embedded", "first")},
    [RECORD_LIST_OUTLOOK] = {"outlook",
	WORDS("complete", "on_course", "unknown", "too_slow", "too_late")},
    [RECORD_LIST_SIGNAL] = {"signal",
	WORDS("format_gone", "incompressible", "rewritten", "extensions_changed", "many_vanished")},
};

#define B       RECORD_BACKUP
#define S       RECORD_SERIES
#define L       RECORD_LOCATION
#define C       RECORD_SCORE
#define R       RECORD_REPORT
#define A       RECORD_ALERT
#define E       RECORD_ERROR
#define N       RECORD_RUN
#define STR     RECORD_TYPE_STR, RECORD_LIST_NONE
#define INT     RECORD_TYPE_INT, RECORD_LIST_NONE
#define REAL    RECORD_TYPE_REAL, RECORD_LIST_NONE
#define BOOL    RECORD_TYPE_BOOL, RECORD_LIST_NONE
#define TIME    RECORD_TYPE_TIME, RECORD_LIST_NONE
#define PATH    RECORD_TYPE_PATH, RECORD_LIST_NONE
#define B64     RECORD_TYPE_B64, RECORD_LIST_NONE
#define OBJECT  RECORD_TYPE_OBJECT, RECORD_LIST_NONE
#define OBJECTS RECORD_TYPE_OBJECTS, RECORD_LIST_NONE
#define ANY     RECORD_TYPE_ANY, RECORD_LIST_NONE
#define WORD(l) RECORD_TYPE_WORD, RECORD_LIST_##l
#define LIST(l) RECORD_TYPE_WORDS, RECORD_LIST_##l

/* clang-format off */
const struct record_field record_fields[] = {
    {RECORD_OTHER, "v", INT, "version of the record format: 1"},
    {RECORD_OTHER, "kind", WORD(KIND), "what the record is about"},

    {B, "id", INT, "number of this generation of the backup in the store"},
    {B, "store", STR, "UUID of the store that gave the id"},
    {B, "host", STR, "machine whose path it is"},
    {B, "location", STR, "name of the configured location"},
    {B, "series", STR, "name of the series"},
    {B, "path", PATH, "absolute path; U+FFFD for bytes that are not UTF-8"},
    {B, "path_b64", B64, "the exact bytes, only if they are not UTF-8"},
    {B, "size", INT, "bytes"},
    {B, "mtime", TIME, "last change of the content"},
    {B, "first_seen", TIME, "when a scan first saw it"},
    {B, "state", WORD(STATE), "how far it is"},
    {B, "new", BOOL, "first seen by this scan"},
    {B, "latest", BOOL, "the newest complete backup of its series"},
    {B, "status", WORD(STATUS), "what the scan thinks of it"},
    {B, "reasons", LIST(BACKUP_REASON), "why"},
    {B, "verification", OBJECT, "the verdict of bkm-verify"},
    {B, "verification.verdict", WORD(VERDICT), "what came out"},
    {B, "verification.reason", STR, "why it is not a pass"},
    {B, "verification.at", TIME, "when it was looked at"},
    {B, "verification.level", WORD(LEVEL), "how far it looked"},
    {B, "verification.bytes", INT, "bytes read"},
    {B, "verification.ms", INT, "time taken, in milliseconds"},
    {B, "verification.checks", OBJECTS, "each check with its own verdict"},
    {B, "verification.checks.check", WORD(CHECK), "what was checked"},
    {B, "verification.checks.verdict", WORD(VERDICT), "what came out"},
    {B, "verification.checks.reason", STR, "why it is not a pass"},
    {B, "verification.checks.algorithm", STR, "digest used"},
    {B, "verification.checks.reference", WORD(REFERENCE), "what it was compared with"},
    {B, "verification.checks.expected", ANY, "what should have been"},
    {B, "verification.checks.actual", ANY, "what was"},
    {B, "verification.checks.format", STR, "what the content is"},
    {B, "verification.checks.level", WORD(LEVEL), "how far the content was looked into"},
    {B, "verification.checks.codec", STR, "how the content is compressed"},
    {B, "verification.checks.entries", INT, "entries, tables or pages counted"},
    {B, "verification.checks.decoded_bytes", INT, "bytes after decompression"},
    {B, "verification.checks.entropy", REAL, "bits a byte of a sample of them: 8 is noise"},
    {B, "verification.checks.offset", INT, "where the fault is, in the decompressed bytes"},
    {B, "verification.checks.last", STR, "the last good entry or object before the fault"},
    {B, "verification.checks.manifest", STR, "name of the manifest that was compared"},
    {B, "verification.checks.message", STR, "for people"},
    {B, "verification.warnings", LIST(WARNING), "what a pass carries along"},
    {B, "verification.signals", LIST(SIGNAL), "evidence of tampering; one alone says nothing"},
    {B, "verification.message", STR, "for people"},
    {B, "restore", OBJECT, "the verdict of bkm-restore"},
    {B, "restore.verdict", WORD(VERDICT), "what came out"},
    {B, "restore.reason", STR, "why it is not a pass"},
    {B, "restore.handler", STR, "what restored it"},
    {B, "restore.server", STR, "product and version of the server that it was loaded into"},
    {B, "restore.at", TIME, "when it was restored"},
    {B, "restore.level", WORD(LEVEL), "how far it looked"},
    {B, "restore.entries", INT, "files, tables or objects that came out"},
    {B, "restore.files", INT, "regular files among them"},
    {B, "restore.directories", INT, "directories among them"},
    {B, "restore.links", INT, "symbolic links among them"},
    {B, "restore.tables", INT, "tables of a dump or database"},
    {B, "restore.rows", INT, "rows in them"},
    {B, "restore.statements", INT, "statements of a dump"},
    {B, "restore.bytes", INT, "bytes that came out"},
    {B, "restore.ms", INT, "time taken, in milliseconds"},
    {B, "restore.fetch_ms", INT, "of it, reading the backup from where it lies"},
    {B, "restore.unpack_ms", INT, "of it, unpacking"},
    {B, "restore.start_ms", INT, "of it, starting a server to load into"},
    {B, "restore.load_ms", INT, "of it, loading into a database"},
    {B, "restore.check_ms", INT, "of it, checking what came out"},
    {B, "restore.compare_ms", INT, "of it, comparing with the live files: no part of a restore"},
    {B, "restore.bytes_per_s", INT, "bytes that came out in a second of fetching, unpacking and loading"},
    {B, "restore.rows_per_s", INT, "rows that were loaded in a second"},
    {B, "restore.table_rows", OBJECTS, "the tables by name, the first 200"},
    {B, "restore.table_rows.table", STR, "name of the table"},
    {B, "restore.table_rows.rows", INT, "rows in it"},
    {B, "restore.compared", OBJECT, "the sample beside the live files"},
    {B, "restore.compared.same", INT, "files that are the same"},
    {B, "restore.compared.differing", INT, "files that differ, though nobody changed them since"},
    {B, "restore.compared.changed_since", INT, "files changed after the backup: not judged"},
    {B, "restore.compared.unread", INT, "files and directories that could not be read"},
    {B, "restore.compared.last", PATH, "the next comparison goes on behind this one"},
    {B, "restore.compared.last_b64", B64, "the exact bytes, only if they are not UTF-8"},
    {B, "restore.compared.round_done", BOOL, "every file has now had its turn"},
    {B, "restore.compared.files", OBJECTS, "the first 20 that differ"},
    {B, "restore.compared.files.difference", STR, "content, missing from the backup, extra in it, kind"},
    {B, "restore.compared.files.path", PATH, "below both trees"},
    {B, "restore.compared.files.path_b64", B64, "the exact bytes, only if they are not UTF-8"},
    {B, "restore.checks", OBJECTS, "each check with its own verdict"},
    {B, "restore.checks.check", WORD(CHECK), "what was checked"},
    {B, "restore.checks.verdict", WORD(VERDICT), "what came out"},
    {B, "restore.checks.reason", STR, "why it is not a pass"},
    {B, "restore.checks.expected", ANY, "what should have been"},
    {B, "restore.checks.actual", ANY, "what was"},
    {B, "restore.checks.message", STR, "for people"},
    {B, "restore.sandbox", RECORD_TYPE_ANY, RECORD_LIST_NONE, "protections that were active"},
    {B, "restore.warnings", LIST(WARNING), "what a pass carries along"},
    {B, "restore.message", STR, "for people"},

    {S, "store", STR, "UUID of the store"},
    {S, "host", STR, "machine of the location"},
    {S, "location", STR, "name of the configured location"},
    {S, "series", STR, "name of the series"},
    {S, "status", WORD(SERIES_STATUS), "whether its backups come in time"},
    {S, "schedule", STR, "the schedule that was applied"},
    {S, "due", TIME, "next or unmet due time"},
    {S, "newest", OBJECT, "the newest complete backup: id, path, size, mtime"},
    {S, "newest.id", INT, "number in the store"},
    {S, "newest.path", PATH, "absolute path"},
    {S, "newest.path_b64", B64, "the exact bytes, only if they are not UTF-8"},
    {S, "newest.size", INT, "bytes"},
    {S, "newest.mtime", TIME, "last change of the content"},
    {S, "previous", OBJECT, "the complete backup before it: id, path, size, mtime"},
    {S, "previous.id", INT, "number in the store"},
    {S, "previous.path", PATH, "absolute path"},
    {S, "previous.path_b64", B64, "the exact bytes, only if they are not UTF-8"},
    {S, "previous.size", INT, "bytes"},
    {S, "previous.mtime", TIME, "last change of the content"},
    {S, "count", INT, "complete backups on disk"},
    {S, "bytes", INT, "their size"},
    {S, "reasons", LIST(SERIES_REASON), "why"},
    {S, "drills", OBJECTS, "its restore tests, newest first, of bkm-restore --history"},
    {S, "drills.at", TIME, "when it was restored"},
    {S, "drills.time", TIME, "of the backup"},
    {S, "drills.id", INT, "of the backup"},
    {S, "drills.verdict", WORD(VERDICT), "pass or fail"},
    {S, "drills.reason", STR, "why it is not a pass"},
    {S, "drills.size", INT, "bytes of the backup"},
    {S, "drills.bytes", INT, "bytes that came out"},
    {S, "drills.files", INT, "files that came out"},
    {S, "drills.tables", INT, "tables that came out"},
    {S, "drills.rows", INT, "rows in them"},
    {S, "drills.ms", INT, "time it took, without the comparison with live files"},
    {S, "drills.fetch_ms", INT, "of it, reading the backup"},
    {S, "drills.unpack_ms", INT, "of it, unpacking"},
    {S, "drills.start_ms", INT, "of it, starting a server"},
    {S, "drills.load_ms", INT, "of it, loading"},
    {S, "drills.check_ms", INT, "of it, checking"},
    {S, "drills.rto_ms", INT, "what rto_minutes asked for then"},
    {S, "rto", OBJECT, "how long a restore takes, by those tests"},
    {S, "rto.tests", INT, "tests that brought it back"},
    {S, "rto.target_ms", INT, "what rto_minutes asked for in the newest of them"},
    {S, "rto.last_ms", INT, "time of the newest"},
    {S, "rto.median_ms", INT, "the median of them"},
    {S, "rto.worst_ms", INT, "the longest"},

    {L, "id", INT, "stable number: what --location-id means"},
    {L, "store", STR, "UUID of the store that gave the id"},
    {L, "host", STR, "machine of the location"},
    {L, "location", STR, "its name; null: over all"},
    {L, "path", PATH, "its directory"},
    {L, "path_b64", B64, "the exact bytes, only if they are not UTF-8"},
    {L, "type", STR, "its type in the configuration"},
    {L, "status", WORD(LOCATION_STATUS), "how it is"},
    {L, "free_bytes", INT, "free space of its file system"},
    {L, "series", OBJECT, "how many series are fresh, due, late, missing, …"},
    {L, "series.fresh", INT, "series in time"},
    {L, "series.due", INT, "series inside their grace"},
    {L, "series.late", INT, "series past their grace"},
    {L, "series.missing", INT, "series with two due times unmet, or nothing left"},
    {L, "series.unscheduled", INT, "series without a schedule"},
    {L, "series.unknown", INT, "series whose last scan is too old to say"},
    {L, "backups", INT, "complete backups on disk"},
    {L, "bytes", INT, "their size"},
    {L, "reasons", LIST(LOCATION_REASON), "why"},
    {L, "coverage", OBJECT, "how much is verified, of bkm-verify --coverage"},
    {L, "coverage.interval_days", INT, "how old a verdict may be"},
    {L, "coverage.backups", INT, "complete backups on disk"},
    {L, "coverage.bytes", INT, "their size"},
    {L, "coverage.verified_backups", INT, "of them verified within the interval"},
    {L, "coverage.verified_bytes", INT, "their size"},
    {L, "coverage.ratio", REAL, "verified bytes over bytes"},
    {L, "coverage.never_backups", INT, "never looked at by some method"},
    {L, "coverage.never_bytes", INT, "their size"},
    {L, "coverage.oldest", TIME, "the oldest verdict that is asked for"},
    {L, "coverage.oldest_unverified", TIME, "since when the longest waiting waits"},
    {L, "coverage.bytes_per_day", INT, "read a day, since the interval began"},
    {L, "coverage.new_bytes_per_day", INT, "that came a day, in the last interval"},
    {L, "coverage.outlook", WORD(OUTLOOK), "whether the cycle will be complete"},
    {L, "coverage.complete_by", TIME, "when the rest is done at that rate; absent: never"},
    {L, "coverage.cycle_days", INT, "days for all of it at that rate"},

    {C, "store", STR, "UUID of the store"},
    {C, "host", STR, "machine that computed it"},
    {C, "location", STR, "name of the location; null: over all"},
    {C, "days", INT, "window"},
    {C, "score", REAL, "0 to 1; null: nothing known"},
    {C, "raw_score", REAL, "the mean before any cap"},
    {C, "grade", WORD(GRADE), "good, warning, critical or unknown"},
    {C, "capped_by", LIST(CAP), "what keeps the score down"},
    {C, "parts", OBJECT, "the three rates: backup, verification, restore"},
    {C, "parts.backup", OBJECT, "applies, rate, weight, good, of"},
    {C, "parts.verification", OBJECT, "the same and coverage"},
    {C, "parts.restore", OBJECT, "the same and coverage"},
    {C, "previous", REAL, "the score before this one"},
    {C, "previous_grade", WORD(GRADE), "the grade before this one"},
    {C, "coverage", REAL, "how many of those that should have a verdict have one, 0 to 1"},
    {C, "reasons", LIST(CAP), "all that was found, what does not cap included"},
    {C, "explain", OBJECT, "with --explain: the formula and each series"},

    {R, "format", STR, "html, csv, json, text, …"},
    {R, "path", PATH, "file written"},
    {R, "path_b64", B64, "the exact bytes, only if they are not UTF-8"},
    {R, "bytes", INT, "its size"},

    {A, "fingerprint", STR, "identity over all runs: kind and subject"},
    {A, "alert", WORD(ALERT), "kind of the alert"},
    {A, "severity", WORD(SEVERITY), "how bad"},
    {A, "host", STR, "machine of the subject"},
    {A, "location", STR, "name of the location"},
    {A, "series", STR, "name of the series"},
    {A, "command", WORD(COMMAND), "the stage, if the monitor itself failed"},
    {A, "path", PATH, "the backup, or the first of several"},
    {A, "path_b64", B64, "the exact bytes, only if they are not UTF-8"},
    {A, "state", WORD(ALERT_STATE), "how it is"},
    {A, "opened", TIME, "since when"},
    {A, "resolved", TIME, "until when"},
    {A, "reasons", LIST(ALERT_REASON), "why: these, or the reasons of its subject"},
    {A, "failing", INT, "how many things are wrong about the subject"},
    {A, "summary", STR, "one line for people"},
    {A, "notify", WORD(NOTIFY), "what became of its message"},
    {A, "channels", OBJECTS, "the channels that are told"},
    {A, "channels.channel", STR, "name of the channel"},
    {A, "channels.notify", WORD(NOTIFY), "what became of its message"},
    {A, "channels.error", STR, "why it was not delivered"},
    {A, "why", STR, "reason given for an acknowledgement or a silence"},
    {A, "until", TIME, "end of the silence"},

    {E, "command", WORD(COMMAND), "stage that could not"},
    {E, "host", STR, "machine it ran on"},
    {E, "location", STR, "name of the location"},
    {E, "path", PATH, "what it was about"},
    {E, "path_b64", B64, "the exact bytes, only if they are not UTF-8"},
    {E, "reason", WORD(ERROR_REASON), "why"},
    {E, "message", STR, "for people"},

    {N, "command", WORD(COMMAND), "stage"},
    {N, "id", STR, "UUID of the run"},
    {N, "store", STR, "UUID of the store that has its row"},
    {N, "phase", WORD(PHASE), "start or end"},
    {N, "host", STR, "machine it ran on"},
    {N, "started", TIME, "when it began"},
    {N, "ended", TIME, "when it ended"},
    {N, "ms", INT, "time taken, in milliseconds"},
    {N, "follow", BOOL, "the stage goes on until it is stopped"},
    {N, "in", INT, "records read"},
    {N, "out", INT, "records written"},
    {N, "counts", OBJECT, "what the stage counted, by name"},
    {N, "errors", INT, "parts of the work that could not be done"},
    {N, "findings", INT, "what was found wrong"},
    {N, "exit", INT, "exit status"},
};
/* clang-format on */
const size_t record_field_count = ARRAY_LEN(record_fields);

const char *
record_word(enum record_list list, int value)
{
	if (value <= 0)
		return NULL;
	for (int i = 0; lists[list].words[i]; i++) {
		if (i + 1 == value)
			return lists[list].words[i];
	}
	return NULL;
}

static bool
is_word(const char *word, const char *text, size_t len)
{
	return strncmp(word, text, len) == 0 && strlen(word) == len;
}

int
record_word_find_n(enum record_list list, const char *text, size_t len)
{
	for (int i = 0; lists[list].words[i]; i++) {
		if (is_word(lists[list].words[i], text, len))
			return i + 1;
	}
	return 0;
}

int
record_word_find(enum record_list list, const char *word)
{
	return word ? record_word_find_n(list, word, strlen(word)) : 0;
}

const char *
record_list_name(enum record_list list)
{
	return lists[list].name;
}

const char *
record_kind_name(enum record_kind kind)
{
	return kind == RECORD_OTHER ? "other" : record_word(RECORD_LIST_KIND, (int)kind);
}

const struct record_field *
record_field_find(enum record_kind kind, const char *name, size_t len)
{
	for (size_t i = 0; i < record_field_count; i++) {
		const struct record_field *f = &record_fields[i];

		if ((f->kind == kind || f->kind == RECORD_OTHER) && is_word(f->name, name, len))
			return f;
	}
	return NULL;
}
