// Series names: what real tools call their files, and what must never be thrown together.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "schedule/schedule.h"

struct example {
	const char *path;
	const char *name;
};

/* The same numbers in every run. */
static unsigned
number(unsigned max)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(state >> 33) % max;
}

/* Other digits in some places, now and then another byte. */
static void
vary(char *path)
{
	for (char *p = path; *p; p++) {
		if (*p >= '0' && *p <= '9' && number(4) == 0)
			*p = (char)('0' + number(10));
		else if (number(200) == 0)
			*p = "0a:-/.\xff"[number(7)];
	}
}

/* A name is the same with a memo, which knows others of its kind, and without. */
static void
check_with_memo(const struct example *examples, size_t count)
{
	struct schedule_memo *memo = schedule_memo_new();
	char name[SCHEDULE_NAME_MAX], again[SCHEDULE_NAME_MAX];

	for (size_t i = 0; i < 100 * count; i++) {
		const struct example *e = &examples[number((unsigned)count)];
		char *path = mem_strdup(e->path);
		size_t len = strlen(path);

		for (int times = 0; times < 4; times++, vary(path)) {
			size_t n = schedule_series_name(path, len, name, sizeof(name));

			assert_int_equal(schedule_series_named(
					     NULL, memo, path, len, again, sizeof(again), NULL),
			    n);
			assert_string_equal(again, name);
		}
		free(path);
	}
	schedule_memo_free(memo);
}

static void
check_examples(const struct example *examples, size_t count)
{
	char name[SCHEDULE_NAME_MAX];
	size_t bad = 0;

	for (size_t i = 0; i < count; i++) {
		size_t len = schedule_series_name(
		    examples[i].path, strlen(examples[i].path), name, sizeof(name));

		if (strcmp(name, examples[i].name) != 0 || len != strlen(name)) {
			print_error(
			    "'%s' is '%s', not '%s'\n", examples[i].path, name, examples[i].name);
			bad++;
		}
	}
	assert_int_equal(bad, 0);
	check_with_memo(examples, count);
}

static void
a_name_of_many_dates_is_the_same_with_a_memo(void **state)
{
	static const struct example examples[] = {
	    {"20261122x20261123x20261124x20261125x20261126x20261127x20261128x20261129x20261130x"
	     "20261201x20261202x20261203x20261204x20261205x20261206x20261207x20261208x20261209",
		NULL},
	};

	(void)state;
	check_with_memo(examples, ARRAY_LEN(examples));
}

static void
a_name_too_long_for_the_memo_is_made(void **state)
{
	static const char tail[] = "-2026-11-22.tar";
	struct schedule_memo *memo = schedule_memo_new();
	char path[600], *name = mem_alloc(SCHEDULE_NAME_MAX);

	(void)state;
	for (size_t len = 0; len < sizeof(path) - sizeof(tail); len++) {
		memset(path, 'x', len);
		memcpy(path + len, tail, sizeof(tail));
		for (const char *c = "123"; *c; c++) {
			path[len + 10] = *c;
			assert_int_equal(schedule_series_named(NULL, memo, path, strlen(path), name,
					     SCHEDULE_NAME_MAX, NULL),
			    len + strlen("-*.tar"));
			assert_string_equal(name + len, "-*.tar");
		}
	}
	schedule_memo_free(memo);
	free(name);
}

static void
dates_become_a_marker(void **state)
{
	static const struct example examples[] = {
	    {"pg_dump-2026-11-22_0200.sql.gz", "pg_dump-*.sql.gz"},
	    {"app1-2026-11-22_0200.sql.gz", "app1-*.sql.gz"},
	    {"app2-2026-11-22_0200.sql.gz", "app2-*.sql.gz"},
	    {"backup.20261122.tgz", "backup.*.tgz"},
	    {"backup20261122.tgz", "backup*.tgz"},
	    {"backup-20261122-020005.tgz", "backup-*.tgz"},
	    {"backup-20261122T020005Z.tgz", "backup-*.tgz"},
	    {"backup-20261122T020005+0100.tgz", "backup-*.tgz"},
	    {"backup-20261122020005.tgz", "backup-*.tgz"},
	    {"backup-202611220200.tgz", "backup-*.tgz"},
	    {"backup-2026112202.tgz", "backup-*.tgz"},
	    {"backup-20261122020005123.tgz", "backup-*.tgz"},
	    {"db_1732251600.dump", "db_*.dump"},
	    {"db_1732251600123.dump", "db_*.dump"},
	    {"db-261122.dump", "db-*.dump"},
	    {"db-202611.dump", "db-*.dump"},
	    {"db-2026326.dump", "db-*.dump"},
	    {"db-2026-326.dump", "db-*.dump"},
	    {"db-2026-11.dump", "db-*.dump"},
	    {"db-2026-W47.dump", "db-*.dump"},
	    {"db-2026W47.dump", "db-*.dump"},
	    {"db-2026-w47-7.dump", "db-*-7.dump"},
	    {"db-W47.dump", "db-*.dump"},
	    {"db-week47.dump", "db-*.dump"},
	    {"db_week_7.dump", "db_*.dump"},
	    {"db-kw47.dump", "db-*.dump"},
	    {"vm-100-2026_11_22-03_00_01.vma.zst", "vm-100-*.vma.zst"},
	    {"vzdump-qemu-101-2026_11_22-03_00_01.vma.zst", "vzdump-qemu-101-*.vma.zst"},
	    {"mysql-Mon.sql.gz", "mysql-*.sql.gz"},
	    {"mysql-monday.sql.gz", "mysql-*.sql.gz"},
	    {"Saturday.tar", "*.tar"},
	    {"dump.nov.sql", "dump.*.sql"},
	    {"dump-November.sql", "dump-*.sql"},
	    {"dump-Nov-22.sql", "dump-*.sql"},
	    {"dump-Nov22.sql", "dump-*.sql"},
	    {"dump-22Nov2026.sql", "dump-*.sql"},
	    {"dump-22-Nov-2026.sql", "dump-*.sql"},
	    {"dump-Nov-22-2026.sql", "dump-*.sql"},
	    {"dump-2026Nov22.sql", "dump-*.sql"},
	    {"dump-2026-Nov-22.sql", "dump-*.sql"},
	    {"dump-Sun-22-Nov-2026.sql", "dump-*.sql"},
	    {"dump-Sun_Nov_22_02:00:05_UTC_2026.sql", "dump-*.sql"},
	    {"dump-Sun_Nov_1_02-00-05_CET_2026.sql", "dump-*.sql"},
	    {"dump_22-11-2026.sql", "dump_*.sql"},
	    {"dump_22.11.2026.sql", "dump_*.sql"},
	    {"dump_22_11_2026_02_00.sql", "dump_*.sql"},
	    {"dump_11-22-2026.sql", "dump_*.sql"},
	    {"dump_22112026.sql", "dump_*.sql"},
	    {"dump_11222026.sql", "dump_*.sql"},
	    {"dump-26-11-22.sql", "dump-*.sql"},
	    {"dump-22-11-26.sql", "dump-*.sql"},
	    {"dump-2026-1-5.sql", "dump-*.sql"},
	    {"dump-2026.11.22-02.00.05.sql", "dump-*.sql"},
	    {"dump-2026-11-22T02:00:05.123456+01:00.sql", "dump-*.sql"},
	    {"dump-2026-11-22T02-00-05Z.sql", "dump-*.sql"},
	    {"dump 2026-11-22 02.00.05.sql", "dump *.sql"},
	    {"dump-2026-11-22--02h.sql", "dump-*.sql"},
	    {"dump-2026-11-22_02-00-05-PM.sql", "dump-*.sql"},
	    {"dump-02:00:05.sql", "dump-*.sql"},
	    {"2026-11-22-host01.tar", "*-host01.tar"},
	    {"2026-11-22.tar", "*.tar"},
	    {"host-2026-11-22", "host-*"},
	    {"daily_db_2026-11-22_06h25m_Sunday.sql.gz", "daily_db_*.sql.gz"},
	    {"weekly_db_week47_2026-11-22.sql.gz", "weekly_db_*.sql.gz"},
	    {"monthly_db_2026-11-22_06h25m_November.sql.gz", "monthly_db_*.sql.gz"},
	    {"autosnap_2026-11-22_00:00:01_daily", "autosnap_*_daily"},
	    {"@GMT-2026.11.22-02.00.05", "@GMT-*"},
	    {"AdventureWorks_backup_2026_11_22_020005_1234567.bak", "AdventureWorks_backup_*.bak"},
	    {"duplicity-full.20261122T020005Z.vol1.difftar.gpg",
		"duplicity-full.*.vol1.difftar.gpg"},
	    {"duplicity-inc.20261121T020005Z.to.20261122T020005Z.manifest.gpg",
		"duplicity-inc.*.to.*.manifest.gpg"},
	    {"1732251600_2026_11_22_17.6.0_gitlab_backup.tar", "*_gitlab_backup.tar"},
	    {"1732251600_2026_11_22_17.10.1-ee_gitlab_backup.tar", "*_gitlab_backup.tar"},
	};

	(void)state;
	check_examples(examples, ARRAY_LEN(examples));
}

static void
directories_count(void **state)
{
	static const struct example examples[] = {
	    {"2026-11-22/db.sql.gz", "*/db.sql.gz"},
	    {"/backups/2026-11-22/db.sql.gz", "/backups/*/db.sql.gz"},
	    {"2026/11/22/db.sql.gz", "*/db.sql.gz"},
	    {"2026/11/db_20261122.sql.gz", "*/db_*.sql.gz"},
	    {"2026/Nov/22/db.sql.gz", "*/db.sql.gz"},
	    {"2026/47/db.sql.gz", "*/db.sql.gz"},
	    {"2026/db.sql.gz", "*/db.sql.gz"},
	    {"mon/db.sql.gz", "*/db.sql.gz"},
	    {"hosts/web01/2026-11-22_02-00-01/etc.tar", "hosts/web01/*/etc.tar"},
	    {"daily/db.sql", "daily/db.sql"},
	    {"weekly/db.sql", "weekly/db.sql"},
	    {"daily.0/etc", "daily/etc"},
	    {"daily.6", "daily"},
	    {"2026-11-22/2026-11-22.tar", "*/*.tar"},
	};

	(void)state;
	check_examples(examples, ARRAY_LEN(examples));
}

static void
rotation_numbers_go(void **state)
{
	static const struct example examples[] = {
	    {"app1.sql.gz", "app1.sql.gz"},
	    {"app1.sql.gz.1", "app1.sql.gz"},
	    {"app1.sql.gz.12", "app1.sql.gz"},
	    {"app1.sql.gz.365", "app1.sql.gz"},
	    {"syslog", "syslog"},
	    {"syslog.1", "syslog"},
	    {"syslog.2.gz", "syslog"},
	    {"dump-20261122.1", "dump-*"},
	    {"dump.sql-20261122.gz", "dump.sql-*.gz"},
	    /* volumes of one archive are not generations of it */
	    {"backup.7z.001", "backup.7z.001"},
	    {"backup.7z.002", "backup.7z.002"},
	    {"photos.part1.rar", "photos.part1.rar"},
	    {"vol.1.tar", "vol.1.tar"},
	    /* hidden names and bare numbers are names */
	    {".1", ".1"},
	    {"dir/.5", "dir/.5"},
	    {"7", "7"},
	};

	(void)state;
	check_examples(examples, ARRAY_LEN(examples));
}

static void
hashes_become_a_marker(void **state)
{
	static const struct example examples[] = {
	    {"app-3f2a9c1d4e5b.tar", "app-*.tar"},
	    {"app-3f2a9c1.tar", "app-*.tar"},
	    {"app-3F2A9C1D.tar", "app-*.tar"},
	    {"app_550e8400-e29b-41d4-a716-446655440000.tar", "app_*.tar"},
	    {"550E8400-E29B-41D4-A716-446655440000", "*"},
	    {"restic:3f2a9c1d", "restic:*"},
	    {"d41d8cd98f00b204e9800998ecf8427e", "*"},
	    {"000000010000000000000001", "*"},
	    {"00000001000000A9000000FF", "*"},
	    {"00000001000000A9000000FF.gz", "*.gz"},
	    {"000000010000000000000001.00000028.backup", "*.backup"},
	    {"pg_wal/000000010000000000000002.lz4", "pg_wal/*.lz4"},
	};

	(void)state;
	check_examples(examples, ARRAY_LEN(examples));
}

static void
names_that_are_no_stamps_stay(void **state)
{
	static const char *const paths[] = {
	    "host01.tar",
	    "v2.tar",
	    "10.11",
	    "10.11.12.13.tar",
	    "server-10",
	    "server-11",
	    "app-v1.2.tar.gz",
	    "app-v1.3.tar.gz",
	    "app-1.2.3.tar.gz",
	    "redis.6379.rdb",
	    "pg-5432.dump",
	    "pg-5433.dump",
	    "server-2019.vhdx",
	    "ubuntu-22.04.img",
	    "disk-0.qcow2",
	    "db-2026.sql",
	    "monitor.tar",
	    "marketing.tar",
	    "maybe.tar",
	    "sunrise.tar",
	    "august1n.tar",
	    "decade.tar",
	    "deadbeef.tar",
	    "facade12.tar",
	    "effaced.tar",
	    "w47.tar",
	    "week.tar",
	    "weekly.tar",
	    "week99.tar",
	    "job-991332.tar",
	    "job-20261399.tar",
	    "job-1000000000.tar",
	    "vm-100-disk-1.raw",
	    "full-0200.sql",
	    "port-02-00.sql",
	    "host-1-2-3.tar",
	    "3-2-2026x.tar",
	    "CVE-2026-4711.tar",
	    "a/b/c",
	    "",
	    "/",
	    "-rf",
	    "…",
	    "datenbank-größe.sql",
	    "2026",
	};
	char name[SCHEDULE_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		schedule_series_name(paths[i], strlen(paths[i]), name, sizeof(name));
		assert_string_equal(name, paths[i]);
	}
}

static void
judgement_calls(void **state)
{
	static const struct example examples[] = {
	    {"march.tar", "*.tar"},
	    {"host-may.tar", "host-*.tar"},
	    {"2026-11-22_17.6.0.tar", "*_17.6.0.tar"},
	    {"2026-11-22-10.11.12.13.sql", "*-10.11.12.13.sql"},
	    {"db-10-2026-11-22.sql", "db-10-*.sql"},
	    {"db-10-11-2026-11-22.sql", "db-*.sql"},
	    {"2026-11-22-1.sql", "*-1.sql"},
	};

	(void)state;
	check_examples(examples, ARRAY_LEN(examples));
}

static void
any_bytes_become_text(void **state)
{
	static const struct example examples[] = {
	    {"a\xff"
	     "b-2026-11-22",
		"a\\xffb-*"},
	    {"a\nb", "a\\x0ab"},
	    {"a*b", "a\\x2ab"},
	    {"a\\b", "a\\x5cb"},
	    {"\xc3", "\\xc3"},
	    {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
	    {"\xc2\x85", "\\xc2\\x85"},
	    {"\x7f", "\\x7f"},
	};
	char name[SCHEDULE_NAME_MAX];
	char path[4097];

	(void)state;
	check_examples(examples, ARRAY_LEN(examples));
	assert_int_equal(schedule_series_name("a\0b", 3, name, sizeof(name)), 6);
	assert_string_equal(name, "a\\x00b");
	memset(path, 0xff, sizeof(path));
	assert_int_equal(schedule_series_name(path, 4096, name, sizeof(name)), 4 * 4096);
}

static void
a_small_buffer_cuts_at_a_character(void **state)
{
	char name[4];

	(void)state;
	assert_int_equal(schedule_series_name("abcdef", 6, name, sizeof(name)), 3);
	assert_string_equal(name, "abc");
	assert_int_equal(schedule_series_name("abßc", 5, name, 4), 2);
	assert_string_equal(name, "ab");
	assert_int_equal(schedule_series_name("a\xff", 2, name, 4), 1);
	assert_string_equal(name, "a");
	assert_int_equal(schedule_series_name("abc", 3, name, 1), 0);
	assert_string_equal(name, "");
}

struct named {
	const char *path, *name;
	size_t rule;
};

static void
check_named(const struct schedule_naming *naming, const struct named *rows, size_t count)
{
	char name[SCHEDULE_NAME_MAX];

	for (size_t i = 0; i < count; i++) {
		size_t rule = 99;
		size_t len = schedule_series_named(
		    naming, NULL, rows[i].path, strlen(rows[i].path), name, sizeof(name), &rule);

		assert_string_equal(name, rows[i].name);
		assert_int_equal(len, strlen(name));
		assert_int_equal(rule, rows[i].rule);
	}
}

static void
rules_give_names(void **state)
{
	static const char *const texts[][2] = {
	    {"^([^/]+)-(april|june)\\.tar", "\\1-\\2.tar"},
	    {"x", NULL},
	    {"^(a*)(b)?c", "\\1*\\2\\\\\\0"},
	    {"^e(.*)", "\\1\\9"},
	    {"^(.*)$", "é"},
	};
	static const struct named rows[] = {
	    {"web-april.tar.2026-11-22", "web-april.tar", 0}, {"web-june.tar", "web-june.tar", 0},
	    {"d/web-june.tar", "é", 4}, {"aac", "aa*\\x5caac", 2}, {"aabc.x", "aa*b\\x5caabc", 2},
	    {"e\xff*\n\\\xc3\xa9", "\\xff\\x2a\\x0a\\x5cé", 3},
	    {"e", "é", 4}, /* an empty name is none */
	};
	static const struct named unnamed[] = {
	    {"web-april.tar", "web-*.tar", SCHEDULE_NAMING_NONE},
	    {"e", "e", SCHEDULE_NAMING_NONE},
	};
	struct schedule_naming_rule rules[ARRAY_LEN(texts)] = {{0}};
	regex_t regex[ARRAY_LEN(texts)];
	struct schedule_naming naming = {rules, ARRAY_LEN(texts)};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_int_equal(regcomp(&regex[i], texts[i][0], REG_EXTENDED), 0);
		if (texts[i][1])
			rules[i] = (struct schedule_naming_rule){&regex[i], texts[i][1]};
	}
	check_named(&naming, rows, ARRAY_LEN(rows));
	check_named(NULL, unnamed, ARRAY_LEN(unnamed));
	rules[4] = (struct schedule_naming_rule){0};
	check_named(&naming, unnamed + 1, 1);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		regfree(&regex[i]);
}

static void
a_name_that_a_rule_gives_is_bounded(void **state)
{
	char out[8], path[4097], *name = mem_alloc(SCHEDULE_NAME_MAX);
	regex_t regex;
	struct schedule_naming_rule rule = {&regex, "\\0\\0\\0\\0\\0\\0\\0\\0"};
	struct schedule_naming naming = {&rule, 1};
	size_t len;

	(void)state;
	assert_int_equal(regcomp(&regex, ".*", REG_EXTENDED), 0);
	assert_int_equal(
	    schedule_series_named(&naming, NULL, "\xff", 1, out, sizeof(out), NULL), 4);
	assert_string_equal(out, "\\xff");
	rule.name = "abcdefß";
	assert_int_equal(schedule_series_named(&naming, NULL, "x", 1, out, sizeof(out), NULL), 6);
	assert_string_equal(out, "abcdef");
	rule.name = "\\0\\0\\0\\0\\0\\0\\0\\0";
	memset(path, 0xff, sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	len = schedule_series_named(&naming, NULL, path, 4096, name, SCHEDULE_NAME_MAX, NULL);
	assert_int_equal(len, (SCHEDULE_NAME_MAX - 1) / 4 * 4);
	assert_int_equal(strlen(name), len);
	free(name);
	regfree(&regex);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(dates_become_a_marker),
	    cmocka_unit_test(directories_count),
	    cmocka_unit_test(rotation_numbers_go),
	    cmocka_unit_test(hashes_become_a_marker),
	    cmocka_unit_test(names_that_are_no_stamps_stay),
	    cmocka_unit_test(judgement_calls),
	    cmocka_unit_test(any_bytes_become_text),
	    cmocka_unit_test(a_name_of_many_dates_is_the_same_with_a_memo),
	    cmocka_unit_test(a_name_too_long_for_the_memo_is_made),
	    cmocka_unit_test(a_small_buffer_cuts_at_a_character),
	    cmocka_unit_test(rules_give_names),
	    cmocka_unit_test(a_name_that_a_rule_gives_is_bounded),
	};

	return cmocka_run_group_tests_name("schedule/name", tests, NULL, NULL);
}
