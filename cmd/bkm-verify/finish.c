// Verdicts: judged, put on the line, queued for the commit that comes before the line is printed.
#include <stdlib.h>
#include <string.h>

#include "app.h"

int
app_skip(struct app_item *item, const char *reason, int64_t now, struct err *err)
{
	struct buf out = BUF_INIT;
	struct json j;
	if (!reason || record_has(&item->rec, "verification"))
		return 0;
	json_init(&j, &out);
	json_object(&j, NULL);
	json_str(&j, "verdict", "skip");
	json_str(&j, "reason", reason);
	json_time(&j, "at", now);
	json_object_end(&j);
	int r = record_set(&item->rec, "verification", out.data, out.len, err);
	buf_release(&out);
	return r;
}

/* ---------------------------------------------------------------- to the store */

static enum record_verdict
of_method(const struct app *app, const struct verify_verdict *v, enum verify_method method)
{
	enum record_verdict worst = RECORD_VERDICT_NONE;
	static const int rank[] = {[RECORD_VERDICT_NONE] = 0,
	    [RECORD_VERDICT_SKIP] = 1,
	    [RECORD_VERDICT_PASS] = 2,
	    [RECORD_VERDICT_ERROR] = 3,
	    [RECORD_VERDICT_FAIL] = 4};
	for (size_t i = 0; i < v->check_count; i++)
		if (v->checks[i].method == method && rank[v->checks[i].verdict] > rank[worst])
			worst = v->checks[i].verdict;
	if (method == VERIFY_CONTENT && v->reason == VERIFY_REASON_TAMPERING)
		return RECORD_VERDICT_FAIL;
	/* Asked for, and nothing to say: looked at all the same. */
	if (worst == RECORD_VERDICT_NONE && (app->methods & method))
		worst =
		    v->verdict == RECORD_VERDICT_FAIL ? RECORD_VERDICT_FAIL : RECORD_VERDICT_SKIP;
	return worst;
}

/* A method that was not asked for now has failed before: what stands must not turn green. */
static bool
stays_failed(const struct app *app, const struct app_item *item, const struct verify_verdict *v)
{
	static const enum verify_method order[] = {
	    VERIFY_SIZE, VERIFY_TIMESTAMP, VERIFY_CHECKSUM, VERIFY_CONTENT};
	if (v->verdict == RECORD_VERDICT_FAIL)
		return false;
	for (size_t i = 0; i < STORE_VERIFY_METHODS; i++)
		if (!(app->methods & order[i]) &&
		    item->state.methods[i].verdict == RECORD_VERDICT_FAIL)
			return true;
	return false;
}

/* A run that asked for less leaves the verdict of the one that asked for more. */
static bool
stands(const struct app *app, const struct app_item *item, const struct verify_verdict *v)
{
	static const enum verify_method order[] = {
	    VERIFY_SIZE, VERIFY_TIMESTAMP, VERIFY_CHECKSUM, VERIFY_CONTENT};
	if (v->verdict == RECORD_VERDICT_FAIL || item->stored == RECORD_VERDICT_NONE)
		return true;
	for (size_t i = 0; i < STORE_VERIFY_METHODS; i++)
		if (!(app->methods & order[i]) &&
		    item->state.methods[i].verdict != RECORD_VERDICT_NONE)
			return false;
	return true;
}

static bool
is_lasting(const struct verify_verdict *v)
{
	return v->verdict != RECORD_VERDICT_SKIP ||
	    (v->reason != VERIFY_REASON_GROWING && v->reason != VERIFY_REASON_SUPERSEDED &&
		v->reason != VERIFY_REASON_GONE);
}

static void
queue(struct app *app, struct app_item *item, const struct verify_verdict *v)
{
	if (!item->id || app->tool.read_only || !is_lasting(v))
		return;
	struct app_puts *puts = &app->puts;
	MEM_GROW(puts->items, puts->count, puts->cap);
	MEM_GROW(puts->spans, puts->count, puts->span_cap);
	struct app_span *span = &puts->spans[puts->count];
	struct store_verification *p = &puts->items[puts->count++];
	span->record = puts->text.len;
	buf_add(&puts->text, app->json.data, app->json.len + 1);
	*p = (struct store_verification){
	    .backup_id = item->id,
	    .location_id = item->location_id,
	    .at = app->tool.now,
	    .verdict = v->verdict,
	    .reason = verify_reason_word(v->reason),
	    .level = v->level,
	    .bytes = item->found.answer ? item->found.answer->bytes : 0,
	    .ms = item->found.answer ? item->found.answer->ms : 0,
	    .stands = item->accept || stands(app, item, v),
	    .methods = {of_method(app, v, VERIFY_SIZE), of_method(app, v, VERIFY_TIMESTAMP),
		of_method(app, v, VERIFY_CHECKSUM), of_method(app, v, VERIFY_CONTENT)},
	};
	if (v->new_baseline) {
		span->digest = puts->text.len;
		str_add_hex(&puts->text, item->answer.digests[0].data, item->answer.digests[0].len);
		buf_char(&puts->text, '\0');
		p->algorithm = app->algorithm;
		p->source = item->accept         ? "accepted"
		    : item->known.manifest.found ? "manifest"
						 : "read";
		p->size = item->found.size;
		p->mtime = item->found.mtime;
		p->mtime_nsec = item->found.mtime_nsec;
	}
	p->has_profile = item->answered && item->answer.content.verdict != RECORD_VERDICT_NONE;
	memcpy(p->profile.codec, item->profile.codec, sizeof(p->profile.codec));
	memcpy(p->profile.format, item->profile.format, sizeof(p->profile.format));
	p->profile.entropy = item->profile.entropy;
	p->profile.rewritten = item->profile.rewritten;
	p->tampering = v->reason == VERIFY_REASON_TAMPERING ? v->signals : 0;
	p->same_content = item->same_content;
	tool_dirty(&app->tool);
}

void *
app_take(void *ctx)
{
	struct app *app = ctx;
	struct app_puts *taken = mem_dup(&app->puts, sizeof(app->puts));
	app->puts = (struct app_puts){.text = BUF_INIT};
	return taken;
}

int
app_commit(void *taken, struct store *store, struct err *err)
{
	struct app_puts *puts = taken;
	int r = 0;
	for (size_t i = 0; i < puts->count; i++) {
		puts->items[i].record = puts->text.data + puts->spans[i].record;
		if (puts->items[i].algorithm)
			puts->items[i].digest = puts->text.data + puts->spans[i].digest;
	}
	if (store)
		r = store_verify_put(store, puts->items, puts->count, err);
	buf_release(&puts->text);
	free(puts->items);
	free(puts->spans);
	free(puts);
	return r;
}

/* ---------------------------------------------------------------- to the line */

/* What stands on the line decides, be it fresh or passed on. */
static void
count(struct app *app, struct app_item *item)
{
	const char *word = record_str(&item->rec, "verification.verdict");
	switch ((enum record_verdict)record_word_find(RECORD_LIST_VERDICT, word)) {
	case RECORD_VERDICT_PASS:
		app->counts.pass++;
		app->counts.passed++;
		break;
	case RECORD_VERDICT_FAIL:
		app->counts.fail++;
		tool_finding(&app->tool);
		break;
	case RECORD_VERDICT_ERROR:
		app->counts.error++;
		break;
	case RECORD_VERDICT_SKIP:
		app->counts.skip++;
		break;
	case RECORD_VERDICT_NONE:
		break;
	}
}

static const char *
detail_of(const struct app_item *item)
{
	const struct verify_answer *a = item->found.answer;
	if (!a)
		return NULL;
	if (*item->suspicion.text && item->suspicion.tampering)
		return item->suspicion.text;
	return *a->detail ? a->detail : *a->content.detail ? a->content.detail : NULL;
}

/* An error of a worker is trouble of ours as much as a file that cannot be opened. */
static int
report_failure(struct app *app, struct app_item *item, struct err *err)
{
	const struct verify_answer *a = &item->answer;
	bool failed = a->outcome == VERIFY_FAILED;
	enum verify_reason why = failed ? a->reason : a->content.reason;
	if (!item->answered || (!failed && a->content.verdict != RECORD_VERDICT_ERROR))
		return 0;
	const char *path = record_path(&item->rec);
	return tool_trouble(&app->tool, record_str(&item->rec, "location"), path,
	    why == VERIFY_REASON_TIMEOUT       ? "timeout"
		: why == VERIFY_REASON_DECRYPT ? "other"
					       : "io_error",
	    err, "cannot verify '%s': %s", path ? path : "",
	    failed ? a->detail : a->content.detail);
}

static int
put_verdict(struct app *app, struct app_item *item, struct err *err)
{
	struct verify_verdict v;
	struct buf *json = &app->json;
	int r = 0;
	if (item->answered)
		item->found.answer = &item->answer;
	verify_judge(&item->known, &item->found, &v);
	v.warnings |= item->warnings;
	if (app_signals(app, item, &v, err) < 0 || app_same_content(app, item, &v, err) < 0)
		return -1;
	buf_clear(json);
	verify_add_json(json, &item->known, &item->found, &v, detail_of(item));
	if (item->found.answer)
		app->counts.bytes += item->found.answer->bytes;
	queue(app, item, &v);
	/* An error leaves the last verdict standing, but this line says that nobody could look. */
	if (!stays_failed(app, item, &v) || v.verdict == RECORD_VERDICT_ERROR)
		r = record_set(&item->rec, "verification", json->data, json->len, err);
	return r < 0 ? -1 : report_failure(app, item, err);
}

int
app_finish(struct app *app, struct app_item *item, struct err *err)
{
	if (item->examined && put_verdict(app, item, err) < 0)
		return -1;
	count(app, item);
	return 0;
}

void
app_counts(struct app *app)
{
	const struct app_counts *c = &app->counts;
	struct tool *t = &app->tool;
	tool_count(t, "pass", c->pass);
	tool_count(t, "fail", c->fail);
	tool_count(t, "error", c->error);
	tool_count(t, "skip", c->skip);
	tool_count(t, "not_due", c->not_due);
	tool_count(t, "not_reached", c->not_reached);
	tool_count(t, "not_reached_bytes", c->not_reached_bytes);
	tool_count(t, "bytes", c->bytes);
	if (app->require && (c->passed < c->selected || c->selected == 0))
		tool_require_failed(t);
}
