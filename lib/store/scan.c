// One scan of a location: the known rows of a directory out, what became of them noted.
#include <stdlib.h>
#include <string.h>

#include "store/scan_private.h"

#define SCAN_LOCK_BASE ((int64_t)1 << 62) /* behind the bytes that runs lock */

/* id: the row that goes on, NULL for a new one. */
static const char sql_temp[] =
    "CREATE TEMP TABLE IF NOT EXISTS scan_seen (seq INTEGER PRIMARY KEY, id INTEGER,"
    " replaces INTEGER NOT NULL, dir_id INTEGER NOT NULL, name BLOB NOT NULL, size INTEGER,"
    " mtime INTEGER, mtime_nsec INTEGER, device INTEGER, inode INTEGER, entries TEXT, series TEXT,"
    " state TEXT, status TEXT, reasons TEXT, changed_at INTEGER);"
    "CREATE INDEX IF NOT EXISTS temp.scan_seen_inode ON scan_seen (inode) WHERE id IS NULL;"
    "CREATE TEMP TABLE IF NOT EXISTS scan_gone (id INTEGER PRIMARY KEY, replaced INTEGER NOT NULL,"
    " early INTEGER NOT NULL DEFAULT 0);"
    "CREATE TEMP TABLE IF NOT EXISTS scan_move (seq INTEGER PRIMARY KEY, id INTEGER UNIQUE);"
    "DELETE FROM temp.scan_seen; DELETE FROM temp.scan_gone; DELETE FROM temp.scan_move;";
static const char sql_any_live[] =
    "SELECT 1 FROM dir AS d CROSS JOIN backup AS b ON b.dir_id = d.id AND b.live = 1"
    " WHERE d.location_id = ?1 LIMIT 1";
static const char sql_known_count[] =
    "SELECT coalesce(sum(count + growing + stalled), 0) FROM series WHERE location_id = ?1";
static const char sql_findings[] =
    "SELECT coalesce(sum(findings), 0) FROM series WHERE location_id = ?1";
static const char sql_vanished[] =
    "SELECT count(*) FROM backup AS b JOIN dir AS d ON d.id = b.dir_id WHERE d.location_id = ?1"
    " AND b.state = 'vanished' AND b.status = 'failed' AND b.accepted_at IS NULL";
static const char sql_known[] =
    "SELECT id, name, size, mtime, mtime_nsec, device, inode, state, reasons, entries, first_seen,"
    " changed_at FROM backup WHERE dir_id = ?1 AND live = 1 AND name > ?2 ORDER BY name LIMIT ?3";
static const char sql_note[] =
    "INSERT INTO temp.scan_seen (id, replaces, dir_id, name, size, mtime, mtime_nsec, device, inode,"
    " entries, series, state, status, reasons, changed_at)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
static const char sql_gone[] =
    "INSERT OR IGNORE INTO temp.scan_gone (id, replaced) VALUES (?1, ?2)";
static const char sql_end[] =
    "UPDATE location SET status = ?2, reasons = ?3, device = coalesce(?4, device),"
    " free_bytes = ?5, first_scan = coalesce(first_scan, ?6), last_scan = ?6,"
    " last_reached = CASE WHEN ?7 THEN ?6 ELSE last_reached END,"
    " empty_since = CASE WHEN ?8 THEN coalesce(empty_since, ?6) END WHERE id = ?1";

int
store_scan_lock(struct store *store, int64_t location_id, struct err *err)
{
	return store_lock_byte(store, SCAN_LOCK_BASE + location_id, true, err);
}

void
store_scan_unlock(struct store *store, int64_t location_id)
{
	(void)store_lock_byte(store, SCAN_LOCK_BASE + location_id, false, NULL);
}

enum record_state
store_state(const char *word)
{
	return (enum record_state)record_word_find(RECORD_LIST_STATE, word);
}

int
store_scan_ask(const struct store_scan *scan, const char *sql, int64_t *ret, struct err *err)
{
	sqlite3_stmt *st = store_stmt(scan->store, sql, err);
	int r;

	if (!st)
		return -1;
	store_bind_int(st, 1, scan->options.location_id);
	r = store_step(scan->store, st, err);
	*ret = r > 0 ? sqlite3_column_int64(st, 0) : 0;
	store_reset(st);
	return r < 0 ? -1 : 0;
}

/* While a scan is not over nothing that it wrote has been said to anybody: a power cut may take it. The
 * commit of its end makes all of it last; fewer and longer checkpoints do for the rest. */
static int
be_quick(struct store *store, struct err *err)
{
	return store_exec(
	    store, "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000", err);
}

static int
be_safe(struct store *store, struct err *err)
{
	return store_exec(store, "PRAGMA synchronous = FULL", err);
}

int
store_scan_begin(struct store *store, const struct store_scan_options *options,
    struct store_scan **ret_scan, struct err *err)
{
	struct store_scan *scan = mem_alloc(sizeof(*scan));
	int64_t live = 0, known = 0;

	scan->store = store;
	scan->options = *options;
	scan->arena = BUF_INIT;
	scan->waiting_text = BUF_INIT;
	scan->listing = BUF_INIT;
	scan->listed = BUF_INIT;
	scan->slots = mem_array(STORE_SCAN_SLOTS, sizeof(*scan->slots));
	if (be_quick(store, err) < 0 || store_exec(store, sql_temp, err) < 0 ||
	    store_scan_ask(scan, sql_any_live, &live, err) < 0 ||
	    store_scan_ask(scan, sql_known_count, &known, err) < 0) {
		store_scan_free(scan);
		return -1;
	}
	scan->direct = live == 0;
	if (scan->direct) {
		scan->checkpoint = store_checkpoint_start(store);
		scan->spool = store_spool_new(store->path);
	}
	scan->known = live ? (uint64_t)known : 0;
	*ret_scan = scan;
	return 0;
}

void
store_scan_free(struct store_scan *scan)
{
	if (!scan)
		return;
	store_rollback(scan->store);
	store_checkpoint_stop(scan->store, scan->checkpoint);
	(void)be_safe(scan->store, NULL);
	(void)store_exec(scan->store, "PRAGMA wal_autocheckpoint = 1000", NULL);
	store_scan_free_series(scan);
	store_spool_free(scan->spool);
	buf_release(&scan->arena);
	buf_release(&scan->waiting_text);
	buf_release(&scan->listing);
	buf_release(&scan->listed);
	free(scan->texts);
	free(scan->seen);
	free(scan->touched);
	free(scan);
}

bool
store_scan_is_first(const struct store_scan *scan)
{
	return scan->direct;
}

uint64_t
store_scan_known_count(const struct store_scan *scan)
{
	return scan->known;
}

int
store_scan_findings(
    struct store_scan *scan, uint64_t *ret_findings, uint64_t *ret_vanished, struct err *err)
{
	int64_t findings = 0, vanished = 0;

	if (store_scan_ask(scan, sql_findings, &findings, err) < 0 ||
	    store_scan_ask(scan, sql_vanished, &vanished, err) < 0)
		return -1;
	*ret_findings = (uint64_t)(findings + vanished);
	*ret_vanished = (uint64_t)vanished;
	return 0;
}

void
store_scan_touch(struct store_scan *scan, int64_t id)
{
	if (scan->touched_count < STORE_SCAN_TOUCHED_MAX) {
		MEM_GROW(scan->touched, (size_t)scan->touched_count, scan->touched_cap);
		scan->touched[scan->touched_count] = id;
	}
	scan->touched_count++;
}

uint64_t
store_scan_touched(const struct store_scan *scan, const int64_t **ret_ids)
{
	bool all = scan->touched_count <= STORE_SCAN_TOUCHED_MAX && !scan->options.repeats;

	*ret_ids = all ? scan->touched : NULL;
	return scan->options.repeats ? UINT64_MAX : scan->touched_count;
}

/* ---------------------------------------------------------------- transactions */
int
store_scan_flush(struct store_scan *scan, struct err *err)
{
	if (!store_in_transaction(scan->store))
		return 0;
	if (store_scan_flush_rows(scan, err) < 0 || store_scan_flush_series(scan, err) < 0 ||
	    store_commit(scan->store, err) < 0)
		return -1;
	scan->rows = 0;
	return 0;
}

int
store_scan_write(struct store_scan *scan, struct err *err)
{
	if (scan->rows >= STORE_SCAN_BATCH && store_scan_flush(scan, err) < 0)
		return -1;
	scan->rows++;
	if (store_in_transaction(scan->store))
		return 0;
	return store_begin(scan->store, err);
}

int
store_scan_note(struct store_scan *scan, struct err *err)
{
	if (scan->rows >= STORE_SCAN_BATCH && store_scan_flush(scan, err) < 0)
		return -1;
	scan->rows++;
	if (store_in_transaction(scan->store))
		return 0;
	return store_exec(scan->store, "BEGIN", err);
}

/* ---------------------------------------------------------------- what is known */
size_t
store_scan_keep(struct buf *arena, sqlite3_stmt *st, int col)
{
	size_t at = arena->len;

	buf_add(arena, sqlite3_column_blob(st, col), (size_t)sqlite3_column_bytes(st, col));
	buf_char(arena, '\0');
	return at;
}

static void
read_known(struct store_scan *scan, sqlite3_stmt *st, size_t i, struct store_known *row)
{
	struct store_scan_text *t;

	MEM_GROW(scan->texts, i, scan->texts_cap);
	t = &scan->texts[i];
	*row = (struct store_known){
	    .id = sqlite3_column_int64(st, 0),
	    .name_len = (size_t)sqlite3_column_bytes(st, 1),
	    .size = (uint64_t)sqlite3_column_int64(st, 2),
	    .mtime = sqlite3_column_int64(st, 3),
	    .mtime_nsec = (uint32_t)sqlite3_column_int64(st, 4),
	    .device = (uint64_t)sqlite3_column_int64(st, 5),
	    .inode = (uint64_t)sqlite3_column_int64(st, 6),
	    .state = store_state(store_text(st, 7)),
	    .first_seen = sqlite3_column_int64(st, 10),
	    .changed_at = sqlite3_column_int64(st, 11),
	};
	*t = (struct store_scan_text){.name = store_scan_keep(&scan->arena, st, 1)};
	t->has_reasons = sqlite3_column_type(st, 8) != SQLITE_NULL;
	t->has_entries = sqlite3_column_type(st, 9) != SQLITE_NULL;
	if (t->has_reasons)
		t->reasons = store_scan_keep(&scan->arena, st, 8);
	if (t->has_entries)
		t->entries = store_scan_keep(&scan->arena, st, 9);
}

int
store_scan_known(struct store_scan *scan, const char *after, size_t after_len,
    struct store_known *rows, size_t max, size_t *ret_count, struct err *err)
{
	sqlite3_stmt *st;
	size_t n = 0;
	int r;

	*ret_count = 0;
	if (scan->direct || scan->dir_is_new)
		return 0;
	st = store_stmt(scan->store, sql_known, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, scan->dir_id);
	store_bind_blob(st, 2, after, after_len);
	store_bind_int(st, 3, (int64_t)max);
	buf_clear(&scan->arena);
	while (n < max && (r = store_step(scan->store, st, err)) > 0) {
		read_known(scan, st, n, &rows[n]);
		n++;
	}
	store_reset(st);
	if (n < max && r < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct store_scan_text *t = &scan->texts[i];

		rows[i].name = scan->arena.data + t->name;
		rows[i].reasons = t->has_reasons ? scan->arena.data + t->reasons : NULL;
		rows[i].entries = t->has_entries ? scan->arena.data + t->entries : NULL;
	}
	*ret_count = n;
	return 0;
}

/* ---------------------------------------------------------------- what became of it */
static int
note_seen(struct store_scan *scan, int64_t id, int64_t replaces, const struct store_seen *seen,
    struct err *err)
{
	sqlite3_stmt *st;

	scan->dir_changes = true;
	if (store_scan_note(scan, err) < 0)
		return -1;
	st = store_stmt(scan->store, sql_note, err);
	if (!st)
		return -1;
	if (id)
		store_bind_int(st, 1, id);
	store_bind_int(st, 2, replaces);
	store_bind_int(st, 3, scan->dir_id);
	store_bind_blob(st, 4, seen->name, seen->name_len);
	store_bind_int(st, 5, (int64_t)seen->size);
	store_bind_int(st, 6, seen->mtime);
	store_bind_int(st, 7, seen->mtime_nsec);
	store_bind_int(st, 8, (int64_t)seen->device);
	store_bind_int(st, 9, (int64_t)seen->inode);
	store_bind_text(st, 10, seen->entries);
	(void)sqlite3_bind_text(st, 11, seen->series, (int)seen->series_len, SQLITE_TRANSIENT);
	store_bind_text(st, 12, record_word(RECORD_LIST_STATE, (int)seen->state));
	store_bind_text(st, 13, record_word(RECORD_LIST_STATUS, (int)seen->status));
	store_bind_text(st, 14, seen->reasons);
	store_bind_int(st, 15, seen->changed_at);
	return store_run_stmt(scan->store, st, err);
}

static int
note_gone(struct store_scan *scan, int64_t id, bool replaced, struct err *err)
{
	sqlite3_stmt *st;

	scan->dir_changes = true;
	if (store_scan_note(scan, err) < 0)
		return -1;
	st = store_stmt(scan->store, sql_gone, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, id);
	store_bind_int(st, 2, replaced);
	return store_run_stmt(scan->store, st, err);
}

int
store_scan_add(
    struct store_scan *scan, const struct store_seen *seen, int64_t replaces, struct err *err)
{
	if (replaces && note_gone(scan, replaces, true, err) < 0)
		return -1;
	if (!scan->direct)
		return note_seen(scan, 0, replaces, seen, err);
	if (store_scan_write(scan, err) < 0)
		return -1;
	return store_scan_insert(scan, scan->dir_id, seen, err);
}

int
store_scan_change(
    struct store_scan *scan, int64_t id, const struct store_seen *seen, struct err *err)
{
	return note_seen(scan, id, 0, seen, err);
}

int
store_scan_gone(struct store_scan *scan, int64_t id, struct err *err)
{
	return note_gone(scan, id, false, err);
}

int
store_scan_forget(struct store_scan *scan, struct err *err)
{
	if (store_scan_flush(scan, err) < 0)
		return -1;
	return store_exec(scan->store,
	    "DELETE FROM temp.scan_seen; DELETE FROM temp.scan_gone; DELETE FROM temp.scan_move;",
	    err);
}

int
store_scan_end(struct store_scan *scan, const struct store_scan_result *result, struct err *err)
{
	sqlite3_stmt *st;

	if (store_scan_flush_listed(scan, err) < 0 || store_scan_flush(scan, err) < 0 ||
	    be_safe(scan->store, err) < 0 || store_begin(scan->store, err) < 0)
		return -1;
	st = store_stmt(scan->store, sql_end, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, scan->options.location_id);
	store_bind_text(st, 2, record_word(RECORD_LIST_LOCATION_STATUS, (int)result->status));
	store_bind_text(st, 3, result->reasons);
	store_bind_text(st, 4, result->device);
	if (result->free_bytes >= 0)
		store_bind_int(st, 5, result->free_bytes);
	store_bind_int(st, 6, scan->options.now);
	store_bind_int(st, 7, result->reached);
	store_bind_int(st, 8, result->empty);
	if (store_run_stmt(scan->store, st, err) < 0 || store_commit(scan->store, err) < 0)
		return -1;
	store_checkpoint_now(scan->checkpoint);
	return 0;
}
