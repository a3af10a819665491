// What a location comes to: its series summed up, its record, what the store knows of it.
#include "scan.h"
#include "tool/tool.h"

int
bkm_scan_sum(struct tool *tool, struct bkm_scan *scan, struct err *err)
{
	struct store_location row = scan->row;
	struct tool_series_cursor *cursor = NULL;
	struct tool_series series;
	int r;

	if (scan->reached)
		row.last_reached = tool->now;
	if (tool_series_open(tool, scan->config, &row, &cursor, err) < 0)
		return -1;
	while ((r = tool_series_next(cursor, &series, err)) > 0) {
		scan->backups += series.row.count;
		scan->bytes += series.row.bytes;
		if (!series.ignored)
			scan->by_status[series.state.status]++;
	}
	tool_series_close(cursor);
	return r;
}

int
bkm_scan_stored(struct tool *tool, const struct config_location *location,
    struct bkm_scan *ret_scan, struct err *err)
{
	struct store_location row = {0};
	int r = store_location_find(tool->store, tool->host, location->name, &row, err);

	if (r <= 0)
		return r;
	*ret_scan = (struct bkm_scan){.config = location,
	    .row = row,
	    .free_bytes = row.free_bytes,
	    .settles = CLOCK_NONE,
	    .reasons = BUF_INIT};
	ret_scan->status =
	    (enum record_location_status)record_word_find(RECORD_LIST_LOCATION_STATUS, row.status);
	if (row.reasons)
		buf_str(&ret_scan->reasons, row.reasons);
	return bkm_scan_sum(tool, ret_scan, err) < 0 ? -1 : 1;
}

void
bkm_scan_add_location(struct tool *tool, struct buf *out, const struct bkm_scan *scan)
{
	const struct config_location *c = scan->config;
	struct json j;

	record_begin(&j, out, RECORD_LOCATION);
	json_int(&j, "id", scan->row.id);
	json_str(&j, "store", store_uuid(tool->store));
	json_str(&j, "host", tool->host);
	json_str(&j, "location", c->name);
	json_path(&j, "path", c->path);
	json_str(&j, "type", config_type_word(c->type));
	json_str(&j, "status", record_word(RECORD_LIST_LOCATION_STATUS, (int)scan->status));
	if (scan->free_bytes >= 0)
		json_int(&j, "free_bytes", scan->free_bytes);
	json_object(&j, "series");
	for (int i = 0; i <= SCHEDULE_UNKNOWN; i++)
		json_uint(&j, schedule_status_word((enum schedule_status)i), scan->by_status[i]);
	json_object_end(&j);
	json_uint(&j, "backups", scan->backups);
	json_uint(&j, "bytes", scan->bytes);
	if (scan->reasons.len)
		json_raw(&j, "reasons", scan->reasons.data, scan->reasons.len);
	else
		json_raw(&j, "reasons", "[]", 2);
	record_end(&j);
}
