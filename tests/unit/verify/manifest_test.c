// Manifests: every form of a line, and which file is asked.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "../remove_tree.h"
#include "verify/verify.h"

#define MD5  "900150983cd24fb0d6963f7d28e17f72"
#define SHA1 "a9993e364706816aba3e25717850c26c9cd0d89d"
#define S256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void
line(const char *text, const char *algorithm, size_t digest_len, const char *name)
{
	char got[HASH_NAME_MAX];
	uint8_t digest[HASH_MAX];
	size_t len = 0;
	struct buf n = BUF_INIT;
	int r = verify_manifest_line(text, strlen(text), got, digest, &len, &n);
	if (!digest_len) {
		if (r)
			fail_msg("taken for a line: %s", text);
	} else if (r != 1 || len != digest_len || strcmp(n.data, name) != 0 ||
	    strcmp(got, algorithm) != 0) {
		fail_msg("%s: %d '%s' %zu '%s'", text, r, got, len, n.data);
	}
	buf_release(&n);
}

static void
test_lines(void **state)
{
	(void)state;
	line(MD5 "  name", "", 16, "name");
	line(MD5 " *name with  blanks ", "", 16, "name with  blanks ");
	line(SHA1 " name", "", 20, "name");
	line(S256 "\tname", "", 32, "name");
	line(S256, "", 32, "");
	line("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD  name\r", "", 32,
	    "name");
	line("\\" MD5 "  a\\nb\\\\c\\rd", "", 16, "a\nb\\c\rd");
	line(MD5 "  a\\nb", "", 16, "a\\nb");
	line("SHA256 (name) = " S256, "sha256", 32, "name");
	line("MD5 (a (b) = c) = " MD5, "md5", 16, "a (b) = c");
	line("\\SHA1 (a\\nb) = " SHA1, "sha1", 20, "a\nb");
	line("SHA2-256 (x) = " S256, "sha256", 32, "x");
	line("# a comment", "", 0, "");
	line("", "", 0, "");
	line("not a digest  name", "", 0, "");
	line("abc  name", "", 0, "");
	line(MD5 "x name", "", 0, "");
	line("SHA256 (name) = nonsense", "", 0, "");
	line("SHA256 (name = " S256, "", 0, "");
	line("SHA256 (name) = ", "", 0, "");
	line("(name) = " S256, "", 0, "");
}

static void
put(const char *dir, const char *name, const char *text)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(fsio_write_atomic(path, text, strlen(text), 0644, NULL), 0);
}

static struct verify_reference
ask_since(const char *dir, const char *name, int64_t settled, int expected)
{
	struct verify_manifests *m = verify_manifests_new();
	struct verify_reference r;
	struct err err = {0};
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(verify_manifest_find(m, path, settled, &r, &err), expected);
	verify_manifests_free(m);
	return r;
}

static struct verify_reference
ask(const char *dir, const char *name, int expected)
{
	return ask_since(dir, name, CLOCK_NONE, expected);
}

static void
test_files(void **state)
{
	(void)state;
	char dir[] = "/tmp/bkm-manifest-XXXXXX";
	assert_non_null(mkdtemp(dir));
	struct verify_reference r = ask(dir, "a", 0);
	assert_false(r.found);
	put(dir, "a.sha256", S256 "  old-name\n");
	r = ask(dir, "a", 0); /* one line under another name is the one */
	assert_true(r.found);
	assert_string_equal(r.algorithm, "sha256");
	assert_string_equal(r.name, "a.sha256");
	put(dir, "b.md5", MD5 "  x\n" MD5 "  y\n");
	r = ask(dir, "b", 0); /* several lines, none of them ours */
	assert_false(r.found);
	put(dir, "SHA256SUMS",
	    S256 "  ./c\n" S256
		 " *d\n0000000000000000000000000000000000000000000000000000000000000000  c\n");
	r = ask(dir, "c", 0); /* the last line counts */
	assert_true(r.found && r.digest[0] == 0);
	r = ask(dir, "d", 0);
	assert_true(r.found && r.digest[0] == 0xba);
	assert_string_equal(r.name, "SHA256SUMS");
	put(dir, "checksums.txt", MD5 "  e\nSHA1 (f) = " SHA1 "\n");
	r = ask(dir, "e", 0);
	assert_string_equal(r.algorithm, "md5");
	r = ask(dir, "f", 0);
	assert_string_equal(r.algorithm, "sha1");
	/* The sidecar goes before the list. */
	put(dir, "d.md5", MD5 "\n");
	r = ask(dir, "d", 0);
	assert_string_equal(r.algorithm, "md5");
	/* What agreed once is not asked again before the manifest is a newer one. */
	assert_false(ask_since(dir, "d", r.mtime, 0).found);
	assert_false(ask_since(dir, "c", r.mtime + 1, 0).found);
	assert_true(ask_since(dir, "d", r.mtime - 1, 0).found);
	assert_true(ask_since(dir, "c", r.mtime - 60, 0).found);
	/* A digest that does not fit its manifest is refused, not believed. */
	put(dir, "g.sha256", MD5 "  g\n");
	ask(dir, "g", -1);
	put(dir, "h.sha256", "garbage\n");
	ask(dir, "h", -1);
	assert_int_equal(remove_tree(dir), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
