// A text dump from its first to its last byte: recognised, read, and judged at the end.
#include <ctype.h>
#include <string.h>

#include "sqldb/sqldb_private.h"

#define STATEMENT_MAX ((size_t)256 << 20)
#define SNIFF_MAX     4096

static bool
has(const char *text, const char *needle)
{
	return strstr(text, needle) != NULL;
}

/* Only what a dumper writes: any other text is left to those who know it. */
enum sqldb_dialect
sqldb_dump_sniff(const void *data, size_t len)
{
	char text[SNIFF_MAX + 1];
	const char *s = text;

	if (len > SNIFF_MAX)
		len = SNIFF_MAX;
	memcpy(text, data, len);
	text[len] = '\0';
	if (strncmp(s, "\xef\xbb\xbf", 3) == 0)
		s += 3;
	while (isspace((uint8_t)*s))
		s++;
	if (strncmp(s, "PRAGMA foreign_keys", 19) == 0 || strncmp(s, "BEGIN TRANSACTION;", 18) == 0)
		return SQLDB_SQLITE;
	if (*s != '-' && *s != '/' && *s != '\\' && !isalpha((uint8_t)*s))
		return SQLDB_NONE;
	if (has(s, "-- PostgreSQL database dump") ||
	    has(s, "-- PostgreSQL database cluster dump") ||
	    has(s, "SELECT pg_catalog.set_config(") || strncmp(s, "\\restrict ", 10) == 0)
		return SQLDB_POSTGRES;
	if (has(s, "-- MySQL dump") || has(s, "-- MariaDB dump") || strncmp(s, "/*M!", 4) == 0 ||
	    strncmp(s, "/*!", 3) == 0 || strncmp(s, "CREATE TABLE `", 14) == 0 ||
	    strncmp(s, "INSERT INTO `", 13) == 0 || strncmp(s, "DROP TABLE IF EXISTS `", 22) == 0)
		return SQLDB_MYSQL;
	return SQLDB_NONE;
}

struct sqldb_dump *
sqldb_dump_new(const struct sqldb_dump_options *options)
{
	struct sqldb_dump *d = mem_alloc(sizeof(*d));

	d->options = *options;
	d->stats.line = 1;
	d->strings_plain = true;
	d->delimiter[0] = ';';
	d->rows = BUF_INIT;
	d->text = BUF_INIT_MAX(options->max_statement ? options->max_statement : STATEMENT_MAX);
	return d;
}

void
sqldb_dump_free(struct sqldb_dump *d)
{
	if (!d)
		return;
	buf_release(&d->text);
	buf_release(&d->rows);
	free(d);
}

int
sqldb_dump_feed(struct sqldb_dump *d, const void *data, size_t len)
{
	if (d->fault != SQLDB_FAULT_NONE)
		return -1;
	/* Dumpers escape a NUL; a file system that lost its writes leaves many. */
	if (memchr(data, '\0', len))
		return sqldb_fail(d, SQLDB_FAULT_DAMAGED, "NUL bytes at or behind this line");
	return sqldb_lex(d, data, len);
}

const struct sqldb_stats *
sqldb_dump_stats(const struct sqldb_dump *d)
{
	return &d->stats;
}

static const char *
unfinished(const struct sqldb_dump *d)
{
	switch (d->state) {
	case LEX_QUOTE:
	case LEX_ESCAPE:
	case LEX_DOLLAR:
	case LEX_DOLLAR_TAG:
		return "ends inside a string";
	case LEX_BLOCK:
	case LEX_BLOCK_STAR:
	case LEX_BLOCK_SLASH:
	case LEX_BLOCK_OPEN:
	case LEX_BLOCK_M:
	case LEX_VERSION:
	case LEX_VERSION_STAR:
		return "ends inside a comment";
	case LEX_COPY:
	case LEX_COPY_WAIT:
		return "ends inside the rows of a COPY";
	case LEX_NORMAL:
	case LEX_DASH:
	case LEX_DASHES:
	case LEX_SLASH:
	case LEX_LINE:
	case LEX_META:
	case LEX_DELIMITER:
		break;
	}
	if (d->in_version)
		return "ends inside a comment";
	if (d->content)
		return "ends inside a statement";
	if (d->key[0])
		return "\\restrict without its \\unrestrict";
	return d->stats.has_end && !d->stats.ended ? "without its end marker" : NULL;
}

enum sqldb_fault
sqldb_dump_finish(struct sqldb_dump *d)
{
	const char *what;

	/* The last line may lack its newline. */
	if (d->fault == SQLDB_FAULT_NONE && d->state == LEX_LINE && sqldb_comment_end(d) == 0)
		d->state = LEX_NORMAL;
	if (d->fault == SQLDB_FAULT_NONE && d->state == LEX_META &&
	    d->options.dialect == SQLDB_POSTGRES && sqldb_meta_end(d) == 0)
		d->state = LEX_NORMAL;
	if (d->fault != SQLDB_FAULT_NONE)
		return d->fault;
	if (d->state == LEX_NORMAL && d->word_len)
		sqldb_word_end(d);
	what = unfinished(d);
	if (what)
		(void)sqldb_fail(d, SQLDB_FAULT_TRUNCATED, "%s", what);
	else if (d->stats.objects == 0)
		(void)sqldb_fail(d, SQLDB_FAULT_EMPTY, "nothing is created or filled");
	return d->fault;
}
