// The snapshots of a repository as the listing of one directory, for the merge.
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "scan.h"
#include "tool/repository.h"
#include "tool/tool.h"

enum { KNOWN_ROWS = 512 };

struct gathering {
	struct bkm_snapshots *out;
	const char *type;
	size_t cap;
};

/* ---------------------------------------------------------------- what is known */
struct known {
	char *name;
	uint64_t size;
};

struct knowns {
	struct known *items;
	size_t count, cap;
	struct buf ids; /* one a line, for the handler */
};

static int
gather_known(struct store_scan *scan, const char *type, struct knowns *k, struct err *err)
{
	struct store_known rows[KNOWN_ROWS];
	struct buf after = BUF_INIT;
	size_t count = KNOWN_ROWS;
	int r = store_scan_dir(scan, "", 0, err);

	while (r == 0 && count == KNOWN_ROWS) {
		r = store_scan_known(
		    scan, after.len ? after.data : NULL, after.len, rows, KNOWN_ROWS, &count, err);
		for (size_t i = 0; r == 0 && i < count; i++) {
			const char *id = repository_id(rows[i].name, type);

			MEM_GROW(k->items, k->count, k->cap);
			k->items[k->count++] =
			    (struct known){mem_strdup(rows[i].name), rows[i].size};
			if (id)
				buf_printf(&k->ids, "%s\n", id);
		}
		if (r == 0 && count) {
			buf_clear(&after);
			buf_add(&after, rows[count - 1].name, rows[count - 1].name_len);
		}
	}
	buf_release(&after);
	return r;
}

static int
compare_known(const void *name, const void *item)
{
	return strcmp(name, ((const struct known *)item)->name);
}

static void
knowns_release(struct knowns *k)
{
	for (size_t i = 0; i < k->count; i++)
		free(k->items[i].name);
	free(k->items);
	buf_release(&k->ids);
}

/* ---------------------------------------------------------------- what is there */
static int
on_snapshot(void *arg, const struct repository_snapshot *s, struct err *err)
{
	struct gathering *g = arg;
	struct bkm_snapshots *out = g->out;
	struct scan_entry *e;

	(void)err;
	MEM_GROW(out->entries, out->count, g->cap);
	e = &out->entries[out->count++];
	*e = (struct scan_entry){.name = mem_printf("%s:%s", g->type, s->id),
	    .mtime = s->time,
	    .size = s->has_size ? s->size : UINT64_MAX,
	    .series_rule = UINT32_MAX};
	e->name_len = (uint32_t)strlen(e->name);
	if (s->series) {
		e->series = mem_strndup(s->series, strnlen(s->series, SCHEDULE_NAME_MAX - 1));
		e->series_len = (uint32_t)strlen(e->series);
	}
	return 0;
}

static int
compare_entries(const void *a, const void *b)
{
	const struct scan_entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* In the order of a listing, each name once; what is known has the size that it had. */
static void
settle(struct bkm_snapshots *out, const struct knowns *known)
{
	size_t n = 0;

	if (out->count)
		qsort(out->entries, out->count, sizeof(*out->entries), compare_entries);
	for (size_t i = 0; i < out->count; i++) {
		struct scan_entry *e = &out->entries[i];
		const struct known *k = known->count ? bsearch(e->name, known->items, known->count,
							   sizeof(*known->items), compare_known)
						     : NULL;

		if (n && strcmp(out->entries[n - 1].name, e->name) == 0) {
			free((void *)(uintptr_t)e->name);
			free((void *)(uintptr_t)e->series);
			continue;
		}
		if (e->size == UINT64_MAX)
			e->size = k ? k->size : 0;
		out->entries[n++] = *e;
	}
	out->count = n;
}

void
bkm_snapshots_release(struct bkm_snapshots *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free((void *)(uintptr_t)s->entries[i].name);
		free((void *)(uintptr_t)s->entries[i].series);
	}
	free(s->entries);
	*s = (struct bkm_snapshots){.entries = NULL};
}

static int64_t
free_bytes(const char *path)
{
	struct statvfs vfs;

	if (statvfs(path, &vfs) < 0)
		return -1;
	return (int64_t)((uint64_t)vfs.f_bavail * (uint64_t)vfs.f_frsize);
}

int
bkm_scan_snapshots(struct tool *tool, const struct config_location *location,
    struct store_scan *scan, struct bkm_snapshots *ret, struct repository_trouble *ret_trouble,
    struct err *err)
{
	struct sandbox_scratch *scratch = NULL;
	struct repository *repository = NULL;
	struct knowns known = {.ids = BUF_INIT};
	struct buf identity = BUF_INIT;
	struct gathering g = {.out = ret, .type = config_type_word(location->type)};
	int r = -1;

	*ret = (struct bkm_snapshots){.free_bytes = free_bytes(location->path)};
	if (gather_known(scan, g.type, &known, err) < 0 ||
	    sandbox_scratch_open(tool_scratch_base(tool, NULL), &scratch, err) < 0 ||
	    tool_repository(tool, location, scratch, &repository, err) < 0)
		goto out;
	if (tool_flush(tool, err) < 0)
		goto out;
	r = repository_list(
	    repository, known.ids.data, on_snapshot, &g, &identity, ret_trouble, err);
	if (r == 0)
		settle(ret, &known);
	(void)snprintf(ret->identity, sizeof(ret->identity), "%s:%s", g.type, identity.data);
out:
	repository_close(repository, false);
	(void)sandbox_scratch_close(scratch, false, NULL);
	knowns_release(&known);
	buf_release(&identity);
	return r;
}
