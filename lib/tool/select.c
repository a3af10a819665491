// The selection: which records a stage acts on; the others pass untouched.
#include <stdlib.h>
#include <string.h>

#include "tool/tool_private.h"

struct tool_select {
	struct tool_list names; /* empty: every location */
	int64_t since;          /* CLOCK_NONE: no limit */
	struct record_filter *where;
	bool where_failed;
};

static int
unknown_location(const struct tool *tool, const char *name, struct err *err)
{
	struct buf names = BUF_INIT;

	for (size_t i = 0; i < tool->config->location_count; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", tool->config->locations[i].name);
	(void)err_set(err, ERR_USAGE, "unknown location '%s'; configured are: %s", name,
	    names.len ? names.data : "none");
	buf_release(&names);
	return -1;
}

static void
add_name(struct tool *tool, struct tool_list *list, const char *name)
{
	const char **items = tool_own(tool, mem_array(list->count + 1, sizeof(*items)));

	for (size_t i = 0; i < list->count; i++)
		items[i] = list->items[i];
	items[list->count++] = name;
	list->items = items;
}

/* The configured location whose row has that number. */
static int
find_id(struct tool *tool, const char **ret_name, struct err *err)
{
	for (size_t i = 0; i < tool->config->location_count; i++) {
		struct store_location loc = {0};
		int r = store_location_find(
		    tool->store, tool->host, tool->config->locations[i].name, &loc, err);
		bool same = r > 0 && (uint64_t)loc.id == tool->location_id;

		store_location_release(&loc);
		if (r < 0)
			return -1;
		if (same) {
			*ret_name = tool->config->locations[i].name;
			return 0;
		}
	}
	return err_set(err, ERR_USAGE,
	    "unknown location id %llu; the location records have the ids",
	    (unsigned long long)tool->location_id);
}

int
tool_select_open(struct tool *tool, struct err *err)
{
	struct tool_select *sel = mem_alloc(sizeof(*sel));
	const char *name = NULL;

	tool->select = sel;
	sel->since = tool->days ? tool->now - (int64_t)tool->days * CLOCK_DAY : CLOCK_NONE;
	for (size_t i = 0; i < tool->locations.count; i++) {
		if (!config_location(tool->config, tool->locations.items[i]))
			return unknown_location(tool, tool->locations.items[i], err);
		add_name(tool, &sel->names, tool->locations.items[i]);
	}
	if (tool->location_id && tool->store) {
		if (find_id(tool, &name, err) < 0)
			return -1;
		add_name(tool, &sel->names, name);
	}
	if (tool->where && record_filter_new(&sel->where, tool->where, err) < 0)
		return err_wrap(err, "option '--where'");
	return 0;
}

void
tool_select_free(struct tool_select *sel)
{
	if (!sel)
		return;
	record_filter_free(sel->where);
	free(sel);
}

static bool
has_name(const struct tool_select *sel, const char *name)
{
	for (size_t i = 0; i < sel->names.count; i++) {
		if (name && strcmp(sel->names.items[i], name) == 0)
			return true;
	}
	return sel->names.count == 0;
}

bool
tool_selects_location(const struct tool *tool, const struct config_location *location)
{
	return !tool->select || has_name(tool->select, location->name);
}

/* A backup's time is the earlier of its mtime and the moment bkm first saw it. */
static bool
is_recent(const struct tool_select *sel, struct record *rec)
{
	int64_t mtime = CLOCK_NONE, seen = CLOCK_NONE;
	bool has_mtime, has_seen;

	if (sel->since == CLOCK_NONE || rec->kind != RECORD_BACKUP)
		return true;
	has_mtime = record_time(rec, "mtime", &mtime);
	has_seen = record_time(rec, "first_seen", &seen);
	if (has_mtime && has_seen)
		return (mtime < seen ? mtime : seen) >= sel->since;
	return has_mtime ? mtime >= sel->since : has_seen ? seen >= sel->since : true;
}

static bool
where_is_true(struct tool *tool, struct tool_select *sel, const struct record *rec)
{
	struct err err = {0};
	int r = record_filter_run(sel->where, rec, &err);

	if (r >= 0)
		return r > 0;
	if (!sel->where_failed)
		log_error(
		    tool->log, "option '--where': %s; such records are not selected", err.msg);
	sel->where_failed = true;
	tool->errors++;
	return false;
}

bool
tool_selects(struct tool *tool, struct record *rec, enum record_kind kind)
{
	struct tool_select *sel = tool->select;

	if (rec->kind != kind)
		return false;
	if (!sel)
		return true;
	if (sel->names.count && !has_name(sel, record_str(rec, "location")))
		return false;
	if (!is_recent(sel, rec))
		return false;
	return !sel->where || where_is_true(tool, sel, rec);
}
