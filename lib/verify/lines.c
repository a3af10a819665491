// A decoded stream as lines; of a long one only the beginning and the last bytes are kept.
#include "verify/verify_private.h"

static void
keep(struct verify_lines *l, const uint8_t *data, size_t len)
{
	size_t room = VERIFY_LINE_KEPT - l->len;
	size_t take = len < room ? len : room;
	if (take)
		memcpy(l->line + l->len, data, take);
	l->len += take;
	l->full += len;
	if (len >= 2) {
		l->end[0] = (char)data[len - 2];
		l->end[1] = (char)data[len - 1];
	} else if (len == 1) {
		l->end[0] = l->end[1];
		l->end[1] = (char)data[0];
	}
}

int
verify_lines_next(struct verify_lines *l, struct err *err)
{
	l->offset += l->full + (l->newline ? 1 : 0);
	l->len = 0;
	l->full = 0;
	l->newline = false;
	memset(l->end, 0, sizeof(l->end));
	for (;;) {
		if (!l->in_len) {
			ssize_t n = codec_read(l->codec, &l->in, err);
			if (n < 0)
				return -1;
			l->in_len = (size_t)n;
			if (n == 0)
				break;
		}
		const uint8_t *nl = memchr(l->in, '\n', l->in_len);
		size_t n = nl ? (size_t)(nl - l->in) : l->in_len;
		keep(l, l->in, n);
		l->in += n + (nl ? 1 : 0);
		l->in_len -= n + (nl ? 1 : 0);
		if (nl) {
			l->newline = true;
			break;
		}
	}
	/* Dumps that went through Windows end their lines with CR LF. */
	if (l->full && l->end[1] == '\r') {
		if (l->len == l->full)
			l->len--;
		l->end[1] = l->end[0];
		l->end[0] = '\0';
	}
	l->line[l->len] = '\0';
	return l->newline || l->full;
}
