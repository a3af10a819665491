// Dumps of PostgreSQL: judged as text first, then loaded into a throw-away server.
#include "restore/pg_private.h"

static int
bid_pgsql(const struct restore_probe *probe)
{
	return sqldb_dump_sniff(probe->data, probe->len) == SQLDB_POSTGRES ? 60 : 0;
}

/* What is cut or hostile needs no server to be told. */
static void
drill_pgsql(struct restore_child *child)
{
	struct restore_answer *a = child->answer;

	restore_read_dump(child, SQLDB_POSTGRES);
	if (a->verdict != RECORD_VERDICT_PASS)
		return;
	if (a->tables == 0 && a->rows > 0) {
		restore_say(a, RECORD_VERDICT_SKIP, "unverifiable",
		    "rows without their tables: there is nothing to load them into");
		return;
	}
	a->verdict = RECORD_VERDICT_NONE;
	(void)snprintf(a->next, sizeof(a->next), "%s", restore_pgsql.name);
}

static void
program_pgsql(struct restore_child *child, const char *postgres)
{
	struct restore_watch watch = {.child = child};
	struct restore_pg_load load;
	int64_t start;

	if (restore_pg_start(&watch, postgres) < 0)
		return;
	start = clock_mono_ms();
	if (restore_pg_load_init(&load, child, &watch) == 0) {
		int r = restore_feed_dump(child, load.dump);

		if (r == 0)
			r = restore_pg_load_finish(&load);
		child->answer->load_ms = clock_mono_ms() - start;
		if (r == 0)
			restore_pg_check(&load);
	}
	restore_pg_load_release(&load);
}

const struct restore_handler restore_pgsql = {.name = "pgsql",
    .bid = bid_pgsql,
    .drill = drill_pgsql,
    .find = restore_pg_find_server,
    .program = program_pgsql,
    .prepare = restore_pg_prepare,
    .mould = RESTORE_PG_DATA,
    .server = true,
    .decoded = true};
