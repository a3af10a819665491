// The store opens once, refuses what is not its own, and tells live runs from dead ones.
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../remove_tree.h"
#include "store/store.h"

static char *
temp_dir(void)
{
	char *dir = mem_strdup("/tmp/bkm-store-test-XXXXXX");

	assert_non_null(mkdtemp(dir));
	return dir;
}

static void
remove_dir(char *dir)
{
	assert_int_equal(remove_tree(dir), 0);
	free(dir);
}

static void
opens_and_keeps_its_identity(void **state)
{
	char *dir = temp_dir(), *path = path_join(dir, "a.db"), *uuid;
	struct store *store = NULL;
	struct err err = {0};

	(void)state;
	assert_int_equal(store_open(&store, path, STORE_READ_WRITE, &err), 0);
	uuid = mem_strdup(store_uuid(store));
	assert_int_equal(strlen(uuid), 36);
	store_close(store);
	assert_int_equal(store_open(&store, path, STORE_READ_ONLY, &err), 0);
	assert_string_equal(uuid, store_uuid(store));
	store_close(store);
	free(uuid);
	free(path);
	remove_dir(dir);
}

static void
refuses_what_is_not_a_store(void **state)
{
	char *dir = temp_dir(), *text = path_join(dir, "text"),
	     *missing = path_join(dir, "no/x.db");
	struct store *store = NULL;
	struct err err = {0};

	(void)state;
	assert_int_equal(fsio_write_atomic(text, "hello hello hello hello", 23, 0600, &err), 0);
	assert_int_equal(store_open(&store, text, STORE_READ_WRITE, &err), -1);
	assert_int_equal(err.code, ERR_STORE);
	assert_non_null(strstr(err.msg, "damaged"));
	assert_int_equal(store_open(&store, missing, STORE_READ_WRITE, &err), -1);
	assert_int_equal(err.code, ERR_STORE);
	free(text);
	free(missing);
	remove_dir(dir);
}

/* What was looked up before another process wrote does not stand in the way of the next write. */
static void
writes_behind_another(void **state)
{
	char *dir = temp_dir(), *path = path_join(dir, "a.db");
	struct store *mine = NULL, *other = NULL;
	struct store_run a = {.command = "a", .host = "h"}, b = {.command = "b", .host = "h"};
	struct store_backup row;
	struct err err = {0};

	(void)state;
	assert_int_equal(store_open(&mine, path, STORE_READ_WRITE, &err), 0);
	assert_int_equal(store_open(&other, path, STORE_READ_WRITE, &err), 0);
	assert_int_equal(store_run_start(mine, &a, &err), 0);
	assert_int_equal(store_read_begin(mine, &err), 0);
	assert_int_equal(store_backup_by_id(mine, 1, &row, &err), 0);
	assert_int_equal(store_run_start(other, &b, &err), 0);
	assert_int_equal(store_run_end(mine, &a, "{}", &err), 0);
	assert_false(store_in_transaction(mine));
	store_close(mine);
	store_close(other);
	free(path);
	remove_dir(dir);
}

/* Start a run in a child that then ends, dies or stays; the pipe tells its uuid. */
static pid_t
child_run(const char *path, bool end, bool stay, char uuid[37])
{
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct store *store = NULL;
		struct store_run run = {
		    .command = "bkm-scan", .host = "h", .pid = getpid(), .started = 100};

		if (store_open(&store, path, STORE_READ_WRITE, NULL) < 0 ||
		    store_run_start(store, &run, NULL) < 0)
			_exit(1);
		run.ended = 101;
		memcpy(run.ended_by, "exit", 5);
		if (end && store_run_end(store, &run, "{}", NULL) < 0)
			_exit(1);
		(void)!write(fds[1], run.uuid, 37);
		if (stay)
			(void)pause();
		_exit(0);
	}
	(void)close(fds[1]);
	assert_int_equal(fsio_read_full(fds[0], uuid, 37), 37);
	(void)close(fds[0]);
	if (!stay)
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	return pid;
}

static void
knows_the_fate_of_a_run(void **state)
{
	char *dir = temp_dir(), *path = path_join(dir, "a.db");
	char dead[37], alive[37], ended[37];
	struct store *store = NULL;
	struct store_run run = {0};
	enum store_run_fate fate;
	struct err err = {0};
	pid_t pid;

	(void)state;
	(void)child_run(path, false, false, dead);
	pid = child_run(path, false, true, alive);
	assert_int_equal(store_open(&store, path, STORE_READ_WRITE, &err), 0);
	assert_int_equal(store_run_fate(store, dead, &fate, &run, &err), 0);
	assert_int_equal(fate, STORE_RUN_DEAD);
	assert_int_equal(store_run_fate(store, alive, &fate, &run, &err), 0);
	assert_int_equal(fate, STORE_RUN_ALIVE);
	assert_int_equal(store_run_fate(store, "nobody", &fate, &run, &err), 0);
	assert_int_equal(fate, STORE_RUN_UNKNOWN);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	assert_int_equal(store_run_fate(store, alive, &fate, &run, &err), 0);
	assert_int_equal(fate, STORE_RUN_DEAD);

	(void)child_run(path, true, false, ended);
	assert_int_equal(store_run_fate(store, ended, &fate, &run, &err), 0);
	assert_int_equal(fate, STORE_RUN_ENDED);
	store_close(store);
	free(path);
	remove_dir(dir);
}

static void
many_open_a_fresh_store_at_once(void **state)
{
	(void)state;
	for (int round = 0; round < 5; round++) {
		char *dir = temp_dir(), *path = path_join(dir, "a.db");
		pid_t pids[6];

		for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
			pids[i] = fork();
			assert_true(pids[i] >= 0);
			if (pids[i] == 0) {
				struct store *store = NULL;

				_exit(store_open(&store, path, STORE_READ_WRITE, NULL) < 0);
			}
		}
		for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
			int status = -1;

			assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
			assert_int_equal(status, 0);
		}
		free(path);
		remove_dir(dir);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(opens_and_keeps_its_identity),
	    cmocka_unit_test(refuses_what_is_not_a_store),
	    cmocka_unit_test(writes_behind_another),
	    cmocka_unit_test(knows_the_fate_of_a_run),
	    cmocka_unit_test(many_open_a_fresh_store_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
