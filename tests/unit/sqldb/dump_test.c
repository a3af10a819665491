// Text dumps read in pieces of any size: the same counts, and every cut is noticed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sqldb/sqldb.h"

static const char pg[] =
    "--\n-- PostgreSQL database dump\n--\n\n\\restrict Key1\n\nSET statement_timeout = 0;\n"
    "CREATE TABLE public.\"a;b\" (x integer, y text DEFAULT 'it''s;'::text);\n"
    "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $_$ begin; -- ' \n end $_$;\n"
    "CREATE FUNCTION g() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END;\n"
    "INSERT INTO public.t VALUES (1, E'\\'; \\\\'), (2, 'x');\n"
    "COPY public.\"a;b\" (x, y) FROM stdin;\n1\ta;\n2\t\\\\.\n\\.\n\n"
    "--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict Key1\n";

static const char my[] =
    "/*M!999999\\- enable the sandbox mode */\n-- MariaDB dump 10.19\n--\n"
    "/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;\n"
    "CREATE TABLE `a``b;` (x int -- c;\n, y text /* ; */) ;\n"
    "INSERT INTO `a``b;` VALUES (1,'it\\'s'),(2,\"a\\\\\"),(3,NULL);\n"
    "DELIMITER ;;\nCREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW begin set @a=1; end ;;\n"
    "DELIMITER ;\n/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;\n\n-- Dump completed on 2026-11-22\n";

static const char lite[] =
    "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE [t;t](a, b);\n"
    "INSERT INTO \"t;t\" VALUES(1,'it''s; .x');\n"
    "CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT CASE 1 WHEN 1 THEN 2 END; SELECT 1; END;\n"
    "COMMIT;\n";

struct seen {
	char tables[200];
	size_t statements;
	bool mysql; /* the terminator is the client's, not the statement's */
};

static void
on_table(void *arg, const char *name)
{
	struct seen *seen = arg;
	size_t len = strlen(seen->tables);

	(void)snprintf(seen->tables + len, sizeof(seen->tables) - len, "%s|", name);
}

static int
on_statement(void *arg, const char *sql, size_t len)
{
	struct seen *seen = arg;

	assert_true(len > 0 && (seen->mysql || sql[len - 1] == ';'));
	seen->statements++;
	return 0;
}

static enum sqldb_fault
read_dump(const char *text, size_t len, size_t step, struct sqldb_stats *stats, struct seen *seen)
{
	const struct sqldb_dump_options options = {.dialect = sqldb_dump_sniff(text, len),
	    .table = on_table,
	    .statement = on_statement,
	    .arg = seen};
	struct sqldb_dump *dump = sqldb_dump_new(&options);
	enum sqldb_fault fault;

	*seen = (struct seen){.mysql = options.dialect == SQLDB_MYSQL};
	for (size_t i = 0; i < len; i += step) {
		if (sqldb_dump_feed(dump, text + i, len - i < step ? len - i : step) < 0)
			break;
	}
	fault = sqldb_dump_finish(dump);
	*stats = *sqldb_dump_stats(dump);
	sqldb_dump_free(dump);
	return fault;
}

static void
counts_do_not_depend_on_pieces(void **state)
{
	static const struct {
		const char *text, *tables;
		uint64_t statements, rows;
	} samples[] = {{pg, "public.a;b|", 6, 4}, {my, "a`b;|", 5, 3}, {lite, "t;t|", 6, 1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		size_t len = strlen(samples[i].text);

		for (size_t step = 1; step <= len; step += step < 40 ? 1 : 97) {
			struct sqldb_stats stats;
			struct seen seen;

			assert_int_equal(
			    read_dump(samples[i].text, len, step, &stats, &seen), SQLDB_FAULT_NONE);
			assert_string_equal(seen.tables, samples[i].tables);
			assert_int_equal(stats.statements, samples[i].statements);
			assert_int_equal(stats.rows, samples[i].rows);
			assert_int_equal(stats.tables, 1);
			assert_true(stats.has_end && stats.ended);
		}
	}
}

/* Cut anywhere in its second half, no dump passes; only blanks at its end may be missing. */
static void
every_cut_is_noticed(void **state)
{
	static const char *const texts[] = {pg, my, lite};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		size_t len = strlen(texts[i]);

		for (size_t cut = len / 3; cut < len; cut++) {
			struct sqldb_stats stats;
			struct seen seen;
			enum sqldb_fault fault = read_dump(texts[i], cut, 64, &stats, &seen);

			if (fault != SQLDB_FAULT_NONE)
				continue;
			if (texts[i] == my &&
			    strstr(texts[i], "Dump completed") + 14 <= texts[i] + cut)
				continue;
			if (strspn(texts[i] + cut, " \n") != len - cut)
				fail_msg("text %zu cut at %zu of %zu passes", i, cut, len);
		}
	}
}

static void
others_are_not_recognised(void **state)
{
	static const char *const texts[] = {"", "\n\n", "hello", "<html>",
	    "CREATE TABLE t (a int);", "-- a comment\nSELECT 1;", "#!/bin/sh\n", "\xff\xfe-\0-\0"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_int_equal(sqldb_dump_sniff(texts[i], strlen(texts[i])), SQLDB_NONE);
	assert_int_equal(sqldb_dump_sniff("\xef\xbb\xbf-- MySQL dump 10", 18), SQLDB_MYSQL);
}

static void
a_statement_is_bounded(void **state)
{
	struct seen seen = {.statements = 0};
	const struct sqldb_dump_options options = {.dialect = SQLDB_SQLITE,
	    .statement = on_statement,
	    .max_statement = 1000,
	    .arg = &seen};
	struct sqldb_dump *dump = sqldb_dump_new(&options);
	char text[2000];

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(sqldb_dump_feed(dump, text, sizeof(text)), -1);
	assert_int_equal(sqldb_dump_finish(dump), SQLDB_FAULT_LIMIT);
	sqldb_dump_free(dump);
}

static int
keep_last(void *arg, const char *sql, size_t len)
{
	struct buf *last = arg;

	buf_clear(last);
	buf_add(last, sql, len);
	return 0;
}

static void
the_delimiter_of_mysql_is_no_part_of_a_statement(void **state)
{
	static const char text[] = "-- MySQL dump 10.13\n-- Server version\t8.0.33-log\n"
				   "SELECT 1;\nDELIMITER ;;\nCREATE TRIGGER `t` begin a; end ;;\n";
	struct buf last = BUF_INIT;
	const struct sqldb_dump_options options = {
	    .dialect = SQLDB_MYSQL, .statement = keep_last, .arg = &last};
	struct sqldb_dump *dump = sqldb_dump_new(&options);

	(void)state;
	assert_int_equal(sqldb_dump_feed(dump, text, strlen(text)), 0);
	assert_string_equal(last.data, "CREATE TRIGGER `t` begin a; end ");
	assert_string_equal(sqldb_dump_stats(dump)->server, "8.0.33-log");
	assert_int_equal(sqldb_dump_feed(dump, "SHUTDOWN;;", 10), -1);
	assert_int_equal(sqldb_dump_finish(dump), SQLDB_FAULT_UNSAFE);
	sqldb_dump_free(dump);
	buf_release(&last);
}

struct handed {
	struct buf text, rows;
	size_t ends;
};

static int
hand_statement(void *arg, const char *sql, size_t len)
{
	struct handed *h = arg;

	buf_add(&h->text, sql, len);
	buf_char(&h->text, '|');
	return 0;
}

static int
hand_rows(void *arg, const char *data, size_t len)
{
	struct handed *h = arg;

	if (data)
		buf_add(&h->rows, data, len);
	else
		h->ends++;
	return 0;
}

static int
hand_command(void *arg, const char *line)
{
	struct handed *h = arg;

	buf_printf(&h->text, "\\%s|", line);
	return 0;
}

/* In pieces of every size, the same comes out: statements without the comments in front of them, rows
 * without their end, commands. */
static void
what_a_loader_is_handed(void **state)
{
	static const char dump[] =
	    "-- PostgreSQL database dump\n--\n/* x */\n\\restrict K\nCREATE TABLE t (a -- why\n int);\n"
	    "COPY t (a) FROM stdin;\n1\n\\.x\n\n\\.\n-- y\nSELECT 1;\n\\connect d\n\\unrestrict K\n";
	static const char text[] = "\\restrict K|CREATE TABLE t (a -- why\n int);|"
				   "COPY t (a) FROM stdin;|SELECT 1;|\\connect d|\\unrestrict K|";

	(void)state;
	for (size_t step = 1; step <= sizeof(dump); step++) {
		struct handed h = {.text = BUF_INIT, .rows = BUF_INIT};
		const struct sqldb_dump_options options = {.dialect = SQLDB_POSTGRES,
		    .statement = hand_statement,
		    .rows = hand_rows,
		    .command = hand_command,
		    .arg = &h};
		struct sqldb_dump *d = sqldb_dump_new(&options);

		for (size_t i = 0; i < sizeof(dump) - 1; i += step) {
			size_t left = sizeof(dump) - 1 - i;

			assert_int_equal(
			    sqldb_dump_feed(d, dump + i, left < step ? left : step), 0);
		}
		(void)sqldb_dump_finish(d);
		assert_string_equal(h.text.data, text);
		assert_string_equal(h.rows.data, "1\n\\.x\n\n");
		assert_int_equal(h.ends, 1);
		sqldb_dump_free(d);
		buf_release(&h.text);
		buf_release(&h.rows);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(counts_do_not_depend_on_pieces),
	    cmocka_unit_test(every_cut_is_noticed),
	    cmocka_unit_test(others_are_not_recognised),
	    cmocka_unit_test(a_statement_is_bounded),
	    cmocka_unit_test(the_delimiter_of_mysql_is_no_part_of_a_statement),
	    cmocka_unit_test(what_a_loader_is_handed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
