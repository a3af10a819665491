// The store as a source: backup records of what is on disk, as the last scan left it.
#include <stdlib.h>

#include "tool/tool_private.h"

/*
 * The numbers are collected first and each row is read when its turn comes: no read transaction
 * stays open for the hours that a verification takes, and what is shown is as it is then.
 */
struct tool_stored {
	int64_t *ids;
	size_t count, cap, next;
	struct store *store; /* that was told of the ids */
	struct tool_origin origin;
	struct buf line;
};

static void
add_id(void *arg, int64_t id)
{
	struct tool_stored *stored = arg;

	MEM_GROW(stored->ids, stored->count, stored->cap);
	stored->ids[stored->count++] = id;
}

static int
collect(struct tool *tool, struct tool_stored *stored, int64_t location_id, struct err *err)
{
	int64_t since = tool->days ? tool->now - (int64_t)tool->days * CLOCK_DAY : CLOCK_NONE;

	return store_backup_ids(tool->store, location_id, since, add_id, stored, err);
}

int
tool_stored_open(struct tool *tool, struct tool_stored **ret_stored, struct err *err)
{
	struct tool_stored *stored = mem_alloc(sizeof(*stored));

	stored->origin = TOOL_ORIGIN_INIT;
	stored->line = BUF_INIT;
	*ret_stored = stored;
	for (size_t i = 0; i < tool->config->location_count; i++) {
		const struct config_location *location = &tool->config->locations[i];
		struct store_location row = {0};
		int r;

		if (!tool_selects_location(tool, location))
			continue;
		r = store_location_find(tool->store, tool->host, location->name, &row, err);
		if (r > 0)
			r = collect(tool, stored, row.id, err);
		store_location_release(&row);
		if (r < 0)
			return -1;
	}
	stored->store = tool->store;
	store_backup_ahead(tool->store, stored->ids, stored->count);
	return 0;
}

int
tool_stored_next(struct tool *tool, struct tool_stored *stored, struct record *rec, struct err *err)
{
	struct store_backup row;

	while (stored->next < stored->count) {
		int r = store_backup_by_id(tool->store, stored->ids[stored->next++], &row, err);

		if (r < 0)
			return -1;
		if (r == 0 || !row.live)
			continue;
		tool->own.id = row.id;
		tool->own.size = row.size;
		tool->own.mtime = row.mtime;
		buf_clear(&stored->line);
		tool_add_backup_from(tool, &stored->origin, &stored->line, &row, false);
		return record_parse_own(rec, stored->line.data, stored->line.len, err) < 0 ? -1 : 1;
	}
	return 0;
}

void
tool_stored_free(struct tool_stored *stored)
{
	if (!stored)
		return;
	if (stored->store)
		store_backup_ahead(stored->store, NULL, 0);
	free(stored->ids);
	tool_origin_release(&stored->origin);
	buf_release(&stored->line);
	free(stored);
}
