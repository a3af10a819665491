// A file system that does not answer: system calls that block for good, as seccomp can make them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <seccomp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../remove_tree.h"
#include "base/base.h"
#include "hash/hash.h"
#include "scan/scan.h"

#define TIMEOUT_MS 400
#define PATIENT_MS 60000
#define LISTENER   200 /* the descriptor that is asked about such calls */
#define NOT_OPENED 12

static char dir[] = "/tmp/bkm-hang.XXXXXX";

/* From now on these calls wait for the answer of whoever has LISTENER, however long. */
static bool
make_wait(const int *calls, size_t count)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	bool ok = ctx != NULL;

	for (size_t i = 0; i < count && ok; i++)
		ok = seccomp_rule_add(ctx, SCMP_ACT_NOTIFY, calls[i], 0) == 0;
	return ok && seccomp_load(ctx) == 0 && dup2(seccomp_notify_fd(ctx), LISTENER) == LISTENER;
}

/* In a child: walk the directory while that call never returns. 0: it was as it should be. */
static int
walk_while_waiting(int call, bool at_open, int timeout_ms)
{
	struct scan_walk_options options = {.path = dir, .timeout_ms = timeout_ms};
	const struct scan_listing *listing;
	struct scan_watch *watch = NULL;
	struct scan_walk *walk = NULL;
	struct scan_root root;
	struct err err = {0};
	int r;

	if (scan_watch_open(&watch, &err) < 0 || !make_wait(&call, 1))
		return 10;
	options.watch = watch;
	r = scan_walk_open(&walk, &options, &root, &err);
	if (at_open)
		return r == -1 && err.sys == ETIMEDOUT ? 0 : 11;
	if (r < 0)
		return NOT_OPENED;
	while ((r = scan_walk_next(walk, 50, &listing, &err)) > 0)
		;
	scan_walk_close(walk);
	return r == -1 && err.sys == ETIMEDOUT ? 0 : 13;
}

/* A machine at its limits may need longer for what does answer: then there is more time. */
static void
in_child(int call, bool at_open)
{
	int timeout_ms = TIMEOUT_MS, status = -1;
	pid_t pid;

	do {
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			_exit(walk_while_waiting(call, at_open, timeout_ms));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		timeout_ms *= 8;
	} while (WEXITSTATUS(status) == NOT_OPENED && timeout_ms < PATIENT_MS);
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
test_root_does_not_answer(void **state)
{
	(void)state;
	in_child(SCMP_SYS(openat), true);
}

static void
test_directory_does_not_answer(void **state)
{
	(void)state;
	in_child(SCMP_SYS(getdents64), false);
}

static void
test_root_opens_and_does_not_answer(void **state)
{
	(void)state;
	in_child(SCMP_SYS(newfstatat), true);
}

static void
test_watch_does_not_answer(void **state)
{
	(void)state;
	in_child(SCMP_SYS(inotify_add_watch), false);
}

/* ---------------------------------------------------------------- the command */
static void
run_scan(int out)
{
	static const int calls[] = {SCMP_SYS(openat), SCMP_SYS(openat2)};
	const char *build = getenv("BKM_BUILD");
	char *command = mem_printf("%s/bin/bkm-scan", build ? build : ".build");

	if (chdir(dir) == 0 && dup2(out, STDOUT_FILENO) >= 0 && make_wait(calls, ARRAY_LEN(calls)))
		(void)execl(command, "bkm-scan", "-c", "config.yaml", (char *)NULL);
	_exit(99);
}

/* Does the path that the call was given end in "stuck"? */
static bool
is_stuck(const struct seccomp_notif *call)
{
	char name[64], path[256] = "";
	int fd;

	(void)snprintf(name, sizeof(name), "/proc/%u/mem", call->pid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || pread(fd, path, sizeof(path) - 1, (off_t)call->data.args[1]) <= 0)
		path[0] = '\0';
	if (fd >= 0)
		(void)close(fd);
	return strlen(path) >= 5 && strcmp(path + strlen(path) - 5, "stuck") == 0;
}

/* Let every call go on but those: until nobody is there to ask any more. */
static void
supervise(int listener)
{
	struct pollfd p = {.fd = listener, .events = POLLIN};
	struct seccomp_notif *call = NULL;
	struct seccomp_notif_resp *answer = NULL;

	assert_int_equal(seccomp_notify_alloc(&call, &answer), 0);
	while (poll(&p, 1, -1) > 0 && (p.revents & POLLIN)) {
		memset(call, 0, sizeof(*call));
		if (seccomp_notify_receive(listener, call) < 0 || is_stuck(call))
			continue;
		*answer = (struct seccomp_notif_resp){
		    .id = call->id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
		(void)seccomp_notify_respond(listener, answer);
	}
	seccomp_notify_free(call, answer);
}

static int
take_listener(pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), fd = -1;

	/* The child may not have it yet. */
	for (int i = 0; i < 3000 && fd < 0; i++) {
		fd = (int)syscall(SYS_pidfd_getfd, pidfd, LISTENER, 0);
		if (fd < 0)
			(void)usleep(10000);
	}
	(void)close(pidfd);
	return fd;
}

static void
write_file(const char *name, const char *text)
{
	char *path = path_join(dir, name);
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	(void)fputs(text, f);
	assert_int_equal(fclose(f), 0);
	free(path);
}

static void
make_dir(const char *name)
{
	char *path = path_join(dir, name);

	assert_int_equal(mkdir(path, 0700), 0);
	free(path);
}

/* One location does not answer at all, one not everywhere: both are unreachable, the third is scanned. */
static void
test_others_are_scanned(void **state)
{
	char text[65536];
	struct buf out = BUF_INIT;
	int pipes[2], listener, status = -1;
	ssize_t n;
	pid_t pid;

	(void)state;
	make_dir("stuck");
	make_dir("half");
	make_dir("half/stuck");
	make_dir("good");
	write_file("good/a.tar", "data");
	write_file("config.yaml",
	    "database: {url: 'sqlite:///b.db'}\nbackups:\n  locations:\n"
	    "    - {name: stuck, path: stuck, type: file, timeout: 1s}\n"
	    "    - {name: half, path: half, type: file, timeout: 1s}\n"
	    "    - {name: good, path: good, type: file, timeout: 60s}\n");
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		run_scan(pipes[1]);
	(void)close(pipes[1]);
	listener = take_listener(pid);
	assert_true(listener >= 0);
	supervise(listener);
	while ((n = read(pipes[0], text, sizeof(text))) > 0)
		buf_add(&out, text, (size_t)n);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	for (const char *line = out.data, *end; (end = strchr(line, '\n')); line = end + 1) {
		char *record = mem_strndup(line, (size_t)(end - line));

		if (strstr(record, "\"kind\":\"location\"")) {
			bool good = strstr(record, "\"location\":\"good\"") != NULL;

			assert_non_null(strstr(
			    record, good ? "\"status\":\"ok\"" : "\"status\":\"unreachable\""));
			assert_true(good || strstr(record, "\"reasons\":[\"timeout\"]"));
		}
		free(record);
	}
	assert_non_null(strstr(out.data, "/good/a.tar\""));
	assert_non_null(strstr(out.data, "\"phase\":\"end\""));
	buf_release(&out);
	(void)close(listener);
	(void)close(pipes[0]);
}

static int
set_up(void **state)
{
	struct hash *hash;

	(void)state;
	/* libcrypto reads its configuration once: before files do not answer. */
	if (!mkdtemp(dir) || hash_new("sha256", &hash, NULL) < 0)
		return -1;
	hash_free(hash);
	write_file("file", "x");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	return remove_tree(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_root_does_not_answer),
	    cmocka_unit_test(test_directory_does_not_answer),
	    cmocka_unit_test(test_root_opens_and_does_not_answer),
	    cmocka_unit_test(test_watch_does_not_answer),
	    cmocka_unit_test(test_others_are_scanned),
	};

	return cmocka_run_group_tests_name("scan/hang", tests, set_up, tear_down);
}
