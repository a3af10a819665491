// bkm-restore: what the tests of a series brought back, from the store to the rule that judges by it.
#include <stdlib.h>
#include <string.h>

#include "app.h"

static void
on_drill(void *arg, const struct store_drill *d)
{
	struct app_baseline *b = arg;
	struct restore_table *list = NULL;

	if (b->rules.count == RESTORE_BASELINE_MAX)
		return;
	if (d->listed) {
		list = mem_array(d->list_count + 1, sizeof(*list));
		for (size_t i = 0; i < d->list_count; i++)
			list[i] = (struct restore_table){
			    .name = mem_strdup(d->list[i].name), .rows = d->list[i].rows};
	}
	b->seen[b->rules.count++] = (struct restore_seen){.time = d->time,
	    .has_files = d->files >= 0 && d->bytes >= 0,
	    .has_rows = d->tables >= 0 && d->rows >= 0,
	    .listed = d->listed,
	    .files = d->files > 0 ? (uint64_t)d->files : 0,
	    .bytes = d->bytes > 0 ? (uint64_t)d->bytes : 0,
	    .tables = d->tables > 0 ? (uint64_t)d->tables : 0,
	    .rows = d->rows > 0 ? (uint64_t)d->rows : 0,
	    .list = list,
	    .list_count = d->list_count};
}

static void
on_accepted(void *arg, const char *name, int64_t time)
{
	struct app_baseline *b = arg;

	MEM_GROW(b->accepted, b->rules.accepted_count, b->accepted_cap);
	b->accepted[b->rules.accepted_count++] =
	    (struct restore_accepted){.name = mem_strdup(name), .time = time};
}

int
app_baseline_load(struct app *app, const struct app_target *target,
    struct app_baseline *ret_baseline, struct err *err)
{
	struct store *store = app->tool.store;
	struct app_baseline *b = ret_baseline;

	if (store_drill_seen(store, target->series_id, target->id, target->time,
		RESTORE_BASELINE_MAX, on_drill, b, err) < 0 ||
	    store_drill_accepted(store, target->series_id, on_accepted, b, err) < 0)
		return -1;
	b->rules.seen = b->seen;
	b->rules.accepted = b->accepted;
	return 0;
}

void
app_baseline_release(struct app_baseline *b)
{
	for (size_t i = 0; i < b->rules.count; i++) {
		for (size_t k = 0; k < b->seen[i].list_count; k++)
			free(b->seen[i].list[k].name);
		free((void *)(uintptr_t)b->seen[i].list);
	}
	for (size_t i = 0; i < b->rules.accepted_count; i++)
		free((void *)(uintptr_t)b->accepted[i].name);
	free(b->accepted);
}
