// The lines of a scan: the live backups of a location in tree order, then what went.
#include <stdlib.h>
#include <string.h>

#include "store/scan_private.h"

#define LINE_COLUMNS                                                                                  \
	"SELECT b.id, b.dir_id, b.name, b.size, b.mtime, b.first_seen, b.state, b.status, b.reasons," \
	" b.series_id, b.touched"
#define PART         1024 /* numbers, of the parts that threads share out */
#define SERIES_SLOTS 64   /* that are remembered: neighbours are mostly of a few series */

/* CROSS JOIN fixes the order of the loops: rows come in the order of the indexes, without a sort. */
static const char sql_tree[] =
    LINE_COLUMNS " FROM dir AS d CROSS JOIN backup AS b ON b.dir_id = d.id AND b.live = 1"
		 " WHERE d.location_id = ?1 ORDER BY d.path, b.name";
/* The same by number, for a location that is much of the table: the rows of others are passed over. */
static const char sql_range[] =
    LINE_COLUMNS " FROM backup AS b WHERE b.id BETWEEN ?1 AND ?2 AND b.live = 1";
/* The last number; 0 if the location is less than a quarter of the table. */
static const char sql_last[] =
    "SELECT CASE WHEN 4 * sum(s.count + s.growing + s.stalled) >= b.last THEN b.last ELSE 0 END"
    " FROM series AS s, (SELECT max(id) AS last FROM backup) AS b WHERE s.location_id = ?1";
static const char sql_dir[] = "SELECT path, location_id FROM dir WHERE id = ?1";
static const char sql_tree_touched[] =
    LINE_COLUMNS " FROM dir AS d CROSS JOIN backup AS b ON b.dir_id = d.id AND b.live = 1"
		 " WHERE d.location_id = ?1 AND b.touched = ?2 ORDER BY d.path, b.name";
static const char sql_gone[] =
    LINE_COLUMNS " FROM backup AS b CROSS JOIN dir AS d ON d.id = b.dir_id"
		 " WHERE d.location_id = ?1 AND b.live = 0 AND b.touched = ?2";
static const char sql_vanished[] =
    LINE_COLUMNS " FROM backup AS b CROSS JOIN dir AS d ON d.id = b.dir_id"
		 " WHERE b.state = 'vanished' AND b.status = 'failed' AND b.accepted_at IS NULL"
		 " AND d.location_id = ?1 AND b.touched IS NOT ?2";
static const char sql_one[] =
    LINE_COLUMNS " FROM backup AS b CROSS JOIN dir AS d ON d.id = b.dir_id"
		 " WHERE b.id = ?3 AND b.live = ?4"
		 " AND ?1 IS NOT NULL AND ?2 IS NOT NULL";
static const char sql_series[] = "SELECT name, latest_id FROM series WHERE id = ?1";
static const char sql_location[] = "SELECT host, name, path FROM location WHERE id = ?1";

enum phase { PHASE_LIVE, PHASE_GONE, PHASE_VANISHED, PHASE_END };

struct line_series {
	int64_t id, latest_id;
	char *name;
};

struct store_scan_cursor {
	struct store *store;
	int64_t location_id, run_id;
	const int64_t *ids; /* what was touched, of the scan; NULL: ask the rows */
	uint64_t id_count, at;
	bool only_touched;
	bool by_part;                    /* live ones by number, see store_scan_lines_by_part */
	const struct store_spool *spool; /* that has the parts; NULL: the store */
	struct store_spool_reader reader;
	int64_t now;
	bool first;  /* nothing was known before: nothing is gone */
	bool is_row; /* the statement has not ended */
	bool by_id;  /* the statement is run once for each id */
	enum phase phase;
	sqlite3_stmt *st;
	char *host, *name, *root;
	struct buf path;
	size_t dir_len; /* of path that is the directory */
	int64_t dir_id;
	bool is_ours; /* that directory */
	struct line_series series[SERIES_SLOTS];
};

static int
read_location(struct store_scan_cursor *c, struct err *err)
{
	sqlite3_stmt *st = store_stmt(c->store, sql_location, err);
	int r;

	if (!st)
		return -1;
	store_bind_int(st, 1, c->location_id);
	r = store_step(c->store, st, err);
	if (r > 0) {
		c->host = mem_strdup(store_text(st, 0));
		c->name = mem_strdup(store_text(st, 1));
		store_add_path(&c->path, st, 2);
		c->root = mem_strdup(c->path.data);
	}
	store_reset(st);
	return r < 0 ? -1 : 0;
}

/* The statement of the present phase. */
static int
begin_phase(struct store_scan_cursor *c, struct err *err)
{
	const char *sql = NULL;

	(void)sqlite3_finalize(c->st);
	c->st = NULL;
	c->at = c->phase == PHASE_GONE && c->first ? c->id_count : 0;
	switch (c->phase) {
	case PHASE_LIVE:
		if (!c->only_touched)
			sql = c->by_part ? sql_range : sql_tree;
		else
			sql = c->ids || !c->id_count ? sql_one : sql_tree_touched;
		break;
	case PHASE_GONE:
		sql = c->ids || !c->id_count || c->first ? sql_one : sql_gone;
		break;
	case PHASE_VANISHED:
		sql = sql_vanished;
		break;
	case PHASE_END:
		return 0;
	}
	c->by_id = sql == sql_one;
	c->st = store_prepare(c->store, sql, err);
	if (!c->st)
		return -1;
	if (sql == sql_range)
		return 0;
	store_bind_int(c->st, 1, c->location_id);
	if (sql != sql_tree)
		store_bind_int(c->st, 2, c->run_id);
	if (c->by_id)
		store_bind_int(c->st, 4, c->phase == PHASE_LIVE);
	return 0;
}

static struct store_scan_cursor *
new_cursor(const struct store_scan *scan, struct store *store)
{
	struct store_scan_cursor *c = mem_alloc(sizeof(*c));

	*c = (struct store_scan_cursor){
	    .store = store,
	    .location_id = scan->options.location_id,
	    .run_id = scan->options.run_id,
	    .now = scan->options.now,
	    .reader.part = BUF_INIT,
	    .path = BUF_INIT,
	};
	return c;
}

static int
open_cursor(struct store_scan_cursor *c, struct store_scan_cursor **ret_cursor, struct err *err)
{
	if (read_location(c, err) < 0 || begin_phase(c, err) < 0) {
		store_scan_lines_close(c);
		return -1;
	}
	*ret_cursor = c;
	return 0;
}

int
store_scan_lines(const struct store_scan *scan, enum store_scan_which which,
    struct store_scan_cursor **ret_cursor, struct err *err)
{
	struct store_scan_cursor *c = new_cursor(scan, scan->store);

	c->only_touched = which == STORE_SCAN_TOUCHED;
	c->phase = which == STORE_SCAN_GONE ? PHASE_GONE : PHASE_LIVE;
	c->id_count = store_scan_touched(scan, &c->ids);
	c->first = scan->direct;
	if (c->first && !c->ids)
		c->id_count = c->only_touched ? c->id_count : 0;
	return open_cursor(c, ret_cursor, err);
}

/* ---------------------------------------------------------------- by number */
int
store_scan_parts(const struct store_scan *scan, size_t *ret_count, struct err *err)
{
	int64_t last = 0;

	*ret_count = scan->spool ? store_spool_end(scan->spool) : 0;
	if (*ret_count)
		return 0;
	if (store_scan_ask(scan, sql_last, &last, err) < 0)
		return -1;
	*ret_count = (size_t)((last + PART - 1) / PART);
	return 0;
}

int
store_scan_lines_by_part(const struct store_scan *scan, struct store *store,
    struct store_scan_cursor **ret_cursor, struct err *err)
{
	struct store_scan_cursor *c = new_cursor(scan, store);

	c->by_part = true;
	if (scan->spool && store_spool_end(scan->spool))
		c->spool = scan->spool;
	return open_cursor(c, ret_cursor, err);
}

static void
go_to(struct store_scan_cursor *c, int64_t first, int64_t last)
{
	(void)sqlite3_reset(c->st);
	store_bind_int(c->st, 1, first);
	store_bind_int(c->st, 2, last);
}

int
store_scan_lines_go(struct store_scan_cursor *c, size_t part, struct err *err)
{
	int64_t first = 1 + (int64_t)part * PART;

	if (c->spool)
		return store_spool_go(c->spool, &c->reader, part, err);
	go_to(c, first, first + PART - 1);
	return 0;
}

/* ---------------------------------------------------------------- one line */
/* 1: the directory is of this location. */
static int
read_dir(struct store_scan_cursor *c, int64_t id, struct err *err)
{
	sqlite3_stmt *st;
	int r;

	if (id != c->dir_id) {
		st = store_stmt(c->store, sql_dir, err);
		if (!st)
			return -1;
		store_bind_int(st, 1, id);
		r = store_step(c->store, st, err);
		buf_clear(&c->path);
		buf_str(&c->path, c->root);
		if (r > 0) {
			store_add_path(&c->path, st, 0);
			c->is_ours = sqlite3_column_int64(st, 1) == c->location_id;
		}
		c->dir_id = id;
		c->dir_len = c->path.len;
		store_reset(st);
		if (r <= 0)
			return r;
	}
	c->path.len = c->dir_len;
	return c->is_ours;
}

static int
find_series(
    struct store_scan_cursor *c, int64_t id, const struct line_series **ret, struct err *err)
{
	struct line_series *series = &c->series[(uint64_t)id % SERIES_SLOTS];
	sqlite3_stmt *st;
	int r;

	*ret = series;
	if (series->id == id)
		return 0;
	st = store_stmt(c->store, sql_series, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, id);
	r = store_step(c->store, st, err);
	if (r > 0) {
		free(series->name);
		*series = (struct line_series){.id = id,
		    .name = mem_strdup(store_text(st, 0)),
		    .latest_id = sqlite3_column_int64(st, 1)};
	}
	store_reset(st);
	return r < 0 ? -1 : 0;
}

/* Of the directory and file that path names: what a line of any state has. */
static int
begin_line(struct store_scan_cursor *c, int64_t id, int64_t series_id, struct store_backup *b,
    struct err *err)
{
	const struct line_series *series;

	if (find_series(c, series_id, &series, err) < 0)
		return -1;
	*b = (struct store_backup){
	    .id = id,
	    .location_id = c->location_id,
	    .host = c->host,
	    .location = c->name,
	    .series = series->name,
	    .series_id = series->id,
	    .path = c->path.data,
	    .live = c->phase == PHASE_LIVE,
	    .latest = series->latest_id == id,
	    .completed_at = CLOCK_NONE,
	    .gone_at = CLOCK_NONE,
	    .verify_at = CLOCK_NONE,
	    .restore_at = CLOCK_NONE,
	};
	return 1;
}

static int
read_row(struct store_scan_cursor *c, struct store_backup *b, bool *ret_touched, struct err *err)
{
	sqlite3_stmt *st = c->st;
	int r = read_dir(c, sqlite3_column_int64(st, 1), err);

	if (r <= 0)
		return r;
	store_add_path(&c->path, st, 2);
	if (begin_line(c, sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 9), b, err) < 0)
		return -1;
	b->size = (uint64_t)sqlite3_column_int64(st, 3);
	b->mtime = sqlite3_column_int64(st, 4);
	b->first_seen = sqlite3_column_int64(st, 5);
	b->time = b->mtime < b->first_seen ? b->mtime : b->first_seen;
	b->state = store_text(st, 6);
	b->status = store_text(st, 7);
	b->reasons = store_text(st, 8);
	/* What was wrong with a backup that is gone as it should be is nobody's finding any more. */
	if (b->state[0] == 'e') {
		b->status = "ok";
		b->reasons = NULL;
	}
	*ret_touched =
	    sqlite3_column_type(st, 10) != SQLITE_NULL && sqlite3_column_int64(st, 10) == c->run_id;
	return 1;
}

static int
read_spooled(struct store_scan_cursor *c, const struct store_spool_row *row, const char *name,
    struct store_backup *b, bool *ret_touched, struct err *err)
{
	int r = read_dir(c, row->dir_id, err);

	if (r <= 0)
		return r;
	store_add_name(&c->path, name, row->name_len);
	if (begin_line(c, row->id, row->series_id, b, err) < 0)
		return -1;
	b->size = row->size;
	b->mtime = row->mtime;
	b->first_seen = c->now;
	b->time = b->mtime < c->now ? b->mtime : c->now;
	b->state = record_word(RECORD_LIST_STATE, RECORD_STATE_COMPLETE);
	b->status = record_word(RECORD_LIST_STATUS, RECORD_STATUS_OK);
	*ret_touched = true;
	return 1;
}

static int
next_spooled(
    struct store_scan_cursor *c, struct store_backup *b, bool *ret_touched, struct err *err)
{
	struct store_spool_row row;
	const char *name;
	int r;

	while (store_spool_next(c->spool, &c->reader, &row, &name)) {
		if (row.name_len)
			return read_spooled(c, &row, name, b, ret_touched, err);
		go_to(c, row.id, row.id);
		r = store_step(c->store, c->st, err);
		if (r)
			return r < 0 ? -1 : read_row(c, b, ret_touched, err);
	}
	return 0;
}

static int
step(struct store_scan_cursor *c, struct err *err)
{
	int r;

	if (!c->by_id)
		return store_step(c->store, c->st, err);
	while (c->at < c->id_count) {
		(void)sqlite3_reset(c->st);
		store_bind_int(c->st, 3, c->ids[c->at++]);
		r = store_step(c->store, c->st, err);
		if (r)
			return r;
	}
	return 0;
}

int
store_scan_lines_next(struct store_scan_cursor *c, struct store_backup *ret_backup,
    bool *ret_touched, struct err *err)
{
	int r;

	if (c->spool)
		return next_spooled(c, ret_backup, ret_touched, err);
	while (c->phase != PHASE_END) {
		r = step(c, err);
		c->is_row = r > 0;
		if (r > 0)
			r = read_row(c, ret_backup, ret_touched, err);
		if (r)
			return r;
		if (c->is_row)
			continue;
		if (c->by_part)
			return 0;
		c->phase++;
		if (begin_phase(c, err) < 0)
			return -1;
	}
	return 0;
}

void
store_scan_lines_close(struct store_scan_cursor *c)
{
	if (!c)
		return;
	(void)sqlite3_finalize(c->st);
	buf_release(&c->reader.part);
	buf_release(&c->path);
	for (size_t i = 0; i < SERIES_SLOTS; i++)
		free(c->series[i].name);
	free(c->host);
	free(c->name);
	free(c->root);
	free(c);
}
