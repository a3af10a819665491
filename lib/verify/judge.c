// What was known, what was found, and the verdict: pure rules, no file is touched here.
#include "verify/verify_private.h"

bool
verify_reads(unsigned methods)
{
	return methods & (VERIFY_CHECKSUM | VERIFY_CONTENT);
}

/* A verdict that was reached without looking: a skip or an error. */
static void
verdict_only(struct verify_verdict *verdict, enum record_verdict word, enum verify_reason reason)
{
	*verdict = (struct verify_verdict){.verdict = word, .reason = reason};
}

static struct verify_check *
add(struct verify_verdict *v, enum verify_method method, enum record_verdict verdict,
    enum verify_reason reason, enum record_level level)
{
	struct verify_check *c = &v->checks[v->check_count++];
	*c = (struct verify_check){
	    .method = method, .verdict = verdict, .reason = reason, .level = level};
	return c;
}

static void
check_size(const struct verify_known *k, const struct verify_found *f, struct verify_verdict *v)
{
	if (f->size == 0) {
		add(v, VERIFY_SIZE, RECORD_VERDICT_FAIL, VERIFY_REASON_EMPTY, RECORD_LEVEL_NONE);
		return;
	}
	if (!(k->methods & VERIFY_SIZE) || !k->recorded)
		return;
	if (f->size == k->size)
		add(v, VERIFY_SIZE, RECORD_VERDICT_PASS, VERIFY_REASON_NONE, RECORD_LEVEL_METADATA);
	else
		add(v, VERIFY_SIZE, RECORD_VERDICT_FAIL, VERIFY_REASON_SIZE_MISMATCH,
		    RECORD_LEVEL_NONE);
}

static void
check_timestamp(
    const struct verify_known *k, const struct verify_found *f, struct verify_verdict *v)
{
	if (!(k->methods & VERIFY_TIMESTAMP))
		return;
	/* What was there before is not from the future because the clock was set back. */
	int64_t now = k->first_seen > k->now ? k->first_seen : k->now;
	bool future = f->mtime > now + CLOCK_HOUR;
	bool moved = (k->recorded && f->mtime < k->mtime) ||
	    (k->has_previous && f->mtime < k->previous_mtime);
	if (future || moved)
		add(v, VERIFY_TIMESTAMP, RECORD_VERDICT_FAIL, VERIFY_REASON_TIMESTAMP_MOVED,
		    RECORD_LEVEL_NONE);
	else if (k->recorded)
		add(v, VERIFY_TIMESTAMP, RECORD_VERDICT_PASS, VERIFY_REASON_NONE,
		    RECORD_LEVEL_METADATA);
}

/* The slot of the answer that holds digests of this algorithm, or NULL. */
static const struct verify_digest *
digest_of(const struct verify_known *k, const struct verify_found *f, const char *algorithm)
{
	for (size_t i = 0; i < VERIFY_DIGESTS; i++) {
		const char *name = i == 0 ? k->algorithm : k->manifest.algorithm;
		if (name && !strcmp(name, algorithm) && f->answer->digests[i].len)
			return &f->answer->digests[i];
	}
	return NULL;
}

static bool
is_hex_of(const char *hex, const struct verify_digest *d)
{
	struct buf text = BUF_INIT;
	str_add_hex(&text, d->data, d->len);
	bool same = !strcmp(text.data, hex);
	buf_release(&text);
	return same;
}

/* The manifest first, then the baseline; without either, a first baseline is a pass of level read
 * and nothing more. */
static void
check_checksum(const struct verify_known *k, const struct verify_found *f, struct verify_verdict *v)
{
	const struct verify_digest *d;
	struct verify_check *c;
	if (!(k->methods & VERIFY_CHECKSUM))
		return;
	bool compared = false, failed = false;
	if (k->manifest.found && (d = digest_of(k, f, k->manifest.algorithm))) {
		bool same =
		    d->len == k->manifest.len && !memcmp(d->data, k->manifest.digest, d->len);
		c = same ? add(v, VERIFY_CHECKSUM, RECORD_VERDICT_PASS, VERIFY_REASON_NONE,
			       RECORD_LEVEL_UNCHANGED)
			 : add(v, VERIFY_CHECKSUM, RECORD_VERDICT_FAIL,
			       VERIFY_REASON_CHECKSUM_MISMATCH, RECORD_LEVEL_NONE);
		c->reference = "manifest";
		compared = true;
		failed = !same;
	}
	d = k->algorithm ? digest_of(k, f, k->algorithm) : NULL;
	if (k->baseline && d) {
		bool same = is_hex_of(k->baseline, d);
		c = same ? add(v, VERIFY_CHECKSUM, RECORD_VERDICT_PASS, VERIFY_REASON_NONE,
			       RECORD_LEVEL_UNCHANGED)
			 : add(v, VERIFY_CHECKSUM, RECORD_VERDICT_FAIL, VERIFY_REASON_BITROT,
			       RECORD_LEVEL_NONE);
		c->reference = "baseline";
		compared = true;
		failed = failed || !same;
	}
	v->new_baseline = k->can_record && d && !failed && !k->baseline;
	if (!compared && v->new_baseline)
		add(v, VERIFY_CHECKSUM, RECORD_VERDICT_PASS, VERIFY_REASON_NONE, RECORD_LEVEL_READ);
	else if (!compared)
		add(v, VERIFY_CHECKSUM, RECORD_VERDICT_SKIP, VERIFY_REASON_UNVERIFIABLE,
		    RECORD_LEVEL_NONE);
}

static void
check_content(const struct verify_known *k, const struct verify_found *f, struct verify_verdict *v)
{
	const struct verify_content *c = &f->answer->content;
	if (!(k->methods & VERIFY_CONTENT) || c->verdict == RECORD_VERDICT_NONE)
		return;
	add(v, VERIFY_CONTENT, c->verdict, c->reason,
	    c->verdict == RECORD_VERDICT_PASS ? c->level : RECORD_LEVEL_NONE);
	v->warnings |= c->warnings;
	if (c->verdict == RECORD_VERDICT_SKIP && c->reason == VERIFY_REASON_UNVERIFIABLE)
		v->warnings |= VERIFY_WARN_UNKNOWN;
}

/* Any fail is a fail (the first one names it, but a content fault says more than a changed
 * digest); else any error; else a pass if anything passed; else a skip. */
static void
combine(struct verify_verdict *v)
{
	static const enum record_verdict order[] = {
	    RECORD_VERDICT_FAIL, RECORD_VERDICT_ERROR, RECORD_VERDICT_PASS, RECORD_VERDICT_SKIP};
	for (size_t o = 0; o < ARRAY_LEN(order); o++) {
		for (size_t i = 0; i < v->check_count; i++) {
			const struct verify_check *c = &v->checks[i];
			if (c->verdict != order[o])
				continue;
			if (v->verdict == RECORD_VERDICT_NONE) {
				v->verdict = c->verdict;
				v->reason = c->reason;
			}
			if (c->level > v->level && v->verdict == RECORD_VERDICT_PASS)
				v->level = c->level;
		}
		if (v->verdict != RECORD_VERDICT_NONE)
			return;
	}
	verdict_only(v, RECORD_VERDICT_SKIP, VERIFY_REASON_UNVERIFIABLE);
}

/* The file is another generation than the one that was recorded. Where that must not happen it is
 * the finding; else the next scan will see it. */
static bool
is_other_generation(
    const struct verify_known *k, const struct verify_found *f, struct verify_verdict *v)
{
	/* By seconds: fractions get lost on the way through copies and file systems. */
	if (!k->recorded || f->mtime == k->mtime)
		return false;
	bool back = f->mtime < k->mtime;
	if (k->immutable)
		add(v, VERIFY_TIMESTAMP, RECORD_VERDICT_FAIL, VERIFY_REASON_FORBIDDEN_CHANGE,
		    RECORD_LEVEL_NONE);
	else if (back && (k->methods & VERIFY_TIMESTAMP))
		add(v, VERIFY_TIMESTAMP, RECORD_VERDICT_FAIL, VERIFY_REASON_TIMESTAMP_MOVED,
		    RECORD_LEVEL_NONE);
	else
		verdict_only(v, RECORD_VERDICT_SKIP, VERIFY_REASON_SUPERSEDED);
	return true;
}

void
verify_judge(const struct verify_known *known, const struct verify_found *found,
    struct verify_verdict *ret_verdict)
{
	struct verify_verdict *v = ret_verdict;
	const struct verify_answer *a = found->answer;
	*v = (struct verify_verdict){0};
	if (a && a->outcome == VERIFY_FAILED) {
		verdict_only(v, RECORD_VERDICT_ERROR, a->reason);
		return;
	}
	if (a && a->outcome == VERIFY_CHANGED) {
		verdict_only(v, RECORD_VERDICT_SKIP, VERIFY_REASON_GROWING);
		return;
	}
	if (is_other_generation(known, found, v)) {
		if (!v->check_count)
			return;
		combine(v);
		v->level = RECORD_LEVEL_METADATA;
		return;
	}
	check_size(known, found, v);
	check_timestamp(known, found, v);
	if (known->immutable && known->has_previous)
		add(v, VERIFY_TIMESTAMP, RECORD_VERDICT_FAIL, VERIFY_REASON_FORBIDDEN_CHANGE,
		    RECORD_LEVEL_NONE);
	if (a) {
		check_content(known, found, v);
		check_checksum(known, found, v);
	}
	combine(v);
	if (v->verdict == RECORD_VERDICT_FAIL)
		v->level = a ? RECORD_LEVEL_READ : RECORD_LEVEL_METADATA;
	/* What fails is no baseline. */
	v->new_baseline = v->new_baseline && v->verdict == RECORD_VERDICT_PASS;
}
