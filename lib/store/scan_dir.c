// The directories of a scan: which it has been to, which look as they did before, which are gone.
#include <string.h>

#include "store/scan_private.h"

#define LISTED_MAX ((size_t)1 << 18) /* bytes of listings that wait to be written */

static const char sql_dir_find[] =
    "SELECT id, listing FROM dir WHERE location_id = ?1 AND path = ?2";
static const char sql_dir_add[] = "INSERT INTO dir (location_id, path) VALUES (?1, ?2)";
static const char sql_dirs[] = "SELECT id, path FROM dir WHERE location_id = ?1";
static const char sql_gone_dir[] = "INSERT OR IGNORE INTO temp.scan_gone (id, replaced)"
				   " SELECT id, 0 FROM main.backup WHERE dir_id = ?1 AND live = 1";
static const char sql_list[] = "UPDATE dir SET listing = ?2 WHERE id = ?1";
static const char sql_unlist[] =
    "UPDATE dir SET listing = NULL WHERE listing IS NOT NULL AND id IN"
    " (SELECT dir_id FROM temp.scan_seen UNION SELECT b.dir_id FROM temp.scan_gone AS g"
    " CROSS JOIN main.backup AS b ON b.id = g.id)";

struct listed { /* in front of each listing that waits */
	int64_t id;
	size_t len;
};

static void
mark_seen(struct store_scan *scan, int64_t id)
{
	size_t at = (size_t)id / 8, cap = scan->seen_cap;

	if (at >= cap) {
		cap = at + at / 2 + 1024;
		scan->seen = mem_resize(scan->seen, cap, 1);
		memset(scan->seen + scan->seen_cap, 0, cap - scan->seen_cap);
		scan->seen_cap = cap;
	}
	scan->seen[at] |= (uint8_t)(1U << (id % 8));
}

static bool
is_seen(const struct store_scan *scan, int64_t id)
{
	size_t at = (size_t)id / 8;

	return at < scan->seen_cap && (scan->seen[at] & (1U << (id % 8)));
}

static int
add_dir(struct store_scan *scan, const char *path, size_t len, struct err *err)
{
	sqlite3_stmt *st;

	/* A transaction that began by noting cannot turn into one that writes. */
	if (!scan->direct && store_scan_flush(scan, err) < 0)
		return -1;
	if (store_scan_write(scan, err) < 0)
		return -1;
	st = store_stmt(scan->store, sql_dir_add, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, scan->options.location_id);
	store_bind_blob(st, 2, path, len);
	if (store_run_stmt(scan->store, st, err) < 0)
		return -1;
	scan->dir_id = store_last_id(scan->store);
	return scan->direct ? 0 : store_scan_flush(scan, err);
}

int
store_scan_dir(struct store_scan *scan, const char *path, size_t len, struct err *err)
{
	sqlite3_stmt *st = store_stmt(scan->store, sql_dir_find, err);
	int r;

	if (!st)
		return -1;
	store_bind_int(st, 1, scan->options.location_id);
	store_bind_blob(st, 2, path, len);
	r = store_step(scan->store, st, err);
	buf_clear(&scan->listing);
	scan->dir_changes = false;
	if (r > 0) {
		scan->dir_id = sqlite3_column_int64(st, 0);
		buf_add(&scan->listing, sqlite3_column_blob(st, 1),
		    (size_t)sqlite3_column_bytes(st, 1));
	}
	store_reset(st);
	if (r < 0)
		return -1;
	scan->dir_is_new = r == 0;
	if (r == 0 && add_dir(scan, path, len, err) < 0)
		return -1;
	mark_seen(scan, scan->dir_id);
	return 0;
}

/* ---------------------------------------------------------------- listings */
const uint8_t *
store_scan_listing(const struct store_scan *scan, size_t *ret_len)
{
	*ret_len = scan->listing.len;
	return scan->listing.len ? (const uint8_t *)scan->listing.data : NULL;
}

static int
put_listing(struct store_scan *scan, int64_t id, const char *listing, size_t len, struct err *err)
{
	sqlite3_stmt *st = store_stmt(scan->store, sql_list, err);

	if (!st)
		return -1;
	store_bind_int(st, 1, id);
	store_bind_blob(st, 2, listing, len);
	return store_run_stmt(scan->store, st, err);
}

/* A first scan writes it behind the rows, in their transaction; another one writes nothing yet. */
int
store_scan_listed(struct store_scan *scan, const uint8_t *listing, size_t len, struct err *err)
{
	struct listed head = {.id = scan->dir_id, .len = len};

	if (scan->dir_changes)
		return 0;
	if (scan->direct) {
		if (store_scan_write(scan, err) < 0)
			return -1;
		return put_listing(scan, scan->dir_id, (const char *)listing, len, err);
	}
	buf_add(&scan->listed, &head, sizeof(head));
	buf_add(&scan->listed, listing, len);
	return scan->listed.len < LISTED_MAX ? 0 : store_scan_flush_listed(scan, err);
}

int
store_scan_flush_listed(struct store_scan *scan, struct err *err)
{
	struct listed head;

	if (!scan->listed.len)
		return 0;
	/* A transaction that began by noting cannot turn into one that writes. */
	if (store_scan_flush(scan, err) < 0 || store_begin(scan->store, err) < 0)
		return -1;
	for (size_t at = 0; at < scan->listed.len; at += sizeof(head) + head.len) {
		memcpy(&head, scan->listed.data + at, sizeof(head));
		if (put_listing(
			scan, head.id, scan->listed.data + at + sizeof(head), head.len, err) < 0)
			return -1;
	}
	buf_clear(&scan->listed);
	return store_scan_flush(scan, err);
}

int
store_scan_unlist(struct store_scan *scan, struct err *err)
{
	if (store_scan_flush(scan, err) < 0 || store_begin(scan->store, err) < 0 ||
	    store_exec(scan->store, sql_unlist, err) < 0)
		return -1;
	return store_scan_flush(scan, err);
}

/* ---------------------------------------------------------------- what was not there */
static int
gone_with_dir(struct store_scan *scan, int64_t dir_id, struct err *err)
{
	sqlite3_stmt *st;

	if (store_scan_note(scan, err) < 0)
		return -1;
	st = store_stmt(scan->store, sql_gone_dir, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, dir_id);
	return store_run_stmt(scan->store, st, err);
}

int
store_scan_unseen(struct store_scan *scan, bool (*spared)(void *arg, const char *path), void *arg,
    struct err *err)
{
	struct buf path = BUF_INIT;
	sqlite3_stmt *st;
	int r;

	if (scan->direct)
		return 0;
	st = store_stmt(scan->store, sql_dirs, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, scan->options.location_id);
	while ((r = store_step(scan->store, st, err)) > 0) {
		if (is_seen(scan, sqlite3_column_int64(st, 0)))
			continue;
		buf_clear(&path);
		store_add_path(&path, st, 1);
		if (spared && spared(arg, path.data))
			continue;
		if (gone_with_dir(scan, sqlite3_column_int64(st, 0), err) < 0) {
			r = -1;
			break;
		}
	}
	store_reset(st);
	buf_release(&path);
	return r < 0 ? -1 : 0;
}
