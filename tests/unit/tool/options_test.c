// The option table: values of every kind, what is refused, and the help made from it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tool/tool.h"

#define ARGS_MAX 40

static struct {
	bool flag, waiting;
	const char *text, *word;
	struct tool_list list, methods;
	uint64_t number, size;
	int64_t seconds;
} opt;

static struct tool tool;

static const char *const words[] = {"one", "two", NULL};

/* Parse the words of line as a command with one option of each kind would. */
static int
parse(const char *line)
{
	static const struct tool_option options[] = {
	    {"flag", 'f', NULL, .flag = &opt.flag, .help = "a flag"},
	    {"text", 0, "TEXT", .text = &opt.text, .help = "a text"},
	    {"word", 0, "WORD", .text = &opt.word, .words = words, .help = "a word"},
	    {"item", 'i', "ITEM", .list = &opt.list, .help = "an item"},
	    {"method", 'm', "LIST", .list = &opt.methods, .commas = true, .words = words,
		.help = "several at once"},
	    {"number", 'n', "N", .number = &opt.number, .min = 2, .max = 9, .help = "a number"},
	    {"size", 0, "SIZE", .size = &opt.size, .help = "bytes"},
	    {"wait", 0, "TIME", .flag = &opt.waiting, .seconds = &opt.seconds, .optional = true,
		.help = "a duration, or none"},
	    {0},
	};
	static const struct tool_spec spec = {.name = "bkm-test",
	    .usage = "[OPTION]... [FILE]...",
	    .about = "Tests options.",
	    .options = options,
	    .operands = TOOL_OPERANDS_RECORDS,
	    .default_days = 7};
	static char copy[256];
	static char *argv[ARGS_MAX];
	char *rest = copy;
	int argc = 0;

	(void)tool_close(&tool, 0, NULL);
	memset(&opt, 0, sizeof(opt));
	tool = TOOL_INIT;
	(void)snprintf(copy, sizeof(copy), "bkm-test%s%s", *line ? " " : "", line);
	memset(argv, 0, sizeof(argv));
	while (rest && argc < ARGS_MAX - 1)
		argv[argc++] = strsep(&rest, " ");
	return tool_parse(&tool, &spec, argc, argv);
}

static int
setup(void **state)
{
	(void)state;
	tool = TOOL_INIT;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	(void)tool_close(&tool, 0, NULL);
	return 0;
}

static void
values(void **state)
{
	(void)state;
	assert_int_equal(
	    parse(
		"-f --text=a=b --word two -i x -iy --item z,z -m one,two -n 9 --size 1K --wait=1h"),
	    0);
	assert_true(opt.flag);
	assert_string_equal(opt.text, "a=b");
	assert_string_equal(opt.word, "two");
	assert_int_equal(opt.list.count, 3);
	assert_string_equal(opt.list.items[1], "y");
	assert_string_equal(opt.list.items[2], "z,z");
	assert_int_equal(opt.methods.count, 2);
	assert_string_equal(opt.methods.items[1], "two");
	assert_int_equal(opt.number, 9);
	assert_int_equal(opt.size, 1024);
	assert_true(opt.waiting);
	assert_int_equal(opt.seconds, 3600);
	assert_int_equal(parse("--wait"), 0);
	assert_true(opt.waiting);
	assert_int_equal(opt.seconds, 0);
	assert_int_equal(parse("--num 3"), 0);
	assert_int_equal(opt.number, 3);
	assert_int_equal(parse("-fn5"), 0);
	assert_true(opt.flag);
	assert_int_equal(opt.number, 5);
}

static void
operands(void **state)
{
	(void)state;
	assert_int_equal(parse("a -f b -- -n"), 0);
	assert_true(opt.flag);
	assert_int_equal(tool.operand_count, 3);
	assert_string_equal(tool.operands[0], "a");
	assert_string_equal(tool.operands[2], "-n");
	assert_int_equal(parse("-"), 0);
	assert_int_equal(tool.operand_count, 1);
}

static void
common_options(void **state)
{
	(void)state;
	assert_int_equal(parse(""), 0);
	assert_int_equal(tool.days, 7);
	assert_string_equal(tool.progress, "auto");
	assert_int_equal(
	    parse(
		"-c x.yaml -l db -l web --location-id 3 --stored -d 30 -w .id --exit-zero -q -v --progress=never"),
	    0);
	assert_string_equal(tool.config_path, "x.yaml");
	assert_int_equal(tool.locations.count, 2);
	assert_int_equal(tool.location_id, 3);
	assert_true(tool.stored && tool.exit_zero && tool.quiet && tool.verbose);
	assert_int_equal(tool.days, 30);
	assert_string_equal(tool.where, ".id");
	assert_int_equal(parse("--all"), 0);
	assert_int_equal(tool.days, 0);
}

static void
what_is_refused(void **state)
{
	static const char *const bad[] = {"--nope", "-Z", "-n", "-n 1", "-n 10", "-n x", "-n -1",
	    "--size x", "--wait=x", "--wait=5", "--word three", "-m one,three", "--flag=x",
	    "--text", "--wor", "--days 0", "--days 99999", "--location-id 0", "--all -d 3",
	    "--stored file", "--progress=no"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		int r = parse(bad[i]);

		if (strcmp(bad[i], "--wor") == 0) { /* a short form that needs its value */
			assert_int_equal(r, 1);
			continue;
		}
		if (r != 1 || tool.exit != TOOL_EXIT_USAGE)
			fail_msg("'%s' gave %d, exit %d", bad[i], r, tool.exit);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(values, setup, teardown),
	    cmocka_unit_test_setup_teardown(operands, setup, teardown),
	    cmocka_unit_test_setup_teardown(common_options, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_is_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
