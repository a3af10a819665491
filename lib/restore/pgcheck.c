// What a restored PostgreSQL server holds: tables and rows counted, the questions of the configuration.
#include <string.h>

#include "restore/pg_private.h"

struct table {
	char *name;           /* SCHEMA.TABLE; of a partition that of the whole */
	char *schema, *table; /* what is counted */
	uint64_t rows;
};

struct counting {
	struct restore_pg_load *load;
	char **databases;
	size_t database_count, database_cap;
	struct table *tables; /* of the database at hand */
	size_t count, cap;
	char *asked; /* the database that is asked: the first that has tables */
	uint64_t total, rows;
	uint64_t number; /* of a count */
};

#define MANY_TABLES 1000000

static const char sql_databases[] = "SELECT datname FROM pg_catalog.pg_database WHERE datallowconn "
				    "ORDER BY datistemplate, datname = 'postgres', datname";

/* Rows of a partitioned table are counted where they lie and told as of the whole. */
static const char sql_tables[] =
    "SELECT rn.nspname || '.' || r.relname, n.nspname, c.relname FROM pg_catalog.pg_class c "
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "JOIN pg_catalog.pg_class r ON r.oid = coalesce(pg_catalog.pg_partition_root(c.oid), c.oid) "
    "JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace "
    "WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') "
    "AND n.nspname NOT LIKE 'pg\\_t%' AND (c.relkind = 'r' OR c.oid = r.oid) ORDER BY 1";

static void
on_database(void *arg, char *const *values, size_t count)
{
	struct counting *c = arg;

	if (count < 1 || !values[0] || c->database_count == MANY_TABLES)
		return;
	MEM_GROW(c->databases, c->database_count, c->database_cap);
	c->databases[c->database_count++] = mem_strdup(values[0]);
}

static void
on_table(void *arg, char *const *values, size_t count)
{
	struct counting *c = arg;

	if (count < 3 || !values[0] || !values[1] || !values[2] || c->count == MANY_TABLES)
		return;
	MEM_GROW(c->tables, c->count, c->cap);
	c->tables[c->count++] = (struct table){.name = mem_strdup(values[0]),
	    .schema = mem_strdup(values[1]),
	    .table = mem_strdup(values[2])};
}

static void
on_number(void *arg, char *const *values, size_t count)
{
	if (count && values[0])
		(void)str_to_u64(values[0], 0, INT64_MAX, arg, NULL);
}

static int
query(struct restore_pg_load *load, const char *sql, restore_pg_row *row, void *arg)
{
	switch (restore_pg_query(&load->pg, sql, strlen(sql), row, arg)) {
	case RESTORE_PG_DONE:
		return 0;
	case RESTORE_PG_REFUSED:
		restore_pg_judge(load, sql);
		return -1;
	case RESTORE_PG_ROWS:
	case RESTORE_PG_TROUBLE:
		break;
	}
	return -1;
}

static int
connect_to(struct restore_pg_load *load, const char *database)
{
	/* Only built-in operators, whatever the backup defines; and nothing is changed any more. */
	if (restore_pg_enter(load, database) < 0 ||
	    query(load, "SET search_path = pg_catalog", NULL, NULL) < 0)
		return -1;
	return query(load, "SET default_transaction_read_only = on", NULL, NULL);
}

static int
count_rows(struct counting *c, struct table *t)
{
	struct buf sql = BUF_INIT;
	int r;

	buf_str(&sql, "SELECT count(*) FROM ONLY ");
	restore_pg_name(&sql, t->schema);
	buf_char(&sql, '.');
	restore_pg_name(&sql, t->table);
	r = query(c->load, sql.data, on_number, &t->rows);
	buf_release(&sql);
	return r;
}

static void
tell(struct counting *c, const char *database, const char *name, uint64_t rows)
{
	struct restore_child *child = c->load->child;
	char *full = mem_printf("%s.%s", database, name);

	restore_saw_name(child, name);
	restore_saw_name(child, full);
	restore_add_table(child, c->load->cluster ? full : name, rows);
	free(full);
	c->total++;
	c->rows += rows;
}

static int
count_tables(struct counting *c, const char *database)
{
	if (connect_to(c->load, database) < 0 || query(c->load, sql_tables, on_table, c) < 0)
		return -1;
	if (c->count && !c->asked)
		c->asked = mem_strdup(database);
	for (size_t i = 0; i < c->count; i++) {
		if (count_rows(c, &c->tables[i]) < 0)
			return -1;
	}
	/* They are sorted: partitions of one table stand together. */
	for (size_t i = 0; i < c->count;) {
		const char *name = c->tables[i].name;
		uint64_t rows = 0;

		for (; i < c->count && strcmp(c->tables[i].name, name) == 0; i++)
			rows += c->tables[i].rows;
		tell(c, database, name, rows);
	}
	return 0;
}

static void
forget_tables(struct counting *c)
{
	for (size_t i = 0; i < c->count; i++) {
		free(c->tables[i].name);
		free(c->tables[i].schema);
		free(c->tables[i].table);
	}
	c->count = 0;
}

static int
count_all(struct counting *c)
{
	int r = connect_to(c->load, RESTORE_PG_DATABASE);

	if (r == 0)
		r = query(c->load, sql_databases, on_database, c);
	for (size_t i = 0; r == 0 && i < c->database_count; i++) {
		r = count_tables(c, c->databases[i]);
		forget_tables(c);
	}
	return r;
}

/* ---------------------------------------------------------------- questions */

struct first_value {
	struct restore_told *told;
	bool seen;
};

static void
on_value(void *arg, char *const *values, size_t count)
{
	struct first_value *first = arg;

	if (first->seen)
		return;
	first->seen = true;
	first->told->kind = count && values[0] ? RESTORE_TOLD_VALUE : RESTORE_TOLD_NULL;
	(void)snprintf(first->told->text, sizeof(first->told->text), "%s",
	    count && values[0] ? values[0] : "");
}

static void
ask(void *arg, const char *sql, struct restore_told *ret)
{
	struct restore_pg_load *load = arg;
	struct first_value first = {.told = ret};

	if (load->failed) {
		*ret = (struct restore_told){.kind = RESTORE_TOLD_TROUBLE};
		(void)snprintf(ret->text, sizeof(ret->text), "the server is gone");
		return;
	}
	*ret = (struct restore_told){.kind = RESTORE_TOLD_NULL};
	switch (restore_pg_query(&load->pg, sql, strlen(sql), on_value, &first)) {
	case RESTORE_PG_DONE:
		return;
	case RESTORE_PG_REFUSED:
		ret->kind = RESTORE_TOLD_REFUSED;
		(void)snprintf(ret->text, sizeof(ret->text), "%.*s", (int)sizeof(ret->text) - 1,
		    load->pg.error.message);
		return;
	case RESTORE_PG_ROWS:
	case RESTORE_PG_TROUBLE:
		break;
	}
	load->failed = true;
	ret->kind = RESTORE_TOLD_TROUBLE;
	(void)snprintf(ret->text, sizeof(ret->text), "%.*s", (int)sizeof(ret->text) - 1,
	    load->child->answer->message);
}

/* As somebody who connects to it would: with the search path that the database has. */
static int
ask_all(struct counting *c)
{
	struct restore_pg_load *load = c->load;

	if (!c->asked || connect_to(load, c->asked) < 0 ||
	    query(load, "RESET search_path", NULL, NULL) < 0)
		return c->asked ? -1 : 0;
	restore_ask(load->child->subject, SQLDB_POSTGRES, ask, load, load->child->answer);
	return load->failed ? -1 : 0;
}

/* A client of PostgreSQL finds the server by these, and connects to the same database. */
static void
run_command(struct counting *c)
{
	const char *name = c->asked ? c->asked : RESTORE_PG_DATABASE;
	char *database = mem_printf("PGDATABASE=%s", name);
	char *own = mem_printf("BKM_DATABASE=%s", name);
	char *const env[] = {(char[]){"PGHOST=" RESTORE_SCRATCH "/" RESTORE_PG_DATA},
	    (char[]){"PGUSER=" RESTORE_PG_USER}, (char[]){"HOME=" RESTORE_SCRATCH}, database, own,
	    NULL};

	restore_server_command(c->load->watch, env);
	free(database);
	free(own);
}

/* ---------------------------------------------------------------- the verdict */

/* Before it: nothing that the script had is missing. */
static void
judge(struct counting *c)
{
	struct restore_answer *a = c->load->child->answer;
	const struct sqldb_stats *stats = sqldb_dump_stats(c->load->dump);

	a->tables = c->total;
	a->rows = c->rows;
	a->entries = c->total ? c->total : stats->objects;
	a->has_tables = 1;
	if (c->rows < stats->rows && !c->load->conflicts) {
		restore_say(a, RECORD_VERDICT_FAIL, "incomplete",
		    "%llu rows in the dump, %llu after it was loaded",
		    (unsigned long long)stats->rows, (unsigned long long)c->rows);
		return;
	}
	a->level = RECORD_LEVEL_RESTORED;
	restore_say(a, RECORD_VERDICT_PASS, NULL, "%s", "");
}

void
restore_pg_check(struct restore_pg_load *load)
{
	struct counting c = {.load = load};
	int64_t start = clock_mono_ms();

	if (count_all(&c) == 0 && ask_all(&c) == 0) {
		judge(&c);
		run_command(&c);
	}
	load->child->answer->check_ms = clock_mono_ms() - start;
	for (size_t i = 0; i < c.database_count; i++)
		free(c.databases[i]);
	free(c.databases);
	free(c.tables);
	free(c.asked);
}
