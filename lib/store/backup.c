// Reading backups back: one cursor and two look-ups over the same columns.
#include <stdlib.h>
#include <string.h>

#include "store/store_private.h"

/*
 * latest: the newest complete one of its series, as the last scan left it in the series' row.
 * CROSS JOIN fixes the order of the loops, so that rows come in the order asked for without a sort.
 */
#define BACKUP_COLUMNS "SELECT " STORE_BACKUP_COLUMNS
#define BACKUP_FROM_DIRS                                                                           \
	" FROM location AS l CROSS JOIN dir AS d ON d.location_id = l.id"                          \
	" CROSS JOIN backup AS b ON b.dir_id = d.id JOIN series AS s ON s.id = b.series_id"        \
	" LEFT JOIN standing AS v ON v.backup_id = b.id"
#define BACKUP_FROM_SERIES                                                                         \
	" FROM location AS l CROSS JOIN series AS s ON s.location_id = l.id"                       \
	" CROSS JOIN backup AS b ON b.series_id = s.id JOIN dir AS d ON d.id = b.dir_id"           \
	" LEFT JOIN standing AS v ON v.backup_id = b.id"

/* ?1 location or NULL, ?2 host or NULL, ?3 since or NULL, ?4 series or NULL */
#define BACKUP_WHERE                                                                               \
	" WHERE (?1 IS NULL OR l.id = ?1) AND (?2 IS NULL OR l.host = ?2)"                         \
	" AND (?3 IS NULL OR b.time >= ?3)"
#define IN_SERIES_ORDER                                                                            \
	" AND (?4 IS NULL OR s.id = ?4) ORDER BY l.id, s.name, b.time DESC, b.id DESC"

static const char sql_by_id[] =
    BACKUP_COLUMNS " FROM backup AS b" STORE_BACKUP_JOINS " WHERE b.id = ?1";
static const char sql_ids[] =
    "SELECT b.id FROM dir AS d CROSS JOIN backup AS b ON b.dir_id = d.id"
    " WHERE d.location_id = ?1 AND (?2 IS NULL OR b.time >= ?2) AND b.live = 1"
    " ORDER BY d.path, b.name";
static const char sql_by_name[] = BACKUP_COLUMNS BACKUP_FROM_DIRS
    " WHERE l.id = ?1 AND d.path = ?2 AND b.name = ?3 AND b.live = 1";
static const char sql_in_tree_order[] =
    BACKUP_COLUMNS BACKUP_FROM_DIRS BACKUP_WHERE " AND b.live = 1 ORDER BY l.id, d.path, b.name";
static const char sql_live_by_series[] =
    BACKUP_COLUMNS BACKUP_FROM_SERIES BACKUP_WHERE " AND b.live = 1" IN_SERIES_ORDER;
static const char sql_all_by_series[] =
    BACKUP_COLUMNS BACKUP_FROM_SERIES BACKUP_WHERE IN_SERIES_ORDER;

struct store_cursor {
	struct store *store;
	sqlite3_stmt *st;
	struct buf path;
};

void
store_add_name(struct buf *path, const void *name, size_t len)
{
	if (!len)
		return;
	if (path->len && path->data[path->len - 1] != '/')
		buf_char(path, '/');
	buf_add(path, name, len);
}

void
store_add_path(struct buf *path, sqlite3_stmt *st, int col)
{
	const void *data = sqlite3_column_blob(st, col);

	store_add_name(path, data, (size_t)sqlite3_column_bytes(st, col));
}

void
store_backup_read(sqlite3_stmt *st, struct buf *path, struct store_backup *b)
{
	buf_clear(path);
	store_add_path(path, st, 6);
	store_add_path(path, st, 7);
	store_add_path(path, st, 8);
	*b = (struct store_backup){
	    .id = sqlite3_column_int64(st, 0),
	    .location_id = sqlite3_column_int64(st, 1),
	    .host = store_text(st, 2),
	    .location = store_text(st, 3),
	    .series = store_text(st, 4),
	    .series_id = sqlite3_column_int64(st, 5),
	    .path = path->data,
	    .size = (uint64_t)sqlite3_column_int64(st, 9),
	    .mtime = sqlite3_column_int64(st, 10),
	    .mtime_nsec = (uint32_t)sqlite3_column_int64(st, 11),
	    .time = sqlite3_column_int64(st, 12),
	    .first_seen = sqlite3_column_int64(st, 13),
	    .completed_at = store_time(st, 14),
	    .gone_at = store_time(st, 15),
	    .live = sqlite3_column_int(st, 16) != 0,
	    .latest = sqlite3_column_int(st, 17) != 0,
	    .state = store_text(st, 18),
	    .status = store_text(st, 19),
	    .reasons = store_text(st, 20),
	    .entries = store_text(st, 21),
	    .verification = store_text(st, 22),
	    .restore = store_text(st, 23),
	    .verify_verdict = store_text(st, 24),
	    .verify_level = store_text(st, 25),
	    .verify_at = store_time(st, 26),
	    .restore_verdict = store_text(st, 27),
	    .restore_at = store_time(st, 28),
	};
}

static void
bind_optional(sqlite3_stmt *st, int i, int64_t id)
{
	if (id)
		store_bind_int(st, i, id);
}

static const char *
sql_of(const struct store_backup_query *query)
{
	if (query->with_gone)
		return sql_all_by_series;
	return query->newest_first || query->series_id ? sql_live_by_series : sql_in_tree_order;
}

int
store_backups(struct store *store, const struct store_backup_query *query,
    struct store_cursor **ret_cursor, struct err *err)
{
	struct store_cursor *cursor;
	sqlite3_stmt *st = store_prepare(store, sql_of(query), err);

	if (!st)
		return -1;
	bind_optional(st, 1, query->location_id);
	if (query->host)
		store_bind_text(st, 2, query->host);
	store_bind_time(st, 3, query->since);
	if (sqlite3_bind_parameter_count(st) >= 4)
		bind_optional(st, 4, query->series_id);
	cursor = mem_alloc(sizeof(*cursor));
	cursor->store = store;
	cursor->st = st;
	cursor->path = BUF_INIT;
	*ret_cursor = cursor;
	return 0;
}

int
store_backups_next(struct store_cursor *cursor, struct store_backup *ret_backup, struct err *err)
{
	int r = store_step(cursor->store, cursor->st, err);

	if (r > 0)
		store_backup_read(cursor->st, &cursor->path, ret_backup);
	return r;
}

void
store_cursor_close(struct store_cursor *cursor)
{
	if (!cursor)
		return;
	(void)sqlite3_finalize(cursor->st);
	buf_release(&cursor->path);
	free(cursor);
}

void
store_backup_own(struct buf *out, struct store_backup *b)
{
	const char **const texts[] = {&b->host, &b->location, &b->series, &b->state, &b->status,
	    &b->reasons, &b->entries, &b->verification, &b->restore, &b->verify_verdict,
	    &b->verify_level, &b->restore_verdict};
	size_t lens[ARRAY_LEN(texts)], need = 0;
	char *room;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		lens[i] = *texts[i] ? strlen(*texts[i]) + 1 : 0;
		need += lens[i];
	}
	buf_clear(out);
	room = buf_reserve(out, need);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (!lens[i])
			continue;
		memcpy(room, *texts[i], lens[i]);
		*texts[i] = room;
		room += lens[i];
	}
}

int
store_backup_ids(struct store *store, int64_t location_id, int64_t since,
    void (*add)(void *arg, int64_t id), void *arg, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_ids, err);
	int r;

	if (!st)
		return -1;
	store_bind_int(st, 1, location_id);
	store_bind_time(st, 2, since);
	while ((r = store_step(store, st, err)) > 0)
		add(arg, sqlite3_column_int64(st, 0));
	store_reset(st);
	return r;
}

/*
 * Let go of the statement: one that stays on its row keeps a read transaction open, and the next
 * write of this process would then fail at once because another process has written in between.
 */
static void
keep_row(struct store *store, sqlite3_stmt *st, struct store_backup *b)
{
	store_backup_own(&store->row_buf, b);
	store_reset(st);
	if (store->reading)
		store->row = *b;
}

int
store_backup_by_id(
    struct store *store, int64_t id, struct store_backup *ret_backup, struct err *err)
{
	const struct store_backup *ahead = store_ahead_row(store, id);
	sqlite3_stmt *st;
	int r;

	if (ahead) {
		*ret_backup = *ahead;
		return 1;
	}
	/* Inside one read transaction the answer to the same question is the same. */
	if (store->reading && id && store->row.id == id) {
		*ret_backup = store->row;
		return 1;
	}
	st = store_stmt(store, sql_by_id, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, id);
	r = store_step(store, st, err);
	if (r > 0) {
		store_backup_read(st, &store->path_buf, ret_backup);
		keep_row(store, st, ret_backup);
	}
	return r;
}

/* The location's path as a string in out; 1 found. */
static int
location_path(struct store *store, int64_t location_id, struct buf *out, struct err *err)
{
	static const char sql[] = "SELECT path FROM location WHERE id = ?1";
	sqlite3_stmt *st = store_stmt(store, sql, err);
	int r;

	if (!st)
		return -1;
	store_bind_int(st, 1, location_id);
	r = store_step(store, st, err);
	if (r > 0)
		buf_add(out, sqlite3_column_blob(st, 0), (size_t)sqlite3_column_bytes(st, 0));
	store_reset(st);
	return r;
}

int
store_backup_by_path(struct store *store, int64_t location_id, const char *path,
    struct store_backup *ret_backup, struct err *err)
{
	struct buf root = BUF_INIT;
	const char *rel, *name;
	sqlite3_stmt *st;
	int r = location_path(store, location_id, &root, err);

	if (r <= 0)
		goto out;
	r = 0;
	if (!path_is_below(path, root.data))
		goto out;
	rel = path + root.len;
	rel += strspn(rel, "/");
	name = path_base(rel);
	r = -1;
	st = store_stmt(store, sql_by_name, err);
	if (!st)
		goto out;
	store_bind_int(st, 1, location_id);
	store_bind_blob(st, 2, rel, name > rel ? (size_t)(name - rel - 1) : 0);
	store_bind_blob(st, 3, name, strlen(name));
	r = store_step(store, st, err);
	if (r > 0) {
		store_backup_read(st, &store->path_buf, ret_backup);
		keep_row(store, st, ret_backup);
	}
out:
	buf_release(&root);
	return r;
}

void
store_backup_let_go(struct store *store)
{
	(void)store_stmt(store, sql_by_id, NULL);
	(void)store_stmt(store, sql_by_name, NULL);
}
