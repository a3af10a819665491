// Snapshots of a repository: checked by its own tool, in parts under the ledger, each with a verdict.
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "tool/repository.h"

enum { PARTS_MAX = 256 }; /* what restic can tell apart */

/* A repository that is looked at in this run. */
struct app_repository {
	const struct config_location *location;
	int64_t location_id;
	struct repository *repository;
	struct repository_trouble trouble; /* it cannot be asked */
	unsigned parts;                    /* into so many it is divided */
	int64_t at[PARTS_MAX];             /* when each was read */
	unsigned now[PARTS_MAX];           /* those of tonight, from 1; or only 1, of 1 */
	unsigned now_count;
	bool whole; /* all of it in one go */
	bool asked, failed;
};

/* ---------------------------------------------------------------- which parts */

static unsigned
oldest_of(const struct app_repository *r)
{
	unsigned oldest = 0;
	for (unsigned i = 1; i < r->parts; i++)
		if (r->at[i] < r->at[oldest]) /* CLOCK_NONE is before all */
			oldest = i;
	return oldest;
}

/* All that was not read within the interval; in any case the oldest part, so that the work spreads
 * over the nights. A budget makes it one part a run. */
static void
plan(struct app *app, struct app_repository *r)
{
	bool bounded = app->budget || app->stop_ms;
	for (unsigned i = 0; i < r->parts; i++)
		if (r->at[i] == CLOCK_NONE || r->at[i] <= app->tool.now - app->interval)
			r->now[r->now_count++] = i + 1;
	if (r->now_count == r->parts && !bounded) {
		r->whole = true;
		r->now[0] = r->now_count = 1;
	} else if (!r->now_count || bounded) {
		r->now[0] = oldest_of(r) + 1;
		r->now_count = 1;
	}
}

static int
find(struct app *app, struct app_item *item, struct app_repository **ret, struct err *err)
{
	struct app_repository *r;
	struct err why = {0};
	int64_t days = app->interval / CLOCK_DAY;
	for (size_t i = 0; i < app->repository_count; i++)
		if (app->repositories[i]->location == item->location) {
			*ret = app->repositories[i];
			return 0;
		}
	MEM_GROW(app->repositories, app->repository_count, app->repository_cap);
	r = app->repositories[app->repository_count++] = mem_alloc(sizeof(*r));
	r->location = item->location;
	r->location_id = item->location_id;
	r->parts = days < 1 ? 1 : days > PARTS_MAX ? PARTS_MAX : (unsigned)days;
	*ret = r;
	if (store_repository_parts(app->tool.store, r->location_id, r->parts, r->at, err) < 0)
		return -1;
	plan(app, r);
	if ((!app->scratch &&
		sandbox_scratch_open(tool_scratch_base(&app->tool, NULL), &app->scratch, &why) <
		    0) ||
	    tool_repository(&app->tool, r->location, app->scratch, &r->repository, &why) < 0) {
		r->trouble.reason = "handler";
		snprintf(r->trouble.message, sizeof(r->trouble.message), "%.*s",
		    (int)sizeof(r->trouble.message) - 1, why.msg);
	}
	return 0;
}

/* ---------------------------------------------------------------- one snapshot */

/* Every part that holds something of the snapshot was read after it was made. */
static bool
is_covered(const struct app *app, const struct app_repository *r, int64_t mtime)
{
	for (unsigned i = 0; i < r->parts; i++) {
		int64_t at = r->at[i];
		for (unsigned k = 0; k < r->now_count; k++)
			if (r->whole || r->now[k] == i + 1)
				at = app->tool.now;
		if (at == CLOCK_NONE || at < mtime)
			return false;
	}
	return true;
}

static int
ask(struct app *app, struct app_repository *r, const char *id, struct repository_verdict *v,
    struct err *err)
{
	(void)app;
	for (unsigned i = 0; i < r->now_count; i++) {
		if (repository_verify(
			r->repository, id, r->now[i], r->whole ? 1 : r->parts, v, err) < 0)
			return -1;
		if (v->verdict != RECORD_VERDICT_PASS || v->level == RECORD_LEVEL_INTACT)
			break;
	}
	return 0;
}

static enum verify_reason
reason_of(const char *word)
{
	for (int i = 1; i < VERIFY_REASON_REASONS; i++)
		if (word && !strcmp(verify_reason_word((enum verify_reason)i), word))
			return (enum verify_reason)i;
	return VERIFY_REASON_UNREADABLE;
}

static void
put_answer(struct app_item *item, const char *type, const struct repository_verdict *v)
{
	struct verify_content *c = &item->answer.content;
	item->answer = (struct verify_answer){
	    .outcome = VERIFY_READ,
	    .bytes = v->bytes,
	    .ms = v->ms,
	};
	c->verdict = v->verdict;
	c->reason = v->verdict == RECORD_VERDICT_PASS ? VERIFY_REASON_NONE : reason_of(v->reason);
	c->level = v->level;
	c->entries = v->entries;
	c->bytes = v->bytes;
	snprintf(c->format, sizeof(c->format), "%s", type);
	snprintf(c->detail, sizeof(c->detail), "%.*s", VERIFY_DETAIL_MAX - 1, v->message);
	item->answered = true;
	item->waiting = false;
}

int
app_repository_answer(struct app *app, struct app_item *item, struct err *err)
{
	const char *type = config_type_word(item->location->type);
	const char *path = record_path(&item->rec), *id = path ? repository_id(path, type) : NULL;
	struct repository_verdict v = {.verdict = RECORD_VERDICT_ERROR, .reason = "handler"};
	struct app_repository *r;
	if (find(app, item, &r, err) < 0)
		return -1;
	if (!r->repository || !id) {
		snprintf(v.message, sizeof(v.message), "%s", r->trouble.message);
	} else {
		if (tool_flush(&app->tool, err) < 0 || ask(app, r, id, &v, err) < 0)
			return -1;
		r->asked = r->asked || v.verdict == RECORD_VERDICT_PASS;
		r->failed = r->failed || v.verdict != RECORD_VERDICT_PASS;
	}
	if (v.verdict == RECORD_VERDICT_PASS && v.level < RECORD_LEVEL_INTACT &&
	    is_covered(app, r, item->known.mtime))
		v.level = RECORD_LEVEL_INTACT;
	put_answer(item, type, &v);
	return 0;
}

/* ---------------------------------------------------------------- the end */

static int
remember(struct app *app, const struct app_repository *r, struct err *err)
{
	if (app->tool.read_only || !r->asked || r->failed)
		return 0;
	if (store_begin(app->tool.store, err) < 0)
		return -1;
	for (unsigned i = 0; i < (r->whole ? r->parts : r->now_count); i++)
		if (store_repository_put(app->tool.store, r->location_id, r->parts,
			r->whole ? i + 1 : r->now[i], app->tool.now, err) < 0)
			return -1;
	return store_commit(app->tool.store, err);
}

/* Parts in which something failed are read again the next time. */
int
app_repository_end(struct app *app, struct err *err)
{
	for (size_t i = 0; i < app->repository_count; i++)
		if (remember(app, app->repositories[i], err) < 0)
			return -1;
	return 0;
}

void
app_repository_release(struct app *app)
{
	for (size_t i = 0; i < app->repository_count; i++) {
		repository_close(app->repositories[i]->repository, false);
		free(app->repositories[i]);
	}
	free(app->repositories);
	app->repositories = NULL;
	app->repository_count = 0;
}
