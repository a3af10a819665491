// MySQL and MariaDB dumps: read to their end, then loaded into a throw-away server and counted.
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "restore/mysql_private.h"

/* Where a dump is loaded that names no database; its tables are told without a schema. */
#define DATABASE "bkm drill"
#define OURS     "'mysql','sys','performance_schema','information_schema'"

/* A server at rest reserves 400 MiB; a dump could make it fill memory with tables. */
#define MEMORY (UINT64_C(2) << 30)

/* ---------------------------------------------------------------- what came back */

struct table {
	char *schema, *name;
	uint64_t rows;
};

struct checking {
	struct restore_child *child;
	struct restore_wire *wire;
	struct table *tables;
	size_t count, cap;
	uint64_t others;      /* views, routines, events, triggers */
	char *value;          /* the first value of the last query, or NULL */
	bool any;             /* it had a row */
	bool problem;         /* CHECK TABLE */
	const char *database; /* that is asked */
};

static int query(struct checking *c, int (*row)(void *, const struct restore_value *, size_t),
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static int
query(struct checking *c, int (*row)(void *, const struct restore_value *, size_t), const char *fmt,
    ...)
{
	struct buf sql = BUF_INIT;
	va_list ap;
	int r;

	va_start(ap, fmt);
	buf_vprintf(&sql, fmt, ap);
	va_end(ap);
	r = restore_wire_query(c->wire, sql.data, sql.len, row, c);
	buf_release(&sql);
	return r;
}

static int
keep_value(void *arg, const struct restore_value *values, size_t count)
{
	struct checking *c = arg;

	if (!c->any && count && values[0].data)
		c->value = mem_strndup(values[0].data, values[0].len);
	c->any = true;
	return 0;
}

/* The first value as text, NULL if it is NULL or there is none; free() it. */
static int
ask_value(struct checking *c, const char *sql, char **ret_value)
{
	int r;

	c->value = NULL;
	c->any = false;
	r = restore_wire_query(c->wire, sql, strlen(sql), keep_value, c);
	*ret_value = c->value;
	return r;
}

static int
ask_count(struct checking *c, const char *sql, uint64_t *ret)
{
	char *text;
	int r = ask_value(c, sql, &text);

	if (r == 0 && (!text || str_to_u64(text, 0, UINT64_MAX, ret, NULL) < 0))
		r = -1;
	free(text);
	return r;
}

static int
on_table(void *arg, const struct restore_value *values, size_t count)
{
	struct checking *c = arg;

	if (count < 2 || !values[0].data || !values[1].data)
		return -1;
	MEM_GROW(c->tables, c->count, c->cap);
	c->tables[c->count++] = (struct table){.schema = mem_strndup(values[0].data, values[0].len),
	    .name = mem_strndup(values[1].data, values[1].len)};
	return 0;
}

/* Table, Op, Msg_type, Msg_text */
static int
on_check(void *arg, const struct restore_value *values, size_t count)
{
	struct checking *c = arg;
	char *integrity = c->child->answer->integrity;
	bool ok;

	if (count < 4 || !values[2].data || !values[3].data)
		return -1;
	ok = values[2].len == 4 || values[2].len == 7; /* note, warning */
	if (values[2].len == 6 && memcmp(values[2].data, "status", 6) == 0)
		ok = (values[3].len == 2 && memcmp(values[3].data, "OK", 2) == 0) ||
		    memmem(values[3].data, values[3].len, "up to date", 10);
	if (ok || c->problem)
		return 0;
	c->problem = true;
	(void)snprintf(integrity, RESTORE_MESSAGE_MAX, "%.*s: %.*s",
	    (int)(values[0].len < 60 ? values[0].len : 60), values[0].data ? values[0].data : "",
	    (int)(values[3].len < 90 ? values[3].len : 90), values[3].data);
	return 0;
}

/* As it is told: without the schema of our own, by the name that the dump gave. */
static void
tell_table(struct checking *c, const struct table *t)
{
	const char *schema = restore_mysql_schema(t->schema);
	char *full = mem_printf("%s.%s", schema, t->name);
	bool own = strcmp(t->schema, DATABASE) == 0;

	restore_add_table(c->child, own ? t->name : full, t->rows);
	restore_saw_name(c->child, t->name);
	restore_saw_name(c->child, full);
	free(full);
}

static int
check_table(struct checking *c, struct table *t)
{
	struct buf name = BUF_INIT;
	char *sql;
	int r;

	restore_mysql_add_name(&name, t->schema);
	buf_char(&name, '.');
	restore_mysql_add_name(&name, t->name);
	r = query(c, on_check, "CHECK TABLE %s", name.data);
	sql = mem_printf("SELECT COUNT(*) FROM %s", name.data);
	if (r == 0)
		r = ask_count(c, sql, &t->rows);
	free(sql);
	buf_release(&name);
	return r;
}

static int
list_all(struct checking *c)
{
	static const char *const others[] = {
	    "SELECT COUNT(*) FROM information_schema.VIEWS WHERE TABLE_SCHEMA NOT IN (" OURS ")",
	    "SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA NOT IN (" OURS
	    ")",
	    "SELECT COUNT(*) FROM information_schema.EVENTS WHERE EVENT_SCHEMA NOT IN (" OURS ")",
	    "SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA NOT IN (" OURS
	    ")"};
	int r = query(c, on_table,
	    "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA "
	    "NOT IN (" OURS ") AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')");

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(others); i++) {
		uint64_t n = 0;

		r = ask_count(c, others[i], &n);
		c->others += n;
	}
	return r;
}

/* 0: counted and sound, or the answer says what is wrong; 1, -1: the server would not or is gone. */
static int
check_all(struct checking *c)
{
	struct restore_answer *a = c->child->answer;
	uint64_t written = a->rows;
	int r = restore_wire_reset(c->wire);

	if (r == 0)
		r = query(
		    c, NULL, "SET SESSION sql_mode = '', sql_select_limit = 18446744073709551615");
	if (r == 0)
		r = list_all(c);
	a->tables = c->count;
	a->rows = 0;
	for (size_t i = 0; r == 0 && i < c->count; i++) {
		r = check_table(c, &c->tables[i]);
		a->rows += c->tables[i].rows;
		tell_table(c, &c->tables[i]);
	}
	if (r != 0)
		return r;
	a->entries = c->count ? c->count : c->others;
	a->level = RECORD_LEVEL_RESTORED;
	if (!c->problem)
		(void)snprintf(a->integrity, sizeof(a->integrity), "ok");
	if (c->problem)
		restore_say(a, RECORD_VERDICT_FAIL, "damaged", "%s", a->integrity);
	else if (a->entries == 0)
		restore_say(a, RECORD_VERDICT_FAIL, "empty", "loaded, but nothing is there");
	else if (written && a->rows == 0)
		restore_say(a, RECORD_VERDICT_FAIL, "empty",
		    "the dump has %llu rows, but none is there", (unsigned long long)written);
	return 0;
}

/* ---------------------------------------------------------------- the configuration's questions */

static void
ask(void *arg, const char *sql, struct restore_told *ret)
{
	struct checking *c = arg;
	char *value;
	int r = ask_value(c, sql, &value);

	ret->kind = r > 0 ? RESTORE_TOLD_REFUSED
	    : r < 0       ? RESTORE_TOLD_TROUBLE
	    : value       ? RESTORE_TOLD_VALUE
			  : RESTORE_TOLD_NULL;
	(void)snprintf(ret->text, sizeof(ret->text), "%.79s",
	    r           ? c->wire->message
		: value ? value
			: "");
	free(value);
}

/* Names without a schema are those of the only database that came. */
static void
ask_all(struct checking *c)
{
	struct buf name = BUF_INIT;
	const char *schema = NULL;
	bool one = true;

	for (size_t i = 0; i < c->count; i++) {
		if (restore_mysql_schema(c->tables[i].schema) != c->tables[i].schema)
			continue;
		one = one && (!schema || strcmp(schema, c->tables[i].schema) == 0);
		schema = c->tables[i].schema;
	}
	c->database = schema && one ? schema : DATABASE;
	restore_mysql_add_name(&name, c->database);
	(void)query(c, NULL, "USE %s", name.data);
	restore_ask(c->child->subject, SQLDB_MYSQL, ask, c, c->child->answer);
	buf_release(&name);
}

#define CLIENT ".bkm-client"

/* A client of MySQL or MariaDB finds the server by its option file, which beats those of the machine. */
static void
run_command(struct checking *c, struct restore_watch *watch)
{
	static const char options[] =
	    "[client]\nuser=root\nsocket=" RESTORE_SCRATCH "/" RESTORE_MYSQL_SOCKET "\n";
	char *database = mem_printf("BKM_DATABASE=%s", c->database);
	char *const env[] = {(char[]){"MYSQL_UNIX_PORT=" RESTORE_SCRATCH "/" RESTORE_MYSQL_SOCKET},
	    (char[]){"HOME=" RESTORE_SCRATCH "/" CLIENT}, database, NULL};
	int fd = -1;

	if (c->child->subject->command && mkdirat(c->child->rootfd, CLIENT, 0700) == 0)
		fd = openat(c->child->rootfd, CLIENT "/.my.cnf",
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0) {
		(void)fsio_write_all(fd, options, sizeof(options) - 1, "options", NULL);
		(void)close(fd);
	}
	restore_server_command(watch, env);
	free(database);
}

/* A pass says what was not done as the dump has it. */
static void
say_differences(const struct restore_load *load)
{
	struct restore_answer *a = load->watch->child->answer;
	struct buf text = BUF_INIT;

	if (load->system)
		buf_str(&text, "the server's own schemas were loaded beside those that it has; ");
	if (load->left_out)
		buf_printf(&text,
		    "left out: %llu statements about replication or the server itself; ",
		    (unsigned long long)load->left_out);
	if (load->accounts)
		buf_printf(&text,
		    "left out: %llu statements about users, which the server refused; ",
		    (unsigned long long)load->accounts);
	if (load->altered)
		buf_printf(&text,
		    "%llu tables were made with another engine or without an option; ",
		    (unsigned long long)load->altered);
	if (text.len && a->verdict == (int32_t)RECORD_VERDICT_PASS) {
		text.data[text.len - 2] = '\0';
		restore_say(a, RECORD_VERDICT_PASS, NULL, "%s", text.data);
	}
	buf_release(&text);
}

static void
check_restored(const struct restore_load *load)
{
	struct checking c = {.child = load->watch->child, .wire = load->wire};
	struct restore_answer *a = c.child->answer;
	int64_t start = clock_mono_ms();

	if (check_all(&c) != 0) {
		/* The watch may have said it already. */
		if (a->verdict == (int32_t)RECORD_VERDICT_PASS)
			restore_say(a, RECORD_VERDICT_ERROR, "server",
			    "cannot check what was restored: %s", c.wire->message);
		goto out;
	}
	ask_all(&c);
	say_differences(load);
	run_command(&c, load->watch);
out:
	a->check_ms = clock_mono_ms() - start;
	for (size_t i = 0; i < c.count; i++) {
		free(c.tables[i].schema);
		free(c.tables[i].name);
	}
	free(c.tables);
}

/* ---------------------------------------------------------------- the handler */

static int
bid_mysql(const struct restore_probe *probe)
{
	return sqldb_dump_sniff(probe->data, probe->len) == SQLDB_MYSQL ? 60 : 0;
}

/* A dump that is cut or unsafe never comes near a server. */
static void
drill_mysql(struct restore_child *child)
{
	struct restore_answer *a = child->answer;

	restore_read_dump(child, SQLDB_MYSQL);
	if (a->verdict != (int32_t)RECORD_VERDICT_PASS)
		return;
	a->verdict = (int32_t)RECORD_VERDICT_NONE;
	(void)snprintf(a->next, sizeof(a->next), "%s", restore_mysql.name);
}

/* The server that fits best what the dump says it is from. */
static char *
find_mysql(const char *wrote, const char **ret_package)
{
	return restore_mysqld_find(restore_mysql_product(wrote), ret_package);
}

static int
look(void *arg)
{
	return restore_watch_look(arg);
}

static void
load_and_check(struct restore_child *child, struct restore_watch *watch, struct restore_wire *wire)
{
	static const char begin[] = "CREATE DATABASE `" DATABASE "` CHARACTER SET utf8mb4",
			  enter[] = "USE `" DATABASE "`";
	struct restore_load load = {.wire = wire, .watch = watch};
	const struct sqldb_dump_options options = {
	    .dialect = SQLDB_MYSQL, .statement = restore_mysql_send, .arg = &load};
	struct sqldb_dump *dump = sqldb_dump_new(&options);
	int64_t start = clock_mono_ms();
	int r;

	restore_watch_begin(watch);
	if (restore_wire_query(wire, begin, sizeof(begin) - 1, NULL, NULL) != 0 ||
	    restore_wire_query(wire, enter, sizeof(enter) - 1, NULL, NULL) != 0) {
		restore_say(child->answer, RECORD_VERDICT_ERROR, "server",
		    "cannot prepare the database server: %s", wire->message);
		goto out;
	}
	r = restore_mysql_load(&load, dump);
	child->answer->load_ms = clock_mono_ms() - start;
	if (r == 0)
		check_restored(&load);
out:
	restore_mysql_load_release(&load);
	sqldb_dump_free(dump);
}

static void
program_mysql(struct restore_child *child, const char *program)
{
	struct restore_watch watch = {.child = child};
	struct restore_wire wire = {.fd = -1, .idle = look, .idle_arg = &watch};
	struct restore_mysqld server;
	int64_t start = clock_mono_ms();

	if (restore_mysqld_start(&server, &watch, program, &wire) == 0) {
		child->answer->start_ms = clock_mono_ms() - start;
		(void)snprintf(child->answer->server, sizeof(child->answer->server), "%s %.*s",
		    restore_mysql_product(wire.version), (int)strcspn(wire.version, "-"),
		    wire.version);
		load_and_check(child, &watch, &wire);
		restore_wire_close(&wire);
	}
	restore_mysqld_stop(&server, &watch, child->options->keep);
}

const struct restore_handler restore_mysql = {.name = "mysql",
    .bid = bid_mysql,
    .drill = drill_mysql,
    .find = find_mysql,
    .program = program_mysql,
    .server = true,
    .memory = MEMORY,
    .decoded = true};
