// JSON text: commas, escapes, what is left out, paths that are bytes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/base.h"

static struct buf out;
static struct json j;

static int
setup(void **state)
{
	(void)state;
	out = BUF_INIT;
	json_init(&j, &out);
	json_object(&j, NULL);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	buf_release(&out);
	return 0;
}

static void
expect(const char *text)
{
	json_object_end(&j);
	assert_string_equal(out.data, text);
	assert_int_equal(out.len, strlen(text));
}

static void
commas_come_by_themselves(void **state)
{
	(void)state;
	json_int(&j, "a", 1);
	json_array(&j, "b");
	json_int(&j, NULL, 1);
	json_array(&j, NULL);
	json_array_end(&j);
	json_object(&j, NULL);
	json_bool(&j, "t", true);
	json_bool(&j, "f", false);
	json_object_end(&j);
	json_null(&j, NULL);
	json_array_end(&j);
	json_object(&j, "c");
	json_object_end(&j);
	json_raw(&j, "d", "[1]", 3);
	expect("{\"a\":1,\"b\":[1,[],{\"t\":true,\"f\":false},null],\"c\":{},\"d\":[1]}");
}

static void
unknown_values_are_left_out(void **state)
{
	(void)state;
	json_str(&j, "a", NULL);
	json_time(&j, "b", CLOCK_NONE);
	json_uint(&j, "c", (uint64_t)JSON_INT_MAX + 1);
	json_int(&j, "d", INT64_MIN);
	json_real(&j, "e", NAN, 3);
	json_path(&j, "f", NULL);
	json_array(&j, "g");
	json_str(&j, NULL, NULL);
	json_real(&j, NULL, INFINITY, 3);
	json_array_end(&j);
	expect("{\"g\":[null,null]}");
}

static void
numbers(void **state)
{
	(void)state;
	json_int(&j, "a", -JSON_INT_MAX);
	json_uint(&j, "b", (uint64_t)JSON_INT_MAX);
	json_int(&j, "c", 0);
	json_real(&j, "d", 0.8125, 4);
	json_real(&j, "e", 1.0, 4);
	json_real(&j, "f", -0.00001, 4);
	json_real(&j, "g", 2.0 / 3.0, 3);
	json_real(&j, "h", 100, 0);
	expect(
	    "{\"a\":-9007199254740991,\"b\":9007199254740991,\"c\":0,\"d\":0.8125,\"e\":1,\"f\":0,"
	    "\"g\":0.667,\"h\":100}");
}

static void
text_is_always_utf8(void **state)
{
	(void)state;
	json_text(&j, "a", "q\"b\\s/\n\r\t\x01\x1f\x7f\0x", 14);
	json_str(&j, "b", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
	json_str(&j, "c", "a\xff\xc3z\xed\xa0\x80");
	expect("{\"a\":\"q\\\"b\\\\s/\\n\\r\\t\\u0001\\u001f\\u007f\\u0000x\","
	       "\"b\":\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\","
	       "\"c\":\"a\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"}");
}

static void
paths_are_bytes(void **state)
{
	(void)state;
	json_path(&j, "path", "/b/x\xff");
	json_path(&j, "p", "/b/\xc3\xa9");
	json_time(&j, "at", 0);
	json_hex(&j, "h", "\x00\xff", 2);
	expect("{\"path\":\"/b/x\xef\xbf\xbd\",\"path_b64\":\"L2IveP8=\",\"p\":\"/b/\xc3\xa9\","
	       "\"at\":\"1970-01-01T00:00:00Z\",\"h\":\"00ff\"}");
}

static void
a_full_buffer_says_so(void **state)
{
	struct buf small = BUF_INIT_MAX(16);
	struct json k;

	(void)state;
	json_init(&k, &small);
	json_object(&k, NULL);
	json_str(&k, "name", "a text that does not fit");
	json_object_end(&k);
	assert_true(small.failed);
	assert_true(small.len <= 16);
	buf_release(&small);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(commas_come_by_themselves, setup, teardown),
	    cmocka_unit_test_setup_teardown(unknown_values_are_left_out, setup, teardown),
	    cmocka_unit_test_setup_teardown(numbers, setup, teardown),
	    cmocka_unit_test_setup_teardown(text_is_always_utf8, setup, teardown),
	    cmocka_unit_test_setup_teardown(paths_are_bytes, setup, teardown),
	    cmocka_unit_test(a_full_buffer_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
