// Read YAML into a small tree with the place of everything, under limits, and collect what is wrong.
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "config/config_private.h"

static void
add_problem(
    struct config_problems *problems, unsigned line, unsigned column, const char *fmt, va_list ap)
{
	struct buf text = BUF_INIT_MAX(4096), visible = BUF_INIT_MAX(8192);

	if (problems->count >= CONFIG_MAX_PROBLEMS) {
		problems->more++;
		return;
	}
	buf_vprintf(&text, fmt, ap);
	str_add_visible(&visible, text.data, text.len);
	MEM_GROW(problems->items, problems->count, problems->cap);
	problems->items[problems->count++] =
	    (struct config_problem){.line = line, .column = column, .text = buf_take(&visible)};
	buf_release(&text);
}

void
config_problem(
    struct config_problems *problems, unsigned line, unsigned column, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_problem(problems, line, column, fmt, ap);
	va_end(ap);
}

void
config_problem_at(struct config_loader *loader, const struct config_node *map, const char *key,
    const char *fmt, ...)
{
	const struct config_node *node = config_node_get(map, key);
	va_list ap;

	node = node ? node : map;
	va_start(ap, fmt);
	add_problem(&loader->problems, node ? node->line : 0, node ? node->column : 0, fmt, ap);
	va_end(ap);
}

void
config_problems_release(struct config_problems *problems)
{
	for (size_t i = 0; i < problems->count; i++)
		free(problems->items[i].text);
	free(problems->items);
	problems->items = NULL;
	problems->count = problems->cap = problems->more = 0;
}

static int
problem_cmp(const void *a, const void *b)
{
	const struct config_problem *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	return strcmp(x->text, y->text);
}

void
config_problems_print(struct config_problems *problems, struct buf *out)
{
	if (problems->count > 1)
		qsort(problems->items, problems->count, sizeof(*problems->items), problem_cmp);
	for (size_t i = 0; i < problems->count; i++) {
		const struct config_problem *p = &problems->items[i];

		str_add_visible(out, problems->file, strlen(problems->file));
		if (p->line)
			buf_printf(out, ":%u:%u", p->line, p->column);
		buf_printf(out, ": %s\n", p->text);
	}
	if (problems->more) {
		str_add_visible(out, problems->file, strlen(problems->file));
		buf_printf(out, ": and %zu more\n", problems->more);
	}
}

void
config_node_release(struct config_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		config_node_release(&node->items[i]);
	free(node->items);
	free(node->key);
	if (node->text)
		explicit_bzero(node->text, strlen(node->text));
	free(node->text);
	*node = (struct config_node){0};
}

const struct config_node *
config_node_get(const struct config_node *node, const char *key)
{
	if (!node || node->kind != NODE_MAP)
		return NULL;
	for (size_t i = 0; i < node->count; i++) {
		if (strcmp(node->items[i].key, key) == 0)
			return &node->items[i];
	}
	return NULL;
}

struct reader {
	yaml_parser_t parser;
	struct config_problems *problems;
};

static void
problem_at(struct reader *r, const yaml_mark_t *mark, const char *what)
{
	config_problem(
	    r->problems, (unsigned)mark->line + 1, (unsigned)mark->column + 1, "%s", what);
}

/* The next event, or -1 with a problem: the file cannot be read any further. */
static int
next_event(struct reader *r, yaml_event_t *event)
{
	const yaml_parser_t *p = &r->parser;

	if (yaml_parser_parse(&r->parser, event))
		return 0;
	config_problem(r->problems, (unsigned)p->problem_mark.line + 1,
	    (unsigned)p->problem_mark.column + 1, "not YAML: %s%s%s",
	    p->problem ? p->problem : "cannot be read", p->context ? ", " : "",
	    p->context ? p->context : "");
	return -1;
}

static bool
is_null(const char *text)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};

	for (size_t i = 0; i < ARRAY_LEN(nulls); i++) {
		if (strcmp(text, nulls[i]) == 0)
			return true;
	}
	return false;
}

/* Anchors and tags have no use here and hide what a file says. */
static void
refuse_decoration(
    struct reader *r, const yaml_event_t *event, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor)
		problem_at(r, &event->start_mark, "anchors (&name) are not supported");
	if (tag)
		problem_at(r, &event->start_mark, "tags (!name) are not supported");
}

static int
read_node(struct reader *r, yaml_event_t *event, struct config_node *node, unsigned depth);

static struct config_node *
node_add(struct config_node *parent)
{
	MEM_GROW(parent->items, parent->count, parent->cap);
	parent->items[parent->count] = (struct config_node){0};
	return &parent->items[parent->count++];
}

static int
read_list(struct reader *r, struct config_node *node, unsigned depth)
{
	yaml_event_t event;

	node->kind = NODE_LIST;
	for (;;) {
		int rc;

		if (next_event(r, &event) < 0)
			return -1;
		if (event.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&event);
			return 0;
		}
		rc = read_node(r, &event, node_add(node), depth + 1);
		yaml_event_delete(&event);
		if (rc < 0)
			return -1;
	}
}

/* Take over the key in event: true if the member is to be kept. */
static bool
take_key(struct reader *r, const yaml_event_t *event, struct config_node *map,
    struct config_node *member)
{
	const struct config_node *first;

	member->key_line = (unsigned)event->start_mark.line + 1;
	member->key_column = (unsigned)event->start_mark.column + 1;
	if (event->type != YAML_SCALAR_EVENT ||
	    strlen((const char *)event->data.scalar.value) != event->data.scalar.length) {
		problem_at(r, &event->start_mark, "a key must be a word");
		return false;
	}
	refuse_decoration(r, event, event->data.scalar.anchor, event->data.scalar.tag);
	member->key = mem_strdup((const char *)event->data.scalar.value);
	first = config_node_get(map, member->key);
	if (first) {
		config_problem(r->problems, member->key_line, member->key_column,
		    "duplicate key '%s' (first in line %u)", member->key, first->key_line);
		return false;
	}
	if (map->count >= CONFIG_MAX_KEYS) {
		config_problem(r->problems, member->key_line, member->key_column,
		    "more than %d keys in one mapping", CONFIG_MAX_KEYS);
		return false;
	}
	return true;
}

/* One "key: value" whose key is in event. */
static int
read_member(struct reader *r, yaml_event_t *event, struct config_node *map, unsigned depth)
{
	struct config_node member = {0}, complex_key = {0};
	yaml_event_t value;
	bool keep;
	int rc;

	keep = take_key(r, event, map, &member);
	if (event->type != YAML_SCALAR_EVENT && event->type != YAML_ALIAS_EVENT) {
		rc = read_node(r, event, &complex_key, depth + 1);
		config_node_release(&complex_key);
		if (rc < 0)
			goto out;
	}
	rc = next_event(r, &value);
	if (rc < 0)
		goto out;
	rc = read_node(r, &value, &member, depth + 1);
	yaml_event_delete(&value);
out:
	if (keep && rc == 0) {
		*node_add(map) = member;
		return 0;
	}
	config_node_release(&member);
	return rc;
}

static int
read_map(struct reader *r, struct config_node *node, unsigned depth)
{
	yaml_event_t event;

	node->kind = NODE_MAP;
	for (;;) {
		int rc;

		if (next_event(r, &event) < 0)
			return -1;
		if (event.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&event);
			return 0;
		}
		rc = read_member(r, &event, node, depth);
		yaml_event_delete(&event);
		if (rc < 0)
			return -1;
	}
}

static void
read_scalar(struct reader *r, const yaml_event_t *event, struct config_node *node)
{
	const char *text = (const char *)event->data.scalar.value;

	refuse_decoration(r, event, event->data.scalar.anchor, event->data.scalar.tag);
	if (strlen(text) != event->data.scalar.length) {
		problem_at(r, &event->start_mark, "a text may not hold a NUL");
		return;
	}
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	if (!node->quoted && is_null(text))
		return;
	node->kind = NODE_SCALAR;
	node->text = mem_strdup(text);
}

static int
read_node(struct reader *r, yaml_event_t *event, struct config_node *node, unsigned depth)
{
	node->line = (unsigned)event->start_mark.line + 1;
	node->column = (unsigned)event->start_mark.column + 1;
	if (depth > CONFIG_MAX_DEPTH) {
		problem_at(r, &event->start_mark, "nested too deeply");
		return -1;
	}
	if (event->type == YAML_ALIAS_EVENT) {
		problem_at(r, &event->start_mark, "aliases (*name) are not supported");
		return 0;
	}
	if (event->type == YAML_SCALAR_EVENT) {
		read_scalar(r, event, node);
		return 0;
	}
	if (event->type == YAML_SEQUENCE_START_EVENT) {
		refuse_decoration(
		    r, event, event->data.sequence_start.anchor, event->data.sequence_start.tag);
		return read_list(r, node, depth);
	}
	if (event->type == YAML_MAPPING_START_EVENT) {
		refuse_decoration(
		    r, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);
		return read_map(r, node, depth);
	}
	problem_at(r, &event->start_mark, "not YAML: unexpected end");
	return -1;
}

/* Everything up to the end of the stream: one document, or none. */
static int
read_stream(struct reader *r, struct config_node *root)
{
	unsigned documents = 0;
	yaml_event_t event;

	for (;;) {
		yaml_event_type_t type;
		int rc = 0;

		if (next_event(r, &event) < 0)
			return -1;
		type = event.type;
		if (type == YAML_DOCUMENT_START_EVENT && documents++) {
			problem_at(r, &event.start_mark, "only one document (---) in a file");
			rc = -1;
		} else if (type == YAML_SCALAR_EVENT || type == YAML_SEQUENCE_START_EVENT ||
		    type == YAML_MAPPING_START_EVENT || type == YAML_ALIAS_EVENT) {
			rc = read_node(r, &event, root, 1);
		}
		yaml_event_delete(&event);
		if (rc < 0 || type == YAML_STREAM_END_EVENT || type == YAML_NO_EVENT)
			return rc;
	}
}

/* Bytes that libyaml would take for another encoding, or not at all. */
static bool
check_bytes(const char *text, size_t len, struct config_problems *problems)
{
	unsigned line = 1;
	size_t start = 0;

	for (size_t i = 0; i < len;) {
		size_t n = str_utf8_len(text + i, len - i);

		if (!n || !text[i]) {
			config_problem(problems, line, (unsigned)(i - start) + 1,
			    n ? "a NUL byte" : "not UTF-8");
			return false;
		}
		if (text[i] == '\n') {
			line++;
			start = i + 1;
		}
		i += n;
	}
	return true;
}

int
config_yaml_parse(
    const char *text, size_t len, struct config_node *ret_root, struct config_problems *problems)
{
	struct reader r = {.problems = problems};
	int rc;

	*ret_root = (struct config_node){.line = 1, .column = 1};
	if (!check_bytes(text, len, problems))
		return -1;
	if (!yaml_parser_initialize(&r.parser)) {
		config_problem(problems, 1, 1, "out of memory");
		return -1;
	}
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
	rc = read_stream(&r, ret_root);
	yaml_parser_delete(&r.parser);
	return rc;
}
