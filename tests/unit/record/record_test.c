// Lines are read strictly; what nobody touched keeps its bytes; a member goes in once.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "record/record.h"

static struct record rec;

static int
setup(void **state)
{
	(void)state;
	rec = RECORD_INIT;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	record_release(&rec);
	return 0;
}

static void
parse(const char *line)
{
	struct err err = {0};

	if (record_parse(&rec, line, strlen(line), &err) < 0)
		fail_msg("'%s' was refused: %s", line, err.msg);
	assert_string_equal(rec.line.data, line);
}

static void
refuse(const char *line, size_t len, const char *why)
{
	struct err err = {0};

	if (record_parse(&rec, line, len, &err) == 0)
		fail_msg("'%s' was believed", line);
	if (!strstr(err.msg, why))
		fail_msg("'%s' gave '%s', not '%s'", line, err.msg, why);
	assert_int_equal(rec.kind, RECORD_OTHER);
	assert_int_equal(rec.line.len, 0);
}

static void
good_lines(void **state)
{
	static const char *const good[] = {"{}", " { } ", "{}\r", "{\"a\":[],\"b\":{}}",
	    "{\"a\":[1,2]}", "{\"a\":-0.5e+10,\"b\":0,\"c\":1E2,\"d\":-0}",
	    "{\"a\":\"\\u0000\\ud83d\\ude00\\/\"}",
	    "{\"a\":{\"a\":{\"a\":1}},\"b\":[{\"a\":1},{\"a\":1}]}", "{\"\":1}",
	    "{\"kind\":\"nonsense\",\"size\":1e999}", "{\"kind\":7}", "{\"v\":1}", "{\"v\":1.0}",
	    "{\"a\":12345678901234567890123}", "{\"a\" : true , \"b\":false,\"c\":null}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		parse(good[i]);
		assert_int_equal(rec.kind, RECORD_OTHER);
	}
}

static void
bad_lines(void **state)
{
	static const struct {
		const char *line, *why;
	} rows[] = {
	    {"", "not a JSON object"},
	    {"x", "not a JSON object"},
	    {"[1]", "not a JSON object"},
	    {"\"a\"", "not a JSON object"},
	    {"{", "not a JSON object: it ends too early"},
	    {"{\"a\"", "it ends too early"},
	    {"{\"a\":", "it ends too early"},
	    {"{\"a\":1", "it ends too early"},
	    {"{\"a\":\"x", "it ends too early"},
	    {"{\"a\":\"x\\", "it ends too early"},
	    {"{\"a\":\"x\\u12", "it ends too early"},
	    {"{\"a\":1,}", "unexpected byte at 8"},
	    {"{a:1}", "unexpected byte at 2"},
	    {"{\"a\":01}", "unexpected byte"},
	    {"{\"a\":1.}", "unexpected byte"},
	    {"{\"a\":.5}", "unexpected byte"},
	    {"{\"a\":+1}", "unexpected byte"},
	    {"{\"a\":1e}", "unexpected byte"},
	    {"{\"a\":-}", "unexpected byte"},
	    {"{\"a\":nan}", "unexpected byte"},
	    {"{\"a\":Infinity}", "unexpected byte"},
	    {"{\"a\":tru}", "unexpected byte"},
	    {"{\"a\":'x'}", "unexpected byte"},
	    {"{\"a\":[1 2]}", "unexpected byte"},
	    {"{\"a\":[1,]}", "unexpected byte"},
	    {"{\"a\":\"\\x\"}", "unexpected byte"},
	    {"{\"a\":\"\t\"}", "unexpected byte"},
	    {"{\"a\":1}x", "something follows it at byte 8"},
	    {"{}{}", "something follows it"},
	    {"\xef\xbb\xbf{}", "not a JSON object"},
	    {"{\"a\":\"\xff\"}", "not UTF-8 at byte 7"},
	    {"{\"a\":\"\xc0\x80\"}", "not UTF-8"},
	    {"{\"\xed\xa0\x80\":1}", "not UTF-8"},
	    {"{\"a\":\"\\ud800\"}", "half a surrogate pair"},
	    {"{\"a\":\"\\udc00x\"}", "half a surrogate pair"},
	    {"{\"a\":\"\\ud800\\u0041\"}", "half a surrogate pair"},
	    {"{\"a\":1,\"a\":1}", "duplicate key 'a'"},
	    {"{\"a\":1,\"\\u0061\":1}", "duplicate key 'a'"},
	    {"{\"b\":[{\"x\":{\"a\":1,\"a\":2}}]}", "duplicate key 'a'"},
	    {"{\"v\":2,\"kind\":\"backup\"}", "record version 2, this bkm reads version 1"},
	    {"{\"v\":\"1\"}", "record version"},
	    {"{\"v\":null}", "record version"},
	    {"{\"kind\":\"backup\",\"size\":9007199254740992}",
		"'size' is not an integer within 2^53"},
	    {"{\"size\":-9007199254740993,\"kind\":\"backup\"}", "'size' is not an integer"},
	    {"{\"kind\":\"backup\",\"size\":1.5}", "'size' is not an integer"},
	    {"{\"kind\":\"backup\",\"id\":1e300}", "'id' is not an integer"},
	    {"{\"kind\":\"location\",\"free_bytes\":123456789012345678901234567890}",
		"'free_bytes'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		refuse(rows[i].line, strlen(rows[i].line), rows[i].why);
	refuse("{\"a\":\"\0\"}", 9, "unexpected byte at 7");
	refuse("{}\0", 3, "something follows it");
	parse("{\"kind\":\"backup\",\"size\":9007199254740991,\"id\":1e3}");
}

static void
limits(void **state)
{
	struct buf line = BUF_INIT;

	(void)state;
	buf_str(&line, "{\"a\":");
	for (int i = 0; i < RECORD_DEPTH_MAX - 1; i++)
		buf_char(&line, '[');
	for (int i = 0; i < RECORD_DEPTH_MAX - 1; i++)
		buf_char(&line, ']');
	buf_char(&line, '}');
	parse(line.data);
	buf_clear(&line);
	buf_str(&line, "{\"a\":");
	for (int i = 0; i < 100000; i++)
		buf_char(&line, '[');
	refuse(line.data, line.len, "nested deeper than 64 levels");
	buf_clear(&line);
	buf_str(&line, "{\"a\":\"");
	while (line.len < RECORD_LINE_MAX - 2)
		buf_char(&line, 'x');
	buf_str(&line, "\"}");
	parse(line.data);
	buf_char(&line, ' ');
	refuse(line.data, line.len, "longer than 1048576 bytes");
	buf_release(&line);
}

/* A line full of names must not take quadratic time, and the last one is still compared. */
static void
many_names(void **state)
{
	struct buf line = BUF_INIT;

	(void)state;
	buf_char(&line, '{');
	for (int i = 0; i < 90000; i++)
		buf_printf(&line, "\"k%d\":0,", i);
	buf_str(&line, "\"z\":1}");
	parse(line.data);
	line.len--;
	buf_str(&line, ",\"k77\":0}");
	refuse(line.data, line.len, "duplicate key 'k77'");
	buf_release(&line);
}

/* The names of a line are compared with those of the line before: it makes no difference to what
 * is believed, what is said, or which members there are. */
static void
the_line_before(void **state)
{
	static const char *const lines[] = {"{\"a\":1,\"b\":2,\"c\":3}",
	    "{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":1,\"a\":2}", "{\"a\":1}",
	    "{\"b\":1,\"c\":2,\"b\":3}", "{}", "{\"a\":1,\"b\":2,\"c\":3,\"c\":4}",
	    "{\"a\":1,\"b\":2,\"d\":3,\"a\":4}", "{\"a\":1,\"b\" :2,\"b\":3}",
	    "{\"a\":1,\"b\": 2,\"c\":3}", "{\"a\":1,\"\\u0061\":2}", "{\"\\u0061\":1,\"a\":2}",
	    "{\"\\u0061\":1,\"c\":2}", "{\"a\":{\"a\":1},\"b\":{\"a\":1}}",
	    "{\"a\":1,\"b\":{\"c\":1,\"c\":2}}", "{\"a\":1,\"b\":x}",
	    "{\"a\":1,\"b\":", "{\"a\":1,\"b\"", "{\"a\":1,\"bb\":2}", "{\"\":1,\"c\":2,\"\":3}",
	    "{\"kind\":\"run\",\"v\":1}", "{\"kind\":\"run\",\"v\":2}"};
	struct buf many = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines) * ARRAY_LEN(lines) * 2; i++) {
		const char *before = lines[i / 2 / ARRAY_LEN(lines)],
			   *line = lines[i / 2 % ARRAY_LEN(lines)];
		struct record alone = RECORD_INIT;
		struct err err = {0}, again = {0};
		int r = record_parse(&alone, line, strlen(line), &err);

		if (i % 2)
			(void)record_parse_own(&rec, before, strlen(before), NULL);
		else
			(void)record_parse(&rec, before, strlen(before), NULL);
		assert_int_equal(record_parse(&rec, line, strlen(line), &again), r);
		assert_string_equal(again.msg, err.msg);
		assert_int_equal(rec.kind, alone.kind);
		assert_int_equal(record_has(&rec, "a"), record_has(&alone, "a"));
		assert_int_equal(record_has(&rec, "c"), record_has(&alone, "c"));
		record_release(&alone);
	}
	/* More names and longer ones than are kept. */
	for (int n = 0; n < 50; n++)
		buf_printf(&many, "%c\"%0*d\":%d", n ? ',' : '{', n + 1, n, n);
	buf_char(&many, '}');
	parse(many.data);
	parse(many.data);
	many.len--;
	buf_str(&many, ",\"002\":0}");
	refuse(many.data, many.len, "duplicate key '002'");
	refuse(many.data, many.len, "duplicate key '002'");
	buf_release(&many);
}

static void
members_are_found(void **state)
{
	int64_t i = 0;
	double d = 0;
	bool b = false;
	size_t len, pos = 0;

	(void)state;
	parse(
	    "{\"v\":1,\"kind\":\"backup\",\"id\":7,\"p\\u0061th\":\"/b/x\\n\",\"mtime\":\"1970-01-01T00:01:00Z\","
	    "\"latest\":true,\"reasons\":[\"empty\",3,\"st\\u0061lled\"],\"nul\":\"a\\u0000b\",\"none\":null,"
	    "\"verification\":{\"checks\":[{\"check\":\"size\"},{\"check\":\"time\"}],\"verd\\u0069ct\":\"pass\","
	    "\"deep\":{\"er\":-2.5}},\"state\":\"complete\"}");
	assert_int_equal(rec.kind, RECORD_BACKUP);
	assert_true(record_int(&rec, "id", &i));
	assert_int_equal(i, 7);
	assert_string_equal(record_str(&rec, "path"), "/b/x\n");
	assert_string_equal(record_path(&rec), "/b/x\n");
	assert_true(record_time(&rec, "mtime", &i));
	assert_int_equal(i, 60);
	assert_true(record_bool(&rec, "latest", &b));
	assert_true(b);
	assert_null(record_str(&rec, "nul"));
	assert_true(record_has(&rec, "nul"));
	assert_false(record_has(&rec, "none"));
	assert_false(record_has(&rec, "absent"));
	assert_null(record_str(&rec, "id"));
	assert_false(record_int(&rec, "path", &i));
	assert_false(record_bool(&rec, "id", &b));
	assert_string_equal(record_str(&rec, "verification.verdict"), "pass");
	assert_int_equal(
	    record_word_of(&rec, "verification.verdict", RECORD_LIST_VERDICT), RECORD_VERDICT_PASS);
	assert_int_equal(record_word_of(&rec, "state", RECORD_LIST_STATE), RECORD_STATE_COMPLETE);
	assert_true(record_real(&rec, "verification.deep.er", &d));
	assert_true(d > -2.6 && d < -2.4);
	assert_null(record_str(&rec, "verification.none"));
	assert_null(record_str(&rec, "id.x"));
	assert_string_equal(record_next_str(&rec, "reasons", &pos), "empty");
	assert_string_equal(record_next_str(&rec, "reasons", &pos), "stalled");
	assert_null(record_next_str(&rec, "reasons", &pos));
	assert_memory_equal(record_raw(&rec, "verification.deep", &len), "{\"er\":-2.5}", 11);
	assert_int_equal(len, 11);
}

static void
paths_are_bytes(void **state)
{
	(void)state;
	parse(
	    "{\"path\":\"/b/\xef\xbf\xbd\",\"path_b64\":\"L2Iv/w==\",\"newest\":{\"path\":\"/c\"}}");
	assert_string_equal(record_path(&rec), "/b/\xff");
	assert_string_equal(record_path_of(&rec, "newest.path"), "/c");
	parse("{\"path\":\"/b\",\"path_b64\":\"not base64!\"}");
	assert_null(record_path(&rec));
	parse("{\"path\":\"/b\",\"path_b64\":\"AA==\"}");
	assert_null(record_path(&rec));
	parse("{\"path\":\"/b\\u0000c\"}");
	assert_null(record_path(&rec));
	parse("{}");
	assert_null(record_path(&rec));
}

static void
set(const char *name, const char *json)
{
	assert_int_equal(record_set(&rec, name, json, strlen(json), NULL), 0);
}

static void
a_member_goes_in_once(void **state)
{
	int64_t i = 0;

	(void)state;
	parse("{ \"a\" : 1.50 ,\"x\":\"\\u00e9\" } ");
	assert_false(rec.touched);
	set("new", "{\"k\":[1]}");
	assert_string_equal(
	    rec.line.data, "{ \"a\" : 1.50 ,\"x\":\"\\u00e9\" ,\"new\":{\"k\":[1]}} ");
	assert_true(rec.touched);
	set("a", "\"longer than it was\"");
	set("new", "7");
	assert_string_equal(
	    rec.line.data, "{ \"a\" : \"longer than it was\" ,\"x\":\"\\u00e9\" ,\"new\":7} ");
	assert_true(record_int(&rec, "new", &i));
	assert_int_equal(i, 7);
	assert_string_equal(record_str(&rec, "x"), "\xc3\xa9");
	set("s", "\"q\\\"\"");
	set("n", "-3");
	set("b", "false");
	assert_string_equal(rec.line.data,
	    "{ \"a\" : \"longer than it was\" ,\"x\":\"\\u00e9\" ,"
	    "\"new\":7,\"s\":\"q\\\"\",\"n\":-3,\"b\":false} ");
	assert_string_equal(record_str(&rec, "s"), "q\"");
	parse("{}");
	set("kind", "\"series\"");
	assert_string_equal(rec.line.data, "{\"kind\":\"series\"}");
	assert_int_equal(rec.kind, RECORD_SERIES);
}

static void
a_line_stays_bounded(void **state)
{
	struct buf big = BUF_INIT;
	struct err err = {0};

	(void)state;
	buf_char(&big, '"');
	while (big.len < RECORD_LINE_MAX - 8)
		buf_char(&big, 'x');
	buf_char(&big, '"');
	parse("{\"a\":1}");
	assert_int_equal(record_set(&rec, "b", big.data, big.len, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	assert_string_equal(rec.line.data, "{\"a\":1}");
	buf_release(&big);
}

/* Whatever order members are set in, the line still reads the same as a fresh parse of it. */
static void
setting_and_reading_agree(void **state)
{
	static const char *const names[] = {"a", "bb", "ccc", "dddd"};
	static const char *const values[] = {
	    "1", "\"x\"", "{\"a\":[1,2,3]}", "null", "\"\\n\"", "true"};
	unsigned seed = 12345;

	(void)state;
	parse("{\"a\":0,\"z\":\"end\"}");
	for (int i = 0; i < 2000; i++) {
		struct record fresh = RECORD_INIT;
		size_t len1, len2;

		seed = seed * 1103515245 + 12345;
		set(names[seed >> 16 & 3], values[(seed >> 20) % ARRAY_LEN(values)]);
		assert_int_equal(record_parse(&fresh, rec.line.data, rec.line.len, NULL), 0);
		for (size_t n = 0; n < ARRAY_LEN(names); n++) {
			const char *a = record_raw(&rec, names[n], &len1);
			const char *b = record_raw(&fresh, names[n], &len2);

			assert_int_equal(a == NULL, b == NULL);
			if (!a)
				continue;
			assert_int_equal(len1, len2);
			assert_memory_equal(a, b, len1);
		}
		assert_string_equal(record_str(&rec, "z"), "end");
		record_release(&fresh);
	}
}

static void
begin_and_end(void **state)
{
	struct buf out = BUF_INIT;
	struct json j;

	(void)state;
	record_begin(&j, &out, RECORD_SCORE);
	json_null(&j, "location");
	record_end(&j);
	assert_string_equal(out.data, "{\"v\":1,\"kind\":\"score\",\"location\":null}");
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(good_lines, setup, teardown),
	    cmocka_unit_test_setup_teardown(bad_lines, setup, teardown),
	    cmocka_unit_test_setup_teardown(limits, setup, teardown),
	    cmocka_unit_test_setup_teardown(many_names, setup, teardown),
	    cmocka_unit_test_setup_teardown(the_line_before, setup, teardown),
	    cmocka_unit_test_setup_teardown(members_are_found, setup, teardown),
	    cmocka_unit_test_setup_teardown(paths_are_bytes, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_member_goes_in_once, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_line_stays_bounded, setup, teardown),
	    cmocka_unit_test_setup_teardown(setting_and_reading_agree, setup, teardown),
	    cmocka_unit_test(begin_and_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
