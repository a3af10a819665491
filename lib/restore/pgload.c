// A script of pg_dump, pg_dumpall or pg_restore into a throw-away server, statement by statement.
#include <ctype.h>
#include <string.h>

#include "restore/pg_private.h"

#define MENDS_MAX 8

static int run(struct restore_pg_load *load, const char *sql, size_t len);

static int
fail(struct restore_pg_load *load, enum record_verdict verdict, const char *reason,
    const char *what, const char *subject)
{
	struct buf text = BUF_INIT;

	str_add_visible(&text, subject, strnlen(subject, 100));
	restore_say(load->child->answer, verdict, reason, "%s%s", what, text.data);
	buf_release(&text);
	load->failed = true;
	return -1;
}

/* ---------------------------------------------------------------- words of a statement */

static const char *
skip_blank(const char *s)
{
	while (isspace((uint8_t)*s))
		s++;
	return s;
}

/* Past `words` (in capitals, one blank between them) at s, or NULL. */
static const char *
past(const char *s, const char *words)
{
	s = skip_blank(s);
	for (; *words; words++) {
		if (*words == ' ') {
			if (!isspace((uint8_t)*s))
				return NULL;
			s = skip_blank(s);
		} else if (toupper((uint8_t)*s++) != *words) {
			return NULL;
		}
	}
	return isalnum((uint8_t)*s) || *s == '_' ? NULL : skip_blank(s);
}

/* The identifier at s, without quotes, in lower case if it had none. */
static void
take_name(const char *s, char *ret, size_t size)
{
	bool quoted = *s == '"';
	size_t n = 0;

	for (s += quoted; *s && n + 1 < size; s++) {
		if (quoted && *s == '"') {
			if (s[1] != '"')
				break;
			s++;
		} else if (!quoted && !(isalnum((uint8_t)*s) || *s == '_' || *s == '$' || *s < 0)) {
			break;
		}
		ret[n++] = quoted ? *s : (char)tolower((uint8_t)*s);
	}
	ret[n] = '\0';
}

/* ---------------------------------------------------------------- what is mended */

/* What a scratch server does not have and a dump rightly expects: text between a pair of quotes behind
 * prefix, in what the server said. */
static bool
missing(const char *message, const char *prefix, char *ret, size_t size)
{
	static const char end[] = "\" does not exist";
	const char *s = strstr(message, prefix), *e = s ? strstr(s, end) : NULL;
	int n;

	if (!s || !e)
		return false;
	s += strlen(prefix);
	n = e > s ? (int)(e - s) : 0;
	(void)snprintf(ret, size, "%.*s", n, s);
	return n > 0 && (size_t)n < size;
}

static int
run_text(struct restore_pg_load *load, struct buf *sql)
{
	int r = run(load, sql->data, sql->len);

	buf_release(sql);
	return r;
}

static int
create_role(struct restore_pg_load *load, const char *name)
{
	struct buf sql = BUF_INIT;

	buf_str(&sql, "CREATE ROLE ");
	restore_pg_name(&sql, name);
	return run_text(load, &sql);
}

/* Wherever it was: here it is a directory of the data directory. */
static int
create_tablespace(struct restore_pg_load *load, const char *name)
{
	static const char allow[] = "SET allow_in_place_tablespaces = on";
	struct buf sql = BUF_INIT;

	if (run(load, allow, sizeof(allow) - 1) < 0)
		return -1;
	buf_str(&sql, "CREATE TABLESPACE ");
	restore_pg_name(&sql, name);
	buf_str(&sql, " LOCATION ''");
	return run_text(load, &sql);
}

/* A database whose locale this host does not have: text sorts otherwise, all else is the same. */
static int
create_database(struct restore_pg_load *load, const char *sql)
{
	const char *encoding = strcasestr(sql, "ENCODING = '");
	struct buf text = BUF_INIT;
	char name[64];

	take_name(past(sql, "CREATE DATABASE"), name, sizeof(name));
	buf_str(&text, "CREATE DATABASE ");
	restore_pg_name(&text, name);
	buf_str(&text, " TEMPLATE template0 LOCALE 'C' ENCODING '");
	encoding = encoding ? encoding + strlen("ENCODING = '") : "UTF8";
	for (; isalnum((uint8_t)*encoding) || *encoding == '_' || *encoding == '-'; encoding++)
		buf_char(&text, *encoding);
	buf_char(&text, '\'');
	return run_text(load, &text);
}

static int
without_grantor(struct restore_pg_load *load, const char *sql)
{
	const char *by = strcasestr(sql, " GRANTED BY ");
	struct buf text = BUF_INIT;

	buf_add(&text, sql, (size_t)(by - sql));
	return run_text(load, &text);
}

static bool
is_undefined(const char *state)
{
	static const char *const states[] = {
	    "42P01", "42704", "42883", "42703", "3F000", "3D000", "42P02"};

	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		if (strcmp(state, states[i]) == 0)
			return true;
	}
	return false;
}

/* Errors that psql would show too, and that mean nothing in an empty place. */
static bool
is_harmless(const struct restore_pg_load *load, const char *sql)
{
	const struct restore_pg_error *e = &load->pg.error;

	/* --clean: what is to be dropped first is not there. */
	if (is_undefined(e->state))
		return past(sql, "DROP") || past(sql, "SELECT PG_CATALOG.LO_UNLINK") ||
		    (past(sql, "ALTER") && strcasestr(sql, " DROP ")) ||
		    /* a setting that this version does not know */
		    (past(sql, "SET") &&
			strstr(e->message, "unrecognized configuration parameter"));
	/* What every new server has. */
	if (strcmp(e->state, "42P06") == 0)
		return past(sql, "CREATE SCHEMA PUBLIC") != NULL;
	if (strcmp(e->state, "42P04") == 0)
		return past(sql, "CREATE DATABASE POSTGRES") ||
		    past(sql, "CREATE DATABASE TEMPLATE1");
	if (strcmp(e->state, "42710") == 0)
		return past(sql, "CREATE ROLE") || past(sql, "CREATE USER") ||
		    past(sql, "CREATE TABLESPACE") || past(sql, "CREATE EXTENSION PLPGSQL") ||
		    strcasestr(sql, "LANGUAGE plpgsql;");
	if (strcmp(e->state, "2BP01") == 0 || strcmp(e->state, "55006") == 0)
		return past(sql, "DROP DATABASE POSTGRES") || past(sql, "DROP DATABASE TEMPLATE1");
	return false;
}

enum mend { MEND_NO, MEND_AGAIN, MEND_DONE };

/* The server refused sql: can that be made good here? */
static enum mend
mend(struct restore_pg_load *load, const char *sql)
{
	const struct restore_pg_error e = load->pg.error;
	char name[64];

	if (load->pg.transaction == 'E')
		return MEND_NO;
	if (is_harmless(load, sql))
		return MEND_DONE;
	if (missing(e.message, "role \"", name, sizeof(name)))
		return create_role(load, name) < 0 ? MEND_NO : MEND_AGAIN;
	if (missing(e.message, "tablespace \"", name, sizeof(name)) ||
	    missing(e.detail, "Tablespace \"", name, sizeof(name)))
		return create_tablespace(load, name) < 0 ? MEND_NO : MEND_AGAIN;
	if (past(sql, "CREATE DATABASE") && strcasestr(e.message, "locale"))
		return create_database(load, sql) < 0 ? MEND_NO : MEND_DONE;
	if (past(sql, "GRANT") && strcasestr(sql, " GRANTED BY ") && strcmp(e.state, "42501") == 0)
		return without_grantor(load, sql) < 0 ? MEND_NO : MEND_DONE;
	return MEND_NO;
}

static int
run(struct restore_pg_load *load, const char *sql, size_t len)
{
	for (int i = 0; i < MENDS_MAX; i++) {
		switch (restore_pg_query(&load->pg, sql, len, NULL, NULL)) {
		case RESTORE_PG_DONE:
			return 0;
		case RESTORE_PG_ROWS:
			load->in_rows = true;
			return 0;
		case RESTORE_PG_TROUBLE:
			load->failed = true;
			return -1;
		case RESTORE_PG_REFUSED:
			break;
		}
		switch (mend(load, sql)) {
		case MEND_NO:
			i = MENDS_MAX;
			break;
		case MEND_AGAIN:
			break;
		case MEND_DONE:
			return 0;
		}
	}
	if (!load->failed)
		restore_pg_judge(load, sql);
	load->failed = true;
	return -1;
}

/* ---------------------------------------------------------------- connections */

static int
reconnect(struct restore_pg_load *load, const char *database)
{
	switch (restore_pg_connect(&load->pg, database)) {
	case RESTORE_PG_DONE:
		free(load->database);
		load->database = mem_strdup(database);
		return 0;
	case RESTORE_PG_REFUSED:
		restore_pg_judge(load, NULL);
		break;
	case RESTORE_PG_ROWS:
	case RESTORE_PG_TROUBLE:
		break;
	}
	load->failed = true;
	return -1;
}

/* What is inside a pair of quotes at s, undone: doubled quotes, and backslashes if they escape. The
 * rest behind it, or NULL. */
static const char *
unquote(const char *s, char quote, bool escapes, char *ret, size_t size)
{
	size_t n = 0;

	if (*s++ != quote)
		return NULL;
	for (; *s; s++) {
		if (*s == quote && s[1] != quote)
			break;
		if (*s == quote || (escapes && *s == '\\' && s[1]))
			s++;
		if (n + 1 >= size)
			return NULL;
		ret[n++] = *s;
	}
	ret[n] = '\0';
	return *s == quote ? s + 1 : NULL;
}

/* As pg_dump and pg_dumpall write it: NAME, "NAME", or -reuse-previous=on "dbname='NAME'". */
static bool
connect_target(const char *arg, char *ret, size_t size)
{
	static const char reuse[] = "-reuse-previous=on";
	char inner[256];
	size_t n;

	if (strncmp(arg, reuse, sizeof(reuse) - 1) == 0) {
		arg =
		    unquote(skip_blank(arg + sizeof(reuse) - 1), '"', false, inner, sizeof(inner));
		if (!arg || *skip_blank(arg) || strncmp(inner, "dbname=", 7) != 0)
			return false;
		arg = inner + 7;
		if (*arg == '\'') {
			arg = unquote(arg, '\'', true, ret, size);
			return arg && !*skip_blank(arg);
		}
	} else if (*arg == '"') {
		arg = unquote(arg, '"', false, ret, size);
		return arg && !*skip_blank(arg) && !strchr(ret, '=') && !strchr(ret, '/');
	}
	n = strspn(arg, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.$-");
	(void)snprintf(ret, size, "%.*s", (int)(n < size ? n : size - 1), arg);
	return n > 0 && n < size && !*skip_blank(arg + n);
}

static int
on_command(void *arg, const char *line)
{
	struct restore_pg_load *load = arg;
	const char *target = past(line, "CONNECT");
	struct buf sql = BUF_INIT;
	char name[64];

	target = target ? target : past(line, "C");
	if (target) {
		load->cluster = true;
		if (connect_target(target, name, sizeof(name)))
			return reconnect(load, name);
		return fail(load, RECORD_VERDICT_FAIL, "unsafe", "a command of psql: \\", line);
	}
	target = past(line, "ENCODING");
	if (!target)
		return 0;
	buf_str(&sql, "SET client_encoding = ");
	restore_pg_text(&sql, target);
	return run_text(load, &sql);
}

/* ---------------------------------------------------------------- statements */

/* These execute programs and read files, that is what they are for; a dump only names them, and to
 * have them is the host's decision: nobody can say here whether it comes back. */
static bool
is_untrusted_language(const char *name)
{
	static const char *const languages[] = {"plpythonu", "plpython2u", "plpython3u", "plperlu",
	    "pltclu", "plsh", "plr", "pljavau", "pllua", "plluau"};

	for (size_t i = 0; i < ARRAY_LEN(languages); i++) {
		if (strcmp(name, languages[i]) == 0)
			return true;
	}
	return false;
}

static int
check_extension(struct restore_pg_load *load, const char *name)
{
	char word[64];
	const char *s = past(name, "IF NOT EXISTS");

	take_name(s ? s : name, word, sizeof(word));
	(void)snprintf(load->extension, sizeof(load->extension), "%s", word);
	if (is_untrusted_language(word))
		return fail(load, RECORD_VERDICT_SKIP, "unsupported",
		    "restore tests do not run the untrusted language ", word);
	return 0;
}

/* Machine code that is not one of the server's own libraries. Behind AS a body may say anything. */
static bool
is_foreign_code(const char *sql)
{
	const char *as = strcasestr(sql, " AS '"), *language = strcasestr(sql, " LANGUAGE c ");

	return as && language && language < as && as[5] != '$';
}

/* 0 go on, 1 it is done, -1 */
static int
look_at(struct restore_pg_load *load, const char *sql)
{
	const char *s = past(sql, "CREATE");
	char name[64];

	if (past(sql, "LOAD"))
		return fail(
		    load, RECORD_VERDICT_FAIL, "unsafe", "loads a library into the server", "");
	if (past(sql, "INSERT") && strcasestr(sql, "ON CONFLICT"))
		load->conflicts = true;
	if (strcmp(load->database, RESTORE_PG_DATABASE) == 0 && !load->cluster &&
	    past(sql, "SET CLIENT_ENCODING") && strcasestr(sql, "SQL_ASCII")) {
		/* Bytes of any kind: only a database without an encoding takes them. */
		static const char create[] = "CREATE DATABASE bkm_scratch TEMPLATE template0"
					     " LOCALE 'C' ENCODING 'SQL_ASCII'";

		return run(load, create, sizeof(create) - 1) < 0 ||
			reconnect(load, "bkm_scratch") < 0
		    ? -1
		    : 0;
	}
	if (!s)
		return 0;
	if (past(s, "EXTENSION"))
		return check_extension(load, past(s, "EXTENSION"));
	if (past(s, "TABLESPACE")) {
		take_name(past(s, "TABLESPACE"), name, sizeof(name));
		return create_tablespace(load, name) < 0 ? -1 : 1;
	}
	if (past(s, "OR REPLACE"))
		s = past(s, "OR REPLACE");
	if ((past(s, "FUNCTION") || past(s, "PROCEDURE")) && is_foreign_code(sql))
		return fail(load, RECORD_VERDICT_FAIL, "unsafe",
		    "a function that is machine code of a file", "");
	if (past(s, "PROCEDURAL"))
		s = past(s, "PROCEDURAL");
	return past(s, "LANGUAGE") ? check_extension(load, past(s, "LANGUAGE")) : 0;
}

static int
on_statement(void *arg, const char *sql, size_t len)
{
	struct restore_pg_load *load = arg;
	int r;

	/* A mark that Windows puts in front of UTF-8. */
	if (len > 3 && memcmp(sql, "\xef\xbb\xbf", 3) == 0) {
		sql += 3;
		len -= 3;
	}
	load->extension[0] = '\0';
	r = look_at(load, sql);
	if (r == 0)
		r = run(load, sql, len);
	return r < 0 ? -1 : 0;
}

static int
rows_refused(struct restore_pg_load *load)
{
	switch (restore_pg_rows_end(&load->pg)) {
	case RESTORE_PG_DONE:
		return 0;
	case RESTORE_PG_REFUSED:
		restore_pg_judge(load, NULL);
		break;
	case RESTORE_PG_ROWS:
		restore_say(load->child->answer, RECORD_VERDICT_ERROR, "server",
		    "the server asks for rows without end");
		break;
	case RESTORE_PG_TROUBLE:
		break;
	}
	load->failed = true;
	return -1;
}

static int
on_rows(void *arg, const char *data, size_t len)
{
	struct restore_pg_load *load = arg;

	if (!load->in_rows)
		return fail(
		    load, RECORD_VERDICT_FAIL, "damaged", "rows that belong to no COPY", "");
	if (!data) {
		load->in_rows = false;
		return rows_refused(load);
	}
	switch (restore_pg_rows(&load->pg, data, len)) {
	case RESTORE_PG_ROWS:
		return 0;
	case RESTORE_PG_REFUSED:
		return rows_refused(load);
	case RESTORE_PG_DONE:
	case RESTORE_PG_TROUBLE:
		break;
	}
	load->failed = true;
	return -1;
}

int
restore_pg_load_init(
    struct restore_pg_load *load, struct restore_child *child, struct restore_watch *watch)
{
	const struct sqldb_dump_options options = {.dialect = SQLDB_POSTGRES,
	    .statement = on_statement,
	    .rows = on_rows,
	    .command = on_command,
	    .arg = load};

	*load = (struct restore_pg_load){
	    .child = child, .watch = watch, .dump = sqldb_dump_new(&options)};
	restore_pg_init(&load->pg, watch);
	return reconnect(load, RESTORE_PG_DATABASE);
}

void
restore_pg_load_release(struct restore_pg_load *load)
{
	restore_pg_close(&load->pg);
	sqldb_dump_free(load->dump);
	free(load->database);
}

int
restore_pg_load_finish(struct restore_pg_load *load)
{
	enum sqldb_fault fault = sqldb_dump_finish(load->dump);
	const struct sqldb_stats *stats = sqldb_dump_stats(load->dump);

	if (load->failed)
		return -1;
	restore_say_dump(load->child->answer, fault, stats);
	return load->child->answer->verdict == RECORD_VERDICT_PASS ? 0 : -1;
}
