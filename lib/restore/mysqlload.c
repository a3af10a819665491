// A MySQL dump into the throw-away server, statement by statement; what a refusal says of it.
#include <stdlib.h>
#include <string.h>

#include "restore/mysql_private.h"

#define DEFINERS_MAX     1000
#define ER_NO_SUCH_TABLE 1146
#define LOOKS            6 /* for the watch to find out what the server died of */

/* ---------------------------------------------------------------- refusals */

/* What a server's error number means for the verdict: mariadb.com/kb/en/mariadb-error-codes. */
enum blame {
	BLAME_DUMP = 0, /* the dump is damaged */
	BLAME_UNSAFE,   /* it tried what a dump has no business with */
	BLAME_NEEDS,    /* another server is needed, or a part that is not installed here */
	BLAME_LACKS,    /* it names what it does not hold */
	BLAME_SPACE,
	BLAME_SERVER, /* the machine's */
};

static const struct {
	unsigned error;
	enum blame blame;
} blames[] = {
    {1, BLAME_UNSAFE},    /* cannot create a file */
    {13, BLAME_UNSAFE},   /* cannot look at a file */
    {29, BLAME_UNSAFE},   /* file not found */
    {1044, BLAME_UNSAFE}, /* access denied */
    {1045, BLAME_UNSAFE}, /* access denied */
    {1085, BLAME_UNSAFE}, /* the file must be in the database directory */
    {1086, BLAME_UNSAFE}, /* the file exists already */
    {1126, BLAME_UNSAFE}, /* cannot open shared library */
    {1127, BLAME_UNSAFE}, /* cannot find symbol in library */
    {1148, BLAME_UNSAFE}, /* command not allowed: a local file */
    {4166, BLAME_UNSAFE}, /* the same */
    {3948, BLAME_UNSAFE}, /* the same of MySQL 8 */
    {1227, BLAME_UNSAFE}, /* a privilege is needed */
    {1290, BLAME_UNSAFE}, /* secure-file-priv, and other fences of the server */
    {1220, BLAME_UNSAFE}, /* a server of a name: replication, federation */
    {1429, BLAME_UNSAFE}, /* cannot connect to a foreign data source */
    {1430, BLAME_UNSAFE}, /* a query on a foreign data source */
    {1112, BLAME_NEEDS},  /* the extension is not compiled in */
    {1115, BLAME_NEEDS},  /* unknown character set */
    {1193, BLAME_NEEDS},  /* unknown system variable */
    {1231, BLAME_NEEDS},  /* a variable cannot have that value: an unknown sql_mode */
    {1235, BLAME_NEEDS},  /* not yet supported */
    {1273, BLAME_NEEDS},  /* unknown collation */
    {1286, BLAME_NEEDS},  /* unknown storage engine */
    {1289, BLAME_NEEDS},  /* a feature is disabled or not built in */
    {1524, BLAME_NEEDS},  /* plugin is not loaded */
    {4161, BLAME_NEEDS},  /* unknown data type */
    {1049, BLAME_LACKS},  /* unknown database */
    {1146, BLAME_LACKS},  /* no such table */
    {1305, BLAME_LACKS},  /* no such function or procedure */
    {1356, BLAME_LACKS},  /* a view of what is not there */
    {3, BLAME_SPACE},     /* cannot write a file */
    {1021, BLAME_SPACE},  /* disk full */
    {1026, BLAME_SPACE},  /* cannot write a file */
    {1114, BLAME_SPACE},  /* the table is full */
    {5, BLAME_SERVER},    /* out of memory */
    {1037, BLAME_SERVER}, /* out of memory */
    {1038, BLAME_SERVER}, /* out of sort memory */
    {1041, BLAME_SERVER}, /* out of resources */
    {1206, BLAME_SERVER}, /* too many locks for the memory */
    {2013, BLAME_SERVER}, /* the connection was lost */
    {1927, BLAME_SERVER}, /* the connection was killed */
    /* Rows that contradict their table do so for every server. */
    {1022, BLAME_DUMP},
    {1048, BLAME_DUMP},
    {1050, BLAME_DUMP},
    {1062, BLAME_DUMP},
    {1136, BLAME_DUMP},
    {1406, BLAME_DUMP},
    {1452, BLAME_DUMP},
};

/* "10.11.19-MariaDB-…" as 1011, "8.0.33" as 800. */
static unsigned
release(const char *version)
{
	char *end;
	unsigned long major = strtoul(version, &end, 10), minor = 0;

	if (*end == '.')
		minor = strtoul(end + 1, NULL, 10);
	return major < 1000 && minor < 100 ? (unsigned)(major * 100 + minor) : 0;
}

const char *
restore_mysql_product(const char *version)
{
	return !version[0] ? "" : strstr(version, "MariaDB") ? "MariaDB" : "MySQL";
}

/* Dumped from another product, or from a newer one: what this server refuses, that one may take. */
static bool
is_foreign(const char *dumped, const char *here)
{
	return dumped[0] &&
	    (strcmp(restore_mysql_product(dumped), restore_mysql_product(here)) != 0 ||
		release(dumped) > release(here));
}

static enum blame
blame_of(unsigned error, bool foreign, const char *message)
{
	for (size_t i = 0; i < ARRAY_LEN(blames); i++) {
		if (blames[i].error == error)
			return blames[i].blame;
	}
	/* A storage engine's own trouble: 28 is no space, 122 a quota. */
	if (error == 1030 && (strstr(message, " 28 ") || strstr(message, " 122 ")))
		return BLAME_SPACE;
	if (error == 1030)
		return BLAME_SERVER;
	return foreign ? BLAME_NEEDS : BLAME_DUMP;
}

static const struct {
	enum record_verdict verdict;
	const char *reason;
} verdicts[] = {
    [BLAME_DUMP] = {RECORD_VERDICT_FAIL, "damaged"},
    [BLAME_UNSAFE] = {RECORD_VERDICT_FAIL, "unsafe"},
    [BLAME_NEEDS] = {RECORD_VERDICT_ERROR, "not_installed"},
    [BLAME_LACKS] = {RECORD_VERDICT_FAIL, "incomplete"},
    [BLAME_SPACE] = {RECORD_VERDICT_ERROR, "no_space"},
    [BLAME_SERVER] = {RECORD_VERDICT_ERROR, "server"},
};

void
restore_mysql_say_refusal(struct restore_answer *a, const struct restore_refusal *refusal)
{
	const char *dumped = refusal->dumped, *product = restore_mysql_product(dumped);
	const char *message = refusal->message;
	bool foreign = is_foreign(dumped, refusal->here);
	unsigned long long line = (unsigned long long)refusal->line;
	enum blame blame = blame_of(refusal->error, foreign, message);

	if (blame != BLAME_NEEDS) {
		restore_say(a, verdicts[blame].verdict, verdicts[blame].reason, "line %llu: %s",
		    line, message);
		return;
	}
	if (foreign)
		restore_say(a, RECORD_VERDICT_ERROR, "not_installed",
		    "line %llu: needs %s %.20s, %.24s is installed: %.150s", line, product, dumped,
		    refusal->here, message);
	else
		restore_say(a, RECORD_VERDICT_ERROR, "not_installed",
		    "line %llu: needs what this server lacks: %.180s", line, message);
}

/* ---------------------------------------------------------------- loading */

static int
send_words(struct restore_load *l, const char *words, const char *name)
{
	struct buf sql = BUF_INIT;
	int r;

	buf_printf(&sql, "%s %s", words, name);
	r = restore_wire_query(l->wire, sql.data, sql.len, NULL, NULL);
	buf_release(&sql);
	return r;
}

/* A view of a view whose user does not exist cannot even be created. The users of a dump are rarely in
 * it, so those that are named are made; one that cannot be made may not be needed. */
static int
make_definer(struct restore_load *l, const char *sql, size_t len)
{
	struct buf user = BUF_INIT;
	int r = 0;

	if (l->definer_count == DEFINERS_MAX || !restore_mysql_definer(sql, len, &user))
		goto out;
	for (size_t i = 0; i < l->definer_count; i++) {
		if (strcmp(l->definers[i], user.data) == 0)
			goto out;
	}
	r = send_words(l, "CREATE USER IF NOT EXISTS", user.data);
	if (r >= 0)
		r = send_words(l, "GRANT ALL PRIVILEGES ON *.* TO", user.data);
	MEM_GROW(l->definers, l->definer_count, l->definer_cap);
	l->definers[l->definer_count++] = buf_take(&user);
out:
	buf_release(&user);
	return r < 0 ? -1 : 0;
}

/* mariadb-dump --system=stats fills tables of the server that the dump does not create. */
static int
make_system_table(struct restore_load *l)
{
	static const char before[] = "Table '";
	struct buf like = BUF_INIT;
	char name[80];
	const char *end, *schema = l->wire->message;
	char *dot;
	int r = 1;

	if (!str_has_prefix(schema, before))
		return 1;
	schema += sizeof(before) - 1;
	end = strchr(schema, '\'');
	if (!end || (size_t)(end - schema) >= sizeof(name))
		return 1;
	(void)snprintf(name, sizeof(name), "%.*s", (int)(end - schema), schema);
	dot = strchr(name, '.');
	if (!dot)
		return 1;
	*dot = '\0';
	if (restore_mysql_schema(name) == name)
		return 1;
	restore_mysql_add_name(&like, name);
	buf_char(&like, '.');
	restore_mysql_add_name(&like, dot + 1);
	buf_str(&like, " LIKE mysql.");
	restore_mysql_add_name(&like, dot + 1);
	r = send_words(l, "CREATE TABLE", like.data);
	buf_release(&like);
	return r;
}

static int
send_as_it_is(struct restore_load *l, const char *sql, size_t len)
{
	int r = make_definer(l, sql, len);

	if (r == 0)
		r = restore_wire_query(l->wire, sql, len, NULL, NULL);
	if (r == 0 && l->wire->warnings && restore_mysql_makes_table(sql, len))
		l->altered++;
	if (r > 0 && l->system && l->wire->error == ER_NO_SUCH_TABLE) {
		char message[sizeof(l->wire->message)];

		memcpy(message, l->wire->message, sizeof(message));
		r = make_system_table(l);
		if (r == 0)
			return restore_wire_query(l->wire, sql, len, NULL, NULL);
		l->wire->error = ER_NO_SUCH_TABLE;
		memcpy(l->wire->message, message, sizeof(message));
	}
	/* Its users are not what a backup is for: they may exist here, or need a plug-in. */
	if (r > 0 && restore_mysql_is_account(sql, len)) {
		l->accounts++;
		r = 0;
	}
	return r;
}

static int
in_other_schema(struct restore_load *l, const char *schema, bool use)
{
	struct buf name = BUF_INIT;
	int r;

	l->system = true;
	restore_mysql_add_name(&name, schema);
	r = send_words(l, "CREATE DATABASE IF NOT EXISTS", name.data);
	if (r == 0 && use)
		r = send_words(l, "USE", name.data);
	buf_release(&name);
	return r;
}

void
restore_mysql_load_release(struct restore_load *l)
{
	for (size_t i = 0; i < l->definer_count; i++)
		free(l->definers[i]);
	free(l->definers);
}

int
restore_mysql_send(void *arg, const char *sql, size_t len)
{
	struct restore_load *l = arg;
	struct buf schema = BUF_INIT;
	int r = 0;

	switch (restore_mysql_fate(sql, len, &schema)) {
	case RESTORE_SEND:
		r = send_as_it_is(l, sql, len);
		break;
	case RESTORE_MAKE_SCHEMA:
		r = in_other_schema(l, schema.data, false);
		break;
	case RESTORE_USE_SCHEMA:
		r = in_other_schema(l, schema.data, true);
		break;
	case RESTORE_LEAVE_OUT:
		l->left_out++;
		break;
	}
	buf_release(&schema);
	l->refused = r;
	return r == 0 ? restore_watch_look(l->watch) : -1;
}

/* The watch has said why, or would soon; else the server has. */
static void
say_stopped(struct restore_load *l, const struct sqldb_stats *stats)
{
	const struct restore_refusal refusal = {.error = l->wire->error,
	    .line = stats->line,
	    .dumped = stats->server,
	    .here = l->wire->version,
	    .message = l->wire->message};
	struct restore_answer *a = l->watch->child->answer;

	for (int i = 0; i < LOOKS && a->verdict == (int32_t)RECORD_VERDICT_NONE; i++) {
		if (l->refused > 0 &&
		    blame_of(refusal.error, false, refusal.message) != BLAME_SPACE)
			break;
		(void)restore_watch_pause(l->watch, 100);
	}
	if (a->verdict != (int32_t)RECORD_VERDICT_NONE)
		return;
	if (l->refused > 0)
		restore_mysql_say_refusal(a, &refusal);
	else
		restore_say(a, RECORD_VERDICT_ERROR, "server", "line %llu: %s",
		    (unsigned long long)stats->line, l->wire->message);
}

int
restore_mysql_load(struct restore_load *l, struct sqldb_dump *dump)
{
	struct restore_answer *a = l->watch->child->answer;
	enum sqldb_fault fault;

	if (restore_feed_dump(l->watch->child, dump) < 0)
		return -1;
	fault = sqldb_dump_finish(dump);
	if (fault == SQLDB_FAULT_STOPPED)
		say_stopped(l, sqldb_dump_stats(dump));
	else
		restore_say_dump(a, fault, sqldb_dump_stats(dump));
	return a->verdict == (int32_t)RECORD_VERDICT_PASS ? 0 : -1;
}
