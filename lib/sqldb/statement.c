// What the words, comments and commands of a dump mean.
#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "sqldb/sqldb_private.h"

int
sqldb_fail(struct sqldb_dump *d, enum sqldb_fault fault, const char *fmt, ...)
{
	char what[128];
	va_list ap;

	if (d->fault != SQLDB_FAULT_NONE)
		return -1;
	d->fault = fault;
	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	(void)snprintf(d->stats.detail, sizeof(d->stats.detail), "line %llu: %s",
	    (unsigned long long)d->stats.line, what);
	return -1;
}

bool
sqldb_is_word(const struct sqldb_dump *d, size_t i, const char *word)
{
	return i < d->word_count && strcmp(d->words[i], word) == 0;
}

/* ---------------------------------------------------------------- words */

static const struct {
	const char *word;
	enum sqldb_flag flag;
} flagged[] = {
    {"VALUES", WORD_VALUES},
    {"STDIN", WORD_STDIN},
    {"FROM", WORD_FROM},
    {"PROGRAM", WORD_PROGRAM},
    {"OUTFILE", WORD_FILE},
    {"DUMPFILE", WORD_FILE},
    {"INFILE", WORD_FILE},
    {"SONAME", WORD_SONAME},
    {"PLUGIN", WORD_SONAME},
    {"SQL_NOTES", WORD_SQL_NOTES},
    {"@OLD_SQL_NOTES", WORD_OLD_SQL_NOTES},
    {"GENERAL_LOG_FILE", WORD_LOG_FILE},
    {"SLOW_QUERY_LOG_FILE", WORD_LOG_FILE},
    {"LOG_ERROR", WORD_LOG_FILE},
    {"LO_IMPORT", WORD_LARGE_OBJECT_FILE},
    {"LO_EXPORT", WORD_LARGE_OBJECT_FILE},
    {"LOAD_FILE", WORD_FILE},
};

/* Statements with a body whose semicolons are not their end. */
static void
track_body(struct sqldb_dump *d, const char *word)
{
	bool create = sqldb_is_word(d, 0, "CREATE");

	if (d->options.dialect == SQLDB_SQLITE) {
		if (create && d->word_count <= 3 && strcmp(word, "TRIGGER") == 0)
			d->begins = 1;
		return;
	}
	if (d->options.dialect != SQLDB_POSTGRES || !create)
		return;
	for (size_t i = 1; i < d->word_count && i < 4; i++) {
		if (strcmp(d->words[i], "FUNCTION") != 0 && strcmp(d->words[i], "PROCEDURE") != 0)
			continue;
		if (strcmp(word, "BEGIN") == 0 || (d->begins && strcmp(word, "CASE") == 0))
			d->begins++;
		else if (d->begins && strcmp(word, "END") == 0)
			d->begins--;
		return;
	}
}

void
sqldb_word_end(struct sqldb_dump *d)
{
	char *word = d->word;

	word[d->word_len] = '\0';
	d->word_len = 0;
	if (d->options.dialect == SQLDB_MYSQL && d->word_count == 0 &&
	    strcmp(word, "DELIMITER") == 0) {
		d->state = LEX_DELIMITER;
		d->content = false;
		d->head_len = 0;
		d->line_len = 0;
		d->line[0] = '\0';
		return;
	}
	if (d->word_count < SQLDB_WORDS_MAX)
		memcpy(d->words[d->word_count++], word, sizeof(d->word));
	track_body(d, word);
	memcpy(d->last_word, word, sizeof(d->word));
	/* Inside a list of values nothing of this can stand but as a column's name. */
	if (d->parens && (d->flags & WORD_VALUES))
		return;
	for (size_t i = 0; i < ARRAY_LEN(flagged); i++) {
		if (strcmp(word, flagged[i].word) == 0)
			d->flags |= (unsigned)flagged[i].flag;
	}
}

/* ---------------------------------------------------------------- names */

/* One identifier at s, without its quotes: how many bytes it took. */
static size_t
take_identifier(const char *s, struct buf *out)
{
	char close = *s == '"' ? '"' : *s == '`' ? '`' : *s == '[' ? ']' : '\0';
	size_t i = close ? 1 : 0;

	while (s[i]) {
		if (close && s[i] == close) {
			if (s[i + 1] != close)
				return i + 1;
			i++;
		} else if (!close && (isspace((uint8_t)s[i]) || strchr("(.;,", s[i]))) {
			break;
		}
		buf_char(out, s[i++]);
	}
	return i;
}

/* The name in "CREATE … TABLE [IF NOT EXISTS] schema.name (". */
static void
report_table(struct sqldb_dump *d)
{
	const char *s;
	struct buf name = BUF_INIT_MAX(SQLDB_HEAD_MAX);

	if (!d->options.table)
		return;
	s = strcasestr(d->head, " table ");
	if (!s)
		return;
	s += strlen(" table ");
	if (strncasecmp(s, "if not exists ", 14) == 0)
		s += 14;
	s += take_identifier(s, &name);
	while (*s == '.') {
		buf_char(&name, '.');
		s += 1 + take_identifier(s + 1, &name);
	}
	d->options.table(d->options.arg, name.data);
	buf_release(&name);
}

static bool
creates_table(const struct sqldb_dump *d)
{
	static const char *const between[] = {
	    "UNLOGGED", "FOREIGN", "VIRTUAL", "GLOBAL", "LOCAL", "OR", "REPLACE"};

	for (size_t i = 1; i < d->word_count; i++) {
		bool passed = false;

		if (sqldb_is_word(d, i, "TABLE"))
			return true;
		for (size_t k = 0; k < ARRAY_LEN(between); k++)
			passed |= sqldb_is_word(d, i, between[k]);
		if (!passed)
			return false;
	}
	return false;
}

/* ---------------------------------------------------------------- statements */

/* Commands of the mysql client that stand where a statement begins. */
static bool
is_client_command(const struct sqldb_dump *d)
{
	static const char *const commands[] = {
	    "SYSTEM", "SOURCE", "TEE", "PAGER", "EDIT", "NOPAGER", "NOTEE", "CONNECT"};

	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (sqldb_is_word(d, 0, commands[i]))
			return true;
	}
	return false;
}

static int
check_postgres(struct sqldb_dump *d)
{
	if (sqldb_is_word(d, 0, "COPY")) {
		if (d->flags & WORD_PROGRAM)
			return sqldb_fail(d, SQLDB_FAULT_UNSAFE, "COPY runs a program");
		if (!(d->flags & WORD_STDIN))
			return sqldb_fail(d, SQLDB_FAULT_UNSAFE, "COPY with a file of the server");
	}
	if (sqldb_is_word(d, 0, "ALTER") && sqldb_is_word(d, 1, "SYSTEM"))
		return sqldb_fail(d, SQLDB_FAULT_UNSAFE, "ALTER SYSTEM");
	if ((sqldb_is_word(d, 0, "SELECT") || sqldb_is_word(d, 0, "DO")) &&
	    (d->flags & WORD_LARGE_OBJECT_FILE))
		return sqldb_fail(d, SQLDB_FAULT_UNSAFE, "a large object from or to a file");
	if (sqldb_is_word(d, 0, "SET") && sqldb_is_word(d, 1, "STANDARD_CONFORMING_STRINGS"))
		d->strings_plain = strcmp(d->last_word, "OFF") != 0;
	return 0;
}

static int
check_mysql(struct sqldb_dump *d)
{
	if (is_client_command(d))
		return sqldb_fail(d, SQLDB_FAULT_UNSAFE, "a command of the mysql client");
	if (sqldb_is_word(d, 0, "LOAD") ||
	    ((d->flags & WORD_FILE) && !sqldb_is_word(d, 0, "CREATE") &&
		!sqldb_is_word(d, 0, "INSERT")))
		return sqldb_fail(d, SQLDB_FAULT_UNSAFE, "reads or writes a file of the server");
	if ((d->flags & WORD_SONAME) &&
	    (sqldb_is_word(d, 0, "INSTALL") || sqldb_is_word(d, 0, "CREATE")))
		return sqldb_fail(d, SQLDB_FAULT_UNSAFE, "loads code into the server");
	if (sqldb_is_word(d, 0, "SET") && (d->flags & WORD_LOG_FILE))
		return sqldb_fail(d, SQLDB_FAULT_UNSAFE, "makes the server write a file");
	if (sqldb_is_word(d, 0, "SHUTDOWN") || sqldb_is_word(d, 0, "RESTART") ||
	    sqldb_is_word(d, 0, "KILL"))
		return sqldb_fail(d, SQLDB_FAULT_UNSAFE, "ends the server or its sessions");
	if (sqldb_is_word(d, 0, "SET") && (d->flags & WORD_OLD_SQL_NOTES)) {
		/* SET @OLD_SQL_NOTES=… at the top, SET SQL_NOTES=@OLD_SQL_NOTES at the end: all that
		 * there is with --skip-comments. */
		if (sqldb_is_word(d, 1, "@OLD_SQL_NOTES"))
			d->stats.has_end = true;
		else if (d->flags & WORD_SQL_NOTES)
			d->stats.ended = !d->commented;
	}
	return 0;
}

static int
check_sqlite(struct sqldb_dump *d)
{
	if (sqldb_is_word(d, 0, "BEGIN"))
		d->stats.has_end = true;
	if (sqldb_is_word(d, 0, "COMMIT") || sqldb_is_word(d, 0, "END"))
		d->stats.ended = true;
	if (sqldb_is_word(d, 0, "ROLLBACK"))
		return sqldb_fail(
		    d, SQLDB_FAULT_DAMAGED, "the dumper met errors and wrote ROLLBACK at the end");
	if (sqldb_is_word(d, 0, "ATTACH") || sqldb_is_word(d, 0, "DETACH"))
		return sqldb_fail(d, SQLDB_FAULT_UNSAFE, "attaches another database");
	return 0;
}

static void
count_statement(struct sqldb_dump *d)
{
	static const char *const making[] = {"CREATE", "INSERT", "REPLACE", "COPY", "UPDATE"};

	d->stats.statements++;
	for (size_t i = 0; i < ARRAY_LEN(making); i++)
		d->stats.objects += sqldb_is_word(d, 0, making[i]);
	if (sqldb_is_word(d, 0, "CREATE") && creates_table(d)) {
		d->stats.tables++;
		report_table(d);
	}
}

static void
statement_clear(struct sqldb_dump *d)
{
	d->content = d->space = d->adjacent = false;
	d->semicolon_before_word = d->semicolon_last = false;
	d->head_len = d->word_len = d->word_count = 0;
	d->flags = d->parens = d->begins = 0;
	d->last_word[0] = '\0';
	buf_clear(&d->text);
}

static int
hand_over(struct sqldb_dump *d)
{
	size_t len = d->text.len;

	if (d->options.dialect == SQLDB_MYSQL)
		len -= strlen(d->delimiter);
	if (d->options.statement(d->options.arg, d->text.data, len) < 0)
		return sqldb_fail(d, SQLDB_FAULT_STOPPED, "stopped");
	return 0;
}

int
sqldb_statement_end(struct sqldb_dump *d)
{
	int r = 0;

	d->head[d->head_len] = '\0';
	if (d->word_count) {
		d->stats.ended = d->stats.ended && sqldb_is_word(d, 0, "PRAGMA");
		count_statement(d);
		switch (d->options.dialect) {
		case SQLDB_POSTGRES:
			r = check_postgres(d);
			break;
		case SQLDB_MYSQL:
			r = check_mysql(d);
			break;
		case SQLDB_SQLITE:
			r = check_sqlite(d);
			break;
		case SQLDB_NONE:
			break;
		}
		if (r == 0 && d->options.statement)
			r = hand_over(d);
	}
	statement_clear(d);
	return r;
}

/* ---------------------------------------------------------------- comments and commands */

static bool
starts(const char *s, const char *prefix)
{
	while (*s == ' ')
		s++;
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* "Server version	10.11.19-MariaDB", "Dumped from database version 15.18". */
static void
note_server(struct sqldb_dump *d, const char *line)
{
	static const char *const marks[] = {"Server version", "Dumped from database version "};

	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		if (!starts(line, marks[i]) || d->stats.server[0])
			continue;
		line = strstr(line, marks[i]) + strlen(marks[i]);
		while (isspace((uint8_t)*line))
			line++;
		(void)snprintf(d->stats.server, sizeof(d->stats.server), "%.40s", line);
		d->stats.server[strcspn(d->stats.server, " \t\r")] = '\0';
	}
}

int
sqldb_comment_end(struct sqldb_dump *d)
{
	const char *line = d->line;

	note_server(d, line);

	switch (d->options.dialect) {
	case SQLDB_POSTGRES:
		if (starts(line, "PostgreSQL database cluster dump complete")) {
			d->stats.ended = true;
		} else if (starts(line, "PostgreSQL database cluster dump")) {
			d->cluster = d->stats.has_end = true;
		} else if (starts(line, "PostgreSQL database dump complete")) {
			d->stats.ended = !d->cluster;
		} else if (starts(line, "PostgreSQL database dump")) {
			d->stats.has_end = true;
			d->stats.ended = false;
		}
		break;
	case SQLDB_MYSQL:
		if (starts(line, "MySQL dump") || starts(line, "MariaDB dump")) {
			d->stats.has_end = d->commented = true;
			d->stats.ended = false;
		} else if (starts(line, "Dump completed")) {
			d->stats.ended = true;
		}
		break;
	case SQLDB_SQLITE:
		if (starts(line, "*** ERROR:") || starts(line, "**** ERROR:"))
			return sqldb_fail(
			    d, SQLDB_FAULT_DAMAGED, "the dumper noted an error: %.60s", line);
		break;
	case SQLDB_NONE:
		break;
	}
	return 0;
}

static int
pass_command(struct sqldb_dump *d)
{
	if (d->options.command && d->options.command(d->options.arg, d->line) < 0)
		return sqldb_fail(d, SQLDB_FAULT_STOPPED, "stopped");
	return 0;
}

/* A psql command. Those that pg_dump itself writes are harmless as it writes them. */
int
sqldb_meta_end(struct sqldb_dump *d)
{
	char *line = d->line, *arg = line;
	size_t len;

	while (d->line_len && isspace((uint8_t)line[d->line_len - 1]))
		line[--d->line_len] = '\0';
	while (*arg && !isspace((uint8_t)*arg))
		arg++;
	len = (size_t)(arg - line);
	while (isspace((uint8_t)*arg))
		arg++;
	if (strchr(line, '`') || strchr(line, '|') || d->content)
		return sqldb_fail(d, SQLDB_FAULT_UNSAFE, "a command of psql: \\%.40s", line);
	if (len == 8 && strncmp(line, "restrict", len) == 0 && *arg) {
		(void)snprintf(d->key, sizeof(d->key), "%s", arg);
		return pass_command(d);
	}
	if (len == 10 && strncmp(line, "unrestrict", len) == 0 && *arg) {
		if (strncmp(d->key, arg, sizeof(d->key) - 1) != 0)
			return sqldb_fail(
			    d, SQLDB_FAULT_UNSAFE, "\\unrestrict with another key than \\restrict");
		d->key[0] = '\0';
		return pass_command(d);
	}
	if ((len == 7 && strncmp(line, "connect", len) == 0) || (len == 1 && *line == 'c') ||
	    (len == 8 && strncmp(line, "encoding", len) == 0))
		return pass_command(d);
	return sqldb_fail(d, SQLDB_FAULT_UNSAFE, "a command of psql: \\%.40s", line);
}
