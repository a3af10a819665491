// What cannot be looked into without a key: OpenPGP, age, openssl enc, LUKS.
#include "verify/verify_private.h"

static bool
starts(const struct verify_stream *s, const char *magic, size_t len)
{
	return s->head_len >= len && !memcmp(s->head, magic, len);
}

/* RFC 9580: the first packet is an encrypted session key, of version 3 or 6 for a public key (tag
 * 1), 4 to 6 for a passphrase (tag 3); the length octets are of either form. */
static bool
is_openpgp(const struct verify_stream *s)
{
	const uint8_t *p = s->head;
	if (s->head_len < 8 || !(p[0] & 0x80))
		return false;
	bool modern = p[0] & 0x40;
	unsigned tag = modern ? p[0] & 0x3f : p[0] >> 2 & 0xf;
	unsigned type = p[0] & 3;
	size_t body = modern ? (p[1] < 192 ? 2U : 3U) : type == 0 ? 2U : type == 1 ? 3U : 5U;
	if (!modern && type == 3)
		return false;
	uint8_t version = p[body];
	return (tag == 1 && (version == 3 || version == 6)) ||
	    (tag == 3 && version >= 4 && version <= 6 && p[1] < 192);
}

static bool
bid(const struct verify_stream *s)
{
	struct archive_promise p;
	archive_promise_of(s->name, &p);
	return starts(s, "Salted__", 8) || starts(s, "age-encryption.org/v1", 21) ||
	    starts(s, "-----BEGIN AGE ENCRYPTED FILE-----", 34) ||
	    starts(s, "-----BEGIN PGP MESSAGE-----", 27) || starts(s, "LUKS\xba\xbe", 6) ||
	    (is_openpgp(s) && (p.encrypted || codec_status(s->codec)->type == CODEC_NONE));
}

static int
check(struct verify_stream *s, struct err *err)
{
	(void)err;
	return verify_content_set(s->out, RECORD_VERDICT_SKIP, VERIFY_REASON_ENCRYPTED,
	    "encrypted, cannot be looked into");
}

const struct verify_format verify_format_encrypted = {"encrypted", .bid = bid, .check = check};
