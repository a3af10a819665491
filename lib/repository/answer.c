// What the handler of a repository answers: lines of JSON, believed only after a look at each.
#include <string.h>

#include "repository/repository_private.h"

#define LIST_MAX    ((size_t)256 << 20)
#define VERDICT_MAX ((size_t)64 * 1024)
#define ID_MAX      200

const char *
repository_id(const char *path, const char *type)
{
	const char *name = path_base(path);
	size_t len = strlen(type);

	return strncmp(name, type, len) == 0 && name[len] == ':' ? name + len + 1 : NULL;
}

static void
set_message(char *out, size_t size, const char *text)
{
	struct buf visible = BUF_INIT;

	str_add_visible(&visible, text, strnlen(text, 200));
	(void)snprintf(out, size, "%s", visible.data);
	buf_release(&visible);
}

/* A word of the list, NULL if it is none. */
static const char *
known_word(enum record_list list, const char *word)
{
	int n = record_word_find(list, word);

	return n ? record_word(list, n) : NULL;
}

/* How it ended says why there is no answer: NULL if there should be one. */
static const char *
no_answer(const struct repository *r, const struct sandbox_result *end, char *message, size_t size)
{
	const char *type = r->options.type;

	switch (end->end) {
	case SANDBOX_DONE:
		if (!end->status)
			return NULL;
		(void)snprintf(
		    message, size, "the handler of %s ended with status %d", type, end->status);
		return "handler";
	case SANDBOX_CRASHED:
		(void)snprintf(
		    message, size, "the handler of %s ended by signal %d", type, end->status);
		return "crashed";
	case SANDBOX_TIMEOUT:
		(void)snprintf(message, size, "the handler of %s took longer than allowed", type);
		return "timeout";
	case SANDBOX_OVERFLOW:
		(void)snprintf(message, size, "the handler of %s answered without end", type);
		return "handler";
	case SANDBOX_STOPPED:
		(void)snprintf(message, size, "interrupted");
		return "interrupted";
	}
	return "handler";
}

/* ---------------------------------------------------------------- list */

struct listing {
	int (*fn)(void *arg, const struct repository_snapshot *snapshot, struct err *err);
	void *arg;
	struct buf *identity;
	struct repository_trouble *trouble;
	bool ended;
};

static int
say(struct repository_trouble *t, const char *reason, const char *message)
{
	t->reason = reason;
	set_message(t->message, sizeof(t->message), message);
	return 1;
}

static int
take_snapshot(struct listing *l, struct record *rec, struct err *err)
{
	struct repository_snapshot s = {
	    .id = record_str(rec, "id"), .series = record_str(rec, "series")};
	int64_t size;

	if (!record_time(rec, "time", &s.time) || !*s.id || strlen(s.id) > ID_MAX ||
	    strchr(s.id, '/') || strchr(s.id, '\n'))
		return say(l->trouble, "handler", "the handler named a snapshot that cannot be");
	s.has_size = record_int(rec, "size", &size) && size >= 0;
	s.size = s.has_size ? (uint64_t)size : 0;
	return l->fn(l->arg, &s, err) < 0 ? -1 : 0;
}

static int
take_line(struct listing *l, struct record *rec, struct err *err)
{
	const char *text, *word;

	if (record_str(rec, "id"))
		return take_snapshot(l, rec, err);
	text = record_str(rec, "repository");
	if (text)
		buf_str(l->identity, text);
	if (record_has(rec, "verdict")) {
		text = record_str(rec, "message");
		word = known_word(RECORD_LIST_CANNOT_REASON, record_str(rec, "reason"));
		return say(
		    l->trouble, word ? word : "handler", text ? text : "no reason was given");
	}
	if (record_has(rec, "end"))
		l->ended = true;
	return 0;
}

int
repository_list(struct repository *r, const char *known,
    int (*fn)(void *arg, const struct repository_snapshot *snapshot, struct err *err), void *arg,
    struct buf *identity, struct repository_trouble *ret_trouble, struct err *err)
{
	struct listing l = {.fn = fn, .arg = arg, .identity = identity, .trouble = ret_trouble};
	const struct repository_question q = {.command = "list", .input = known};
	struct buf answer = BUF_INIT_MAX(LIST_MAX);
	struct record rec = RECORD_INIT;
	struct sandbox_result end;
	struct err own = {.code = ERR_NONE};
	int result = 0;

	*ret_trouble = (struct repository_trouble){.reason = NULL};
	if (repository_ask(r, &q, &answer, &end, &own) < 0) {
		result =
		    say(ret_trouble, own.code == ERR_UNSUPPORTED ? "sandbox" : "io_error", own.msg);
		goto out;
	}
	ret_trouble->reason =
	    no_answer(r, &end, ret_trouble->message, sizeof(ret_trouble->message));
	if (ret_trouble->reason)
		result =
		    end.end == SANDBOX_STOPPED ? err_set(err, ERR_INTERRUPTED, "interrupted") : 1;
	for (char *at = answer.data, *next; result == 0 && *at; at = next) {
		size_t len = strcspn(at, "\n");

		next = at + len + (at[len] == '\n');
		if (record_parse(&rec, at, len, &own) < 0)
			result = say(ret_trouble, "handler", own.msg);
		else
			result = take_line(&l, &rec, err);
	}
	if (result == 0 && !l.ended)
		result = say(ret_trouble, "handler", "the list of the handler has no end");
out:
	record_release(&rec);
	buf_release(&answer);
	return result;
}

/* ---------------------------------------------------------------- verify and restore */

static void
cannot(struct repository_verdict *v, const char *reason, const char *message)
{
	v->verdict = RECORD_VERDICT_ERROR;
	v->reason = reason;
	set_message(v->message, sizeof(v->message), message);
}

static uint64_t
count_of(const struct record *rec, const char *name)
{
	int64_t n;

	return record_int(rec, name, &n) && n > 0 ? (uint64_t)n : 0;
}

static void
take_verdict(struct repository_verdict *v, struct record *rec)
{
	const char *message = record_str(rec, "message"), *reason = record_str(rec, "reason");
	int level = record_word_of(rec, "level", RECORD_LIST_LEVEL);

	v->verdict = (enum record_verdict)record_word_of(rec, "verdict", RECORD_LIST_VERDICT);
	v->entries = count_of(rec, "entries");
	v->files = count_of(rec, "files");
	v->bytes = count_of(rec, "bytes");
	v->level = level <= RECORD_LEVEL_INTACT ? (enum record_level)level : RECORD_LEVEL_NONE;
	set_message(v->message, sizeof(v->message), message ? message : "");
	switch (v->verdict) {
	case RECORD_VERDICT_NONE:
		cannot(v, "handler", "the handler answered without a verdict");
		return;
	case RECORD_VERDICT_PASS:
		return;
	case RECORD_VERDICT_FAIL:
		v->reason = known_word(RECORD_LIST_FAIL_REASON, reason);
		break;
	case RECORD_VERDICT_SKIP:
		v->reason = known_word(RECORD_LIST_SKIP_REASON, reason);
		break;
	case RECORD_VERDICT_ERROR:
		v->reason = known_word(RECORD_LIST_CANNOT_REASON, reason);
		break;
	}
	if (!v->reason)
		cannot(v, "handler", "the handler answered without a reason that bkm knows");
}

static int
ask_for_verdict(struct repository *r, const struct repository_question *q,
    struct repository_verdict *v, struct err *err)
{
	struct buf answer = BUF_INIT_MAX(VERDICT_MAX);
	struct record rec = RECORD_INIT;
	struct sandbox_result end = {.end = SANDBOX_DONE};
	struct err own = {.code = ERR_NONE};
	int result = 0;
	char message[200];

	*v = (struct repository_verdict){.verdict = RECORD_VERDICT_ERROR};
	if (repository_ask(r, q, &answer, &end, &own) < 0) {
		cannot(v, own.code == ERR_UNSUPPORTED ? "sandbox" : "io_error", own.msg);
		goto out;
	}
	v->ms = end.ms;
	v->sandbox = end.active;
	v->reason = no_answer(r, &end, message, sizeof(message));
	while (answer.len && strchr("\r\n ", answer.data[answer.len - 1]))
		answer.data[--answer.len] = '\0';
	if (v->reason)
		cannot(v, v->reason, message);
	else if (!answer.len || record_parse(&rec, answer.data, answer.len, &own) < 0)
		cannot(v, "handler", answer.len ? own.msg : "the handler gave no answer");
	else
		take_verdict(v, &rec);
	if (end.end == SANDBOX_STOPPED)
		result = err_set(err, ERR_INTERRUPTED, "interrupted");
out:
	record_release(&rec);
	buf_release(&answer);
	return result;
}

int
repository_verify(struct repository *r, const char *id, unsigned part, unsigned parts,
    struct repository_verdict *v, struct err *err)
{
	char numbers[2][16];
	const struct repository_question q = {
	    .command = "verify", .args = {id, numbers[0], numbers[1]}};

	(void)snprintf(numbers[0], sizeof(numbers[0]), "%u", part);
	(void)snprintf(numbers[1], sizeof(numbers[1]), "%u", parts);
	if (ask_for_verdict(r, &q, v, err) < 0)
		return -1;
	if (v->verdict == RECORD_VERDICT_PASS && v->level == RECORD_LEVEL_NONE)
		cannot(v, "handler", "the handler passed without saying how far it looked");
	return 0;
}

int
repository_restore(struct repository *r, const char *id, const struct repository_sample *sample,
    struct repository_verdict *v, struct err *err)
{
	const struct repository_question q = {
	    .command = "restore", .args = {id}, .input = sample->always, .sample = sample};

	if (ask_for_verdict(r, &q, v, err) < 0)
		return -1;
	if (v->verdict == RECORD_VERDICT_PASS && v->files == 0)
		cannot(v, "handler", "the handler passed without saying how many files came back");
	if (v->verdict == RECORD_VERDICT_PASS)
		v->level = RECORD_LEVEL_RESTORED;
	return 0;
}
