// What a scan finds beside the rows of the store: the merge, and where its changes go.
#include <stdlib.h>

#include "place.h"

static int
on_dir(void *arg, const char *path, size_t len, const uint8_t **ret_digests, size_t *ret_len,
    struct err *err)
{
	struct place *p = arg;

	if (store_scan_dir(p->scan->scan, path, len, err) < 0)
		return -1;
	*ret_digests = store_scan_listing(p->scan->scan, ret_len);
	return 0;
}

static int
on_listed(void *arg, const uint8_t *digests, size_t len, struct err *err)
{
	struct place *p = arg;

	return store_scan_listed(p->scan->scan, digests, len, err);
}

static int
on_known(void *arg, const char *after, size_t after_len, struct scan_known *rows, size_t max,
    size_t *ret_count, struct err *err)
{
	struct place *p = arg;
	struct store_known known[SCAN_MERGE_ROWS];
	size_t n = max < SCAN_MERGE_ROWS ? max : SCAN_MERGE_ROWS;

	if (store_scan_known(p->scan->scan, after, after_len, known, n, ret_count, err) < 0)
		return -1;
	for (size_t i = 0; i < *ret_count; i++)
		rows[i] = (struct scan_known){
		    .id = known[i].id,
		    .name = known[i].name,
		    .name_len = known[i].name_len,
		    .size = known[i].size,
		    .mtime = known[i].mtime,
		    .mtime_nsec = known[i].mtime_nsec,
		    .state = known[i].state,
		    .reasons = known[i].reasons,
		    .entries = known[i].entries,
		    .first_seen = known[i].first_seen,
		    .changed_at = known[i].changed_at,
		};
	return 0;
}

static struct store_seen
seen_of(const struct scan_found *found)
{
	const struct scan_entry *e = found->entry;
	const struct scan_judgement *j = found->judgement;

	return (struct store_seen){
	    .name = e->name,
	    .name_len = e->name_len,
	    .size = e->size,
	    .mtime = e->mtime,
	    .mtime_nsec = e->mtime_nsec,
	    .device = found->device,
	    .inode = e->inode,
	    .entries = e->entries,
	    .series = found->series,
	    .series_len = found->series_len,
	    .state = j->state,
	    .status = j->status,
	    .reasons = j->reasons[0] ? j->reasons : NULL,
	    .changed_at = found->changed_at,
	};
}

static int
on_add(void *arg, const struct scan_found *found, int64_t replaces, struct err *err)
{
	struct place *p = arg;
	struct store_seen seen = seen_of(found);

	return store_scan_add(p->scan->scan, &seen, replaces, err);
}

static int
on_change(void *arg, int64_t id, const struct scan_found *found, struct err *err)
{
	struct place *p = arg;
	struct store_seen seen = seen_of(found);

	return store_scan_change(p->scan->scan, id, &seen, err);
}

static int
on_gone(void *arg, int64_t id, struct err *err)
{
	struct place *p = arg;

	return store_scan_gone(p->scan->scan, id, err);
}

static uint64_t
min_size(void *arg, const char *series, size_t namer)
{
	const struct config_location *config = ((struct place *)arg)->config;
	const struct config_series *rule = config_series_for(config, series, namer);
	int64_t size = rule ? rule->min_size : config->min_size;

	return size > 0 ? (uint64_t)size : 0;
}

struct scan_merge *
place_merge(struct place *p, int64_t settle)
{
	const struct scan_merge_ops ops = {.arg = p,
	    .dir = on_dir,
	    .known = on_known,
	    .add = on_add,
	    .change = on_change,
	    .gone = on_gone,
	    .listed = tool_is_repository(p->config) ? NULL : on_listed,
	    .min_size = min_size,
	    .naming = p->naming};

	return scan_merge_new(&ops, p->tool->now, settle);
}
