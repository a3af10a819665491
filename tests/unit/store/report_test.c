// What reports ask the store.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "../remove_tree.h"
#include "store/store.h"

static char *dir, *path;

static int
setup(void **state)
{
	struct store *store = NULL;

	(void)state;
	dir = mem_strdup("/tmp/bkm-store-test-XXXXXX");
	assert_non_null(mkdtemp(dir));
	path = path_join(dir, "a.db");
	assert_int_equal(store_open(&store, path, STORE_READ_WRITE, NULL), 0);
	store_close(store);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	assert_int_equal(remove_tree(dir), 0);
	free(dir);
	free(path);
	return 0;
}

static void
sql(const char *text)
{
	sqlite3 *db = NULL;
	char *message = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s", message);
	sqlite3_close(db);
}

static void
test_statistics(void **state)
{
	struct store_statistics s = {0};
	struct store *store = NULL;
	struct err err = {0};

	(void)state;
	sql("INSERT INTO location (host, name, path, type) VALUES ('h', 'a', x'2f61', 'file');"
	    "INSERT INTO series (location_id, name, first_seen, count) VALUES (1, 'x', 0, 3),"
	    " (1, 'y', 0, 4)");
	assert_int_equal(store_open(&store, path, STORE_READ_ONLY, &err), 0);
	assert_int_equal(store_statistics(store, &s, &err), 0);
	store_close(store);
	assert_int_equal(s.locations, 1);
	assert_int_equal(s.series, 2);
	assert_int_equal(s.backups, 7);
	assert_int_equal(s.verifications, 0);
	assert_true(s.bytes > 4096);
}

static void
add_up(void *arg, const struct store_failed *failed)
{
	uint64_t *sum = arg;

	*sum = *sum * 10000 + (uint64_t)failed->series_id * 1000 + failed->count * 100 +
	    (uint64_t)failed->first_id * 10 + (uint64_t)failed->last_id;
}

static void
test_failed(void **state)
{
	struct store *store = NULL;
	struct err err = {0};
	uint64_t sum = 0;

	(void)state;
	sql("PRAGMA foreign_keys = OFF;"
	    "INSERT INTO backup (id, dir_id, series_id, name, live, size, mtime, time, first_seen,"
	    " changed_at, state, status) SELECT value, 1, CASE WHEN value < 3 THEN 1 ELSE 2 END,"
	    " 'n' || value, value < 6, 1, 1, 1, 1, 1, 'complete', 'ok'"
	    " FROM json_each('[1,2,3,4,5,6]');"
	    "INSERT INTO standing (backup_id, location_id, verify_verdict, restore_verdict) VALUES"
	    " (1, 1, 'fail', 'fail'), (2, 1, 'pass', NULL), (3, 1, 'pass', 'fail'),"
	    " (4, 1, 'fail', NULL), (5, 2, 'fail', NULL), (6, 1, 'fail', NULL)");
	assert_int_equal(store_open(&store, path, STORE_READ_ONLY, &err), 0);
	assert_int_equal(store_report_failed(store, 1, add_up, &sum, &err), 0);
	/* Series 1: one, series 2: two; what is gone does not count. */
	assert_int_equal(sum, 11112234);
	store_close(store);
}

static void
test_put(void **state)
{
	struct store *store = NULL;
	struct err err = {0};

	(void)state;
	assert_int_equal(store_open(&store, path, STORE_READ_WRITE, &err), 0);
	assert_int_equal(store_begin(store, &err), 0);
	assert_int_equal(store_report_put(store, 5, "html", "/r/\xff.html", 12, &err), 0);
	assert_int_equal(store_commit(store, &err), 0);
	store_close(store);
	sql("INSERT INTO location (id, host, name, path, type)"
	    " SELECT id + 100, 'h', format, path, 'file' FROM report"
	    " WHERE at = 5 AND bytes = 12 AND hex(path) = '2F722FFF2E68746D6C'");
	assert_int_equal(store_open(&store, path, STORE_READ_ONLY, &err), 0);
	{
		struct store_location loc = {0};

		assert_int_equal(store_location_find(store, "h", "html", &loc, &err), 1);
		store_location_release(&loc);
	}
	store_close(store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_statistics, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_failed, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_put, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
