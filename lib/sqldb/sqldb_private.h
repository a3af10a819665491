/*
 * The state of reading a dump as text.
 */
#ifndef SQLDB_SQLDB_PRIVATE_H
#define SQLDB_SQLDB_PRIVATE_H

#include "sqldb/sqldb.h"

#define SQLDB_WORD_MAX  40
#define SQLDB_HEAD_MAX  400
#define SQLDB_TAG_MAX   64
#define SQLDB_WORDS_MAX 6

enum sqldb_state {
	LEX_NORMAL,
	LEX_DASH,       /* after "-" */
	LEX_DASHES,     /* after "--" where a blank must follow (MySQL) */
	LEX_SLASH,      /* after "/" */
	LEX_LINE,       /* in a comment to the end of the line */
	LEX_BLOCK,      /* in a block comment */
	LEX_BLOCK_STAR, /* after "*" in it */
	LEX_BLOCK_SLASH,
	LEX_BLOCK_OPEN, /* right behind its opening: is it one that MySQL executes? */
	LEX_BLOCK_M,
	LEX_VERSION,      /* the version number in front of such a one */
	LEX_VERSION_STAR, /* after "*" in its statement */
	LEX_QUOTE,        /* inside quotes of dump->quote */
	LEX_ESCAPE,       /* after a backslash in them */
	LEX_DOLLAR_TAG,
	LEX_DOLLAR,
	LEX_META,      /* a backslash command, to the end of the line */
	LEX_DELIMITER, /* the argument of DELIMITER */
	LEX_COPY_WAIT, /* behind "COPY … FROM stdin;", to the end of that line */
	LEX_COPY,      /* data lines */
};

/* Words that matter wherever they stand in a statement. */
enum sqldb_flag {
	WORD_VALUES = 1 << 0,
	WORD_STDIN = 1 << 1,
	WORD_PROGRAM = 1 << 2,
	WORD_FILE = 1 << 3,   /* OUTFILE, DUMPFILE, INFILE */
	WORD_SONAME = 1 << 4, /* SONAME, PLUGIN */
	WORD_SQL_NOTES = 1 << 5,
	WORD_OLD_SQL_NOTES = 1 << 6,
	WORD_LOG_FILE = 1 << 7,          /* variables that make a server write a file */
	WORD_LARGE_OBJECT_FILE = 1 << 8, /* lo_import, lo_export */
	WORD_FROM = 1 << 9,
};

struct sqldb_dump {
	struct sqldb_dump_options options;
	struct sqldb_stats stats;
	enum sqldb_fault fault;

	enum sqldb_state state;
	char quote;
	bool backslash;     /* escapes inside the quotes that are open */
	bool adjacent;      /* quotes were closed by the last byte: more of the same go on */
	unsigned nesting;   /* of block comments */
	bool in_version;    /* inside one that MySQL executes */
	bool strings_plain; /* standard_conforming_strings */
	char tag[SQLDB_TAG_MAX + 2];
	size_t tag_len, tag_match;
	char delimiter[16];
	size_t delimiter_match;

	/* the statement */
	bool content;
	bool space; /* a blank is due in head */
	char head[SQLDB_HEAD_MAX];
	size_t head_len;
	char word[SQLDB_WORD_MAX];
	size_t word_len;
	char words[SQLDB_WORDS_MAX][SQLDB_WORD_MAX];
	size_t word_count;
	char last_word[SQLDB_WORD_MAX];
	bool semicolon_before_word; /* last_word came right behind a ";" */
	bool semicolon_last;
	unsigned flags;
	unsigned parens;
	unsigned begins;  /* BEGIN … END inside a function or trigger */
	struct buf text;  /* with options.statement */
	struct buf rows;  /* with options.rows */
	size_t rows_line; /* where the line being read begins in it */

	/* comments, meta-commands, delimiters, COPY lines: their first bytes */
	char line[160];
	size_t line_len;

	char key[160];  /* of \restrict; "" if none is open */
	bool cluster;   /* pg_dumpall: its own end marker counts */
	bool commented; /* mysqldump with comments: the one in the last of them counts */
};

/* What is kept of a line. */
static inline void
sqldb_line_add(struct sqldb_dump *d, uint8_t c)
{
	if (d->line_len < sizeof(d->line) - 1)
		d->line[d->line_len++] = (char)c;
	d->line[d->line_len] = '\0';
}

static inline void
sqldb_line_clear(struct sqldb_dump *d)
{
	d->line_len = 0;
	d->line[0] = '\0';
}

/* The rows of a COPY block (rows.c): a byte; how many bytes from data on are inside a line, of which
 * only the first are kept; and these for options.rows. -1 with the fault set. */
int sqldb_rows_byte(struct sqldb_dump *d, uint8_t c);
size_t sqldb_rows_skip(struct sqldb_dump *d, const uint8_t *data, size_t len);
int sqldb_rows_take(struct sqldb_dump *d, const char *data, size_t len);

/* The lexer (lexer.c): 0, or -1 with the fault set. */
int sqldb_lex(struct sqldb_dump *d, const uint8_t *data, size_t len);

/* What the lexer found (statement.c); -1 with the fault set. */
void sqldb_word_end(struct sqldb_dump *d);
int sqldb_statement_end(struct sqldb_dump *d);
int sqldb_comment_end(struct sqldb_dump *d);
int sqldb_meta_end(struct sqldb_dump *d);
int sqldb_fail(struct sqldb_dump *d, enum sqldb_fault fault, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

bool sqldb_is_word(const struct sqldb_dump *d, size_t i, const char *word);

#endif
