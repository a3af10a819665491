// Rows of backups written, and what they do to the numbers of their series summed up.
#include <stdlib.h>
#include <string.h>

#include "store/scan_private.h"

/* OR ROLLBACK: a statement of many rows would copy each page that it changes, to take it back alone if
 * one of them was refused. None is; else it is the end of the scan. */
#define INSERT                                                                                                   \
	"INSERT OR ROLLBACK INTO backup (first_seen, changed_at, completed_at, touched, state, status, reasons," \
	" entries, dir_id, series_id, name, size, mtime, mtime_nsec, device, inode, time) VALUES "

static const char sql_insert_one[] =
    INSERT "(?1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";

/* Many of the kind that most are: complete, and nothing to say about them. ?1 is now, ?2 the run; a
 * bare ? counts on from there. */
#define PLAIN      "(?1, ?1, ?1, ?2, 'complete', 'ok', NULL, NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
#define PLAIN_ARGS 9
#define PLAIN4     PLAIN ", " PLAIN ", " PLAIN ", " PLAIN
#define PLAIN16    PLAIN4 ", " PLAIN4 ", " PLAIN4 ", " PLAIN4
static const char sql_insert_plain[] = INSERT PLAIN16 ", " PLAIN16;

static const char sql_series_find[] = "SELECT id FROM series WHERE location_id = ?1 AND name = ?2";
static const char sql_series_add[] =
    "INSERT INTO series (location_id, name, first_seen) VALUES (?1, ?2, ?3)";
static const char sql_series_bump[] =
    "UPDATE series SET count = count + ?2, bytes = bytes + ?3, growing = growing + ?4,"
    " stalled = stalled + ?5, completed = completed + ?6, first_seen = min(first_seen, ?7),"
    " findings = findings + ?8, stale = 1 WHERE id = ?1";

struct store_scan_row
store_scan_row_of(const struct store_seen *seen)
{
	return (struct store_scan_row){.state = seen->state,
	    .size = seen->size,
	    .failed = seen->status == RECORD_STATUS_FAILED,
	    .reasons = seen->reasons};
}

void
store_scan_count(struct store_scan_delta *delta, const struct store_scan_row *row, int sign)
{
	if (row->failed || (row->reasons && strstr(row->reasons, "\"future_mtime\"")))
		delta->findings += sign;
	switch (row->state) {
	case RECORD_STATE_COMPLETE:
		delta->count += sign;
		delta->bytes += sign * (int64_t)row->size;
		break;
	case RECORD_STATE_GROWING:
		delta->growing += sign;
		break;
	case RECORD_STATE_STALLED:
		delta->stalled += sign;
		break;
	case RECORD_STATE_NONE:
	case RECORD_STATE_VANISHED:
	case RECORD_STATE_EXPIRED:
		break;
	}
}

static int
bump(struct store_scan *scan, int64_t id, const struct store_scan_delta *delta, int64_t first,
    struct err *err)
{
	sqlite3_stmt *st = store_stmt(scan->store, sql_series_bump, err);

	if (!st)
		return -1;
	store_bind_int(st, 1, id);
	store_bind_int(st, 2, delta->count);
	store_bind_int(st, 3, delta->bytes);
	store_bind_int(st, 4, delta->growing);
	store_bind_int(st, 5, delta->stalled);
	store_bind_int(st, 6, delta->completed);
	store_bind_int(st, 7, first);
	store_bind_int(st, 8, delta->findings);
	return store_run_stmt(scan->store, st, err);
}

int
store_scan_bump(struct store_scan *scan, int64_t series_id, const struct store_scan_delta *delta,
    struct err *err)
{
	return bump(scan, series_id, delta, INT64_MAX, err);
}

static int
flush_slot(struct store_scan *scan, struct store_scan_slot *slot, struct err *err)
{
	if (!slot->dirty)
		return 0;
	if (bump(scan, slot->id, &slot->delta, slot->first, err) < 0)
		return -1;
	slot->delta = (struct store_scan_delta){0};
	slot->dirty = false;
	return 0;
}

int
store_scan_flush_series(struct store_scan *scan, struct err *err)
{
	for (size_t i = 0; i < STORE_SCAN_SLOTS; i++) {
		if (flush_slot(scan, &scan->slots[i], err) < 0)
			return -1;
	}
	return 0;
}

void
store_scan_free_series(struct store_scan *scan)
{
	for (size_t i = 0; scan->slots && i < STORE_SCAN_SLOTS; i++)
		free(scan->slots[i].name);
	free(scan->slots);
	scan->slots = NULL;
}

/* FNV-1a, eight bytes a step: names are short and this runs for every new backup. */
static uint64_t
hash_name(const char *name, size_t len)
{
	uint64_t h = 14695981039346656037U, word;

	for (; len >= sizeof(word); name += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, name, sizeof(word));
		h = (h ^ word) * 1099511628211U;
		h ^= h >> 32;
	}
	for (; len; name++, len--)
		h = (h ^ (uint8_t)*name) * 1099511628211U;
	return h ^ h >> 29;
}

static int
find_series(struct store_scan *scan, const char *name, size_t len, int64_t time, int64_t *ret_id,
    struct err *err)
{
	sqlite3_stmt *st = store_stmt(scan->store, sql_series_find, err);
	int r;

	if (!st)
		return -1;
	store_bind_int(st, 1, scan->options.location_id);
	(void)sqlite3_bind_text(st, 2, name, (int)len, SQLITE_STATIC);
	r = store_step(scan->store, st, err);
	if (r > 0)
		*ret_id = sqlite3_column_int64(st, 0);
	store_reset(st);
	if (r)
		return r < 0 ? -1 : 0;
	st = store_stmt(scan->store, sql_series_add, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, scan->options.location_id);
	(void)sqlite3_bind_text(st, 2, name, (int)len, SQLITE_STATIC);
	store_bind_int(st, 3, time);
	if (store_run_stmt(scan->store, st, err) < 0)
		return -1;
	*ret_id = store_last_id(scan->store);
	return 0;
}

int
store_scan_series(struct store_scan *scan, const char *name, size_t len, int64_t time,
    struct store_scan_slot **ret_slot, struct err *err)
{
	uint64_t h = hash_name(name, len);
	struct store_scan_slot *slot = &scan->slots[h % STORE_SCAN_SLOTS];

	if (!slot->id || slot->hash != h || slot->name_len != len ||
	    memcmp(slot->name, name, len) != 0) {
		if (flush_slot(scan, slot, err) < 0)
			return -1;
		free(slot->name);
		*slot = (struct store_scan_slot){.hash = h, .name_len = len, .first = time};
		slot->name = mem_strndup(name, len);
		if (find_series(scan, name, len, time, &slot->id, err) < 0)
			return -1;
	}
	if (time < slot->first)
		slot->first = time;
	*ret_slot = slot;
	return 0;
}

/* ---------------------------------------------------------------- rows */
/* What every row has of its own, from parameter i on. */
static void
bind_row(sqlite3_stmt *st, int i, const struct store_scan_new *row, const char *name)
{
	store_bind_int(st, i, row->dir_id);
	store_bind_int(st, i + 1, row->series_id);
	(void)sqlite3_bind_blob(st, i + 2, name, (int)row->name_len, SQLITE_STATIC);
	store_bind_int(st, i + 3, (int64_t)row->size);
	store_bind_int(st, i + 4, row->mtime);
	store_bind_int(st, i + 5, row->mtime_nsec);
	store_bind_int(st, i + 6, (int64_t)row->device);
	store_bind_int(st, i + 7, (int64_t)row->inode);
	store_bind_int(st, i + 8, row->time);
}

static void
bind_word(sqlite3_stmt *st, int i, const char *word)
{
	(void)sqlite3_bind_text(st, i, word, -1, SQLITE_STATIC);
}

/* It has been written under that id. name NULL: its line needs more than the spool keeps. */
static void
is_written(struct store_scan *scan, int64_t id, const struct store_scan_new *row, const char *name)
{
	store_scan_touch(scan, id);
	if (scan->spool)
		store_spool_add(scan->spool,
		    &(struct store_spool_row){.id = id,
			.dir_id = row->dir_id,
			.series_id = row->series_id,
			.mtime = row->mtime,
			.size = row->size,
			.name_len = name ? row->name_len : 0},
		    name);
}

static int
insert_one(struct store_scan *scan, const struct store_scan_new *row, const char *name,
    enum record_state state, enum record_status status, const char *reasons, const char *entries,
    struct err *err)
{
	sqlite3_stmt *st = store_stmt(scan->store, sql_insert_one, err);
	int64_t now = scan->options.now;

	if (!st)
		return -1;
	store_bind_int(st, 1, now);
	store_bind_time(st, 2, state == RECORD_STATE_COMPLETE ? now : CLOCK_NONE);
	store_bind_int(st, 3, scan->options.run_id);
	bind_word(st, 4, record_word(RECORD_LIST_STATE, (int)state));
	bind_word(st, 5, record_word(RECORD_LIST_STATUS, (int)status));
	bind_word(st, 6, reasons);
	bind_word(st, 7, entries);
	bind_row(st, 8, row, name);
	return store_run_stmt(scan->store, st, err);
}

/* All that wait, by one statement. Within a transaction their ids follow each other. */
static int
insert_plain(struct store_scan *scan, struct err *err)
{
	sqlite3_stmt *st = store_stmt(scan->store, sql_insert_plain, err);
	const char *text = scan->waiting_text.data;
	int64_t first;

	if (!st)
		return -1;
	store_bind_int(st, 1, scan->options.now);
	store_bind_int(st, 2, scan->options.run_id);
	for (int i = 0; i < STORE_SCAN_ROWS; i++)
		bind_row(st, 3 + i * PLAIN_ARGS, &scan->waiting[i], text + scan->waiting[i].name);
	if (store_run_stmt(scan->store, st, err) < 0)
		return -1;
	first = store_last_id(scan->store) - STORE_SCAN_ROWS + 1;
	for (int i = 0; i < STORE_SCAN_ROWS; i++)
		is_written(scan, first + i, &scan->waiting[i], text + scan->waiting[i].name);
	return 0;
}

int
store_scan_flush_rows(struct store_scan *scan, struct err *err)
{
	size_t n = scan->waiting_count;

	scan->waiting_count = 0;
	if (n == STORE_SCAN_ROWS) {
		if (insert_plain(scan, err) < 0)
			return -1;
		n = 0;
	}
	for (size_t i = 0; i < n; i++) {
		const struct store_scan_new *row = &scan->waiting[i];
		const char *name = scan->waiting_text.data + row->name;

		if (insert_one(scan, row, name, RECORD_STATE_COMPLETE, RECORD_STATUS_OK, NULL, NULL,
			err) < 0)
			return -1;
		is_written(scan, store_last_id(scan->store), row, name);
	}
	buf_clear(&scan->waiting_text);
	return 0;
}

int
store_scan_insert(
    struct store_scan *scan, int64_t dir_id, const struct store_seen *seen, struct err *err)
{
	int64_t now = scan->options.now, time = seen->mtime < now ? seen->mtime : now;
	struct store_scan_row numbers = store_scan_row_of(seen);
	struct store_scan_slot *slot;
	struct store_scan_new row;

	if (store_scan_series(scan, seen->series, seen->series_len, time, &slot, err) < 0)
		return -1;
	store_scan_count(&slot->delta, &numbers, 1);
	slot->delta.completed += seen->state == RECORD_STATE_COMPLETE;
	slot->dirty = true;
	row = (struct store_scan_new){.dir_id = dir_id,
	    .series_id = slot->id,
	    .time = time,
	    .size = seen->size,
	    .mtime = seen->mtime,
	    .mtime_nsec = seen->mtime_nsec,
	    .device = seen->device,
	    .inode = seen->inode,
	    .name = scan->waiting_text.len,
	    .name_len = seen->name_len};
	if (seen->state != RECORD_STATE_COMPLETE || seen->status != RECORD_STATUS_OK ||
	    seen->reasons || seen->entries) {
		if (insert_one(scan, &row, seen->name, seen->state, seen->status, seen->reasons,
			seen->entries, err) < 0)
			return -1;
		is_written(scan, store_last_id(scan->store), &row, NULL);
		return 0;
	}
	buf_add(&scan->waiting_text, seen->name, seen->name_len);
	scan->waiting[scan->waiting_count++] = row;
	return scan->waiting_count < STORE_SCAN_ROWS ? 0 : store_scan_flush_rows(scan, err);
}
