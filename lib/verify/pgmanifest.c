// backup_manifest of pg_basebackup: files with size and checksum, ranges of WAL, its own checksum.
#include "verify/set_private.h"

/*
 * Source: PostgreSQL's documentation, "Backup Manifest Format". It is JSON, one file a line; the last
 * line is the SHA-256 of all bytes before it, so that what is read here is as it was written.
 */
static bool
member(const char *line, size_t len, const char *key, const char **ret_value)
{
	char name[48];
	int n = snprintf(name, sizeof(name), "\"%s\": ", key);
	const char *at = memmem(line, len, name, (size_t)n);
	*ret_value = at ? at + n : NULL;
	return at;
}

/* A JSON string at p into out. */
static bool
text_of(const char *p, const char *end, struct buf *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	buf_clear(out);
	if (p >= end || *p++ != '"')
		return false;
	for (; p < end && *p != '"'; p++) {
		if (*p != '\\') {
			buf_char(out, *p);
			continue;
		}
		if (++p >= end)
			return false;
		const char *known = strchr(from, *p);
		if (*p && known) {
			buf_char(out, to[known - from]);
		} else if (*p == 'u' && end - p > 4) { /* only control characters are written so */
			char hex[5] = {p[1], p[2], p[3], p[4], '\0'};
			buf_char(out, (char)strtoul(hex, NULL, 16));
			p += 4;
		} else {
			return false;
		}
	}
	return p < end;
}

static bool
string_member(const char *line, size_t len, const char *key, struct buf *out)
{
	const char *p;
	return member(line, len, key, &p) && text_of(p, line + len, out);
}

static uint64_t
number_member(const char *line, size_t len, const char *key)
{
	const char *p;
	uint64_t v = 0;
	if (!member(line, len, key, &p))
		return 0;
	for (; p < line + len && *p >= '0' && *p <= '9'; p++)
		v = v * 10 + (uint64_t)(*p - '0');
	return v;
}

static size_t
from_hex(const char *hex, uint8_t *out, size_t max)
{
	size_t n = 0;
	unsigned v;
	while (n < max && hex[0] && hex[1] && sscanf(hex, "%2x", &v) == 1) {
		out[n++] = (uint8_t)v;
		hex += 2;
	}
	return n;
}

static bool
path_of(const char *line, size_t len, struct buf *path)
{
	if (string_member(line, len, "Path", path))
		return true;
	if (!string_member(line, len, "Encoded-Path", path))
		return false;
	path->len = from_hex(path->data, (uint8_t *)path->data, path->len / 2);
	path->data[path->len] = '\0';
	return true;
}

static bool
take_file(struct verify_pg_manifest *m, const char *line, size_t len)
{
	struct verify_pg_file f = {0};
	struct buf path = BUF_INIT, value = BUF_INIT;
	bool ok = path_of(line, len, &path);
	f.size = number_member(line, len, "Size");
	if (string_member(line, len, "Checksum-Algorithm", &value) &&
	    hash_canonical(value.data, f.algorithm) == 0 &&
	    string_member(line, len, "Checksum", &value))
		f.digest_len = from_hex(value.data, f.digest, sizeof(f.digest));
	if (!strcmp(f.algorithm, "crc32c") && f.digest_len == 4) { /* written lowest byte first */
		uint8_t d[4] = {f.digest[3], f.digest[2], f.digest[1], f.digest[0]};
		memcpy(f.digest, d, 4);
	}
	m->checked = m->checked && f.digest_len;
	if (ok) {
		f.path = mem_strdup(path.data);
		MEM_GROW(m->files, m->file_count, m->file_cap);
		m->files[m->file_count++] = f;
	}
	buf_release(&path);
	buf_release(&value);
	return ok;
}

static bool
lsn_of(const char *line, size_t len, const char *key, uint64_t *ret)
{
	struct buf value = BUF_INIT;
	unsigned high, low;
	bool ok =
	    string_member(line, len, key, &value) && sscanf(value.data, "%X/%X", &high, &low) == 2;
	*ret = ok ? (uint64_t)high << 32 | low : 0;
	buf_release(&value);
	return ok;
}

static bool
take_wal(struct verify_pg_manifest *m, const char *line, size_t len)
{
	struct verify_pg_wal w = {.timeline = (uint32_t)number_member(line, len, "Timeline")};
	if (!lsn_of(line, len, "Start-LSN", &w.start) || !lsn_of(line, len, "End-LSN", &w.end))
		return false;
	MEM_GROW(m->wal, m->wal_count, m->wal_cap);
	m->wal[m->wal_count++] = w;
	return true;
}

/* The last line, and whether it tells the truth about those before it. */
static bool
check_own(const char *text, size_t body, const char *last, size_t len)
{
	struct buf value = BUF_INIT;
	struct hash *h = NULL;
	uint8_t expected[HASH_MAX] = {0}, actual[HASH_MAX];
	size_t actual_len = 0;
	bool ok = string_member(last, len, "Manifest-Checksum", &value) && value.len == 64;
	(void)from_hex(value.data, expected, sizeof(expected));
	ok = ok && hash_new("sha256", &h, NULL) == 0 && hash_begin(h, NULL) == 0 &&
	    hash_update(h, text, body, NULL) == 0 && hash_end(h, actual, &actual_len, NULL) == 0 &&
	    !memcmp(actual, expected, 32);
	hash_free(h);
	buf_release(&value);
	return ok;
}

static int
by_path(const void *a, const void *b)
{
	return strcmp(
	    ((const struct verify_pg_file *)a)->path, ((const struct verify_pg_file *)b)->path);
}

static bool
take_lines(struct verify_pg_manifest *m, const char *text, size_t len)
{
	bool ok = true;
	for (const char *p = text, *end = text + len; ok && p < end;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((nl ? nl : end) - p);
		if (n > 4 && (!memcmp(p, "{ \"P", 4) || !memcmp(p, "{ \"E", 4)) &&
		    !memmem(p, n, "PostgreSQL-Backup-Manifest-Version", 34))
			ok = take_file(m, p, n);
		else if (n > 4 && !memcmp(p, "{ \"T", 4))
			ok = take_wal(m, p, n);
		p += n + 1;
	}
	return ok;
}

void
verify_pg_manifest_read(
    struct verify_pg_manifest *m, struct verify_content *out, const char *text, size_t len)
{
	static const char last_key[] = "\n\"Manifest-Checksum\": \"";
	const char *at = NULL;
	*m = (struct verify_pg_manifest){.checked = true};
	for (size_t i = len > 200 ? len - 200 : 0; i < len && !at; i++)
		if (len - i > sizeof(last_key) && !memcmp(text + i, last_key, sizeof(last_key) - 1))
			at = text + i + 1;
	if (!at || len < 3 || memcmp(text + len - 3, "\"}\n", 3) != 0) {
		verify_content_set(out, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED,
		    "backup_manifest ends without its checksum");
		return;
	}
	size_t body = (size_t)(at - text);
	uint64_t version =
	    number_member(text, len < 200 ? len : 200, "PostgreSQL-Backup-Manifest-Version");
	if (!check_own(text, body, at, len - body) || !take_lines(m, text, body))
		verify_content_set(out, RECORD_VERDICT_FAIL, VERIFY_REASON_DAMAGED,
		    "backup_manifest does not match its own checksum");
	else if (version < 1 || version > 2)
		verify_content_set(out, RECORD_VERDICT_SKIP, VERIFY_REASON_UNSUPPORTED,
		    "backup_manifest of version %llu", (unsigned long long)version);
	if (m->file_count)
		qsort(m->files, m->file_count, sizeof(*m->files), by_path);
}

void
verify_pg_manifest_release(struct verify_pg_manifest *m)
{
	for (size_t i = 0; i < m->file_count; i++)
		free(m->files[i].path);
	free(m->files);
	free(m->wal);
	*m = (struct verify_pg_manifest){0};
}

struct verify_pg_file *
verify_pg_manifest_find(struct verify_pg_manifest *m, const char *path)
{
	const struct verify_pg_file key = {.path = (char *)(uintptr_t)path};
	return m->file_count ? bsearch(&key, m->files, m->file_count, sizeof(*m->files), by_path)
			     : NULL;
}

void
verify_pg_manifest_compare(struct verify_pg_file *f, struct verify_content *out, uint64_t size,
    const uint8_t *digest, size_t digest_len)
{
	f->seen = true;
	if (size != f->size)
		verify_content_set(out, RECORD_VERDICT_FAIL,
		    size < f->size ? VERIFY_REASON_TRUNCATED : VERIFY_REASON_DAMAGED,
		    "%.100s has %llu bytes, backup_manifest says %llu", f->path,
		    (unsigned long long)size, (unsigned long long)f->size);
	else if (f->digest_len && digest_len &&
	    (f->digest_len != digest_len || memcmp(f->digest, digest, digest_len) != 0))
		verify_content_set(out, RECORD_VERDICT_FAIL, VERIFY_REASON_DAMAGED,
		    "%.120s does not match its checksum in backup_manifest", f->path);
	else
		snprintf(out->last, sizeof(out->last), "%.255s", f->path);
}
