// pg_dump's directory format: toc.dat, a file per table, each to the end of its rows, large objects.
#include "verify/set_private.h"

/* A file, under its name or with what the compression adds to it. */
static struct verify_list_item *
find_any(struct verify_list *l, const char *name)
{
	static const char *const suffixes[] = {"", ".gz", ".lz4", ".zst"};
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		char path[SQLDB_TOC_NAME + 8];
		snprintf(path, sizeof(path), "%.*s%s", SQLDB_TOC_NAME - 1, name, suffixes[i]);
		struct verify_list_item *item = verify_list_find(l, path);
		if (item) {
			item->known = true;
			item->cut = i > 0 && !item->f.compressed;
			return item;
		}
	}
	return NULL;
}

static int
missing(struct verify_content *out, const char *file, const char *what)
{
	return verify_content_set(out, RECORD_VERDICT_FAIL, VERIFY_REASON_INCOMPLETE,
	    "%.60s is missing: %.100s", file, what);
}

/* The list of large objects is short text: OID SP FILE. It ends with a newline. */
static void
check_objects(struct verify_content *out, struct verify_list *l, const struct verify_list_item *toc)
{
	struct verify_names names = {0};
	if (toc->f.data_len && toc->data[toc->f.data_len - 1] != '\n')
		verify_content_set(out, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED,
		    "%.100s ends inside a line", toc->path);
	verify_names_of_list(&names, toc->data, toc->f.data_len);
	for (size_t i = 0; i < names.count; i++) {
		const struct verify_list_item *item = find_any(l, names.items[i]);
		if (!item)
			missing(out, names.items[i], "a large object");
		else if (item->cut)
			verify_content_set(out, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED,
			    "%.100s is not compressed as its name says", item->path);
	}
	if (!names.count)
		verify_content_set(out, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED,
		    "%.100s lists no large object", toc->path);
	verify_names_release(&names);
}

static void
check_entry(struct verify_content *out, struct verify_list *l, const struct sqldb_toc_entry *e)
{
	struct verify_list_item *item = find_any(l, e->file);
	if (!item) {
		missing(out, e->file, e->name);
		return;
	}
	if (e->large_objects)
		check_objects(out, l, item);
	else if (!sqldb_toc_ended(e, item->f.tail.data, item->f.tail.len))
		verify_content_set(out, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED,
		    "%.60s: its rows have no end: %s", item->path, e->name);
	if (out->verdict == RECORD_VERDICT_PASS)
		snprintf(out->last, sizeof(out->last), "%s", e->name);
}

void
verify_set_pgdirectory(
    struct verify_content *out, struct verify_list *l, const char *key, size_t len)
{
	struct sqldb_toc toc;
	enum sqldb_fault f = verify_toc_of(&toc, key, len);
	if (f != SQLDB_FAULT_NONE)
		verify_toc_fault(out, f, &toc);
	else if (!toc.entries)
		verify_content_set(
		    out, RECORD_VERDICT_FAIL, VERIFY_REASON_EMPTY, "a dump without an object");
	for (size_t i = 0; f == SQLDB_FAULT_NONE && i < toc.data_count; i++)
		check_entry(out, l, &toc.data[i]);
	for (size_t i = 0; i < l->count; i++) {
		const char *path = l->items[i].path;

		if (l->items[i].known || strcmp(path, "toc.dat") == 0)
			continue;
		out->warnings |= VERIFY_WARN_UNLISTED;
		/* The list was cut between two lines: the object would not be restored. */
		if (strncmp(path, "blob_", 5) == 0)
			verify_content_set(out, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED,
			    "no list of large objects names %.100s", path);
	}
	out->entries = toc.entries;
	sqldb_toc_release(&toc);
}
