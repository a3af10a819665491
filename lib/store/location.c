// The rows of configured locations.
#include <stdlib.h>
#include <string.h>

#include "store/store_private.h"

#define LOCATION_COLUMNS                                                                           \
	"id, host, name, path, type, unit, status, reasons, device, free_bytes, first_scan,"       \
	" last_scan, last_reached, empty_since, naming"

static const char sql_find[] =
    "SELECT " LOCATION_COLUMNS " FROM location WHERE host = ?1 AND name = ?2";
static const char sql_put[] =
    "INSERT INTO location (host, name, path, type, unit) VALUES (?1, ?2, ?3, ?4, ?5)"
    " ON CONFLICT (host, name) DO UPDATE SET path = excluded.path, type = excluded.type,"
    " unit = excluded.unit";

void
store_location_release(struct store_location *loc)
{
	free(loc->host);
	free(loc->name);
	free(loc->type);
	free(loc->unit);
	free(loc->path);
	free(loc->status);
	free(loc->reasons);
	free(loc->device);
	free(loc->naming);
	*loc = (struct store_location){0};
}

int
store_location_find(struct store *store, const char *host, const char *name,
    struct store_location *ret_loc, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_find, err);
	int r;

	if (!st)
		return -1;
	store_bind_text(st, 1, host);
	store_bind_text(st, 2, name);
	r = store_step(store, st, err);
	if (r > 0) {
		*ret_loc = (struct store_location){
		    .id = sqlite3_column_int64(st, 0),
		    .host = mem_strdup(store_text(st, 1)),
		    .name = mem_strdup(store_text(st, 2)),
		    .path = mem_strndup(
			sqlite3_column_blob(st, 3), (size_t)sqlite3_column_bytes(st, 3)),
		    .type = mem_strdup(store_text(st, 4)),
		    .unit = mem_strdup(store_text(st, 5)),
		    .status = mem_strdup(store_text(st, 6)),
		    .reasons = mem_strdup(store_text(st, 7)),
		    .device = mem_strdup(store_text(st, 8)),
		    .naming = mem_strdup(store_text(st, 14)),
		    .free_bytes = sqlite3_column_type(st, 9) == SQLITE_NULL
			? -1
			: sqlite3_column_int64(st, 9),
		    .first_scan = store_time(st, 10),
		    .last_scan = store_time(st, 11),
		    .last_reached = store_time(st, 12),
		    .empty_since = store_time(st, 13),
		};
	}
	store_reset(st);
	return r;
}

static bool
is_current(const struct store_location *loc, const char *path, const char *type, const char *unit)
{
	return strcmp(loc->path, path) == 0 && strcmp(loc->type, type) == 0 &&
	    strcmp(loc->unit, unit) == 0;
}

int
store_location_ensure(struct store *store, const char *host, const char *name, const char *path,
    const char *type, const char *unit, struct store_location *ret_loc, struct err *err)
{
	struct store_location loc = {0};
	sqlite3_stmt *st;
	int r = store_location_find(store, host, name, &loc, err);

	if (r < 0)
		return -1;
	if (r == 0 || !is_current(&loc, path, type, unit)) {
		store_location_release(&loc);
		st = store_stmt(store, sql_put, err);
		if (!st)
			return -1;
		store_bind_text(st, 1, host);
		store_bind_text(st, 2, name);
		store_bind_blob(st, 3, path, strlen(path));
		store_bind_text(st, 4, type);
		store_bind_text(st, 5, unit);
		if (store_run_stmt(store, st, err) < 0 ||
		    store_location_find(store, host, name, &loc, err) < 0)
			return -1;
	}
	*ret_loc = loc;
	return 0;
}
