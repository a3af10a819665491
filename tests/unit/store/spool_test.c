// What a first scan keeps for its lines: any bytes, in parts, and nothing where it cannot be kept.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/spool.h"

#define ROWS 3000

/* Names of one to 255 bytes, any but NUL. */
static size_t
name_of(int64_t id, char *name)
{
	size_t len = 1 + (size_t)(id * 37 % 255);

	for (size_t i = 0; i < len; i++)
		name[i] = (char)(1 + (id + (int64_t)i) % 255);
	return len;
}

static struct store_spool *
filled(const char *beside)
{
	struct store_spool *spool = store_spool_new(beside);
	char name[256];

	for (int64_t id = 5; id < 5 + ROWS; id++) {
		size_t len = name_of(id, name);
		struct store_spool_row row = {.id = id,
		    .dir_id = id / 10,
		    .series_id = id % 7,
		    .mtime = -id,
		    .size = UINT64_MAX - (uint64_t)id,
		    .name_len = id % 100 ? len : 0};

		store_spool_add(spool, &row, id % 100 ? name : NULL);
	}
	return spool;
}

static void
test_what_comes_back(void **state)
{
	struct store_spool *spool = filled("/tmp/a.db");
	struct store_spool_reader reader = {.part = BUF_INIT};
	struct store_spool_row row;
	struct err err = {0};
	int64_t expected = 5 + ROWS - 1;
	const char *name;
	char wanted[256];
	size_t parts, count = 0;

	(void)state;
	store_spool_amend(spool, 777);
	store_spool_amend(spool, 6);
	store_spool_amend(spool, 1004);
	parts = store_spool_end(spool);
	assert_true(parts > 1);
	assert_int_equal(store_spool_end(spool), parts);
	/* In any order of parts. */
	for (size_t part = parts; part-- > 0;) {
		int64_t first = 0, last = 0;

		assert_int_equal(store_spool_go(spool, &reader, part, &err), 0);
		while (store_spool_next(spool, &reader, &row, &name)) {
			bool whole = row.id % 100 && row.id != 777 && row.id != 6 && row.id != 1004;

			assert_true(row.id == last + 1 || !first);
			first = first ? first : row.id;
			last = row.id;
			count++;
			assert_int_equal(row.dir_id, row.id / 10);
			assert_int_equal(row.series_id, row.id % 7);
			assert_int_equal(row.mtime, -row.id);
			assert_true(row.size == UINT64_MAX - (uint64_t)row.id);
			assert_int_equal(row.name_len, whole ? name_of(row.id, wanted) : 0);
			if (whole)
				assert_memory_equal(name, wanted, row.name_len);
		}
		assert_int_equal(last, expected);
		expected = first - 1;
	}
	assert_int_equal(expected, 4);
	assert_int_equal(count, ROWS);
	buf_release(&reader.part);
	store_spool_free(spool);
}

/* No such directory: nothing is promised, and nothing fails. */
static void
test_what_cannot_be_kept(void **state)
{
	struct store_spool *spool = filled("/nonexistent/a.db");

	(void)state;
	store_spool_amend(spool, 6);
	assert_int_equal(store_spool_end(spool), 0);
	store_spool_free(spool);
	spool = filled("/tmp/a.db");
	for (int64_t id = 0; id <= 1 << 16; id++)
		store_spool_amend(spool, id);
	assert_int_equal(store_spool_end(spool), 0);
	store_spool_free(spool);
	spool = store_spool_new("/tmp/a.db");
	assert_int_equal(store_spool_end(spool), 0);
	store_spool_free(spool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_comes_back),
	    cmocka_unit_test(test_what_cannot_be_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
