// Statements: prepared once per store and kept, bound, stepped, and what went wrong with them.
#include <stdlib.h>
#include <string.h>

#include "store/store_private.h"

struct store_cached {
	const char *sql;
	sqlite3_stmt *st;
};

/* "store '%s': message" from the database handle; -1. */
static int
fail(struct store *store, struct err *err)
{
	int code = sqlite3_errcode(store->db) & 0xff;
	const char *what = sqlite3_errmsg(store->db);

	if (code == SQLITE_FULL)
		return err_set(err, ERR_STORE, "cannot write store '%s': no space left (%s)",
		    store->path, what);
	if (code == SQLITE_READONLY || code == SQLITE_PERM)
		return err_set(
		    err, ERR_STORE, "cannot write store '%s': it is read-only", store->path);
	if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
		return err_set(err, ERR_STORE, "store '%s' is damaged: %s", store->path, what);
	if (code == SQLITE_BUSY)
		return err_set(err, ERR_STORE,
		    "store '%s' is busy: another process held it for too long", store->path);
	return err_set(err, ERR_STORE, "store '%s': %s", store->path, what);
}

int
store_exec(struct store *store, const char *sql, struct err *err)
{
	if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return fail(store, err);
	return 0;
}

sqlite3_stmt *
store_prepare(struct store *store, const char *sql, struct err *err)
{
	sqlite3_stmt *st = NULL;

	if (sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL) !=
	    SQLITE_OK) {
		(void)fail(store, err);
		return NULL;
	}
	return st;
}

sqlite3_stmt *
store_stmt(struct store *store, const char *sql, struct err *err)
{
	struct store_cached *c;

	for (size_t i = 0; i < store->cache_count; i++) {
		c = &store->cache[i];
		if (c->sql == sql) {
			store_reset(c->st);
			return c->st;
		}
	}
	MEM_GROW(store->cache, store->cache_count, store->cache_cap);
	c = &store->cache[store->cache_count];
	c->sql = sql;
	c->st = store_prepare(store, sql, err);
	if (!c->st)
		return NULL;
	store->cache_count++;
	return c->st;
}

void
store_bind_text(sqlite3_stmt *st, int i, const char *text)
{
	(void)sqlite3_bind_text(st, i, text, -1, SQLITE_TRANSIENT);
}

void
store_bind_blob(sqlite3_stmt *st, int i, const void *data, size_t len)
{
	(void)sqlite3_bind_blob64(st, i, len ? data : "", len, SQLITE_TRANSIENT);
}

void
store_bind_int(sqlite3_stmt *st, int i, int64_t v)
{
	(void)sqlite3_bind_int64(st, i, v);
}

void
store_bind_time(sqlite3_stmt *st, int i, int64_t t)
{
	if (t == CLOCK_NONE)
		(void)sqlite3_bind_null(st, i);
	else
		(void)sqlite3_bind_int64(st, i, t);
}

const char *
store_text(sqlite3_stmt *st, int col)
{
	return (const char *)sqlite3_column_text(st, col);
}

int64_t
store_time(sqlite3_stmt *st, int col)
{
	return sqlite3_column_type(st, col) == SQLITE_NULL ? CLOCK_NONE
							   : sqlite3_column_int64(st, col);
}

int
store_step(struct store *store, sqlite3_stmt *st, struct err *err)
{
	switch (sqlite3_step(st)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return fail(store, err);
	}
}

void
store_reset(sqlite3_stmt *st)
{
	(void)sqlite3_reset(st);
	(void)sqlite3_clear_bindings(st);
}

int
store_run_stmt(struct store *store, sqlite3_stmt *st, struct err *err)
{
	int r;

	/* A look-up that is older than what another process wrote cannot become a write: SQLite would
	 * say busy at once. */
	if (store->reading)
		store_read_end(store);
	r = store_step(store, st, err);
	(void)sqlite3_reset(st); /* what is bound goes with the next store_stmt */
	return r < 0 ? -1 : 0;
}

int64_t
store_last_id(struct store *store)
{
	return sqlite3_last_insert_rowid(store->db);
}

int
store_changes(struct store *store)
{
	return sqlite3_changes(store->db);
}

void
store_forget_statements(struct store *store)
{
	for (size_t i = 0; i < store->cache_count; i++)
		(void)sqlite3_finalize(store->cache[i].st);
	free(store->cache);
}
