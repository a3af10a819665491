// Records in: standard input, files of records, the store, or files named as operands.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/tool_private.h"

#define READ_SIZE     ((size_t)64 << 10)
#define POLL_MAX_MS   1000 /* a signal that came just before poll() is seen this much later */
#define BAD_LINES_MAX 20   /* that are named one by one */

enum mode { MODE_NOTHING, MODE_STREAM, MODE_STORED, MODE_OPERANDS };

struct tool_source {
	enum mode mode;
	struct tool_stored *stored;
	struct tool_watch *watch;
	size_t operand; /* the next one */

	int fd; /* of the stream; -1: none is open */
	const char *name;
	struct buf in;
	size_t pos;    /* of the first byte not yet consumed */
	size_t looked; /* bytes from pos on that hold no newline */
	uint64_t line;
	bool skipping; /* the rest of a line that is too long */
	bool ended;    /* everything was read, and said */
	uint64_t bad;
	int64_t quiet_since; /* for idle; 0: idle was called */
};

/* ---------------------------------------------------------------- opening */

static int
no_source(struct err *err, const struct tool_spec *spec)
{
	const char *files = spec->operands == TOOL_OPERANDS_BACKUPS ? "name backup files, "
	    : spec->operands == TOOL_OPERANDS_RECORDS               ? "name files of records, "
								    : "";

	return err_set(err, ERR_USAGE,
	    "no source: pipe records in, %sor use --stored to work from the store", files);
}

int
tool_source_open(struct tool *tool, struct err *err)
{
	struct tool_source *s = mem_alloc(sizeof(*s));

	tool->source = s;
	s->in = BUF_INIT;
	s->fd = -1;
	s->name = "the store";
	s->watch = tool_watch_new();
	if (tool->spec->input == TOOL_INPUT_NONE)
		return 0;
	if (tool->by_operands) {
		s->mode = MODE_OPERANDS;
	} else if (tool->stored) {
		if (tool->spec->input == TOOL_INPUT_PASS)
			return 0;
		s->mode = MODE_STORED;
		return tool_stored_open(tool, &s->stored, err);
	} else if (tool->operand_count) {
		s->mode = MODE_STREAM;
	} else if (isatty(STDIN_FILENO) == 1) {
		return tool->spec->input == TOOL_INPUT_PASS ? 0 : no_source(err, tool->spec);
	} else {
		s->mode = MODE_STREAM;
		s->fd = STDIN_FILENO;
		s->name = "standard input";
	}
	s->quiet_since = clock_mono_ms();
	return 0;
}

static void
close_stream(struct tool_source *s)
{
	if (s->fd > STDERR_FILENO)
		(void)close(s->fd);
	s->fd = -1;
}

void
tool_source_free(struct tool_source *s)
{
	if (!s)
		return;
	close_stream(s);
	tool_stored_free(s->stored);
	tool_watch_free(s->watch);
	buf_release(&s->in);
	free(s);
}

struct tool_watch *
tool_source_watch(const struct tool *tool)
{
	return tool->source ? tool->source->watch : NULL;
}

/* The next file of records: 1 open, 0 there is none. One that cannot be opened is trouble. */
static int
next_stream(struct tool *tool, struct tool_source *s)
{
	while (s->fd < 0 && s->operand < tool->operand_count) {
		const char *path = tool->operands[s->operand++];

		s->line = 0;
		s->name = path;
		s->quiet_since = clock_mono_ms();
		if (strcmp(path, "-") == 0) {
			s->fd = STDIN_FILENO;
			s->name = "standard input";
			break;
		}
		s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (s->fd < 0)
			tool_error(tool, "cannot open '%s': %s", path, strerror(errno));
	}
	return s->fd >= 0;
}

/* ---------------------------------------------------------------- bytes */

/* Milliseconds that we may wait for input: until the batch is due, idle is due, or a signal could
 * have been missed. */
static int
wait_time(const struct tool *tool, const struct tool_source *s)
{
	int wait = tool_sink_wait(tool);

	if (wait < 0 || wait > POLL_MAX_MS)
		wait = POLL_MAX_MS;
	if (tool->spec->idle && s->quiet_since) {
		int64_t idle = s->quiet_since + tool->spec->idle_ms - clock_mono_ms();

		if (idle < wait)
			wait = idle > 0 ? (int)idle : 0;
	}
	return wait;
}

/* Nothing came in time: print what waits, and say once that it is quiet. */
static int
be_quiet(struct tool *tool, struct tool_source *s, struct err *err)
{
	if (tool_tick(tool, err) < 0)
		return -1;
	if (!tool->spec->idle || !s->quiet_since ||
	    clock_mono_ms() < s->quiet_since + tool->spec->idle_ms)
		return 0;
	s->quiet_since = 0;
	if (tool_flush(tool, err) < 0 || tool->spec->idle(tool->spec->ctx, err) < 0)
		return -1;
	return tool_flush(tool, err);
}

/* 1 there is something to read or the end; -1 */
static int
await(struct tool *tool, struct tool_source *s, struct err *err)
{
	struct pollfd p = {.fd = s->fd, .events = POLLIN};

	for (;;) {
		int r;

		if (tool_stopping())
			return tool_interrupted(err);
		r = poll(&p, 1, wait_time(tool, s));
		if (r > 0)
			return 1;
		if (r < 0 && errno != EINTR)
			return err_sys(err, ERR_IO, "cannot wait for %s", s->name);
		if (r == 0 && be_quiet(tool, s, err) < 0)
			return -1;
	}
}

/* More bytes: 1, 0 at the end, -1. */
static int
fill(struct tool *tool, struct tool_source *s, struct err *err)
{
	char *room;
	ssize_t n;

	if (s->pos) {
		buf_consume(&s->in, s->pos);
		s->pos = 0;
	}
	if (await(tool, s, err) < 0)
		return -1;
	room = buf_reserve(&s->in, READ_SIZE);
	n = read(s->fd, room, READ_SIZE);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 1;
	if (n < 0)
		return err_sys(err, ERR_IO, "cannot read %s", s->name);
	s->in.len += (size_t)n;
	s->in.data[s->in.len] = '\0';
	if (n > 0 && tool->spec->idle)
		s->quiet_since = clock_mono_ms();
	return n > 0;
}

/* ---------------------------------------------------------------- lines */

static void
bad_line(struct tool *tool, struct tool_source *s, const char *what)
{
	tool->errors++;
	if (s->bad++ < BAD_LINES_MAX) {
		tool_progress_clear(tool);
		log_error(
		    tool->log, "%s, line %llu: %s", s->name, (unsigned long long)s->line, what);
	}
}

static const char *
find_newline(struct tool_source *s)
{
	const char *from = s->in.data + s->pos + s->looked;
	const char *newline = memchr(from, '\n', s->in.len - s->pos - s->looked);

	s->looked = newline ? 0 : s->in.len - s->pos;
	return newline;
}

static void
too_long(struct tool *tool, struct tool_source *s)
{
	if (s->skipping || s->in.len - s->pos <= RECORD_LINE_MAX)
		return;
	s->line++;
	bad_line(tool, s, "longer than 1048576 bytes");
	s->skipping = true;
}

static void
drop_skipped(struct tool_source *s)
{
	if (!s->skipping)
		return;
	s->pos = s->in.len;
	s->looked = 0;
}

/* The next whole line: 1, 0 at the end of this stream, -1. */
static int
next_line(struct tool *tool, struct tool_source *s, const char **ret_line, size_t *ret_len,
    struct err *err)
{
	for (;;) {
		const char *newline = find_newline(s);
		bool skip = s->skipping;
		int r;

		if (newline) {
			*ret_line = s->in.data + s->pos;
			*ret_len = (size_t)(newline - *ret_line);
			s->pos += *ret_len + 1;
			s->skipping = false;
			if (skip)
				continue;
			s->line++;
			return 1;
		}
		too_long(tool, s);
		drop_skipped(s);
		r = fill(tool, s, err);
		if (r < 0)
			return -1;
		if (r > 0)
			continue;
		if (s->in.len > s->pos && !s->skipping) {
			s->line++;
			bad_line(tool, s, "unfinished: it has no newline at its end");
		}
		s->pos = s->in.len;
		s->looked = 0;
		s->skipping = false;
		return 0;
	}
}

static int
end_of_input(struct tool *tool, struct tool_source *s, struct err *err)
{
	if (s->ended)
		return 0;
	s->ended = true;
	if (s->bad > BAD_LINES_MAX)
		log_error(
		    tool->log, "%llu more bad lines", (unsigned long long)(s->bad - BAD_LINES_MAX));
	if (tool->in == 0 && s->bad == 0 && tool->spec->input == TOOL_INPUT_FILTER &&
	    tool->operand_count == 0)
		log_warning(
		    tool->log, "no records on standard input; use --stored to work from the store");
	return tool_watch_end(tool, s->watch, err);
}

static int
next_from_stream(struct tool *tool, struct tool_source *s, struct record *rec, struct err *err)
{
	for (;;) {
		struct err bad = {0};
		const char *line;
		size_t len;
		int r;

		if (s->fd < 0 && !next_stream(tool, s))
			return end_of_input(tool, s, err);
		r = next_line(tool, s, &line, &len, err);
		if (r < 0)
			return -1;
		if (r == 0) {
			close_stream(s);
			continue;
		}
		if (record_parse(rec, line, len, &bad) == 0)
			break;
		bad_line(tool, s, bad.msg);
		if (s->bad == 1 && len == 1 && *line == '{')
			log_hint(tool->log, "a record is one line: write 'jq -c' instead of 'jq'");
	}
	if (rec->kind == RECORD_RUN)
		tool_watch_record(s->watch, rec);
	return 1;
}

static int
next_operand(struct tool *tool, struct tool_source *s, struct record *rec, struct err *err)
{
	int r = 0;

	while (r == 0 && s->operand < tool->operand_count)
		r = tool_operand(tool, tool->operands[s->operand++], rec, err);
	return r;
}

int
tool_next(struct tool *tool, struct record *rec, struct err *err)
{
	struct tool_source *s = tool->source;
	int r = 0;

	tool->own.id = 0;
	if (tool_stopping())
		return tool_interrupted(err);
	/* A stream looks at the time whenever it waits, and each put does. */
	if (s->mode != MODE_STREAM && tool_tick(tool, err) < 0)
		return -1;
	switch (s->mode) {
	case MODE_NOTHING:
		return 0;
	case MODE_STREAM:
		r = next_from_stream(tool, s, rec, err);
		break;
	case MODE_STORED:
		r = tool_stored_next(tool, s->stored, rec, err);
		break;
	case MODE_OPERANDS:
		r = next_operand(tool, s, rec, err);
		break;
	}
	if (r > 0)
		tool->in++;
	/* What is judged at the end of the input is judged at that moment: the stages before may
	 * have taken hours. */
	if (r == 0)
		tool->now = tool_now(tool);
	return r;
}

const char *
tool_source_line(const struct tool *tool, uint64_t *ret_line)
{
	*ret_line = tool->source->line;
	return tool->source->name;
}

bool
tool_ready(struct tool *tool)
{
	struct tool_source *s = tool->source;
	struct pollfd p = {.fd = s->fd, .events = POLLIN};

	if (s->mode != MODE_STREAM || s->fd < 0)
		return true;
	return find_newline(s) || poll(&p, 1, 0) > 0;
}
