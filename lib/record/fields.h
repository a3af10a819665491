/*
 * The one table of what the records say: kinds, fields, and the words that fields may have.
 *
 * bkm-records(5) and share/bkm/schema/record.schema.json are compared with it by tests/docs.
 * To add a field: one row in record_fields; a word: one string in its list; a reason: the same.
 */
#ifndef RECORD_FIELDS_H
#define RECORD_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

enum record_kind {
	RECORD_OTHER = 0, /* not one of ours: passed on untouched */
	RECORD_BACKUP,
	RECORD_SERIES,
	RECORD_LOCATION,
	RECORD_SCORE,
	RECORD_REPORT,
	RECORD_ALERT,
	RECORD_ERROR,
	RECORD_RUN,
};
#define RECORD_KINDS (RECORD_RUN + 1)

/* Lists of words. Each is the value of the fields that name it in record_fields. The words and
 * their order are in fields.c; the enums below number the lists that code switches over, from 1,
 * so that 0 is "not known" and record_word() of it is NULL, which the JSON writer leaves out. */
enum record_list {
	RECORD_LIST_NONE = 0,
	RECORD_LIST_KIND,            /* enum record_kind */
	RECORD_LIST_STATE,           /* enum record_state: of a backup */
	RECORD_LIST_STATUS,          /* enum record_status: of a backup */
	RECORD_LIST_SERIES_STATUS,   /* enum record_series_status */
	RECORD_LIST_LOCATION_STATUS, /* enum record_location_status */
	RECORD_LIST_VERDICT,       /* enum record_verdict: of a verification, a restore, a check */
	RECORD_LIST_LEVEL,         /* enum record_level: how far a verdict looked, ascending */
	RECORD_LIST_GRADE,         /* enum record_grade, worst first */
	RECORD_LIST_ALERT,         /* enum record_alert: the kind of an alert */
	RECORD_LIST_SEVERITY,      /* enum record_severity */
	RECORD_LIST_ALERT_STATE,   /* enum record_alert_state */
	RECORD_LIST_NOTIFY,        /* what became of an alert's message */
	RECORD_LIST_PHASE,         /* start, end */
	RECORD_LIST_COMMAND,       /* bkm-scan … bkm-alert */
	RECORD_LIST_CHECK,         /* the checks inside a verdict */
	RECORD_LIST_BACKUP_REASON, /* reasons[] of a backup */
	RECORD_LIST_SERIES_REASON, /* reasons[] of a series */
	RECORD_LIST_LOCATION_REASON, /* reasons[] of a location */
	RECORD_LIST_FAIL_REASON,     /* reason of a verdict fail */
	RECORD_LIST_SKIP_REASON,     /* reason of a verdict skip */
	RECORD_LIST_CANNOT_REASON,   /* reason of a verdict error */
	RECORD_LIST_WARNING,         /* warnings[] of a pass */
	RECORD_LIST_CAP,             /* enum record_cap: capped_by[] and reasons[] of a score */
	RECORD_LIST_ERROR_REASON,    /* reason of an error record */
	RECORD_LIST_ALERT_REASON,    /* reasons[] of an alert: its own words beside those above */
	RECORD_LIST_REFERENCE,       /* what a digest was compared with */
	RECORD_LIST_OUTLOOK,         /* enum record_outlook: of a coverage, worst last */
	RECORD_LIST_SIGNAL,          /* signals[] of tampering */
};
#define RECORD_LISTS (RECORD_LIST_SIGNAL + 1)

enum record_state {
	RECORD_STATE_NONE = 0,
	RECORD_STATE_GROWING,
	RECORD_STATE_STALLED,
	RECORD_STATE_COMPLETE,
	RECORD_STATE_VANISHED,
	RECORD_STATE_EXPIRED,
};

enum record_status {
	RECORD_STATUS_NONE = 0,
	RECORD_STATUS_OK,
	RECORD_STATUS_FAILED,
};

enum record_series_status {
	RECORD_SERIES_NONE = 0,
	RECORD_SERIES_FRESH,
	RECORD_SERIES_DUE,
	RECORD_SERIES_LATE,
	RECORD_SERIES_MISSING,
	RECORD_SERIES_UNSCHEDULED,
	RECORD_SERIES_UNKNOWN,
};

enum record_location_status {
	RECORD_LOCATION_NONE = 0,
	RECORD_LOCATION_OK,
	RECORD_LOCATION_DEGRADED,
	RECORD_LOCATION_EMPTY,
	RECORD_LOCATION_UNREACHABLE,
};

enum record_verdict {
	RECORD_VERDICT_NONE = 0,
	RECORD_VERDICT_PASS,
	RECORD_VERDICT_FAIL,
	RECORD_VERDICT_ERROR,
	RECORD_VERDICT_SKIP,
};

/* Ascending: a larger value looked further. */
enum record_level {
	RECORD_LEVEL_NONE = 0,
	RECORD_LEVEL_METADATA,
	RECORD_LEVEL_READ,
	RECORD_LEVEL_UNCHANGED,
	RECORD_LEVEL_COMPLETE,
	RECORD_LEVEL_INTACT,
	RECORD_LEVEL_RESTORED,
};

/* Worst first among the known ones: the overall grade is the smallest that is not unknown. */
enum record_grade {
	RECORD_GRADE_NONE = 0,
	RECORD_GRADE_CRITICAL,
	RECORD_GRADE_WARNING,
	RECORD_GRADE_GOOD,
	RECORD_GRADE_UNKNOWN,
};

/* Why a score is not higher. The first four keep it below warning, those up to LOCATION_UNKNOWN
 * below good, the rest only explain. */
enum record_cap {
	RECORD_CAP_NONE = 0,
	RECORD_CAP_UNREACHABLE,
	RECORD_CAP_EMPTY,
	RECORD_CAP_NEWEST_VERIFICATION_FAILED,
	RECORD_CAP_NEWEST_RESTORE_FAILED,
	RECORD_CAP_SERIES_MISSING,
	RECORD_CAP_SERIES_LATE,
	RECORD_CAP_FAILED_VERDICT,
	RECORD_CAP_NEVER_VERIFIED,
	RECORD_CAP_NEVER_RESTORED,
	RECORD_CAP_NO_COMPLETE_BACKUP,
	RECORD_CAP_SCAN_TOO_OLD,
	RECORD_CAP_LOCATION_UNKNOWN,
	RECORD_CAP_DUE_TIMES_MISSED,
	RECORD_CAP_BACKUPS_FAILED,
	RECORD_CAP_NEVER_SCANNED,
};
#define RECORD_CAPS (RECORD_CAP_NEVER_SCANNED + 1)

/* When everything will have been verified within the interval. */
enum record_outlook {
	RECORD_OUTLOOK_NONE = 0,
	RECORD_OUTLOOK_COMPLETE,  /* it is */
	RECORD_OUTLOOK_ON_COURSE, /* at the time given */
	RECORD_OUTLOOK_UNKNOWN,   /* nothing was read lately, so there is no rate */
	RECORD_OUTLOOK_TOO_SLOW,  /* never: less is read than comes and grows old */
	RECORD_OUTLOOK_TOO_LATE,  /* never: a cycle takes longer than backups are kept */
};

enum record_alert {
	RECORD_ALERT_NONE = 0,
	RECORD_ALERT_BACKUP_FAILURE,
	RECORD_ALERT_VERIFICATION_FAILURE,
	RECORD_ALERT_RESTORE_FAILURE,
	RECORD_ALERT_HEALTH_DEGRADATION,
	RECORD_ALERT_MONITOR_FAILURE,
};

enum record_severity {
	RECORD_SEVERITY_NONE = 0,
	RECORD_SEVERITY_WARNING,
	RECORD_SEVERITY_CRITICAL,
};

enum record_alert_state {
	RECORD_ALERT_STATE_NONE = 0,
	RECORD_ALERT_STATE_OPEN,
	RECORD_ALERT_STATE_ACKNOWLEDGED,
	RECORD_ALERT_STATE_SILENCED,
	RECORD_ALERT_STATE_RESOLVED,
};

/* The word with that number in list, or NULL for 0 and for numbers past its end. */
const char *record_word(enum record_list list, int value);

/* Its number (from 1), or 0 if word is NULL or not in the list. */
int record_word_find(enum record_list list, const char *word);
int record_word_find_n(enum record_list list, const char *text, size_t len);

/* "state", "verdict", …: the name under which manual and schema list the words. */
const char *record_list_name(enum record_list list);

/* "backup"; "other" for RECORD_OTHER. */
const char *record_kind_name(enum record_kind kind);

enum record_type {
	RECORD_TYPE_STR,
	RECORD_TYPE_INT, /* from -(2^53-1) to 2^53-1 */
	RECORD_TYPE_REAL,
	RECORD_TYPE_BOOL,
	RECORD_TYPE_TIME, /* RFC 3339, UTC, whole seconds */
	RECORD_TYPE_PATH, /* and NAME_b64 when the bytes are not UTF-8 */
	RECORD_TYPE_B64,
	RECORD_TYPE_WORD,  /* one of list */
	RECORD_TYPE_WORDS, /* an array of words of list */
	RECORD_TYPE_OBJECT,
	RECORD_TYPE_OBJECTS, /* an array of objects */
	RECORD_TYPE_ANY,
};

struct record_field {
	enum record_kind kind; /* RECORD_OTHER: in every kind */
	const char *name;      /* "size"; inside an object "verification.verdict" */
	enum record_type type;
	enum record_list list; /* of WORD and WORDS: the words that bkm itself writes */
	const char *help;      /* one line, as in the manual */
};

extern const struct record_field record_fields[];
extern const size_t record_field_count;

/* The row of a top-level field of a kind, or NULL. name need not end in a NUL. */
const struct record_field *record_field_find(enum record_kind kind, const char *name, size_t len);

#endif
