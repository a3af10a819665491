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

static int
feed_dump(struct restore_child *child, struct restore_pg_load *load)
{
	return restore_feed_dump(child, load->dump) < 0 ? -1 : restore_pg_load_finish(load);
}

static void
program_pgsql(struct restore_child *child, const char *postgres)
{
	restore_pg_bring_back(child, postgres, feed_dump);
}

const struct restore_handler restore_pgsql = {RESTORE_PG_HANDLER, .find = restore_pg_find_server,
    .name = "pgsql", .bid = bid_pgsql, .drill = drill_pgsql, .program = program_pgsql,
    .decoded = true};
