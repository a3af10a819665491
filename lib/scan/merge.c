// A listing against what was known of its directory, in one pass over both.
#include <stdlib.h>
#include <string.h>

#include "schedule/schedule.h"

#include "scan/merge.h"

struct scan_merge {
	struct scan_merge_ops ops;
	int64_t now, settle;
	struct scan_merge_counts counts;

	struct scan_known rows[SCAN_MERGE_ROWS];
	size_t row_count, row_at;
	bool rows_ended;
	struct buf after; /* the last name of the rows before */

	const uint8_t *digests; /* of the directory as it was; NULL: not known */
	size_t digests_len;
	bool same;          /* so far it is that */
	bool lasting;       /* so far nothing needs another look later on */
	struct buf listing; /* its digests now */

	struct scan_namer *namer;
};

struct scan_merge *
scan_merge_new(const struct scan_merge_ops *ops, int64_t now, int64_t settle)
{
	struct scan_merge *merge = mem_alloc(sizeof(*merge));

	merge->ops = *ops;
	merge->now = now;
	merge->settle = settle;
	merge->counts.settles = CLOCK_NONE;
	merge->after = BUF_INIT;
	merge->listing = BUF_INIT;
	merge->namer = scan_namer_new(ops->naming);
	return merge;
}

void
scan_merge_free(struct scan_merge *merge)
{
	if (!merge)
		return;
	buf_release(&merge->after);
	buf_release(&merge->listing);
	scan_namer_free(merge->namer);
	free(merge);
}

const struct scan_merge_counts *
scan_merge_counts(const struct scan_merge *merge)
{
	return &merge->counts;
}

/* The next known row, or NULL behind the last; asks for more where needed. */
static int
peek(struct scan_merge *m, const struct scan_known **ret, struct err *err)
{
	const struct scan_known *last;

	*ret = NULL;
	if (m->row_at == m->row_count && !m->rows_ended) {
		if (m->row_count) {
			last = &m->rows[m->row_count - 1];
			buf_clear(&m->after);
			buf_add(&m->after, last->name, last->name_len);
		}
		m->row_at = m->row_count = 0;
		if (m->ops.known(m->ops.arg, m->after.data, m->after.len, m->rows, SCAN_MERGE_ROWS,
			&m->row_count, err) < 0)
			return -1;
		m->rows_ended = m->row_count < SCAN_MERGE_ROWS;
	}
	if (m->row_at < m->row_count)
		*ret = &m->rows[m->row_at];
	return 0;
}

static int
compare_names(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int c = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return c ? c : (a_len > b_len) - (a_len < b_len);
}

/* ---------------------------------------------------------------- one backup */
static void
is_growing(struct scan_merge *m, const struct scan_facts *f)
{
	int64_t t = scan_settles(f, m->now, m->settle);

	m->counts.growing++;
	m->lasting = false;
	if (m->counts.settles == CLOCK_NONE || t < m->counts.settles)
		m->counts.settles = t;
}

static void
describe(struct scan_merge *m, const struct scan_listing *l, const struct scan_entry *e,
    const struct scan_known *known, bool changed, struct scan_judgement *j,
    struct scan_found *found)
{
	struct scan_facts facts = {
	    .partial = scan_name_is_partial(e->name, e->name_len),
	    .size = e->size,
	    .mtime = e->mtime,
	    .is_new = known == NULL,
	    .changed = changed,
	    .changed_before = known && known->changed_at > known->first_seen,
	    .changed_at = known && !changed ? known->changed_at : m->now,
	};
	const char *series = e->series;
	size_t len = e->series_len;
	size_t rule = e->series_rule == UINT32_MAX ? SCHEDULE_NAMING_NONE : e->series_rule;

	if (!series)
		len = scan_namer_series(m->namer, e->name, e->name_len, &series, &rule);
	if (m->ops.min_size)
		facts.min_size = m->ops.min_size(m->ops.arg, series, rule);
	scan_judge(&facts, m->now, m->settle, j);
	if (j->state == RECORD_STATE_GROWING)
		is_growing(m, &facts);
	*found = (struct scan_found){
	    .entry = e,
	    .device = l->device,
	    .series = series,
	    .series_len = len,
	    .judgement = j,
	    .changed_at = facts.changed_at,
	};
}

static int
is_new(struct scan_merge *m, const struct scan_listing *l, const struct scan_entry *e,
    int64_t replaces, struct err *err)
{
	struct scan_judgement j;
	struct scan_found found;

	describe(m, l, e, NULL, true, &j, &found);
	m->counts.added++;
	return m->ops.add(m->ops.arg, &found, replaces, err);
}

static bool
is_same(const struct scan_entry *e, const struct scan_known *k)
{
	if (e->size != k->size || e->mtime != k->mtime || e->mtime_nsec != k->mtime_nsec)
		return false;
	return !e->entries || (k->entries && strcmp(e->entries, k->entries) == 0);
}

/* Unchanged on disk; but time has passed. */
static bool
may_change_state(const struct scan_merge *m, const struct scan_known *k)
{
	if (k->state == RECORD_STATE_GROWING)
		return true;
	return k->state == RECORD_STATE_COMPLETE && k->reasons &&
	    k->mtime <= m->now + SCAN_FUTURE_SLACK && strstr(k->reasons, "\"future_mtime\"");
}

static int
is_known(struct scan_merge *m, const struct scan_listing *l, const struct scan_entry *e,
    const struct scan_known *k, struct err *err)
{
	bool same = is_same(e, k);
	struct scan_judgement j;
	struct scan_found found;

	if (same) {
		m->counts.matched++;
		if (!may_change_state(m, k))
			return 0;
	} else if (k->state == RECORD_STATE_COMPLETE) {
		return is_new(m, l, e, k->id, err);
	}
	describe(m, l, e, k, !same, &j, &found);
	if (same && k->state == RECORD_STATE_COMPLETE)
		j.state = k->state;
	else if (same && j.state == k->state)
		return 0;
	m->counts.changed++;
	return m->ops.change(m->ops.arg, k->id, &found, err);
}

static int
is_gone(
    struct scan_merge *m, const struct scan_listing *l, const struct scan_known *k, struct err *err)
{
	if (l->incomplete)
		return 0;
	m->counts.gone++;
	return m->ops.gone(m->ops.arg, k->id, err);
}

/* Known rows up to the name of e (all of them for NULL): all but e's own are gone. 1: *ret is e's. */
static int
pass_rows(struct scan_merge *m, const struct scan_listing *l, const struct scan_entry *e,
    const struct scan_known **ret, struct err *err)
{
	const struct scan_known *k;
	int c;

	for (;;) {
		if (peek(m, &k, err) < 0)
			return -1;
		if (!k)
			return 0;
		c = e ? compare_names(k->name, k->name_len, e->name, e->name_len) : -1;
		if (c > 0)
			return 0;
		m->row_at++;
		if (c == 0) {
			*ret = k;
			return 1;
		}
		if (is_gone(m, l, k, err) < 0)
			return -1;
	}
}

/* ---------------------------------------------------------------- one directory */
static void
begin_rows(struct scan_merge *m, const char *after, size_t len)
{
	buf_clear(&m->after);
	buf_add(&m->after, after, len);
	m->row_at = m->row_count = 0;
	m->rows_ended = false;
}

static int
begin_dir(struct scan_merge *m, const struct scan_listing *l, struct err *err)
{
	begin_rows(m, NULL, 0);
	buf_clear(&m->listing);
	m->digests = NULL;
	m->digests_len = 0;
	m->lasting = true;
	scan_namer_dir(m->namer, l->path, l->path_len);
	if (m->ops.dir(m->ops.arg, l->path, l->path_len, &m->digests, &m->digests_len, err) < 0)
		return -1;
	m->same = m->digests != NULL;
	return 0;
}

/* Is this part, as those before it, what it was? */
static bool
is_known_part(struct scan_merge *m, const struct scan_listing *l)
{
	size_t at = m->listing.len;

	m->lasting = m->lasting && l->has_digest;
	buf_add(&m->listing, l->digest, SCAN_DIGEST);
	m->same = m->same && l->has_digest && m->listing.len <= m->digests_len &&
	    memcmp(m->digests + at, l->digest, SCAN_DIGEST) == 0;
	return m->same;
}

static int
end_dir(struct scan_merge *m, const struct scan_listing *l, struct err *err)
{
	const struct scan_known *k;

	if (m->same && m->listing.len == m->digests_len)
		return 0;
	if (pass_rows(m, l, NULL, &k, err) < 0)
		return -1;
	if (!m->lasting || !m->ops.listed)
		return 0;
	return m->ops.listed(m->ops.arg, (const uint8_t *)m->listing.data, m->listing.len, err);
}

static int
merge_entries(struct scan_merge *m, const struct scan_listing *l, struct err *err)
{
	const struct scan_known *k = NULL;
	int r;

	for (size_t i = 0; i < l->count; i++) {
		const struct scan_entry *e = &l->entries[i];

		m->lasting = m->lasting && e->mtime <= m->now + SCAN_FUTURE_SLACK;
		r = pass_rows(m, l, e, &k, err);
		if (r > 0)
			r = is_known(m, l, e, k, err);
		else if (r == 0)
			r = is_new(m, l, e, 0, err);
		if (r < 0)
			return -1;
	}
	return 0;
}

int
scan_merge_listing(struct scan_merge *m, const struct scan_listing *l, struct err *err)
{
	if (l->first && begin_dir(m, l, err) < 0)
		return -1;
	m->counts.found += l->count;
	if (is_known_part(m, l)) {
		m->counts.matched += l->count;
		if (l->count)
			begin_rows(
			    m, l->entries[l->count - 1].name, l->entries[l->count - 1].name_len);
	} else if (merge_entries(m, l, err) < 0) {
		return -1;
	}
	return l->last ? end_dir(m, l, err) : 0;
}
