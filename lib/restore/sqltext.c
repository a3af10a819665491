// Text dumps: read to the last byte, counted, their end demanded.
#include "restore/restore_private.h"
#include "sqldb/sqldb.h"

/* Bytes between two looks at the clock. */
#define CLOCK_STEP (UINT64_C(16) << 20)

static void
on_table(void *arg, const char *name)
{
	restore_saw_name(arg, name);
}

static void
say_stats(struct restore_answer *a, const struct sqldb_stats *stats)
{
	a->statements = stats->statements;
	a->tables = stats->tables;
	a->rows = stats->rows;
	a->entries = stats->tables ? stats->tables : stats->objects;
	a->level = RECORD_LEVEL_COMPLETE;
}

void
restore_say_dump(struct restore_answer *a, enum sqldb_fault fault, const struct sqldb_stats *stats)
{
	const char *reason = "damaged";

	say_stats(a, stats);
	switch (fault) {
	case SQLDB_FAULT_NONE:
		if (stats->has_end) {
			restore_say(a, RECORD_VERDICT_PASS, NULL, "%s", "");
			return;
		}
		a->warnings |= RESTORE_WARN_NO_END;
		a->level = RECORD_LEVEL_READ;
		restore_say(a, RECORD_VERDICT_SKIP, "unverifiable",
		    "a dump without an end marker: where it ends says nothing");
		return;
	case SQLDB_FAULT_TRUNCATED:
		reason = "truncated";
		break;
	case SQLDB_FAULT_DAMAGED:
		break;
	case SQLDB_FAULT_UNSAFE:
		reason = "unsafe";
		break;
	case SQLDB_FAULT_EMPTY:
		reason = "empty";
		break;
	case SQLDB_FAULT_LIMIT:
		reason = "bomb";
		break;
	case SQLDB_FAULT_UNSUPPORTED:
		restore_say(a, RECORD_VERDICT_SKIP, "unsupported", "%s", stats->detail);
		return;
	case SQLDB_FAULT_TIME:
	case SQLDB_FAULT_STOPPED:
		restore_say(a, RECORD_VERDICT_ERROR, "timeout", "%s", stats->detail);
		return;
	case SQLDB_FAULT_NO_SPACE:
	case SQLDB_FAULT_IO:
		restore_say(a, RECORD_VERDICT_ERROR,
		    fault == SQLDB_FAULT_IO ? "io_error" : "no_space", "%s", stats->detail);
		return;
	}
	a->level = RECORD_LEVEL_NONE;
	restore_say(a, RECORD_VERDICT_FAIL, reason, "%s", stats->detail);
}

/* All decoded bytes through the reader: 0, or -1 if the compression failed or the time is over and
 * the answer says so. A fault of the dump itself does not end the reading of the compression. */
int
restore_feed_dump(struct restore_child *child, struct sqldb_dump *dump)
{
	const struct codec_status *status = codec_status(child->codec);
	uint64_t next_look = CLOCK_STEP;
	const uint8_t *data;
	struct err err;
	ssize_t n;

	while ((n = codec_read(child->codec, &data, &err)) > 0) {
		if (sqldb_dump_feed(dump, data, (size_t)n) < 0)
			break;
		child->answer->bytes += (uint64_t)n;
		if (status->out < next_look)
			continue;
		next_look = status->out + CLOCK_STEP;
		if (clock_mono_ms() > child->deadline_ms) {
			restore_say(child->answer, RECORD_VERDICT_ERROR, "timeout",
			    "the time limit was reached");
			return -1;
		}
	}
	if (n >= 0 || status->fault == CODEC_FAULT_NONE)
		return 0;
	restore_say_codec(child->answer, status);
	return -1;
}

void
restore_read_dump(struct restore_child *child, enum sqldb_dialect dialect)
{
	const struct sqldb_dump_options options = {
	    .dialect = dialect, .table = on_table, .arg = child};
	struct sqldb_dump *dump = sqldb_dump_new(&options);
	int64_t start = clock_mono_ms();

	if (restore_feed_dump(child, dump) == 0) {
		enum sqldb_fault fault = sqldb_dump_finish(dump);

		restore_say_dump(child->answer, fault, sqldb_dump_stats(dump));
		(void)snprintf(child->answer->wrote, sizeof(child->answer->wrote), "%s",
		    sqldb_dump_stats(dump)->server);
	}
	child->answer->unpack_ms = clock_mono_ms() - start;
	sqldb_dump_free(dump);
}
