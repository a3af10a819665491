// A directory of pg_basebackup: every file of backup_manifest, with its size and checksum, and the WAL.
#include "verify/set_private.h"

/* PostgreSQL's own pg_verifybackup does not look for these either. */
static bool
may_be_there(const char *path)
{
	static const char *const names[] = {
	    "backup_manifest", "postgresql.auto.conf", "recovery.signal", "standby.signal"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(path, names[i]))
			return true;
	return str_has_prefix(path, "pg_wal/");
}

static bool
is_segment(const char *path)
{
	return str_has_prefix(path, "pg_wal/") && strspn(path + 7, "0123456789ABCDEF") == 24 &&
	    !path[31];
}

/* Every segment that holds a byte of the range: as large as its siblings, and there. */
static bool
has_segments(
    struct verify_list *l, const struct verify_pg_wal *w, uint64_t size, struct verify_content *out)
{
	uint64_t per_id = (UINT64_C(1) << 32) / size;
	for (uint64_t n = w->start / size; w->end && n <= (w->end - 1) / size; n++) {
		char path[64];
		snprintf(path, sizeof(path), "pg_wal/%08X%08X%08X", w->timeline,
		    (unsigned)(n / per_id), (unsigned)(n % per_id));
		const struct verify_list_item *item = verify_list_find(l, path);
		if (item && item->f.size == size)
			continue;
		verify_content_set(out, RECORD_VERDICT_FAIL,
		    item ? VERIFY_REASON_TRUNCATED : VERIFY_REASON_INCOMPLETE,
		    item ? "%s is shorter than the others" : "%s is missing", path);
		return false;
	}
	return true;
}

static void
check_wal(struct verify_list *l, const struct verify_pg_manifest *m, struct verify_content *out)
{
	uint64_t size = 0;
	for (size_t i = 0; i < l->count; i++)
		if (is_segment(l->items[i].path) && l->items[i].f.size > size)
			size = l->items[i].f.size;
	/* Segments are 1 MiB to 1 GiB, a power of two. Without any, they come from an archive. */
	if (!size) {
		out->warnings |= VERIFY_WARN_NO_WAL;
		return;
	}
	if (size < 1U << 20 || size > 1U << 30 || (size & (size - 1))) {
		verify_content_set(out, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED,
		    "its WAL segments are no segments");
		return;
	}
	for (size_t i = 0; i < m->wal_count; i++)
		if (!has_segments(l, &m->wal[i], size, out))
			return;
}

static void
check_plain(struct verify_list *l, struct verify_pg_manifest *m, struct verify_content *out)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct verify_list_item *item = &l->items[i];
		struct verify_pg_file *f = verify_pg_manifest_find(m, item->path);
		if (f)
			verify_pg_manifest_compare(
			    f, out, item->f.size, item->f.digest, item->f.digest_len);
		else if (!may_be_there(item->path))
			out->warnings |= VERIFY_WARN_UNLISTED;
	}
	for (size_t i = 0; i < m->file_count; i++)
		if (!m->files[i].seen)
			verify_content_set(out, RECORD_VERDICT_FAIL, VERIFY_REASON_INCOMPLETE,
			    "%.150s is missing", m->files[i].path);
	check_wal(l, m, out);
	if (m->checked)
		out->level = RECORD_LEVEL_INTACT;
}

static bool
has_tar(struct verify_list *l, const char *name, size_t len)
{
	for (size_t i = 0; i < l->count; i++)
		if (!strncmp(l->items[i].path, name, len) &&
		    str_has_prefix(l->items[i].path + len, ".tar"))
			return true;
	return false;
}

/* The members were compared when the tars were read: here only, whether all tars are there. */
static void
check_tars(struct verify_list *l, struct verify_pg_manifest *m, struct verify_content *out)
{
	for (size_t i = 0; i < m->file_count; i++) {
		const char *path = m->files[i].path;
		if (!str_has_prefix(path, "pg_tblspc/"))
			continue;
		size_t n = strcspn(path + 10, "/");
		if (!has_tar(l, path + 10, n))
			verify_content_set(out, RECORD_VERDICT_FAIL, VERIFY_REASON_INCOMPLETE,
			    "%.*s.tar is missing", (int)n, path + 10);
	}
	if (!has_tar(l, "pg_wal", 6))
		out->warnings |= VERIFY_WARN_NO_WAL;
	if (m->checked)
		out->level = RECORD_LEVEL_INTACT;
}

void
verify_set_basebackup(
    struct verify_content *out, struct verify_list *l, const char *key, size_t len)
{
	struct verify_pg_manifest m;
	verify_pg_manifest_read(&m, out, key, len);
	out->entries = m.file_count;
	if (out->verdict == RECORD_VERDICT_PASS && has_tar(l, "base", 4))
		check_tars(l, &m, out);
	else if (out->verdict == RECORD_VERDICT_PASS)
		check_plain(l, &m, out);
	verify_pg_manifest_release(&m);
}
