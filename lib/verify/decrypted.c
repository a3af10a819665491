// Content that came out of a decryptor: what its end adds to the verdict. Pure.
#include "verify/verify_private.h"

static void
set(struct verify_content *c, enum record_verdict verdict, enum verify_reason reason,
    const char *lead, const char *message)
{
	c->verdict = verdict;
	c->reason = reason;
	c->level = RECORD_LEVEL_NONE;
	snprintf(c->detail, sizeof(c->detail), "%s%.128s", lead, message);
}

/* It ended well, and what came out is judged. With a check over every byte nothing is left open; without
 * one, noise in place of what the name promises is what a wrong key looks like. */
static void
is_done(struct verify_content *c, bool checked)
{
	bool known = *c->format || *c->codec;
	if (!checked && !known && c->verdict == RECORD_VERDICT_FAIL &&
	    c->reason == VERIFY_REASON_FOREIGN)
		set(c, RECORD_VERDICT_ERROR, VERIFY_REASON_DECRYPT, "",
		    "what came out is nothing that bkm knows: the wrong key, or damaged from its "
		    "beginning");
	if (!checked)
		return;
	if (c->verdict == RECORD_VERDICT_SKIP && c->reason == VERIFY_REASON_UNVERIFIABLE) {
		set(c, RECORD_VERDICT_PASS, VERIFY_REASON_NONE, "", "");
		c->warnings |= VERIFY_WARN_UNKNOWN;
	}
	if (c->verdict == RECORD_VERDICT_PASS) {
		c->level = RECORD_LEVEL_INTACT;
		c->warnings &= ~(unsigned)VERIFY_WARN_UNCHECKED;
	}
}

void
verify_decrypted(struct verify_content *c, const struct decrypt_result *r)
{
	/* Nobody read to its end, so it could not end well. */
	if (c->verdict == RECORD_VERDICT_ERROR || c->reason == VERIFY_REASON_BOMB)
		return;
	switch (r->outcome) {
	case DECRYPT_DONE:
		is_done(c, r->checked);
		return;
	case DECRYPT_UNSURE:
		if (*c->format || *c->codec)
			set(c, RECORD_VERDICT_FAIL, VERIFY_REASON_DAMAGED,
			    "decrypting failed behind a good beginning: ", r->message);
		else
			set(c, RECORD_VERDICT_ERROR, VERIFY_REASON_DECRYPT,
			    "decrypting failed, by the wrong key or damage: ", r->message);
		return;
	case DECRYPT_DAMAGED:
		set(c, RECORD_VERDICT_FAIL, VERIFY_REASON_DAMAGED,
		    "decrypting failed: ", r->message);
		return;
	case DECRYPT_KEY:
	case DECRYPT_LIMIT:
	case DECRYPT_CANNOT:
	case DECRYPT_STOPPED:
		set(c, RECORD_VERDICT_ERROR, VERIFY_REASON_DECRYPT,
		    "cannot be decrypted: ", r->message);
		return;
	}
}
