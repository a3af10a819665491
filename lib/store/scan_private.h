/*
 * Inside store_scan: what its files share.
 */
#ifndef STORE_SCAN_PRIVATE_H
#define STORE_SCAN_PRIVATE_H

#include "store/spool.h"
#include "store/store_private.h"

#define STORE_SCAN_TOUCHED_MAX 65536 /* ids remembered; more are found again by run_id */
#define STORE_SCAN_SLOTS       1024  /* series whose changes are summed up before a commit */

/* What a change of rows does to the numbers of a series. */
struct store_scan_delta {
	int64_t count, bytes, growing, stalled, findings, completed;
};

struct store_scan_slot {
	int64_t id; /* 0: free */
	uint64_t hash;
	char *name;
	size_t name_len;
	struct store_scan_delta delta;
	int64_t first; /* earliest time among the changes */
	bool dirty;
};

struct store_scan_text { /* where the strings of a known row are in the arena */
	size_t name, reasons, entries;
	bool has_reasons, has_entries;
};

#define STORE_SCAN_ROWS 32 /* inserted by one statement: a third cheaper than one by one */

struct store_scan_new { /* a row that waits for the others of its statement */
	int64_t dir_id, series_id, time, mtime;
	uint64_t size, device, inode;
	uint32_t mtime_nsec;
	size_t name, name_len; /* in waiting_text */
};

struct store_scan {
	struct store *store;
	struct store_scan_options options;
	struct store_checkpoint *checkpoint; /* of a first scan */
	struct store_spool *spool;           /* of a first scan: its rows */
	bool direct;   /* nothing is known: rows are written as the walk goes */
	bool regroups; /* rows have been moved between series: see store_scan_regroup */
	uint64_t known;
	uint64_t rows; /* since the last commit */

	int64_t dir_id;
	bool dir_is_new;
	bool dir_changes;   /* something was noted in it */
	struct buf listing; /* of the directory at hand, as it was */
	struct buf listed;  /* to be written: id, length and listing of directories */
	uint8_t *seen;      /* one bit a directory id */
	size_t seen_cap;

	struct buf arena; /* of the rows of store_scan_known */
	struct store_scan_text *texts;
	size_t texts_cap;

	struct store_scan_slot *slots;
	struct store_scan_new waiting[STORE_SCAN_ROWS];
	size_t waiting_count;
	struct buf waiting_text;
	int64_t *touched;
	uint64_t touched_count;
	size_t touched_cap;
};

/* A write transaction is open afterwards; one that has grown to a batch was committed before. */
int store_scan_write(struct store_scan *scan, struct err *err);
/* A transaction that writes temporary tables only is open afterwards. */
int store_scan_note(struct store_scan *scan, struct err *err);

void store_scan_touch(struct store_scan *scan, int64_t id);

/* Insert a row for seen in directory dir_id, with the next ones or at the next flush. */
int store_scan_insert(
    struct store_scan *scan, int64_t dir_id, const struct store_seen *seen, struct err *err);
int store_scan_flush_rows(struct store_scan *scan, struct err *err);

/* Write what store_scan_listed remembers. */
int store_scan_flush_listed(struct store_scan *scan, struct err *err);
/* Before the rows of directories change: what is known of their listings is over. */
int store_scan_unlist(struct store_scan *scan, struct err *err);

/* The slot of a series, found or created; valid until the next call. */
int store_scan_series(struct store_scan *scan, const char *name, size_t len, int64_t time,
    struct store_scan_slot **ret_slot, struct err *err);
/* A row as the numbers of its series see it. */
struct store_scan_row {
	enum record_state state;
	uint64_t size;
	bool failed;
	const char *reasons; /* JSON array or NULL */
};
struct store_scan_row store_scan_row_of(const struct store_seen *seen);
/* Add sign times what the row counts to delta. */
void store_scan_count(struct store_scan_delta *delta, const struct store_scan_row *row, int sign);
/* Apply a delta to a series that is known by id. */
int store_scan_bump(struct store_scan *scan, int64_t series_id,
    const struct store_scan_delta *delta, struct err *err);
int store_scan_flush_series(struct store_scan *scan, struct err *err);
void store_scan_free_series(struct store_scan *scan);

/* Work out what is stale in the series of the location. */
int store_scan_settle(struct store_scan *scan, struct err *err);

enum record_state store_state(const char *word);

/* The first column of the first row of a query about the location ?1; 0 if there is none. */
int store_scan_ask(const struct store_scan *scan, const char *sql, int64_t *ret, struct err *err);

/* Append the bytes of a column and a NUL to the arena; where they begin. */
size_t store_scan_keep(struct buf *arena, sqlite3_stmt *st, int col);

#endif
