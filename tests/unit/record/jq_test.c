// jq expressions and programs: what they answer, how they fail.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "../remove_tree.h"
#include "record/record.h"

static int
ask(const char *expr, const char *line)
{
	struct record_filter *filter = NULL;
	struct record rec = RECORD_INIT;
	struct err err = {0};
	int r;

	assert_int_equal(record_filter_new(&filter, expr, &err), 0);
	assert_int_equal(record_parse(&rec, line, strlen(line), &err), 0);
	r = record_filter_run(filter, &rec, &err);
	if (r < 0) {
		assert_int_equal(err.code, ERR_FORMAT);
		assert_null(strchr(err.msg, '\n'));
	}
	assert_int_equal(record_filter_run(filter, &rec, NULL), r); /* again: compiled once */
	record_release(&rec);
	record_filter_free(filter);
	return r;
}

static void
yes_or_no(void **state)
{
	static const struct {
		const char *expr, *line;
		int answer;
	} rows[] = {
	    {".id == 7", "{\"id\":7}", 1},
	    {".id == 7", "{\"id\":8}", 0},
	    {".id", "{\"id\":0}", 1},
	    {".id", "{}", 0},
	    {".id", "{\"id\":false}", 0},
	    {"empty", "{}", 0},
	    {"true, false", "{}", 0},
	    {"false, true", "{}", 1},
	    {".path | test(\"^/b\")", "{\"path\":\"/b/x\"}", 1},
	    {".size > 1000 and .location == \"db\"", "{\"size\":2000,\"location\":\"db\"}", 1},
	    {".a.b", "{\"a\":1}", -1},
	    {"error(\"x\")", "{}", -1},
	    {"error({\"a\":1})", "{}", -1},
	    {"error([1])", "{}", -1},
	    {"error(null)", "{}", 0},
	    {"\"\\u0000\" | error", "{}", -1},
	    {"[.[] | tostring] | length > 1", "{\"a\":\"\xc3\xa9\",\"b\":[1,{\"c\":null}]}", 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int answer = ask(rows[i].expr, rows[i].line);

		if (answer != rows[i].answer)
			fail_msg("%s on %s: %d", rows[i].expr, rows[i].line, answer);
	}
}

static void
wrong_expressions(void **state)
{
	static const char *const bad[] = {
	    ".id ==", "foo", "if", "{", "import \"x\" as x; 1", ".a as $x"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct record_filter *filter = NULL;
		struct err err = {0};

		if (record_filter_new(&filter, bad[i], &err) == 0)
			fail_msg("'%s' compiled", bad[i]);
		assert_int_equal(err.code, ERR_USAGE);
		assert_null(strchr(err.msg, '\n'));
		assert_true(strlen(err.msg) < 300);
	}
}

/* An error text of jq quotes the whole input: ours stays short and is valid text. */
static void
errors_are_short(void **state)
{
	struct record_filter *filter = NULL;
	struct buf json = BUF_INIT;
	struct err err = {0};

	(void)state;
	assert_int_equal(record_filter_new(&filter, "error(.a)", NULL), 0);
	buf_str(&json, "{\"a\":\"");
	for (int i = 0; i < 10000; i++)
		buf_str(&json, "\xe2\x82\xac");
	buf_str(&json, "\"}");
	assert_int_equal(record_filter_run_json(filter, json.data, json.len, &err), -1);
	assert_true(strlen(err.msg) < 300);
	assert_true(str_is_utf8(err.msg, strlen(err.msg)));
	buf_release(&json);
	record_filter_free(filter);
}

static char dir[] = "/tmp/bkm-template-test-XXXXXX";

static int
make_dir(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(mkdir("lib", 0700), 0);
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	assert_int_equal(chdir("/"), 0);
	return remove_tree(dir);
}

static void
program(const char *path, const char *text)
{
	assert_int_equal(fsio_write_atomic(path, text, strlen(text), 0600, NULL), 0);
}

static int
run(const char *document, struct buf *out, struct err *err)
{
	const struct record_argument args[] = {
	    {"who", "you \"there\""}, {"none", NULL}, {NULL, NULL}};
	struct record_template *t = NULL;
	int r = record_template_open(&t, "p.jq", "lib", args, err);

	if (r == 0)
		r = record_template_run(t, document, strlen(document), out, err);
	record_template_free(t);
	return r;
}

static void
templates(void **state)
{
	struct buf out = BUF_INIT, small = BUF_INIT_MAX(8);
	struct err err = {0};

	(void)state;
	program("lib/x.jq", "def twice: . + .;");
	program("y.jq", "def thrice: . + . + .;");
	program("p.jq",
	    "# a comment\ninclude \"x\"; include \"y\"; (.a|twice), (.a|thrice), $who, $none, [.a], "
	    "(\"<&\"|@html)");
	assert_int_equal(run("{\"a\":\"z\"}", &out, &err), 0);
	assert_string_equal(out.data, "zz\nzzz\nyou \"there\"\nnull\n[\"z\"]\n&lt;&amp;\n");
	assert_int_equal(run("{\"a\":\"0123456789\"}", &small, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	program("p.jq", "\"first\", error(\"no\")");
	buf_clear(&out);
	assert_int_equal(run("{}", &out, &err), -1);
	assert_int_equal(err.code, ERR_FORMAT);
	assert_non_null(strstr(err.msg, "no"));
	assert_string_equal(out.data, "first\n");
	program("p.jq", ".a |");
	assert_int_equal(run("{}", &out, &err), -1);
	assert_int_equal(err.code, ERR_CONFIG);
	assert_non_null(strstr(err.msg, "p.jq"));
	assert_int_equal(unlink("p.jq"), 0);
	assert_int_equal(run("{}", &out, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
	buf_release(&out);
	buf_release(&small);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(yes_or_no),
	    cmocka_unit_test(wrong_expressions),
	    cmocka_unit_test(errors_are_short),
	    cmocka_unit_test_setup_teardown(templates, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
