/*
 * Inside report: the document while it grows.
 */
#ifndef REPORT_REPORT_PRIVATE_H
#define REPORT_REPORT_PRIVATE_H

#include <inttypes.h>

#include "report/report.h"

struct report_day {
	uint32_t backups, good, failed, missed;
	bool has_bytes;
	uint64_t bytes; /* per series the largest complete backup of the day, summed */
	bool series_has;
	uint64_t series_max; /* of the series that is being added */
};

struct report_item { /* one thing that needs attention */
	enum record_severity severity;
	int rank;           /* smaller is more urgent among the same severity */
	const char *reason; /* constant: a word */
	int64_t since;
	char *location, *series, *path, *what, *why, *todo;
	size_t order; /* keeps the sort stable */
};

struct report_chunk { /* ready JSON with what it is sorted by */
	int rank;
	double score;
	int64_t time;
	char *name;
	struct buf json;
};

struct report_list {
	struct report_chunk *items;
	size_t count, cap;
};

struct report {
	struct report_options options;
	char *app, *host, *version, *store;
	int64_t first_day; /* days since 1970 */
	size_t day_count;

	/* Of the location that is being added. */
	struct report_location location; /* its texts are the caller's until report_location_end */
	struct report_day *days;
	struct report_list series, recent;
	size_t recent_seen;
	char *group;      /* series of the last backup */
	int64_t evidence; /* the first thing known about the location */
	uint64_t backup_count, backup_bytes;
	size_t first_item; /* its items in `items` begin here */

	struct report_list locations, alerts, runs;
	struct report_item *items;
	size_t item_count, item_cap;
	size_t grades[5]; /* by enum record_grade */
	size_t alert_seen;
	struct record scratch; /* for taking verdicts apart */
};

/* days.c */
void report_days_init(struct report *r);
void report_days_clear(struct report *r);
void report_days_backup(struct report *r, const struct report_backup *b, bool failed);
void report_days_series_done(struct report *r);
void report_days_json(const struct report *r, struct json *j);

/* attention.c */
void report_item_release(struct report_item *item);
void report_attend_location(struct report *r);
void report_attend_backup(struct report *r, const struct report_backup *b);
void report_attend_series(struct report *r, const struct report_series *s);
void report_attend_health(struct report *r, const struct report_health *h);
void report_attend_run(struct report *r, const struct report_run *run);
void report_items_json(struct report *r, struct json *j);

/* advice.c: what a reason means and what to do about it; NULL-safe, never NULL. */
const char *report_advice_why(const char *reason);
const char *report_advice_todo(const char *reason);

/* list.c */
struct report_chunk *report_list_add(struct report_list *list);
void report_list_cut(struct report_list *list, size_t count); /* keeps the first ones */
void report_list_clear(struct report_list *list);
void report_list_release(struct report_list *list);
/* The chunks in order: by rank, then by score, both ascending, then by time, newest first, then
 * by name. */
void report_list_sort(struct report_list *list);
void report_list_json(const struct report_list *list, size_t max, struct json *j);

/* location.c: score, grade and what belongs to them, as members of the object that is open */
void report_health_json(struct json *j, const struct report_health *h);

/* verdict.c: the JSON object of a standing verdict, taken apart; texts are cut to their room. */
struct report_verdict {
	int verdict; /* enum record_verdict; 0: none */
	char reason[64];
	int64_t at;
};
void report_verdict_read(struct report *r, const char *json, struct report_verdict *ret_verdict);

/* The parts of it that a report shows, as member key. */
void report_verdict_json(struct report *r, struct json *j, const char *key, const char *json);

/* format.c */
bool report_format_valid(const char *name);
const char *report_format_extension(const char *name); /* of its files */

/* write.c: all of the text or what was there before; through a link; mode for new files. */
int report_write(const char *path, const struct buf *text, mode_t mode, struct err *err);

/* The first word of a JSON array, into out; "" for none. */
void report_first_word(struct report *r, const char *json_array, char *out, size_t size);

/* JSON array text as member key; left out unless it is one. */
void report_array_json(struct json *j, const char *key, const char *json_array);

#endif
