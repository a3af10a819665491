/* What the tests of the sandbox share: a child that is run in it, and a directory. */
#ifndef SANDBOX_CHILD_H
#define SANDBOX_CHILD_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/sandbox.h"

struct attempt {
	const struct sandbox_profile *profile;
	int (*fn)(void *, int);
	void *arg;
	int64_t wall_ms;
	size_t answer_max;
	bool (*stop)(void *);
};

static inline struct sandbox_result
run_it(struct attempt a, struct buf *answer)
{
	struct sandbox_run run = {.profile = a.profile,
	    .wall_ms = a.wall_ms ? a.wall_ms : 30000,
	    .answer_max = a.answer_max,
	    .stop = a.stop};
	struct sandbox_result result = {.end = SANDBOX_DONE};
	struct err err = {.code = ERR_NONE};
	struct buf sink = BUF_INIT;

	if (sandbox_run(&run, a.fn, a.arg, answer ? answer : &sink, &result, &err) < 0)
		fail_msg("%s", err.msg);
	buf_release(&sink);
	return result;
}

/* fn's exit status inside a sandbox with these layers off. */
static inline int
status_of(int (*fn)(void *, int), void *arg, const struct sandbox_profile *profile)
{
	struct sandbox_result r =
	    run_it((struct attempt){.profile = profile, .fn = fn, .arg = arg}, NULL);

	assert_int_equal(r.end, SANDBOX_DONE);
	return r.status;
}

static char temp_dir[] = "/tmp/bkm-sandbox-test-XXXXXX";

static inline int
setup(void **state)
{
	(void)state;
	return mkdtemp(temp_dir) ? 0 : -1;
}

static inline int
teardown(void **state)
{
	(void)state;
	return sandbox_remove_tree(AT_FDCWD, temp_dir, NULL);
}

static inline int
runs_program(void *arg, int out)
{
	char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, arg, NULL};

	(void)dup2(out, 1);
	(void)execv("/bin/sh", argv);
	return 127;
}

static const struct sandbox_path program_paths[] = {{.path = "/usr", .access = SANDBOX_EXEC},
    {.path = "/bin", .access = SANDBOX_EXEC}, {.path = "/lib", .access = SANDBOX_EXEC},
    {.path = "/lib64", .access = SANDBOX_EXEC},
    {.path = "/etc/ld.so.cache", .access = SANDBOX_READ}};

#endif
