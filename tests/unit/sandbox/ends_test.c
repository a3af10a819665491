// How a child's end is told, that its limits hold, and that all of it ends.
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "child.h"

static _Noreturn int
sleeps(void *arg, int out)
{
	(void)arg;
	(void)out;
	for (;;)
		(void)pause(), (void)usleep(100000);
}

static _Noreturn int
burns(void *arg, int out)
{
	volatile uint64_t n = 0;

	(void)arg;
	(void)out;
	for (;;)
		n = n + 1;
}

static int
crashes(void *arg, int out)
{
	(void)arg;
	(void)out;
	(void)signal(SIGSEGV, SIG_DFL);
	(void)raise(SIGSEGV);
	abort();
}

static int
floods(void *arg, int out)
{
	char bytes[4096] = {0};

	(void)arg;
	while (write(out, bytes, sizeof(bytes)) > 0)
		;
	return 9;
}

static bool
says_stop(void *arg)
{
	(void)arg;
	return true;
}

static void
ends_are_told_apart(void **state)
{
	struct sandbox_profile profile = {.cpu_seconds = 1};
	struct buf answer = BUF_INIT;
	struct sandbox_result r;

	(void)state;
	r = run_it((struct attempt){.profile = &profile, .fn = sleeps, .wall_ms = 200}, NULL);
	assert_int_equal(r.end, SANDBOX_TIMEOUT);
	assert_true(r.ms >= 200);
	r = run_it((struct attempt){.profile = &profile, .fn = burns}, NULL);
	assert_int_equal(r.end, SANDBOX_TIMEOUT);
	r = run_it((struct attempt){.profile = &profile, .fn = crashes}, NULL);
	assert_int_equal(r.end, SANDBOX_CRASHED);
	r = run_it(
	    (struct attempt){.profile = &profile, .fn = floods, .answer_max = 10000}, &answer);
	assert_int_equal(r.end, SANDBOX_OVERFLOW);
	assert_true(answer.len <= 10000);
	buf_release(&answer);
	r = run_it((struct attempt){.profile = &profile, .fn = sleeps, .stop = says_stop}, NULL);
	assert_int_equal(r.end, SANDBOX_STOPPED);
}

static int
allocates(void *arg, int out)
{
	(void)arg;
	(void)out;
	return malloc((size_t)300 << 20) ? 1 : 0;
}

static int
writes_much(void *arg, int out)
{
	int fd = openat(*(int *)arg, "much", O_WRONLY | O_CREAT, 0600);
	char block[65536] = {0};

	(void)out;
	(void)signal(SIGXFSZ, SIG_IGN);
	for (int i = 0; i < 64; i++) {
		if (write(fd, block, sizeof(block)) < 0)
			return errno == EFBIG ? 0 : 1;
	}
	return 2;
}

static void
limits_hold(void **state)
{
	struct sandbox_path path = {.access = SANDBOX_WRITE};
	struct sandbox_profile small = {.memory_bytes = (uint64_t)200 << 20};
	struct sandbox_profile files = {
	    .paths = &path, .path_count = 1, .write_files = true, .file_bytes = 1 << 20};
	char *scratch = mem_printf("%s/limits", temp_dir);

	(void)state;
	assert_int_equal(mkdir(scratch, 0700), 0);
	path.fd = open(scratch, O_RDONLY | O_DIRECTORY);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	assert_int_equal(status_of(allocates, NULL, &small), 0);
#else
	(void)small;
	(void)allocates;
#endif
	assert_int_equal(status_of(writes_much, &path.fd, &files), 0);
	(void)close(path.fd);
	free(scratch);
}

static void
descendants_end_too(void **state)
{
	struct sandbox_profile profile = {
	    .programs = true, .paths = program_paths, .path_count = ARRAY_LEN(program_paths)};
	struct buf answer = BUF_INIT;
	struct sandbox_result r;

	(void)state;
	r = run_it(
	    (struct attempt){.profile = &profile,
		.fn = runs_program,
		.arg = (char[]){"setsid sh -c 'sleep 987 & sleep 986' & sleep 0.2; echo $!"}},
	    &answer);
	assert_int_equal(r.end, SANDBOX_DONE);
	/* The answer pipe is closed only when the last of them is gone: that we are here is the proof.
	 * The shell's own child is checked by number as well. */
	assert_true(kill((pid_t)strtol(answer.data, NULL, 10), 0) < 0);
	buf_release(&answer);
}

static void
death_of_bkm_ends_the_child(void **state)
{
	struct sandbox_profile profile = {
	    .programs = true, .paths = program_paths, .path_count = ARRAY_LEN(program_paths)};
	int alive[2];
	char byte;
	pid_t pid;

	(void)state;
	profile.keep_fds = &alive[1];
	profile.keep_fd_count = 1;
	assert_int_equal(pipe(alive), 0);
	pid = fork();
	if (pid == 0) {
		struct sandbox_run run = {.profile = &profile};
		struct sandbox_result result;
		struct buf answer = BUF_INIT;

		(void)close(alive[0]);
		(void)sandbox_run(
		    &run, runs_program, (char[]){"sleep 985 & sleep 984"}, &answer, &result, NULL);
		_exit(0);
	}
	(void)close(alive[1]);
	(void)usleep(300000);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	/* End of file comes when the last holder of the other end is gone. */
	assert_int_equal(read(alive[0], &byte, 1), 0);
	(void)close(alive[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ends_are_told_apart),
	    cmocka_unit_test(limits_hold),
	    cmocka_unit_test(descendants_end_too),
	    cmocka_unit_test(death_of_bkm_ends_the_child),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
