// SQL of any other writer: nothing says where it ends, so it is never whole; a cut may show.
#include <string.h>
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
is_sql(const struct verify_stream *s)
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

/* The last one to be asked: what is called .sql had better be SQL. UTF-16 is nobody's here. */
static bool
bid(const struct verify_stream *s)
{
	struct archive_promise p;
	archive_promise_of(s->name, &p);
	if (s->head_len >= 2 &&
	    (!memcmp(s->head, "\xff\xfe", 2) || !memcmp(s->head, "\xfe\xff", 2)))
		return false;
	bool zeros = s->head_len && !s->head[0] && !memcmp(s->head, s->head + 1, s->head_len - 1);
	return is_sql(s) ||
	    (p.format && !strcmp(p.format, "sql") && !zeros &&
		!verify_begins_like(s->head, s->head_len) &&
		p.codec == codec_status(s->codec)->type);
}

/* Of any writer: a semicolon at the end, or a word that statements begin with. */
static void
take_line(struct verify_dump *d)
{
	static const char *const words[] = {"ALTER ", "BEGIN", "COPY ", "CREATE ", "DECLARE ",
	    "DELETE ", "DROP ", "EXEC ", "GO", "GRANT ", "INSERT ", "SELECT ", "SET ", "UPDATE ",
	    "USE "};
	const char *p = d->l.line + strspn(d->l.line, " \t");
	if (!strncmp(p, "--", 2))
		return;
	bool word = false;
	for (size_t i = 0; i < ARRAY_LEN(words) && !word; i++)
		word = starts(p, strlen(p), words[i]);
	d->statements += d->statement || word;
}

/* What a failed dump leaves in its place is often the error message of the program. */
static int
no_statement(struct verify_stream *s, const char *first)
{
	static const char *const programs[] = {
	    "pg_dump", "pg_dumpall", "mysqldump", "mariadb-dump", "sqlite3", "Error", "sh", "bash"};
	size_t len = strcspn(first, ":");
	*s->out->format = '\0';
	for (size_t i = 0; i < ARRAY_LEN(programs); i++)
		if (first[len] && len == strlen(programs[i]) && !strncmp(first, programs[i], len))
			return verify_content_set(s->out, RECORD_VERDICT_FAIL,
			    VERIFY_REASON_NO_STATEMENT, "no SQL, but a message: %s", first);
	return verify_content_set(s->out, RECORD_VERDICT_FAIL, VERIFY_REASON_NO_STATEMENT,
	    "its name promises SQL, and there is no statement in it");
}

static int
check(struct verify_stream *s, struct err *err)
{
	struct verify_dump d = {0};
	char first[120];
	size_t len = s->head_len < sizeof(first) ? s->head_len : sizeof(first) - 1;
	bool sql = is_sql(s);
	(void)err;
	memcpy(first, s->head, len);
	first[len] = '\0';
	first[strcspn(first, "\r\n")] = '\0';
	if (memchr(s->head, '\0', s->head_len) || *first == '<') {
		*s->out->format = '\0';
		return verify_content_set(s->out, RECORD_VERDICT_FAIL, VERIFY_REASON_FOREIGN,
		    "its name promises SQL, its content is something else");
	}
	if (verify_dump_read(&d, s, false, take_line) < 0)
		return 0;
	if (sql && d.unfinished && !d.statement)
		return verify_dump_cut(&d, "ends inside a statement");
	if (!d.statements)
		return no_statement(s, first);
	return verify_content_set(s->out, RECORD_VERDICT_SKIP, VERIFY_REASON_UNVERIFIABLE,
	    "SQL of a writer that puts no end marker");
}

const struct verify_format verify_format_sql = {"sql", .bid = bid, .check = check};
