// Records out: a batch is committed to the store first, and printed then.
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "tool/tool_private.h"

struct tool_sink {
	struct buf out;
	size_t records;
	int64_t first_ms; /* when the batch began; 0: nothing waits */
	bool dirty;
	bool broken; /* nothing more can be written */
};

struct tool_sink *
tool_sink_new(void)
{
	struct tool_sink *sink = mem_alloc(sizeof(*sink));

	sink->out = BUF_INIT;
	return sink;
}

void
tool_sink_free(struct tool_sink *sink)
{
	if (!sink)
		return;
	buf_release(&sink->out);
	free(sink);
}

static void
begin_batch(struct tool_sink *sink)
{
	if (!sink->first_ms)
		sink->first_ms = clock_mono_ms();
}

static int
commit(struct tool *tool, struct err *err)
{
	if (!tool->sink->dirty || !tool->spec->commit || tool->read_only)
		return 0;
	if (tool->store && store_begin(tool->store, err) < 0)
		return -1;
	if (tool->spec->commit(tool->spec->ctx, err) < 0)
		goto fail;
	if (tool->store && store_commit(tool->store, err) < 0)
		goto fail;
	tool->sink->dirty = false;
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
print(struct tool_sink *sink, struct err *err)
{
	int r = 0;

	if (sink->out.failed)
		return err_set(err, ERR_LIMIT, "too much output waits for its commit");
	if (sink->broken)
		buf_clear(&sink->out);
	if (sink->out.len)
		r = write_out(sink->out.data, sink->out.len, err);
	if (r < 0)
		sink->broken = true;
	buf_clear(&sink->out);
	return r;
}

int
tool_flush(struct tool *tool, struct err *err)
{
	struct tool_sink *sink = tool->sink;

	if (!sink)
		return 0;
	sink->first_ms = 0;
	sink->records = 0;
	if (commit(tool, err) < 0) {
		/* What was not committed must never be printed. */
		buf_clear(&sink->out);
		sink->dirty = false;
		return -1;
	}
	return print(sink, err);
}

int
tool_sink_wait(const struct tool *tool)
{
	const struct tool_sink *sink = tool->sink;
	int64_t left;

	if (!sink || !sink->first_ms)
		return -1;
	left = sink->first_ms + TOOL_BATCH_MS - clock_mono_ms();
	return left > 0 ? (int)left : 0;
}

int
tool_tick(struct tool *tool, struct err *err)
{
	return tool_sink_wait(tool) == 0 ? tool_flush(tool, err) : 0;
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
	if (sink->records < TOOL_BATCH_RECORDS && sink->out.len < TOOL_BATCH_BYTES)
		return tool_tick(tool, err);
	return tool_flush(tool, err);
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
	if (sink->records < TOOL_BATCH_RECORDS && sink->out.len < TOOL_BATCH_BYTES)
		return tool_tick(tool, err);
	return tool_flush(tool, err);
}

void
tool_dirty(struct tool *tool)
{
	begin_batch(tool->sink);
	tool->sink->dirty = true;
}
