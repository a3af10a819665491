// One line of a checksum manifest: GNU, BSD, or a lone digest.
#include <ctype.h>

#include "verify/verify_private.h"

const char *
verify_manifest_algorithm(size_t digest_len)
{
	switch (digest_len) {
	case 16:
		return "md5";
	case 20:
		return "sha1";
	case 28:
		return "sha224";
	case 32:
		return "sha256";
	case 48:
		return "sha384";
	case 64:
		return "sha512";
	default:
		return NULL;
	}
}

/* The hex digits at p as bytes; how many digits there were, 0 if that is no digest. */
static size_t
take_hex(const char *p, size_t len, uint8_t digest[HASH_MAX], size_t *ret_len)
{
	size_t n = 0;
	while (n < len && n <= 2 * HASH_MAX && isxdigit((unsigned char)p[n]))
		n++;
	if (n < 16 || n % 2 || n > 2 * HASH_MAX)
		return 0;
	struct buf bytes = BUF_INIT;
	bool ok = str_from_hex(p, n, &bytes) == 0 && bytes.len == n / 2;
	if (ok)
		memcpy(digest, bytes.data, bytes.len);
	*ret_len = bytes.len;
	buf_release(&bytes);
	return ok ? n : 0;
}

/* GNU marks a line whose name is escaped by a backslash at its beginning: \\ \n \r stand for the
 * characters that they name. */
static void
add_name(struct buf *name, const char *p, size_t len, bool escaped)
{
	if (!escaped) {
		buf_add(name, p, len);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		if (p[i] == '\\' && i + 1 < len) {
			i++;
			buf_char(name, p[i] == 'n' ? '\n' : p[i] == 'r' ? '\r' : p[i]);
		} else {
			buf_char(name, p[i]);
		}
	}
}

/* ALGORITHM (NAME) = DIGEST; coreutils writes the algorithm of b2sum as BLAKE2b. */
static int
bsd_line(const char *p, size_t len, bool escaped, char algorithm[HASH_NAME_MAX],
    uint8_t digest[HASH_MAX], size_t *ret_digest_len, struct buf *name)
{
	static const char middle[] = ") = ";
	const char *open = memmem(p, len, " (", 2);
	char word[HASH_NAME_MAX];
	if (!open || open == p || (size_t)(open - p) >= sizeof(word))
		return 0;
	/* The last ") = ": the name may have one of its own. */
	const char *close = NULL;
	for (const char *q = open + 2; q + sizeof(middle) - 1 <= p + len; q++)
		if (!memcmp(q, middle, sizeof(middle) - 1))
			close = q;
	if (!close)
		return 0;
	memcpy(word, p, (size_t)(open - p));
	word[open - p] = '\0';
	const char *hex = close + sizeof(middle) - 1;
	size_t left = (size_t)(p + len - hex);
	if (hash_canonical(word, algorithm) < 0 || !left ||
	    take_hex(hex, left, digest, ret_digest_len) != left)
		return 0;
	add_name(name, open + 2, (size_t)(close - open - 2), escaped);
	return 1;
}

int
verify_manifest_line(const char *line, size_t len, char algorithm[HASH_NAME_MAX],
    uint8_t digest[HASH_MAX], size_t *ret_digest_len, struct buf *name)
{
	const char *p = line;
	buf_clear(name);
	algorithm[0] = '\0';
	if (len && p[len - 1] == '\r')
		len--;
	if (!len || *p == '#' || *p == ';')
		return 0;
	bool escaped = *p == '\\';
	if (escaped) {
		p++;
		len--;
	}
	size_t digits = take_hex(p, len, digest, ret_digest_len);
	if (!digits)
		return bsd_line(p, len, escaped, algorithm, digest, ret_digest_len, name);
	if (digits == len)
		return 1; /* a lone digest */
	/* DIGEST, a blank, a blank or "*", NAME; some writers put one blank only, or a tab. */
	const char *q = p + digits;
	if (*q != ' ' && *q != '\t')
		return 0;
	q++;
	if (q < p + len && (*q == ' ' || *q == '*'))
		q++;
	if (q == p + len)
		return 1;
	add_name(name, q, (size_t)(p + len - q), escaped);
	return 1;
}
