// The pool: order, batches, a worker that dies, one that is too slow, a file that changes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../remove_tree.h"
#include "verify/verify.h"

static char dir[] = "/tmp/bkm-pool-XXXXXX";

static char *
path_of(const char *name)
{
	return mem_printf("%s/%s", dir, name);
}

static void
make(const char *name, const char *text)
{
	char *p = path_of(name);
	assert_int_equal(fsio_write_atomic(p, text, strlen(text), 0644, NULL), 0);
	free(p);
}

/* A file of zeros that takes a while to read, and no room. */
static void
make_large(const char *name, off_t size)
{
	char *p = path_of(name);
	int fd = open(p, O_CREAT | O_WRONLY, 0644);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
	free(p);
}

static struct verify_job
job(const char *name, void *token)
{
	struct verify_job j;
	struct err err = {0};
	char *p = path_of(name);
	if (verify_open(p, NULL, &j, &err) < 0)
		fail_msg("%s", err.msg);
	free(p);
	j.name = "";
	j.algorithms[0] = "sha256";
	j.token = token;
	return j;
}

static struct verify_pool *
open_pool(unsigned jobs)
{
	struct verify_pool_options o = {.jobs = jobs, .no_sandbox = getenv("BKM_SANITIZED")};
	struct verify_pool *pool;
	struct err err = {0};
	if (verify_pool_open(&pool, &o, &err) < 0)
		fail_msg("%s", err.msg);
	return pool;
}

static void
next(struct verify_pool *pool, intptr_t token, struct verify_answer *a)
{
	void *got;
	assert_int_equal(verify_pool_next(pool, -1, &got, a, NULL), 1);
	assert_int_equal((intptr_t)got, token);
}

/* Kill every child of this process, as the kernel would that is out of memory. */
static int
kill_children(void)
{
	int killed = 0;
	DIR *d = opendir("/proc");
	for (struct dirent *e; (e = readdir(d));) {
		char path[300], text[512];
		int pid = 0, parent = 0;
		snprintf(path, sizeof(path), "/proc/%s/stat", e->d_name);
		FILE *f = e->d_name[0] >= '1' && e->d_name[0] <= '9' ? fopen(path, "r") : NULL;
		if (!f)
			continue;
		if (fgets(text, sizeof(text), f) && strrchr(text, ')') &&
		    sscanf(text, "%d", &pid) == 1 &&
		    sscanf(strrchr(text, ')') + 1, " %*c %d", &parent) == 1 && parent == getpid())
			killed += kill(pid, SIGKILL) == 0;
		fclose(f);
	}
	closedir(d);
	return killed;
}

static void
test_order(void **state)
{
	(void)state;
	struct verify_pool *pool = open_pool(3);
	struct verify_answer a;
	intptr_t sent = 0, taken = 0;
	make("small", "small");
	make_large("large", 3000000);
	while (sent < 200) {
		while (sent < 200 && verify_pool_room(pool)) {
			struct verify_job j = job(sent % 7 ? "small" : "large", (void *)(sent + 1));
			sent++;
			assert_int_equal(verify_pool_submit(pool, &j, NULL), 0);
		}
		next(pool, ++taken, &a);
		assert_int_equal(a.outcome, VERIFY_READ);
		assert_int_equal(a.bytes, (taken - 1) % 7 ? 5 : 3000000);
		assert_int_equal(a.digests[0].len, 32);
	}
	while (verify_pool_pending(pool))
		next(pool, ++taken, &a);
	assert_int_equal(taken, 200);
	void *token;
	assert_int_equal(verify_pool_next(pool, -1, &token, &a, NULL), 0);
	verify_pool_close(pool);
}

/* A file with bytes of its own, and their digest. */
static struct verify_digest
make_random(const char *name, size_t len, uint32_t seed)
{
	struct verify_digest d;
	struct hash *h;
	char *text = mem_alloc(len), *p = path_of(name);
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525 + 1013904223;
		text[i] = (char)(seed >> 24);
	}
	assert_int_equal(fsio_write_atomic(p, text, len, 0644, NULL), 0);
	assert_int_equal(hash_new("sha256", &h, NULL), 0);
	assert_int_equal(hash_begin(h, NULL), 0);
	assert_int_equal(hash_update(h, text, len, NULL), 0);
	assert_int_equal(hash_end(h, d.data, &d.len, NULL), 0);
	hash_free(h);
	free(text);
	free(p);
	return d;
}

/* Of what is read side by side, each answer is about its own file: long and short, one that is not
 * what it was, and others between them that are looked into. */
static void
test_two_at_a_time(void **state)
{
	(void)state;
	static const size_t lens[] = {
	    1, 262144, 262145, 63, 64, 3000000, 2500000, 2000000, 300000, 8192, 5000000};
	struct verify_digest digests[ARRAY_LEN(lens)];
	struct verify_pool *pool = open_pool(2);
	struct verify_answer a;
	char name[20];
	for (uint32_t i = 0; i < ARRAY_LEN(lens); i++) {
		snprintf(name, sizeof(name), "random%u", i);
		digests[i] = make_random(name, lens[i], i);
	}
	for (size_t i = 0; i < 6 * ARRAY_LEN(lens); i++) {
		snprintf(name, sizeof(name), "random%zu", i % ARRAY_LEN(lens));
		struct verify_job j = job(name, (void *)(intptr_t)i);
		j.content = i % 13 == 5;
		j.mtime -= i % 17 == 3;
		if (i % 19 == 4) {
			j.algorithms[0] = "md5";
			j.algorithms[1] = "sha256";
		}
		assert_int_equal(verify_pool_submit(pool, &j, NULL), 0);
	}
	for (size_t i = 0; i < 6 * ARRAY_LEN(lens); i++) {
		const struct verify_digest *d = &a.digests[i % 19 == 4], *e;
		e = &digests[i % ARRAY_LEN(lens)];
		next(pool, (intptr_t)i, &a);
		assert_int_equal(a.outcome, i % 17 == 3 ? VERIFY_CHANGED : VERIFY_READ);
		assert_int_equal(a.bytes, lens[i % ARRAY_LEN(lens)]);
		assert_int_equal(d->len, e->len);
		assert_memory_equal(d->data, e->data, e->len);
	}
	verify_pool_close(pool);
}

static void
test_a_worker_that_dies_costs_one_answer(void **state)
{
	(void)state;
	struct verify_pool *pool = open_pool(1);
	struct verify_answer a;
	make_large("huge", (off_t)1 << 40);
	struct verify_job j = job("huge", (void *)1);
	j.content = true; /* so that it goes at once */
	assert_int_equal(verify_pool_submit(pool, &j, NULL), 0);
	j = job("small", (void *)2);
	assert_int_equal(verify_pool_submit(pool, &j, NULL), 0);
	assert_int_equal(kill_children(), 1);
	next(pool, 1, &a);
	assert_int_equal(a.outcome, VERIFY_FAILED);
	assert_int_equal(a.reason, VERIFY_REASON_CRASHED);
	next(pool, 2, &a); /* by another worker */
	assert_int_equal(a.outcome, VERIFY_READ);
	/* A batch that is lost is tried again, one by one. */
	for (intptr_t i = 3; i < 13; i++) {
		j = job("small", (void *)i);
		assert_int_equal(verify_pool_submit(pool, &j, NULL), 0);
	}
	kill_children();
	for (intptr_t i = 3; i < 13; i++) {
		next(pool, i, &a);
		assert_true(a.outcome == VERIFY_READ || i == 3);
	}
	verify_pool_close(pool);
	assert_int_equal(kill_children(), 0);
}

static void
test_a_worker_that_is_too_slow_is_ended(void **state)
{
	(void)state;
	struct verify_pool *pool = open_pool(1);
	struct verify_answer a;
	struct verify_job j = job("huge", (void *)1);
	j.max_ms = 200;
	j.content = true; /* the clock is looked at while decoding */
	assert_int_equal(verify_pool_submit(pool, &j, NULL), 0);
	next(pool, 1, &a);
	assert_true(a.outcome == VERIFY_FAILED || a.content.verdict == RECORD_VERDICT_ERROR);
	assert_true(a.reason == VERIFY_REASON_TIMEOUT || a.content.reason == VERIFY_REASON_TIMEOUT);
	verify_pool_close(pool);
}

static void
test_a_file_that_changes(void **state)
{
	(void)state;
	struct verify_pool *pool = open_pool(1);
	struct verify_answer a;
	make("moving", "before");
	struct verify_job j = job("moving", (void *)1);
	char *p = path_of("moving");
	int fd = open(p, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "!", 1), 1);
	close(fd);
	free(p);
	assert_int_equal(verify_pool_submit(pool, &j, NULL), 0);
	next(pool, 1, &a);
	assert_int_equal(a.outcome, VERIFY_CHANGED);
	verify_pool_close(pool);
}

static void
test_what_is_opened(void **state)
{
	(void)state;
	struct verify_job j;
	struct err err = {0};
	char *fifo = path_of("fifo"), *link = path_of("link"), *none = path_of("none");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(symlink("small", link), 0);
	assert_int_equal(verify_open(fifo, NULL, &j, &err), -1); /* and does not wait */
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	assert_int_equal(verify_open(link, NULL, &j, &err), -1);
	assert_int_equal(verify_open(dir, NULL, &j, &err), -1);
	assert_int_equal(verify_open(none, NULL, &j, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	free(fifo);
	free(link);
	free(none);
}

static int
set_up(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
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
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_two_at_a_time),
	    cmocka_unit_test(test_a_worker_that_dies_costs_one_answer),
	    cmocka_unit_test(test_a_worker_that_is_too_slow_is_ended),
	    cmocka_unit_test(test_a_file_that_changes),
	    cmocka_unit_test(test_what_is_opened),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
