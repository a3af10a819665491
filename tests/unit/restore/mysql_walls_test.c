// A hostile dump in a real MariaDB server, with each wall of the sandbox missing in turn.
#include "attack.h"

static struct world world;

static int
setup(void **state)
{
	*state = &world;
	return make_world(&world);
}

static int
teardown(void **state)
{
	return end_world(*state);
}

/* Every attempt is caught by the dump itself and noted in a table: the load goes on to its end. */
static void add_attempt(struct buf *dump, const char *what, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
add_attempt(struct buf *dump, const char *what, const char *fmt, ...)
{
	va_list ap;

	buf_printf(dump, "CALL attempt('%s', \"", what);
	va_start(ap, fmt);
	buf_vprintf(dump, fmt, ap);
	va_end(ap);
	buf_str(dump, "\");\n");
}

static const char head[] =
    "-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB\n-- Server version\t10.11.6-MariaDB\n"
    "CREATE TABLE did (what varchar(50), how text);\nCREATE TABLE seen (a text);\n"
    "DELIMITER ;;\n"
    "CREATE PROCEDURE attempt(what varchar(50), q text) SQL SECURITY DEFINER BEGIN\n"
    "DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN GET DIAGNOSTICS CONDITION 1 @m = MESSAGE_TEXT; "
    "INSERT INTO did VALUES (what, @m); END;\n"
    "EXECUTE IMMEDIATE q; INSERT INTO did VALUES (what, 'DONE'); END ;;\nDELIMITER ;\n";
static const char tail[] = "-- Dump completed on 2026-11-22  2:00:01\n";

static char *
hostile_dump(const struct world *w)
{
	char *path = mem_printf("%s/hostile.sql", place);
	struct buf d = BUF_INIT;

	buf_str(&d, head);
	add_attempt(&d, "outfile", "SELECT 'x' INTO OUTFILE '%s'", w->evil);
	add_attempt(&d, "dumpfile", "SELECT 'x' INTO DUMPFILE '%s'", w->victim);
	add_attempt(&d, "dumpfile here", "SELECT 'x' INTO DUMPFILE './evil.so'");
	add_attempt(&d, "read", "INSERT INTO seen SELECT LOAD_FILE('%s')", w->victim);
	add_attempt(&d, "general log", "SET GLOBAL general_log_file = '%s'", w->evil);
	add_attempt(&d, "slow log", "SET GLOBAL slow_query_log_file = '%s'", w->victim);
	add_attempt(&d, "logging", "SET GLOBAL general_log = 1, slow_query_log = 1");
	add_attempt(&d, "data directory",
	    "CREATE TABLE d (a int) ENGINE=MyISAM DATA DIRECTORY='%s' INDEX DIRECTORY='%s'",
	    w->canary, w->canary);
	add_attempt(&d, "data directory of InnoDB",
	    "CREATE TABLE e (a int) ENGINE=InnoDB DATA DIRECTORY='%s'", w->canary);
	add_attempt(&d, "plugin", "INSTALL SONAME 'ha_federatedx'");
	add_attempt(&d, "library", "CREATE FUNCTION f RETURNS int SONAME 'libc.so.6'");
	add_attempt(
	    &d, "library by path", "CREATE FUNCTION f RETURNS int SONAME '../lib/libc.so.6'");
	add_attempt(&d, "replication",
	    "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=%u, MASTER_USER='x', "
	    "MASTER_CONNECT_RETRY=1",
	    w->port);
	add_attempt(&d, "replica", "START SLAVE");
	add_attempt(&d, "wait", "SELECT SLEEP(0.3)");
	buf_str(&d, tail);
	assert_int_equal(fsio_write_atomic(path, d.data, d.len, 0644, NULL), 0);
	buf_release(&d);
	return path;
}

/* All attempts were made; what was done has no effect outside. (Where a log is to be written may be
 * accepted: it is the writing that fails.) */
static const char *const demands[] = {"SELECT COUNT(DISTINCT what) = 15 FROM did",
    "SELECT COUNT(*) = 0 FROM did WHERE how = 'DONE' AND what IN ('outfile', 'dumpfile', "
    "'dumpfile here', 'plugin', 'library', 'library by path')",
    "SELECT COUNT(*) = 0 FROM seen WHERE a IS NOT NULL", NULL};

static void
each_wall_missing_in_turn(void **state)
{
	struct world *w = *state;
	char *path = hostile_dump(w);

	for (unsigned off = 0; off <= SANDBOX_SECCOMP; off = off ? off << 1 : 1) {
		struct restore_options options = {.sandbox_off = off};
		struct restore_result r;

		/* Where the server is nobody else, only Landlock keeps it from the user's files: it is
		 * required there by default. */
		if (off == SANDBOX_LANDLOCK && geteuid() != 0)
			continue;
		r = drill(path, &options, demands);
		if (r.verdict != RECORD_VERDICT_PASS)
			print_message("off %x: %s\n", off, r.message);
		assert_int_equal(r.verdict, RECORD_VERDICT_PASS);
		assert_int_equal(r.level, RECORD_LEVEL_RESTORED);
		assert_false(r.sandbox.bits & off);
		assert_untouched(w);
		if ((r.sandbox.bits & (SANDBOX_SECCOMP | SANDBOX_NAMESPACES)) ||
		    r.sandbox.landlock_abi >= 4)
			assert_false(was_called(w->tcp));
		while (was_called(w->tcp))
			;
		restore_result_release(&r);
	}
	free(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_wall_missing_in_turn),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
