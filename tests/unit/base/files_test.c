// Files: whole or not at all, locks, trees removed, the log and its rotation.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../remove_tree.h"
#include "base/base.h"

static char dir[] = "/tmp/bkm-base-test-XXXXXX";
static char top[sizeof(dir)];

static int
setup(void **state)
{
	(void)state;
	(void)memcpy(top, dir, sizeof(dir));
	assert_non_null(mkdtemp(top));
	return chdir(top);
}

static int
teardown(void **state)
{
	(void)state;
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(remove_tree(top), 0);
	assert_int_equal(access(top, F_OK), -1);
	return 0;
}

static void
expect_file(const char *path, const char *text)
{
	struct buf b = BUF_INIT;

	assert_int_equal(fsio_read_file(path, 1 << 20, &b, NULL), 0);
	assert_string_equal(b.data, text);
	buf_release(&b);
}

static void
files_are_whole(void **state)
{
	struct buf b = BUF_INIT;
	struct err err = {0};
	struct stat st;

	(void)state;
	assert_int_equal(fsio_write_atomic("f", "old", 3, 0640, NULL), 0);
	assert_int_equal(fsio_write_atomic("f", "new text", 8, 0640, NULL), 0);
	expect_file("f", "new text");
	assert_int_equal(stat("f", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(fsio_read_file("f", 7, &b, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	assert_int_equal(fsio_read_file("none", 7, &b, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(fsio_read_file("fifo", 7, &b, &err), -1);
	assert_int_equal(fsio_write_atomic("no/f", "x", 1, 0600, &err), -1);
	buf_release(&b);
}

/* SIGXFSZ kills the writer in the middle: the old file stands, and nothing lies beside it. */
static void
a_kill_leaves_nothing(void **state)
{
	static char big[64 * 1024];
	int unnamed = open(".", O_TMPFILE | O_WRONLY, 0600);
	glob_t found;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(fsio_write_atomic("g", "old", 3, 0640, NULL), 0);
	pid = fork();
	if (pid == 0) {
		(void)signal(SIGXFSZ, SIG_DFL);
		(void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		(void)setrlimit(RLIMIT_FSIZE, &(struct rlimit){4096, 4096});
		(void)fsio_write_atomic("g", big, sizeof(big), 0640, NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	expect_file("g", "old");
	assert_int_equal(glob("g*", 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, unnamed < 0 ? 2 : 1); /* not every file system can */
	globfree(&found);
	if (unnamed >= 0)
		(void)close(unnamed);
}

static void
locks_end_with_their_descriptor(void **state)
{
	struct err err = {0};
	int a, b;

	(void)state;
	a = fsio_lock("lock", false, &err);
	assert_true(a >= 0);
	assert_int_equal(fsio_lock("lock", false, &err), -1);
	assert_int_equal(err.code, ERR_BUSY);
	assert_int_equal(close(a), 0);
	b = fsio_lock("lock", true, &err);
	assert_true(b >= 0);
	assert_int_equal(close(b), 0);
}

static void
a_broken_pipe_is_told_apart(void **state)
{
	struct err err = {0};
	int p[2];

	(void)state;
	assert_int_equal(pipe(p), 0);
	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(close(p[0]), 0);
	assert_int_equal(fsio_write_all(p[1], "x", 1, "pipe", &err), -1);
	assert_int_equal(err.code, ERR_PIPE);
	assert_int_equal(close(p[1]), 0);
}

static void
the_log_rotates(void **state)
{
	struct log_options options = {.program = "bkm-test",
	    .stderr_level = LOG_LEVEL_ERROR,
	    .level = LOG_LEVEL_INFO,
	    .file = "log",
	    .max_bytes = 200,
	    .backup_count = 2};
	struct log *log = NULL;
	struct buf b = BUF_INIT;
	struct stat st;
	enum log_level level;

	(void)state;
	assert_int_equal(log_open(&log, &options, NULL), 0);
	for (int i = 0; i < 20; i++)
		log_info(log, "line %d with\na break", i);
	log_close(log);
	assert_int_equal(stat("log", &st), 0);
	assert_true(st.st_size <= 200);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(access("log.1", F_OK), 0);
	assert_int_equal(access("log.2", F_OK), 0);
	assert_int_equal(access("log.3", F_OK), -1);
	assert_int_equal(fsio_read_file("log", 1000, &b, NULL), 0);
	assert_non_null(strstr(b.data, "line 19 with\\"));
	buf_clear(&b);
	options.json = true;
	options.file = "json";
	assert_int_equal(log_open(&log, &options, NULL), 0);
	log_info(log, "a \"quoted\" \\ word");
	log_close(log);
	assert_int_equal(fsio_read_file("json", 1000, &b, NULL), 0);
	assert_non_null(strstr(b.data, "\"message\":\"a \\\"quoted\\\" \\\\ word\"}\n"));
	buf_release(&b);
	options.file = "quiet";
	options.level = LOG_LEVEL_WARNING;
	assert_int_equal(log_open(&log, &options, NULL), 0);
	log_info(log, "not this");
	log_close(log);
	assert_int_equal(stat("quiet", &st), 0);
	assert_int_equal(st.st_size, 0);
	options.file = "no/such/dir";
	assert_int_equal(log_open(&log, &options, NULL), -1);
	assert_int_equal(log_level_parse("warning", &level), 0);
	assert_int_equal(level, LOG_LEVEL_WARNING);
	assert_int_equal(log_level_parse("loud", &level), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(files_are_whole, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_kill_leaves_nothing, setup, teardown),
	    cmocka_unit_test_setup_teardown(locks_end_with_their_descriptor, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_broken_pipe_is_told_apart, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_log_rotates, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
