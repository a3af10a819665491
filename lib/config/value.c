// One value of the file: check it against its row of the table and put it where the row says.
#include <stdlib.h>
#include <string.h>

#include "config/config_private.h"

struct value {
	const struct config_key *key;
	const struct config_node *node;
	char *text;    /* expanded; owned */
	bool quoted;   /* and not expanded: a text even if it looks like a number */
	void *base;    /* the object that the key's offset is in */
	bool fallback; /* from the table, not from the file */
};

#define FIELD(value, type) ((type *)(void *)((char *)(value)->base + (value)->key->offset))

/* Shows what stands in the file: the value of a variable may be a secret. */
static void
wrong_value(struct config_loader *l, const struct value *v, const char *why)
{
	struct buf takes = BUF_INIT;
	bool secret = v->key->kind == KEY_SECRET || v->key->kind == KEY_SECRET_FILE;
	const char *text = v->node->kind == NODE_LIST ? "a list"
	    : v->node->kind == NODE_MAP               ? "a mapping"
	    : v->node->kind == NODE_NULL              ? "nothing"
						      : NULL;

	config_key_describe(v->key, &takes);
	if (text || secret)
		config_problem(&l->problems, v->node->line, v->node->column,
		    "'%s' must be %s%s%s%s", v->key->path, takes.data, text ? ", not " : "",
		    text ? text : "", why);
	else
		config_problem(&l->problems, v->node->line, v->node->column,
		    "'%s' must be %s, not '%s'%s", v->key->path, takes.data, v->node->text, why);
	buf_release(&takes);
}

static bool
is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++) {
		if (strcmp(text, *words) == 0)
			return true;
	}
	return false;
}

static void
set_bool(struct config_loader *l, const struct value *v)
{
	static const char *const yes[] = {"true", "True", "TRUE", NULL};
	static const char *const no[] = {"false", "False", "FALSE", NULL};
	static const char *const old[] = {"yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON",
	    "off", "Off", "OFF", "y", "Y", "n", "N", NULL};

	if (!v->quoted && is_one_of(v->text, yes))
		*FIELD(v, bool) = true;
	else if (!v->quoted && is_one_of(v->text, no))
		*FIELD(v, bool) = false;
	else if (is_one_of(v->text, yes) || is_one_of(v->text, no))
		wrong_value(l, v, " (leave the quotes out)");
	else
		wrong_value(l, v,
		    is_one_of(v->text, old) ? " (in YAML 1.2 yes, no, on and off are texts)" : "");
}

static void
set_int(struct config_loader *l, const struct value *v)
{
	const struct config_key *k = v->key;
	int64_t n;

	if (v->quoted || str_to_i64(v->text, k->min, k->max ? k->max : INT64_MAX, &n, NULL) < 0)
		wrong_value(l, v, v->quoted ? " (leave the quotes out)" : "");
	else
		*FIELD(v, int64_t) = n;
}

static void
set_size(struct config_loader *l, const struct value *v)
{
	uint64_t bytes;

	if (str_to_size(v->text, &bytes, NULL) < 0 || bytes > (uint64_t)1 << 53)
		wrong_value(l, v, "");
	else if ((int64_t)bytes < v->key->min)
		wrong_value(l, v, " (at least 1)");
	else
		*FIELD(v, int64_t) = (int64_t)bytes;
}

static void
set_duration(struct config_loader *l, const struct value *v)
{
	int64_t seconds;

	if (str_to_duration(v->text, &seconds, NULL) < 0) {
		wrong_value(l, v,
		    str_to_i64(v->text, 0, INT64_MAX, &seconds, NULL) == 0 ? " (add a unit)" : "");
	} else if (seconds < v->key->min || (v->key->max && seconds > v->key->max)) {
		struct buf why = BUF_INIT;

		buf_str(&why, seconds < v->key->min ? " (at least " : " (at most ");
		str_add_duration(&why, seconds < v->key->min ? v->key->min : v->key->max);
		buf_char(&why, ')');
		wrong_value(l, v, why.data);
		buf_release(&why);
	} else {
		*FIELD(v, int64_t) = seconds;
	}
}

/* Digits with at most one point: strtod would follow the locale and take more than that. */
static void
set_real(struct config_loader *l, const struct value *v)
{
	double n = 0, unit = 1;
	const char *s = v->text;
	bool digits = false;

	for (; *s >= '0' && *s <= '9'; s++, digits = true)
		n = n * 10 + (*s - '0');
	if (*s == '.') {
		for (s++; *s >= '0' && *s <= '9'; s++, digits = true)
			n += (*s - '0') * (unit /= 10);
	}
	if (*s || !digits || v->quoted || n < (double)v->key->min || n > (double)v->key->max)
		wrong_value(l, v, v->quoted ? " (leave the quotes out)" : "");
	else
		*FIELD(v, double) = n;
}

static int
word_index(struct config_loader *l, const struct value *v)
{
	const char *near;
	struct buf why = BUF_INIT;

	for (int i = 0; v->key->words[i]; i++) {
		if (strcmp(v->text, v->key->words[i]) == 0)
			return i;
	}
	near = str_nearest(v->text, v->key->words);
	if (near)
		buf_printf(&why, " (did you mean '%s'?)", near);
	wrong_value(l, v, why.data);
	buf_release(&why);
	return -1;
}

static void
take_text(const struct value *v, char *text)
{
	free(*FIELD(v, char *));
	*FIELD(v, char *) = text;
}

/* True if the text may stand in a message, a header, a file name: no control bytes. */
static bool
check_text(struct config_loader *l, const struct value *v)
{
	static const char *const flags[] = {
	    "true", "True", "TRUE", "false", "False", "FALSE", NULL};

	if (!v->quoted && !v->fallback && is_one_of(v->text, flags)) {
		wrong_value(l, v, " (put it in quotes if you mean the text)");
		return false;
	}
	if (!*v->text) {
		config_problem(&l->problems, v->node->line, v->node->column,
		    "'%s' is empty (leave it out)", v->key->path);
		return false;
	}
	if (str_has_prefix(v->text, "~/")) {
		config_problem(&l->problems, v->node->line, v->node->column,
		    "'%s': only a shell knows '~'; write ${HOME}%s", v->key->path, v->text + 1);
		return false;
	}
	for (const char *s = v->text; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if ((c < 32 && !(v->key->multiline && (c == '\n' || c == '\t'))) || c == 127) {
			config_problem(&l->problems, v->node->line, v->node->column,
			    "'%s' holds a control character or a line end", v->key->path);
			return false;
		}
	}
	return true;
}

static void
set_secret_file(struct config_loader *l, const struct value *v)
{
	struct err err = {0};
	char *path, *secret;

	if (*FIELD(v, char *)) {
		config_problem(&l->problems, v->node->line, v->node->column,
		    "'%s' and the key without '_file' are both given", v->key->path);
		return;
	}
	path = config_absolute(l->config, v->text);
	if (config_secret_read(path, &l->env, v->key->multiline, &secret, &err) < 0)
		config_problem(&l->problems, v->node->line, v->node->column, "'%s': %s",
		    v->key->path, err.msg);
	else
		take_text(v, secret);
	free(path);
}

static void
set_secret(struct config_loader *l, const struct value *v)
{
	if (*FIELD(v, char *))
		config_problem(&l->problems, v->node->line, v->node->column,
		    "'%s' and '%s_file' are both given", v->key->path, v->key->path);
	else if (check_text(l, v))
		take_text(v, mem_strdup(v->text));
}

static void
list_add(struct config_list *list, const char *text)
{
	list->items = mem_resize(list->items, list->count + 2, sizeof(*list->items));
	list->items[list->count++] = mem_strdup(text);
	list->items[list->count] = NULL;
}

static void
set_scalar(struct config_loader *l, const struct value *v)
{
	enum log_level level;
	int word;

	switch (v->key->kind) {
	case KEY_TEXT:
		if (check_text(l, v))
			take_text(v, mem_strdup(v->text));
		break;
	case KEY_PATH:
		if (check_text(l, v))
			take_text(v, config_absolute(l->config, v->text));
		break;
	case KEY_SECRET:
		set_secret(l, v);
		break;
	case KEY_SECRET_FILE:
		if (check_text(l, v))
			set_secret_file(l, v);
		break;
	case KEY_BOOL:
		set_bool(l, v);
		break;
	case KEY_INT:
		set_int(l, v);
		break;
	case KEY_REAL:
		set_real(l, v);
		break;
	case KEY_DURATION:
		set_duration(l, v);
		break;
	case KEY_SIZE:
		set_size(l, v);
		break;
	case KEY_WORD:
		word = word_index(l, v);
		if (word >= 0)
			*FIELD(v, unsigned) = (unsigned)word;
		break;
	case KEY_WORD_BOOL:
		word = word_index(l, v);
		if (word >= 0)
			*FIELD(v, bool) = word > 0;
		break;
	case KEY_WORD_TEXT:
		if (word_index(l, v) >= 0)
			take_text(v, mem_strdup(v->text));
		break;
	case KEY_WORDS:
		word = word_index(l, v);
		if (word >= 0)
			*FIELD(v, unsigned) |= 1U << word;
		break;
	case KEY_LEVEL:
		if (log_level_parse(v->text, &level) < 0)
			wrong_value(l, v, "");
		else
			*FIELD(v, enum log_level) = level;
		break;
	case KEY_LIST:
	case KEY_ARGV:
		if (check_text(l, v))
			list_add(FIELD(v, struct config_list), v->text);
		break;
	case KEY_SECTION:
	case KEY_ITEMS:
		break;
	}
}

/* One scalar of the file: expand it, then set it. */
void
config_value_scalar(struct config_loader *l, const struct config_key *key,
    const struct config_node *node, void *base)
{
	struct value v = {.key = key, .node = node, .base = base};
	struct err err = {0};
	bool changed;

	if (node->kind != NODE_SCALAR) {
		wrong_value(l, &v, "");
		return;
	}
	if (config_env_expand(&l->env, node->text, &v.text, &changed, &err) < 0) {
		config_problem(
		    &l->problems, node->line, node->column, "'%s': %s", key->path, err.msg);
		return;
	}
	v.quoted = node->quoted && !changed;
	set_scalar(l, &v);
	explicit_bzero(v.text, strlen(v.text));
	free(v.text);
}

void
config_list_release(struct config_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct config_list){0};
}

/* A list of texts or words; one text alone is a list of one, but for a command. */
void
config_value_list(struct config_loader *l, const struct config_key *key,
    const struct config_node *node, void *base)
{
	struct value v = {.key = key, .node = node, .base = base};

	if (node->kind == NODE_MAP || (key->kind == KEY_ARGV && node->kind != NODE_LIST)) {
		wrong_value(l, &v, "");
		return;
	}
	if (key->kind == KEY_WORDS)
		*FIELD(&v, unsigned) = 0;
	else
		config_list_release(FIELD(&v, struct config_list));
	if (node->kind == NODE_SCALAR)
		config_value_scalar(l, key, node, base);
	for (size_t i = 0; node->kind == NODE_LIST && i < node->count; i++)
		config_value_scalar(l, key, &node->items[i], base);
	if (key->kind == KEY_ARGV && !node->count)
		wrong_value(l, &v, " that is empty");
}

/* What is not given: the default of the table, or not known. */
void
config_value_default(struct config_loader *l, const struct config_key *key, void *base)
{
	struct config_node node = {.kind = NODE_SCALAR};
	struct value v = {.key = key, .node = &node, .base = base, .fallback = true};
	struct buf word = BUF_INIT;

	if (key->kind == KEY_SECTION || key->kind == KEY_ITEMS || key->kind == KEY_SECRET_FILE)
		return;
	if (!key->fallback) {
		if (key->kind == KEY_INT || key->kind == KEY_SIZE || key->kind == KEY_DURATION)
			*FIELD(&v, int64_t) = CONFIG_UNSET;
		return;
	}
	for (const char *s = key->fallback; *s; s += strspn(s, ", ")) {
		size_t n =
		    key->kind == KEY_WORDS || key->kind == KEY_LIST ? strcspn(s, ",") : strlen(s);

		buf_clear(&word);
		buf_add(&word, s, n);
		v.text = word.data;
		set_scalar(l, &v);
		s += n;
	}
	buf_release(&word);
}

void
config_value_wrong(
    struct config_loader *l, const struct config_key *key, const struct config_node *node)
{
	struct value v = {.key = key, .node = node};

	wrong_value(l, &v, "");
}
