// A script of pg_dump, pg_dumpall or pg_restore into a throw-away server, statement by statement.
#include <ctype.h>
#include <string.h>

#include "restore/pg_private.h"

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

/* ---------------------------------------------------------------- connections */

int
restore_pg_enter(struct restore_pg_load *load, const char *database)
{
	enum restore_pg_end end = restore_pg_connect(&load->pg, database);

	if (end == RESTORE_PG_REFUSED)
		restore_pg_judge(load, NULL);
	return end == RESTORE_PG_DONE ? 0 : -1;
}

static int
reconnect(struct restore_pg_load *load, const char *database)
{
	if (restore_pg_enter(load, database) < 0) {
		load->failed = true;
		return -1;
	}
	free(load->database);
	load->database = mem_strdup(database);
	return 0;
}

static int
on_command(void *arg, const char *line)
{
	struct restore_pg_load *load = arg;
	const char *target = restore_pg_past(line, "CONNECT");
	struct buf sql = BUF_INIT;
	char name[64];
	int r;

	target = target ? target : restore_pg_past(line, "C");
	if (target) {
		load->cluster = true;
		if (restore_pg_connect_target(target, name, sizeof(name)))
			return reconnect(load, name);
		return fail(load, RECORD_VERDICT_FAIL, "unsafe", "a command of psql: \\", line);
	}
	target = restore_pg_past(line, "ENCODING");
	if (!target)
		return 0;
	buf_str(&sql, "SET client_encoding = ");
	restore_pg_text(&sql, target);
	r = restore_pg_run(load, sql.data, sql.len);
	buf_release(&sql);
	return r;
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
	const char *s = restore_pg_past(name, "IF NOT EXISTS");

	restore_pg_take_name(s ? s : name, word, sizeof(word));
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
	const char *s = restore_pg_past(sql, "CREATE");
	char name[64];

	if (restore_pg_past(sql, "LOAD"))
		return fail(
		    load, RECORD_VERDICT_FAIL, "unsafe", "loads a library into the server", "");
	if (restore_pg_past(sql, "INSERT") && strcasestr(sql, "ON CONFLICT"))
		load->conflicts = true;
	if (strcmp(load->database, RESTORE_PG_DATABASE) == 0 && !load->cluster &&
	    restore_pg_past(sql, "SET CLIENT_ENCODING") && strcasestr(sql, "SQL_ASCII")) {
		/* Bytes of any kind: only a database without an encoding takes them. */
		static const char create[] = "CREATE DATABASE bkm_scratch TEMPLATE template0"
					     " LOCALE 'C' ENCODING 'SQL_ASCII'";

		return restore_pg_run(load, create, sizeof(create) - 1) < 0 ||
			reconnect(load, "bkm_scratch") < 0
		    ? -1
		    : 0;
	}
	if (!s)
		return 0;
	if (restore_pg_past(s, "EXTENSION"))
		return check_extension(load, restore_pg_past(s, "EXTENSION"));
	if (restore_pg_past(s, "TABLESPACE")) {
		restore_pg_take_name(restore_pg_past(s, "TABLESPACE"), name, sizeof(name));
		return restore_pg_make_tablespace(load, name) < 0 ? -1 : 1;
	}
	if (restore_pg_past(s, "OR REPLACE"))
		s = restore_pg_past(s, "OR REPLACE");
	if ((restore_pg_past(s, "FUNCTION") || restore_pg_past(s, "PROCEDURE")) &&
	    is_foreign_code(sql))
		return fail(load, RECORD_VERDICT_FAIL, "unsafe",
		    "a function that is machine code of a file", "");
	if (restore_pg_past(s, "PROCEDURAL"))
		s = restore_pg_past(s, "PROCEDURAL");
	return restore_pg_past(s, "LANGUAGE")
	    ? check_extension(load, restore_pg_past(s, "LANGUAGE"))
	    : 0;
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
		r = restore_pg_run(load, sql, len);
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
restore_pg_load_finish(struct restore_pg_load *load)
{
	enum sqldb_fault fault = sqldb_dump_finish(load->dump);
	const struct sqldb_stats *stats = sqldb_dump_stats(load->dump);

	if (load->failed)
		return -1;
	restore_say_dump(load->child->answer, fault, stats);
	return load->child->answer->verdict == RECORD_VERDICT_PASS ? 0 : -1;
}

void
restore_pg_bring_back(struct restore_child *child, const char *postgres,
    int (*feed)(struct restore_child *child, struct restore_pg_load *load))
{
	struct restore_watch watch = {.child = child};
	struct restore_pg_load load = {.child = child, .watch = &watch};
	const struct sqldb_dump_options options = {.dialect = SQLDB_POSTGRES,
	    .statement = on_statement,
	    .rows = on_rows,
	    .command = on_command,
	    .arg = &load};
	int64_t start;

	if (restore_pg_start(&watch, postgres) < 0)
		return;
	start = clock_mono_ms();
	load.dump = sqldb_dump_new(&options);
	restore_pg_init(&load.pg, &watch);
	if (reconnect(&load, RESTORE_PG_DATABASE) == 0) {
		int r = feed(child, &load);

		child->answer->load_ms = clock_mono_ms() - start;
		if (r == 0)
			restore_pg_check(&load);
	}
	restore_pg_close(&load.pg);
	sqldb_dump_free(load.dump);
	free(load.database);
}
