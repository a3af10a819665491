// A tar of pg_basebackup: its members against backup_manifest, beside it or the last of them.
#include <unistd.h>

#include "verify/set_private.h"

#define MANIFEST_MAX (UINT64_C(384) << 20)

/* What a member was, kept while the manifest is still to come. */
struct seen {
	char *path;
	uint64_t size;
	uint8_t digest[4];
};

struct base {
	struct verify_stream *s;
	struct verify_pg_manifest manifest;
	bool has_manifest, has_control;
	char prefix[64]; /* of the paths in the manifest */
	struct hash *hash;
	bool hashing, keeping;
	struct verify_pg_file *file; /* of the present member */
	struct buf path, text;
	struct seen *seen;
	size_t seen_count, seen_cap;
};

static bool
bid(const struct verify_stream *s)
{
	return verify_archive_is(s, ARCHIVE_KIND_TAR) &&
	    (s->manifest >= 0 || !memcmp(s->head, "backup_label", 13));
}

/* A digest for the present member; the one at hand is used again if it is of that kind. */
static bool
start_hash(struct base *b, const char *algorithm)
{
	if (b->hash && strcmp(hash_name(b->hash), algorithm) != 0) {
		hash_free(b->hash);
		b->hash = NULL;
	}
	return (b->hash || hash_new(algorithm, &b->hash, NULL) == 0) &&
	    hash_begin(b->hash, NULL) == 0;
}

static int
begin(void *arg, const struct archive_item *item, struct err *err)
{
	struct base *b = arg;
	const char *name = item->name;
	(void)err;
	b->hashing = b->keeping = false;
	b->file = NULL;
	if (item->type != ARCHIVE_TYPE_FILE)
		return 0;
	while (str_has_prefix(name, "./"))
		name += 2;
	buf_clear(&b->path);
	buf_printf(&b->path, "%s%s", b->prefix, name);
	b->has_control = b->has_control || !strcmp(b->path.data, "global/pg_control");
	if (!b->has_manifest) {
		b->keeping = !strcmp(b->path.data, "backup_manifest") && item->size < MANIFEST_MAX;
		b->hashing = !b->keeping && start_hash(b, "crc32c");
		return b->keeping || b->hashing;
	}
	b->file = verify_pg_manifest_find(&b->manifest, b->path.data);
	if (!b->file && !str_has_prefix(b->path.data, "pg_wal/"))
		b->s->out->warnings |= VERIFY_WARN_UNLISTED;
	b->hashing = b->file && b->file->digest_len && start_hash(b, b->file->algorithm);
	return b->hashing;
}

/* Holes of a sparse member do not come; pg_basebackup makes none. */
static int
data(void *arg, const void *bytes, size_t len, uint64_t offset, struct err *err)
{
	struct base *b = arg;
	(void)offset;
	(void)err;
	if (b->keeping)
		buf_add(&b->text, bytes, len);
	if (b->hashing)
		(void)hash_update(b->hash, bytes, len, NULL);
	return 0;
}

static int
end(void *arg, const struct archive_item *item, uint64_t size, struct err *err)
{
	struct base *b = arg;
	uint8_t digest[HASH_MAX];
	size_t len = 0;
	(void)err;
	if (b->hashing)
		(void)hash_end(b->hash, digest, &len, NULL);
	if (b->file) {
		verify_pg_manifest_compare(b->file, b->s->out, size, digest, len);
	} else if (item->type == ARCHIVE_TYPE_FILE && b->hashing) {
		MEM_GROW(b->seen, b->seen_count, b->seen_cap);
		struct seen *s = &b->seen[b->seen_count++];
		*s = (struct seen){.path = mem_strdup(b->path.data), .size = size};
		memcpy(s->digest, digest, sizeof(s->digest));
	}
	return 0;
}

/* The manifest came as the last member: compare what was kept. */
static void
compare_seen(struct base *b)
{
	verify_pg_manifest_read(&b->manifest, b->s->out, b->text.data, b->text.len);
	for (size_t i = 0; i < b->manifest.file_count; i++)
		if (strcmp(b->manifest.files[i].algorithm, "crc32c") != 0)
			b->manifest.checked = false;
	for (size_t i = 0; i < b->seen_count; i++) {
		const struct seen *s = &b->seen[i];
		struct verify_pg_file *f = verify_pg_manifest_find(&b->manifest, s->path);
		if (f)
			verify_pg_manifest_compare(f, b->s->out, s->size, s->digest,
			    !strcmp(f->algorithm, "crc32c") ? sizeof(s->digest) : 0);
		else if (!str_has_prefix(s->path, "pg_wal/"))
			b->s->out->warnings |= VERIFY_WARN_UNLISTED;
	}
}

static void
judge(struct base *b)
{
	struct verify_content *out = b->s->out;
	bool listed = b->has_manifest || b->text.len;
	size_t n = strlen(b->prefix);
	if (b->text.len)
		compare_seen(b);
	for (size_t i = 0; i < b->manifest.file_count; i++) {
		const struct verify_pg_file *f = &b->manifest.files[i];
		bool ours =
		    n ? !strncmp(f->path, b->prefix, n) : !str_has_prefix(f->path, "pg_tblspc/");
		if (ours && !f->seen)
			verify_content_set(out, RECORD_VERDICT_FAIL, VERIFY_REASON_INCOMPLETE,
			    "%.150s is missing", f->path);
	}
	if (!n && !b->has_control)
		verify_content_set(out, RECORD_VERDICT_FAIL, VERIFY_REASON_INCOMPLETE,
		    "global/pg_control is missing");
	if (out->verdict == RECORD_VERDICT_PASS && listed && b->manifest.checked)
		out->level = RECORD_LEVEL_INTACT;
}

static int
open_manifest(struct base *b, struct err *err)
{
	size_t digits = strspn(b->s->name, "0123456789");
	if (digits && digits < 20)
		snprintf(b->prefix, sizeof(b->prefix), "pg_tblspc/%.*s/", (int)digits, b->s->name);
	if (b->s->manifest < 0)
		return 0;
	struct buf text = BUF_INIT_MAX(MANIFEST_MAX);
	int r = fsio_read_fd(b->s->manifest, "backup_manifest", MANIFEST_MAX, &text, err);
	if (r == 0)
		verify_pg_manifest_read(&b->manifest, b->s->out, text.data, text.len);
	b->has_manifest = true;
	buf_release(&text);
	return r;
}

static int
check(struct verify_stream *s, struct err *err)
{
	struct base b = {.s = s, .path = BUF_INIT, .text = BUF_INIT_MAX(MANIFEST_MAX)};
	struct archive_visitor v = {.entry = begin, .data = data, .end = end, .arg = &b};
	int r = open_manifest(&b, err);
	if (r == 0)
		r = verify_archive_check(s, ARCHIVE_KIND_TAR, &v, err);
	if (r == 0 && s->out->verdict == RECORD_VERDICT_PASS)
		judge(&b);
	for (size_t i = 0; i < b.seen_count; i++)
		free(b.seen[i].path);
	free(b.seen);
	hash_free(b.hash);
	buf_release(&b.path);
	buf_release(&b.text);
	verify_pg_manifest_release(&b.manifest);
	return r;
}

const struct verify_format verify_format_basebackup = {
    "pg_basebackup", ARCHIVE_KIND_TAR, .bid = bid, .check = check};
