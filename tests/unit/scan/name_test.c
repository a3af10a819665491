// Which names are backups, which are unfinished, and what the patterns choose.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "scan/scan.h"

static void
test_sidecars(void **state)
{
	static const char *const yes[] = {"a.tar.sha256", "A.TAR.SHA256", "SHA256SUMS",
	    "SHA256SUMS.asc", "md5sums", "x.asc", "x.sig", "job.log", "README", "readme.md",
	    "backup_manifest", ".nfs0001", "x.par2"};
	static const char *const no[] = {"a.tar", "sha256", "x.log.gz", "readme-backup.tar", "log",
	    "x.sha256.gz", "s", "logs.tar", "app.sig.tar"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (!scan_name_is_sidecar(yes[i], strlen(yes[i])))
			fail_msg("%s is a sidecar", yes[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(no); i++) {
		if (scan_name_is_sidecar(no[i], strlen(no[i])))
			fail_msg("%s is no sidecar", no[i]);
	}
	/* Each pattern is found by itself. */
	for (size_t i = 0; scan_name_sidecar(i); i++) {
		char *name = mem_strdup(scan_name_sidecar(i));

		for (char *p = name; *p; p++)
			*p = *p == '*' ? 'x' : *p;
		assert_true(scan_name_is_sidecar(name, strlen(name)));
		free(name);
	}
}

static void
test_partials_and_their_final_names(void **state)
{
	static const struct {
		const char *name, *final;
	} rows[] = {
	    {"db.sql.gz.part", "db.sql.gz"},
	    {"db.sql.gz.TMP", "db.sql.gz"},
	    {"db.in_progress", "db"},
	    {".~db.tar", "db.tar"},
	    {".db.tar.Ab3dE9", "db.tar"},
	    {".tmpdb.tar", "db.tar"},
	    {".tmp", ".tmp"},
	};
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *final = scan_name_final(rows[i].name, strlen(rows[i].name), &len);

		assert_true(scan_name_is_partial(rows[i].name, strlen(rows[i].name)));
		if (len != strlen(rows[i].final) || memcmp(final, rows[i].final, len) != 0)
			fail_msg("%s: %.*s", rows[i].name, (int)len, final);
	}
	assert_false(scan_name_is_partial("db.tar", 6));
	assert_false(scan_name_is_partial("part", 4));
	assert_false(scan_name_is_partial("db.2026-11", 10));
	(void)scan_name_final("db.tar", 6, &len);
	assert_int_equal(len, 6);
}

static void
test_patterns(void **state)
{
	static const char *const include[] = {"*.tar", "keep/*"};
	static const char *const exclude[] = {"*-old*", "tmp"};
	const struct scan_patterns none = {0};
	const struct scan_patterns some = {
	    .include = include, .include_count = 2, .exclude = exclude, .exclude_count = 2};

	(void)state;
	assert_true(scan_name_is_wanted(&none, "a/b", "b"));
	assert_true(scan_name_is_wanted(&some, "sub/a.tar", "a.tar"));
	assert_true(scan_name_is_wanted(&some, "keep/b.bin", "b.bin"));
	assert_false(scan_name_is_wanted(&some, "b.bin", "b.bin"));
	assert_false(scan_name_is_wanted(&some, "a-old.tar", "a-old.tar"));
	assert_true(scan_name_is_excluded(&some, "x/tmp", "tmp"));
	assert_false(scan_name_is_excluded(&some, "x/tmpl", "tmpl"));
}

static void
test_rules_see_the_final_path(void **state)
{
	regex_t regex;
	struct schedule_naming_rule rule = {&regex, "\\1 \\2"};
	struct schedule_naming naming = {&rule, 1};
	struct scan_namer *namer = scan_namer_new(&naming);
	const char *out;
	size_t named_by;

	(void)state;
	assert_int_equal(regcomp(&regex, "^(.*)/([a-z]+)\\.tar$", REG_EXTENDED), 0);
	scan_namer_dir(namer, "d/e", 3);
	assert_int_equal(scan_namer_series(namer, "june.tar.part", 13, &out, &named_by), 8);
	assert_string_equal(out, "d/e june");
	assert_int_equal(named_by, 0);
	scan_namer_dir(namer, "", 0);
	scan_namer_series(namer, "june.tar", 8, &out, &named_by);
	assert_string_equal(out, "*.tar");
	assert_int_equal(named_by, SCHEDULE_NAMING_NONE);
	scan_namer_free(namer);
	regfree(&regex);
}

static void
test_series_of_partial_names(void **state)
{
	struct scan_namer *namer = scan_namer_new(NULL);
	const char *out;

	(void)state;
	scan_namer_dir(namer, "d", 1);
	scan_namer_series(namer, "app-2026-11-23.sql.gz.part", 26, &out, NULL);
	assert_string_equal(out, "d/app-*.sql.gz");
	scan_namer_dir(namer, "", 0);
	scan_namer_series(namer, "app-2026-11-23.sql.gz", 21, &out, NULL);
	assert_string_equal(out, "app-*.sql.gz");
	scan_namer_free(namer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sidecars),
	    cmocka_unit_test(test_partials_and_their_final_names),
	    cmocka_unit_test(test_patterns),
	    cmocka_unit_test(test_series_of_partial_names),
	    cmocka_unit_test(test_rules_see_the_final_path),
	};

	return cmocka_run_group_tests_name("scan/name", tests, NULL, NULL);
}
