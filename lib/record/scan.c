// A strict reader of JSON text that builds no tree: it says where values stand, or what is wrong.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "record/record_private.h"

#define KEYS_AT_FIRST 64 /* slots; a power of two */

struct record_scan *
record_scan_new(void)
{
	struct record_scan *scan = mem_alloc(sizeof(*scan));

	scan->key_cap = KEYS_AT_FIRST;
	scan->keys = mem_array(scan->key_cap, sizeof(*scan->keys));
	scan->names = record_arena_new();
	/* Hostile lines must not be able to choose names that collide. */
	if (getrandom(&scan->seed, sizeof(scan->seed), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(scan->seed))
		scan->seed = (uint64_t)(uintptr_t)scan ^ (uint64_t)clock_mono_ms();
	return scan;
}

void
record_scan_free(struct record_scan *scan)
{
	if (!scan)
		return;
	record_arena_free(scan->names);
	free(scan->keys);
	free(scan);
}

void
record_scan_start(struct record_scan *scan, const char *text, size_t len, bool trusted)
{
	scan->s = (const unsigned char *)text;
	scan->len = len;
	scan->i = 0;
	scan->trusted = trusted;
	scan->code = ERR_NONE;
	scan->problem[0] = '\0';
	scan->key_count = 0;
	scan->object = 0;
	if (!trusted)
		record_arena_reset(scan->names);
	if (++scan->stamp == 0) {
		memset(scan->keys, 0, scan->key_cap * sizeof(*scan->keys));
		scan->stamp = 1;
	}
}

int
record_scan_fail(struct record_scan *scan, const char *fmt, ...)
{
	va_list ap;

	if (scan->code != ERR_NONE)
		return -1;
	scan->code = ERR_FORMAT;
	va_start(ap, fmt);
	(void)vsnprintf(scan->problem, sizeof(scan->problem), fmt, ap);
	va_end(ap);
	return -1;
}

static int
fail_syntax(struct record_scan *scan)
{
	if (scan->i >= scan->len)
		return record_scan_fail(scan, "not a JSON object: it ends too early");
	return record_scan_fail(scan, "not a JSON object: unexpected byte at %zu", scan->i + 1);
}

/* ---------------------------------------------------------------- strings */

/* How many of the eight bytes at s, from the first on, are plain inside a string: ASCII, no
 * control, quote or backslash. */
static size_t
plain_of_eight(const unsigned char *s)
{
	const uint64_t ones = 0x0101010101010101ULL, highs = 0x8080808080808080ULL;
	uint64_t w, quote, slash;

	memcpy(&w, s, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	w = __builtin_bswap64(w);
#endif
	quote = w ^ (ones * '"');
	slash = w ^ (ones * '\\');
	/* A borrow makes only bytes behind a true hit look like one: the lowest is right. */
	w = (w | (w - ones * 0x20) | (quote - ones) | (slash - ones)) & highs;
	return w ? (size_t)__builtin_ctzll(w) / 8 : 8;
}

static uint32_t
four_hex(const unsigned char *s)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++)
		v = v << 4 | (uint32_t)str_hex_value((char)s[i]);
	return v;
}

/* uXXXX at i: the code unit, or -1. */
static int
scan_unit(struct record_scan *scan, size_t i, uint32_t *ret_unit)
{
	for (size_t n = i + 1; n <= i + 4; n++) {
		if (n >= scan->len || str_hex_value((char)scan->s[n]) < 0) {
			scan->i = n;
			return fail_syntax(scan);
		}
	}
	*ret_unit = four_hex(scan->s + i + 1);
	return 0;
}

/* A backslash and what belongs to it. Half a surrogate pair is no character: refused, as jq does. */
static int
scan_escape(struct record_scan *scan)
{
	size_t i = scan->i + 1;
	uint32_t unit, low = 0;

	if (i >= scan->len) {
		scan->i = i;
		return fail_syntax(scan);
	}
	if (scan->s[i] != 'u') {
		if (scan->s[i] == '\0' || !strchr("\"\\/bfnrt", scan->s[i]))
			return fail_syntax(scan);
		scan->i = i + 1;
		return 0;
	}
	if (scan_unit(scan, i, &unit) < 0)
		return -1;
	i += 5;
	if (unit >= 0xd800 && unit < 0xdc00 && scan->len - i >= 6 && scan->s[i] == '\\' &&
	    scan->s[i + 1] == 'u') {
		if (scan_unit(scan, i + 1, &low) < 0)
			return -1;
		i += 6;
	}
	if (unit >= 0xd800 && unit < 0xe000 && (unit >= 0xdc00 || low < 0xdc00 || low >= 0xe000))
		return record_scan_fail(scan, "half a surrogate pair at byte %zu", scan->i + 1);
	scan->i = i;
	return 0;
}

/* scan->i is at its quote. */
static int
scan_string(struct record_scan *scan, struct record_value *ret_value)
{
	size_t start = scan->i, n;
	bool escaped = false;

	scan->i++;
	for (;;) {
		unsigned char c;

		while (scan->i + 8 <= scan->len) {
			n = plain_of_eight(scan->s + scan->i);
			scan->i += n;
			if (n < 8)
				break;
		}
		if (scan->i >= scan->len)
			return fail_syntax(scan);
		c = scan->s[scan->i];
		if (c == '"')
			break;
		if (c == '\\') {
			escaped = true;
			if (scan_escape(scan) < 0)
				return -1;
		} else if (c < 0x20) {
			return fail_syntax(scan);
		} else if (c < 0x80) {
			scan->i++;
		} else {
			n = str_utf8_len(scan->s + scan->i, scan->len - scan->i);
			if (n == 0)
				return record_scan_fail(scan, "not UTF-8 at byte %zu", scan->i + 1);
			scan->i += n;
		}
	}
	scan->i++;
	*ret_value = (struct record_value){.type = RECORD_JSON_STRING,
	    .escaped = escaped,
	    .at = (uint32_t)start,
	    .len = (uint32_t)(scan->i - start)};
	return 0;
}

static size_t
put_utf8(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* The escape at s (behind the backslash), which was scanned before; how many bytes it was. */
static size_t
decode_escape(const unsigned char *s, char *out, size_t *ret_len)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	uint32_t c;

	*ret_len = 1;
	if (*s != 'u') {
		*out = to[strchr(from, *s) - from];
		return 1;
	}
	c = four_hex(s + 1);
	if (c >= 0xd800 && c < 0xdc00) {
		c = 0x10000 + ((c - 0xd800) << 10) + (four_hex(s + 7) - 0xdc00);
		*ret_len = put_utf8(out, c);
		return 11;
	}
	*ret_len = put_utf8(out, c);
	return 5;
}

size_t
record_scan_decode(const char *text, const struct record_value *v, char *out)
{
	const unsigned char *s = (const unsigned char *)text + v->at + 1;
	size_t len = v->len - 2, n = 0;

	if (!v->escaped) {
		memcpy(out, s, len);
		return len;
	}
	for (size_t i = 0; i < len;) {
		size_t wrote = 1;

		if (s[i] == '\\') {
			i++;
			i += decode_escape(s + i, out + n, &wrote);
		} else {
			out[n] = (char)s[i++];
		}
		n += wrote;
	}
	return n;
}

/* ---------------------------------------------------------------- values */

static bool
is_digit(const struct record_scan *scan)
{
	return scan->i < scan->len && scan->s[scan->i] >= '0' && scan->s[scan->i] <= '9';
}

static int
scan_digits(struct record_scan *scan)
{
	if (!is_digit(scan))
		return fail_syntax(scan);
	while (is_digit(scan))
		scan->i++;
	return 0;
}

static int
scan_number(struct record_scan *scan)
{
	if (scan->s[scan->i] == '-')
		scan->i++;
	if (scan->i < scan->len && scan->s[scan->i] == '0') {
		scan->i++;
		if (is_digit(scan))
			return fail_syntax(scan);
	} else if (scan_digits(scan) < 0) {
		return -1;
	}
	if (scan->i < scan->len && scan->s[scan->i] == '.') {
		scan->i++;
		if (scan_digits(scan) < 0)
			return -1;
	}
	if (scan->i < scan->len && (scan->s[scan->i] | 0x20) == 'e') {
		scan->i++;
		if (scan->i < scan->len && (scan->s[scan->i] == '+' || scan->s[scan->i] == '-'))
			scan->i++;
		return scan_digits(scan);
	}
	return 0;
}

static int
scan_word(struct record_scan *scan, const char *word)
{
	size_t len = strlen(word);

	if (scan->len - scan->i < len || memcmp(scan->s + scan->i, word, len) != 0)
		return fail_syntax(scan);
	scan->i += len;
	return 0;
}

/* What comes behind an element: 1 another one, 0 the end of the container, -1. */
static int
scan_next(struct record_scan *scan, unsigned char close)
{
	record_scan_blanks(scan);
	if (scan->i >= scan->len)
		return fail_syntax(scan);
	if (scan->s[scan->i] == close) {
		scan->i++;
		return 0;
	}
	if (scan->s[scan->i] != ',')
		return fail_syntax(scan);
	scan->i++;
	record_scan_blanks(scan);
	return 1;
}

/* After the opening bracket: true if the container is empty; it is then closed. */
static bool
scan_empty(struct record_scan *scan, unsigned char close)
{
	scan->i++;
	record_scan_blanks(scan);
	if (scan->i >= scan->len || scan->s[scan->i] != close)
		return false;
	scan->i++;
	return true;
}

int
record_scan_member(struct record_scan *scan, uint32_t object, unsigned depth,
    struct record_value *ret_name, struct record_value *ret_value)
{
	if (scan->i >= scan->len || scan->s[scan->i] != '"')
		return fail_syntax(scan);
	if (scan_string(scan, ret_name) < 0)
		return -1;
	if (!scan->trusted && record_scan_name(scan, object, ret_name) < 0)
		return -1;
	record_scan_blanks(scan);
	if (scan->i >= scan->len || scan->s[scan->i] != ':')
		return fail_syntax(scan);
	scan->i++;
	record_scan_blanks(scan);
	return record_scan_value(scan, depth, ret_value);
}

int
record_scan_open(struct record_scan *scan, unsigned char open, bool *ret_empty)
{
	if (scan->i >= scan->len || scan->s[scan->i] != open)
		return fail_syntax(scan);
	*ret_empty = scan_empty(scan, (unsigned char)(open == '{' ? '}' : ']'));
	return 0;
}

int
record_scan_more(struct record_scan *scan, unsigned char open)
{
	return scan_next(scan, (unsigned char)(open == '{' ? '}' : ']'));
}

/* To the end of a container whose insides were checked before. */
static int
skip_container(struct record_scan *scan)
{
	struct record_value string;
	size_t depth = 0;

	while (scan->i < scan->len) {
		switch (scan->s[scan->i]) {
		case '"':
			if (scan_string(scan, &string) < 0)
				return -1;
			continue;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			depth--;
			break;
		default:
			break;
		}
		scan->i++;
		if (!depth)
			return 0;
	}
	return fail_syntax(scan);
}

static int
scan_container(struct record_scan *scan, unsigned char open, unsigned depth)
{
	uint32_t object = ++scan->object;
	struct record_value name, value;
	bool empty;
	int r;

	if (scan->trusted)
		return skip_container(scan);
	if (depth >= RECORD_DEPTH_MAX) {
		(void)record_scan_fail(scan, "nested deeper than %d levels", RECORD_DEPTH_MAX);
		scan->code = ERR_LIMIT;
		return -1;
	}
	if (record_scan_open(scan, open, &empty) < 0)
		return -1;
	if (empty)
		return 0;
	do {
		r = open == '{' ? record_scan_member(scan, object, depth + 1, &name, &value)
				: record_scan_value(scan, depth + 1, &value);
		if (r < 0)
			return -1;
		r = record_scan_more(scan, open);
	} while (r > 0);
	return r;
}

int
record_scan_value(struct record_scan *scan, unsigned depth, struct record_value *ret_value)
{
	size_t start = scan->i;
	enum record_json type;
	int r;

	if (scan->i >= scan->len)
		return fail_syntax(scan);
	switch (scan->s[scan->i]) {
	case '"':
		return scan_string(scan, ret_value);
	case '{':
		type = RECORD_JSON_OBJECT;
		r = scan_container(scan, '{', depth);
		break;
	case '[':
		type = RECORD_JSON_ARRAY;
		r = scan_container(scan, '[', depth);
		break;
	case 't':
		type = RECORD_JSON_TRUE;
		r = scan_word(scan, "true");
		break;
	case 'f':
		type = RECORD_JSON_FALSE;
		r = scan_word(scan, "false");
		break;
	case 'n':
		type = RECORD_JSON_NULL;
		r = scan_word(scan, "null");
		break;
	default:
		type = RECORD_JSON_NUMBER;
		r = scan_number(scan);
		break;
	}
	*ret_value = (struct record_value){
	    .type = type, .at = (uint32_t)start, .len = (uint32_t)(scan->i - start)};
	return r;
}
