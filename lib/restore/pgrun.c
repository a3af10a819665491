// One statement of a dump to the server; what a new server lacks and a dump rightly expects is made.
#include <ctype.h>
#include <string.h>

#include "restore/pg_private.h"

#define MENDS_MAX 8

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
	int r = restore_pg_run(load, sql->data, sql->len);

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

int
restore_pg_make_tablespace(struct restore_pg_load *load, const char *name)
{
	static const char allow[] = "SET allow_in_place_tablespaces = on";
	struct buf sql = BUF_INIT;

	if (restore_pg_run(load, allow, sizeof(allow) - 1) < 0)
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

	restore_pg_take_name(restore_pg_past(sql, "CREATE DATABASE"), name, sizeof(name));
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
		return restore_pg_past(sql, "DROP") ||
		    restore_pg_past(sql, "SELECT PG_CATALOG.LO_UNLINK") ||
		    (restore_pg_past(sql, "ALTER") && strcasestr(sql, " DROP ")) ||
		    /* a setting that this version does not know */
		    (restore_pg_past(sql, "SET") &&
			strstr(e->message, "unrecognized configuration parameter"));
	/* What every new server has. */
	if (strcmp(e->state, "42P06") == 0)
		return restore_pg_past(sql, "CREATE SCHEMA PUBLIC") != NULL;
	if (strcmp(e->state, "42P04") == 0)
		return restore_pg_past(sql, "CREATE DATABASE POSTGRES") ||
		    restore_pg_past(sql, "CREATE DATABASE TEMPLATE1");
	if (strcmp(e->state, "42710") == 0)
		return restore_pg_past(sql, "CREATE ROLE") || restore_pg_past(sql, "CREATE USER") ||
		    restore_pg_past(sql, "CREATE TABLESPACE") ||
		    restore_pg_past(sql, "CREATE EXTENSION PLPGSQL") ||
		    strcasestr(sql, "LANGUAGE plpgsql;");
	if (strcmp(e->state, "2BP01") == 0 || strcmp(e->state, "55006") == 0)
		return restore_pg_past(sql, "DROP DATABASE POSTGRES") ||
		    restore_pg_past(sql, "DROP DATABASE TEMPLATE1");
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
		return restore_pg_make_tablespace(load, name) < 0 ? MEND_NO : MEND_AGAIN;
	if (restore_pg_past(sql, "CREATE DATABASE") && strcasestr(e.message, "locale"))
		return create_database(load, sql) < 0 ? MEND_NO : MEND_DONE;
	if (restore_pg_past(sql, "GRANT") && strcasestr(sql, " GRANTED BY ") &&
	    strcmp(e.state, "42501") == 0)
		return without_grantor(load, sql) < 0 ? MEND_NO : MEND_DONE;
	return MEND_NO;
}

int
restore_pg_run(struct restore_pg_load *load, const char *sql, size_t len)
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
