// Remember how names were made, so that a name of the same shape need not be made again.
#include "schedule/memo_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "schedule/name.h"

#define EACH(byte) (0x0101010101010101U * (byte))
#define WORD       sizeof(uint64_t)

struct schedule_memo {
	struct shape shapes[MEMO_SHAPES];
	size_t last;     /* that fitted, or was kept */
	unsigned misses; /* since one fitted, the name at hand included */
};

struct schedule_memo *
schedule_memo_new(void)
{
	return mem_alloc(sizeof(struct schedule_memo));
}

void
schedule_memo_free(struct schedule_memo *memo)
{
	free(memo);
}

/* Where no two names are alike, one in sixteen is tried. */
static bool
is_barren(const struct schedule_memo *memo)
{
	return memo->misses > 2 * MEMO_SHAPES && memo->misses % 16;
}

/* ---------------------------------------------------------------- while a name is made */
void
schedule_shape_test(struct shape *shape, size_t at, size_t n, unsigned long long min,
    unsigned long long max, bool yes)
{
	shape->failed = shape->failed || shape->tests == SHAPE_TESTS;
	if (!shape->failed)
		shape->test[shape->tests++] = (struct shape_test){
		    .min = min, .max = max, .at = (uint16_t)at, .n = (uint16_t)n, .yes = yes};
}

void
schedule_shape_stamp(struct shape *shape, size_t at, size_t used)
{
	for (size_t i = at; i < at + used; i++) {
		if (shape->text[i] >= '0' && shape->text[i] <= '9') {
			shape->mask[i] = 0xf0;
			shape->any = true;
		}
	}
}

struct shape *
schedule_memo_begin(struct schedule_memo *memo, const char *path, size_t len)
{
	struct shape *shape = &memo->shapes[(memo->last + 1) % MEMO_SHAPES];

	if (len < WORD || len > SHAPE_MAX || is_barren(memo))
		return NULL;
	shape->len = 0;
	shape->tests = 0;
	shape->failed = shape->any = false;
	memcpy(shape->text, path, len);
	memset(shape->mask, 0xff, len);
	shape->name_len = len;
	return shape;
}

/* Are all its digits outside of the stamps? They are the same then, and so is the answer. */
static bool
is_settled(const struct shape *shape, const struct shape_test *test)
{
	return memchr(shape->mask + test->at, 0xf0, test->n) == NULL;
}

void
schedule_memo_end(struct schedule_memo *memo, const char *name, size_t len)
{
	size_t last = (memo->last + 1) % MEMO_SHAPES, kept = 0;
	struct shape *shape = &memo->shapes[last];

	if (shape->failed || !shape->any || len > SHAPE_MAX)
		return;
	for (size_t i = 0; i < shape->tests; i++) {
		if (!is_settled(shape, &shape->test[i]))
			shape->test[kept++] = shape->test[i];
	}
	shape->tests = kept;
	shape->len = shape->name_len;
	shape->name_len = len;
	memcpy(shape->name, name, len);
	memo->last = last;
}

/* ---------------------------------------------------------------- a path of a known shape */
static uint64_t
word_at(const void *s)
{
	uint64_t w;

	memcpy(&w, s, sizeof(w));
	return w;
}

/* 0: the eight bytes at `at` are those of the shape, or other digits where these may be. */
static uint64_t
differs(const struct shape *shape, const char *path, size_t at)
{
	uint64_t w = word_at(path + at), mask = word_at(shape->mask + at);
	uint64_t beyond_9 = ((w & EACH(0x0f)) + EACH(6)) & ((~mask & EACH(8)) << 1);

	return ((w ^ word_at(shape->text + at)) & mask) | beyond_9;
}

static bool
has_shape(const struct shape *shape, const char *path, size_t len)
{
	size_t at;

	if (shape->len != len || differs(shape, path, len - WORD))
		return false;
	for (at = 0; at + WORD < len; at += WORD) {
		if (differs(shape, path, at))
			return false;
	}
	return true;
}

static bool
answers(const struct shape_test *test, const char *path)
{
	unsigned long long value = 0;

	for (size_t i = test->at; i < (size_t)test->at + test->n; i++)
		value = value * 10 + (unsigned long long)(path[i] - '0');
	return (value >= test->min && value <= test->max) == test->yes;
}

static bool
fits(const struct shape *shape, const char *path, size_t len)
{
	if (!has_shape(shape, path, len))
		return false;
	for (size_t i = 0; i < shape->tests; i++) {
		if (!answers(&shape->test[i], path))
			return false;
	}
	return true;
}

size_t
schedule_memo_find(struct schedule_memo *memo, const char *path, size_t len, const char **ret_name)
{
	memo->misses++;
	for (size_t i = 0; i < MEMO_SHAPES && !is_barren(memo); i++) {
		size_t n = (memo->last + i) % MEMO_SHAPES;

		if (len >= WORD && fits(&memo->shapes[n], path, len)) {
			memo->last = n;
			memo->misses = 0;
			*ret_name = memo->shapes[n].name;
			return memo->shapes[n].name_len;
		}
	}
	return 0;
}
