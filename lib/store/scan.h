/*
 * What a scan reads and writes: the known rows of a directory in the order of a listing, what became
 * of them, and the series they add up to.
 *
 * A scan of a location that the store knows nothing of writes as it walks, in transactions of at
 * most STORE_SCAN_BATCH rows. Every other scan only notes what is new, changed or gone (in temporary
 * tables that die with the process) and applies it at the end: so that a rename is one, a location
 * that turns out to be unmounted has lost nothing, and a scan that is killed has changed nothing
 * that the next one would not.
 *
 *	store_scan_begin
 *	store_scan_regroup                                        if the rules have changed
 *	store_scan_dir, store_scan_known …, store_scan_add | _change | _gone …, store_scan_listed
 *	store_scan_unseen
 *	store_scan_apply | store_scan_forget
 *	store_scan_end
 *	store_scan_free
 */
#ifndef STORE_SCAN_H
#define STORE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "record/record.h"

#define STORE_SCAN_BATCH 10000

struct store;
struct store_scan;

/* ---------------------------------------------------------------- series (series.c) */
struct store_series_member { /* a backup as a series names it; id 0: none */
	int64_t id;
	char *path; /* absolute bytes; owned by the series */
	uint64_t size;
	int64_t mtime;
	int64_t time; /* the earlier of mtime and first_seen */
};

struct store_series {
	int64_t id;
	int64_t location_id;
	const char *name;    /* valid until the next row */
	int64_t first_seen;  /* time of the first evidence */
	uint64_t count;      /* complete backups on disk */
	uint64_t bytes;      /* their size */
	uint64_t growing;    /* backups being written now */
	uint64_t stalled;    /* backups that stopped short */
	uint64_t completed;  /* generations that were ever complete */
	uint64_t members;    /* complete ones of different times ever: 0, 1, 2 = two or more */
	int64_t newest_time; /* of the newest success ever, gone or not; CLOCK_NONE */
	struct store_series_member newest; /* complete, on disk, not failed */
	struct store_series_member previous;
	const char *reasons; /* of the newest: JSON array or NULL */
};

struct store_series_cursor;

/* The series of a location by name: those that have, or ever had, a backup. Costs the same however
 * many backups there are. */
int store_series(
    struct store *store, int64_t location_id, struct store_series_cursor **ret, struct err *err);
/* 1 filled, 0 at the end, -1. Strings live until the next call. */
int
store_series_next(struct store_series_cursor *cursor, struct store_series *ret, struct err *err);
void store_series_close(struct store_series_cursor *cursor);

/* The path, relative to its location, of the newest generation of a series that was ever complete,
 * appended to path: 1, 0 none was, -1. */
int store_series_path(struct store *store, int64_t series_id, struct buf *path, struct err *err);

/* ---------------------------------------------------------------- one scan (scan.c) */

/* One scan of a location at a time, on this machine: 1 it is ours until store_close or
 * store_scan_unlock, 0 another process has it, -1. */
int store_scan_lock(struct store *store, int64_t location_id, struct err *err);
void store_scan_unlock(struct store *store, int64_t location_id);

struct store_scan_options {
	int64_t location_id;
	int64_t run_id; /* marks the rows that this scan changes */
	int64_t now;
	bool repeats; /* this run has scanned the location before */
	/* What the rules of the domain say; each gets arg. */
	void *arg;
	/* A backup (path relative to the location) has gone: was it early (1), or is it as it should
	 * be (0)? */
	bool (*is_early)(void *arg, const char *series, const char *path, int64_t time);
	/* early backups of a series went, count complete ones are left of usual: a finding? */
	bool (*is_loss)(void *arg, uint64_t early, uint64_t count, uint64_t usual);
	/* How a newly completed size compares with those before it (newest first): -1 far below,
	 * 0 as usual, 1 far above. */
	int (*band)(void *arg, uint64_t size, const uint64_t *before, size_t count);
};

int store_scan_begin(struct store *store, const struct store_scan_options *options,
    struct store_scan **ret_scan, struct err *err);
void store_scan_free(struct store_scan *scan); /* rolls back what is open; NULL is fine */

/* The rules by which series are named are not those of store_location.naming any more: give every
 * backup of the location, gone ones too, to the series that it belongs to now, and write naming (text
 * that tells the rules apart; NULL: none) when all is done, so that a scan that is killed leaves it to
 * the next one. A series that is left without a backup is no series any more for store_series.
 * series_of writes the name for a backup in a directory (both bytes, with a NUL behind) to out, at
 * most size - 1 bytes and a NUL, and returns its length. */
typedef size_t store_scan_series_fn(void *arg, const char *dir, size_t dir_len, const char *name,
    size_t name_len, char *out, size_t size);
int store_scan_regroup(struct store_scan *scan, const char *naming, store_scan_series_fn *series_of,
    size_t size, void *arg, struct err *err);

/* Nothing is known of the location: every backup will be new. */
bool store_scan_is_first(const struct store_scan *scan);

/* Backups that the store takes for being on disk. */
uint64_t store_scan_known_count(const struct store_scan *scan);

/* Go to a directory (path relative to the location, without NUL; "" is its root). */
int store_scan_dir(struct store_scan *scan, const char *path, size_t len, struct err *err);

/* What store_scan_listed was given for this directory, if no live row of it has changed since; else
 * NULL. Lives until the next store_scan_dir. */
const uint8_t *store_scan_listing(const struct store_scan *scan, size_t *ret_len);
/* The directory is done: remember that its rows are those of this listing, unless this scan noted a
 * change in it. */
int store_scan_listed(struct store_scan *scan, const uint8_t *listing, size_t len, struct err *err);

struct store_known {
	int64_t id;
	const char *name; /* bytes, with a NUL behind */
	size_t name_len;
	uint64_t size;
	int64_t mtime;
	uint32_t mtime_nsec;
	uint64_t device, inode;
	enum record_state state;
	const char *reasons; /* JSON array or NULL */
	const char *entries; /* or NULL */
	int64_t first_seen, changed_at;
};

/* The next live rows of this directory in the order of memcmp of their names: up to max of them from
 * the first one behind after (NULL: from the start). Strings live until the next call. */
int store_scan_known(struct store_scan *scan, const char *after, size_t after_len,
    struct store_known *rows, size_t max, size_t *ret_count, struct err *err);

struct store_seen { /* a backup as the walk sees it, and what the rules make of it */
	const char *name;
	size_t name_len;
	uint64_t size;
	int64_t mtime;
	uint32_t mtime_nsec;
	uint64_t device, inode;
	const char *entries; /* unit: directory, or NULL */
	const char *series;
	size_t series_len;
	enum record_state state;
	enum record_status status;
	const char *reasons; /* JSON array or NULL */
	int64_t changed_at;
};

/* In the present directory: a backup that was not there; one whose row id is of an earlier
 * generation of the same path (replaces), or 0. */
int store_scan_add(
    struct store_scan *scan, const struct store_seen *seen, int64_t replaces, struct err *err);
/* The row id goes on: it grew, or its state changed. */
int store_scan_change(
    struct store_scan *scan, int64_t id, const struct store_seen *seen, struct err *err);
/* The row id has no file any more. */
int store_scan_gone(struct store_scan *scan, int64_t id, struct err *err);

/* Commit what is open: before waiting. */
int store_scan_flush(struct store_scan *scan, struct err *err);

/* Rows of directories that this scan has not been to are gone, unless spared(arg, path) says that
 * the directory could not be looked at. */
int store_scan_unseen(struct store_scan *scan, bool (*spared)(void *arg, const char *path),
    void *arg, struct err *err);

/* Apply what was noted, in this order: renames, what is gone, what is new or changed; then bring
 * the series up to date. */
int store_scan_apply(struct store_scan *scan, struct err *err);

/* The location could not be looked at, or is not the one it was: forget what was noted. */
int store_scan_forget(struct store_scan *scan, struct err *err);

/* Backups of the location that are a finding by themselves: failed, vanished and not accepted, or
 * dated in the future. vanished: how many of them. */
int store_scan_findings(
    struct store_scan *scan, uint64_t *ret_findings, uint64_t *ret_vanished, struct err *err);

struct store_scan_result {
	enum record_location_status status;
	const char *reasons; /* JSON array or NULL */
	const char *device;  /* identity of its file system; NULL: as it was */
	int64_t free_bytes;  /* -1: not known */
	bool reached;
	bool empty;
};

/* The scan is over: one row of location. */
int
store_scan_end(struct store_scan *scan, const struct store_scan_result *result, struct err *err);

/* Rows that this scan changed; ids (ascending by time of change) if they are few enough to be
 * remembered, else NULL. */
uint64_t store_scan_touched(const struct store_scan *scan, const int64_t **ret_ids);

/* The lines of a location: its live backups by directory and name, then what this scan found gone,
 * and vanished ones that nobody has accepted. The scan must live longer than the cursor. */
enum store_scan_which {
	STORE_SCAN_ALL,
	STORE_SCAN_TOUCHED, /* of the live ones those that this scan changed */
	STORE_SCAN_GONE,    /* no live ones */
};
struct store_backup;
struct store_scan_cursor;
int store_scan_lines(const struct store_scan *scan, enum store_scan_which which,
    struct store_scan_cursor **ret_cursor, struct err *err);

/* The live ones alone, by their numbers and in parts, for threads that share them out. Each has a store
 * of its own; its cursor gives the backups of one part, then 0 until it goes to another. No parts: the
 * location is too small a part of the store to go by numbers. */
int store_scan_parts(const struct store_scan *scan, size_t *ret_count, struct err *err);
int store_scan_lines_by_part(const struct store_scan *scan, struct store *store,
    struct store_scan_cursor **ret_cursor, struct err *err);
int store_scan_lines_go(struct store_scan_cursor *cursor, size_t part, struct err *err);

/* 1, 0, -1; ret_touched: this scan changed it. Strings live until the next call. */
int store_scan_lines_next(struct store_scan_cursor *cursor, struct store_backup *ret_backup,
    bool *ret_touched, struct err *err);
void store_scan_lines_close(struct store_scan_cursor *cursor);

#endif
