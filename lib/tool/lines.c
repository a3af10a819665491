// Backup records of many rows: written on a second thread while the first reads the store.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tool/lines.h"
#include "tool/tool_private.h"

#define LINES 256 /* rows of a batch */

enum batch_state { BATCH_EMPTY, BATCH_FULL, BATCH_WRITTEN };

struct batch {
	enum batch_state state; /* guarded by the lock; what follows belongs to whose turn it is */
	struct store_backup rows[LINES];
	size_t text[LINES][5]; /* offsets of series, path, state, status, reasons */
	bool is_new[LINES];
	size_t count;
	struct buf strings, out;
};

struct tool_lines {
	struct tool *tool;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stop;
	struct batch batches[2];
	size_t filling;
	struct tool_origin origin; /* the writer's */
};

static void
write_batch(struct tool_lines *lines, struct batch *b)
{
	for (size_t i = 0; i < b->count; i++) {
		struct store_backup *row = &b->rows[i];

		row->series = b->strings.data + b->text[i][0];
		row->path = b->strings.data + b->text[i][1];
		row->state = b->strings.data + b->text[i][2];
		row->status = b->strings.data + b->text[i][3];
		row->reasons = row->reasons ? b->strings.data + b->text[i][4] : NULL;
		tool_add_backup_from(lines->tool, &lines->origin, &b->out, row, b->is_new[i]);
		buf_char(&b->out, '\n');
	}
}

static void *
writer(void *arg)
{
	struct tool_lines *lines = arg;
	size_t turn = 0;
	bool stop;

	for (;;) {
		struct batch *b = &lines->batches[turn];

		(void)pthread_mutex_lock(&lines->lock);
		while (b->state != BATCH_FULL && !lines->stop)
			(void)pthread_cond_wait(&lines->changed, &lines->lock);
		stop = lines->stop;
		(void)pthread_mutex_unlock(&lines->lock);
		if (stop)
			return NULL;
		write_batch(lines, b);
		(void)pthread_mutex_lock(&lines->lock);
		b->state = BATCH_WRITTEN;
		(void)pthread_cond_broadcast(&lines->changed);
		(void)pthread_mutex_unlock(&lines->lock);
		turn = !turn;
	}
}

int
tool_lines_open(struct tool *tool, struct tool_lines **ret_lines, struct err *err)
{
	struct tool_lines *lines = mem_alloc(sizeof(*lines));
	int r;

	lines->tool = tool;
	lines->origin.text = lines->origin.series = lines->origin.tail = BUF_INIT;
	for (size_t i = 0; i < ARRAY_LEN(lines->batches); i++)
		lines->batches[i].strings = lines->batches[i].out = BUF_INIT;
	(void)pthread_mutex_init(&lines->lock, NULL);
	(void)pthread_cond_init(&lines->changed, NULL);
	r = pthread_create(&lines->thread, NULL, writer, lines);
	if (r) {
		free(lines);
		return err_set(err, ERR_LIMIT, "cannot start a thread: %s", strerror(r));
	}
	*ret_lines = lines;
	return 0;
}

static size_t
keep(struct buf *strings, const char *s)
{
	size_t at = strings->len;

	if (s)
		buf_add(strings, s, strlen(s) + 1);
	return at;
}

/* The same string is often at the place that the row before has it. */
static size_t
keep_again(struct batch *b, size_t which, const char *s)
{
	size_t before = b->count ? b->text[b->count - 1][which] : 0;

	if (b->count && strcmp(b->strings.data + before, s) == 0)
		return before;
	return keep(&b->strings, s);
}

/* Wait until the writer has left the batch, and print what it wrote. */
static int
take_back(struct tool_lines *lines, struct batch *b, struct err *err)
{
	int r = 0;

	(void)pthread_mutex_lock(&lines->lock);
	while (b->state == BATCH_FULL)
		(void)pthread_cond_wait(&lines->changed, &lines->lock);
	b->state = BATCH_EMPTY;
	(void)pthread_mutex_unlock(&lines->lock);
	if (b->count)
		r = tool_put_lines(lines->tool, &b->out, b->count, err);
	b->count = 0;
	buf_clear(&b->out);
	buf_clear(&b->strings);
	return r;
}

static void
hand_over(struct tool_lines *lines, struct batch *b)
{
	(void)pthread_mutex_lock(&lines->lock);
	b->state = BATCH_FULL;
	(void)pthread_cond_broadcast(&lines->changed);
	(void)pthread_mutex_unlock(&lines->lock);
	lines->filling = !lines->filling;
}

int
tool_lines_add(
    struct tool_lines *lines, const struct store_backup *row, bool is_new, struct err *err)
{
	struct batch *b = &lines->batches[lines->filling];
	size_t i;

	if (b->count == LINES) {
		hand_over(lines, b);
		b = &lines->batches[lines->filling];
		if (take_back(lines, b, err) < 0)
			return -1;
	}
	i = b->count;
	b->rows[i] = *row;
	b->is_new[i] = is_new;
	b->text[i][0] = keep_again(b, 0, row->series);
	b->text[i][1] = keep(&b->strings, row->path);
	b->text[i][2] = keep_again(b, 2, row->state);
	b->text[i][3] = keep_again(b, 3, row->status);
	b->text[i][4] = keep(&b->strings, row->reasons);
	b->count++;
	return 0;
}

int
tool_lines_end(struct tool_lines *lines, struct err *err)
{
	struct batch *last = &lines->batches[lines->filling];

	hand_over(lines, last);
	if (take_back(lines, &lines->batches[lines->filling], err) < 0)
		return -1;
	return take_back(lines, last, err);
}

void
tool_lines_close(struct tool_lines *lines)
{
	if (!lines)
		return;
	(void)pthread_mutex_lock(&lines->lock);
	lines->stop = true;
	(void)pthread_cond_broadcast(&lines->changed);
	(void)pthread_mutex_unlock(&lines->lock);
	(void)pthread_join(lines->thread, NULL);
	for (size_t i = 0; i < ARRAY_LEN(lines->batches); i++) {
		buf_release(&lines->batches[i].strings);
		buf_release(&lines->batches[i].out);
	}
	buf_release(&lines->origin.text);
	buf_release(&lines->origin.series);
	buf_release(&lines->origin.tail);
	(void)pthread_cond_destroy(&lines->changed);
	(void)pthread_mutex_destroy(&lines->lock);
	free(lines);
}
