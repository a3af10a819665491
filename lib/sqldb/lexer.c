// Read the text of a dump byte by byte: quotes, comments, commands, statements.
#include <ctype.h>
#include <string.h>

#include "sqldb/sqldb_private.h"

static bool
is_word_char(uint8_t c)
{
	return isalnum(c) || c == '_' || c == '$' || c == '@' || c >= 0x80;
}

/* What stood in front of a statement is no part of it. */
static void
text_skip(struct sqldb_dump *d)
{
	if (!d->content)
		buf_clear(&d->text);
}

/* A byte of the statement itself, outside comments. */
static void
content(struct sqldb_dump *d, uint8_t c)
{
	if (d->head_len + 2 >= sizeof(d->head)) {
		d->content = true;
		return;
	}
	if (d->space && d->head_len)
		d->head[d->head_len++] = ' ';
	d->space = false;
	d->content = true;
	d->head[d->head_len++] = (char)c;
}

static void
end_word(struct sqldb_dump *d)
{
	if (d->word_len)
		sqldb_word_end(d);
}

static void
open_quote(struct sqldb_dump *d, uint8_t c)
{
	const enum sqldb_dialect dialect = d->options.dialect;
	bool again = d->adjacent && (char)c == d->quote;

	/* 'it''s' is two strings side by side, of one kind. */
	if (!again) {
		bool estring = d->word_len == 1 && (d->word[0] == 'E' || d->word[0] == 'e');

		d->backslash = (dialect == SQLDB_MYSQL && c != '`') ||
		    (dialect == SQLDB_POSTGRES && c == '\'' && (estring || !d->strings_plain));
	}
	end_word(d);
	content(d, c);
	d->quote = c == '[' ? ']' : (char)c;
	d->state = LEX_QUOTE;
}

/* In a function or trigger body a semicolon ends nothing. */
static bool
semicolon_ends(const struct sqldb_dump *d)
{
	switch (d->options.dialect) {
	case SQLDB_POSTGRES:
		return d->parens == 0 && d->begins == 0;
	case SQLDB_SQLITE:
		return !(
		    d->begins && !(d->semicolon_before_word && strcmp(d->last_word, "END") == 0));
	case SQLDB_MYSQL: /* its delimiter may be another, see delimiter_step() */
		return false;
	case SQLDB_NONE:
		break;
	}
	return true;
}

static int
end_statement(struct sqldb_dump *d)
{
	bool copy = d->options.dialect == SQLDB_POSTGRES && sqldb_is_word(d, 0, "COPY") &&
	    (d->flags & WORD_STDIN) && (d->flags & WORD_FROM);

	end_word(d);
	if (sqldb_statement_end(d) < 0)
		return -1;
	d->state = copy ? LEX_COPY_WAIT : LEX_NORMAL;
	sqldb_line_clear(d);
	return 0;
}

/* 1: that byte belonged to the delimiter. */
static int
delimiter_step(struct sqldb_dump *d, uint8_t c)
{
	if ((char)c != d->delimiter[d->delimiter_match]) {
		d->delimiter_match = 0;
		if ((char)c != d->delimiter[0])
			return 0;
	}
	d->delimiter_match++;
	if (d->delimiter[d->delimiter_match]) {
		end_word(d);
		return 1;
	}
	d->delimiter_match = 0;
	return end_statement(d) < 0 ? -1 : 1;
}

static int
normal_punctuation(struct sqldb_dump *d, uint8_t c)
{
	const enum sqldb_dialect dialect = d->options.dialect;

	switch (c) {
	case '-':
		d->state = LEX_DASH;
		return 0;
	case '/':
		d->state = LEX_SLASH;
		return 0;
	case '*':
		content(d, c);
		if (d->in_version)
			d->state = LEX_VERSION_STAR;
		return 0;
	case '#':
		if (dialect == SQLDB_MYSQL) {
			sqldb_line_clear(d);
			d->state = LEX_LINE;
			return 0;
		}
		break;
	case '\\':
		sqldb_line_clear(d);
		if (dialect == SQLDB_SQLITE)
			break;
		d->state = LEX_META;
		return 0;
	case '.':
		if (dialect == SQLDB_SQLITE && !d->content)
			return sqldb_fail(d, SQLDB_FAULT_UNSAFE, "a command of the sqlite3 shell");
		break;
	case '(':
		d->parens++;
		if (d->parens == 1 && (d->flags & WORD_VALUES) &&
		    (sqldb_is_word(d, 0, "INSERT") || sqldb_is_word(d, 0, "REPLACE")))
			d->stats.rows++;
		break;
	case ')':
		d->parens -= d->parens > 0;
		break;
	case ';':
		d->semicolon_last = true;
		if (semicolon_ends(d)) {
			content(d, c);
			return end_statement(d);
		}
		break;
	default:
		break;
	}
	content(d, c);
	return 0;
}

static int
normal(struct sqldb_dump *d, uint8_t c)
{
	const enum sqldb_dialect dialect = d->options.dialect;

	if (dialect == SQLDB_MYSQL) {
		int r = delimiter_step(d, c);

		if (r)
			return r < 0 ? -1 : 0;
	}
	if (c == '\'' || c == '"' || (c == '`' && dialect != SQLDB_POSTGRES) ||
	    (c == '[' && dialect == SQLDB_SQLITE)) {
		open_quote(d, c);
		return 0;
	}
	d->adjacent = false;
	if (c == '$' && dialect == SQLDB_POSTGRES && d->word_len == 0) {
		content(d, c);
		d->tag[0] = '$';
		d->tag_len = 1;
		d->state = LEX_DOLLAR_TAG;
		return 0;
	}
	if (is_word_char(c)) {
		if (d->word_len == 0) {
			d->semicolon_before_word = d->semicolon_last;
			d->semicolon_last = false;
		}
		content(d, c);
		if (d->word_len < sizeof(d->word) - 1)
			d->word[d->word_len] = (char)toupper(c);
		d->word_len += d->word_len < sizeof(d->word) - 1;
		return 0;
	}
	end_word(d);
	if (d->state == LEX_DELIMITER)
		return 0;
	if (isspace(c)) {
		d->space = true;
		return 0;
	}
	if (c != ';')
		d->semicolon_last = false;
	return normal_punctuation(d, c);
}

static int
comment_step(struct sqldb_dump *d, uint8_t c)
{
	bool nests = d->options.dialect == SQLDB_POSTGRES;

	sqldb_line_add(d, c);
	if (d->state == LEX_BLOCK_STAR && c == '/') {
		d->state = LEX_BLOCK;
		if (--d->nesting)
			return 0;
		d->state = LEX_NORMAL;
		d->space = true;
		text_skip(d);
		return sqldb_comment_end(d);
	}
	if (d->state == LEX_BLOCK_SLASH && c == '*') {
		d->nesting++;
		d->state = LEX_BLOCK;
		return 0;
	}
	d->state = c == '*' ? LEX_BLOCK_STAR : c == '/' && nests ? LEX_BLOCK_SLASH : LEX_BLOCK;
	return 0;
}

/* Behind the opening of a block comment: MySQL executes what is in those with "!" or "M!". */
static int
comment_open(struct sqldb_dump *d, uint8_t c)
{
	if (d->options.dialect == SQLDB_MYSQL && !d->in_version) {
		if (c == 'M' && d->state == LEX_BLOCK_OPEN) {
			d->state = LEX_BLOCK_M;
			return 0;
		}
		if (c == '!') {
			d->state = LEX_VERSION;
			d->in_version = true;
			return 0;
		}
	}
	d->state = LEX_BLOCK;
	return comment_step(d, c);
}

static int
dollar_tag(struct sqldb_dump *d, uint8_t c)
{
	bool valid = isalnum(c) || c == '_' || c >= 0x80;

	if (c == '$') {
		content(d, c);
		d->tag[d->tag_len++] = '$';
		d->tag_match = 0;
		d->state = LEX_DOLLAR;
		return 0;
	}
	/* $1 is a parameter; a tag that is too long is none that a dump has. */
	if (!valid || (d->tag_len == 1 && isdigit(c)) || d->tag_len >= SQLDB_TAG_MAX) {
		d->state = LEX_NORMAL;
		return normal(d, c);
	}
	content(d, c);
	d->tag[d->tag_len++] = (char)c;
	return 0;
}

static void
dollar_body(struct sqldb_dump *d, uint8_t c)
{
	if ((char)c == d->tag[d->tag_match])
		d->tag_match++;
	else
		d->tag_match = c == '$';
	if (d->tag_match == d->tag_len)
		d->state = LEX_NORMAL;
}

static int
delimiter_arg(struct sqldb_dump *d, uint8_t c)
{
	size_t i = 0;

	if (c != '\n') {
		if (!isspace(c) || d->line_len)
			sqldb_line_add(d, c);
		return 0;
	}
	while (d->line[i] && !isspace((uint8_t)d->line[i]))
		i++;
	if (i == 0 || i >= sizeof(d->delimiter))
		return sqldb_fail(d, SQLDB_FAULT_DAMAGED, "DELIMITER without a usable delimiter");
	memcpy(d->delimiter, d->line, i);
	d->delimiter[i] = '\0';
	d->delimiter_match = 0;
	d->state = LEX_NORMAL;
	sqldb_line_clear(d);
	buf_clear(&d->text);
	return 0;
}

static int
quoted(struct sqldb_dump *d, uint8_t c)
{
	if (d->head_len + 2 < sizeof(d->head) && !d->space)
		d->head[d->head_len++] = (char)c;
	if (d->state == LEX_ESCAPE) {
		d->state = LEX_QUOTE;
	} else if (c == '\\' && d->backslash) {
		d->state = LEX_ESCAPE;
	} else if ((char)c == d->quote) {
		d->state = LEX_NORMAL;
		d->adjacent = true;
	}
	return 0;
}

static int
step(struct sqldb_dump *d, uint8_t c)
{
	switch (d->state) {
	case LEX_NORMAL:
		return normal(d, c);
	case LEX_DASH:
		d->state = LEX_NORMAL;
		if (c != '-') {
			content(d, '-');
			return normal(d, c);
		}
		sqldb_line_clear(d);
		d->state = d->options.dialect == SQLDB_MYSQL ? LEX_DASHES : LEX_LINE;
		return 0;
	case LEX_DASHES:
		d->state = LEX_LINE;
		if (isspace(c))
			return step(d, c);
		content(d, '-');
		content(d, '-');
		d->state = LEX_NORMAL;
		return normal(d, c);
	case LEX_SLASH:
		d->state = LEX_NORMAL;
		if (c != '*') {
			content(d, '/');
			return normal(d, c);
		}
		sqldb_line_clear(d);
		d->nesting = 1;
		d->state = LEX_BLOCK_OPEN;
		return 0;
	case LEX_LINE:
		if (c != '\n') {
			sqldb_line_add(d, c);
			return 0;
		}
		d->state = LEX_NORMAL;
		d->space = true;
		text_skip(d);
		return sqldb_comment_end(d);
	case LEX_BLOCK:
	case LEX_BLOCK_STAR:
	case LEX_BLOCK_SLASH:
		return comment_step(d, c);
	case LEX_BLOCK_OPEN:
	case LEX_BLOCK_M:
		return comment_open(d, c);
	case LEX_VERSION:
		if (isdigit(c))
			return 0;
		d->state = LEX_NORMAL;
		return normal(d, c);
	case LEX_VERSION_STAR:
		d->state = LEX_NORMAL;
		if (c != '/')
			return normal(d, c);
		d->head_len -= d->head_len > 0;
		end_word(d);
		d->in_version = false;
		d->space = true;
		return 0;
	case LEX_QUOTE:
	case LEX_ESCAPE:
		return quoted(d, c);
	case LEX_DOLLAR_TAG:
		return dollar_tag(d, c);
	case LEX_DOLLAR:
		dollar_body(d, c);
		return 0;
	case LEX_META:
		/* MySQL's are one letter; the sandbox line of MariaDB has one in a comment. */
		if (d->options.dialect == SQLDB_MYSQL) {
			d->state = LEX_NORMAL;
			if (d->in_version && c == '-')
				return 0;
			return sqldb_fail(d, SQLDB_FAULT_UNSAFE, "a command of the mysql client");
		}
		if (c != '\n') {
			sqldb_line_add(d, c);
			return 0;
		}
		d->state = LEX_NORMAL;
		text_skip(d);
		return sqldb_meta_end(d);
	case LEX_DELIMITER:
		return delimiter_arg(d, c);
	case LEX_COPY_WAIT:
	case LEX_COPY:
		return sqldb_rows_byte(d, c);
	}
	return 0;
}

/* How many bytes from data on change nothing but the text: the inside of strings and rows. */
static size_t
skip_plain(struct sqldb_dump *d, const uint8_t *data, size_t len)
{
	size_t n;

	if (d->state == LEX_COPY)
		return sqldb_rows_skip(d, data, len);
	if (d->state != LEX_QUOTE || d->head_len + 2 < sizeof(d->head))
		return 0;
	for (n = 0; n < len; n++) {
		if ((char)data[n] == d->quote || (data[n] == '\\' && d->backslash))
			break;
	}
	return n;
}

static int
take_plain(struct sqldb_dump *d, const char *data, size_t len)
{
	if (d->state == LEX_COPY)
		return sqldb_rows_take(d, data, len);
	if (d->options.statement)
		buf_add(&d->text, data, len);
	return 0;
}

int
sqldb_lex(struct sqldb_dump *d, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		size_t n = skip_plain(d, data + i, len - i);

		for (size_t k = i; n && k < i + n; k++)
			d->stats.line += data[k] == '\n';
		if (n && take_plain(d, (const char *)data + i, n) < 0)
			return -1;
		i += n;
		if (i == len)
			break;
		if (d->options.statement && d->state != LEX_COPY && d->state != LEX_COPY_WAIT &&
		    (d->content || !isspace(data[i])))
			buf_char(&d->text, (char)data[i]);
		if (step(d, data[i]) < 0)
			return -1;
		d->stats.line += data[i] == '\n';
		if (d->text.failed)
			return sqldb_fail(d, SQLDB_FAULT_LIMIT,
			    "a statement is longer than %zu bytes", d->text.max);
	}
	return 0;
}
