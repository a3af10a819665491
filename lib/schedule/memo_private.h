/*
 * Names of one shape: the same bytes, but for other digits in their stamps.
 *
 * A name is made from the bytes of the path outside of its stamps and from where the stamps are.
 * Where they are is decided by the classes of the bytes, by the bytes that are no digits, and by
 * comparisons of digits as numbers, all of which go through text_between(). So a path that has the same
 * bytes, other digits only where the stamps had digits, and the same answer to each comparison that
 * was made, has the same name.
 */
#ifndef SCHEDULE_MEMO_PRIVATE_H
#define SCHEDULE_MEMO_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHAPE_MAX   256 /* bytes of a path, and of a name, that is remembered; a multiple of 8 */
#define SHAPE_TESTS 40
#define MEMO_SHAPES 32 /* names of so many series may take turns */

struct shape_test { /* the n digits at `at` were (or were not) a number from min to max */
	unsigned long long min, max;
	uint16_t at, n;
	bool yes;
};

struct shape {
	size_t len, name_len, tests;
	bool failed; /* too much to remember */
	bool any;    /* digit that may be another */
	unsigned char text[SHAPE_MAX];
	unsigned char mask[SHAPE_MAX]; /* 0xff: that very byte; 0xf0: a digit */
	struct shape_test test[SHAPE_TESTS];
	char name[SHAPE_MAX];
};

/* While a name is made: a comparison, and a stamp of `used` bytes. */
void schedule_shape_test(struct shape *shape, size_t at, size_t n, unsigned long long min,
    unsigned long long max, bool yes);
void schedule_shape_stamp(struct shape *shape, size_t at, size_t used);

struct schedule_memo;

/* The name of a path of a known shape: its length and *ret_name, which lives until schedule_memo_begin; 0:
 * none is known. */
size_t
schedule_memo_find(struct schedule_memo *memo, const char *path, size_t len, const char **ret_name);

/* A shape to note how a name is made; NULL: it is too long for that. schedule_memo_end keeps it. */
struct shape *schedule_memo_begin(struct schedule_memo *memo, const char *path, size_t len);
void schedule_memo_end(struct schedule_memo *memo, const char *name, size_t len);

#endif
