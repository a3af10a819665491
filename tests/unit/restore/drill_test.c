// A whole drill with each wall of the sandbox missing in turn: hostile archives still get nowhere.
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "restore/restore.h"

static char place[] = "/tmp/bkm-drill-test-XXXXXX";

static int
setup(void **state)
{
	(void)state;
	return mkdtemp(place) ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	return sandbox_remove_tree(AT_FDCWD, place, NULL);
}

/* One ustar header (pubs.opengroup.org, pax, "ustar Interchange Format"). */
static void
add_header(
    struct buf *tar, const char *name, char type, const char *link, size_t size, unsigned mode)
{
	char head[512] = {0};
	unsigned sum = 0;

	(void)snprintf(head, 100, "%s", name);
	(void)snprintf(head + 100, 8, "%07o", mode);
	(void)snprintf(head + 108, 8, "%07o", 0U);
	(void)snprintf(head + 116, 8, "%07o", 0U);
	(void)snprintf(head + 124, 12, "%011zo", size);
	(void)snprintf(head + 136, 12, "%011o", 0U);
	memset(head + 148, ' ', 8);
	head[156] = type;
	(void)snprintf(head + 157, 100, "%s", link);
	(void)snprintf(head + 257, 6, "ustar");
	head[263] = head[264] = '0';
	for (size_t i = 0; i < sizeof(head); i++)
		sum += (unsigned char)head[i];
	(void)snprintf(head + 148, 8, "%06o", sum);
	buf_add(tar, head, sizeof(head));
}

static void
add_file(struct buf *tar, const char *name)
{
	char block[512] = "evil";

	add_header(tar, name, '0', "", 4, 06777);
	buf_add(tar, block, sizeof(block));
}

static char *
save(const char *name, struct buf *tar)
{
	static const char zeros[1024];
	char *path = mem_printf("%s/%s", place, name);

	buf_add(tar, zeros, sizeof(zeros));
	assert_int_equal(fsio_write_atomic(path, tar->data, tar->len, 0644, NULL), 0);
	buf_release(tar);
	return path;
}

static struct restore_result
drill(const char *path, unsigned off)
{
	struct restore_subject subject = {.path = path};
	struct restore_options options = {.sandbox_off = off};
	struct sandbox_scratch *scratch = NULL;
	struct restore_result result;
	struct err err;

	assert_int_equal(sandbox_scratch_open(place, &scratch, &err), 0);
	assert_int_equal(restore_drill(&subject, &options, scratch, &result, &err), 0);
	assert_int_equal(sandbox_scratch_close(scratch, false, &err), 0);
	return result;
}

static void
each_wall_missing_in_turn(void **state)
{
	char *canary = mem_printf("%s/canary", place), *evil = mem_printf("%s/canary/evil", place);
	char *up = mem_printf("../../../../../../../../../..%s", evil);
	struct buf tars[5];
	const char *const reasons[] = {"unsafe", "unsafe", NULL, "incomplete", NULL};
	char *paths[5];
	struct stat st;

	(void)state;
	assert_int_equal(mkdir(canary, 0777), 0);
	for (size_t i = 0; i < 5; i++)
		tars[i] = BUF_INIT;
	add_file(&tars[0], up);
	add_header(&tars[1], "link", '2', canary, 0, 0777);
	add_file(&tars[1], "link/evil");
	add_file(&tars[2], evil);
	add_header(&tars[3], "hard", '1', canary, 0, 0644);
	add_header(&tars[4], "device", '3', "", 0, 0666);
	add_header(&tars[4], "fifo", '6', "", 0, 0666);
	add_file(&tars[4], "file");
	for (size_t i = 0; i < 5; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "hostile%zu.tar", i);
		paths[i] = save(name, &tars[i]);
	}
	for (unsigned off = 0; off <= SANDBOX_SECCOMP; off = off ? off << 1 : 1) {
		for (size_t i = 0; i < 5; i++) {
			struct restore_result r = drill(paths[i], off);

			if (reasons[i]) {
				assert_int_equal(r.verdict, RECORD_VERDICT_FAIL);
				assert_string_equal(r.reason, reasons[i]);
			} else {
				assert_int_equal(r.verdict, RECORD_VERDICT_PASS);
			}
			assert_false(r.sandbox.bits & off);
			assert_int_equal(stat(evil, &st), -1);
		}
	}
	for (size_t i = 0; i < 5; i++)
		free(paths[i]);
	free(canary);
	free(evil);
	free(up);
}

static bool
at_once(void *arg)
{
	(void)arg;
	return true;
}

static void
a_stop_is_no_verdict(void **state)
{
	struct buf tar = BUF_INIT;
	char *path;
	struct restore_subject subject;
	struct restore_options options = {.stop = at_once};
	struct sandbox_scratch *scratch = NULL;
	struct restore_result result;
	struct err err;

	(void)state;
	add_file(&tar, "file");
	path = save("good.tar", &tar);
	subject = (struct restore_subject){.path = path};
	assert_int_equal(sandbox_scratch_open(place, &scratch, &err), 0);
	assert_int_equal(restore_drill(&subject, &options, scratch, &result, &err), -1);
	assert_int_equal(err.code, ERR_INTERRUPTED);
	assert_int_equal(sandbox_scratch_close(scratch, false, &err), 0);
	free(path);
}

static void
weaker_than_required_is_an_error(void **state)
{
	struct buf tar = BUF_INIT;
	char *path;
	struct restore_subject subject;
	struct restore_options options = {
	    .require = {.bits = SANDBOX_SECCOMP}, .sandbox_off = SANDBOX_SECCOMP};
	struct sandbox_scratch *scratch = NULL;
	struct restore_result result;
	struct buf json = BUF_INIT;
	struct err err;

	(void)state;
	add_file(&tar, "file");
	path = save("good2.tar", &tar);
	subject = (struct restore_subject){.path = path};
	assert_int_equal(sandbox_scratch_open(place, &scratch, &err), 0);
	assert_int_equal(restore_drill(&subject, &options, scratch, &result, &err), 0);
	assert_int_equal(result.verdict, RECORD_VERDICT_ERROR);
	assert_string_equal(result.reason, "sandbox");
	restore_result_json(&result, 0, &json);
	assert_non_null(strstr(json.data, "seccomp"));
	assert_int_equal(sandbox_scratch_close(scratch, false, &err), 0);
	buf_release(&json);
	free(path);
}

/* In time it must be: one millisecond is never enough. */
static void
too_slow_is_a_fail(void **state)
{
	struct buf tar = BUF_INIT;
	char *path;
	struct restore_subject subject;
	struct restore_options options = {.max_ms = 0};
	struct sandbox_scratch *scratch = NULL;
	struct restore_result result;
	struct err err;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "file%d", i);
		add_file(&tar, name);
	}
	path = save("many.tar", &tar);
	subject = (struct restore_subject){.path = path, .rto_ms = 1};
	assert_int_equal(sandbox_scratch_open(place, &scratch, &err), 0);
	assert_int_equal(restore_drill(&subject, &options, scratch, &result, &err), 0);
	assert_int_equal(result.verdict, RECORD_VERDICT_FAIL);
	assert_string_equal(result.reason, "rto_exceeded");
	assert_int_equal(sandbox_scratch_close(scratch, false, &err), 0);
	free(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_wall_missing_in_turn),
	    cmocka_unit_test(a_stop_is_no_verdict),
	    cmocka_unit_test(weaker_than_required_is_an_error),
	    cmocka_unit_test(too_slow_is_a_fail),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
