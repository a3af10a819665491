// mongodump --archive: every collection of its beginning closed, each with the CRC of its documents.
#include "verify/verify_private.h"

/*
 * Source: "The Mongodump archive format specification" of mongo-tools, bsonspec.org. Behind the magic
 * number stand a header, a document per collection and a terminator; then segments, each a header
 * with db and collection, documents, a terminator. The header with EOF true closes a collection and
 * has the CRC-64 of all its documents.
 */
#define TERMINATOR   0xffffffffU
#define DOCUMENT_MAX (48U << 20) /* a server takes 16 MiB, and some more inside itself */
#define POLYNOMIAL   UINT64_C(0xc96c5795d7870f42)

struct collection {
	char *name; /* "db.collection" */
	uint64_t crc, documents;
	bool promised; /* in the beginning of the archive, and with data of its own */
	bool closed;
};

struct mongo {
	struct verify_stream *s;
	struct verify_bytes b;
	struct verify_crc64 table;
	struct collection *all;
	size_t count, cap;
	size_t current;
	struct buf doc;
};

/* What is wanted of a document of mongodump's own. */
struct fields {
	struct buf name;
	char type[24];
	bool eof, has_crc;
	uint64_t crc;
};

static uint64_t
le(const uint8_t *p, size_t len)
{
	uint64_t v = 0;
	for (size_t i = len; i-- > 0;)
		v = v << 8 | p[i];
	return v;
}

static int
fault(struct mongo *m, enum verify_reason reason, const char *what)
{
	if (m->b.faulty)
		return -1;
	if (m->b.ended)
		reason = VERIFY_REASON_TRUNCATED;
	m->s->out->offset = m->b.pos;
	verify_content_set(m->s->out, RECORD_VERDICT_FAIL, reason, "%s",
	    m->b.ended ? "ends inside a collection or its list" : what);
	return -1;
}

/* The length of the next document, TERMINATOR, or 0 and a fault. */
static uint32_t
next_length(struct mongo *m)
{
	uint8_t head[4];
	if (verify_bytes_take(&m->b, head, sizeof(head)) < 0)
		return (void)fault(m, VERIFY_REASON_TRUNCATED, ""), 0;
	uint32_t len = (uint32_t)le(head, 4);
	if (len != TERMINATOR && (len < 5 || len > DOCUMENT_MAX))
		return (void)fault(m, VERIFY_REASON_DAMAGED, "a length that no document has"), 0;
	return len;
}

/* The rest of a document of mongodump's own into m->doc. */
static int
read_own(struct mongo *m, uint32_t len)
{
	buf_clear(&m->doc);
	char *room = buf_reserve(&m->doc, len);
	if (!room || verify_bytes_take(&m->b, room, len - 4) < 0)
		return fault(m, VERIFY_REASON_TRUNCATED, "a document is too large");
	m->doc.len = len - 4;
	return 0;
}

/* The size of a value of that type at p, which has so much room; 0 for nonsense. */
static size_t
value_size(uint8_t type, const uint8_t *p, size_t room)
{
	size_t n = 0;
	switch (type) {
	case 0x01: /* double */
	case 0x09: /* time */
	case 0x11:
	case 0x12: /* int64 */
		n = 8;
		break;
	case 0x02: /* string */
		n = room >= 4 ? 4 + (size_t)le(p, 4) : 0;
		break;
	case 0x03: /* document, array */
	case 0x04:
		n = room >= 4 ? (size_t)le(p, 4) : 0;
		break;
	case 0x08: /* bool */
		n = 1;
		break;
	case 0x10: /* int32 */
		n = 4;
		break;
	default:
		break;
	}
	return n <= room ? n : 0;
}

static void
take_field(struct fields *f, const char *key, uint8_t type, const uint8_t *p, size_t size)
{
	if (type == 0x02 && size >= 5) {
		const char *text = (const char *)p + 4;
		size_t len = strnlen(text, size - 4);
		if (!strcmp(key, "db") || !strcmp(key, "collection")) {
			if (f->name.len)
				buf_char(&f->name, '.');
			buf_add(&f->name, text, len);
		} else if (!strcmp(key, "type")) {
			snprintf(
			    f->type, sizeof(f->type), "%.*s", (int)(len < 20 ? len : 20), text);
		}
	} else if (type == 0x08 && !strcmp(key, "EOF")) {
		f->eof = *p;
	} else if (type == 0x12 && !strcmp(key, "CRC")) {
		f->has_crc = true;
		f->crc = le(p, 8);
	}
}

/* The elements of m->doc: -1 if it is no document. */
static int
parse_own(struct mongo *m, struct fields *f)
{
	const uint8_t *p = (const uint8_t *)m->doc.data, *end = p + m->doc.len;
	*f = (struct fields){.name = BUF_INIT_MAX(1024)};
	while (p < end && *p) {
		uint8_t type = *p++;
		const char *key = (const char *)p;
		size_t len = strnlen(key, (size_t)(end - p));
		if (len == (size_t)(end - p))
			break;
		p += len + 1;
		size_t size = value_size(type, p, (size_t)(end - p));
		/* null has no value; everything else has one */
		if (!size && type != 0x0a)
			break;
		take_field(f, key, type, p, size);
		p += size;
	}
	if (p + 1 == end && !*p)
		return 0;
	buf_release(&f->name);
	return fault(m, VERIFY_REASON_DAMAGED, "a document of its own makes no sense");
}

static struct collection *
find(struct mongo *m, const char *name)
{
	/* A segment is mostly of the collection of the last one, or of the next. */
	for (size_t i = 0; i < m->count; i++) {
		struct collection *c = &m->all[(m->current + i) % m->count];
		if (!strcmp(c->name, name)) {
			m->current = (size_t)(c - m->all);
			return c;
		}
	}
	return NULL;
}

static struct collection *
add(struct mongo *m, const char *name, bool promised)
{
	MEM_GROW(m->all, m->count, m->cap);
	struct collection *c = &m->all[m->count++];
	*c = (struct collection){.name = mem_strdup(name), .promised = promised, .crc = UINT64_MAX};
	return c;
}

/* Header and list of collections, up to the terminator. Views and their like have no data. */
static int
read_prelude(struct mongo *m)
{
	uint32_t len;
	struct fields f;
	if (verify_bytes_take(&m->b, NULL, 4) < 0)
		return -1;
	for (bool header = true; (len = next_length(m)) != TERMINATOR; header = false) {
		if (!len || read_own(m, len) < 0 || parse_own(m, &f) < 0)
			return -1;
		if (!header)
			add(m, f.name.data, !*f.type || !strcmp(f.type, "collection"));
		else if (f.name.len)
			(void)fault(m, VERIFY_REASON_DAMAGED, "its header is missing");
		buf_release(&f.name);
	}
	return 0;
}

static int
read_document(struct mongo *m, struct collection *c, uint32_t len)
{
	uint8_t head[4] = {
	    (uint8_t)len, (uint8_t)(len >> 8), (uint8_t)(len >> 16), (uint8_t)(len >> 24)};
	uint8_t last = 0;
	c->crc = verify_crc64_add(&m->table, c->crc, head, sizeof(head));
	for (len -= 4; len;) {
		const uint8_t *p;
		ssize_t n = verify_bytes_some(&m->b, &p, len);
		if (n <= 0)
			return fault(m, VERIFY_REASON_TRUNCATED, "");
		c->crc = verify_crc64_add(&m->table, c->crc, p, (size_t)n);
		last = p[n - 1];
		len -= (uint32_t)n;
	}
	c->documents++;
	return last == 0 ? 0 : fault(m, VERIFY_REASON_DAMAGED, "a document does not end");
}

static int
close_collection(struct mongo *m, struct collection *c, const struct fields *f)
{
	if (f->has_crc && f->crc != ~c->crc)
		return fault(
		    m, VERIFY_REASON_DAMAGED, "the checksum of a collection does not match");
	if (!f->has_crc)
		m->s->out->level = RECORD_LEVEL_COMPLETE;
	c->closed = true;
	snprintf(m->s->out->last, sizeof(m->s->out->last), "%.255s", c->name);
	return 0;
}

static int
read_segment(struct mongo *m)
{
	struct fields f;
	uint32_t len = next_length(m);
	if (!len || len == TERMINATOR || read_own(m, len) < 0 || parse_own(m, &f) < 0)
		return fault(m, VERIFY_REASON_DAMAGED, "no collection where one should be");
	struct collection *c = find(m, f.name.data);
	if (!c)
		c = add(m, f.name.data, false);
	bool eof = f.eof;
	int r = eof ? close_collection(m, c, &f) : c->closed ? -1 : 0;
	buf_release(&f.name);
	if (r < 0)
		return fault(m, VERIFY_REASON_DAMAGED, "documents behind the end of a collection");
	while ((len = next_length(m)) != TERMINATOR) {
		if (!len || eof)
			return fault(
			    m, VERIFY_REASON_DAMAGED, "documents behind the end of a collection");
		if (read_document(m, c, len) < 0)
			return -1;
	}
	return 0;
}

static int
judge(struct mongo *m)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct collection *c = &m->all[i];
		if ((c->promised || c->documents) && !c->closed)
			return verify_content_set(m->s->out, RECORD_VERDICT_FAIL,
			    VERIFY_REASON_TRUNCATED, "a collection has no end: %.150s", c->name);
	}
	if (!m->count)
		return verify_content_set(
		    m->s->out, RECORD_VERDICT_FAIL, VERIFY_REASON_EMPTY, "no collection in it");
	return 0;
}

static bool
bid(const struct verify_stream *s)
{
	return s->head_len >= 4 && !memcmp(s->head, "\x6d\xe2\x99\x81", 4);
}

static int
check(struct verify_stream *s, struct err *err)
{
	struct mongo *m = mem_alloc(sizeof(*m));
	(void)err;
	m->s = s;
	m->b.codec = s->codec;
	m->doc = BUF_INIT_MAX(DOCUMENT_MAX);
	verify_crc64_init(&m->table, POLYNOMIAL);
	s->out->level = RECORD_LEVEL_INTACT;
	int r = read_prelude(m);
	while (r == 0 && !verify_bytes_at_end(&m->b))
		r = m->b.faulty ? -1 : read_segment(m);
	if (r == 0)
		judge(m);
	s->out->entries = m->count;
	for (size_t i = 0; i < m->count; i++)
		free(m->all[i].name);
	free(m->all);
	buf_release(&m->doc);
	free(m);
	return 0;
}

const struct verify_format verify_format_mongodump = {"mongodump", .bid = bid, .check = check};
