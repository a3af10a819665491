/*
 * The text of a path with its character classes, and a look at it that never leaves it.
 */
#ifndef SCHEDULE_TEXT_PRIVATE_H
#define SCHEDULE_TEXT_PRIVATE_H

#include "base/base.h"
#include "schedule/memo_private.h"
#include "schedule/stamp_private.h"

enum {
	CLASS_DIGIT = 1,
	CLASS_LETTER = 2,
	CLASS_HEX_LOWER = 4,
	CLASS_HEX_UPPER = 8,
	CLASS_SEP = 16
};

/* Bytes of UTF-8 sequences count as letters. */
extern const unsigned char schedule_stamp_classes[256];

static inline unsigned
text_class(unsigned char c)
{
	return schedule_stamp_classes[c];
}

static inline bool
text_ascii_alnum(unsigned char c)
{
	return c < 0x80 && (text_class(c) & (CLASS_DIGIT | CLASS_LETTER));
}

/* The byte at `at`, or "/" outside of the text: the end of a component either way. */
static inline unsigned char
text_at(const struct stamp_text *text, size_t at)
{
	return at < text->len ? text->s[at] : '/';
}

static inline bool
text_is(const struct stamp_text *text, size_t at, unsigned class)
{
	return (text_class(text_at(text, at)) & class) != 0;
}

static inline bool
text_digit(const struct stamp_text *text, size_t at)
{
	return text_is(text, at, CLASS_DIGIT);
}

static inline bool
text_letter(const struct stamp_text *text, size_t at)
{
	return text_is(text, at, CLASS_LETTER);
}

static inline bool
text_alnum(const struct stamp_text *text, size_t at)
{
	return text_is(text, at, CLASS_DIGIT | CLASS_LETTER);
}

static inline bool
text_alnum_before(const struct stamp_text *text, size_t at)
{
	return at > 0 && text_alnum(text, at - 1);
}

static inline size_t
text_digits(const struct stamp_text *text, size_t at)
{
	size_t n = 0;

	while (text_digit(text, at + n))
		n++;
	return n;
}

/* n digits that are there, as a number. */
static inline unsigned long long
text_number(const struct stamp_text *text, size_t at, size_t n)
{
	unsigned long long value = 0;

	for (size_t i = 0; i < n; i++)
		value = value * 10 + (unsigned long long)(text->s[at + i] - '0');
	return value;
}

/* The n digits at `at` are a number from min to max. All that is ever asked about the value of a digit. */
static inline bool
text_between(const struct stamp_text *text, size_t at, size_t n, unsigned long long min,
    unsigned long long max)
{
	unsigned long long value = text_number(text, at, n);
	bool yes = value >= min && value <= max;

	if (text->shape)
		schedule_shape_test(text->shape, at, n, min, max, yes);
	return yes;
}

/* The byte at `at` is one of set. */
static inline bool
text_one_of(const struct stamp_text *text, size_t at, const char *set)
{
	unsigned char c = text_at(text, at);

	return c != '\0' && at < text->len && strchr(set, c);
}

/* word (lower case) stands at `at`, in either case. */
static inline bool
text_word(const struct stamp_text *text, size_t at, const char *word)
{
	size_t i;

	for (i = 0; word[i]; i++) {
		if ((text_at(text, at + i) | 0x20) != (unsigned char)word[i])
			return false;
	}
	return true;
}

static inline bool
is_year(const struct stamp_text *text, size_t at)
{
	return text_between(text, at, 4, 1980, 2099);
}

static inline bool
is_month(const struct stamp_text *text, size_t at)
{
	return text_between(text, at, 2, 1, 12);
}

static inline bool
is_day(const struct stamp_text *text, size_t at)
{
	return text_between(text, at, 2, 1, 31);
}

/* Hours and minutes, and seconds if n is 6 or more. */
static inline bool
is_clock(const struct stamp_text *text, size_t at, size_t n)
{
	return text_between(text, at, 2, 0, 24) &&
	    (n < 4 || text_between(text, at + 2, 2, 0, 59)) &&
	    (n < 6 || text_between(text, at + 4, 2, 0, 60));
}

#endif
