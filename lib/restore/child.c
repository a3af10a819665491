// In the sandbox: look behind the compression, let the handlers bid, run the winner, answer.
#include <errno.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "restore/restore_private.h"

void
restore_say(
    struct restore_answer *a, enum record_verdict verdict, const char *reason, const char *fmt, ...)
{
	va_list ap;

	a->verdict = (int32_t)verdict;
	(void)snprintf(a->reason, sizeof(a->reason), "%s", reason ? reason : "");
	va_start(ap, fmt);
	(void)vsnprintf(a->message, sizeof(a->message), fmt, ap);
	va_end(ap);
}

void
restore_say_errno(struct restore_answer *a, const char *what)
{
	bool full = errno == ENOSPC || errno == EDQUOT;

	restore_say(a, RECORD_VERDICT_ERROR, full ? "no_space" : "io_error", "%s: %s", what,
	    strerror(errno));
}

void
restore_say_codec(struct restore_answer *a, const struct codec_status *status)
{
	const char *name = codec_name(status->type), *detail = status->detail;
	const char *sep = *detail ? ": " : "";

	switch (status->fault) {
	case CODEC_FAULT_NONE:
		return;
	case CODEC_FAULT_TRUNCATED:
	case CODEC_FAULT_DAMAGED:
		restore_say(a, RECORD_VERDICT_FAIL, codec_fault_name(status->fault),
		    "%s data at byte %llu%s%s", name, (unsigned long long)status->in, sep, detail);
		return;
	case CODEC_FAULT_BOMB:
	case CODEC_FAULT_MEMORY:
		restore_say(a, RECORD_VERDICT_FAIL, "bomb", "%s data unpacks past the limits%s%s",
		    name, sep, detail);
		return;
	case CODEC_FAULT_TIME:
		restore_say(a, RECORD_VERDICT_ERROR, "timeout", "the time limit was reached");
		return;
	case CODEC_FAULT_INPUT:
		restore_say(a, RECORD_VERDICT_ERROR, "unreadable", "cannot read the backup");
		return;
	}
}

void
restore_saw_name(struct restore_child *child, const char *name)
{
	const char *const *patterns = child->subject->must_contain;

	if (!patterns)
		return;
	while (name[0] == '.' && name[1] == '/')
		name += 2;
	while (*name == '/')
		name++;
	for (size_t i = 0; patterns[i] && i < 64; i++) {
		if (!(child->answer->contains & UINT64_C(1) << i) &&
		    fnmatch(patterns[i], name, 0) == 0)
			child->answer->contains |= UINT64_C(1) << i;
	}
}

#define TABLES_MAX ((size_t)512 * 1024) /* bytes */

void
restore_add_table(struct restore_child *child, const char *name, uint64_t rows)
{
	size_t len = strlen(name) + 1;

	child->answer->has_tables = 1;
	if (child->tables.len + sizeof(rows) + len > TABLES_MAX) {
		child->answer->tables_left_out = 1;
		return;
	}
	buf_add(&child->tables, &rows, sizeof(rows));
	buf_add(&child->tables, name, len);
}

static int
write_answer(struct restore_child *child, int out)
{
	int r = fsio_write_all(out, child->answer, sizeof(*child->answer), "answer", NULL);

	if (r == 0)
		r = fsio_write_all(out, child->tables.data, child->tables.len, "answer", NULL);
	buf_release(&child->tables);
	return r < 0 ? 1 : 0;
}

static const struct restore_handler *
highest_bid(const struct restore_probe *probe)
{
	const struct restore_handler *best = NULL;
	int most = 0;

	for (size_t i = 0; i < restore_handler_count; i++) {
		int bid = restore_handlers[i]->bid(probe);

		if (bid > most) {
			most = bid;
			best = restore_handlers[i];
		}
	}
	return best;
}

/* The handler of what a name promises, if only one comes into question. */
static const char *
promised_handler(const struct archive_promise *promise)
{
	if (promise->kind == ARCHIVE_KIND_7ZIP)
		return restore_7zip.name;
	if (promise->kind == ARCHIVE_KIND_NONE && promise->format &&
	    strcmp(promise->format, "sqlite"))
		return NULL;
	return promise->format;
}

/* Read to the end; true if there was nothing but zero bytes. */
static bool
drain_zeros(struct codec *codec)
{
	const uint8_t *data;
	bool zeros = true;
	struct err err;
	ssize_t n;

	while ((n = codec_read(codec, &data, &err)) > 0)
		zeros = zeros && data[0] == 0 && memcmp(data, data + 1, (size_t)n - 1) == 0;
	return zeros;
}

/* Nobody can bring it back; but a compression can be judged. */
static void
drain(struct restore_child *child)
{
	const struct codec_status *status = codec_status(child->codec);
	struct restore_answer *a = child->answer;
	struct archive_promise promise;
	const char *promised;
	bool zeros;

	archive_promise_of(child->name, &promise);
	promised = promised_handler(&promise);
	zeros = drain_zeros(child->codec);
	a->bytes = status->out;
	if (status->fault != CODEC_FAULT_NONE)
		restore_say_codec(a, status);
	else if (zeros)
		restore_say(a, RECORD_VERDICT_FAIL, "empty", "nothing but zero bytes in it");
	else if (promise.codec != CODEC_NONE && status->type != promise.codec)
		restore_say(a, RECORD_VERDICT_FAIL, "foreign",
		    "not the %s data that its name promises", codec_name(promise.codec));
	else if (promised)
		restore_say(a, RECORD_VERDICT_FAIL, "foreign",
		    "no %s content, as its name promises", promised);
	else if (status->type != CODEC_NONE)
		restore_say(a, RECORD_VERDICT_SKIP, "unsupported",
		    "unpacked to its end, but no handler knows the content");
	else
		restore_say(a, RECORD_VERDICT_SKIP, "unsupported", "no handler knows the content");
}

static void
look_and_drill(struct restore_child *child, const char *program)
{
	struct restore_probe *probe = &child->probe;
	const struct codec_status *status = codec_status(child->codec);
	const struct restore_handler *handler;
	struct archive_promise promise;
	const char *promised;
	struct err err = {.code = ERR_NONE};
	ssize_t n = codec_peek(child->codec, &probe->data, RESTORE_PEEK, &err);

	(void)program;
	if (n <= 0 && status->fault != CODEC_FAULT_NONE) {
		restore_say_codec(child->answer, status);
		return;
	}
	if (n <= 0) {
		restore_say(child->answer, RECORD_VERDICT_FAIL, "empty", "nothing in it");
		return;
	}
	probe->len = (size_t)n;
	probe->codec = status->type;
	probe->name = child->name;
	handler = child->subject->handler ? restore_handler_find(child->subject->handler)
					  : highest_bid(probe);
	if (!handler) {
		drain(child);
		return;
	}
	(void)snprintf(child->answer->handler, sizeof(child->answer->handler), "%s", handler->name);
	if (child->subject->handler && handler->bid(probe) == 0) {
		restore_say(child->answer, RECORD_VERDICT_FAIL, "foreign",
		    "no %s content, as restore.handler demands", handler->name);
		return;
	}
	handler->drill(child);
	archive_promise_of(child->name, &promise);
	promised = promised_handler(&promise);
	if ((promise.codec != CODEC_NONE && promise.codec != probe->codec) ||
	    (promised && strcmp(promised, handler->name) != 0))
		child->answer->warnings |= RESTORE_WARN_OTHER_FORMAT;
	if (status->garbage)
		child->answer->warnings |= RESTORE_WARN_GARBAGE;
}

/* The first part of what was split is no cut archive, and the second no foreign one. */
static void
judge_part(struct restore_child *child)
{
	struct restore_answer *a = child->answer;

	if (a->verdict == RECORD_VERDICT_FAIL && archive_name_is_part(child->name) &&
	    (strcmp(a->reason, "truncated") == 0 || strcmp(a->reason, "foreign") == 0))
		restore_say(a, RECORD_VERDICT_SKIP, "unsupported",
		    "a part of what was split, by its name: only the whole can be restored");
}

/* fn with the decoder of the backup open. */
static void
with_codec(struct restore_child *child, const char *program,
    void (*fn)(struct restore_child *child, const char *program))
{
	const struct restore_options *o = child->options;
	const struct codec_limits limits = {.max_bytes = o->max_bytes,
	    .max_ratio = o->max_ratio,
	    .ratio_floor = RESTORE_RATIO_FLOOR,
	    .deadline_ms = child->deadline_ms};
	struct codec_input input;
	struct restore_input in;
	struct err err = {.code = ERR_NONE};

	restore_input_init(&in, child->fd, child->size, &input);
	if (codec_open(&child->codec, &input, &limits, &err) < 0)
		restore_say(child->answer, RECORD_VERDICT_ERROR, "unreadable", "%s", err.msg);
	else
		fn(child, program);
	judge_part(child);
	codec_close(child->codec);
	child->answer->fetch_ms = in.waited_ns / 1000000;
	restore_input_release(&in);
}

void
restore_child_init(
    struct restore_child *child, const struct restore_job *job, struct restore_answer *answer)
{
	*answer = (struct restore_answer){.magic = RESTORE_ANSWER_MAGIC};
	*child = (struct restore_child){.subject = job->subject,
	    .options = job->options,
	    .name = path_base(job->subject->path),
	    .fd = job->fd,
	    .size = job->size,
	    .rootfd = job->rootfd,
	    .mould = job->mould,
	    .space = job->space,
	    .deadline_ms = job->deadline_ms,
	    .answer = answer,
	    .tables = BUF_INIT};
	/* A file past RLIMIT_FSIZE is an errno, not a death. */
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
}

int
restore_child_main(void *arg, int out)
{
	const struct restore_job *job = arg;
	struct restore_answer answer;
	struct restore_child child;

	restore_child_init(&child, job, &answer);
	if (job->directory)
		restore_directory(&child);
	else
		with_codec(&child, NULL, look_and_drill);
	return write_answer(&child, out);
}

int
restore_second_main(void *arg, int out)
{
	const struct restore_job *job = arg;
	struct restore_answer answer;
	struct restore_child child;

	restore_child_init(&child, job, &answer);
	(void)snprintf(answer.handler, sizeof(answer.handler), "%s", job->handler->name);
	if (job->handler->decoded)
		with_codec(&child, job->program, job->handler->program);
	else
		job->handler->program(&child, job->program);
	return write_answer(&child, out);
}
