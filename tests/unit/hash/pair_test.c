// Two digests side by side: any lengths in any pieces give what libcrypto gives.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hash/hash.h"

#define LONGEST 20000

static uint8_t text[HASH_PAIR][LONGEST];

static uint32_t
next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void
expect(const uint8_t *data, size_t len, const uint8_t *digest, size_t digest_len)
{
	struct hash *h;
	uint8_t out[HASH_MAX];
	size_t n;
	assert_int_equal(hash_new("sha256", &h, NULL), 0);
	assert_int_equal(hash_begin(h, NULL), 0);
	assert_int_equal(hash_update(h, data, len, NULL), 0);
	assert_int_equal(hash_end(h, out, &n, NULL), 0);
	assert_int_equal(n, digest_len);
	assert_memory_equal(out, digest, n);
	hash_free(h);
}

/* Both texts in pieces of up to most bytes, and each compared at its end. */
static void
check(struct hash_pair *pair, const size_t len[HASH_PAIR], size_t most, uint32_t *seed)
{
	size_t done[HASH_PAIR] = {0};
	uint8_t out[HASH_MAX];
	size_t n;
	for (unsigned i = 0; i < HASH_PAIR; i++)
		hash_pair_begin(pair, i);
	while (done[0] < len[0] || done[1] < len[1]) {
		const void *data[HASH_PAIR];
		size_t piece[HASH_PAIR];
		for (unsigned i = 0; i < HASH_PAIR; i++) {
			size_t left = len[i] - done[i], want = next_random(seed) % (most + 1);
			piece[i] = want < left ? want : left;
			data[i] = text[i] + done[i];
			done[i] += piece[i];
		}
		hash_pair_update(pair, data, piece);
	}
	for (unsigned i = 0; i < HASH_PAIR; i++) {
		hash_pair_end(pair, i, out, &n);
		expect(text[i], len[i], out, n);
	}
}

static void
fill_texts(void)
{
	uint32_t seed = 1;
	for (unsigned i = 0; i < HASH_PAIR; i++)
		for (size_t k = 0; k < LONGEST; k++)
			text[i][k] = (uint8_t)next_random(&seed);
}

static void
test_every_short_length(void **state)
{
	(void)state;
	struct hash_pair *pair = hash_pair_new("SHA-256");
	uint32_t seed = 2;
	if (!pair) /* this machine has no instructions for it, and the others do not need it */
		return;
	for (size_t i = 0; i <= 300; i++)
		check(pair, (const size_t[]){i, 300 - i}, 300, &seed);
	hash_pair_free(pair);
}

static void
test_any_pieces(void **state)
{
	(void)state;
	static const size_t most[] = {1, 63, 64, 65, 127, 1000, LONGEST};
	struct hash_pair *pair = hash_pair_new("sha256");
	uint32_t seed = 3;
	if (!pair)
		return;
	for (size_t i = 0; i < 20 * ARRAY_LEN(most); i++) {
		size_t longest = i % 2 ? LONGEST : 2000;
		const size_t len[HASH_PAIR] = {
		    next_random(&seed) % longest, next_random(&seed) % longest};
		check(pair, len, most[i % ARRAY_LEN(most)], &seed);
	}
	hash_pair_free(pair);
}

/* One lane ends and begins anew while the other goes on. */
static void
test_lanes_are_independent(void **state)
{
	(void)state;
	struct hash_pair *pair = hash_pair_new("sha256");
	uint8_t out[HASH_MAX];
	size_t n;
	if (!pair)
		return;
	hash_pair_begin(pair, 0);
	for (size_t i = 0; i < 100; i++) {
		hash_pair_begin(pair, 1);
		hash_pair_update(pair, (const void *const[]){text[0] + 100 * i, text[1]},
		    (const size_t[]){100, 2 * i});
		hash_pair_end(pair, 1, out, &n);
		expect(text[1], 2 * i, out, n);
	}
	hash_pair_end(pair, 0, out, &n);
	expect(text[0], 10000, out, n);
	hash_pair_free(pair);
}

static void
test_only_sha256(void **state)
{
	(void)state;
	assert_null(hash_pair_new("md5"));
	assert_null(hash_pair_new("sha512"));
	assert_null(hash_pair_new(""));
	hash_pair_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_short_length),
	    cmocka_unit_test(test_any_pieces),
	    cmocka_unit_test(test_lanes_are_independent),
	    cmocka_unit_test(test_only_sha256),
	};
	fill_texts();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
