// What a series always brought back, and whether this backup falls behind it.
#include "restore/baseline.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "restore/restore.h"

#define SIGMAS 5

struct list {
	struct restore_shrunk *items;
	size_t count, cap;
};

static int
u64_cmp(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t
median(uint64_t *values, size_t count)
{
	qsort(values, count, sizeof(*values), u64_cmp);
	return count % 2 ? values[count / 2]
			 : values[count / 2 - 1] / 2 + values[count / 2] / 2 +
		(values[count / 2 - 1] % 2 + values[count / 2] % 2) / 2;
}

static uint64_t
max3(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t m = a > b ? a : b;

	return m > c ? m : c;
}

static uint64_t
distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* The median absolute deviation of the values from their median, or, where that is less, of their steps
 * from the median step: steady growth is no noise. Values are moved by 2^62 so that steps are unsigned. */
static uint64_t
deviation(const uint64_t *values, size_t count, uint64_t middle)
{
	uint64_t v[RESTORE_BASELINE_MAX], steps[RESTORE_BASELINE_MAX], step, plain, of_steps;

	for (size_t i = 0; i < count; i++)
		v[i] = distance(values[i], middle);
	plain = median(v, count);
	if (count < 3)
		return plain;
	for (size_t i = 0; i + 1 < count; i++)
		v[i] = steps[i] = (UINT64_C(1) << 62) + values[i] - values[i + 1];
	step = median(v, count - 1);
	for (size_t i = 0; i + 1 < count; i++)
		v[i] = distance(steps[i], step);
	of_steps = median(v, count - 1);
	return plain < of_steps ? plain : of_steps;
}

/* The least value that is no surprise after these, count of them (at most RESTORE_BASELINE_MAX). */
static uint64_t
band_low(const uint64_t *values, size_t count, uint64_t floor, uint64_t *ret_median)
{
	uint64_t v[RESTORE_BASELINE_MAX], middle, least, spread, low;

	if (count > RESTORE_BASELINE_MAX)
		count = RESTORE_BASELINE_MAX;
	memcpy(v, values, count * sizeof(*v));
	middle = median(v, count);
	least = v[0];
	/* Counts stay far below 2^53. */
	spread = max3((uint64_t)((double)deviation(values, count, middle) * 1.4826 * SIGMAS),
	    middle / 2, floor);
	low = middle > spread ? middle - spread : 0;
	*ret_median = middle;
	return low < least - least / 4 ? low : least - least / 4;
}

static void
add(struct list *list, enum restore_shrunk_kind kind, const char *what, const char *name,
    uint64_t now, uint64_t usual)
{
	MEM_GROW(list->items, list->count, list->cap);
	list->items[list->count++] = (struct restore_shrunk){
	    .kind = kind, .what = what, .name = mem_strdup(name), .now = now, .usual = usual};
}

/* ---------------------------------------------------------------- totals */

static int64_t
accepted_since(const struct restore_baseline *b, const char *name)
{
	for (size_t i = 0; i < b->accepted_count; i++) {
		if (strcmp(b->accepted[i].name, name) == 0)
			return b->accepted[i].time;
	}
	return INT64_MIN;
}

struct total {
	const char *what;
	size_t value, has; /* offsets in struct restore_seen */
	uint64_t floor;
};

static const struct total totals[] = {
    {"files", offsetof(struct restore_seen, files), offsetof(struct restore_seen, has_files),
	RESTORE_FLOOR_FILES},
    {"bytes", offsetof(struct restore_seen, bytes), offsetof(struct restore_seen, has_files),
	RESTORE_FLOOR_BYTES},
    {"tables", offsetof(struct restore_seen, tables), offsetof(struct restore_seen, has_rows), 1},
    {"rows", offsetof(struct restore_seen, rows), offsetof(struct restore_seen, has_rows),
	RESTORE_FLOOR_ROWS},
};

static uint64_t
value_of(const struct restore_seen *seen, const struct total *t)
{
	uint64_t v;

	memcpy(&v, (const char *)seen + t->value, sizeof(v));
	return v;
}

static bool
has(const struct restore_seen *seen, const struct total *t)
{
	bool yes;

	memcpy(&yes, (const char *)seen + t->has, sizeof(yes));
	return yes;
}

static void
judge_value(struct list *list, const char *what, const char *name, uint64_t now,
    const uint64_t *values, size_t count, uint64_t floor)
{
	uint64_t middle, low = band_low(values, count, floor, &middle);
	bool always = true;

	for (size_t i = 0; i < count; i++)
		always = always && values[i] > 0;
	if (now == 0 && always)
		add(list, RESTORE_SHRUNK_EMPTY, what, name, now, middle);
	else if (now < low)
		add(list, RESTORE_SHRUNK_FEWER, what, name, now, middle);
}

static void
judge_total(struct list *list, const struct restore_baseline *b, const struct restore_seen *now,
    const struct total *t)
{
	uint64_t values[RESTORE_BASELINE_MAX];
	int64_t since = accepted_since(b, t->what);
	size_t count = 0;

	if (!has(now, t))
		return;
	for (size_t i = 0; i < b->count && count < RESTORE_BASELINE_MAX; i++) {
		if (has(&b->seen[i], t) && b->seen[i].time >= since)
			values[count++] = value_of(&b->seen[i], t);
	}
	if (count >= RESTORE_BASELINE_MIN)
		judge_value(list, t->what, t->what, value_of(now, t), values, count, t->floor);
}

/* ---------------------------------------------------------------- tables */

/* One table in one test; test 0 is now, 1 the newest before it. */
struct entry {
	char *shape; /* the name with # for each run of digits */
	const char *name;
	size_t digits;
	size_t test;
	uint64_t rows;
};

struct tables {
	struct entry *items;
	size_t count, cap;
	const struct restore_seen *tests[RESTORE_BASELINE_MAX + 1]; /* [0] is now */
	size_t test_count;
};

static char *
shape_of(const char *name, size_t *ret_digits)
{
	struct buf shape = BUF_INIT;

	*ret_digits = 0;
	while (*name) {
		size_t n = strspn(name, "0123456789");

		*ret_digits += n;
		buf_char(&shape, n ? '#' : *name);
		name += n ? n : 1;
	}
	return buf_take(&shape);
}

static int
entry_cmp(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int r = strcmp(x->shape, y->shape);

	if (r == 0)
		r = strcmp(x->name, y->name);
	return r ? r : (x->test > y->test) - (x->test < y->test);
}

static void
gather(struct tables *t, const struct restore_baseline *b, const struct restore_seen *now)
{
	t->tests[t->test_count++] = now;
	for (size_t i = 0; i < b->count && t->test_count <= RESTORE_BASELINE_MAX; i++) {
		if (b->seen[i].listed)
			t->tests[t->test_count++] = &b->seen[i];
	}
	for (size_t i = 0; i < t->test_count; i++) {
		for (size_t k = 0; k < t->tests[i]->list_count; k++) {
			struct entry e = {.name = t->tests[i]->list[k].name,
			    .test = i,
			    .rows = t->tests[i]->list[k].rows};

			e.shape = shape_of(e.name, &e.digits);
			MEM_GROW(t->items, t->count, t->cap);
			t->items[t->count++] = e;
		}
	}
	if (t->count)
		qsort(t->items, t->count, sizeof(*t->items), entry_cmp);
}

/* The members of one shape, or one table, in each test. */
struct unit {
	const char *name;
	uint64_t members[RESTORE_BASELINE_MAX + 1], rows[RESTORE_BASELINE_MAX + 1];
};

static void
count_unit(struct unit *u, const struct entry *e, size_t count, const char *name)
{
	*u = (struct unit){.name = name};
	for (size_t i = 0; i < count; i++) {
		u->members[e[i].test]++;
		u->rows[e[i].test] += e[i].rows;
	}
}

static void
judge_unit(struct list *list, const struct tables *t, const struct restore_baseline *b,
    const struct unit *u)
{
	uint64_t values[RESTORE_BASELINE_MAX], fewest = UINT64_MAX, usual;
	int64_t since = accepted_since(b, u->name);
	size_t streak = 0;

	/* As it is now since it came: an older life of that name is another table. */
	while (streak + 1 < t->test_count && u->members[streak + 1] > 0 &&
	    t->tests[streak + 1]->time >= since) {
		values[streak] = u->rows[streak + 1];
		if (u->members[streak + 1] < fewest)
			fewest = u->members[streak + 1];
		streak++;
	}
	if (streak < RESTORE_BASELINE_MIN)
		return;
	if (u->members[0] == 0 || u->members[0] * 2 < fewest) {
		(void)band_low(values, streak, 0, &usual);
		add(list, RESTORE_SHRUNK_GONE, "table", u->name, u->rows[0], usual);
		return;
	}
	judge_value(list, "rows", u->name, u->rows[0], values, streak, RESTORE_FLOOR_ROWS);
}

#define ROTATING_DIGITS  4 /* of a date, or */
#define ROTATING_MEMBERS 4 /* so many parts */

/* Do tables of that shape come and go? Not if all that happened is that some are missing now. */
static bool
is_rotating(const struct tables *t, const struct entry *e, size_t count)
{
	size_t names = 0, digits = 0;
	bool changed = false;

	for (size_t i = 0, end; i < count; i = end) {
		size_t before = 0;
		bool now = false;

		for (end = i; end < count && strcmp(e[end].name, e[i].name) == 0; end++) {
			before += e[end].test > 0;
			now |= e[end].test == 0;
		}
		names++;
		if (e[i].digits > digits)
			digits = e[i].digits;
		changed |= before == 0 ? now : before < t->test_count - 1;
	}
	return changed && names > 1 && (digits >= ROTATING_DIGITS || names >= ROTATING_MEMBERS);
}

static void
judge_shape(struct list *list, const struct tables *t, const struct restore_baseline *b,
    const struct entry *e, size_t count)
{
	struct unit unit;

	if (is_rotating(t, e, count)) {
		count_unit(&unit, e, count, e->shape);
		judge_unit(list, t, b, &unit);
		return;
	}
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i; end < count && strcmp(e[end].name, e[i].name) == 0;)
			end++;
		count_unit(&unit, e + i, end - i, e[i].name);
		judge_unit(list, t, b, &unit);
	}
}

static void
judge_tables(struct list *list, const struct restore_baseline *b, const struct restore_seen *now)
{
	struct tables t = {.count = 0};

	gather(&t, b, now);
	for (size_t i = 0, end; t.test_count > RESTORE_BASELINE_MIN && i < t.count; i = end) {
		for (end = i; end < t.count && strcmp(t.items[end].shape, t.items[i].shape) == 0;)
			end++;
		judge_shape(list, &t, b, &t.items[i], end - i);
	}
	for (size_t i = 0; i < t.count; i++)
		free(t.items[i].shape);
	free(t.items);
}

/* ---------------------------------------------------------------- all of it */

/* What is gone, then what is empty, then the larger loss. */
static int
shrunk_cmp(const void *a, const void *b)
{
	const struct restore_shrunk *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->usual != y->usual)
		return x->usual > y->usual ? -1 : 1;
	return strcmp(x->name, y->name);
}

static size_t
usable(const struct restore_baseline *b, const struct restore_seen *now)
{
	size_t tree = 0, rows = 0;

	for (size_t i = 0; i < b->count; i++) {
		tree += b->seen[i].has_files && now->has_files;
		rows +=
		    (b->seen[i].listed && now->listed) || (b->seen[i].has_rows && now->has_rows);
	}
	return tree > rows ? tree : rows;
}

size_t
restore_baseline_judge(const struct restore_baseline *baseline, const struct restore_seen *now,
    struct restore_shrunk **ret_shrunk, size_t *ret_count)
{
	struct list list = {.count = 0};
	size_t count = usable(baseline, now), listed = 0;

	for (size_t i = 0; i < baseline->count; i++)
		listed += baseline->seen[i].listed;
	for (size_t i = 0; count >= RESTORE_BASELINE_MIN && i < ARRAY_LEN(totals); i++) {
		/* Table by table says more than their sum. */
		bool of_tables = totals[i].has == offsetof(struct restore_seen, has_rows);

		if (!of_tables || !now->listed || listed < RESTORE_BASELINE_MIN)
			judge_total(&list, baseline, now, &totals[i]);
	}
	if (count >= RESTORE_BASELINE_MIN && now->listed)
		judge_tables(&list, baseline, now);
	if (list.count)
		qsort(list.items, list.count, sizeof(*list.items), shrunk_cmp);
	*ret_shrunk = list.items;
	*ret_count = list.count;
	return count;
}

void
restore_shrunk_free(struct restore_shrunk *shrunk, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(shrunk[i].name);
	free(shrunk);
}
