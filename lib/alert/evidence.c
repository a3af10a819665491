// What one run found out, per subject: a table of subjects, each with its kinds of trouble.
#include <stdlib.h>
#include <string.h>

#include "alert/alert_private.h"
#include "hash/hash.h"

#define FIRST_SLOTS 256

void
alert_set(char **slot, const char *value)
{
	if (*slot && value && strcmp(*slot, value) == 0)
		return;
	free(*slot);
	*slot = mem_strdup(value);
}

static uint64_t
hash_part(uint64_t hash, const char *part)
{
	/* FNV-1a; a NULL part differs from an empty one. */
	for (; part && *part; part++)
		hash = (hash ^ (unsigned char)*part) * 0x100000001b3ULL;
	return (hash ^ (part ? 1 : 2)) * 0x100000001b3ULL;
}

static uint64_t
hash_key(const char *host, const char *location, const char *series, const char *command)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	hash = hash_part(hash, host);
	hash = hash_part(hash, location);
	hash = hash_part(hash, series);
	return hash_part(hash, command);
}

static bool
same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool
is_group(const struct alert_group *g, uint64_t hash, const char *host, const char *location,
    const char *series, const char *command)
{
	return g->hash == hash && same(g->series, series) && same(g->location, location) &&
	    same(g->host, host) && same(g->command, command);
}

static void
add_slot(struct alert_evidence *ev, size_t index)
{
	size_t at = ev->groups[index]->hash & (ev->slot_count - 1);

	while (ev->slots[at])
		at = (at + 1) & (ev->slot_count - 1);
	ev->slots[at] = (uint32_t)index + 1;
}

static void
grow_slots(struct alert_evidence *ev)
{
	size_t i;

	if (ev->slot_count && ev->group_count * 2 < ev->slot_count)
		return;
	free(ev->slots);
	ev->slot_count = ev->slot_count ? ev->slot_count * 2 : FIRST_SLOTS;
	ev->slots = mem_array(ev->slot_count, sizeof(*ev->slots));
	for (i = 0; i < ev->group_count; i++)
		add_slot(ev, i);
}

struct alert_group *
alert_group_get(struct alert_evidence *ev, const char *host, const char *location,
    const char *series, const char *command)
{
	struct alert_group *g = ev->last;
	uint64_t hash;
	size_t at;

	if (!host)
		host = ev->host;
	hash = hash_key(host, location, series, command);
	if (g && is_group(g, hash, host, location, series, command))
		return g;
	grow_slots(ev);
	for (at = hash & (ev->slot_count - 1); ev->slots[at];
	     at = (at + 1) & (ev->slot_count - 1)) {
		g = ev->groups[ev->slots[at] - 1];
		if (is_group(g, hash, host, location, series, command)) {
			ev->last = g;
			return g;
		}
	}
	g = mem_alloc(sizeof(*g));
	g->host = mem_strdup(host);
	g->location = mem_strdup(location);
	g->series = mem_strdup(series);
	g->command = mem_strdup(command);
	g->hash = hash;
	g->due = g->started = CLOCK_NONE;
	g->newest.time = g->verified.time = g->restored.time = CLOCK_NONE;
	MEM_GROW(ev->groups, ev->group_count, ev->group_cap);
	ev->groups[ev->group_count++] = g;
	add_slot(ev, ev->group_count - 1);
	ev->last = g;
	return g;
}

struct alert_entry *
alert_entry_get(struct alert_evidence *ev, struct alert_group *group, enum record_alert kind)
{
	struct alert_entry *entry = group->entry[kind];

	if (!ev->options.on[kind])
		return NULL;
	if (!entry) {
		entry = mem_alloc(sizeof(*entry));
		entry->group = group;
		entry->kind = kind;
		group->entry[kind] = entry;
	}
	return entry;
}

static int
compare_expected(const void *a, const void *b)
{
	const struct alert_expected *x = a, *y = b;

	return strcmp(x->member, y->member);
}

struct alert_expected *
alert_entry_expected(const struct alert_entry *entry, const char *member)
{
	size_t low = 0, high = entry->expected_count, middle;
	int order;

	while (low < high) {
		middle = low + (high - low) / 2;
		order = strcmp(member, entry->expected[middle].member);
		if (order == 0)
			return &entry->expected[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

void
alert_entry_bad(struct alert_entry *entry, const char *member, const char *reason,
    enum record_severity severity, const char *note)
{
	struct alert_expected *expected;

	if (!entry)
		return;
	expected = alert_entry_expected(entry, member);
	if (expected)
		expected->seen = ALERT_SEEN_BAD;
	MEM_GROW(entry->faults, entry->fault_count, entry->fault_cap);
	entry->faults[entry->fault_count++] = (struct alert_fault){
	    .member = mem_strdup(member),
	    .reason = mem_strdup(reason),
	    .note = mem_strdup(note),
	    .severity = severity,
	};
}

void
alert_entry_good(struct alert_entry *entry, const char *member, bool gone)
{
	struct alert_expected *expected = entry ? alert_entry_expected(entry, member) : NULL;

	if (!expected || expected->seen == ALERT_SEEN_BAD)
		return; /* one bad sight outweighs any good one */
	expected->seen = ALERT_SEEN_GOOD;
	expected->gone = gone;
}

int
alert_evidence_new(
    struct alert_evidence **ret_ev, const struct alert_options *options, struct err *err)
{
	struct alert_evidence *ev = mem_alloc(sizeof(*ev));

	(void)err;
	ev->options = *options;
	ev->host = mem_strdup(options->host ? options->host : "");
	*ret_ev = ev;
	return 0;
}

static void
drop_faults(struct alert_entry *entry)
{
	size_t i;

	for (i = 0; i < entry->fault_count; i++) {
		free(entry->faults[i].member);
		free(entry->faults[i].reason);
		free(entry->faults[i].note);
	}
	entry->fault_count = 0;
}

static void
drop_expected(struct alert_entry *entry)
{
	size_t i;

	for (i = 0; i < entry->expected_count; i++)
		free(entry->expected[i].member);
	free(entry->expected);
	entry->expected = NULL;
	entry->expected_count = 0;
}

static void
free_group(struct alert_group *g)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(g->entry); i++) {
		if (!g->entry[i])
			continue;
		drop_faults(g->entry[i]);
		drop_expected(g->entry[i]);
		free(g->entry[i]->faults);
		free(g->entry[i]);
	}
	free(g->host);
	free(g->location);
	free(g->series);
	free(g->command);
	free(g->status);
	free(g->schedule);
	free(g->newest.path);
	free(g->verified.path);
	free(g->restored.path);
	free(g->grade);
	free(g->last_grade);
	free(g->caps);
	free(g);
}

void
alert_evidence_free(struct alert_evidence *ev)
{
	size_t i;

	if (!ev)
		return;
	for (i = 0; i < ev->group_count; i++)
		free_group(ev->groups[i]);
	free(ev->groups);
	free(ev->slots);
	free(ev->sorted);
	free(ev->host);
	free(ev);
}

void
alert_evidence_restart(struct alert_evidence *ev, int64_t now)
{
	struct alert_group *g;
	size_t i, k;

	ev->options.now = now;
	ev->sorted_count = 0;
	for (i = 0; i < ev->group_count; i++) {
		g = ev->groups[i];
		g->mentioned = g->ended = g->ended_clean = g->told_errors = false;
		g->errors = 0;
		for (k = 0; k < ARRAY_LEN(g->entry); k++) {
			if (!g->entry[k])
				continue;
			drop_faults(g->entry[k]);
			drop_expected(g->entry[k]);
			g->entry[k]->all_clear = false;
		}
	}
}

int
alert_evidence_expect(struct alert_evidence *ev, const struct alert_row *row, struct err *err)
{
	struct alert_group *g =
	    alert_group_get(ev, row->host, row->location, row->series, row->command);
	struct alert_entry *entry = alert_entry_get(ev, g, row->kind);
	size_t i;

	(void)err;
	if (!entry)
		return 0;
	drop_expected(entry);
	entry->expected = mem_array(row->member_count, sizeof(*entry->expected));
	entry->expected_count = row->member_count;
	for (i = 0; i < row->member_count; i++)
		entry->expected[i].member = mem_strdup(row->members[i].member);
	qsort(entry->expected, entry->expected_count, sizeof(*entry->expected), compare_expected);
	return 0;
}

/* "host\0location\0…" with the kind, as hex. */
static int
make_fingerprint(enum record_alert kind, const char *host, const char *location, const char *series,
    const char *command, char out[ALERT_FINGERPRINT_LEN + 1], struct err *err)
{
	const char *parts[] = {
	    record_word(RECORD_LIST_ALERT, (int)kind), host, location, series, command};
	struct buf text = BUF_INIT, hex = BUF_INIT;
	uint8_t digest[HASH_MAX];
	struct hash *hash = NULL;
	size_t i, len = 0;
	int rc = -1;

	for (i = 0; i < ARRAY_LEN(parts); i++) {
		buf_str(&text, parts[i] ? parts[i] : "");
		buf_char(&text, parts[i] ? '\0' : '\1');
	}
	if (hash_new("sha256", &hash, err) < 0 || hash_begin(hash, err) < 0 ||
	    hash_update(hash, text.data, text.len, err) < 0 ||
	    hash_end(hash, digest, &len, err) < 0)
		goto out;
	str_add_hex(&hex, digest, ALERT_FINGERPRINT_LEN / 2);
	memcpy(out, hex.data, ALERT_FINGERPRINT_LEN + 1);
	rc = 0;
out:
	hash_free(hash);
	buf_release(&text);
	buf_release(&hex);
	return rc;
}

static int
compare_entries(const void *a, const void *b)
{
	const struct alert_entry *const *x = a, *const *y = b;

	return strcmp((*x)->fingerprint, (*y)->fingerprint);
}

/* Is there anything in it that could change what is known? */
static bool
has_news(const struct alert_entry *entry)
{
	size_t i;

	if (entry->fault_count || entry->all_clear)
		return true;
	for (i = 0; i < entry->expected_count; i++)
		if (entry->expected[i].seen != ALERT_UNSEEN)
			return true;
	return false;
}

int
alert_evidence_sort(struct alert_evidence *ev, struct err *err)
{
	struct alert_group *g;
	struct alert_entry *entry;
	size_t i, k;

	ev->sorted_count = 0;
	for (i = 0; i < ev->group_count; i++) {
		g = ev->groups[i];
		for (k = 0; k < ARRAY_LEN(g->entry); k++) {
			entry = g->entry[k];
			if (!entry || !has_news(entry))
				continue;
			if (make_fingerprint(entry->kind, g->host, g->location, g->series,
				g->command, entry->fingerprint, err) < 0)
				return -1;
			MEM_GROW(ev->sorted, ev->sorted_count, ev->sorted_cap);
			ev->sorted[ev->sorted_count++] = entry;
		}
	}
	if (ev->sorted_count)
		qsort(ev->sorted, ev->sorted_count, sizeof(struct alert_entry *), compare_entries);
	return 0;
}

struct alert_entry *
alert_evidence_next(struct alert_evidence *ev, size_t *pos)
{
	return *pos < ev->sorted_count ? ev->sorted[(*pos)++] : NULL;
}

const char *
alert_entry_fingerprint(const struct alert_entry *entry)
{
	return entry->fingerprint;
}

bool
alert_entry_is_bad(const struct alert_entry *entry)
{
	return entry->fault_count > 0;
}
