/*
 * Inside the store: statements prepared once per store and kept, and the small helpers that every
 * file of this folder binds and reads with.
 *
 *	static const char sql_find[] = "SELECT id FROM location WHERE host = ?1 AND name = ?2";
 *
 *	sqlite3_stmt *st = store_stmt(store, sql_find, err);
 *	if (!st)
 *		return -1;
 *	store_bind_text(st, 1, host);
 *	…
 *	r = store_step(store, st, err);        // 1 a row, 0 done, -1
 *	…
 *	store_reset(st);
 */
#ifndef STORE_STORE_PRIVATE_H
#define STORE_STORE_PRIVATE_H

#include <sqlite3.h>

#include "store/store.h"

#define STORE_APPLICATION_ID 0x424b4d31 /* "BKM1" */

struct store_cached;

struct store {
	sqlite3 *db;
	char *path;
	char uuid[37];
	bool read_only;
	bool beside;     /* STORE_BESIDE */
	bool reading;    /* between store_read_begin and store_read_end */
	int run_lock_fd; /* the file of run locks, -1 until the first run */
	struct store_cached *cache;
	size_t cache_count, cache_cap;
	bool series_busy;        /* a cursor over series has the kept statement */
	struct buf path_buf;     /* backs store_backup.path of the one-row look-ups */
	struct buf row_buf;      /* backs its other strings */
	struct store_backup row; /* the last one of them, while reading; id 0: none */
	struct store_ahead *ahead;
};

/* The prepared statement of sql, reset and without bindings; prepared once, keyed by the address
 * of sql, which must be a constant. NULL and err on failure. Two uses of one sql must not overlap. */
sqlite3_stmt *store_stmt(struct store *store, const char *sql, struct err *err);

/* Finalize all of them: the store is about to close. */
void store_forget_statements(struct store *store);

/* Prepare a statement of its own, for cursors that may overlap; sqlite3_finalize() it. */
sqlite3_stmt *store_prepare(struct store *store, const char *sql, struct err *err);

void store_bind_text(sqlite3_stmt *st, int i, const char *text); /* NULL: NULL */
void store_bind_blob(sqlite3_stmt *st, int i, const void *data, size_t len);
void store_bind_int(sqlite3_stmt *st, int i, int64_t v);
void store_bind_time(sqlite3_stmt *st, int i, int64_t t); /* CLOCK_NONE: NULL */

const char *store_text(sqlite3_stmt *st, int col); /* NULL for NULL; valid until the next step */
int64_t store_time(sqlite3_stmt *st, int col);     /* CLOCK_NONE for NULL */

/* Append a path component, or the one of a column, with a slash before it where one is needed. */
void store_add_name(struct buf *path, const void *name, size_t len);
void store_add_path(struct buf *path, sqlite3_stmt *st, int col);

/* 1 a row, 0 done, -1 and err. */
int store_step(struct store *store, sqlite3_stmt *st, struct err *err);
void store_reset(sqlite3_stmt *st);

/* Run a statement that yields no row. */
int store_run_stmt(struct store *store, sqlite3_stmt *st, struct err *err);
int store_exec(struct store *store, const char *sql, struct err *err);
int64_t store_last_id(struct store *store);
int store_changes(struct store *store);

/* Take or drop the lock on one byte of the file of run locks: 1 done, 0 another process has it, -1.
 * It ends with the process, however that ends. */
int store_lock_byte(struct store *store, int64_t offset, bool take, struct err *err);

/* Rows that are asked for in a known order (ahead.c): NULL if this one was not read ahead. */
const struct store_backup *store_ahead_row(struct store *store, int64_t id);
const struct store_verify_state *
store_ahead_state(struct store *store, int64_t id, const char *algorithm);
void store_ahead_end(struct store *store); /* the read transaction is over */

/* What a row of a backup is read from, and what is known about it (backup.c, verify.c). */
#define STORE_BACKUP_COLUMNS                                                                       \
	"b.id, l.id, l.host, l.name, s.name, b.series_id, l.path, d.path, b.name, b.size,"         \
	" b.mtime, b.mtime_nsec, b.time, b.first_seen, b.completed_at, b.gone_at, b.live,"         \
	" b.id = s.latest_id,"                                                                     \
	" b.state, b.status, b.reasons, b.entries, v.verify_record, v.restore_record,"             \
	" v.verify_verdict, v.verify_level, v.verify_at, v.restore_verdict, v.restore_at"
#define STORE_BACKUP_JOINS                                                                         \
	" JOIN dir AS d ON d.id = b.dir_id JOIN series AS s ON s.id = b.series_id"                 \
	" JOIN location AS l ON l.id = d.location_id LEFT JOIN standing AS v ON v.backup_id = b.id"
#define STORE_BACKUP_COUNT 29
void store_backup_read(sqlite3_stmt *st, struct buf *path, struct store_backup *b);
/* Give the row strings of its own, in out. */
void store_backup_own(struct buf *out, struct store_backup *b);

/* ?2 the algorithm */
#define STORE_STATE_COLUMNS                                                                        \
	"w.size_verdict, w.size_at, w.timestamp_verdict, w.timestamp_at,"                          \
	" w.checksum_verdict, w.checksum_at, w.content_verdict, w.content_at, w.error_at,"         \
	" n.digest, n.at, n.source,"                                                               \
	" (SELECT p.mtime FROM backup AS p WHERE p.dir_id = b.dir_id AND p.name = b.name"          \
	" AND p.live = 0 AND p.gone_at = b.first_seen ORDER BY p.id DESC LIMIT 1), w.tampering"
#define STORE_STATE_JOINS                                                                          \
	" LEFT JOIN verify_state AS w ON w.backup_id = b.id"                                       \
	" LEFT JOIN baseline AS n ON n.backup_id = b.id AND n.algorithm = ?2"
void store_state_read(sqlite3_stmt *st, int col, struct store_verify_state *s); /* from col on */

/* From now on a thread carries the log over into the store; NULL: there is none, go on as usual. Ends
 * the automatic checkpoints of this connection, which are to be set again behind the stop. */
struct store_checkpoint;
struct store_checkpoint *store_checkpoint_start(struct store *store);
void store_checkpoint_now(struct store_checkpoint *c);                       /* NULL is fine */
void store_checkpoint_stop(struct store *store, struct store_checkpoint *c); /* NULL is fine */

/* Beside a row of restore (restore.c, drill.c). */
int store_drill_put(
    struct store *store, int64_t restore_id, const struct store_drill *drill, struct err *err);

/* A random UUID (RFC 4122, version 4) from the kernel. */
int store_make_uuid(char out[37], struct err *err);

/* End the look-ups of backup.c; what they returned is invalid. */
void store_backup_let_go(struct store *store);

#endif
