// SQL of any other writer: nothing says where it ends, so it is never whole; a cut may show.
#include <strings.h>

#include "verify/verify_private.h"

static bool
starts(const char *line, size_t len, const char *word)
{
	size_t n = strlen(word);
	return len >= n && !strncasecmp(line, word, n);
}

static bool
is_statement(const char *p, size_t len)
{
	static const char *const words[] = {"CREATE TABLE ", "CREATE DATABASE ", "DROP TABLE ",
	    "INSERT INTO ", "SET NAMES ", "SET SQL_MODE", "/*!40101 SET ", "/*!40000 ",
	    "BEGIN TRANSACTION;", "START TRANSACTION;", "LOCK TABLES "};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (starts(p, len, words[i]))
			return true;
	return false;
}

/* The first line that is neither empty nor a comment begins a statement. */
static bool
bid(const struct verify_stream *s)
{
	const char *p = (const char *)s->head, *end = p + s->head_len;
	if (memchr(p, '\0', s->head_len))
		return false;
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((nl ? nl : end) - p);
		if (len && !starts(p, len, "--") && !starts(p, len, "\r"))
			return is_statement(p, len);
		p += len + 1;
	}
	return false;
}

static void
take_line(struct verify_dump *d)
{
	d->statements += d->statement;
}

static int
check(struct verify_stream *s, struct err *err)
{
	struct verify_dump d = {0};
	(void)err;
	if (verify_dump_read(&d, s, false, take_line) < 0)
		return 0;
	if (d.unfinished && !d.statement)
		return verify_dump_cut(&d, "ends inside a statement");
	return verify_content_set(s->out, RECORD_VERDICT_SKIP, VERIFY_REASON_UNVERIFIABLE,
	    "SQL of a writer that puts no end marker");
}

const struct verify_format verify_format_sql = {"sql", .bid = bid, .check = check};
