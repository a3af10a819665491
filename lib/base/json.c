// JSON written in one go into a buffer: commas by themselves, text always valid UTF-8.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

/* The bytes that a string cannot hold as they are: controls, quote, backslash, and everything
 * that must be looked at as UTF-8. */
static bool
is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Escape the one byte at s, or copy or replace the sequence there; returns how many were used. */
static size_t
add_special(struct buf *out, const unsigned char *s, size_t avail)
{
	static const char hex[] = "0123456789abcdef";
	size_t n;

	switch (*s) {
	case '"':
		buf_add(out, "\\\"", 2);
		return 1;
	case '\\':
		buf_add(out, "\\\\", 2);
		return 1;
	case '\n':
		buf_add(out, "\\n", 2);
		return 1;
	case '\r':
		buf_add(out, "\\r", 2);
		return 1;
	case '\t':
		buf_add(out, "\\t", 2);
		return 1;
	default:
		break;
	}
	if (*s < 0x20 || *s == 0x7f) {
		char text[6] = {'\\', 'u', '0', '0', hex[*s >> 4], hex[*s & 15]};

		buf_add(out, text, sizeof(text));
		return 1;
	}
	n = str_utf8_len(s, avail);
	if (n == 0) {
		buf_add(out, "\xef\xbf\xbd", 3);
		return 1;
	}
	buf_add(out, s, n);
	return n;
}

/* How many bytes from s on are plain, eight at a time while that is certain. */
static size_t
plain_len(const unsigned char *s, size_t len)
{
	const uint64_t ones = 0x0101010101010101U, high = 0x8080808080808080U;
	size_t i = 0;
	uint64_t w, quote, backslash;

	for (; i + sizeof(w) <= len; i += sizeof(w)) {
		memcpy(&w, s + i, sizeof(w));
		quote = w ^ (ones * '"');
		backslash = w ^ (ones * '\\');
		/* A byte below 0x20 borrows, one from 0x7f on carries or is high, one that is equal to
		 * what was taken off is zero and borrows: any of them shows in a high bit. */
		if (((w - ones * 0x20) | (w + ones) | (quote - ones) | (backslash - ones) | w) &
		    high)
			break;
	}
	while (i < len && is_plain(s[i]))
		i++;
	return i;
}

static void
add_string(struct buf *out, const void *data, size_t len)
{
	const unsigned char *s = data;
	size_t i = 0, n;
	char *room = buf_reserve(out, len + 2);

	if (!room)
		return;
	*room = '"';
	out->len++;
	for (;;) {
		n = plain_len(s + i, len - i);
		buf_add(out, s + i, n);
		i += n;
		if (i == len)
			break;
		i += add_special(out, s + i, len - i);
	}
	buf_char(out, '"');
}

/* Comma, name and colon in front of a value, in one reservation. */
static void
begin(struct json *j, const char *key)
{
	size_t len = key ? strlen(key) : 0;
	char *p = buf_reserve(j->out, len + 4);
	char *start = p;

	if (!p)
		return;
	if (j->comma)
		*p++ = ',';
	if (key) {
		*p++ = '"';
		memcpy(p, key, len);
		p += len;
		*p++ = '"';
		*p++ = ':';
	}
	*p = '\0';
	j->out->len += (size_t)(p - start);
	j->comma = true;
}

void
json_init(struct json *j, struct buf *out)
{
	*j = (struct json){.out = out};
}

void
json_object(struct json *j, const char *key)
{
	begin(j, key);
	buf_char(j->out, '{');
	j->comma = false;
}

void
json_object_end(struct json *j)
{
	buf_char(j->out, '}');
	j->comma = true;
}

void
json_array(struct json *j, const char *key)
{
	begin(j, key);
	buf_char(j->out, '[');
	j->comma = false;
}

void
json_array_end(struct json *j)
{
	buf_char(j->out, ']');
	j->comma = true;
}

void
json_raw(struct json *j, const char *key, const char *text, size_t len)
{
	begin(j, key);
	buf_add(j->out, text, len);
}

void
json_null(struct json *j, const char *key)
{
	json_raw(j, key, "null", 4);
}

/* What cannot be said: left out of an object, null in an array. */
static void
unknown(struct json *j, const char *key)
{
	if (!key)
		json_null(j, NULL);
}

void
json_text(struct json *j, const char *key, const void *data, size_t len)
{
	begin(j, key);
	add_string(j->out, data, len);
}

void
json_str(struct json *j, const char *key, const char *s)
{
	if (!s) {
		unknown(j, key);
		return;
	}
	json_text(j, key, s, strlen(s));
}

static void
add_number(struct json *j, const char *key, bool negative, uint64_t v)
{
	char text[24];
	size_t i = sizeof(text);

	do {
		text[--i] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	if (negative)
		text[--i] = '-';
	json_raw(j, key, text + i, sizeof(text) - i);
}

void
json_uint(struct json *j, const char *key, uint64_t v)
{
	if (v > (uint64_t)JSON_INT_MAX)
		unknown(j, key);
	else
		add_number(j, key, false, v);
}

void
json_int(struct json *j, const char *key, int64_t v)
{
	if (v > JSON_INT_MAX || v < -JSON_INT_MAX)
		unknown(j, key);
	else
		add_number(j, key, v < 0, (uint64_t)(v < 0 ? -v : v));
}

void
json_bool(struct json *j, const char *key, bool v)
{
	json_raw(j, key, v ? "true" : "false", v ? 4 : 5);
}

void
json_real(struct json *j, const char *key, double v, int decimals)
{
	char text[64];
	int n;

	if (!isfinite(v) || fabs(v) > (double)JSON_INT_MAX) {
		unknown(j, key);
		return;
	}
	n = snprintf(text, sizeof(text), "%.*f", decimals < 0 ? 0 : decimals > 9 ? 9 : decimals, v);
	if (memchr(text, '.', (size_t)n)) {
		while (text[n - 1] == '0')
			n--;
		if (text[n - 1] == '.')
			n--;
	}
	if (n == 2 && memcmp(text, "-0", 2) == 0)
		json_raw(j, key, "0", 1);
	else
		json_raw(j, key, text, (size_t)n);
}

void
json_time(struct json *j, const char *key, int64_t t)
{
	char text[CLOCK_TEXT_LEN + 2] = "\"";
	size_t len;

	if (t == CLOCK_NONE) {
		unknown(j, key);
		return;
	}
	len = strlen(clock_format(t, text + 1));
	text[1 + len] = '"';
	json_raw(j, key, text, len + 2);
}

void
json_hex(struct json *j, const char *key, const void *data, size_t len)
{
	begin(j, key);
	buf_char(j->out, '"');
	str_add_hex(j->out, data, len);
	buf_char(j->out, '"');
}

static void
path_text(struct json *j, const char *key, const void *path, size_t len)
{
	json_text(j, key, path, len);
	if (str_is_utf8(path, len))
		return;
	if (j->comma)
		buf_char(j->out, ',');
	buf_printf(j->out, "\"%s_b64\":\"", key);
	str_add_base64(j->out, path, len);
	buf_char(j->out, '"');
}

void
json_path(struct json *j, const char *key, const char *path)
{
	if (!path) {
		unknown(j, key);
		return;
	}
	path_text(j, key, path, strlen(path));
}
