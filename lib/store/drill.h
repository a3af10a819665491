/*
 * What restore tests brought back and how long it took, as a series remembers it: the baselines that
 * the next test is judged by, and the rotating comparison with live files.
 *
 * Included through store/store.h.
 */
#ifndef STORE_DRILL_H
#define STORE_DRILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct store;

struct store_drill_table {
	const char *name;
	uint64_t rows;
};

/* One test that ended in a pass or a fail. -1: not known, or not measured. */
struct store_drill {
	int64_t series_id, backup_id;
	int64_t time;        /* of the backup */
	int64_t at;          /* of the test */
	const char *verdict; /* pass, fail */
	const char *reason;  /* NULL: none */
	int64_t size;        /* of the backup */
	int64_t bytes, files, tables, rows;
	int64_t ms, fetch_ms, unpack_ms, start_ms, load_ms, check_ms;
	int64_t rto_ms; /* what was asked for */
	bool listed;    /* list has the rows of every table */
	const struct store_drill_table *list;
	size_t list_count;
};

/* The passes of other backups of a series that are older than time, each backup's last one, newest
 * backup first, at most max: what that one is judged by. Strings and lists live during the call. */
typedef void store_drill_fn(void *arg, const struct store_drill *drill);
int store_drill_seen(struct store *store, int64_t series_id, int64_t backup_id, int64_t time,
    size_t max, store_drill_fn *fn, void *arg, struct err *err);

/* The last tests of a series, newest first, at most max; without lists. */
int store_drill_history(struct store *store, int64_t series_id, size_t max, store_drill_fn *fn,
    void *arg, struct err *err);

/* How long the last tests of a series took that brought it back, at most STORE_DRILL_TIMES of them: what
 * took longer than rto_minutes was brought back too. */
#define STORE_DRILL_TIMES 100
struct store_drill_times {
	size_t tests;      /* 0: nothing below is known */
	int64_t target_ms; /* what rto_minutes asked for in the newest; -1: nothing */
	int64_t last_ms, median_ms, worst_ms;
};
int store_drill_times(
    struct store *store, int64_t series_id, struct store_drill_times *ret_times, struct err *err);

/* A person takes it as right that name (a table; "files", "bytes", …) is as it is since the backup of
 * that time: what was seen of it before does not count any more. Inside a transaction. */
int store_drill_accept(struct store *store, int64_t series_id, const char *name, int64_t time,
    int64_t at, struct err *err);
typedef void store_accepted_fn(void *arg, const char *name, int64_t time);
int store_drill_accepted(
    struct store *store, int64_t series_id, store_accepted_fn *fn, void *arg, struct err *err);

/* One comparison of a sample with the live files: an entry of the ledger. */
struct store_compared {
	int64_t series_id, backup_id, at;
	const char *after; /* the sample began behind this path; NULL: at the start */
	const char *last;  /* its last path */
	const char *next;  /* the next one begins behind this */
	bool round_done;
	uint64_t same, differing, newer, unread;
};
int store_compared_put(struct store *store, const struct store_compared *compared, struct err *err);

/* Behind which path the next comparison of a series begins, appended to path: 1, 0 at the start, -1. */
int store_compared_next(struct store *store, int64_t series_id, struct buf *path, struct err *err);

#endif
