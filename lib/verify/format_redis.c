// Redis: RDB files with their end opcode and CRC-64, append-only files, and both in one.
#include "verify/verify_private.h"

#define TRAILER 9 /* 0xff and eight bytes of CRC, little endian; since version 5 */

/*
 * CRC-64 "Jones" as Redis has it: reflected, polynomial 0xad93d23594c935a9, no inversion. Up to
 * version 6 an append-only file may begin with an RDB and go on with commands; where the one ends
 * only its CRC tells, without reading its structures: an end opcode that eight bytes follow which
 * are the CRC of all before them.
 */
#define POLYNOMIAL UINT64_C(0x95ac9329ac4bc9b5)

struct rdb {
	struct verify_crc64 table;
	uint64_t crc;          /* of all bytes before those in tail */
	uint8_t tail[TRAILER]; /* the last bytes */
	size_t held;
	bool closed; /* an end with its CRC was met at tail */
};

static bool
bid_rdb(const struct verify_stream *s)
{
	const uint8_t *p = s->head;
	if (s->head_len < 9 || memcmp(p, "REDIS", 5) != 0)
		return false;
	for (size_t i = 5; i < 9; i++)
		if (p[i] < '0' || p[i] > '9')
			return false;
	return true;
}

static uint64_t
stored_crc(const struct rdb *r)
{
	uint64_t v = 0;
	for (size_t i = TRAILER; i-- > 1;)
		v = v << 8 | r->tail[i];
	return v;
}

static bool
at_end(const struct rdb *r)
{
	if (r->held < TRAILER || r->tail[0] != 0xff)
		return false;
	return stored_crc(r) == verify_crc64_add(&r->table, r->crc, r->tail, 1);
}

/* Bytes one by one, while an end may stand among them: how many were taken before it was met. */
static size_t
look(struct rdb *r, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (r->held == TRAILER) {
			r->crc = verify_crc64_add(&r->table, r->crc, r->tail, 1);
			memmove(r->tail, r->tail + 1, TRAILER - 1);
			r->held--;
		}
		r->tail[r->held++] = p[i];
		r->closed = at_end(r);
		if (r->closed)
			return i + 1;
	}
	return len;
}

static int
judge_rdb(struct verify_stream *s, const struct rdb *r)
{
	unsigned version = 0;
	for (size_t i = 0; i < 4; i++)
		version = version * 10 + (unsigned)(s->out->last[i] - '0');
	s->out->last[0] = '\0';
	if (version < 5)
		return verify_content_set(s->out, RECORD_VERDICT_SKIP, VERIFY_REASON_UNVERIFIABLE,
		    "version %u has no checksum", version);
	if (r->closed) {
		s->out->level = RECORD_LEVEL_INTACT;
		return 0;
	}
	if (r->held < TRAILER || r->tail[0] != 0xff)
		return verify_content_set(s->out, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED,
		    "ends without its end opcode");
	if (stored_crc(r)) /* 0: switched off by rdbchecksum no */
		return verify_content_set(s->out, RECORD_VERDICT_FAIL, VERIFY_REASON_DAMAGED,
		    "its checksum does not match");
	return 0;
}

static int
check_rdb(struct verify_stream *s, struct err *err)
{
	struct rdb *r = mem_alloc(sizeof(*r));
	struct verify_resp commands = {0};
	bool more = false;
	const uint8_t *data;
	ssize_t n;
	verify_crc64_init(&r->table, POLYNOMIAL);
	memcpy(s->out->last, s->head + 5, 4);
	while ((n = codec_read(s->codec, &data, err)) > 0) {
		size_t used = r->closed ? 0 : look(r, data, (size_t)n);
		more = more || (r->closed && used < (size_t)n);
		if (r->closed)
			verify_resp_add(&commands, data + used, (size_t)n - used);
	}
	s->out->offset = codec_status(s->codec)->out;
	if (n == 0 && more) {
		snprintf(s->out->format, sizeof(s->out->format), "redis_aof");
		verify_resp_judge(&commands, s->out);
	} else if (n == 0) {
		judge_rdb(s, r);
	}
	if (s->out->verdict == RECORD_VERDICT_PASS)
		s->out->offset = 0;
	free(r);
	return 0;
}

static bool
bid_aof(const struct verify_stream *s)
{
	const char *p = (const char *)s->head;
	size_t digits = s->head_len > 8 ? strspn(p + 1, "0123456789") : 0;
	return s->head_len > 8 &&
	    (!memcmp(p, "#TS:", 4) ||
		(p[0] == '*' && digits && digits < 6 && !memcmp(p + 1 + digits, "\r\n", 2)));
}

static int
check_aof(struct verify_stream *s, struct err *err)
{
	struct verify_resp commands = {0};
	const uint8_t *data;
	ssize_t n;
	while ((n = codec_read(s->codec, &data, err)) > 0)
		verify_resp_add(&commands, data, (size_t)n);
	return n < 0 ? 0 : verify_resp_judge(&commands, s->out);
}

const struct verify_format verify_format_redis = {"redis", .bid = bid_rdb, .check = check_rdb};
const struct verify_format verify_format_redis_aof = {
    "redis_aof", .bid = bid_aof, .check = check_aof};
