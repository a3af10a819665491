// Walk the tree by the table of keys: sections, lists of sections, unknown and missing keys.
#include <stdlib.h>
#include <string.h>

#include "config/config_private.h"

/* ---------------------------------------------------------------- finding rows */

/* The part of path behind "section.", or NULL if it is not below section; "" is the top. */
static const char *
below(const char *path, const char *section)
{
	size_t n = strlen(section);

	if (!n)
		return path;
	return strncmp(path, section, n) == 0 && path[n] == '.' ? path + n + 1 : NULL;
}

static const struct config_key *
find_key(const char *section, const char *name)
{
	size_t count;
	const struct config_key *keys = config_keys(&count);

	if (strpbrk(name, ".["))
		return NULL;
	for (size_t i = 0; i < count; i++) {
		const char *rest = below(keys[i].path, section);

		if (rest && strcmp(rest, name) == 0)
			return &keys[i];
	}
	return NULL;
}

static const char *
last_part(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? dot + 1 : path;
}

/* The nearest key of the same mapping, else a key of that very name somewhere else. */
static const char *
suggest(const char *section, const char *name)
{
	size_t count, n = 0;
	const struct config_key *keys = config_keys(&count);
	const char **names = mem_array(count + 1, sizeof(*names));
	const char *found;

	for (size_t i = 0; i < count; i++) {
		const char *rest = below(keys[i].path, section);

		if (rest && !strchr(rest, '.'))
			names[n++] = rest;
	}
	found = str_nearest(name, names);
	for (size_t i = 0; !found && i < count; i++) {
		if (strcmp(last_part(keys[i].path), name) == 0)
			found = keys[i].path;
	}
	free(names);
	return found;
}

static void
unknown_key(struct config_loader *l, const struct config_node *node, const char *section)
{
	const char *near = suggest(section, node->key);

	config_problem(&l->problems, node->key_line, node->key_column,
	    "unknown key '%s'%s%s%s%s%s%s%s", node->key, *section ? " in '" : "", section,
	    *section ? "'" : "", near ? " (did you mean '" : "", near ? near : "", near ? "'?" : "",
	    near ? ")" : "");
}

/* ---------------------------------------------------------------- objects */

static void
set_defaults(struct config_loader *l, const char *section, void *base)
{
	size_t count;
	const struct config_key *keys = config_keys(&count);

	for (size_t i = 0; i < count; i++) {
		const char *rest = below(keys[i].path, section);

		if (rest && !strstr(rest, "[]"))
			config_value_default(l, &keys[i], base);
	}
}

static void
fill_map(struct config_loader *l, const struct config_node *map, const char *section, void *base);

/* The section name of the items of a list: "backups.locations" is "backups.locations[]". */
static char *
items_section(const struct config_key *key)
{
	return mem_printf("%s[]", key->path);
}

static void
fill_items(struct config_loader *l, const struct config_key *key, const struct config_node *node,
    void *base)
{
	char *section, *items;

	if (node->kind != NODE_LIST) {
		config_value_wrong(l, key, node);
		return;
	}
	if (!node->count)
		return;
	section = items_section(key);
	items = mem_array(node->count, key->item_size);
	memcpy((char *)base + key->offset, &items, sizeof(items));
	*(size_t *)(void *)((char *)base + key->count_offset) = node->count;
	for (size_t i = 0; i < node->count; i++) {
		const struct config_node *item = &node->items[i];
		void *object = items + i * key->item_size;

		set_defaults(l, section, object);
		if (item->kind == NODE_MAP)
			fill_map(l, item, section, object);
		else
			config_problem(&l->problems, item->line, item->column,
			    "each item of '%s' must be a mapping (- key: value)", key->path);
	}
	free(section);
}

static void
fill_value(struct config_loader *l, const struct config_key *key, const struct config_node *node,
    void *base)
{
	if (node->kind == NODE_NULL)
		return;
	if (key->kind == KEY_ITEMS)
		fill_items(l, key, node, base);
	else if (key->kind == KEY_SECTION && node->kind == NODE_MAP)
		fill_map(l, node, key->path, base);
	else if (key->kind == KEY_SECTION)
		config_value_wrong(l, key, node);
	else if (key->kind == KEY_WORDS || key->kind == KEY_LIST || key->kind == KEY_ARGV)
		config_value_list(l, key, node, base);
	else
		config_value_scalar(l, key, node, base);
}

static bool
is_disabled(const struct config_node *map)
{
	const struct config_node *enabled = config_node_get(map, "enabled");

	return enabled && enabled->kind == NODE_SCALAR && strcmp(enabled->text, "false") == 0;
}

static void
check_required(struct config_loader *l, const struct config_node *map, const char *section)
{
	size_t count;
	const struct config_key *keys = config_keys(&count);

	if (is_disabled(map))
		return;
	for (size_t i = 0; i < count; i++) {
		const char *rest = below(keys[i].path, section);
		const struct config_node *node;

		if (!rest || !keys[i].required || strpbrk(rest, ".["))
			continue;
		node = config_node_get(map, rest);
		if (!node || node->kind == NODE_NULL)
			config_problem(&l->problems, map->line, map->column, "'%s' is missing: %s",
			    keys[i].path, keys[i].help);
	}
}

static void
fill_map(struct config_loader *l, const struct config_node *map, const char *section, void *base)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct config_node *node = &map->items[i];
		const struct config_key *key = find_key(section, node->key);

		if (key)
			fill_value(l, key, node, base);
		else
			unknown_key(l, node, section);
	}
	check_required(l, map, section);
}

void
config_fill(struct config_loader *loader, const struct config_node *root)
{
	set_defaults(loader, "", loader->config);
	if (root->kind == NODE_MAP)
		fill_map(loader, root, "", loader->config);
	else if (root->kind != NODE_NULL)
		config_problem(&loader->problems, root->line, root->column,
		    "the file must hold a mapping (backups:, monitoring:, …)");
}

/* ---------------------------------------------------------------- the end */

static void
release_text(char **text)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

static void release_object(const char *section, void *base);

static void
release_items(const struct config_key *key, void *base)
{
	size_t *count = (size_t *)(void *)((char *)base + key->count_offset);
	char *section = items_section(key);
	char *items;

	memcpy(&items, (char *)base + key->offset, sizeof(items));
	for (size_t i = 0; i < *count; i++)
		release_object(section, items + i * key->item_size);
	free(section);
	free(items);
	items = NULL;
	memcpy((char *)base + key->offset, &items, sizeof(items));
	*count = 0;
}

static void
release_object(const char *section, void *base)
{
	size_t count;
	const struct config_key *keys = config_keys(&count);

	for (size_t i = 0; i < count; i++) {
		const struct config_key *k = &keys[i];
		const char *rest = below(k->path, section);
		void *field = (char *)base + k->offset;

		if (!rest || strstr(rest, "[]"))
			continue;
		if (k->kind == KEY_ITEMS)
			release_items(k, base);
		else if (k->kind == KEY_LIST || k->kind == KEY_ARGV)
			config_list_release(field);
		else if (k->kind == KEY_TEXT || k->kind == KEY_SECRET || k->kind == KEY_PATH ||
		    k->kind == KEY_WORD_TEXT)
			release_text(field);
	}
}

void
config_fill_release(struct config *config)
{
	release_object("", config);
}
