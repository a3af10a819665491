// Shared memory that a killed server left is removed, and no other.
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "restore/restore.h"

#define MAGIC 679834894

/* A segment, made by somebody who is dead now, or who waits for the end of a pipe. */
static int
make(size_t size, int32_t magic, int wait_for, pid_t *ret_pid)
{
	int ends[2], id = -1;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		int32_t *header;
		char byte;

		if (geteuid() == 0 && (setgid(SANDBOX_NOBODY) < 0 || setuid(SANDBOX_NOBODY) < 0))
			_exit(1);
		id = shmget(IPC_PRIVATE, size, 0600 | IPC_CREAT);
		header = shmat(id, NULL, 0);
		*header = magic;
		(void)shmdt(header);
		(void)!write(ends[1], &id, sizeof(id));
		if (wait_for >= 0)
			(void)!read(wait_for, &byte, 1);
		_exit(0);
	}
	assert_int_equal(read(ends[0], &id, sizeof(id)), sizeof(id));
	(void)close(ends[0]);
	(void)close(ends[1]);
	if (wait_for < 0)
		(void)waitpid(pid, NULL, 0);
	else
		*ret_pid = pid;
	return id;
}

static bool
is_there(int id)
{
	struct shmid_ds ds;

	return shmctl(id, IPC_STAT, &ds) == 0;
}

static void
let_go(int hold, pid_t pid)
{
	(void)!write(hold, "x", 1);
	(void)waitpid(pid, NULL, 0);
}

/* Another reaper may be at work at the same time. */
static void
only_what_is_left(void **state)
{
	int hold[2], left, other, larger, living, attached;
	pid_t pid = 0, attached_pid = 0;
	void *at;

	(void)state;
	assert_int_equal(pipe(hold), 0);
	left = make(56, MAGIC, -1, NULL);
	other = make(56, 1, -1, NULL);
	larger = make(64, MAGIC, -1, NULL);
	attached = make(56, MAGIC, hold[0], &attached_pid);
	at = shmat(attached, NULL, SHM_RDONLY);
	let_go(hold[1], attached_pid);
	living = make(56, MAGIC, hold[0], &pid);
	(void)restore_reap_segments();
	assert_false(is_there(left));
	assert_true(is_there(other) && is_there(larger) && is_there(attached) && is_there(living));
	(void)shmdt(at);
	let_go(hold[1], pid);
	(void)restore_reap_segments();
	assert_false(is_there(attached) || is_there(living));
	assert_int_equal(shmctl(other, IPC_RMID, NULL), 0);
	assert_int_equal(shmctl(larger, IPC_RMID, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_what_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
