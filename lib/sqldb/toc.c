// The table of contents of pg_dump's custom, directory and tar formats.
#include "sqldb/sqldb.h"

#define VERSION_OLDEST 0x010aU
#define VERSION_NEWEST 0x0110U
#define ENTRIES_MAX    20000000
#define TEXT_MAX       (INT64_C(1) << 30)

/* Every reader below sets this first; then nothing more is read. */
struct reader {
	struct sqldb_toc *toc;
	const struct sqldb_toc_input *in;
	enum sqldb_fault fault;
};

static int
fail(struct reader *r, enum sqldb_fault fault, const char *text)
{
	if (r->fault == SQLDB_FAULT_NONE) {
		r->fault = fault;
		snprintf(r->toc->detail, sizeof(r->toc->detail), "%s", text);
	}
	return -1;
}

static int
take(struct reader *r, void *data, size_t len)
{
	if (r->fault != SQLDB_FAULT_NONE)
		return -1;
	if (r->in->read(r->in->arg, data, len) < 0)
		return fail(r, SQLDB_FAULT_TRUNCATED, "ends inside its table of contents");
	return 0;
}

/* 0, 1: no such number, -1: the end. */
static int
read_int(const struct sqldb_toc *toc, const struct sqldb_toc_input *in, int64_t *ret_v)
{
	uint8_t b[1 + 8];
	uint64_t v = 0;
	if (in->read(in->arg, b, 1 + toc->int_size) < 0)
		return -1;
	for (size_t i = toc->int_size; i > 0; i--)
		v = v << 8 | b[i];
	if (b[0] > 1 || v > INT32_MAX)
		return 1;
	*ret_v = b[0] ? -(int64_t)v : (int64_t)v;
	return 0;
}

int
sqldb_toc_int(const struct sqldb_toc *toc, const struct sqldb_toc_input *in, int64_t *ret_v)
{
	return read_int(toc, in, ret_v) == 0 ? 0 : -1;
}

static int64_t
integer(struct reader *r)
{
	int64_t v = 0;
	if (r->fault != SQLDB_FAULT_NONE)
		return 0;
	int n = read_int(r->toc, r->in, &v);
	if (n < 0)
		fail(r, SQLDB_FAULT_TRUNCATED, "ends inside its table of contents");
	else if (n > 0)
		fail(r, SQLDB_FAULT_DAMAGED, "a number of its table of contents makes no sense");
	return v;
}

static unsigned
byte(struct reader *r)
{
	uint8_t b = 0;
	(void)take(r, &b, 1);
	return b;
}

/* A text into out of size bytes (cut), or dropped: its length, -1 for none. */
static int64_t
text(struct reader *r, char *out, size_t size)
{
	int64_t len = integer(r);
	size_t kept = 0;
	if (out)
		out[0] = '\0';
	if (r->fault != SQLDB_FAULT_NONE || len < 0)
		return -1;
	if (len > TEXT_MAX) {
		fail(r, SQLDB_FAULT_DAMAGED, "a text of its table of contents is too long");
		return -1;
	}
	if (out) {
		kept = (size_t)len < size ? (size_t)len : size - 1;
		if (take(r, out, kept) < 0)
			kept = 0;
		out[kept] = '\0';
	}
	if ((size_t)len > kept)
		(void)take(r, NULL, (size_t)len - kept);
	return len;
}

static void
read_head(struct reader *r)
{
	struct sqldb_toc *toc = r->toc;
	char magic[5] = {0};
	(void)take(r, magic, sizeof(magic));
	if (r->fault == SQLDB_FAULT_NONE && memcmp(magic, "PGDMP", 5) != 0)
		fail(r, SQLDB_FAULT_DAMAGED, "its header is damaged");
	unsigned major = byte(r), minor = byte(r);
	(void)byte(r);
	toc->version = major << 8 | minor;
	if (toc->version < VERSION_OLDEST || toc->version > VERSION_NEWEST) {
		fail(r, major == 1 ? SQLDB_FAULT_UNSUPPORTED : SQLDB_FAULT_DAMAGED,
		    "a version of the format that is not known here");
		return;
	}
	toc->int_size = byte(r);
	toc->offset_size = byte(r);
	toc->format = (enum sqldb_toc_format)byte(r);
	if (toc->int_size < 1 || toc->int_size > 8 || toc->offset_size < 1 ||
	    toc->offset_size > 8 ||
	    (toc->format != SQLDB_TOC_CUSTOM && toc->format != SQLDB_TOC_TAR &&
		toc->format != SQLDB_TOC_DIRECTORY))
		fail(r, SQLDB_FAULT_DAMAGED, "its header is damaged");
	/* Before 1.15 it is the level of zlib: -1 for the default, 0 for none. */
	int64_t compression = toc->version >= 0x010f ? (int64_t)byte(r) : integer(r) != 0;
	if (compression > SQLDB_TOC_ZSTD)
		fail(r, SQLDB_FAULT_DAMAGED, "its header is damaged");
	else
		toc->compression = (enum sqldb_toc_compression)compression;
	static const int64_t most[] = {60, 59, 23, 31, 11, 10000, 1};
	for (size_t i = 0; i < ARRAY_LEN(most); i++) { /* sec min hour mday mon year isdst */
		int64_t v = integer(r);
		if (v < -1 || v > most[i])
			fail(r, SQLDB_FAULT_DAMAGED, "its date makes no sense");
	}
	(void)text(r, NULL, 0); /* the database */
	(void)text(r, toc->server, sizeof(toc->server));
	(void)text(r, NULL, 0); /* the version of pg_dump */
}

static uint64_t
position(struct reader *r)
{
	uint8_t b[8] = {0};
	uint64_t v = 0;
	(void)take(r, b, r->toc->offset_size);
	for (size_t i = r->toc->offset_size; i-- > 0;)
		v = v << 8 | b[i];
	return v;
}

static void
read_entry(struct reader *r)
{
	struct sqldb_toc *toc = r->toc;
	struct sqldb_toc_entry e = {0};
	char tag[48], kind[24], space[48], flag[8];
	e.id = integer(r);
	int64_t has_data = integer(r);
	if (r->fault == SQLDB_FAULT_NONE && (e.id <= 0 || has_data < 0 || has_data > 1))
		fail(r, SQLDB_FAULT_DAMAGED, "an entry of its table of contents makes no sense");
	(void)text(r, NULL, 0); /* oids of table and object */
	(void)text(r, NULL, 0);
	(void)text(r, tag, sizeof(tag));
	(void)text(r, kind, sizeof(kind));
	if (toc->version >= 0x010b)
		(void)integer(r); /* section */
	(void)text(r, NULL, 0);   /* definition */
	(void)text(r, NULL, 0);   /* how to drop it */
	e.copy = text(r, NULL, 0) > 0;
	(void)text(r, space, sizeof(space));
	(void)text(r, NULL, 0); /* table space */
	if (toc->version >= 0x010e)
		(void)text(r, NULL, 0); /* access method */
	if (toc->version >= 0x0110)
		(void)integer(r);          /* kind of relation */
	(void)text(r, NULL, 0);            /* owner */
	(void)text(r, flag, sizeof(flag)); /* with oids */
	if (r->fault == SQLDB_FAULT_NONE && strcmp(flag, "false") != 0 && strcmp(flag, "true") != 0)
		fail(r, SQLDB_FAULT_DAMAGED, "an entry of its table of contents makes no sense");
	while (text(r, NULL, 0) >= 0) /* what it depends on */
		continue;
	if (toc->format == SQLDB_TOC_CUSTOM) {
		unsigned state = byte(r);
		e.offset = position(r);
		e.offset_known = state == 2;
		if (state < 1 || state > 3)
			fail(r, SQLDB_FAULT_DAMAGED, "an offset makes no sense");
	} else {
		(void)text(r, e.file, sizeof(e.file));
	}
	if (r->fault != SQLDB_FAULT_NONE)
		return;
	snprintf(toc->last, sizeof(toc->last), "%s%s%s %s", space, *space ? "." : "", tag, kind);
	toc->entries++;
	if (!has_data)
		return;
	e.large_objects = !strcmp(kind, "BLOBS");
	memcpy(e.name, toc->last, sizeof(e.name));
	MEM_GROW(toc->data, toc->data_count, toc->data_cap);
	toc->data[toc->data_count++] = e;
}

static int
by_id(const void *a, const void *b)
{
	int64_t x = (*(struct sqldb_toc_entry *const *)a)->id;
	int64_t y = (*(struct sqldb_toc_entry *const *)b)->id;
	return x < y ? -1 : x > y;
}

static int
by_file(const void *a, const void *b)
{
	return strcmp((*(struct sqldb_toc_entry *const *)a)->file,
	    (*(struct sqldb_toc_entry *const *)b)->file);
}

static void
build_index(struct sqldb_toc *toc)
{
	if (!toc->data_count)
		return;
	toc->index = mem_array(toc->data_count, sizeof(struct sqldb_toc_entry *));
	for (size_t i = 0; i < toc->data_count; i++)
		toc->index[i] = &toc->data[i];
	qsort(toc->index, toc->data_count, sizeof(struct sqldb_toc_entry *),
	    toc->format == SQLDB_TOC_CUSTOM ? by_id : by_file);
}

enum sqldb_fault
sqldb_toc_read(struct sqldb_toc *toc, const struct sqldb_toc_input *in)
{
	struct reader r = {.toc = toc, .in = in};
	*toc = (struct sqldb_toc){0};
	read_head(&r);
	int64_t count = integer(&r);
	if (r.fault == SQLDB_FAULT_NONE && count < 0)
		fail(&r, SQLDB_FAULT_DAMAGED, "its table of contents makes no sense");
	if (r.fault == SQLDB_FAULT_NONE && count > ENTRIES_MAX)
		fail(&r, SQLDB_FAULT_LIMIT, "its table of contents has too many entries");
	for (int64_t i = 0; i < count && r.fault == SQLDB_FAULT_NONE; i++)
		read_entry(&r);
	build_index(toc);
	return r.fault;
}

void
sqldb_toc_release(struct sqldb_toc *toc)
{
	free(toc->index);
	free(toc->data);
	*toc = (struct sqldb_toc){0};
}

static struct sqldb_toc_entry *
find(struct sqldb_toc *toc, struct sqldb_toc_entry *key)
{
	struct sqldb_toc_entry **at = !toc->data_count
	    ? NULL
	    : bsearch(&key, toc->index, toc->data_count, sizeof(struct sqldb_toc_entry *),
		  toc->format == SQLDB_TOC_CUSTOM ? by_id : by_file);
	return at ? *at : NULL;
}

struct sqldb_toc_entry *
sqldb_toc_find(struct sqldb_toc *toc, int64_t id)
{
	struct sqldb_toc_entry key = {.id = id};
	return find(toc, &key);
}

struct sqldb_toc_entry *
sqldb_toc_find_file(struct sqldb_toc *toc, const char *file, size_t len)
{
	struct sqldb_toc_entry key = {0};
	if (len >= sizeof(key.file))
		return NULL;
	memcpy(key.file, file, len);
	return find(toc, &key);
}

bool
sqldb_toc_ended(const struct sqldb_toc_entry *e, const char *tail, size_t len)
{
	static const char copy[] = "\\.\n\n\n";
	if (e->large_objects)
		return true;
	if (e->copy)
		return len >= 5 && !memcmp(tail + len - 5, copy, 5);
	/* INSERTs each end with ";\n", two newlines follow the last; a table without rows has these
	 * alone. */
	return (len == 2 && !memcmp(tail, "\n\n", 2)) ||
	    (len >= 4 && !memcmp(tail + len - 4, ";\n\n\n", 4));
}
