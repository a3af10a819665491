// The baselines that a series learns: benign histories never fail, losses always do.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "restore/restore.h"

#define TESTS  40
#define TABLES 12

/* A history of tests, the oldest first, as it is easier to write down. */
struct history {
	struct restore_table tables[TESTS][TABLES];
	struct restore_seen seen[TESTS];
	size_t count;
	struct restore_accepted accepted[4];
	size_t accepted_count;
};

/* The rows of tables a, b, …: -1 is not there. */
static void
add(struct history *h, const char *const *names, const int64_t *rows, size_t count)
{
	struct restore_seen *s = &h->seen[h->count];
	struct restore_table *t = h->tables[h->count];

	*s = (struct restore_seen){.time = (int64_t)h->count, .listed = true, .has_rows = true};
	for (size_t i = 0; i < count; i++) {
		char *name;

		if (rows[i] < 0)
			continue;
		memcpy(&name, &names[i], sizeof(name));
		t[s->list_count++] =
		    (struct restore_table){.name = name, .rows = (uint64_t)rows[i]};
		s->rows += (uint64_t)rows[i];
	}
	s->tables = s->list_count;
	s->list = t;
	h->count++;
}

static void
one(struct history *h, int64_t rows)
{
	static const char *const names[] = {"t"};

	add(h, names, &rows, 1);
}

static void
tree(struct history *h, uint64_t files, uint64_t bytes)
{
	h->seen[h->count] = (struct restore_seen){
	    .time = (int64_t)h->count, .has_files = true, .files = files, .bytes = bytes};
	h->count++;
}

/* The last one is judged by those before it; "" or "kind what name now usual" of the worst. */
static const char *
judge(struct history *h)
{
	static const char *const kinds[] = {"gone", "empty", "fewer"};
	static char text[200];
	struct restore_seen seen[TESTS];
	struct restore_baseline baseline = {.seen = seen,
	    .count = h->count - 1,
	    .accepted = h->accepted,
	    .accepted_count = h->accepted_count};
	struct restore_shrunk *shrunk;
	size_t count;

	for (size_t i = 0; i + 1 < h->count; i++)
		seen[i] = h->seen[h->count - 2 - i];
	(void)restore_baseline_judge(&baseline, &h->seen[h->count - 1], &shrunk, &count);
	text[0] = '\0';
	if (count)
		(void)snprintf(text, sizeof(text), "%s %s %s %llu %llu", kinds[shrunk->kind],
		    shrunk->what, shrunk->name, (unsigned long long)shrunk->now,
		    (unsigned long long)shrunk->usual);
	restore_shrunk_free(shrunk, count);
	return text;
}

static uint64_t seed;

static int64_t
random_below(int64_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return n > 0 ? (int64_t)((seed >> 33) % (uint64_t)n) : 0;
}

static void
four_are_not_enough(void **state)
{
	struct history h = {.count = 0};

	(void)state;
	for (int i = 0; i < 4; i++)
		one(&h, 1000);
	one(&h, 0);
	assert_string_equal(judge(&h), "");
}

static void
losses(void **state)
{
	static const char *const names[] = {"users", "orders", "empty"};
	const int64_t good[] = {100, 2000, 0};
	const struct {
		int64_t rows[3];
		const char *says;
	} cases[] = {
	    {{100, 2000, 0}, ""},
	    {{100, 2000, 7}, ""},
	    {{100, -1, 0}, "gone table orders 0 2000"},
	    {{100, 0, 0}, "empty rows orders 0 2000"},
	    {{100, 900, 0}, "fewer rows orders 900 2000"},
	    {{100, 1100, 0}, ""},
	    {{-1, 0, 0}, "gone table users 0 100"},
	    {{100, 2000, -1}, "gone table empty 0 0"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct history h = {.count = 0};

		for (int k = 0; k < 5; k++)
			add(&h, names, good, 3);
		add(&h, names, cases[i].rows, 3);
		assert_string_equal(judge(&h), cases[i].says);
	}
}

static void
small_counts_have_a_floor(void **state)
{
	struct history h = {.count = 0};

	(void)state;
	for (int i = 0; i < 6; i++)
		one(&h, 9);
	one(&h, 1);
	assert_string_equal(judge(&h), "");
	h.count--;
	one(&h, 0);
	assert_string_equal(judge(&h), "empty rows t 0 9");
}

/* Benign histories: at no point is there an alarm. */
static void
growth_seasons_and_noise(void **state)
{
	(void)state;
	for (int run = 0; run < 300; run++) {
		struct history h = {.count = 0};
		int64_t level = 1 + random_below(100000), growth = random_below(20);
		int64_t season = random_below(7), noise = 1 + random_below(20);

		seed += (uint64_t)run;
		for (int day = 0; day < TESTS; day++) {
			int64_t rows = level - level * random_below(noise) / 100;

			/* One day in seven is quiet, from the first week on. */
			if (season && day % 7 == 3)
				rows /= 1 + season;
			one(&h, rows);
			if (day < 8)
				continue;
			assert_string_equal(judge(&h), "");
			level += level * growth / 100;
		}
	}
}

static void
a_purge_that_comes_again_is_no_surprise(void **state)
{
	struct history h = {.count = 0};
	int64_t rows = 5000;

	(void)state;
	for (int i = 0; i < 12; i++) {
		one(&h, rows);
		if (i == 6)
			assert_string_equal(judge(&h), "fewer rows t 500 7500");
		rows = i == 5 ? 500 : rows + 1000;
	}
	/* Accepted, and now it has happened before. */
	one(&h, 520);
	assert_string_equal(judge(&h), "");
}

static void
a_purge_is_a_loss_until_it_is_accepted(void **state)
{
	struct history h = {.count = 0};

	(void)state;
	for (int i = 0; i < 8; i++)
		one(&h, 100000);
	one(&h, 100);
	assert_string_equal(judge(&h), "fewer rows t 100 100000");
	h.accepted[h.accepted_count++] = (struct restore_accepted){"t", 8};
	assert_string_equal(judge(&h), "");
	for (int i = 0; i < 5; i++) {
		one(&h, 100);
		assert_string_equal(judge(&h), "");
	}
	one(&h, 0);
	assert_string_equal(judge(&h), "empty rows t 0 100");
}

static void
a_renamed_table_is_gone_until_accepted(void **state)
{
	static const char *const names[] = {"old", "new", "other"};
	const int64_t before[] = {10, -1, 5}, after[] = {-1, 10, 5}, lost[] = {-1, -1, 5};
	struct history h = {.count = 0};

	(void)state;
	for (int i = 0; i < 6; i++)
		add(&h, names, before, 3);
	add(&h, names, after, 3);
	assert_string_equal(judge(&h), "gone table old 0 10");
	h.accepted[h.accepted_count++] = (struct restore_accepted){"old", 6};
	assert_string_equal(judge(&h), "");
	/* The others are judged as before, the new one after five tests. */
	for (int i = 0; i < 5; i++)
		add(&h, names, after, 3);
	assert_string_equal(judge(&h), "");
	add(&h, names, lost, 3);
	assert_string_equal(judge(&h), "gone table new 0 10");
}

/* Partitions by month: one comes, one goes. */
static void
partitions(void **state)
{
	static char text[TESTS + 4][16];
	struct history h = {.count = 0};

	(void)state;
	for (int i = 0; i < TESTS + 4; i++)
		(void)snprintf(text[i], sizeof(text[i]), "log_%d_%02d", 2020 + i / 12, i % 12 + 1);
	for (int i = 0; i < 20; i++) {
		const char *names[] = {text[i], text[i + 1], text[i + 2], text[i + 3]};
		const int64_t rows[] = {1000, 1010, 1020, 300 + random_below(700)};

		add(&h, names, rows, 4);
		assert_string_equal(judge(&h), "");
	}
	{
		const char *names[] = {text[23]};
		const int64_t rows[] = {1000};

		add(&h, names, rows, 1);
		assert_non_null(strstr(judge(&h), "gone table log_#_#"));
	}
}

static void
numbered_tables_are_no_partitions(void **state)
{
	static const char *const names[] = {"t1", "t2", "t3"};
	const int64_t good[] = {10, 10, 10}, bad[] = {10, -1, 10};
	struct history h = {.count = 0};

	(void)state;
	for (int i = 0; i < 5; i++)
		add(&h, names, good, 3);
	add(&h, names, bad, 3);
	assert_string_equal(judge(&h), "gone table t2 0 10");
}

static void
what_was_empty_may_be_empty(void **state)
{
	struct history h = {.count = 0};

	(void)state;
	for (int i = 0; i < 10; i++)
		one(&h, i == 4 ? 0 : 50);
	one(&h, 0);
	assert_string_equal(judge(&h), "");
}

static void
files_and_bytes(void **state)
{
	struct history h = {.count = 0};

	(void)state;
	for (int i = 0; i < 6; i++)
		tree(&h, 1200, UINT64_C(80) << 20);
	tree(&h, 1190, UINT64_C(79) << 20);
	assert_string_equal(judge(&h), "");
	tree(&h, 300, UINT64_C(79) << 20);
	assert_string_equal(judge(&h), "fewer files files 300 1200");
	h.count--;
	tree(&h, 1200, UINT64_C(2) << 20);
	assert_string_equal(judge(&h), "fewer bytes bytes 2097152 83886080");
	h.count--;
	tree(&h, 0, 0);
	assert_string_equal(judge(&h), "empty bytes bytes 0 83886080");
}

/* A text dump that no server has loaded: its tables and rows are known as sums only. */
static void
sums_without_a_list(void **state)
{
	struct history h = {.count = 0};

	(void)state;
	for (int i = 0; i < 7; i++) {
		one(&h, i == 6 ? 100 : 1000);
		h.seen[i].listed = false;
	}
	assert_string_equal(judge(&h), "fewer rows rows 100 1000");
}

/* Whatever the history: a loss of all rows of a table that always had many is found, and a test that
 * repeats the last one is never a loss. */
static void
properties(void **state)
{
	(void)state;
	for (int run = 0; run < 500; run++) {
		struct history h = {.count = 0};
		size_t n = 5 + (size_t)random_below(TESTS - 7);
		int64_t rows = 0;

		seed += (uint64_t)run;
		for (size_t i = 0; i < n; i++) {
			rows = 1 + random_below(1000000);
			one(&h, rows);
		}
		one(&h, rows);
		assert_string_equal(judge(&h), "");
		h.count--;
		one(&h, 0);
		assert_non_null(strstr(judge(&h), "empty rows t 0"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(four_are_not_enough),
	    cmocka_unit_test(losses),
	    cmocka_unit_test(small_counts_have_a_floor),
	    cmocka_unit_test(growth_seasons_and_noise),
	    cmocka_unit_test(a_purge_that_comes_again_is_no_surprise),
	    cmocka_unit_test(a_purge_is_a_loss_until_it_is_accepted),
	    cmocka_unit_test(a_renamed_table_is_gone_until_accepted),
	    cmocka_unit_test(partitions),
	    cmocka_unit_test(numbered_tables_are_no_partitions),
	    cmocka_unit_test(what_was_empty_may_be_empty),
	    cmocka_unit_test(files_and_bytes),
	    cmocka_unit_test(sums_without_a_list),
	    cmocka_unit_test(properties),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
