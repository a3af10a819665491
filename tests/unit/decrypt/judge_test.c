// What the end of a decryptor means, which files are encrypted, what they would be called.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "decrypt/decrypt.h"

static struct decrypt_result
judged(enum sandbox_end end, int status, const char *head, const char *said)
{
	const struct sandbox_result result = {.end = end, .status = status};
	struct decrypt_result r;

	decrypt_judge(&result, head, strlen(head), said, &r);
	return r;
}

static void
a_good_end(void **state)
{
	(void)state;
	assert_int_equal(judged(SANDBOX_DONE, 0, "Salted__x", "").outcome, DECRYPT_DONE);
	assert_false(judged(SANDBOX_DONE, 0, "Salted__x", "").checked);
	assert_true(judged(SANDBOX_DONE, 0, "age-encryption.org/v1\n", "").checked);
	assert_true(judged(SANDBOX_DONE, 0, "-----BEGIN PGP MESSAGE-----\n", "").checked);
	assert_true(judged(SANDBOX_DONE, 0, "\x8c\x0d\x04\x09", "").checked);
	assert_true(judged(SANDBOX_DONE, 0, "\x85\x01\x8c\x03", "").checked);
	assert_false(judged(SANDBOX_DONE, 0, "", "").checked);
}

static void
what_was_said(void **state)
{
	static const struct {
		const char *said;
		enum decrypt_outcome outcome;
		const char *message;
	} cases[] = {
	    {"gpg: AES256.CFB encrypted data\ngpg: decryption failed: Bad session key\n",
		DECRYPT_KEY, "gpg: decryption failed: Bad session key"},
	    {"gpg: decryption failed: No secret key\n", DECRYPT_KEY,
		"gpg: decryption failed: No secret key"},
	    {"gpg: WARNING: encrypted message has been manipulated!\n", DECRYPT_DAMAGED,
		"gpg: WARNING: encrypted message has been manipulated!"},
	    {"gpg: problem reading source (5 bytes remaining)\ngpg: handle plaintext failed\n",
		DECRYPT_DAMAGED, "gpg: problem reading source (5 bytes remaining)"},
	    {"age: error: no identity matched any of the recipients\nage: report it\n", DECRYPT_KEY,
		"age: error: no identity matched any of the recipients"},
	    {"age: error: failed to decrypt and authenticate payload chunk\n", DECRYPT_DAMAGED,
		"age: error: failed to decrypt and authenticate payload chunk"},
	    {"bad decrypt\n40:error:1C80006B:wrong final block length\n", DECRYPT_UNSURE,
		"bad decrypt"},
	    {"a\nb: something else\n\n", DECRYPT_UNSURE, "b: something else"},
	    {"write: No space left on device", DECRYPT_CANNOT, "write: No space left on device"},
	    {"\033[31mred\n", DECRYPT_UNSURE, "\\x1b[31mred"},
	    {"", DECRYPT_UNSURE, "it said nothing"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct decrypt_result r = judged(SANDBOX_DONE, 2, "", cases[i].said);

		assert_int_equal(r.outcome, cases[i].outcome);
		assert_string_equal(r.message, cases[i].message);
	}
}

static void
other_ends(void **state)
{
	(void)state;
	assert_int_equal(judged(SANDBOX_DONE, 127, "", "").outcome, DECRYPT_CANNOT);
	assert_int_equal(judged(SANDBOX_DONE, 126, "", "").outcome, DECRYPT_CANNOT);
	assert_int_equal(judged(SANDBOX_CRASHED, 9, "", "").outcome, DECRYPT_CANNOT);
	assert_int_equal(judged(SANDBOX_CRASHED, SIGXFSZ, "", "").outcome, DECRYPT_LIMIT);
	assert_int_equal(judged(SANDBOX_TIMEOUT, 0, "", "").outcome, DECRYPT_CANNOT);
	assert_int_equal(judged(SANDBOX_OVERFLOW, 0, "", "").outcome, DECRYPT_CANNOT);
	assert_int_equal(judged(SANDBOX_STOPPED, 0, "", "").outcome, DECRYPT_STOPPED);
}

static int
file_of(const char *text)
{
	char name[] = "/tmp/bkm-decrypt-XXXXXX";
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	(void)unlink(name);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}

static void
which_files(void **state)
{
	static const char *const match[] = {"secret*", NULL};
	const struct decrypt_command by_name = {.argv = NULL}, by_match = {.match = match};
	int text = file_of("hello"), salted = file_of("Salted__12345678");

	(void)state;
	assert_true(decrypt_wants(&by_name, "a.tar.gz.gpg", text));
	assert_true(decrypt_wants(&by_name, "a.sql.AGE", text));
	assert_true(decrypt_wants(&by_name, "a.enc.12", text));
	assert_false(decrypt_wants(&by_name, "a.tar.gz", text));
	assert_false(decrypt_wants(&by_name, ".gpg", text));
	assert_true(decrypt_wants(&by_name, "a.tar.gz", salted));
	assert_false(decrypt_wants(&by_match, "a.gpg", salted));
	assert_true(decrypt_wants(&by_match, "secret.tar", text));
	(void)close(text);
	(void)close(salted);
}

static void
plain_names(void **state)
{
	static const char *const names[][2] = {{"a.tar.gz.gpg", "a.tar.gz"},
	    {"a.sql.zst.age.3", "a.sql.zst.3"}, {"a.tar", "a.tar"},
	    {"/b/x.gpg/a.enc", "/b/x.gpg/a"}, {"a.gpg.enc", "a.gpg"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct buf out = BUF_INIT;

		decrypt_plain_name(names[i][0], &out);
		assert_string_equal(out.data, names[i][1]);
		buf_release(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_good_end),
	    cmocka_unit_test(what_was_said),
	    cmocka_unit_test(other_ends),
	    cmocka_unit_test(which_files),
	    cmocka_unit_test(plain_names),
	};

	return cmocka_run_group_tests_name("decrypt/judge", tests, NULL, NULL);
}
