// Two SHA-256 digests side by side in one thread, with the SHA instructions of x86-64.
#include "hash/hash.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define BLOCK  64
#define ROUNDS 64

/* FIPS 180-4, 4.2.2. */
static const uint32_t round_constants[ROUNDS] __attribute__((aligned(16))) = {0x428a2f98,
    0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
    0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1,
    0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152,
    0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1,
    0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
    0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee,
    0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/* The instructions want the eight words as f e b a and h g d c; so they are kept. */
enum { F, E, B, A, H, G, D, C, WORDS };

struct lane {
	uint32_t state[WORDS] __attribute__((aligned(16)));
	uint64_t bytes;
	uint8_t rest[BLOCK]; /* bytes % BLOCK of them wait here */
};

struct hash_pair {
	struct lane lanes[HASH_PAIR];
};

struct group { /* of one lane: its state, and the last 16 words of the schedule */
	__m128i feba, hgdc, w[4];
};

#define SHA_NI __attribute__((target("sha,sse4.1"), always_inline)) static inline

SHA_NI void
load(struct group *g, const struct lane *lane)
{
	g->feba = _mm_load_si128((const __m128i *)(const void *)lane->state);
	g->hgdc = _mm_load_si128((const __m128i *)(const void *)(lane->state + 4));
}

SHA_NI void
take_words(struct group *g, const uint8_t *data, int i)
{
	const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	g->w[i] = _mm_shuffle_epi8(
	    _mm_loadu_si128((const __m128i *)(const void *)(data + 16 * i)), big_endian);
}

/* Words 4 i to 4 i + 3 of the schedule (FIPS 180-4, 6.2.2 step 1), from the 16 before them. */
SHA_NI void
next_words(struct group *g, int i)
{
	__m128i last = g->w[(i + 3) & 3];
	__m128i sum = _mm_sha256msg1_epu32(g->w[i & 3], g->w[(i + 1) & 3]);
	sum = _mm_add_epi32(sum, _mm_alignr_epi8(last, g->w[(i + 2) & 3], 4));
	g->w[i & 3] = _mm_sha256msg2_epu32(sum, last);
}

SHA_NI void
words(struct group *g, const uint8_t *data, int i)
{
	if (i < 4)
		take_words(g, data, i);
	else
		next_words(g, i);
}

SHA_NI void
four_rounds(struct group *g, int i)
{
	__m128i k = _mm_load_si128((const __m128i *)(const void *)(round_constants + 4 * i));
	__m128i wk = _mm_add_epi32(g->w[i & 3], k);
	g->hgdc = _mm_sha256rnds2_epu32(g->hgdc, g->feba, wk);
	g->feba = _mm_sha256rnds2_epu32(g->feba, g->hgdc, _mm_shuffle_epi32(wk, 0x0e));
}

SHA_NI void
store(struct group *g, struct lane *lane)
{
	__m128i *to = (__m128i *)(void *)lane->state;
	_mm_store_si128(to, _mm_add_epi32(_mm_load_si128(to), g->feba));
	_mm_store_si128(to + 1, _mm_add_epi32(_mm_load_si128(to + 1), g->hgdc));
}

/* The rounds of one message wait for each other; those of another fill the gaps. */
SHA_NI void
rounds(
    bool two, struct lane *x, const uint8_t *px, struct lane *y, const uint8_t *py, size_t blocks)
{
	struct group a, b;
	for (; blocks; blocks--, px += BLOCK, py += BLOCK) {
		load(&a, x);
		if (two)
			load(&b, y);
#pragma GCC unroll 16
		for (int i = 0; i < ROUNDS / 4; i++) {
			words(&a, px, i);
			if (two)
				words(&b, py, i);
			four_rounds(&a, i);
			if (two)
				four_rounds(&b, i);
		}
		store(&a, x);
		if (two)
			store(&b, y);
	}
}

__attribute__((target("sha,sse4.1"))) static void
compress(struct lane *x, const uint8_t *px, struct lane *y, const uint8_t *py, size_t blocks)
{
	rounds(true, x, px, y, py, blocks);
}

__attribute__((target("sha,sse4.1"))) static void
compress_one(struct lane *l, const uint8_t *data, size_t blocks)
{
	rounds(false, l, data, l, data, blocks);
}

/* Bytes that complete a block begun before, or that begin one. The number used. */
static size_t
fill_rest(struct lane *l, const uint8_t *data, size_t len)
{
	size_t have = l->bytes % BLOCK;
	size_t take = BLOCK - have < len ? BLOCK - have : len;
	memcpy(l->rest + have, data, take);
	l->bytes += take;
	if (have + take == BLOCK)
		compress_one(l, l->rest, 1);
	return take;
}

void
hash_pair_begin(struct hash_pair *pair, unsigned lane)
{
	static const uint32_t first[WORDS] = {/* FIPS 180-4, 5.3.3 */
	    [A] = 0x6a09e667,
	    [B] = 0xbb67ae85,
	    [C] = 0x3c6ef372,
	    [D] = 0xa54ff53a,
	    [E] = 0x510e527f,
	    [F] = 0x9b05688c,
	    [G] = 0x1f83d9ab,
	    [H] = 0x5be0cd19};
	struct lane *l = &pair->lanes[lane];
	memcpy(l->state, first, sizeof(first));
	l->bytes = 0;
}

void
hash_pair_update(
    struct hash_pair *pair, const void *const data[HASH_PAIR], const size_t len[HASH_PAIR])
{
	const uint8_t *at[HASH_PAIR];
	size_t blocks[HASH_PAIR], left[HASH_PAIR];
	struct lane *l = pair->lanes;
	for (unsigned i = 0; i < HASH_PAIR; i++) {
		size_t used = 0;
		if (len[i] && l[i].bytes % BLOCK)
			used = fill_rest(&l[i], data[i], len[i]);
		at[i] = len[i] ? (const uint8_t *)data[i] + used : NULL;
		blocks[i] = (len[i] - used) / BLOCK;
		left[i] = (len[i] - used) % BLOCK;
		l[i].bytes += blocks[i] * BLOCK;
	}
	size_t both = blocks[0] < blocks[1] ? blocks[0] : blocks[1];
	if (both)
		compress(&l[0], at[0], &l[1], at[1], both);
	for (unsigned i = 0; i < HASH_PAIR; i++) {
		if (blocks[i] > both)
			compress_one(&l[i], at[i] + both * BLOCK, blocks[i] - both);
		if (left[i])
			fill_rest(&l[i], at[i] + blocks[i] * BLOCK, left[i]);
	}
}

static void
put_be32(uint8_t *to, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(v >> (24 - 8 * i));
}

void
hash_pair_end(struct hash_pair *pair, unsigned lane, uint8_t out[HASH_MAX], size_t *ret_len)
{
	static const int order[WORDS] = {A, B, C, D, E, F, G, H};
	struct lane *l = &pair->lanes[lane];
	uint64_t bits = l->bytes * 8;
	size_t have = l->bytes % BLOCK;
	uint8_t end[2 * BLOCK] = {0};
	size_t blocks = have + 9 <= BLOCK ? 1 : 2;
	memcpy(end, l->rest, have);
	end[have] = 0x80;
	put_be32(end + blocks * BLOCK - 8, (uint32_t)(bits >> 32));
	put_be32(end + blocks * BLOCK - 4, (uint32_t)bits);
	compress_one(l, end, blocks);
	for (int i = 0; i < WORDS; i++)
		put_be32(out + 4 * i, l->state[order[i]]);
	*ret_len = 4 * WORDS;
}

static bool
has_instructions(void)
{
	unsigned a, b, c, d;
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSE4_1) || !(c & bit_SSSE3))
		return false;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

/* Both lanes, with lengths and pieces that meet every branch, against libcrypto. */
static bool
passes_test(struct hash_pair *pair)
{
	static const size_t lens[] = {0, 55, 64, 119, 500};
	uint8_t text[512], mine[HASH_MAX], theirs[HASH_MAX];
	size_t n;
	struct hash *reference = NULL;
	bool ok = hash_new("sha256", &reference, NULL) == 0;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 131 + 7);
	for (size_t i = 0; ok && i < ARRAY_LEN(lens); i++) {
		const size_t len[HASH_PAIR] = {lens[i], lens[ARRAY_LEN(lens) - 1 - i]};
		for (unsigned k = 0; k < HASH_PAIR; k++)
			hash_pair_begin(pair, k);
		const size_t first[HASH_PAIR] = {len[0] / 3, len[1] / 2};
		hash_pair_update(pair, (const void *const[]){text, text + 5}, first);
		hash_pair_update(pair, (const void *const[]){text + first[0], text + 5 + first[1]},
		    (const size_t[]){len[0] - first[0], len[1] - first[1]});
		for (unsigned k = 0; ok && k < HASH_PAIR; k++) {
			hash_pair_end(pair, k, mine, &n);
			ok = hash_begin(reference, NULL) == 0 &&
			    hash_update(reference, text + 5 * k, len[k], NULL) == 0 &&
			    hash_end(reference, theirs, &n, NULL) == 0 && !memcmp(mine, theirs, n);
		}
	}
	hash_free(reference);
	return ok;
}

struct hash_pair *
hash_pair_new(const char *name)
{
	char canonical[HASH_NAME_MAX];
	if (hash_canonical(name, canonical) < 0 || strcmp(canonical, "sha256") != 0 ||
	    !has_instructions())
		return NULL;
	struct hash_pair *pair = mem_alloc(sizeof(*pair));
	if (passes_test(pair))
		return pair;
	hash_pair_free(pair);
	return NULL;
}

void
hash_pair_free(struct hash_pair *pair)
{
	free(pair);
}

#else

struct hash_pair *
hash_pair_new(const char *name)
{
	(void)name;
	return NULL;
}

void
hash_pair_free(struct hash_pair *pair)
{
	(void)pair;
}

void
hash_pair_begin(struct hash_pair *pair, unsigned lane)
{
	(void)pair, (void)lane;
}

void
hash_pair_update(
    struct hash_pair *pair, const void *const data[HASH_PAIR], const size_t len[HASH_PAIR])
{
	(void)pair, (void)data, (void)len;
}

void
hash_pair_end(struct hash_pair *pair, unsigned lane, uint8_t out[HASH_MAX], size_t *ret_len)
{
	(void)pair, (void)lane, (void)out, (void)ret_len;
}

#endif
