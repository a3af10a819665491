// Which parts of a repository were read when.
#include "store/store_private.h"

static const char sql_parts[] =
    "SELECT part, at FROM repository_part WHERE location_id = ?1 AND parts = ?2";
static const char sql_put[] =
    "INSERT INTO repository_part (location_id, parts, part, at) VALUES (?1, ?2, ?3, ?4)"
    " ON CONFLICT (location_id, parts, part) DO UPDATE SET at = excluded.at";

int
store_repository_parts(
    struct store *store, int64_t location_id, unsigned parts, int64_t *ret_at, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_parts, err);
	int r;

	for (unsigned i = 0; i < parts; i++)
		ret_at[i] = CLOCK_NONE;
	if (!st)
		return -1;
	store_bind_int(st, 1, location_id);
	store_bind_int(st, 2, parts);
	while ((r = store_step(store, st, err)) > 0) {
		int64_t part = sqlite3_column_int64(st, 0);

		if (part >= 1 && part <= (int64_t)parts)
			ret_at[part - 1] = sqlite3_column_int64(st, 1);
	}
	store_reset(st);
	return r < 0 ? -1 : 0;
}

int
store_repository_put(struct store *store, int64_t location_id, unsigned parts, unsigned part,
    int64_t at, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_put, err);
	int r;

	if (!st)
		return -1;
	store_bind_int(st, 1, location_id);
	store_bind_int(st, 2, parts);
	store_bind_int(st, 3, part);
	store_bind_int(st, 4, at);
	r = store_step(store, st, err);
	store_reset(st);
	return r < 0 ? -1 : 0;
}
