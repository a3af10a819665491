// The log of the store, carried over by a thread while rows are written.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "../remove_tree.h"
#include "store/store_private.h"

#define PAGE   4096
#define ROUNDS 300 /* of 1 MiB each: more than the log may grow to */

/* However much is written, the log begins anew in time, and all of it is in the store. */
static void
test_log_stays_bounded(void **state)
{
	static const char sql_add[] =
	    "INSERT INTO report (at, format, path, bytes) VALUES (1, 'x', zeroblob(1 << 20), 0)";
	char *dir = mem_strdup("/tmp/bkm-store-test-XXXXXX"), *path, *wal;
	struct store_checkpoint *checkpoint;
	struct store *store = NULL;
	struct err err = {0};
	sqlite3_stmt *st;
	off_t largest = 0;
	struct stat s;

	(void)state;
	assert_non_null(mkdtemp(dir));
	path = path_join(dir, "a.db");
	wal = path_join(dir, "a.db-wal");
	assert_int_equal(store_open(&store, path, STORE_READ_WRITE, &err), 0);
	assert_int_equal(store_exec(store, "PRAGMA synchronous = NORMAL", &err), 0);
	checkpoint = store_checkpoint_start(store);
	assert_non_null(checkpoint);
	for (int i = 0; i < ROUNDS; i++) {
		assert_int_equal(store_exec(store, sql_add, &err), 0);
		assert_int_equal(stat(wal, &s), 0);
		largest = s.st_size > largest ? s.st_size : largest;
	}
	assert_true(largest < (off_t)52000 * PAGE);
	store_checkpoint_now(checkpoint);
	store_checkpoint_stop(store, checkpoint);
	store_checkpoint_stop(store, NULL);
	assert_int_equal(stat(path, &s), 0);
	assert_true(s.st_size > (off_t)(ROUNDS - 20) << 20);
	st = store_prepare(store, "SELECT count(*) FROM report WHERE length(path) = 1 << 20", &err);
	assert_non_null(st);
	assert_int_equal(store_step(store, st, &err), 1);
	assert_int_equal(sqlite3_column_int(st, 0), ROUNDS);
	(void)sqlite3_finalize(st);
	store_close(store);
	assert_int_equal(remove_tree(dir), 0);
	free(dir);
	free(path);
	free(wal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_log_stays_bounded)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
