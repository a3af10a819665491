// SQLite database files: as large as their header says (sqlite.org/fileformat.html 1.3).
#include "verify/verify_private.h"

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool
bid(const struct verify_stream *s)
{
	return s->head_len >= 16 && !memcmp(s->head, "SQLite format 3", 16);
}

static int
check(struct verify_stream *s, struct err *err)
{
	const uint8_t *h = s->head;
	struct verify_content *c = s->out;
	if (s->head_len < 100)
		return verify_content_set(
		    c, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED, "ends inside its header");
	uint64_t page = (uint64_t)h[16] << 8 | h[17], pages = be32(h + 28);
	page = page == 1 ? 65536 : page;
	bool valid =
	    be32(h + 24) == be32(h + 92) && pages; /* older writers leave the count alone */
	if (h[18] == 2 || h[19] == 2)
		c->warnings |= VERIFY_WARN_WAL;
	/* Behind the header its first page is the root of a table: a leaf (13) or above leaves (5). */
	if (page < 512 || (page & (page - 1)) || h[21] != 64 || h[22] != 32 || h[23] != 32 ||
	    (s->head_len > 100 && h[100] != 13 && h[100] != 5))
		return verify_content_set(
		    c, RECORD_VERDICT_FAIL, VERIFY_REASON_DAMAGED, "its header is damaged");
	if (codec_drain(s->codec, err) < 0)
		return 0;
	uint64_t size = codec_status(s->codec)->out;
	c->entries = pages;
	if ((valid && size < page * pages) || size % page)
		return verify_content_set(c, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED,
		    "%llu bytes instead of %llu", (unsigned long long)size,
		    (unsigned long long)(page * pages));
	if (valid && size > page * pages)
		c->warnings |= VERIFY_WARN_GARBAGE;
	return 0;
}

const struct verify_format verify_format_sqlite = {"sqlite", .bid = bid, .check = check};
