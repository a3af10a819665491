// Backup records of many rows: read and written by threads, part by part, and printed in order.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tool/lines.h"
#include "tool/tool_private.h"

#define READERS 2 /* part i is for reader i % READERS */

struct reader {
	struct lines *lines;
	size_t next; /* part */
	struct store *store;
	struct store_scan_cursor *cursor;
	struct tool_origin origin;
	struct buf out; /* of the part at hand */
	size_t count;
	pthread_t thread;
	bool started;

	/* Guarded by the lock. */
	bool is_full; /* full is a part that nobody has taken */
	struct buf full;
	size_t full_count;
	bool failed;
	struct err err;
};

struct lines {
	struct tool *tool;
	size_t parts;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stop; /* guarded by the lock */
	struct reader readers[READERS];
};

bool
tool_is_new(const struct tool *tool, const struct store_backup *row, bool touched)
{
	return touched && row->live && row->first_seen == tool->now;
}

/* ---------------------------------------------------------------- a reader */
static int
write_part(struct reader *r, struct err *err)
{
	struct tool *tool = r->lines->tool;
	struct store_backup row;
	bool touched;
	int more;

	buf_clear(&r->out);
	r->count = 0;
	if (store_scan_lines_go(r->cursor, r->next, err) < 0)
		return -1;
	while ((more = store_scan_lines_next(r->cursor, &row, &touched, err)) > 0) {
		tool_add_backup_from(
		    tool, &r->origin, &r->out, &row, tool_is_new(tool, &row, touched));
		buf_char(&r->out, '\n');
		r->count++;
	}
	return more;
}

static void
swap(struct buf *a, struct buf *b)
{
	struct buf kept = *a;

	*a = *b;
	*b = kept;
}

/* Leave the part for the caller, when the one before it has been taken. false: stop. */
static bool
hand_over(struct reader *r, int result, const struct err *err)
{
	struct lines *l = r->lines;
	bool goes_on;

	(void)pthread_mutex_lock(&l->lock);
	while (r->is_full && !l->stop)
		(void)pthread_cond_wait(&l->changed, &l->lock);
	swap(&r->out, &r->full);
	r->full_count = r->count;
	r->is_full = true;
	r->failed = result < 0;
	r->err = *err;
	goes_on = !l->stop && !r->failed;
	(void)pthread_cond_broadcast(&l->changed);
	(void)pthread_mutex_unlock(&l->lock);
	return goes_on;
}

static void *
reader(void *arg)
{
	struct reader *r = arg;
	struct err err = {0};
	bool goes_on = true;

	for (; goes_on && r->next < r->lines->parts; r->next += READERS)
		goes_on = hand_over(r, write_part(r, &err), &err);
	return NULL;
}

static int
open_reader(struct reader *r, const struct store_scan *scan, struct err *err)
{
	int failed;

	if (store_open(&r->store, r->lines->tool->config->store, STORE_READ_ONLY, err) < 0 ||
	    store_scan_lines_by_part(scan, r->store, &r->cursor, err) < 0)
		return -1;
	failed = pthread_create(&r->thread, NULL, reader, r);
	if (failed)
		return err_set(err, ERR_LIMIT, "cannot start a thread: %s", strerror(failed));
	r->started = true;
	return 0;
}

/* ---------------------------------------------------------------- the caller */
/* The next part of a reader, which goes on meanwhile. */
static int
take(struct reader *r, struct buf *part, size_t *ret_count, struct err *err)
{
	struct lines *l = r->lines;
	bool failed;

	(void)pthread_mutex_lock(&l->lock);
	while (!r->is_full)
		(void)pthread_cond_wait(&l->changed, &l->lock);
	buf_clear(part);
	swap(part, &r->full);
	*ret_count = r->full_count;
	r->is_full = false;
	failed = r->failed;
	(void)pthread_cond_broadcast(&l->changed);
	(void)pthread_mutex_unlock(&l->lock);
	if (failed && err)
		*err = r->err;
	return failed ? -1 : 0;
}

static int
print_parts(struct lines *l, struct err *err)
{
	struct buf lines = BUF_INIT;
	size_t count;
	int r = 0;

	for (size_t part = 0; part < l->parts && r == 0; part++) {
		r = take(&l->readers[part % READERS], &lines, &count, err);
		if (r == 0)
			r = tool_put_lines(l->tool, &lines, count, err);
		if (r == 0 && tool_stopping())
			r = tool_interrupted(err);
	}
	buf_release(&lines);
	return r;
}

static void
release(struct lines *l)
{
	(void)pthread_mutex_lock(&l->lock);
	l->stop = true;
	(void)pthread_cond_broadcast(&l->changed);
	(void)pthread_mutex_unlock(&l->lock);
	for (size_t i = 0; i < READERS; i++) {
		struct reader *r = &l->readers[i];

		if (r->started)
			(void)pthread_join(r->thread, NULL);
		store_scan_lines_close(r->cursor);
		store_close(r->store);
		buf_release(&r->out);
		buf_release(&r->full);
		tool_origin_release(&r->origin);
	}
	(void)pthread_cond_destroy(&l->changed);
	(void)pthread_mutex_destroy(&l->lock);
}

int
tool_print_lines(struct tool *tool, const struct store_scan *scan, size_t parts, struct err *err)
{
	struct lines l = {.tool = tool, .parts = parts};
	int r = 0;

	(void)pthread_mutex_init(&l.lock, NULL);
	(void)pthread_cond_init(&l.changed, NULL);
	for (size_t i = 0; i < READERS; i++)
		l.readers[i] = (struct reader){.lines = &l,
		    .next = i,
		    .out = BUF_INIT,
		    .full = BUF_INIT,
		    .origin = TOOL_ORIGIN_INIT};
	for (size_t i = 0; i < READERS && r == 0; i++)
		r = open_reader(&l.readers[i], scan, err);
	if (r == 0)
		r = print_parts(&l, err);
	release(&l);
	return r < 0 ? -1 : 1;
}
