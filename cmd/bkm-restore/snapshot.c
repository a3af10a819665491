// A snapshot of a repository: some of its files are brought back by its own tool, others each time.
#include <string.h>

#include "app.h"
#include "tool/repository.h"

#define FILES 100 /* that are brought back in one test, about */

static struct restore_check *
add_check(struct restore_result *r, const char *check, bool ok, uint64_t actual, uint64_t expected)
{
	struct restore_check *c = &r->checks[r->check_count++];

	*c = (struct restore_check){.check = check,
	    .verdict = ok ? RECORD_VERDICT_PASS : RECORD_VERDICT_FAIL,
	    .has_actual = true,
	    .actual = actual,
	    .has_expected = expected > 0,
	    .expected = expected};
	return c;
}

static void
fails(
    struct restore_result *r, struct restore_check *check, const char *reason, const char *message)
{
	check->reason = r->reason = reason;
	r->verdict = RECORD_VERDICT_FAIL;
	(void)snprintf(r->message, sizeof(r->message), "%s", message);
}

/* Of the demands of the configuration those that numbers answer; the tree is only a sample. */
static void
demand(const struct restore_subject *s, struct restore_result *r)
{
	struct restore_check *c;

	if (r->verdict != RECORD_VERDICT_PASS)
		return;
	c = add_check(r, "entries", r->entries >= s->min_entries, r->entries, s->min_entries);
	if (c->verdict == RECORD_VERDICT_FAIL)
		fails(r, c, "assertion", "fewer entries than restore.min_entries");
	if (s->rto_ms) {
		c = add_check(r, "time", r->ms <= s->rto_ms, (uint64_t)r->ms, (uint64_t)s->rto_ms);
		if (c->verdict == RECORD_VERDICT_FAIL && r->verdict == RECORD_VERDICT_PASS)
			fails(r, c, "rto_exceeded", "restored, but not within rto_minutes");
	}
	if (s->must_contain || s->sql || s->command || s->compare || s->member_count ||
	    s->expect_count || s->newest_row)
		r->warnings |= RESTORE_WARN_NOT_LOOKED_INTO;
}

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

int
app_snapshot(struct app *app, const struct config_location *location,
    const struct restore_subject *subject, struct restore_result *ret_result, struct err *err)
{
	const char *type = config_type_word(location->type),
		   *id = repository_id(subject->path, type);
	int64_t days = app->tool.config->restore_testing.interval_days;
	uint64_t turn = (uint64_t)(app->tool.now / CLOCK_DAY / (days > 0 ? days : 1));
	struct repository *repository = NULL;
	struct repository_verdict v;
	struct err why = {.code = ERR_NONE};
	int r;

	*ret_result = (struct restore_result){.verdict = RECORD_VERDICT_ERROR};
	if (!id || tool_repository(&app->tool, location, app->drill, &repository, &why) < 0) {
		cannot(ret_result, id ? why.msg : "no snapshot of a repository");
		return 0;
	}
	r = repository_restore(repository, id, FILES,
	    app->restore.max_bytes ? app->restore.max_bytes : UINT64_C(1) << 30, turn, &v, err);
	repository_close(repository, app->keep);
	if (r < 0)
		return -1;
	take(ret_result, &v, type);
	demand(subject, ret_result);
	return 0;
}
