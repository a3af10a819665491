// pg_dump's tar format: the table of contents, every file that it names, and each to the end of its rows.
#include "verify/verify_private.h"

/*
 * A tar whose first member is toc.dat; then a file per table, a file per large object and a list of
 * them (blobs.toc, since PostgreSQL 17 blobs_ID.toc), and restore.sql. Source: pg_backup_tar.c.
 */
#define TOC_MAX  (UINT64_C(256) << 20)
#define LIST_MAX (UINT64_C(64) << 20)

struct pgtar {
	struct verify_stream *s;
	struct sqldb_toc toc;
	bool has_toc;
	struct buf text; /* of toc.dat, of a list of large objects */
	bool kept;       /* the present member goes there */
	struct sqldb_toc_entry *entry;
	struct verify_tail tail;
	struct verify_names objects,
	    listed; /* names of large objects: that are there, that should be */
};

static bool
bid(const struct verify_stream *s)
{
	return s->head_len > 1024 && verify_archive_is(s, ARCHIVE_KIND_TAR) &&
	    !memcmp(s->head, "toc.dat", 8) && !memcmp(s->head + 512, "PGDMP", 5);
}

static bool
is_list(const char *name)
{
	return str_has_prefix(name, "blobs") && str_has_suffix(name, ".toc");
}

static int
begin(void *arg, const struct archive_item *item, struct err *err)
{
	struct pgtar *p = arg;
	(void)err;
	bool toc = !p->has_toc && !strcmp(item->name, "toc.dat");
	buf_clear(&p->text);
	p->tail.len = 0;
	p->kept = toc || is_list(item->name);
	p->entry = sqldb_toc_find_file(&p->toc, item->name, item->name_len);
	if (str_has_prefix(item->name, "blob_"))
		verify_names_add(&p->objects, item->name, item->name_len);
	if (p->kept && item->size > (toc ? TOC_MAX : LIST_MAX))
		return verify_content_set(p->s->out, RECORD_VERDICT_FAIL, VERIFY_REASON_BOMB,
			   "%s is too large", item->name),
		       -1;
	return p->kept || p->entry;
}

static int
data(void *arg, const void *bytes, size_t len, uint64_t offset, struct err *err)
{
	struct pgtar *p = arg;
	(void)offset;
	(void)err;
	if (p->kept)
		buf_add(&p->text, bytes, len);
	else
		verify_tail_add(&p->tail, bytes, len);
	return 0;
}

static int
end(void *arg, const struct archive_item *item, uint64_t size, struct err *err)
{
	struct pgtar *p = arg;
	struct verify_content *out = p->s->out;
	(void)size;
	(void)err;
	if (p->kept && is_list(item->name)) {
		verify_names_of_list(&p->listed, p->text.data, p->text.len);
		/* Before 17 there is one entry for all of them, and it does not name its list. */
		for (size_t i = 0; i < p->toc.data_count; i++)
			p->toc.data[i].seen = p->toc.data[i].seen || p->toc.data[i].large_objects;
	} else if (p->kept) {
		enum sqldb_fault f = verify_toc_of(&p->toc, p->text.data, p->text.len);
		p->has_toc = true;
		if (f != SQLDB_FAULT_NONE) {
			verify_toc_fault(out, f, &p->toc);
			return -1;
		}
	} else if (p->entry) {
		p->entry->seen = true;
		if (!sqldb_toc_ended(p->entry, p->tail.data, p->tail.len))
			verify_content_set(out, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED,
			    "its rows have no end: %s", p->entry->name);
	}
	return 0;
}

static void
judge(struct pgtar *p)
{
	struct verify_content *out = p->s->out;
	const char *missing = verify_names_missing(&p->listed, &p->objects);
	if (missing)
		verify_content_set(out, RECORD_VERDICT_FAIL, VERIFY_REASON_INCOMPLETE,
		    "a large object is missing: %.100s", missing);
	for (size_t i = 0; i < p->toc.data_count; i++)
		if (!p->toc.data[i].seen) {
			verify_content_set(out, RECORD_VERDICT_FAIL, VERIFY_REASON_INCOMPLETE,
			    "promised data is missing: %s", p->toc.data[i].name);
			return;
		}
	if (!p->toc.entries)
		verify_content_set(
		    out, RECORD_VERDICT_FAIL, VERIFY_REASON_EMPTY, "a dump without an object");
}

static int
check(struct verify_stream *s, struct err *err)
{
	struct pgtar p = {.s = s, .text = BUF_INIT_MAX(TOC_MAX)};
	struct archive_visitor v = {.entry = begin, .data = data, .end = end, .arg = &p};
	int r = verify_archive_check(s, ARCHIVE_KIND_TAR, &v, err);
	if (r == 0 && s->out->verdict == RECORD_VERDICT_PASS)
		judge(&p);
	s->out->entries = p.toc.entries;
	buf_release(&p.text);
	verify_names_release(&p.objects);
	verify_names_release(&p.listed);
	sqldb_toc_release(&p.toc);
	return r;
}

const struct verify_format verify_format_pgtar = {
    "pg_tar", ARCHIVE_KIND_TAR, .bid = bid, .check = check};
