// Pieces of the document that wait to be sorted.
#include "report/report_private.h"

struct report_chunk *
report_list_add(struct report_list *list)
{
	struct report_chunk *chunk;

	MEM_GROW(list->items, list->count, list->cap);
	chunk = &list->items[list->count++];
	*chunk = (struct report_chunk){.json = BUF_INIT};
	return chunk;
}

void
report_list_cut(struct report_list *list, size_t count)
{
	while (list->count > count) {
		struct report_chunk *chunk = &list->items[--list->count];

		free(chunk->name);
		buf_release(&chunk->json);
	}
}

void
report_list_clear(struct report_list *list)
{
	report_list_cut(list, 0);
}

void
report_list_release(struct report_list *list)
{
	report_list_clear(list);
	free(list->items);
	*list = (struct report_list){0};
}

static int
compare(const void *x, const void *y)
{
	const struct report_chunk *a = x, *b = y;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->score < b->score || a->score > b->score)
		return a->score < b->score ? -1 : 1;
	if (a->time != b->time)
		return a->time > b->time ? -1 : 1;
	return strcmp(a->name ? a->name : "", b->name ? b->name : "");
}

void
report_list_sort(struct report_list *list)
{
	if (list->count > 1)
		qsort(list->items, list->count, sizeof(*list->items), compare);
}

void
report_list_json(const struct report_list *list, size_t max, struct json *j)
{
	for (size_t i = 0; i < list->count && i < max; i++)
		json_raw(j, NULL, list->items[i].json.data, list->items[i].json.len);
}
