// SQLite: a dump is loaded, a database file copied; then integrity, references, rows.
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "restore/restore_private.h"

#define DATABASE "restored.sqlite"

static void
on_table(void *arg, const char *name, bool counted, uint64_t rows)
{
	restore_saw_name(arg, name);
	if (counted)
		restore_add_table(arg, name, rows);
}

static struct sqldb_limits
limits_of(const struct restore_child *child)
{
	uint64_t max = child->options->max_bytes;

	return (struct sqldb_limits){.max_bytes = max < child->space ? max : child->space,
	    .deadline_ms = child->deadline_ms};
}

static void
say_checks(struct restore_child *child, enum sqldb_fault fault, const struct sqldb_checks *checks)
{
	struct restore_answer *a = child->answer;
	struct sqldb_stats stats = {.objects = checks->tables,
	    .tables = checks->tables,
	    .rows = checks->rows,
	    .statements = a->statements,
	    .has_end = true};

	(void)snprintf(a->integrity, sizeof(a->integrity), "%s", checks->integrity);
	(void)snprintf(stats.detail, sizeof(stats.detail), "%s", checks->detail);
	if (fault == SQLDB_FAULT_NONE && checks->tables == 0) {
		fault = SQLDB_FAULT_EMPTY;
		(void)snprintf(stats.detail, sizeof(stats.detail), "no table in it");
	}
	if (checks->foreign_keys)
		a->warnings |= RESTORE_WARN_FOREIGN_KEYS;
	restore_say_dump(a, fault, &stats);
	if (fault == SQLDB_FAULT_NONE)
		a->level = RECORD_LEVEL_RESTORED;
}

/* One query of the configuration. */
static void
ask(void *arg, const char *sql, struct restore_told *ret)
{
	struct sqldb *db = arg;
	bool null;
	enum sqldb_fault fault = sqldb_query(db, sql, ret->text, sizeof(ret->text), &null);

	ret->kind = null ? RESTORE_TOLD_NULL : RESTORE_TOLD_VALUE;
	if (fault == SQLDB_FAULT_NONE)
		return;
	ret->kind = fault == SQLDB_FAULT_TIME ? RESTORE_TOLD_TROUBLE : RESTORE_TOLD_REFUSED;
	(void)snprintf(ret->text, sizeof(ret->text), "%s", sqldb_message(db));
}

static void
check_database(struct restore_child *child)
{
	const struct sqldb_limits limits = limits_of(child);
	struct sqldb_checks checks = {.tables = 0};
	struct sqldb *db = NULL;
	struct err err = {.code = ERR_NONE};
	int64_t start = clock_mono_ms();

	if (sqldb_open(&db, DATABASE, &limits, &err) < 0) {
		restore_say(child->answer, RECORD_VERDICT_ERROR, "io_error", "%s", err.msg);
		return;
	}
	say_checks(child, sqldb_check(db, &checks, on_table, child), &checks);
	if (checks.counted)
		child->answer->has_tables = 1;
	restore_ask(child->subject, SQLDB_SQLITE, ask, db, child->answer);
	child->answer->check_ms = clock_mono_ms() - start;
	sqldb_close(db);
}

/* ---------------------------------------------------------------- database files */

static int
bid_sqlite(const struct restore_probe *probe)
{
	return probe->len >= 16 && memcmp(probe->data, "SQLite format 3", 16) == 0 ? 90 : 0;
}

static void
drill_sqlite(struct restore_child *child)
{
	struct restore_answer *a = child->answer;
	uint8_t header[100];
	size_t len = child->probe.len < sizeof(header) ? child->probe.len : sizeof(header);
	int64_t start = clock_mono_ms();
	enum sqldb_fault fault;
	char detail[160];
	bool wal;

	memcpy(header, child->probe.data, len);
	if (restore_payload(child, DATABASE) < 0)
		return;
	a->unpack_ms = clock_mono_ms() - start;
	fault = sqldb_header(header, len, a->bytes, &wal, detail);
	if (fault != SQLDB_FAULT_NONE) {
		restore_say(a, RECORD_VERDICT_FAIL,
		    fault == SQLDB_FAULT_TRUNCATED ? "truncated" : "damaged", "%s", detail);
		return;
	}
	if (fchdir(child->rootfd) < 0)
		restore_say_errno(a, "cannot enter the scratch directory");
	else
		check_database(child);
}

/* ---------------------------------------------------------------- dumps */

struct loading {
	struct sqldb *db;
	enum sqldb_fault fault;
};

static int
on_statement(void *arg, const char *sql, size_t len)
{
	struct loading *l = arg;

	l->fault = sqldb_execute(l->db, sql, len);
	return l->fault == SQLDB_FAULT_NONE ? 0 : -1;
}

static void
load(struct restore_child *child, struct loading *l)
{
	const struct sqldb_dump_options options = {
	    .dialect = SQLDB_SQLITE, .statement = on_statement, .arg = l};
	struct sqldb_dump *dump = sqldb_dump_new(&options);
	struct sqldb_stats stats;
	enum sqldb_fault fault;
	int64_t start = clock_mono_ms();

	if (restore_feed_dump(child, dump) < 0)
		goto out;
	fault = sqldb_dump_finish(dump);
	stats = *sqldb_dump_stats(dump);
	if (fault == SQLDB_FAULT_STOPPED) {
		fault = l->fault;
		(void)snprintf(stats.detail, sizeof(stats.detail), "line %llu: %.120s",
		    (unsigned long long)stats.line, sqldb_message(l->db));
	}
	child->answer->load_ms = clock_mono_ms() - start;
	restore_say_dump(child->answer, fault, &stats);
out:
	sqldb_dump_free(dump);
}

static int
bid_sqlite_dump(const struct restore_probe *probe)
{
	return sqldb_dump_sniff(probe->data, probe->len) == SQLDB_SQLITE ? 60 : 0;
}

static void
drill_sqlite_dump(struct restore_child *child)
{
	const struct sqldb_limits limits = limits_of(child);
	struct loading l = {.db = NULL};
	struct err err = {.code = ERR_NONE};

	(void)umask(077);
	if (fchdir(child->rootfd) < 0) {
		restore_say_errno(child->answer, "cannot enter the scratch directory");
		return;
	}
	if (sqldb_create(&l.db, DATABASE, &limits, &err) < 0) {
		restore_say(child->answer, RECORD_VERDICT_ERROR, "io_error", "%s", err.msg);
		return;
	}
	load(child, &l);
	sqldb_close(l.db);
	/* By a fresh and defensive connection: what is in the file now is what came back. */
	if (child->answer->verdict == RECORD_VERDICT_PASS)
		check_database(child);
}

const struct restore_handler restore_sqlite = {
    .name = "sqlite", .bid = bid_sqlite, .drill = drill_sqlite};
const struct restore_handler restore_sqlite_dump = {
    .name = "sqlite-dump", .bid = bid_sqlite_dump, .drill = drill_sqlite_dump};
