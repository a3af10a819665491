/*
 * store: everything bkm knows, in one SQLite file that any number of stages share.
 *
 * The API speaks records and ids, never statements; all SQL text of bkm is in this folder. WAL with
 * synchronous=FULL: what a function here has committed survives a power cut. Writes happen between
 * store_begin and store_commit; no write transaction is ever held while hashing, restoring, sending
 * or waiting for input. A struct store belongs to one thread.
 *
 * Every function returns 0 (or 1 where an iterator has one more row), or -1 and err; ERR_STORE ends
 * the run.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "store/scan.h"

struct store;

enum store_mode {
	STORE_READ_WRITE, /* created and migrated where needed */
	STORE_READ_ONLY,  /* must exist with the present schema; nothing is written */
	STORE_BESIDE, /* writes for another thread of this process, and leaves checkpoints to its store */
};

/*
 * Open (and, for STORE_READ_WRITE, create and migrate) the store at path. Opening is serialised by
 * flock on "PATH-lock". Refused with a message: a file that is no store of bkm, a newer schema
 * (both numbers are named), a damaged database, a place that cannot be written (ERR_DENIED if only
 * the right is missing: then STORE_READ_ONLY may do). The file is created 0600.
 */
int store_open(struct store **ret_store, const char *path, enum store_mode mode, struct err *err);
void store_close(struct store *store); /* NULL is fine; an open transaction is rolled back */

const char *store_uuid(const struct store *store); /* what records carry as `store` */

/* One write transaction at a time (BEGIN IMMEDIATE, waiting up to 30 s for other writers). */
int store_begin(struct store *store, struct err *err);
int store_commit(struct store *store, struct err *err);

/* Many look-ups in a row see one state and take the locks once. Ended by every write too; never to be
 * left open while waiting. Nothing to do is fine. */
int store_read_begin(struct store *store, struct err *err);
void store_read_end(struct store *store);
int store_read_again(struct store *store, struct err *err); /* 1: sees what is new; 0: always did */

void store_rollback(struct store *store); /* nothing to do is fine */
bool store_in_transaction(const struct store *store);

/* One unchanging view of the store for many reads, until store_rollback; nothing is written in it. */
int store_begin_read(struct store *store, struct err *err);

/* ---------------------------------------------------------------- runs (run.c)
 * A live run holds a lock that the kernel releases when the process ends, however it ends. */
struct store_run {
	int64_t id;
	char uuid[37];
	char command[32]; /* "bkm-scan" */
	char host[256];
	int64_t pid;
	int64_t started;
	int64_t ended; /* CLOCK_NONE while it has not ended */
	int64_t ms;
	char ended_by[16]; /* "exit", "SIGPIPE", …; "" while it has not ended */
	int exit_status;
	uint64_t findings;
	uint64_t errors;
};

/* Insert a row and take its lock (held until store_close). Fills id and uuid of run from its
 * command, host, pid and started. Commits by itself. */
int store_run_start(struct store *store, struct store_run *run, struct err *err);

/* Write ended, ms, ended_by, exit_status, findings, errors and counts (JSON object or NULL). */
int store_run_end(
    struct store *store, const struct store_run *run, const char *counts, struct err *err);

enum store_run_fate {
	STORE_RUN_UNKNOWN, /* not in this store */
	STORE_RUN_ALIVE,   /* holds its lock */
	STORE_RUN_ENDED,   /* run->ended_by says how */
	STORE_RUN_DEAD,    /* neither: killed, crashed, power cut */
};

/* What became of the run with this uuid; fills ret_run unless UNKNOWN. */
int store_run_fate(struct store *store, const char *uuid, enum store_run_fate *ret_fate,
    struct store_run *ret_run, struct err *err);

/* Iterate the newest run of each command on this host (newest first): fn is called with each and
 * its fate; a non-zero return of fn stops and is returned. */
typedef int store_run_fn(void *arg, const struct store_run *run, enum store_run_fate fate);
int store_run_latest(
    struct store *store, const char *host, store_run_fn *fn, void *arg, struct err *err);

/* ---------------------------------------------------------------- locations (location.c) */
struct store_location {
	int64_t id;
	char *host, *name, *type, *unit; /* owned by the struct */
	char *path;
	char *status;  /* NULL: never scanned */
	char *reasons; /* JSON array, or NULL */
	char *device;
	char *naming;       /* see store_scan_regroup; or NULL */
	int64_t free_bytes; /* -1 unknown */
	int64_t first_scan, last_scan, last_reached, empty_since; /* CLOCK_NONE unknown */
};
void store_location_release(struct store_location *loc);

/* Find or create by (host, name); brings path, type and unit up to date. Fills ret_loc. */
int store_location_ensure(struct store *store, const char *host, const char *name, const char *path,
    const char *type, const char *unit, struct store_location *ret_loc, struct err *err);

/* 1 found, 0 not there, -1 error. */
int store_location_find(struct store *store, const char *host, const char *name,
    struct store_location *ret_loc, struct err *err);

/* ---------------------------------------------------------------- backups (backup.c)
 * One row as the records need it; strings are valid until the next call on the cursor. */
struct store_backup {
	int64_t id;
	int64_t location_id;
	const char *host, *location; /* text */
	const char *series;
	int64_t series_id;
	const char *path; /* absolute bytes, a C string */
	uint64_t size;
	int64_t mtime;
	uint32_t mtime_nsec;
	int64_t time; /* the earlier of mtime and first_seen */
	int64_t first_seen;
	int64_t completed_at; /* CLOCK_NONE */
	int64_t gone_at;      /* CLOCK_NONE while on disk */
	bool live;
	bool latest; /* the newest complete one of its series */
	const char *state, *status;
	const char *reasons;        /* JSON array or NULL */
	const char *entries;        /* unit: directory: digest over its sorted entries, or NULL */
	const char *verification;   /* JSON object of the standing verdict, or NULL */
	const char *restore;        /* the same */
	const char *verify_verdict; /* words, or NULL */
	const char *verify_level;
	int64_t verify_at;
	const char *restore_verdict;
	int64_t restore_at;
};

struct store_backup_query {
	int64_t location_id; /* 0: all */
	const char *host;    /* NULL: all */
	int64_t since;       /* only backups whose time is at or after; CLOCK_NONE: all */
	int64_t series_id;   /* 0: all */
	bool
	    newest_first; /* by location, series, newest first; default: location, directory, name */
	bool with_gone;   /* superseded, vanished and expired ones too; implies newest_first */
};

struct store_cursor;

int store_backups(struct store *store, const struct store_backup_query *query,
    struct store_cursor **ret_cursor, struct err *err);
int
store_backups_next(struct store_cursor *cursor, struct store_backup *ret_backup, struct err *err);
void store_cursor_close(struct store_cursor *cursor);

/* The ids alone, in the default order, for a location and since; each goes to add. */
int store_backup_ids(struct store *store, int64_t location_id, int64_t since,
    void (*add)(void *arg, int64_t id), void *arg, struct err *err);

/* The live row of an absolute path in a location: 1 found, 0 not, -1. Strings are valid until the
 * next call with the same store, store_begin included. */
int store_backup_by_path(struct store *store, int64_t location_id, const char *path,
    struct store_backup *ret_backup, struct err *err);
int store_backup_by_id(
    struct store *store, int64_t id, struct store_backup *ret_backup, struct err *err);

/* These numbers will be asked for next, in this order: between store_read_begin and store_read_end,
 * store_backup_by_id and store_verify_state then read many with one statement. Copied; 0 of them
 * ends it. Other numbers may be asked for at any time. */
void store_backup_ahead(struct store *store, const int64_t *ids, size_t count);

#include "store/alert.h"
#include "store/report.h"
#include "store/restore.h"
#include "store/score.h"
#include "store/signals.h"
#include "store/verify.h"

#endif
