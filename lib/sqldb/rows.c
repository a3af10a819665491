// The rows of a COPY block: counted, handed on in blocks, up to the line that ends them.
#include <string.h>

#include "sqldb/sqldb_private.h"

#define ROWS_BLOCK ((size_t)256 * 1024)

/* Hand on what was read of the rows. */
static int
rows_flush(struct sqldb_dump *d)
{
	int r = d->rows.len ? d->options.rows(d->options.arg, d->rows.data, d->rows.len) : 0;

	buf_clear(&d->rows);
	d->rows_line = 0;
	return r < 0 ? sqldb_fail(d, SQLDB_FAULT_STOPPED, "stopped") : 0;
}

/* At the end of a line of rows; the last one is only "\\.". */
static int
rows_line_end(struct sqldb_dump *d, bool last)
{
	if (!d->options.rows)
		return 0;
	if (!last) {
		buf_char(&d->rows, '\n');
		d->rows_line = d->rows.len;
		return d->rows.len < ROWS_BLOCK ? 0 : rows_flush(d);
	}
	d->rows.len = d->rows_line;
	if (rows_flush(d) < 0)
		return -1;
	return d->options.rows(d->options.arg, NULL, 0) < 0
	    ? sqldb_fail(d, SQLDB_FAULT_STOPPED, "stopped")
	    : 0;
}

int
sqldb_rows_byte(struct sqldb_dump *d, uint8_t c)
{
	int r = 0;

	if (c != '\n') {
		sqldb_line_add(d, c);
		return 0;
	}
	if (d->line_len && d->line[d->line_len - 1] == '\r')
		d->line[--d->line_len] = '\0';
	if (d->state == LEX_COPY_WAIT) {
		d->state = LEX_COPY;
	} else if (strcmp(d->line, "\\.") == 0) {
		d->state = LEX_NORMAL;
		r = rows_line_end(d, true);
	} else {
		d->stats.rows++;
		r = rows_line_end(d, false);
	}
	sqldb_line_clear(d);
	return r;
}

size_t
sqldb_rows_skip(struct sqldb_dump *d, const uint8_t *data, size_t len)
{
	const uint8_t *end = memchr(data, '\n', len);
	size_t n = end ? (size_t)(end - data) : len, keep = sizeof(d->line) - 1 - d->line_len;

	keep = n < keep ? n : keep;
	memcpy(d->line + d->line_len, data, keep);
	d->line_len += keep;
	d->line[d->line_len] = '\0';
	return n;
}

/* A line may be handed on in pieces once it is too long to be the last. */
int
sqldb_rows_take(struct sqldb_dump *d, const char *data, size_t len)
{
	if (!d->options.rows)
		return 0;
	buf_add(&d->rows, data, len);
	return d->rows.len < ROWS_BLOCK || d->line_len < 4 ? 0 : rows_flush(d);
}
