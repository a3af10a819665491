// Digests: known values, names, reuse.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hash/hash.h"

static void
check(const char *name, const char *canonical, const char *text, const char *expected)
{
	struct hash *h;
	struct err err = {0};
	uint8_t out[HASH_MAX];
	size_t len;
	struct buf hex = BUF_INIT;
	if (hash_new(name, &h, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(hash_name(h), canonical);
	for (int i = 0; i < 2; i++) { /* used again */
		assert_int_equal(hash_begin(h, &err), 0);
		for (const char *p = text; *p; p++)
			assert_int_equal(hash_update(h, p, 1, &err), 0);
		assert_int_equal(hash_end(h, out, &len, &err), 0);
		buf_clear(&hex);
		str_add_hex(&hex, out, len);
		assert_string_equal(hex.data, expected);
	}
	buf_release(&hex);
	hash_free(h);
}

static void
test_known_values(void **state)
{
	(void)state;
	check("md5", "md5", "abc", "900150983cd24fb0d6963f7d28e17f72");
	check("SHA1", "sha1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
	check("sha256", "sha256", "abc",
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	check("SHA2-256", "sha256", "abc",
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	check("sha-512", "sha512", "abc",
	    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
	check("blake2b512", "blake2b512", "abc",
	    "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
	    "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
	check("CRC32C", "crc32c", "123456789", "e3069283");
	check("SHA3-256", "sha3256", "abc",
	    "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
}

/* The instruction and the table agree, in pieces of any length and alignment. */
static void
test_crc32c(void **state)
{
	(void)state;
	uint8_t data[300];
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 37 + (i >> 3));
	for (size_t at = 0; at < 9; at++)
		for (size_t n = 0; n + at < sizeof(data); n += 7) {
			uint32_t whole = hash_crc32c_portable(0, data + at, n);
			assert_int_equal(hash_crc32c(0, data + at, n), whole);
			assert_int_equal(hash_crc32c(hash_crc32c(0, data + at, n / 3),
					     data + at + n / 3, n - n / 3),
			    whole);
		}
}

static void
test_unknown(void **state)
{
	(void)state;
	struct hash *h = NULL;
	struct err err = {0};
	static const char *const bad[] = {
	    "crc99", "", "shake128", "no such thing", "averyveryveryverylongnamethatnodigesthas"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(hash_new(bad[i], &h, &err), -1);
		assert_int_equal(err.code, ERR_UNSUPPORTED);
		assert_non_null(strstr(err.msg, "unknown digest"));
	}
}

static void
test_hmac(void **state)
{
	(void)state;
	uint8_t out[HASH_MAX];
	size_t len;
	struct buf hex = BUF_INIT; /* RFC 4231, test case 2 */
	assert_int_equal(
	    hash_hmac("sha256", "Jefe", 4, "what do ya want for nothing?", 28, out, &len, NULL), 0);
	str_add_hex(&hex, out, len);
	assert_string_equal(
	    hex.data, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	buf_release(&hex);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_known_values),
	    cmocka_unit_test(test_crc32c),
	    cmocka_unit_test(test_unknown),
	    cmocka_unit_test(test_hmac),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
