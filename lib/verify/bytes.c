// A decoded stream as bytes that are counted, and its last ones.
#include "verify/verify_private.h"

static int
refill(struct verify_bytes *b)
{
	if (b->in_len)
		return 1;
	if (b->ended || b->faulty)
		return b->faulty ? -1 : 0;
	ssize_t n = codec_read(b->codec, &b->in, NULL);
	b->faulty = n < 0;
	b->ended = n == 0;
	b->in_len = n > 0 ? (size_t)n : 0;
	return n < 0 ? -1 : n > 0;
}

ssize_t
verify_bytes_some(struct verify_bytes *b, const uint8_t **ret_data, size_t max)
{
	int r = refill(b);
	if (r <= 0)
		return r;
	size_t n = b->in_len < max ? b->in_len : max;
	*ret_data = b->in;
	b->in += n;
	b->in_len -= n;
	b->pos += n;
	return (ssize_t)n;
}

int
verify_bytes_take(struct verify_bytes *b, void *data, size_t len)
{
	char *out = data;
	while (len) {
		const uint8_t *p;
		ssize_t n = verify_bytes_some(b, &p, len);
		if (n <= 0)
			return -1;
		if (out) {
			memcpy(out, p, (size_t)n);
			out += n;
		}
		len -= (size_t)n;
	}
	return 0;
}

bool
verify_bytes_at_end(struct verify_bytes *b)
{
	return refill(b) == 0;
}

void
verify_tail_add(struct verify_tail *t, const void *data, size_t len)
{
	if (len >= VERIFY_TAIL_MAX) {
		memcpy(t->data, (const char *)data + len - VERIFY_TAIL_MAX, VERIFY_TAIL_MAX);
		t->len = VERIFY_TAIL_MAX;
		return;
	}
	size_t keep = t->len + len > VERIFY_TAIL_MAX ? VERIFY_TAIL_MAX - len : t->len;
	memmove(t->data, t->data + t->len - keep, keep);
	memcpy(t->data + keep, data, len);
	t->len = keep + len;
}
