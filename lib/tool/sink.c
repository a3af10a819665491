// Records out: a batch is committed to the store first, and printed then.
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "tool/tool_private.h"

#define BATCHES_BEHIND 16   /* of so many, all but one */
#define BEHIND_MS      2    /* how long a wait may be while a batch is being committed */
#define GROWN_RECORDS  1024 /* how long a batch gets while the one before is being committed */
#define PASSED_ON      16 /* records between two looks at the time, while nothing is to be committed */

struct tool_sink {
	struct buf out;
	size_t records;
	int64_t first_ms; /* when the batch began; 0: nothing waits */
	bool dirty;
	bool broken; /* nothing more can be written */

	struct tool_behind *behind;
	size_t batches; /* full ones */
	bool pending;   /* given is being committed, or was and is not printed */
	struct buf given;
};

struct tool_sink *
tool_sink_new(void)
{
	struct tool_sink *sink = mem_alloc(sizeof(*sink));

	sink->out = sink->given = BUF_INIT;
	return sink;
}

void
tool_sink_free(struct tool_sink *sink)
{
	if (!sink)
		return;
	tool_behind_free(sink->behind);
	buf_release(&sink->given);
	buf_release(&sink->out);
	free(sink);
}

static void
begin_batch(struct tool_sink *sink)
{
	if (!sink->first_ms)
		sink->first_ms = clock_mono_ms();
}

int
tool_commit_taken(const struct tool_spec *spec, struct store *store, void *taken, struct err *err)
{
	if (store_begin(store, err) < 0) {
		(void)spec->commit_taken(taken, NULL, NULL);
		return -1;
	}
	if (spec->commit_taken(taken, store, err) < 0 || store_commit(store, err) < 0) {
		store_rollback(store);
		return -1;
	}
	return 0;
}

static int
commit(struct tool *tool, struct err *err)
{
	if (!tool->sink->dirty || tool->read_only)
		return 0;
	tool->sink->dirty = false;
	if (tool->spec->take)
		return tool_commit_taken(
		    tool->spec, tool->store, tool->spec->take(tool->spec->ctx), err);
	if (!tool->spec->commit)
		return 0;
	if (tool->store && store_begin(tool->store, err) < 0)
		return -1;
	if (tool->spec->commit(tool->spec->ctx, err) < 0)
		goto fail;
	if (tool->store && store_commit(tool->store, err) < 0)
		goto fail;
	return 0;
fail:
	if (tool->store)
		store_rollback(tool->store);
	return -1;
}

/* A reader that is asleep must not keep us from stopping: each wait ends with a signal. */
static int
write_out(const char *data, size_t len, struct err *err)
{
	struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};

	while (len) {
		ssize_t n = write(STDOUT_FILENO, data, len);

		if (n >= 0) {
			data += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) {
			(void)poll(&p, 1, 1000);
		} else if (errno != EINTR) {
			return err_sys(err, errno == EPIPE ? ERR_PIPE : ERR_IO,
			    "cannot write to standard output");
		}
		if (len && tool_stopping())
			return tool_interrupted(err);
	}
	return 0;
}

static int
print(struct tool_sink *sink, struct buf *out, struct err *err)
{
	int r = 0;

	if (out->failed)
		return err_set(err, ERR_LIMIT, "too much output waits for its commit");
	if (sink->broken)
		buf_clear(out);
	if (out->len)
		r = write_out(out->data, out->len, err);
	if (r < 0)
		sink->broken = true;
	buf_clear(out);
	return r;
}

/* What must not be printed any more. */
static int
drop(struct tool_sink *sink)
{
	buf_clear(&sink->given);
	buf_clear(&sink->out);
	sink->dirty = false;
	return -1;
}

/* ---------------------------------------------------------------- behind the loop */

/* Wait for the batch that is being committed, and print it. */
static int
settle(struct tool_sink *sink, struct err *err)
{
	if (!sink->pending)
		return 0;
	sink->pending = false;
	if (tool_behind_wait(sink->behind, err) < 0)
		return drop(sink);
	return print(sink, &sink->given, err);
}

/*
 * Only where one full batch follows another. Now and then one is committed in place, with nobody
 * reading: then the log of the store is written back and begins anew.
 */
static bool
goes_behind(struct tool *tool, struct tool_sink *sink)
{
	if (!tool->spec->take || !tool->store || tool->read_only || !sink->dirty)
		return false;
	if (++sink->batches == 1 || sink->batches % BATCHES_BEHIND == 0)
		return false;
	if (!sink->behind)
		sink->behind = tool_behind_new(tool);
	return sink->behind;
}

static int
hand_over(struct tool *tool, struct err *err)
{
	struct tool_sink *sink = tool->sink;
	struct buf empty;

	if (!goes_behind(tool, sink))
		return tool_flush(tool, err);
	if (settle(sink, err) < 0)
		return -1;
	empty = sink->given;
	sink->given = sink->out;
	sink->out = empty;
	sink->first_ms = 0;
	sink->records = 0;
	sink->dirty = false;
	sink->pending = true;
	tool_behind_give(sink->behind, tool->spec->take(tool->spec->ctx));
	return 0;
}

int
tool_flush(struct tool *tool, struct err *err)
{
	struct tool_sink *sink = tool->sink;

	if (!sink)
		return 0;
	if (settle(sink, err) < 0)
		return -1;
	sink->first_ms = 0;
	sink->records = 0;
	/* What was not committed must never be printed. */
	if (commit(tool, err) < 0)
		return drop(sink);
	return print(sink, &sink->out, err);
}

int
tool_sink_wait(const struct tool *tool)
{
	const struct tool_sink *sink = tool->sink;
	int64_t left;

	if (sink && sink->pending) /* what is full, or old, goes when that commit is done */
		return BEHIND_MS;
	if (!sink || !sink->first_ms)
		return -1;
	left = sink->first_ms + TOOL_BATCH_MS - clock_mono_ms();
	return left > 0 ? (int)left : 0;
}

int
tool_tick(struct tool *tool, struct err *err)
{
	struct tool_sink *sink = tool->sink;

	if (sink && sink->pending && !tool_behind_busy(sink->behind) && settle(sink, err) < 0)
		return -1;
	return tool_sink_wait(tool) == 0 ? tool_flush(tool, err) : 0;
}

/* A commit waits for the disk; meanwhile the next batch grows rather than wait for it, so that a slow
 * disk is asked less often. */
static bool
is_full(const struct tool_sink *sink)
{
	bool busy = sink->pending && tool_behind_busy(sink->behind);

	return sink->records >= (busy ? GROWN_RECORDS : TOOL_BATCH_RECORDS) ||
	    sink->out.len >= TOOL_BATCH_BYTES;
}

static int
put(struct tool *tool, const char *line, size_t len, struct err *err)
{
	struct tool_sink *sink = tool->sink;

	begin_batch(sink);
	sink->records++;
	if (!tool->quiet) {
		char *room = buf_reserve(&sink->out, len + 1);

		if (room) {
			memcpy(room, line, len);
			room[len] = '\n';
			sink->out.len += len + 1;
		}
	}
	if (is_full(sink))
		return hand_over(tool, err);
	return sink->dirty || sink->records % PASSED_ON == 0 ? tool_tick(tool, err) : 0;
}

int
tool_put(struct tool *tool, const struct record *rec, struct err *err)
{
	tool->out++;
	return put(tool, rec->line.data, rec->line.len, err);
}

int
tool_put_line(struct tool *tool, const struct buf *line, struct err *err)
{
	if (line->failed || line->len > RECORD_LINE_MAX)
		return err_set(
		    err, ERR_LIMIT, "a record would be longer than %zu bytes", RECORD_LINE_MAX);
	tool->out++;
	return put(tool, line->data, line->len, err);
}

int
tool_put_lines(struct tool *tool, const struct buf *lines, size_t count, struct err *err)
{
	struct tool_sink *sink = tool->sink;

	if (lines->failed)
		return err_set(err, ERR_LIMIT, "too much output at once");
	begin_batch(sink);
	tool->out += count;
	sink->records += count;
	if (!tool->quiet)
		buf_add(&sink->out, lines->data, lines->len);
	return is_full(sink) ? tool_flush(tool, err) : tool_tick(tool, err);
}

void
tool_dirty(struct tool *tool)
{
	begin_batch(tool->sink);
	tool->sink->dirty = true;
}
