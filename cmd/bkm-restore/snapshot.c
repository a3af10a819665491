// A snapshot of a repository: some of its files are brought back by its own tool, others each time.
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "tool/repository.h"

#define FILES 100 /* that are brought back in one test, about */

/* How many files the sample had is no figure that its series could learn from. */
static void
take(struct restore_result *r, const struct repository_verdict *v, const char *type)
{
	r->verdict = v->verdict;
	r->reason = v->reason;
	r->level = v->level;
	r->entries = v->entries;
	r->bytes = v->bytes;
	r->ms = v->ms;
	r->sandbox = v->sandbox;
	(void)snprintf(r->handler, sizeof(r->handler), "%s", type);
	(void)snprintf(r->message, sizeof(r->message), "%s", v->message);
}

static void
cannot(struct restore_result *r, const char *message)
{
	*r = (struct restore_result){.verdict = RECORD_VERDICT_ERROR, .reason = "handler"};
	(void)snprintf(
	    r->message, sizeof(r->message), "%.*s", (int)sizeof(r->message) - 1, message);
}

/* What must be looked at has to be in the sample. */
static void
add_members(const struct restore_subject *subject, struct buf *out)
{
	for (size_t i = 0; i < subject->member_count; i++)
		buf_printf(out, "%s\n", subject->members[i].name);
}

static int
judge(struct app *app, const struct repository *repository, const struct restore_subject *subject,
    struct restore_result *result, struct err *err)
{
	int tree = repository_openat(repository, REPOSITORY_TREE, O_DIRECTORY),
	    names = repository_openat(repository, REPOSITORY_NAMES, O_NONBLOCK), r = 0;

	if (tree < 0 || names < 0)
		cannot(result, "the handler left no tree or no names");
	else
		r = restore_judge_sample(
		    subject, &app->restore, app->drill, tree, names, result, err);
	if (tree >= 0)
		(void)close(tree);
	if (names >= 0)
		(void)close(names);
	return r;
}

int
app_snapshot(struct app *app, const struct config_location *location,
    const struct restore_subject *subject, struct restore_result *ret_result, struct err *err)
{
	const char *type = config_type_word(location->type),
		   *id = repository_id(subject->path, type);
	int64_t days = app->tool.config->restore_testing.interval_days;
	struct repository_sample sample = {.files = FILES,
	    .bytes = app->restore.max_bytes ? app->restore.max_bytes : UINT64_C(1) << 30,
	    .turn = (uint64_t)(app->tool.now / CLOCK_DAY / (days > 0 ? days : 1))};
	struct repository *repository = NULL;
	struct repository_verdict v;
	struct buf always = BUF_INIT;
	struct err why = {.code = ERR_NONE};
	int r;

	*ret_result = (struct restore_result){.verdict = RECORD_VERDICT_ERROR};
	if (!id || tool_repository(&app->tool, location, app->drill, &repository, &why) < 0) {
		cannot(ret_result, id ? why.msg : "no snapshot of a repository");
		return 0;
	}
	add_members(subject, &always);
	sample.always = always.len ? always.data : NULL;
	r = repository_restore(repository, id, &sample, &v, err);
	if (r == 0)
		take(ret_result, &v, type);
	if (r == 0 && v.verdict == RECORD_VERDICT_PASS)
		r = judge(app, repository, subject, ret_result, err);
	repository_close(repository, app->keep);
	buf_release(&always);
	return r;
}
