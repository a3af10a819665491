// Sets of names, and the parts of pg_dump's archives that list names.
#include "verify/verify_private.h"

void
verify_names_add(struct verify_names *n, const char *name, size_t len)
{
	MEM_GROW(n->items, n->count, n->cap);
	n->items[n->count++] = mem_strndup(name, len);
}

void
verify_names_release(struct verify_names *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->items[i]);
	free(n->items);
	*n = (struct verify_names){0};
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

const char *
verify_names_missing(const struct verify_names *wanted, struct verify_names *there)
{
	if (there->count)
		qsort(there->items, there->count, sizeof(char *), by_name);
	for (size_t i = 0; i < wanted->count; i++)
		if (!there->count ||
		    !bsearch(
			&wanted->items[i], there->items, there->count, sizeof(char *), by_name))
			return wanted->items[i];
	return NULL;
}

void
verify_names_of_list(struct verify_names *n, const char *text, size_t len)
{
	const char *p = text, *end = text + len;
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		const char *stop = nl ? nl : end;
		const char *space = memchr(p, ' ', (size_t)(stop - p));
		if (space)
			verify_names_add(n, space + 1, (size_t)(stop - space - 1));
		p = stop + 1;
	}
}

/* ---------------------------------------------------------------- a table of contents in memory */

struct memory {
	const char *data;
	size_t left;
};

static int
take(void *arg, void *data, size_t len)
{
	struct memory *m = arg;
	if (m->left < len)
		return -1;
	if (data)
		memcpy(data, m->data, len);
	m->data += len;
	m->left -= len;
	return 0;
}

enum sqldb_fault
verify_toc_of(struct sqldb_toc *toc, const char *data, size_t len)
{
	struct memory m = {.data = data, .left = len};
	struct sqldb_toc_input in = {.read = take, .arg = &m};
	enum sqldb_fault f = sqldb_toc_read(toc, &in);
	if (f == SQLDB_FAULT_NONE && m.left) {
		snprintf(toc->detail, sizeof(toc->detail), "bytes behind its table of contents");
		return SQLDB_FAULT_DAMAGED;
	}
	return f;
}
