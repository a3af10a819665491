// Scratch directories: made, emptied, removed whatever is in them, reaped only when nobody's.
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/sandbox.h"

static char base[] = "/tmp/bkm-scratch-test-XXXXXX";

static int
setup(void **state)
{
	(void)state;
	return mkdtemp(base) ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	return sandbox_remove_tree(AT_FDCWD, base, NULL);
}

static bool
exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void
private_and_gone(void **state)
{
	struct sandbox_scratch *s = NULL;
	struct err err;
	struct stat st;
	uint64_t bytes, inodes;
	char *path;

	(void)state;
	assert_int_equal(sandbox_scratch_open(base, &s, &err), 0);
	path = mem_strdup(sandbox_scratch_path(s));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(sandbox_scratch_space(s, &bytes, &inodes, &err), 0);
	assert_true(bytes > 0 && inodes > 0);
	assert_int_equal(sandbox_scratch_close(s, false, &err), 0);
	assert_false(exists(path));
	free(path);
	assert_int_equal(sandbox_scratch_open("/nonexistent", &s, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
}

/* Depth beyond any descriptor limit, closed directories, links to elsewhere. */
static void
hostile_trees_are_removed(void **state)
{
	const struct rlimit few = {.rlim_cur = 64, .rlim_max = 64};
	struct sandbox_scratch *s = NULL;
	char *outside = mem_printf("%s/outside", base);
	struct err err;
	int fd;

	(void)state;
	assert_int_equal(mkdir(outside, 0755), 0);
	(void)setrlimit(RLIMIT_NOFILE, &few);
	assert_int_equal(sandbox_scratch_open(base, &s, &err), 0);
	fd = fcntl(sandbox_scratch_fd(s), F_DUPFD_CLOEXEC, 0);
	for (int i = 0; i < 3000; i++) {
		int next;

		assert_int_equal(mkdirat(fd, "d", 0700), 0);
		assert_int_equal(symlinkat(outside, fd, "link"), 0);
		(void)close(openat(fd, ".parked-1", O_WRONLY | O_CREAT, 0));
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY);
		if (i % 50 == 0)
			(void)fchmod(fd, 0);
		(void)close(fd);
		fd = next;
	}
	(void)close(fd);
	assert_int_equal(sandbox_scratch_clear(s, &err), 0);
	assert_int_equal(mkdirat(sandbox_scratch_fd(s), "again", 0), 0);
	assert_int_equal(sandbox_scratch_close(s, false, &err), 0);
	assert_true(exists(outside));
	free(outside);
}

static void
only_orphans_are_reaped(void **state)
{
	struct sandbox_scratch *mine = NULL;
	char *dead = mem_printf("%s/bkm-drill-0123456789abcdef", base);
	char *other = mem_printf("%s/bkm-drill-notes", base);
	size_t removed, in_use;
	struct err err;

	(void)state;
	assert_int_equal(mkdir(other, 0700), 0);
	assert_int_equal(sandbox_scratch_open(base, &mine, &err), 0);
	assert_int_equal(mkdir(dead, 0700), 0);
	assert_int_equal(sandbox_scratch_reap(base, &removed, &in_use, &err), 0);
	assert_int_equal(removed, 1);
	assert_int_equal(in_use, 1);
	assert_false(exists(dead));
	assert_true(exists(other) && exists(sandbox_scratch_path(mine)));
	assert_int_equal(sandbox_scratch_close(mine, false, &err), 0);
	free(dead);
	free(other);
}

static void
the_next_owner_clears_up_but_for_what_was_kept(void **state)
{
	struct sandbox_scratch *first = NULL, *second = NULL;
	char *dead = mem_printf("%s/bkm-drill-0123456789abcdef", base), *kept;
	size_t removed, in_use;
	struct err err;

	(void)state;
	assert_int_equal(sandbox_scratch_open(base, &first, &err), 0);
	kept = mem_strdup(sandbox_scratch_path(first));
	assert_int_equal(sandbox_scratch_close(first, true, &err), 0);
	assert_int_equal(mkdir(dead, 0700), 0);
	assert_int_equal(sandbox_scratch_open(base, &second, &err), 0);
	assert_false(exists(dead));
	assert_true(exists(kept));
	assert_int_equal(sandbox_scratch_close(second, false, &err), 0);
	assert_int_equal(sandbox_scratch_reap(base, &removed, &in_use, &err), 0);
	assert_int_equal(removed, 1);
	assert_false(exists(kept));
	free(dead);
	free(kept);
}

/* Somebody else's directory of that name is left alone, also by root. */
static void
others_are_left_alone(void **state)
{
	char *theirs = mem_printf("%s/bkm-drill-00000000deadbeef", base);
	size_t removed, in_use;
	struct err err;

	(void)state;
	assert_int_equal(mkdir(theirs, 0700), 0);
	if (chown(theirs, 12345, 12345) == 0) {
		assert_int_equal(sandbox_scratch_reap(base, &removed, &in_use, &err), 0);
		assert_int_equal(removed, 0);
		assert_true(exists(theirs));
	}
	free(theirs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(private_and_gone),
	    cmocka_unit_test(hostile_trees_are_removed),
	    cmocka_unit_test(only_orphans_are_reaped),
	    cmocka_unit_test(the_next_owner_clears_up_but_for_what_was_kept),
	    cmocka_unit_test(others_are_left_alone),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
