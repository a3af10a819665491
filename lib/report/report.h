/*
 * report: one document that says how the backups are, from facts that the caller gathers.
 *
 *	struct report *r = report_new(&options);
 *
 *	for each location:
 *		report_location_begin(r, &location);
 *		report_add_backup(r, &backup)    for each that came in the window, series by series,
 *		                                 the newest of a series first
 *		report_add_due(r, due, met)      for each due time in the window whose grace is over
 *		report_add_series(r, &series)    for each series
 *		report_location_end(r, &health);
 *	report_add_run(r, &run), report_add_alert(r, &alert)    in any order
 *	report_finish(r, &overall, &statistics, &out);          the document, one JSON object
 *
 * The document (bkm-report(1) describes it) is what every report program in share/bkm/report is
 * given. Decided here: what needs attention, in which order, and what to do about it; what a day
 * was; what is left out where there is too much. How it looks is decided by the programs alone.
 *
 * Pure: no clock, no store. Nothing that is handed in is kept after the call returns, but for the
 * texts of a location: they must stay until report_location_end. Words
 * (status, state, verdict, …) are those of record/fields.h. Times are seconds since 1970 UTC,
 * CLOCK_NONE what is not known. A text that is not known is NULL.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/base.h"
#include "record/record.h"
#include "schedule/schedule.h"

#define REPORT_DAYS_MAX 400 /* days that a strip shows at most; the window may be longer */

struct report;

struct report_options {
	const char *app; /* title */
	const char *host;
	const char *version; /* of bkm */
	const char *store;   /* UUID */
	int64_t now;
	int64_t days;         /* length of the window */
	double good, warning; /* thresholds of the grades */
	size_t max_attention; /* 0: 50 */
	size_t max_series;    /* of a location; 0: 40 */
	size_t max_recent;    /* of a location; 0: 10 */
	size_t max_alerts;    /* 0: 50 */
};

struct report *report_new(const struct report_options *options);
void report_free(struct report *r); /* NULL is fine */

struct report_location {
	int64_t id;
	const char *name, *path, *type, *unit;
	const char *schedule; /* as configured */
	const char *status;   /* word; NULL: never scanned */
	const char *reasons;  /* JSON array or NULL */
	int64_t first_scan, last_scan, last_reached, empty_since;
	int64_t free_bytes; /* -1 unknown */
	bool verify_integrity, test_restore;
};

void report_location_begin(struct report *r, const struct report_location *location);

struct report_backup {
	int64_t id;
	const char *series;
	const char *path; /* bytes */
	uint64_t size;
	int64_t time; /* the earlier of mtime and first_seen */
	int64_t mtime, first_seen;
	bool present;                       /* on disk now */
	const char *state, *status;         /* words */
	const char *reasons;                /* JSON array or NULL */
	const char *verification, *restore; /* JSON objects of the standing verdicts, or NULL */
	const char *verify_verdict, *restore_verdict; /* their words */
};

void report_add_backup(struct report *r, const struct report_backup *backup);

/* How long restore tests of a series took. */
struct report_times {
	size_t tests;      /* 0: none brought anything back */
	int64_t target_ms; /* what was promised; -1: nothing */
	int64_t last_ms, median_ms, worst_ms;
};

struct report_series {
	const char *name;
	const char *schedule; /* text; NULL: none */
	struct schedule_state state;
	bool ignored;
	uint64_t count, bytes;                         /* complete backups on disk */
	const char *reasons;                           /* JSON array or NULL */
	const struct report_backup *newest, *previous; /* complete ones, on disk; NULL: none */
	uint64_t failed_verdicts; /* backups on disk with a verdict fail, newest included */
	struct report_times restore_times;
	const struct report_backup *failed; /* one of them that is not the newest; NULL: none */
};

/* A due time of the location and the time of the backup that met it, CLOCK_NONE if none did: a
 * schedule_due_fn, r is the struct report. */
void report_add_due(void *r, int64_t due, int64_t met);

void report_add_series(struct report *r, const struct report_series *series);

/* What bkm-score says about a location, or about all of them. */
struct report_health {
	enum record_grade grade;
	bool has_score, has_previous;
	double score, raw_score, previous;
	struct report_part {
		bool applies; /* false: switched off for the location */
		bool known;   /* there is evidence */
		double rate;  /* 0 to 1 */
		bool has_coverage;
		double coverage; /* of what should have a verdict, how much has one */
	} backup, verification, restore;
	const char *const *capped_by; /* words, NULL-terminated; NULL: none */
	const char *const *reasons;
};

void report_location_end(struct report *r, const struct report_health *health);

struct report_run {
	const char *command;
	const char *fate; /* ended, alive, dead, silent (has not run for too long) */
	const char *ended_by;
	int64_t started, ended, ms; /* ms -1: not known */
	int exit;                   /* -1: not known */
	int64_t findings, errors;   /* -1: not known */
};

void report_add_run(struct report *r, const struct report_run *run);

struct report_alert {
	const char *fingerprint, *alert, *severity, *location, *series, *path, *state, *summary;
	int64_t opened, acked;
};

/* The worst first, please: what is too much is left out at the end. */
void report_add_alert(struct report *r, const struct report_alert *alert);

struct report_statistics {
	int64_t bytes; /* of the store's file */
	int64_t locations, series, backups, verifications, restores;
};

/* Appends the document to out. Once, at the end. */
void report_finish(struct report *r, const struct report_health *overall,
    const struct report_statistics *statistics, struct buf *out);

/*
 * Outputs: which programs run over the document, and where what they make goes. A format is a jq
 * program NAME.jq in a directory of formats; NAME is lower-case letters, digits and "-".
 */
struct report_output {
	char *format;  /* name; of a program of the user's: of its file, without ".jq" */
	char *program; /* path */
	char *file;    /* name of the file in a directory */
	char *path;    /* absolute; NULL: standard output */
	struct record_template *tmpl;
};

struct report_outputs {
	struct report_output *items;
	size_t count;
	bool
	    is_check; /* the one format is for a monitoring system: the exit status says the grade */
};

void report_outputs_release(struct report_outputs *outs); /* zeroed ones are fine */

/* One more, named by its format (ERR_USAGE with the names there are if directory has none of that
 * name; naming one twice is once), or by the path of a program. */
int report_outputs_add(
    struct report_outputs *outs, const char *directory, const char *format, struct err *err);
void report_outputs_add_program(struct report_outputs *outs, const char *path);

/* Compile them (library: where `include` looks, besides beside the program) and decide where they
 * go: where is "-" (one output only), a directory (there already, or with "/" at its end, or more
 * than one output), or a file. ERR_USAGE, ERR_CONFIG. */
int report_outputs_open(
    struct report_outputs *outs, const char *library, const char *where, struct err *err);

/* Run the program over the document and write what it makes: a file is complete or not touched
 * (mode 0666 less mask), missing directories are made; what is no regular file is written to. */
int report_output_write(const struct report_output *out, const struct buf *document, mode_t mask,
    uint64_t *ret_bytes, struct err *err);

/* Is the output of that format read by a monitoring system, which wants an exit status of its own? */
bool report_format_is_check(const char *name);

/* Exit status that monitoring plug-ins have for a grade: 0 good, 1 warning, 2 critical, 3 else. */
int report_check_status(enum record_grade grade);

#endif
