// Reading ahead: who goes through many backups in a known order gets some dozen with one statement.
#include <stdlib.h>
#include <string.h>

#include "store/store_private.h"

#define WINDOW 32

/* Only inside one read transaction is the answer to the same question the same; with its end the
 * window is empty, and the next begins behind what was asked for last. */
struct store_ahead {
	int64_t *ids;
	size_t count;
	size_t at, len; /* the window */
	size_t next;    /* where whoever goes in order asks next */
	struct buf list;
	struct store_ahead_row rows[WINDOW];
	size_t row_count;
	bool has_rows;
	struct store_verify_state states[WINDOW];
	int64_t state_ids[WINDOW];
	size_t state_count;
	char algorithm[32];
};

void
store_backup_ahead(struct store *store, const int64_t *ids, size_t count)
{
	struct store_ahead *a = store->ahead;

	if (a) {
		for (size_t i = 0; i < WINDOW; i++) {
			buf_release(&a->rows[i].path);
			buf_release(&a->rows[i].text);
		}
		buf_release(&a->list);
		free(a->ids);
		free(a);
		store->ahead = NULL;
	}
	if (!count)
		return;
	a = mem_alloc(sizeof(*a));
	a->ids = mem_dup(ids, count * sizeof(*ids));
	a->count = count;
	a->list = BUF_INIT;
	for (size_t i = 0; i < WINDOW; i++)
		a->rows[i].path = a->rows[i].text = BUF_INIT;
	store->ahead = a;
}

void
store_ahead_end(struct store *store)
{
	struct store_ahead *a = store->ahead;

	if (a)
		a->len = 0;
}

static void
move(struct store_ahead *a)
{
	struct json j;

	a->at = a->next;
	a->len = a->count - a->at < WINDOW ? a->count - a->at : WINDOW;
	a->has_rows = false;
	a->row_count = a->state_count = 0;
	*a->algorithm = '\0';
	buf_clear(&a->list);
	json_init(&j, &a->list);
	json_array(&j, NULL);
	for (size_t i = 0; i < a->len; i++)
		json_int(&j, NULL, a->ids[a->at + i]);
	json_array_end(&j);
}

/* Have id in the window, or begin one with it. Asked for is mostly the next one or the one before. */
static bool
reach(struct store *store, int64_t id)
{
	struct store_ahead *a = store->ahead;

	if (!a || !store->reading)
		return false;
	for (size_t n = a->len; n; n--) {
		size_t i = (a->next - a->at + n) % a->len;

		if (a->ids[a->at + i] == id) {
			a->next = a->at + i + 1;
			return true;
		}
	}
	if (a->next == a->count || a->ids[a->next] != id)
		return false;
	move(a);
	a->next++;
	return true;
}

/* How many of count answers can be about what was reached. */
static size_t
last(const struct store_ahead *a, size_t count)
{
	return a->next - a->at < count ? a->next - a->at : count;
}

const struct store_backup *
store_ahead_row(struct store *store, int64_t id)
{
	struct store_ahead *a = store->ahead;

	if (!reach(store, id))
		return NULL;
	if (!a->has_rows &&
	    store_backup_load(store, a->list.data, a->rows, WINDOW, &a->row_count) < 0)
		a->row_count = 0; /* whoever asks alone is told why */
	a->has_rows = true;
	/* The rows come in the order of the window, but for those that are not there any more. */
	for (size_t i = last(a, a->row_count); i--;) {
		if (a->rows[i].row.id == id)
			return &a->rows[i].row;
	}
	return NULL;
}

const struct store_verify_state *
store_ahead_state(struct store *store, int64_t id, const char *algorithm)
{
	struct store_ahead *a = store->ahead;

	if (strlen(algorithm) >= sizeof(a->algorithm) || !reach(store, id))
		return NULL;
	if (strcmp(a->algorithm, algorithm) != 0) {
		if (store_verify_load(store, a->list.data, algorithm, a->state_ids, a->states,
			WINDOW, &a->state_count) < 0)
			a->state_count = 0;
		(void)snprintf(a->algorithm, sizeof(a->algorithm), "%s", algorithm);
	}
	for (size_t i = last(a, a->state_count); i--;) {
		if (a->state_ids[i] == id)
			return &a->states[i];
	}
	return NULL;
}
