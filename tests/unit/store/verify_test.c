// Many verdicts in one call: each becomes its own rows, in their order, however many there are.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "../remove_tree.h"
#include "store/store.h"

#define COUNT 37 /* two statements of many rows, and some of one */
#define NOW   1000

struct place {
	char dir[64], path[96];
	struct store *store;
};

static void
begin(struct place *p)
{
	static const char sql[] =
	    "INSERT INTO location (id, host, name, path, type) VALUES (1, 'h', 'l', '/l', 'file');"
	    "INSERT INTO dir (id, location_id, path) VALUES (1, 1, 'd');"
	    "INSERT INTO series (id, location_id, name, first_seen) VALUES (1, 1, 's', 1);"
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 37)"
	    " INSERT INTO backup (id, dir_id, series_id, name, size, mtime, time, first_seen,"
	    " changed_at, state, status) SELECT i, 1, 1, 'f' || i, 5, 1, 1, 1, 1, 'complete', 'ok' FROM n";
	sqlite3 *db;

	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/bkm-verify-test-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	(void)snprintf(p->path, sizeof(p->path), "%s/a.db", p->dir);
	assert_int_equal(store_open(&p->store, p->path, STORE_READ_WRITE, NULL), 0);
	assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
}

static void
end(struct place *p)
{
	store_close(p->store);
	assert_int_equal(remove_tree(p->dir), 0);
}

static int64_t
number(const struct place *p, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *st;
	int64_t n;

	assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st);
	(void)sqlite3_close(db);
	return n;
}

static void
put(struct place *p, const struct store_verification *list, size_t count)
{
	assert_int_equal(store_begin(p->store, NULL), 0);
	assert_int_equal(store_verify_put(p->store, list, count, NULL), 0);
	assert_int_equal(store_commit(p->store, NULL), 0);
}

static struct store_verification
verdict(int64_t id, enum record_verdict word)
{
	return (struct store_verification){
	    .backup_id = id,
	    .location_id = 1,
	    .at = NOW + id,
	    .verdict = word,
	    .reason = word == RECORD_VERDICT_PASS ? NULL : "empty",
	    .level = RECORD_LEVEL_READ,
	    .bytes = (uint64_t)id * 10,
	    .record = word == RECORD_VERDICT_PASS ? "{\"pass\":1}" : "{}",
	    .stands = true,
	    .methods = {[STORE_VERIFY_SIZE] = word, [STORE_VERIFY_CHECKSUM] = word},
	};
}

static void
each_has_its_rows(void **state)
{
	struct store_verification list[COUNT];
	struct store_verify_state s;
	struct place p;

	(void)state;
	begin(&p);
	for (int i = 0; i < COUNT; i++) {
		list[i] = verdict(i + 1,
		    i % 5 == 4       ? RECORD_VERDICT_ERROR
			: i % 7 == 6 ? RECORD_VERDICT_FAIL
				     : RECORD_VERDICT_PASS);
		list[i].stands = i % 3 != 2;
		if (list[i].verdict == RECORD_VERDICT_PASS) {
			list[i].algorithm = "sha256";
			list[i].digest = i % 2 ? "aa" : "bb";
			list[i].source = i % 4 ? "read" : "manifest";
		}
	}
	put(&p, list, COUNT);
	assert_int_equal(number(&p, "SELECT count(*) FROM verification"), COUNT);
	assert_int_equal(
	    number(&p,
		"SELECT count(*) FROM verification WHERE id = backup_id AND at = 1000 + id"
		" AND bytes = 10 * id AND (verdict = 'pass') = (record IS NULL)"),
	    COUNT);
	for (int i = 0; i < COUNT; i++) {
		bool error = list[i].verdict == RECORD_VERDICT_ERROR;
		assert_int_equal(store_verify_state(p.store, i + 1, "sha256", &s, NULL), 0);
		assert_int_equal(s.methods[STORE_VERIFY_CHECKSUM].verdict,
		    error ? RECORD_VERDICT_NONE : list[i].verdict);
		assert_int_equal(s.methods[STORE_VERIFY_CONTENT].verdict, RECORD_VERDICT_NONE);
		assert_int_equal(s.error_at, error ? NOW + i + 1 : CLOCK_NONE);
		assert_string_equal(s.baseline, list[i].digest ? list[i].digest : "");
		assert_int_equal(s.from_manifest, list[i].digest && i % 4 == 0);
	}
	assert_int_equal(number(&p, "SELECT count(*) FROM standing WHERE backup_id % 3 = 0"), 0);
	assert_int_equal(number(&p, "SELECT count(*) FROM standing"), 25 - 5);
	assert_int_equal(number(&p,
			     "SELECT count(*) FROM standing AS s JOIN verification AS v ON"
			     " v.backup_id = s.backup_id AND v.verdict = s.verify_verdict"
			     " AND v.at = s.verify_at"),
	    20);
	end(&p);
}

/* The last word of a list that names a backup more than once is the one that stays. */
static void
the_last_one_stays(void **state)
{
	struct store_verification list[2 * COUNT];
	struct store_verify_state s;
	struct place p;

	(void)state;
	begin(&p);
	for (int i = 0; i < COUNT; i++) {
		list[i] = verdict(i + 1, i % 2 ? RECORD_VERDICT_ERROR : RECORD_VERDICT_PASS);
		list[COUNT + i] =
		    verdict(i + 1, i % 2 ? RECORD_VERDICT_FAIL : RECORD_VERDICT_ERROR);
	}
	put(&p, list, 2 * COUNT);
	for (int i = 0; i < COUNT; i++) {
		assert_int_equal(store_verify_state(p.store, i + 1, "sha256", &s, NULL), 0);
		assert_int_equal(s.methods[STORE_VERIFY_SIZE].verdict,
		    i % 2 ? RECORD_VERDICT_FAIL : RECORD_VERDICT_PASS);
		assert_int_equal(s.error_at, i % 2 ? CLOCK_NONE : NOW + i + 1);
	}
	/* What a later verdict does not look at is left as it is. */
	list[0] = (struct store_verification){.backup_id = 1,
	    .location_id = 1,
	    .at = NOW,
	    .verdict = RECORD_VERDICT_PASS,
	    .record = "{}",
	    .methods = {[STORE_VERIFY_CONTENT] = RECORD_VERDICT_PASS},
	    .has_profile = true,
	    .profile = {.codec = "gzip", .format = "tar", .entropy = 7000}};
	put(&p, list, 1);
	assert_int_equal(store_verify_state(p.store, 1, "sha256", &s, NULL), 0);
	assert_int_equal(s.methods[STORE_VERIFY_SIZE].verdict, RECORD_VERDICT_PASS);
	assert_int_equal(s.methods[STORE_VERIFY_CONTENT].verdict, RECORD_VERDICT_PASS);
	assert_int_equal(s.error_at, CLOCK_NONE);
	assert_int_equal(number(&p,
			     "SELECT count(*) FROM verify_state WHERE codec = 'gzip'"
			     " AND format = 'tar' AND entropy = 7000"),
	    1);
	end(&p);
}

/* Read in a known order, many with one statement, or one at a time: the same. */
static void
read_ahead_is_the_same(void **state)
{
	struct store_verification list[COUNT];
	static const char *const algorithms[] = {"md5", "sha256"};
	struct store_verify_state ahead[COUNT][2], alone;
	struct store_backup row;
	int64_t ids[COUNT];
	struct place p;

	(void)state;
	begin(&p);
	for (int i = 0; i < COUNT; i++) {
		ids[i] = i + 1;
		list[i] = verdict(i + 1, i % 2 ? RECORD_VERDICT_FAIL : RECORD_VERDICT_PASS);
		list[i].algorithm = i % 3 ? "sha256" : "md5";
		list[i].digest = "aa";
		list[i].source = "read";
	}
	put(&p, list, COUNT);
	assert_int_equal(number(&p, "SELECT count(*) FROM baseline"), COUNT);
	store_backup_ahead(p.store, ids, COUNT);
	assert_int_equal(store_read_begin(p.store, NULL), 0);
	for (int i = 0; i < COUNT; i++) {
		assert_int_equal(store_backup_by_id(p.store, i + 1, &row, NULL), 1);
		assert_int_equal(row.id, i + 1);
		assert_string_equal(row.verification, i % 2 ? "{}" : "{\"pass\":1}");
		for (size_t k = 0; k < ARRAY_LEN(algorithms); k++)
			assert_int_equal(
			    store_verify_state(p.store, i + 1, algorithms[k], &ahead[i][k], NULL),
			    0);
	}
	store_read_end(p.store);
	for (int i = 0; i < COUNT; i++) {
		for (size_t k = 0; k < ARRAY_LEN(algorithms); k++) {
			const struct store_verify_state *s = &ahead[i][k];
			assert_int_equal(
			    store_verify_state(p.store, i + 1, algorithms[k], &alone, NULL), 0);
			assert_memory_equal(s->methods, alone.methods, sizeof(s->methods));
			assert_string_equal(s->baseline, alone.baseline);
			assert_string_equal(s->baseline, k == (i % 3 ? 1U : 0U) ? "aa" : "");
			assert_int_equal(s->baseline_at, alone.baseline_at);
		}
	}
	end(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_has_its_rows),
	    cmocka_unit_test(the_last_one_stays),
	    cmocka_unit_test(read_ahead_is_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
