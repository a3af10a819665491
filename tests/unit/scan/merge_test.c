// The merge of a listing with what was known, chunk by chunk, against a slow oracle.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "scan/scan.h"

#define NOW   ((int64_t)1000000)
#define NAMES 3000

struct world {
	bool known[NAMES], here[NAMES], differs[NAMES];
	bool added[NAMES], replaced[NAMES], gone[NAMES];
	char names[NAMES][16];
	size_t asked;
	size_t parts, same; /* digests that are known, and how many of them are what is found */
	uint8_t digests[8][SCAN_DIGEST];
	size_t listed; /* digests that came out; 0: none did */
};

static int
on_dir(void *arg, const char *path, size_t len, const uint8_t **ret_digests, size_t *ret_len,
    struct err *err)
{
	struct world *w = arg;

	(void)err;
	if (w->parts)
		*ret_digests = w->digests[0];
	*ret_len = w->parts * SCAN_DIGEST;
	assert_string_equal(path, "d");
	assert_int_equal(len, 1);
	return 0;
}

static int
on_known(void *arg, const char *after, size_t after_len, struct scan_known *rows, size_t max,
    size_t *ret_count, struct err *err)
{
	struct world *w = arg;
	size_t n = 0;

	(void)err;
	w->asked++;
	for (size_t i = 0; i < NAMES && n < max; i++) {
		if (!w->known[i] || (after_len && strncmp(w->names[i], after, after_len) <= 0))
			continue;
		rows[n++] = (struct scan_known){.id = (int64_t)i + 1,
		    .name = w->names[i],
		    .name_len = strlen(w->names[i]),
		    .size = 10,
		    .mtime = 5,
		    .state = RECORD_STATE_COMPLETE};
	}
	*ret_count = n;
	return 0;
}

static int
on_add(void *arg, const struct scan_found *found, int64_t replaces, struct err *err)
{
	struct world *w = arg;
	size_t i = (size_t)strtoul(found->entry->name + 1, NULL, 10);

	(void)err;
	assert_false(w->added[i]);
	w->added[i] = true;
	w->replaced[i] = replaces != 0;
	assert_true(!replaces || replaces == (int64_t)i + 1);
	return 0;
}

static int
on_change(void *arg, int64_t id, const struct scan_found *found, struct err *err)
{
	(void)arg;
	(void)id;
	(void)found;
	(void)err;
	fail_msg("a complete backup never changes");
	return 0;
}

static int
on_gone(void *arg, int64_t id, struct err *err)
{
	struct world *w = arg;

	(void)err;
	assert_false(w->gone[id - 1]);
	w->gone[id - 1] = true;
	return 0;
}

static int
on_listed(void *arg, const uint8_t *digests, size_t len, struct err *err)
{
	struct world *w = arg;

	(void)err;
	w->listed = len / SCAN_DIGEST;
	for (size_t i = 0; i < w->listed && i < w->same; i++)
		assert_memory_equal(digests + i * SCAN_DIGEST, w->digests[i], SCAN_DIGEST);
	return 0;
}

static void
run(struct world *w, size_t part, bool incomplete)
{
	const struct scan_merge_ops ops = {.arg = w,
	    .dir = on_dir,
	    .known = on_known,
	    .add = on_add,
	    .change = on_change,
	    .gone = on_gone,
	    .listed = on_listed};
	struct scan_merge *merge = scan_merge_new(&ops, NOW, 300);
	struct scan_entry *entries = mem_array(NAMES, sizeof(*entries));
	size_t n = 0, at = 0;

	for (size_t i = 0; i < NAMES; i++) {
		if (w->here[i])
			entries[n++] = (struct scan_entry){.name = w->names[i],
			    .name_len = (uint32_t)strlen(w->names[i]),
			    .size = w->differs[i] ? 11 : 10,
			    .mtime = 5};
	}
	do {
		struct scan_listing l = {.path = "d",
		    .path_len = 1,
		    .entries = entries + at,
		    .count = n - at < part ? n - at : part,
		    .first = at == 0,
		    .incomplete = incomplete,
		    .has_digest = w->parts && !incomplete};

		if (l.has_digest)
			memcpy(l.digest,
			    at / part < w->same ? w->digests[at / part]
						: (const uint8_t *)"another one here",
			    SCAN_DIGEST);
		at += l.count;
		l.last = at == n;
		assert_int_equal(scan_merge_listing(merge, &l, NULL), 0);
	} while (at < n);
	assert_int_equal(scan_merge_counts(merge)->found, n);
	free(entries);
	scan_merge_free(merge);
}

static void
test_random_worlds(void **state)
{
	struct world *w = mem_alloc(sizeof(*w));
	static const size_t parts[] = {1, 7, 512, 4096};

	(void)state;
	srand(7);
	for (int round = 0; round < 24; round++) {
		bool incomplete = round % 5 == 4;
		int known = rand() % 5, here = rand() % 5;

		*w = (struct world){0};
		for (size_t i = 0; i < NAMES; i++) {
			(void)snprintf(w->names[i], sizeof(w->names[i]), "f%05zu", i);
			w->known[i] = rand() % 4 < known;
			w->here[i] = rand() % 4 < here;
			w->differs[i] = rand() % 10 == 0;
		}
		run(w, parts[round % 4], incomplete);
		for (size_t i = 0; i < NAMES; i++) {
			bool changed = w->known[i] && w->here[i] && w->differs[i];

			assert_int_equal(w->added[i], (w->here[i] && !w->known[i]) || changed);
			assert_int_equal(w->replaced[i], changed);
			assert_int_equal(w->gone[i], w->known[i] && !w->here[i] && !incomplete);
		}
	}
	free(w);
}

/* Parts that are known are passed over, and what is behind them is compared as ever. */
static void
test_known_parts(void **state)
{
	struct world *w = mem_alloc(sizeof(*w));
	const size_t part = 600;

	(void)state;
	srand(11);
	for (size_t round = 0; round < 24; round++) {
		size_t same = round % 6, rest = same * part;
		bool fewer = round % 4 == 1;

		*w = (struct world){.parts = 5, .same = same};
		for (size_t i = 0; i < ARRAY_LEN(w->digests); i++)
			memset(w->digests[i], (int)i + 1, SCAN_DIGEST);
		for (size_t i = 0; i < NAMES; i++) {
			(void)snprintf(w->names[i], sizeof(w->names[i]), "f%05zu", i);
			w->known[i] = i < rest || rand() % 3;
			w->here[i] = i < rest || (!fewer && rand() % 3);
			w->differs[i] = i >= rest && rand() % 10 == 0;
		}
		run(w, part, false);
		for (size_t i = 0; i < NAMES; i++) {
			bool changed = w->known[i] && w->here[i] && w->differs[i];

			assert_int_equal(w->added[i], (w->here[i] && !w->known[i]) || changed);
			assert_int_equal(w->gone[i], w->known[i] && !w->here[i]);
		}
		assert_int_equal(w->asked == 0, same == 5);
		assert_int_equal(w->listed == 0, same == 5);
	}
	free(w);
}

/* What time may change is not remembered as known. */
static void
test_lasting(void **state)
{
	static const struct {
		int64_t mtime;
		const char *name;
		bool lasting;
	} cases[] = {{5, "f00000", true}, {NOW - 10, "f00000", false},
	    {NOW + 9999, "f00000", false}, {5, "f00000.tmp", true},
	    {NOW - 10, "f00000.tmp", false}};
	struct world *w = mem_alloc(sizeof(*w));

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct scan_merge_ops ops = {.arg = w,
		    .dir = on_dir,
		    .known = on_known,
		    .add = on_add,
		    .change = on_change,
		    .gone = on_gone,
		    .listed = on_listed};
		struct scan_merge *merge = scan_merge_new(&ops, NOW, 300);
		const struct scan_entry e = {.name = cases[i].name,
		    .name_len = (uint32_t)strlen(cases[i].name),
		    .size = 10,
		    .mtime = cases[i].mtime};
		const struct scan_listing l = {.path = "d",
		    .path_len = 1,
		    .entries = &e,
		    .count = 1,
		    .first = true,
		    .last = true,
		    .has_digest = true};

		*w = (struct world){0};
		assert_int_equal(scan_merge_listing(merge, &l, NULL), 0);
		assert_int_equal(w->listed, cases[i].lasting);
		scan_merge_free(merge);
	}
	free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_random_worlds),
	    cmocka_unit_test(test_known_parts),
	    cmocka_unit_test(test_lasting),
	};

	return cmocka_run_group_tests_name("scan/merge", tests, NULL, NULL);
}
