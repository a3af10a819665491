// What the end of a decryptor means: its exit status, and what it said.
#include <signal.h>
#include <string.h>

#include "decrypt/decrypt_private.h"

/* What gpg 2.2, age 1.1, openssl 3.0 say with LC_ALL=C. */
static const struct phrase {
	const char *text;
	enum decrypt_outcome outcome;
} phrases[] = {
    /* gpg */
    {"Bad session key", DECRYPT_KEY},
    {"No secret key", DECRYPT_KEY},
    {"no valid OpenPGP data", DECRYPT_DAMAGED},
    {"Bad passphrase", DECRYPT_KEY},
    {"No passphrase", DECRYPT_KEY},
    {"message has been manipulated", DECRYPT_DAMAGED},
    {"message was not integrity protected", DECRYPT_UNSURE},
    {"problem reading source", DECRYPT_DAMAGED},
    {"Invalid packet", DECRYPT_DAMAGED},
    {"premature eof", DECRYPT_DAMAGED},
    {"uncompressing failed", DECRYPT_DAMAGED},
    /* age */
    {"no identity matched", DECRYPT_KEY},
    {"incorrect passphrase", DECRYPT_KEY},
    {"authenticate payload", DECRYPT_DAMAGED},
    {"unexpected EOF", DECRYPT_DAMAGED},
    {"trailing data after end", DECRYPT_DAMAGED},
    {"bad header MAC", DECRYPT_DAMAGED},
    {"failed to read header", DECRYPT_DAMAGED},
    /* openssl: a wrong key says "bad decrypt" too */
    {"bad decrypt", DECRYPT_UNSURE},
    {"bad magic number", DECRYPT_DAMAGED},
};

/* Does the format of the encryption say of each byte whether it is the right one? OpenPGP has the
 * MDC or AEAD (gpg refuses what has neither), age has AEAD; of others nothing is known. */
static bool
is_authenticated(const unsigned char *head, size_t len)
{
	static const char *const texts[] = {"age-encryption.org/v1",
	    "-----BEGIN AGE ENCRYPTED FILE-----", "-----BEGIN PGP MESSAGE-----"};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (len >= strlen(texts[i]) && memcmp(head, texts[i], strlen(texts[i])) == 0)
			return true;
	}
	if (len < 2 || !(head[0] & 0x80))
		return false;
	/* An encrypted session key, RFC 9580: tag 1 or 3 in the old or the new form of a packet. */
	unsigned tag = head[0] & 0x40 ? head[0] & 0x3fU : head[0] >> 2 & 0xfU;

	return tag == 1 || tag == 3;
}

/* The line that holds the phrase, or the last one that is not empty. */
static void
set_message(struct decrypt_result *r, const char *said, const char *at)
{
	struct buf text = BUF_INIT;
	size_t len = strlen(said);
	const char *end;

	while (len && strchr("\r\n ", said[len - 1]))
		len--;
	if (!at)
		at = said + len;
	while (at > said && at[-1] != '\n')
		at--;
	end = memchr(at, '\n', len - (size_t)(at - said));
	str_add_visible(&text, at, (size_t)((end ? end : said + len) - at));
	(void)snprintf(r->message, sizeof(r->message), "%.*s", (int)sizeof(r->message) - 1,
	    text.len ? text.data : "it said nothing");
	buf_release(&text);
}

static void
judge_status(struct decrypt_result *r, int status, const char *said)
{
	const char *at = NULL;

	if (status == SANDBOX_EXIT_MISSING || status == SANDBOX_EXIT_EXEC) {
		r->outcome = DECRYPT_CANNOT;
		(void)snprintf(r->message, sizeof(r->message), "the program of decrypt.command %s",
		    status == SANDBOX_EXIT_MISSING ? "does not exist" : "cannot be executed");
		return;
	}
	r->outcome = DECRYPT_UNSURE;
	for (size_t i = 0; i < ARRAY_LEN(phrases); i++) {
		at = strstr(said, phrases[i].text);
		if (at) {
			r->outcome = phrases[i].outcome;
			break;
		}
	}
	if (strstr(said, "No space left on device"))
		r->outcome = DECRYPT_CANNOT;
	set_message(r, said, at);
}

void
decrypt_judge(const struct sandbox_result *end, const void *head, size_t head_len, const char *said,
    struct decrypt_result *r)
{
	*r = (struct decrypt_result){.outcome = DECRYPT_CANNOT};
	switch (end->end) {
	case SANDBOX_DONE:
		if (end->status)
			judge_status(r, end->status, said);
		else
			*r = (struct decrypt_result){
			    .outcome = DECRYPT_DONE, .checked = is_authenticated(head, head_len)};
		return;
	case SANDBOX_CRASHED:
		if (end->status == SIGXFSZ)
			r->outcome = DECRYPT_LIMIT;
		(void)snprintf(r->message, sizeof(r->message), "ended by signal %d", end->status);
		return;
	case SANDBOX_TIMEOUT:
		(void)snprintf(r->message, sizeof(r->message), "took longer than allowed");
		return;
	case SANDBOX_OVERFLOW:
		(void)snprintf(r->message, sizeof(r->message), "had complaints without end");
		return;
	case SANDBOX_STOPPED:
		r->outcome = DECRYPT_STOPPED;
		return;
	}
}
