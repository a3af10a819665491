// Signals of tampering and contents that stay the same: a backup against the history of its series.
#include <assert.h>
#include <string.h>

#include "app.h"

static void
copy_profile(struct verify_profile *to, const struct store_profile *from)
{
	static_assert(sizeof(to->codec) == sizeof(from->codec), "kinds of the same size");
	memcpy(to->codec, from->codec, sizeof(to->codec));
	memcpy(to->format, from->format, sizeof(to->format));
	to->entropy = from->entropy;
	to->rewritten = from->rewritten;
}

static int
load_profiles(struct app *app, const struct app_item *item, int64_t series_id,
    struct verify_history *h, struct err *err)
{
	struct store_profile profiles[VERIFY_HISTORY_MAX];
	if (store_profiles(app->tool.store, series_id, item->id, profiles, ARRAY_LEN(profiles),
		&h->count, err) < 0)
		return -1;
	for (size_t i = 0; i < h->count; i++)
		copy_profile(&h->profiles[i], &profiles[i]);
	return 0;
}

/* Its own series; or, if that is as young as itself, the one in whose place it came. */
static int
load_history(struct app *app, const struct app_item *item, const struct verify_suspect *s,
    struct verify_history *h, bool *ret_renamed, struct err *err)
{
	struct store_gone gone;
	if (store_gone(app->tool.store, item->id, item->series_id, s->name, app->tool.now, &gone,
		err) < 0 ||
	    load_profiles(app, item, item->series_id, h, err) < 0)
		return -1;
	*ret_renamed = gone.series_id != item->series_id;
	h->left = gone.left;
	h->vanished = gone.lately;
	h->vanished_before = gone.before;
	h->renamed = gone.renamed;
	if (*ret_renamed && h->count < VERIFY_HISTORY_MIN)
		return load_profiles(app, item, gone.series_id, h, err);
	return 0;
}

static void
describe_now(struct app_item *item)
{
	const struct verify_content *c = &item->answer.content;
	struct verify_profile *p = &item->profile;
	bool encrypted = c->reason == VERIFY_REASON_ENCRYPTED;
	snprintf(p->codec, sizeof(p->codec), "%s", c->codec);
	snprintf(p->format, sizeof(p->format), "%s", encrypted ? "encrypted" : c->format);
	p->entropy = c->entropy;
}

/* What was found to be tampered with stays so until a person accepts it: that its history is not what
 * it was is no evidence that it is good. */
static void
conclude(const struct app_item *item, struct verify_suspicion *s, struct verify_verdict *v)
{
	if (item->state.tampering && !s->tampering) {
		snprintf(s->text, sizeof(s->text),
		    "was found tampered with; --accept takes it as right");
		s->tampering = true;
		s->signals |= item->state.tampering;
	}
	v->signals = s->signals;
	if (!s->tampering)
		return;
	v->verdict = RECORD_VERDICT_FAIL;
	v->reason = VERIFY_REASON_TAMPERING;
	v->level = RECORD_LEVEL_READ;
	v->new_baseline = false;
}

int
app_signals(struct app *app, struct app_item *item, struct verify_verdict *v, struct err *err)
{
	const struct verify_answer *a = &item->answer;
	if (!item->id || item->accept || !item->answered || a->outcome != VERIFY_READ ||
	    a->content.verdict == RECORD_VERDICT_NONE || a->content.verdict == RECORD_VERDICT_ERROR)
		return 0;
	describe_now(item);
	if (item->state.has_previous &&
	    store_rewritten(app->tool.store, item->id, &item->profile.rewritten, err) < 0)
		return -1;
	struct verify_suspect suspect = {
	    .now = item->profile,
	    .name = path_base(record_path(&item->rec)),
	    .nothing = a->content.reason == VERIFY_REASON_EMPTY,
	    .announced = item->decrypt_by && item->decrypt_by->command.count,
	};
	if (verify_signals_possible(&suspect)) {
		struct verify_history history = {0};
		if (load_history(app, item, &suspect, &history, &suspect.renamed, err) < 0)
			return -1;
		verify_signals_judge(&suspect, &history, &item->suspicion);
	}
	conclude(item, &item->suspicion, v);
	return 0;
}

/* ---------------------------------------------------------------- the same content */

/* The line says at once what the store will say from now on. */
static int
add_reason(struct app_item *item, const char *word, struct err *err)
{
	struct buf out = BUF_INIT;
	size_t len = 0;
	const char *old = record_raw(&item->rec, "reasons", &len);
	bool some = old && len > 2 && old[0] == '[';
	if (some && memmem(old, len, word, strlen(word)))
		return 0;
	if (some)
		buf_add(&out, old, len - 1);
	buf_printf(&out, "%c\"%s\"]", some ? ',' : '[', word);
	int r = record_set(&item->rec, "reasons", out.data, out.len, err);
	buf_release(&out);
	return r;
}

int
app_same_content(
    struct app *app, struct app_item *item, const struct verify_verdict *v, struct err *err)
{
	char before[VERIFY_SAME_MAX - 1][STORE_DIGEST_HEX];
	const char *digests[VERIFY_SAME_MAX];
	struct buf hex = BUF_INIT;
	size_t count = 0;
	if (!item->id || !item->latest || !v->new_baseline || item->accept)
		return 0;
	if (store_digests(app->tool.store, item->series_id, item->id, app->algorithm, before,
		ARRAY_LEN(before), &count, err) < 0)
		return -1;
	str_add_hex(&hex, item->answer.digests[0].data, item->answer.digests[0].len);
	digests[0] = hex.data;
	for (size_t i = 0; i < count; i++)
		digests[i + 1] = before[i];
	item->same_content = verify_same_content(digests, count + 1);
	buf_release(&hex);
	return item->same_content ? add_reason(item, "same_content", err) : 0;
}
