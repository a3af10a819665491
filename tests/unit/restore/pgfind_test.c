// Which PostgreSQL server a dump is brought back with, and what of it the dump's own words say.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../remove_tree.h"
#include "restore/pg_private.h"

static void
the_same_major_or_the_newest(void **state)
{
	static const unsigned majors[] = {13, 17, 9, 15};

	(void)state;
	assert_int_equal(restore_pg_choose(majors, 4, 15), 15);
	assert_int_equal(restore_pg_choose(majors, 4, 9), 9);
	assert_int_equal(restore_pg_choose(majors, 4, 14), 17);
	assert_int_equal(restore_pg_choose(majors, 4, 18), 17);
	assert_int_equal(restore_pg_choose(majors, 4, 0), 17);
	assert_int_equal(restore_pg_choose(majors, 0, 15), 0);
}

static void
majors_of_versions(void **state)
{
	(void)state;
	assert_int_equal(restore_pg_major("15.18 (Debian 15.18-0+deb12u1)"), 15);
	assert_int_equal(restore_pg_major("9.6.24"), 9);
	assert_int_equal(restore_pg_major("18beta1"), 18);
	assert_int_equal(restore_pg_major(""), 0);
	assert_int_equal(restore_pg_major("x15"), 0);
	assert_int_equal(restore_pg_major("99999999999999999999"), 0);
}

static void
add_server(const char *place, const char *major, mode_t mode)
{
	char *dir = mem_printf("%s/%s/bin", place, major), *file = mem_printf("%s/postgres", dir);

	assert_int_equal(fsio_mkdirs(dir, 0700, NULL), 0);
	assert_int_equal(fsio_write_atomic(file, "#!/bin/sh\n", 10, mode, NULL), 0);
	free(file);
	free(dir);
}

/* Only the clients of 16 are here, the server of 14 is no program, and one directory is no version. */
static void
what_is_installed(void **state)
{
	char place[] = "/tmp/bkm-pgfind-XXXXXX", *clients;
	unsigned majors[2] = {0};

	(void)state;
	assert_non_null(mkdtemp(place));
	clients = mem_printf("%s/16/bin", place);
	assert_int_equal(fsio_mkdirs(clients, 0700, NULL), 0);
	add_server(place, "13", 0700);
	add_server(place, "14", 0600);
	add_server(place, "common", 0700);
	add_server(place, "17", 0700);
	assert_int_equal(restore_pg_installed(place, majors, 2), 2);
	assert_int_equal(majors[0] + majors[1], 13 + 17);
	assert_int_equal(restore_pg_installed(clients, majors, 2), 0);
	assert_int_equal(restore_pg_installed("/nonexistent", majors, 2), 0);
	assert_int_equal(remove_tree(place), 0);
	free(clients);
}

static void
words_of_statements(void **state)
{
	static const char *const good[][2] = {
	    {"app", "app"},
	    {"\"odd \"\"name\"\"\"", "odd \"name\""},
	    {"-reuse-previous=on \"dbname='it\\'s'\"", "it's"},
	    {"-reuse-previous=on \"dbname=plain\"", "plain"},
	};
	static const char *const bad[] = {"", "app host=evil", "\"host=evil\"", "\"/tmp/x\"",
	    "postgres://evil/x", "-reuse-previous=on \"host='evil'\"", "app evil"};
	char name[64];

	(void)state;
	assert_string_equal(restore_pg_past("  create\n table  x", "CREATE TABLE"), "x");
	assert_null(restore_pg_past("create tablespace x", "CREATE TABLE"));
	restore_pg_take_name("\"A\"\"b\" rest", name, sizeof(name));
	assert_string_equal(name, "A\"b");
	restore_pg_take_name("App.x", name, sizeof(name));
	assert_string_equal(name, "app");
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(restore_pg_connect_target(good[i][0], name, sizeof(name)));
		assert_string_equal(name, good[i][1]);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(restore_pg_connect_target(bad[i], name, sizeof(name)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_same_major_or_the_newest),
	    cmocka_unit_test(majors_of_versions),
	    cmocka_unit_test(what_is_installed),
	    cmocka_unit_test(words_of_statements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
