// Text helpers: numbers, durations, sizes, UTF-8, base64, hex, the nearest word.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

int
str_to_u64(const char *s, uint64_t min, uint64_t max, uint64_t *ret_v, struct err *err)
{
	uint64_t v = 0;

	if (!*s)
		return err_set(err, ERR_FORMAT, "not a number: ''");
	for (const char *p = s; *p; p++) {
		unsigned d = (unsigned)(*p - '0');

		if (d > 9)
			return err_set(err, ERR_FORMAT, "not a number: '%s'", s);
		if (v > (UINT64_MAX - d) / 10)
			return err_set(err, ERR_LIMIT, "number too large: '%s'", s);
		v = v * 10 + d;
	}
	if (v < min || v > max)
		return err_set(
		    err, ERR_LIMIT, "'%s' is not between %" PRIu64 " and %" PRIu64, s, min, max);
	*ret_v = v;
	return 0;
}

int
str_to_i64(const char *s, int64_t min, int64_t max, int64_t *ret_v, struct err *err)
{
	bool negative = *s == '-';
	uint64_t v = 0;
	int64_t result;

	if (str_to_u64(s + negative, 0, (uint64_t)INT64_MAX, &v, err) < 0)
		return -1;
	result = negative ? -(int64_t)v : (int64_t)v;
	if (result < min || result > max)
		return err_set(
		    err, ERR_LIMIT, "'%s' is not between %" PRId64 " and %" PRId64, s, min, max);
	*ret_v = result;
	return 0;
}

int
str_to_duration(const char *s, int64_t *ret_seconds, struct err *err)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	const char *p = s;
	int64_t total = 0;

	if (strcmp(s, "0") == 0) {
		*ret_seconds = 0;
		return 0;
	}
	while (*p) {
		int64_t v = 0, factor = 0;
		const char *start = p;

		for (; *p >= '0' && *p <= '9'; p++) {
			v = v * 10 + (*p - '0');
			if (v > 1000000000)
				return err_set(err, ERR_LIMIT, "duration too long: '%s'", s);
		}
		for (size_t i = 0; i < ARRAY_LEN(units); i++) {
			if (*p == units[i].unit)
				factor = units[i].seconds;
		}
		if (p == start || !factor) {
			p = s; /* a number without a unit, or no number */
			break;
		}
		total += v * factor;
		p++;
	}
	if (*p || p == s)
		return err_set(
		    err, ERR_FORMAT, "not a duration: '%s' (write 90s, 5m, 1h30m, 2d or 1w)", s);
	if (total > INT64_C(315360000000))
		return err_set(err, ERR_LIMIT, "duration too long: '%s'", s);
	*ret_seconds = total;
	return 0;
}

int
str_to_size(const char *s, uint64_t *ret_bytes, struct err *err)
{
	static const char letters[] = "KMGTPE";
	const char *p = s, *letter;
	uint64_t whole = 0, frac = 0, frac_unit = 1, unit = 1;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (whole > UINT64_MAX / 16)
			return err_set(err, ERR_LIMIT, "size too large: '%s'", s);
		whole = whole * 10 + (uint64_t)(*p - '0');
	}
	if (p == s)
		return err_set(err, ERR_FORMAT, "not a size: '%s' (write 1500, 10M or 50G)", s);
	if (*p == '.') {
		for (p++; *p >= '0' && *p <= '9' && frac_unit < 1000000; p++) {
			frac = frac * 10 + (uint64_t)(*p - '0');
			frac_unit *= 10;
		}
	}
	if (*p && *p != 'B') {
		uint64_t base;

		letter = strchr(letters, *p >= 'a' ? *p - 'a' + 'A' : *p);
		if (!letter)
			return err_set(
			    err, ERR_FORMAT, "not a size: '%s' (write 1500, 10M or 50G)", s);
		p++;
		base = strcmp(p, "B") == 0 ? 1000 : 1024;
		if (*p == 'i')
			p++;
		for (const char *l = letters; l <= letter; l++)
			unit *= base;
	}
	if (*p == 'B')
		p++;
	if (*p || (unit == 1 && frac))
		return err_set(err, ERR_FORMAT, "not a size: '%s' (write 1500, 10M or 50G)", s);
	if (whole > (UINT64_C(1) << 53) / unit)
		return err_set(err, ERR_LIMIT, "size too large: '%s'", s);
	*ret_bytes = whole * unit + unit / frac_unit * frac + unit % frac_unit * frac / frac_unit;
	return 0;
}

void
str_add_size(struct buf *out, uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double v = (double)bytes;
	size_t i = 0;

	while (v >= 1024 && i + 1 < ARRAY_LEN(units)) {
		v /= 1024;
		i++;
	}
	buf_printf(out, i && v < 100 ? "%.1f %s" : "%.0f %s", v, units[i]);
}

void
str_add_duration(struct buf *out, int64_t seconds)
{
	if (seconds < 0)
		seconds = 0;
	if (seconds < 120)
		buf_printf(out, "%" PRId64 " s", seconds);
	else if (seconds < 2 * CLOCK_HOUR)
		buf_printf(out, "%" PRId64 " min", seconds / 60);
	else if (seconds < 12 * CLOCK_HOUR && seconds % CLOCK_HOUR >= CLOCK_MINUTE)
		buf_printf(out, "%" PRId64 " h %" PRId64 " min", seconds / CLOCK_HOUR,
		    seconds % CLOCK_HOUR / CLOCK_MINUTE);
	else if (seconds < 2 * CLOCK_DAY)
		buf_printf(out, "%" PRId64 " h", seconds / CLOCK_HOUR);
	else
		buf_printf(out, "%" PRId64 " d", seconds / CLOCK_DAY);
}

size_t
str_utf8_len(const void *data, size_t avail)
{
	const uint8_t *s = data;
	uint32_t min, v;
	size_t n;

	if (!avail)
		return 0;
	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf) {
		n = 2, v = s[0] & 0x1fU, min = 0x80;
	} else if ((s[0] & 0xf0) == 0xe0) {
		n = 3, v = s[0] & 0x0fU, min = 0x800;
	} else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
		n = 4, v = s[0] & 0x07U, min = 0x10000;
	} else {
		return 0;
	}
	if (n > avail)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (s[i] & 0x3fU);
	}
	if (v < min || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return 0;
	return n;
}

bool
str_is_utf8(const void *data, size_t len)
{
	const uint64_t high = 0x8080808080808080U;
	const uint8_t *s = data;
	uint64_t w;

	while (len) {
		size_t n = sizeof(w);

		/* Eight bytes of ASCII at once, where it is that. */
		if (len >= n)
			memcpy(&w, s, n);
		if (len < n || w & high)
			n = str_utf8_len(s, len);
		if (!n)
			return false;
		s += n;
		len -= n;
	}
	return true;
}

void
str_add_utf8(struct buf *out, const void *data, size_t len)
{
	const uint8_t *s = data;

	while (len) {
		size_t n = str_utf8_len(s, len);

		if (n)
			buf_add(out, s, n);
		else
			buf_add(out, "\xef\xbf\xbd", 3);
		s += n ? n : 1;
		len -= n ? n : 1;
	}
}

static uint32_t
decode(const uint8_t *s, size_t n)
{
	static const uint8_t first[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t v = s[0] & first[n];

	for (size_t i = 1; i < n; i++)
		v = v << 6 | (s[i] & 0x3fU);
	return v;
}

static bool
is_hidden(uint32_t v)
{
	return v < 0x20 || (v >= 0x7f && v <= 0x9f) || (v >= 0x200b && v <= 0x200f) ||
	    (v >= 0x2028 && v <= 0x202e) || (v >= 0x2066 && v <= 0x2069) || v == 0xfeff;
}

void
str_add_visible(struct buf *out, const void *data, size_t len)
{
	const uint8_t *s = data;

	while (len) {
		size_t n = str_utf8_len(s, len);
		uint32_t v = n ? decode(s, n) : 0;

		if (!n)
			buf_printf(out, "\\x%02x", s[0]);
		else if (is_hidden(v))
			buf_printf(out, v < 0x80 ? "\\x%02x" : "\\u{%x}", v);
		else
			buf_add(out, s, n);
		s += n ? n : 1;
		len -= n ? n : 1;
	}
}

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
str_add_base64(struct buf *out, const void *data, size_t len)
{
	const uint8_t *s = data;

	for (; len >= 3; s += 3, len -= 3) {
		char q[4] = {base64_digits[s[0] >> 2], base64_digits[(s[0] & 3) << 4 | s[1] >> 4],
		    base64_digits[(s[1] & 15) << 2 | s[2] >> 6], base64_digits[s[2] & 63]};
		buf_add(out, q, 4);
	}
	if (len) {
		uint8_t b = len > 1 ? s[1] : 0;
		char q[4] = {base64_digits[s[0] >> 2], base64_digits[(s[0] & 3) << 4 | b >> 4],
		    len > 1 ? base64_digits[(b & 15) << 2] : '=', '='};
		buf_add(out, q, 4);
	}
}

int
str_from_base64(const char *text, size_t len, struct buf *out)
{
	size_t pad = 0;

	if (len % 4)
		return -1;
	while (pad < 2 && pad < len && text[len - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < len; i += 4) {
		uint32_t v = 0;
		size_t bytes = i + 4 == len ? 3 - pad : 3;
		char b[3];

		for (size_t j = 0; j < 4; j++) {
			const char *d = strchr(base64_digits, text[i + j]);

			if (i + j >= len - pad) {
				v <<= 6;
				continue;
			}
			if (!d || !text[i + j])
				return -1;
			v = v << 6 | (uint32_t)(d - base64_digits);
		}
		b[0] = (char)(v >> 16), b[1] = (char)(v >> 8), b[2] = (char)v;
		buf_add(out, b, bytes);
	}
	return 0;
}

void
str_add_hex(struct buf *out, const void *data, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	const uint8_t *s = data;
	char *room = buf_reserve(out, 2 * len);

	if (!room)
		return;
	for (size_t i = 0; i < len; i++) {
		*room++ = hex[s[i] >> 4];
		*room++ = hex[s[i] & 15];
	}
	*room = '\0';
	out->len += 2 * len;
}

int
str_hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
str_from_hex(const char *text, size_t len, struct buf *out)
{
	char *room = buf_reserve(out, len / 2);

	if (len % 2 || !room)
		return -1;
	for (size_t i = 0; i < len; i += 2) {
		int hi = str_hex_value(text[i]), lo = str_hex_value(text[i + 1]);

		if (hi < 0 || lo < 0)
			return -1;
		room[i / 2] = (char)(hi << 4 | lo);
	}
	room[len / 2] = '\0';
	out->len += len / 2;
	return 0;
}

void
str_copy(char *out, size_t size, const char *s)
{
	size_t len = strnlen(s, size - 1);

	memcpy(out, s, len);
	out[len] = '\0';
}

bool
str_has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool
str_has_suffix(const char *s, const char *suffix)
{
	size_t len = strlen(s), n = strlen(suffix);

	return n <= len && memcmp(s + len - n, suffix, n) == 0;
}

#define NEAREST_MAX 40

/* Levenshtein distance; words longer than NEAREST_MAX are near nothing. */
static size_t
distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	size_t row[NEAREST_MAX + 1];

	if (la > NEAREST_MAX || lb > NEAREST_MAX)
		return NEAREST_MAX;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[lb];
}

const char *
str_nearest(const char *word, const char *const *names)
{
	const char *best = NULL;
	size_t best_distance = strlen(word) / 3 + 1;

	for (; *names; names++) {
		size_t d = distance(word, *names);

		if (d <= best_distance && (!best || d < best_distance)) {
			best = *names;
			best_distance = d;
		}
	}
	return best;
}
