// Silences: alerts that nobody is told of for a while, and why.
#include <stdlib.h>

#include "store/store_private.h"

static const char sql_silences[] = "SELECT id, filter, why, created_by, until, created"
				   " FROM silence WHERE until > ?1 ORDER BY id";
static const char sql_silence_add[] = "INSERT INTO silence (filter, why, created_by, until,"
				      " created) VALUES (?1, ?2, ?3, ?4, ?5)";
static const char sql_silence_end[] = "UPDATE silence SET until = ?2 WHERE id = ?1 AND until > ?2";

void
store_silences_free(struct store_silence *silences, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		free(silences[i].filter);
		free(silences[i].why);
		free(silences[i].by);
	}
	free(silences);
}

int
store_silences(struct store *store, int64_t now, struct store_silence **ret_silences,
    size_t *ret_count, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_silences, err);
	struct store_silence *silences = NULL;
	size_t count = 0, cap = 0;
	int r;

	if (!st)
		return -1;
	store_bind_int(st, 1, now);
	while ((r = store_step(store, st, err)) > 0) {
		MEM_GROW(silences, count, cap);
		silences[count++] = (struct store_silence){
		    .id = sqlite3_column_int64(st, 0),
		    .filter = mem_strdup(store_text(st, 1)),
		    .why = mem_strdup(store_text(st, 2)),
		    .by = mem_strdup(store_text(st, 3)),
		    .until = sqlite3_column_int64(st, 4),
		    .created = sqlite3_column_int64(st, 5),
		};
	}
	store_reset(st);
	if (r < 0) {
		store_silences_free(silences, count);
		return -1;
	}
	*ret_silences = silences;
	*ret_count = count;
	return 0;
}

int
store_silence_add(
    struct store *store, const struct store_silence *silence, int64_t *ret_id, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_silence_add, err);

	if (!st)
		return -1;
	store_bind_text(st, 1, silence->filter);
	store_bind_text(st, 2, silence->why);
	store_bind_text(st, 3, silence->by);
	store_bind_int(st, 4, silence->until);
	store_bind_int(st, 5, silence->created);
	if (store_run_stmt(store, st, err) < 0)
		return -1;
	*ret_id = store_last_id(store);
	return 0;
}

int
store_silence_end(struct store *store, int64_t id, int64_t now, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_silence_end, err);

	if (!st)
		return -1;
	store_bind_int(st, 1, id);
	store_bind_int(st, 2, now);
	if (store_run_stmt(store, st, err) < 0)
		return -1;
	return store_changes(store) > 0;
}
