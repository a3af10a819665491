// pg_dump's custom format: the table of contents, and every data block that it promises, to the end.
#include "verify/verify_private.h"

/*
 * Behind the table of contents (sqldb/toc.h) follow blocks: a byte that says rows or large objects,
 * the number of an entry, and chunks, each a length and as many bytes, closed by a length of 0. A
 * block of large objects has for each of them its oid and chunks of its own, and ends with an oid 0.
 * With compression the chunks together are one zlib stream, lz4 frame or zstd frame. Source:
 * src/bin/pg_dump/pg_backup_custom.c of PostgreSQL. Nothing marks the end, so a cut between two
 * blocks is seen by what the table of contents has promised.
 */
#define BLOCK_ROWS    1
#define BLOCK_OBJECTS 3

struct custom {
	struct verify_stream *s;
	struct verify_bytes b;
	struct sqldb_toc toc;
	struct sqldb_toc_input ints;
	struct codec *codec; /* used again for each stream */
	int64_t left;        /* of the present chunk */
	bool last_chunk;     /* its end mark was read */
	struct verify_tail tail;
};

static int
fault(struct custom *c, enum verify_reason reason, const char *what, const char *name)
{
	/* The end of the bytes explains whatever makes no sense. */
	if (c->b.faulty)
		return -1;
	if (c->b.ended)
		reason = VERIFY_REASON_TRUNCATED;
	c->s->out->offset = c->b.pos;
	verify_content_set(
	    c->s->out, RECORD_VERDICT_FAIL, reason, "%s%s%s", what, *name ? ": " : "", name);
	return -1;
}

static int
take(void *arg, void *data, size_t len)
{
	return verify_bytes_take(arg, data, len);
}

static bool
bid(const struct verify_stream *s)
{
	return s->head_len >= 5 && !memcmp(s->head, "PGDMP", 5);
}

/* The chunks as the input of a decompressor. */
static ssize_t
chunk_read(void *arg, const uint8_t **ret_data, struct err *err)
{
	struct custom *c = arg;
	if (!c->left && !c->last_chunk) {
		if (sqldb_toc_int(&c->toc, &c->ints, &c->left) < 0 || c->left < 0)
			return err_set(err, ERR_FORMAT, "no chunk");
		c->last_chunk = c->left == 0;
	}
	if (c->last_chunk)
		return 0;
	ssize_t n = verify_bytes_some(&c->b, ret_data, (size_t)c->left);
	if (n <= 0)
		return err_set(err, ERR_FORMAT, "no bytes");
	c->left -= n;
	return n;
}

static enum codec_type
codec_of(enum sqldb_toc_compression compression)
{
	switch (compression) {
	case SQLDB_TOC_PLAIN:
		return CODEC_NONE;
	case SQLDB_TOC_ZLIB:
		return CODEC_ZLIB;
	case SQLDB_TOC_LZ4:
		return CODEC_LZ4;
	case SQLDB_TOC_ZSTD:
		return CODEC_ZSTD;
	}
	return CODEC_NONE;
}

static int
start_codec(struct custom *c, const struct codec_input *input)
{
	struct codec_limits l = {
	    .memory = c->s->limits->memory,
	    .max_bytes = c->s->limits->max_bytes,
	    .max_ratio = c->s->limits->max_ratio,
	    .deadline_ms = c->s->deadline_ms,
	};
	return c->codec ? codec_reopen(c->codec, input, NULL)
			: codec_open_as(&c->codec, codec_of(c->toc.compression), input, &l, NULL);
}

static int
codec_fault(struct custom *c, const char *name)
{
	const struct codec_status *st = codec_status(c->codec);
	struct verify_content *out = c->s->out;
	switch (st->fault) {
	case CODEC_FAULT_BOMB:
		verify_content_set(
		    out, RECORD_VERDICT_FAIL, VERIFY_REASON_BOMB, "%s: %s", name, st->detail);
		return -1;
	case CODEC_FAULT_TIME:
		verify_content_set(
		    out, RECORD_VERDICT_ERROR, VERIFY_REASON_TIMEOUT, "takes longer than allowed");
		return -1;
	case CODEC_FAULT_MEMORY:
		verify_content_set(out, RECORD_VERDICT_SKIP, VERIFY_REASON_UNSUPPORTED,
		    "%s: needs more memory than allowed", name);
		return -1;
	case CODEC_FAULT_NONE:
	case CODEC_FAULT_TRUNCATED:
	case CODEC_FAULT_DAMAGED:
	case CODEC_FAULT_INPUT:
		break;
	}
	return fault(c, VERIFY_REASON_DAMAGED, "its compressed data is damaged", name);
}

/* One run of chunks, decompressed to its end. */
static int
read_stream(struct custom *c, const char *name)
{
	struct codec_input input = {.read = chunk_read, .arg = c};
	const uint8_t *data;
	ssize_t n;
	c->left = 0;
	c->last_chunk = false;
	c->tail.len = 0;
	if (sqldb_toc_int(&c->toc, &c->ints, &c->left) < 0 || c->left < 0)
		return fault(c, VERIFY_REASON_DAMAGED, "a length makes no sense", name);
	if (c->left == 0) /* newer writers compress nothing to nothing */
		return 0;
	if (start_codec(c, &input) < 0)
		return fault(c, VERIFY_REASON_DAMAGED, "cannot be decompressed", name);
	while ((n = codec_read(c->codec, &data, NULL)) > 0)
		verify_tail_add(&c->tail, data, (size_t)n);
	if (n < 0)
		return codec_fault(c, name);
	if (codec_status(c->codec)->garbage)
		return fault(c, VERIFY_REASON_DAMAGED, "bytes behind its compressed data", name);
	return 0;
}

static int
read_objects(struct custom *c, struct sqldb_toc_entry *e)
{
	int64_t oid = 0;
	for (;;) {
		if (sqldb_toc_int(&c->toc, &c->ints, &oid) < 0 || oid < 0)
			return fault(c, VERIFY_REASON_DAMAGED, "an oid makes no sense", e->name);
		if (oid == 0)
			return 0;
		if (read_stream(c, e->name) < 0)
			return -1;
	}
}

static int
read_block(struct custom *c)
{
	uint64_t start = c->b.pos;
	uint8_t type = 0;
	int64_t id = 0;
	if (verify_bytes_take(&c->b, &type, 1) < 0 || sqldb_toc_int(&c->toc, &c->ints, &id) < 0 ||
	    (type != BLOCK_ROWS && type != BLOCK_OBJECTS))
		return fault(c, VERIFY_REASON_DAMAGED, "no block of data where one should be", "");
	struct sqldb_toc_entry *e = sqldb_toc_find(&c->toc, id);
	if (!e || e->seen || e->large_objects != (type == BLOCK_OBJECTS))
		return fault(c, VERIFY_REASON_DAMAGED,
		    "a block of data that its table of contents does not have", "");
	if (e->offset_known && e->offset != start)
		return fault(c, VERIFY_REASON_DAMAGED,
		    "a block of data is not where its table of contents says", e->name);
	e->seen = true;
	if (type == BLOCK_OBJECTS ? read_objects(c, e) < 0 : read_stream(c, e->name) < 0)
		return -1;
	if (!sqldb_toc_ended(e, c->tail.data, c->tail.len))
		return fault(c, VERIFY_REASON_TRUNCATED, "its rows have no end", e->name);
	snprintf(c->s->out->last, sizeof(c->s->out->last), "%s", e->name);
	return 0;
}

int
verify_toc_fault(struct verify_content *out, enum sqldb_fault fault, const struct sqldb_toc *toc)
{
	snprintf(out->last, sizeof(out->last), "%s", toc->last);
	if (fault == SQLDB_FAULT_UNSUPPORTED)
		return verify_content_set(out, RECORD_VERDICT_SKIP, VERIFY_REASON_UNSUPPORTED,
		    "%s (%u.%u)", toc->detail, toc->version >> 8, toc->version & 0xff);
	return verify_content_set(out, RECORD_VERDICT_FAIL,
	    fault == SQLDB_FAULT_TRUNCATED   ? VERIFY_REASON_TRUNCATED
		: fault == SQLDB_FAULT_LIMIT ? VERIFY_REASON_BOMB
					     : VERIFY_REASON_DAMAGED,
	    "%s", toc->detail);
}

static void
check_blocks(struct custom *c)
{
	while (!verify_bytes_at_end(&c->b))
		if (c->b.faulty || read_block(c) < 0)
			return;
	for (size_t i = 0; i < c->toc.data_count; i++)
		if (!c->toc.data[i].seen) {
			(void)fault(c, VERIFY_REASON_TRUNCATED, "promised data is missing",
			    c->toc.data[i].name);
			return;
		}
}

static int
check(struct verify_stream *s, struct err *err)
{
	struct custom c = {.s = s, .b = {.codec = s->codec}};
	(void)err;
	c.ints = (struct sqldb_toc_input){.read = take, .arg = &c.b};
	enum sqldb_fault f = sqldb_toc_read(&c.toc, &c.ints);
	s->out->offset = f ? c.b.pos : 0;
	s->out->entries = c.toc.entries;
	if (f != SQLDB_FAULT_NONE && !c.b.faulty)
		verify_toc_fault(s->out, f, &c.toc);
	else if (c.toc.format != SQLDB_TOC_CUSTOM)
		verify_content_set(s->out, RECORD_VERDICT_SKIP, VERIFY_REASON_UNVERIFIABLE,
		    "the table of contents of a dump in many files: look at its directory");
	else if (f == SQLDB_FAULT_NONE && !c.toc.entries)
		verify_content_set(
		    s->out, RECORD_VERDICT_FAIL, VERIFY_REASON_EMPTY, "a dump without an object");
	else if (f == SQLDB_FAULT_NONE)
		check_blocks(&c);
	codec_close(c.codec);
	sqldb_toc_release(&c.toc);
	return 0;
}

const struct verify_format verify_format_pgcustom = {"pg_custom", .bid = bid, .check = check};
