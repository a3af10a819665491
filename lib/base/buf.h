/*
 * struct buf: text or bytes that grow, with a maximum.
 *
 * data is always followed by a NUL that len does not count, so buf.data is a C string if the
 * content has no NUL of its own. BUF_INIT is an empty buffer without allocation; data is then "".
 * A buffer that would pass max (0 = 1 GiB) keeps what it has and sets failed; check it once,
 * after the last append.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t max;
	bool failed;
};

extern char buf_empty[1];
#define BUF_INIT        ((struct buf){.data = buf_empty})
#define BUF_INIT_MAX(m) ((struct buf){.data = buf_empty, .max = (m)})

void buf_release(struct buf *buf); /* frees, leaves an empty buffer with the same max */
void buf_clear(struct buf *buf);   /* empties, keeps the allocation */
char *buf_take(struct buf *buf);   /* hands the string over; free() it; buf is empty after */

void buf_add(struct buf *buf, const void *data, size_t len);
void buf_str(struct buf *buf, const char *s);
void buf_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void
buf_vprintf(struct buf *buf, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/* Room for at least len more bytes at data + len; the caller adds to len what it used.
 * NULL if that would pass max (failed is set). */
char *buf_reserve(struct buf *buf, size_t len);

/* Drop len bytes at the front. */
void buf_consume(struct buf *buf, size_t len);

#endif
