// Bytes that grow, up to a maximum, always with a NUL behind them.
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

#define DEFAULT_MAX ((size_t)1 << 30)

char buf_empty[1];

void
buf_release(struct buf *buf)
{
	if (buf->data != buf_empty)
		free(buf->data);
	*buf = BUF_INIT_MAX(buf->max);
}

void
buf_clear(struct buf *buf)
{
	buf->len = 0;
	buf->failed = false;
	if (buf->data != buf_empty)
		buf->data[0] = '\0';
}

char *
buf_take(struct buf *buf)
{
	char *s = buf->data == buf_empty ? mem_strdup("") : buf->data;

	*buf = BUF_INIT_MAX(buf->max);
	return s;
}

char *
buf_reserve(struct buf *buf, size_t len)
{
	size_t max = buf->max ? buf->max : DEFAULT_MAX;
	size_t need, cap;

	if (buf->len > max || len > max - buf->len) {
		buf->failed = true;
		return NULL;
	}
	need = buf->len + len + 1;
	if (need > buf->cap) {
		cap = buf->cap ? buf->cap : 64;
		while (cap < need)
			cap *= 2;
		buf->data = mem_resize(buf->data == buf_empty ? NULL : buf->data, cap, 1);
		buf->cap = cap;
		buf->data[buf->len] = '\0';
	}
	return buf->data + buf->len;
}

/* buf_reserve where there is room already, which is nearly always. */
static inline char *
reserve(struct buf *buf, size_t len)
{
	if (len < buf->cap - buf->len && len <= (buf->max ? buf->max : DEFAULT_MAX) - buf->len)
		return buf->data + buf->len;
	return buf_reserve(buf, len);
}

void
buf_add(struct buf *buf, const void *data, size_t len)
{
	char *room;

	if (!len)
		return;
	room = reserve(buf, len);
	if (!room)
		return;
	memcpy(room, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void
buf_str(struct buf *buf, const char *s)
{
	buf_add(buf, s, strlen(s));
}

void
buf_char(struct buf *buf, char c)
{
	char *room = reserve(buf, 1);

	if (!room)
		return;
	room[0] = c;
	room[1] = '\0';
	buf->len++;
}

void
buf_vprintf(struct buf *buf, const char *fmt, va_list ap)
{
	va_list again;
	char *room;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	assert(n >= 0);
	room = buf_reserve(buf, (size_t)n);
	if (room) {
		(void)vsnprintf(room, (size_t)n + 1, fmt, again);
		buf->len += (size_t)n;
	}
	va_end(again);
}

void
buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(buf, fmt, ap);
	va_end(ap);
}

void
buf_consume(struct buf *buf, size_t len)
{
	assert(len <= buf->len);
	if (!len)
		return;
	memmove(buf->data, buf->data + len, buf->len - len);
	buf->len -= len;
	buf->data[buf->len] = '\0';
}
