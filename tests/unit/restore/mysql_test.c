// What becomes of the statements of a MySQL dump, what a refusal says of it, and a server that lies.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "restore/mysql_private.h"

static void
fates(void **state)
{
	static const struct {
		const char *sql;
		enum restore_fate fate;
		const char *schema;
	} samples[] = {
	    {"", RESTORE_SEND, ""},
	    {"INSERT INTO `mysql` VALUES ('USE mysql')", RESTORE_SEND, ""},
	    {"USE `shop`", RESTORE_SEND, ""},
	    {"USE `mysql`", RESTORE_USE_SCHEMA, "restored mysql"},
	    {"\n-- a comment ' ;\n/* and */ use mysql", RESTORE_USE_SCHEMA, "restored mysql"},
	    {"USE `Sys`", RESTORE_USE_SCHEMA, "restored sys"},
	    {"CREATE DATABASE /*!32312 IF NOT EXISTS*/ `mysql` /*!40100 DEFAULT CHARACTER SET x */",
		RESTORE_MAKE_SCHEMA, "restored mysql"},
	    {"CREATE DATABASE /*!32312 IF NOT EXISTS*/ `mysqlx`", RESTORE_SEND, ""},
	    {"/*!40000 DROP DATABASE IF EXISTS `mysql`*/", RESTORE_LEAVE_OUT, ""},
	    {"/*!40000 DROP DATABASE IF EXISTS `shop`*/", RESTORE_SEND, ""},
	    {"ALTER DATABASE `sys` CHARACTER SET utf8", RESTORE_LEAVE_OUT, ""},
	    {"CREATE TABLE `mysql` (a int)", RESTORE_SEND, ""},
	    {"CHANGE MASTER TO MASTER_LOG_FILE='x'", RESTORE_LEAVE_OUT, ""},
	    {"STOP ALL SLAVES", RESTORE_LEAVE_OUT, ""},
	    {"STOP SLAVE", RESTORE_LEAVE_OUT, ""},
	    {"SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ 'a:1-5'", RESTORE_LEAVE_OUT, ""},
	    {"SET GLOBAL gtid_slave_pos='0-1-33'", RESTORE_LEAVE_OUT, ""},
	    {"SET @@SESSION.SQL_LOG_BIN= 0", RESTORE_SEND, ""},
	    {"USE `my", RESTORE_SEND, ""},
	    {"/*!", RESTORE_SEND, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		struct buf schema = BUF_INIT;

		assert_int_equal(
		    restore_mysql_fate(samples[i].sql, strlen(samples[i].sql), &schema),
		    samples[i].fate);
		assert_string_equal(schema.data, samples[i].schema);
		buf_release(&schema);
	}
	assert_string_equal(restore_mysql_schema("restored mysql"), "mysql");
	assert_string_equal(restore_mysql_schema("restored shop"), "restored shop");
	assert_string_equal(restore_mysql_schema("mysql"), "mysql");
}

static void
definers(void **state)
{
	static const struct {
		const char *sql, *user;
	} samples[] = {
	    {"/*!50003 CREATE*/ /*!50020 DEFINER=`a``b`@`%`*/ /*!50003 PROCEDURE `p`() select 1 */",
		"`a``b`@`%`"},
	    {"CREATE ALGORITHM=UNDEFINED DEFINER=`app`@`host` SQL SECURITY DEFINER VIEW v AS SELECT 1",
		"`app`@`host`"},
	    {"CREATE OR REPLACE DEFINER = `x`@`y` VIEW v AS SELECT 1", "`x`@`y`"},
	    {"CREATE DEFINER=CURRENT_USER VIEW v AS SELECT 1", NULL},
	    {"CREATE DEFINER=`x` VIEW v AS SELECT 1", NULL},
	    {"CREATE VIEW v AS SELECT 1", NULL},
	    {"INSERT INTO t VALUES ('CREATE DEFINER=`x`@`y`')", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		struct buf user = BUF_INIT;
		bool has = restore_mysql_definer(samples[i].sql, strlen(samples[i].sql), &user);

		assert_int_equal(has, samples[i].user != NULL);
		if (has)
			assert_string_equal(user.data, samples[i].user);
		buf_release(&user);
	}
}

static void
accounts(void **state)
{
	static const char *const yes[] = {"CREATE USER `a`@`b`", "GRANT ALL ON *.* TO `x`@`y`",
	    "/*M!100005 SET DEFAULT ROLE NONE FOR 'root'@'localhost' */", "revoke x from y",
	    "ALTER USER a", "SET PASSWORD FOR a = 'x'"};
	static const char *const no[] = {"CREATE TABLE `USER` (a int)",
	    "INSERT INTO `user` VALUES (1)", "SET NAMES utf8", "ALTER TABLE `USER` ADD a int", ""};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		assert_true(restore_mysql_is_account(yes[i], strlen(yes[i])));
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		assert_false(restore_mysql_is_account(no[i], strlen(no[i])));
}

static void
refusals(void **state)
{
	static const char *const here = "10.11.19-MariaDB-0+deb12u1";
	static const struct {
		unsigned error;
		const char *dumped, *message;
		enum record_verdict verdict;
		const char *reason;
	} samples[] = {
	    {1064, "10.11.6-MariaDB", "syntax", RECORD_VERDICT_FAIL, "damaged"},
	    {1064, "10.3.39-MariaDB", "syntax", RECORD_VERDICT_FAIL, "damaged"},
	    {1064, "11.4.2-MariaDB", "syntax", RECORD_VERDICT_ERROR, "not_installed"},
	    {1064, "5.7.44-log", "syntax", RECORD_VERDICT_ERROR, "not_installed"},
	    {1064, "", "syntax", RECORD_VERDICT_FAIL, "damaged"},
	    {1273, "", "Unknown collation", RECORD_VERDICT_ERROR, "not_installed"},
	    {1286, "10.3.39-MariaDB", "Unknown engine", RECORD_VERDICT_ERROR, "not_installed"},
	    {1062, "8.0.33", "Duplicate entry", RECORD_VERDICT_FAIL, "damaged"},
	    {1146, "8.0.33", "no table", RECORD_VERDICT_FAIL, "incomplete"},
	    {1290, "10.11.6-MariaDB", "secure", RECORD_VERDICT_FAIL, "unsafe"},
	    {1126, "8.0.33", "library", RECORD_VERDICT_FAIL, "unsafe"},
	    {1021, "8.0.33", "disk full", RECORD_VERDICT_ERROR, "no_space"},
	    {1030, "8.0.33", "Got error 28 \"No space\"", RECORD_VERDICT_ERROR, "no_space"},
	    {1030, "8.0.33", "Got error 194", RECORD_VERDICT_ERROR, "server"},
	    {5, "8.0.33", "Out of memory", RECORD_VERDICT_ERROR, "server"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		const struct restore_refusal refusal = {.error = samples[i].error,
		    .line = 7,
		    .dumped = samples[i].dumped,
		    .here = here,
		    .message = samples[i].message};
		struct restore_answer a = {.magic = 0};

		restore_mysql_say_refusal(&a, &refusal);
		assert_int_equal(a.verdict, samples[i].verdict);
		assert_string_equal(a.reason, samples[i].reason);
		assert_non_null(strstr(a.message, "line 7: "));
		assert_non_null(strstr(a.message, samples[i].message));
	}
}

/* ---------------------------------------------------------------- a server that lies */

#define GREETING                                                                                   \
	"\x4a\0\0\0\x0a"                                                                           \
	"10.11.19-MariaDB\0\1\0\0\0abcdefgh\0\xff\xff\x21\2\0\xff\xff\x15"                         \
	"\0\0\0\0\0\0\0\0\0\0ijklmnopqrst\0mysql_native_pass"
#define OK_2 "\7\0\0\2\0\0\0\2\0\0\0"
#define OK_1 "\7\0\0\1\0\0\0\2\0\0\0"

/* Say it all, and read what comes until the other side has enough. */
static pid_t
serve(const char *path, const char *text, size_t len)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;
	char bytes[4096];
	pid_t pid;

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	(void)unlink(path);
	assert_int_equal(bind(door, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(door, 1), 0);
	pid = fork();
	if (pid == 0) {
		fd = accept(door, NULL, NULL);
		if (write(fd, text, len) == (ssize_t)len)
			(void)shutdown(fd, SHUT_WR);
		while (read(fd, bytes, sizeof(bytes)) > 0)
			;
		_exit(0);
	}
	(void)close(door);
	return pid;
}

static int
count_row(void *arg, const struct restore_value *values, size_t count)
{
	size_t *rows = arg;

	assert_int_equal(count, 1);
	assert_true(!values[0].data || values[0].len < 100);
	(*rows)++;
	return 0;
}

static void
answers(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		int result;
		size_t rows;
		const char *message;
	} samples[] = {
#define SAMPLE(text, ...) {text, sizeof(text) - 1, __VA_ARGS__}
	    SAMPLE(OK_1, 0, 0, ""),
	    /* one column; "ab" and NULL */
	    SAMPLE("\1\0\0\1\1\1\0\0\2x\5\0\0\3\xfe\0\0\2\0\3\0\0\4\2ab\1\0\0\5\xfb\5\0\0\6\xfe\0\0"
		   "\2\0",
		0, 2, ""),
	    SAMPLE("\x0c\0\0\1\xff\x28\4#42000bad", 1, 0, "bad"),
	    SAMPLE("\7\0\0\1\xff\x28\4\x1b[1m", 1, 0, "\\x1b[1m"),
	    /* a value that is longer than its packet */
	    SAMPLE("\1\0\0\1\1\1\0\0\2x\5\0\0\3\xfe\0\0\2\0\3\0\0\4\x63zz\5\0\0\5\xfe\0\0\2\0", -1,
		0, "does not keep to the protocol"),
	    /* the longest length there is */
	    SAMPLE(
		"\1\0\0\1\1\1\0\0\2x\5\0\0\3\xfe\0\0\2\0\x0b\0\0\4\xfe\xff\xff\xff\xff\xff\xff\xff"
		"\xffz\5",
		-1, 0, "does not keep to the protocol"),
	    SAMPLE("\3\0\0\1\xfc\xff\xff", -1, 0, "does not keep to the protocol"),
	    SAMPLE("\0\0\0\1", -1, 0, "does not keep to the protocol"),
	    SAMPLE("\x0c\0\0\1\xfb/etc/passwd", -1, 0, "asks for a local file"),
	    SAMPLE("\xff\xff\xff\1abc", -1, 0, "the server is gone"),
	    SAMPLE("\1\0", -1, 0, "the server is gone"),
	    SAMPLE("", -1, 0, "the server is gone"),
#undef SAMPLE
	};
	char path[] = "/tmp/bkm-mysql-test-XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(path));
	assert_int_equal(chdir(path), 0);
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		struct buf text = BUF_INIT;
		struct restore_wire w = {.fd = -1};
		size_t rows = 0;
		pid_t pid;

		buf_add(&text, GREETING, sizeof(GREETING) - 1);
		text.data[0] = (char)(sizeof(GREETING) - 1 - 4);
		buf_add(&text, OK_2, sizeof(OK_2) - 1);
		buf_add(&text, samples[i].text, samples[i].len);
		pid = serve("s", text.data, text.len);
		assert_int_equal(restore_wire_open(&w, "s"), 0);
		assert_string_equal(w.version, "10.11.19-MariaDB");
		assert_int_equal(
		    restore_wire_query(&w, "SELECT 1", 8, count_row, &rows), samples[i].result);
		assert_int_equal(rows, samples[i].rows);
		if (samples[i].result)
			assert_non_null(strstr(w.message, samples[i].message));
		restore_wire_close(&w);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		buf_release(&text);
	}
	(void)unlink("s");
	assert_int_equal(chdir("/"), 0);
	(void)rmdir(path);
}

/* No greeting, a broken one, one that refuses: no session, and no crash. */
static void
greetings(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} samples[] = {{"", 0}, {"\1\0\0\0\x0a", 5},
	    {"\5\0\0\0\x0a"
	     "abcd",
		9},
	    {"\7\0\0\0\xff\x10\4no!!", 11}, {"\1\0\0\0\x09", 5},
	    {GREETING "\xff\xff\xff\2", sizeof(GREETING) + 3}};
	char path[] = "/tmp/bkm-mysql-test-XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(path));
	assert_int_equal(chdir(path), 0);
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		struct restore_wire w = {.fd = -1};
		pid_t pid = serve("s", samples[i].text, samples[i].len);

		assert_int_equal(restore_wire_open(&w, "s"), -1);
		assert_true(w.message[0]);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
	(void)unlink("s");
	{
		struct restore_wire w = {.fd = -1};

		assert_int_equal(restore_wire_open(&w, "s"), -1);
		assert_false(w.message[0]);
	}
	assert_int_equal(chdir("/"), 0);
	(void)rmdir(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fates),
	    cmocka_unit_test(definers),
	    cmocka_unit_test(accounts),
	    cmocka_unit_test(refusals),
	    cmocka_unit_test(answers),
	    cmocka_unit_test(greetings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
