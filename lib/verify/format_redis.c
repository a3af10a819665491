// Redis RDB files: the end opcode and the CRC-64 behind it.
#include "verify/verify_private.h"

#define TRAILER 9 /* 0xff and eight bytes of CRC, little endian; since version 5 */

/* CRC-64 "Jones" as Redis has it: reflected, polynomial 0xad93d23594c935a9, no inversion. */
static void
crc_table(uint64_t table[256])
{
	for (uint64_t i = 0; i < 256; i++) {
		uint64_t c = i;
		for (int k = 0; k < 8; k++)
			c = c & 1 ? c >> 1 ^ UINT64_C(0x95ac9329ac4bc9b5) : c >> 1;
		table[i] = c;
	}
}

static bool
bid(const struct verify_stream *s)
{
	const uint8_t *p = s->head;
	if (s->head_len < 9 || memcmp(p, "REDIS", 5) != 0)
		return false;
	for (size_t i = 5; i < 9; i++)
		if (p[i] < '0' || p[i] > '9')
			return false;
	return true;
}

static int
check(struct verify_stream *s, struct err *err)
{
	uint64_t table[256], crc = 0, stored = 0;
	uint8_t tail[TRAILER] = {0}; /* the last bytes, which are not in crc yet */
	size_t held = 0;
	unsigned version = 0;
	const uint8_t *data;
	ssize_t n;
	crc_table(table);
	for (size_t i = 5; i < 9; i++)
		version = version * 10 + (unsigned)(s->head[i] - '0');
	while ((n = codec_read(s->codec, &data, err)) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (held == TRAILER) {
				crc = table[(crc ^ tail[0]) & 0xff] ^ crc >> 8;
				memmove(tail, tail + 1, TRAILER - 1);
				held--;
			}
			tail[held++] = data[i];
		}
	}
	if (n < 0)
		return 0;
	if (version < 5)
		return verify_content_set(s->out, RECORD_VERDICT_SKIP, VERIFY_REASON_UNVERIFIABLE,
		    "version %u has no checksum", version);
	if (held < TRAILER || tail[0] != 0xff)
		return verify_content_set(s->out, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED,
		    "ends without its end opcode");
	crc = table[(crc ^ tail[0]) & 0xff] ^ crc >> 8;
	for (size_t i = TRAILER; i-- > 1;)
		stored = stored << 8 | tail[i];
	if (stored && stored != crc)
		return verify_content_set(s->out, RECORD_VERDICT_FAIL, VERIFY_REASON_DAMAGED,
		    "its checksum does not match");
	if (stored) /* 0: switched off by rdbchecksum no */
		s->out->level = RECORD_LEVEL_INTACT;
	return 0;
}

const struct verify_format verify_format_redis = {"redis", .bid = bid, .check = check};
