// The command line: one table makes getopt_long's view of it and --help.
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/tool_private.h"

#define OPTIONS_MAX 64
#define HELP_COLUMN 29
#define HELP_WIDTH  79
#define LONG_FIRST  256 /* getopt's value of row 0; rows with a letter have that too */

static const char *const progress_words[] = {"auto", "always", "never", NULL};

/* One row after another: the command's own, then the common ones. */
struct table {
	struct tool_option rows[OPTIONS_MAX];
	size_t own, count;
	bool help, version;
};

static void
fill(struct table *t, struct tool *tool, const struct tool_spec *spec)
{
	const struct tool_option common[] = {
	    {"config", 'c', "PATH", .text = &tool->config_path, .help = "the configuration file"},
	    {"location-name", 'l', "NAME", .list = &tool->locations,
		.help = "only this location; may be given several times"},
	    {"location-id", 0, "ID", .number = &tool->location_id, .min = 1,
		.help = "only the location with this number"},
	    {"stored", 0, NULL, .flag = &tool->stored,
		.help = "work from the store, read no input"},
	    {"days", 'd', "N", .flag = &tool->days_given, .number = &tool->days, .min = 1,
		.max = 36500, .help = "only backups of the last N days"},
	    {"all", 0, NULL, .flag = &tool->all, .help = "backups of any age"},
	    {"where", 'w', "JQ", .text = &tool->where,
		.help = "only records for which this jq expression is true"},
	    {"exit-zero", 0, NULL, .flag = &tool->exit_zero,
		.help = "exit 0 where findings would make it 1"},
	    {"quiet", 'q', NULL, .flag = &tool->quiet, .help = "no records on standard output"},
	    {"verbose", 'v', NULL, .flag = &tool->verbose, .help = "say more on standard error"},
	    {"progress", 0, "WHEN", .text = &tool->progress, .words = progress_words,
		.help = "show how far it is: auto, always, never"},
	    {"help", 0, NULL, .flag = &t->help, .help = "show this and exit"},
	    {"version", 0, NULL, .flag = &t->version, .help = "show the version and exit"},
	};

	for (const struct tool_option *o = spec->options; o && o->name; o++) {
		if (t->count < OPTIONS_MAX - ARRAY_LEN(common))
			t->rows[t->count++] = *o;
	}
	t->own = t->count;
	for (size_t i = 0; i < ARRAY_LEN(common); i++)
		t->rows[t->count++] = common[i];
}

/* ---------------------------------------------------------------- help */

/* Text behind a column, broken at blanks. */
static void
add_wrapped(struct buf *out, const char *text, size_t column, size_t at)
{
	while (*text) {
		size_t word = strcspn(text, " \n");

		if (at > column && at + 1 + word > HELP_WIDTH) {
			buf_printf(out, "\n%*s", (int)column, "");
			at = column;
		} else if (at > column) {
			buf_char(out, ' ');
			at++;
		}
		buf_add(out, text, word);
		at += word;
		text += word;
		while (*text == ' ' || *text == '\n')
			text++;
	}
	buf_char(out, '\n');
}

static void
add_option(struct buf *out, const struct tool_option *o)
{
	size_t start = out->len, len;

	if (o->letter)
		buf_printf(out, "  -%c, ", o->letter);
	else
		buf_str(out, "      ");
	buf_printf(out, "--%s", o->name);
	if (o->arg)
		buf_printf(out, o->optional ? "[=%s]" : "=%s", o->arg);
	len = out->len - start;
	if (len + 1 >= HELP_COLUMN) {
		buf_char(out, '\n');
		len = 0;
	}
	buf_printf(out, "%*s", (int)(HELP_COLUMN - len), "");
	add_wrapped(out, o->help ? o->help : "", HELP_COLUMN, HELP_COLUMN);
}

static void
add_help(struct buf *out, const struct tool_spec *spec, const struct table *t)
{
	buf_printf(out, "Usage: %s %s\n", spec->name, spec->usage ? spec->usage : "[OPTION]...");
	if (spec->about)
		add_wrapped(out, spec->about, 0, 0);
	buf_char(out, '\n');
	for (size_t i = 0; i < t->own; i++)
		add_option(out, &t->rows[i]);
	buf_str(out, t->own ? "\nCommon options:\n" : "Options:\n");
	for (size_t i = t->own; i < t->count; i++)
		add_option(out, &t->rows[i]);
	if (spec->notes)
		buf_printf(
		    out, "\n%s%s", spec->notes, str_has_suffix(spec->notes, "\n") ? "" : "\n");
	buf_str(out,
	    "\nExit status: 0 nothing wrong, 1 something wrong was found, 2 wrong usage or\n"
	    "configuration, 3 not all of the work could be done.\n");
	buf_printf(
	    out, "The manual is %s(1); bkm(7) shows how the commands fit together.\n", spec->name);
}

/* ---------------------------------------------------------------- parsing */

static int
wrong(struct tool *tool, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	log_error(tool->log, "%s; try '%s --help'", text.data, tool->spec->name);
	buf_release(&text);
	tool->exit = TOOL_EXIT_USAGE;
	return 1;
}

static void
append(struct tool *tool, struct tool_list *list, const char *value)
{
	if (list->count == list->cap) {
		size_t cap = list->cap ? list->cap * 2 : 8;
		const char **items = tool_own(tool, mem_array(cap, sizeof(*items)));

		for (size_t i = 0; i < list->count; i++)
			items[i] = list->items[i];
		list->items = items;
		list->cap = cap;
	}
	list->items[list->count++] = value;
}

static void
append_values(struct tool *tool, const struct tool_option *o, const char *value)
{
	char *rest, *word;

	if (!o->commas) {
		append(tool, o->list, value);
		return;
	}
	rest = tool_own(tool, mem_strdup(value));
	while ((word = strsep(&rest, ","))) {
		if (*word)
			append(tool, o->list, word);
	}
}

static bool
is_one_of(const char *value, const char *const *words)
{
	for (; *words; words++) {
		if (strcmp(value, *words) == 0)
			return true;
	}
	return false;
}

/* Every value of a list with words must be one of them. */
static const char *
stranger(const struct tool_option *o, const char *value)
{
	if (!o->words)
		return NULL;
	if (!o->list)
		return is_one_of(value, o->words) ? NULL : value;
	for (size_t i = 0; i < o->list->count; i++) {
		if (!is_one_of(o->list->items[i], o->words))
			return o->list->items[i];
	}
	return NULL;
}

static int
wrong_word(struct tool *tool, const struct tool_option *o, const char *value)
{
	struct buf words = BUF_INIT;

	for (const char *const *w = o->words; *w; w++)
		buf_printf(&words, "%s%s", words.len ? ", " : "", *w);
	(void)wrong(tool, "option '--%s' takes %s, not '%s'", o->name, words.data, value);
	buf_release(&words);
	return 1;
}

static int
set_value(struct tool *tool, const struct tool_option *o, const char *value)
{
	struct err err = {0};
	const char *strange;
	int r = 0;

	if (o->flag)
		*o->flag = true;
	if (!value)
		return 0;
	if (o->text)
		*o->text = value;
	if (o->list)
		append_values(tool, o, value);
	strange = stranger(o, value);
	if (strange)
		return wrong_word(tool, o, strange);
	if (o->number)
		r = str_to_u64(value, o->min, o->max ? o->max : UINT64_MAX, o->number, &err);
	else if (o->size)
		r = str_to_size(value, o->size, &err);
	else if (o->seconds)
		r = str_to_duration(value, o->seconds, &err);
	return r < 0 ? wrong(tool, "option '--%s': %s", o->name, err.msg) : 0;
}

/* getopt's view of the table. */
static void
translate(const struct table *t, struct option *longs, char *shorts)
{
	*shorts++ = ':';
	for (size_t i = 0; i < t->count; i++) {
		const struct tool_option *o = &t->rows[i];

		longs[i] = (struct option){.name = o->name,
		    .has_arg = !o->arg ? no_argument
			: o->optional  ? optional_argument
				       : required_argument,
		    .val = LONG_FIRST + (int)i};
		if (!o->letter)
			continue;
		*shorts++ = o->letter;
		if (o->arg)
			*shorts++ = ':';
		if (o->arg && o->optional)
			*shorts++ = ':';
	}
	*shorts = '\0';
}

static const struct tool_option *
row_of(const struct table *t, int c)
{
	if (c >= LONG_FIRST)
		return &t->rows[c - LONG_FIRST];
	for (size_t i = 0; i < t->count; i++) {
		if (t->rows[i].letter == c)
			return &t->rows[i];
	}
	return NULL;
}

static int
complain(struct tool *tool, const struct table *t, int c, const char *arg)
{
	const struct tool_option *o = optopt ? row_of(t, optopt) : NULL;

	if (c == ':' && o && optopt < LONG_FIRST)
		return wrong(tool, "option requires a value -- '%c'", optopt);
	if (c == ':' && o)
		return wrong(tool, "option '--%s' requires a value", o->name);
	if (o)
		return wrong(tool, "option '--%s' takes no value", o->name);
	if (optopt)
		return wrong(tool, "invalid option -- '%c'", optopt);
	return wrong(tool, "unrecognized or ambiguous option '%.*s'", (int)strcspn(arg, "="), arg);
}

static int
parse(struct tool *tool, struct table *t, int argc, char **argv)
{
	struct option longs[OPTIONS_MAX + 1] = {0};
	char shorts[3 * OPTIONS_MAX + 2];
	int c, r;

	translate(t, longs, shorts);
	opterr = 0;
	optind = 0;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct tool_option *o = c == '?' || c == ':' ? NULL : row_of(t, c);

		if (!o)
			return complain(tool, t, c, argv[optind - 1]);
		r = set_value(tool, o, optarg);
		if (r != 0)
			return r;
	}
	tool->operands = argv + optind;
	tool->operand_count = (size_t)(argc - optind);
	return 0;
}

/* What the options mean together. */
static int
check(struct tool *tool)
{
	const struct tool_spec *spec = tool->spec;

	if (tool->operand_count && spec->operands == TOOL_OPERANDS_NONE)
		return wrong(tool, "unexpected operand '%s'", tool->operands[0]);
	if (tool->operand_count && tool->stored)
		return wrong(tool, "--stored and operands exclude each other");
	if (tool->all && tool->days_given)
		return wrong(tool, "--all and --days exclude each other");
	tool->by_operands = tool->operand_count && spec->operands == TOOL_OPERANDS_BACKUPS;
	if (tool->by_operands && (tool->locations.count || tool->location_id))
		return wrong(tool, "files named as operands belong to no location");
	if (!tool->days_given)
		tool->days = tool->all ? 0 : (uint64_t)spec->default_days;
	return 0;
}

static int
print(struct tool *tool, const struct buf *text)
{
	struct err err = {0};

	tool->exit = TOOL_EXIT_OK;
	if (fsio_write_all(STDOUT_FILENO, text->data, text->len, "standard output", &err) < 0) {
		log_error(tool->log, "%s", err.msg);
		tool->exit = TOOL_EXIT_TROUBLE;
	}
	return 1;
}

int
tool_parse(struct tool *tool, const struct tool_spec *spec, int argc, char **argv)
{
	const struct log_options log = {.program = spec->name, .stderr_level = LOG_LEVEL_WARNING};
	struct buf text = BUF_INIT;
	struct table t = {0};
	int r;

	tool->spec = spec;
	tool->progress = progress_words[0];
	tool_guard_descriptors();
	(void)log_open(&tool->log, &log, NULL);
	fill(&t, tool, spec);
	r = parse(tool, &t, argc, argv);
	if (r == 0 && t.help) {
		add_help(&text, spec, &t);
		r = print(tool, &text);
	} else if (r == 0 && t.version) {
		buf_printf(&text, "%s (bkm) %s\n", spec->name, BKM_VERSION);
		r = print(tool, &text);
	} else if (r == 0) {
		r = check(tool);
	}
	buf_release(&text);
	return r;
}
