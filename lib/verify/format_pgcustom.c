// PostgreSQL custom format: recognised by its header; only a restore test reads it through.
#include "verify/verify_private.h"

static bool
bid(const struct verify_stream *s)
{
	return s->head_len >= 5 && !memcmp(s->head, "PGDMP", 5);
}

static int
check(struct verify_stream *s, struct err *err)
{
	if (s->head_len < 11)
		return verify_content_set(
		    s->out, RECORD_VERDICT_FAIL, VERIFY_REASON_TRUNCATED, "ends inside its header");
	(void)codec_drain(s->codec, err);
	return verify_content_set(s->out, RECORD_VERDICT_SKIP, VERIFY_REASON_UNVERIFIABLE,
	    "only a restore test reads the custom format of pg_dump");
}

const struct verify_format verify_format_pgcustom = {"pg_custom", bid, check};
