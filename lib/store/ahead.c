// Reading ahead: who goes through many backups in a known order gets some dozen with one statement.
#include <stdlib.h>
#include <string.h>

#include "store/store_private.h"

#define WINDOW 32

/* ?1 a JSON list of numbers. CROSS JOIN: the rows come in its order. */
#define FROM " FROM json_each(?1) AS j CROSS JOIN backup AS b ON b.id = j.value" STORE_BACKUP_JOINS
static const char sql_rows[] = "SELECT " STORE_BACKUP_COLUMNS FROM;
static const char sql_rows_and_states[] =
    "SELECT " STORE_BACKUP_COLUMNS ", " STORE_STATE_COLUMNS FROM STORE_STATE_JOINS;

struct row {
	struct store_backup backup;
	struct store_verify_state state;
	struct buf path, text; /* what its strings point to */
};

/* Only inside one read transaction is the answer to the same question the same; with its end the
 * window is empty, and the next begins behind what was asked for last. */
struct store_ahead {
	int64_t *ids;
	size_t count;
	size_t at, len; /* the window */
	size_t next;    /* where whoever goes in order asks next */
	struct buf list;
	struct row rows[WINDOW];
	size_t row_count;
	bool has_rows, has_states;
	char algorithm[32]; /* of the baseline in the states; "": nobody asked for any */
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
	a->has_rows = a->has_states = false;
	a->row_count = 0;
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

/* Whoever asked for one state will ask for the others. What cannot be read is not there: who asks for
 * it alone is told why. */
static void
load(struct store *store, struct store_ahead *a)
{
	sqlite3_stmt *st = store_stmt(store, *a->algorithm ? sql_rows_and_states : sql_rows, NULL);

	a->has_rows = true;
	a->has_states = *a->algorithm;
	a->row_count = 0;
	if (!st)
		return;
	store_bind_text(st, 1, a->list.data);
	if (*a->algorithm)
		store_bind_text(st, 2, a->algorithm);
	while (a->row_count < WINDOW && store_step(store, st, NULL) > 0) {
		struct row *row = &a->rows[a->row_count++];

		store_backup_read(st, &row->path, &row->backup);
		store_backup_own(&row->text, &row->backup);
		if (*a->algorithm)
			store_state_read(st, STORE_BACKUP_COUNT, &row->state);
	}
	store_reset(st);
}

/* The rows come in the order of the window, but for those that are not there any more. */
static const struct row *
find(const struct store_ahead *a, int64_t id)
{
	size_t reached = a->next - a->at;

	for (size_t i = reached < a->row_count ? reached : a->row_count; i--;) {
		if (a->rows[i].backup.id == id)
			return &a->rows[i];
	}
	return NULL;
}

const struct store_backup *
store_ahead_row(struct store *store, int64_t id)
{
	struct store_ahead *a = store->ahead;
	const struct row *row;

	if (!reach(store, id))
		return NULL;
	if (!a->has_rows)
		load(store, a);
	row = find(a, id);
	return row ? &row->backup : NULL;
}

const struct store_verify_state *
store_ahead_state(struct store *store, int64_t id, const char *algorithm)
{
	struct store_ahead *a = store->ahead;
	const struct row *row;

	if (strlen(algorithm) >= sizeof(a->algorithm) || !reach(store, id))
		return NULL;
	if (!a->has_states || strcmp(a->algorithm, algorithm) != 0) {
		(void)snprintf(a->algorithm, sizeof(a->algorithm), "%s", algorithm);
		load(store, a);
	}
	row = find(a, id);
	return row ? &row->state : NULL;
}
