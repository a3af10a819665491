// The questions of the configuration to a restored database, in the child that has it.
#include <string.h>

#include "restore/restore_private.h"

static void
add_name(struct buf *sql, const char *name, size_t len, char quote)
{
	buf_char(sql, quote);
	for (size_t i = 0; i < len; i++) {
		if (name[i] == quote)
			buf_char(sql, quote);
		buf_char(sql, name[i]);
	}
	buf_char(sql, quote);
}

/* TABLE.COLUMN or SCHEMA.TABLE.COLUMN, without blanks, is a short form; anything else a query. */
static char *
newest_query(const char *text, enum sqldb_dialect dialect)
{
	const char quote = dialect == SQLDB_MYSQL ? '`' : '"';
	const char *column = strrchr(text, '.'), *p = text;
	struct buf sql = BUF_INIT;

	if (!column || strpbrk(text, " \t\r\n("))
		return mem_strdup(text);
	buf_str(&sql, "SELECT max(");
	add_name(&sql, column + 1, strlen(column + 1), quote);
	buf_str(&sql, ") FROM ");
	while (p < column) {
		size_t len = strcspn(p, ".");

		if (p > text)
			buf_char(&sql, '.');
		add_name(&sql, p, len, quote);
		p += len + 1;
	}
	return buf_take(&sql);
}

void
restore_ask(const struct restore_subject *s, enum sqldb_dialect dialect, restore_ask_fn *fn,
    void *arg, struct restore_answer *answer)
{
	for (size_t i = 0; s->sql && s->sql[i] && i < RESTORE_DEMANDS_MAX; i++)
		fn(arg, s->sql[i], &answer->sql[i]);
	for (size_t i = 0; i < s->expect_count && i < RESTORE_DEMANDS_MAX; i++)
		fn(arg, s->expects[i].sql, &answer->expects[i]);
	if (s->newest_row) {
		char *sql = newest_query(s->newest_row, dialect);

		fn(arg, sql, &answer->newest_row);
		free(sql);
	}
}
