// Numbers, durations, sizes, UTF-8, visible text, base64, hex, the nearest word.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"

static void
numbers_are_whole_or_refused(void **state)
{
	static const char *const bad[] = {
	    "", " 1", "1 ", "-1", "+1", "1x", "0x1", "1.0", "18446744073709551616", "11"};
	uint64_t u = 7;
	int64_t i = 7;

	(void)state;
	for (size_t n = 0; n < ARRAY_LEN(bad); n++)
		assert_int_equal(str_to_u64(bad[n], 0, 10, &u, NULL), -1);
	assert_int_equal(u, 7);
	assert_int_equal(str_to_u64("18446744073709551615", 0, UINT64_MAX, &u, NULL), 0);
	assert_true(u == UINT64_MAX);
	assert_int_equal(str_to_i64("-5", -5, 5, &i, NULL), 0);
	assert_int_equal(i, -5);
	assert_int_equal(str_to_i64("--5", -5, 5, &i, NULL), -1);
	assert_int_equal(str_to_i64("6", -5, 5, &i, NULL), -1);
}

static void
durations(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds; /* -1: refused */
	} rows[] = {{"0", 0}, {"90s", 90}, {"5m", 300}, {"1h30m", 5400}, {"2d", 172800},
	    {"1w", 604800}, {"", -1}, {"5", -1}, {"h", -1}, {"1h 30m", -1}, {"-1h", -1}, {"1y", -1},
	    {"99999999999s", -1}, {"1.5h", -1}};

	(void)state;
	for (size_t n = 0; n < ARRAY_LEN(rows); n++) {
		int64_t v = -1;
		int r = str_to_duration(rows[n].text, &v, NULL);

		assert_int_equal(r, rows[n].seconds < 0 ? -1 : 0);
		assert_int_equal(v, rows[n].seconds);
	}
}

static void
sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes; /* 1: refused */
	} rows[] = {{"0", 0}, {"1500", 1500}, {"10K", 10240}, {"10KiB", 10240}, {"10KB", 10000},
	    {"50G", 53687091200}, {"1.5T", 1649267441664}, {"10MB", 10000000}, {"", 1}, {"G", 1},
	    {"10Q", 1}, {"-1", 1}, {"10Kx", 1}, {"999999999999999999999", 1}, {"99999999E", 1}};

	(void)state;
	for (size_t n = 0; n < ARRAY_LEN(rows); n++) {
		uint64_t v = 1;
		int r = str_to_size(rows[n].text, &v, NULL);

		assert_int_equal(r, rows[n].bytes == 1 ? -1 : 0);
		assert_true(v == rows[n].bytes);
	}
}

static void
utf8(void **state)
{
	static const char *const good[] = {"", "abc", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
	    "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};
	static const char *const bad[] = {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf",
	    "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82",
	    "a\xff"};

	(void)state;
	for (size_t n = 0; n < ARRAY_LEN(good); n++)
		assert_true(str_is_utf8(good[n], strlen(good[n])));
	for (size_t n = 0; n < ARRAY_LEN(bad); n++)
		assert_false(str_is_utf8(bad[n], strlen(bad[n])));
	assert_true(str_is_utf8("a\0b", 3));
}

static void
what_people_see(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	str_add_visible(&out, "a\n\x1b[31m\xff\xe2\x80\xae\xc3\xa9", 13);
	assert_null(strchr(out.data, '\n'));
	assert_null(strchr(out.data, '\x1b'));
	assert_null(strstr(out.data, "\xe2\x80\xae"));
	assert_non_null(strstr(out.data, "\\x1b"));
	assert_non_null(strstr(out.data, "\\xff"));
	assert_non_null(strstr(out.data, "\xc3\xa9"));
	assert_true(str_is_utf8(out.data, out.len));
	buf_clear(&out);
	str_add_utf8(&out,
	    "a\xff"
	    "b",
	    3);
	assert_string_equal(out.data,
	    "a\xef\xbf\xbd"
	    "b");
	buf_clear(&out);
	str_add_size(&out, 913);
	assert_string_equal(out.data, "913 B");
	buf_clear(&out);
	str_add_size(&out, 1610612736);
	assert_string_equal(out.data, "1.5 GiB");
	buf_clear(&out);
	str_add_duration(&out, 7380);
	assert_string_equal(out.data, "2 h 3 min");
	buf_release(&out);
}

static void
base64_and_hex(void **state)
{
	static const struct {
		const char *plain, *text;
	} rows[] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="},
	    {"\xff\xfe\xfd", "//79"}};
	static const char *const bad[] = {
	    "Z", "Zg", "Zg=", "Zg===", "Z===", "Zg==Zg==", "Zm9v\n", "Zm 9v", "-_==", "===="};
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t n = 0; n < ARRAY_LEN(rows); n++) {
		buf_clear(&out);
		str_add_base64(&out, rows[n].plain, strlen(rows[n].plain));
		assert_string_equal(out.data, rows[n].text);
		buf_clear(&out);
		assert_int_equal(str_from_base64(rows[n].text, strlen(rows[n].text), &out), 0);
		assert_string_equal(out.data, rows[n].plain);
	}
	for (size_t n = 0; n < ARRAY_LEN(bad); n++) {
		buf_clear(&out);
		if (str_from_base64(bad[n], strlen(bad[n]), &out) == 0)
			fail_msg("'%s' was taken for base64", bad[n]);
	}
	buf_clear(&out);
	str_add_hex(&out, "\x00\xaf", 2);
	assert_string_equal(out.data, "00af");
	buf_clear(&out);
	assert_int_equal(str_from_hex("00Af", 4, &out), 0);
	assert_memory_equal(out.data, "\x00\xaf", 2);
	assert_int_equal(str_from_hex("0", 1, &out), -1);
	assert_int_equal(str_from_hex("0g", 2, &out), -1);
	buf_release(&out);
}

static void
nearest_word(void **state)
{
	static const char *const names[] = {"schedule", "settle", "path", NULL};

	(void)state;
	assert_string_equal(str_nearest("shedule", names), "schedule");
	assert_string_equal(str_nearest("pth", names), "path");
	assert_null(str_nearest("zebra", names));
	assert_true(str_has_prefix("abc", "ab"));
	assert_false(str_has_prefix("a", "ab"));
	assert_true(str_has_suffix("abc", "bc"));
	assert_false(str_has_suffix("c", "bc"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_are_whole_or_refused),
	    cmocka_unit_test(durations),
	    cmocka_unit_test(sizes),
	    cmocka_unit_test(utf8),
	    cmocka_unit_test(what_people_see),
	    cmocka_unit_test(base64_and_hex),
	    cmocka_unit_test(nearest_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
