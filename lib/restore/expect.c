// What a value means that a restored database gave: is it true, is it what was expected, what time.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "restore/restore_private.h"

/* A decimal number and nothing else: 1 whole, 2 with a fraction or exponent, 0 none. */
static int
number_of(const char *text, int64_t *ret_whole, double *ret_real)
{
	char *end;

	if (!*text || text[strspn(text, "0123456789+-.eE")] || !strpbrk(text, "0123456789"))
		return 0;
	*ret_real = strtod(text, &end);
	if (*end || !isfinite(*ret_real))
		return 0;
	return str_to_i64(text, INT64_MIN, INT64_MAX, ret_whole, NULL) == 0 ? 1 : 2;
}

bool
restore_value_true(const char *text)
{
	int64_t whole;
	double real;

	if (number_of(text, &whole, &real))
		return real < 0 || real > 0;
	return *text && strcmp(text, "f") != 0 && strcasecmp(text, "false") != 0;
}

static int
compare(const char *a, const char *b)
{
	int64_t x = 0, y = 0;
	double p = 0, q = 0;
	int left = number_of(a, &x, &p), right = number_of(b, &y, &q);

	if (left == 1 && right == 1)
		return (x > y) - (x < y);
	if (left && right)
		return (p > q) - (p < q);
	return strcmp(a, b);
}

bool
restore_value_is(const char *actual, const char *expected)
{
	/* The longer ones first. */
	static const struct {
		const char *text;
		bool less, equal, more;
	} operators[] = {
	    {"==", false, true, false},
	    {"!=", true, false, true},
	    {"<>", true, false, true},
	    {"<=", true, true, false},
	    {">=", false, true, true},
	    {"=", false, true, false},
	    {"<", true, false, false},
	    {">", false, false, true},
	};
	bool less = false, equal = true, more = false;
	int order;

	for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
		if (!str_has_prefix(expected, operators[i].text))
			continue;
		less = operators[i].less;
		equal = operators[i].equal;
		more = operators[i].more;
		expected += strlen(operators[i].text);
		break;
	}
	expected += strspn(expected, " \t");
	order = compare(actual, expected);
	return order < 0 ? less : order > 0 ? more : equal;
}

/* Seconds, milliseconds, microseconds or nanoseconds since 1970, by their size. */
static int64_t
seconds_of(double v)
{
	while (fabs(v) > 1e11)
		v /= 1000;
	return (int64_t)v;
}

/* "2026-11-22 02:00:05.123+01", as databases print times, becomes RFC 3339. */
int
restore_value_time(const char *text, int64_t *ret_t)
{
	struct buf t = BUF_INIT;
	const char *zone;
	int64_t whole;
	double real;
	int r;

	if (number_of(text, &whole, &real)) {
		*ret_t = seconds_of(real);
		return 0;
	}
	if (strlen(text) <= 10)
		return clock_parse(text, ret_t, NULL);
	buf_add(&t, text, 10);
	buf_char(&t, 'T');
	text += 11;
	zone = text + strspn(text, "0123456789:.");
	buf_add(&t, text, (size_t)(zone - text));
	if (zone - text == 5) /* hours and minutes */
		buf_str(&t, ":00");
	zone += strspn(zone, " ");
	if (!*zone || strcasecmp(zone, "UTC") == 0 || strcasecmp(zone, "GMT") == 0)
		zone = "Z";
	buf_str(&t, zone);
	if ((*zone == '+' || *zone == '-') && strlen(zone) == 3)
		buf_str(&t, ":00");
	else if ((*zone == '+' || *zone == '-') && strlen(zone) == 5) {
		t.len -= 2;
		t.data[t.len] = '\0';
		buf_printf(&t, ":%s", zone + 3);
	}
	r = clock_parse(t.data, ret_t, NULL);
	buf_release(&t);
	return r;
}
