// Any bytes as a dump or a database: the counts do not depend on the pieces it comes in, a prefix of
// a dump that passes is never complete by accident of the reader, and SQLite's checks end.
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sqldb/sqldb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum sqldb_fault
read_dump(enum sqldb_dialect dialect, const uint8_t *data, size_t size, size_t step,
    struct sqldb_stats *stats)
{
	const struct sqldb_dump_options options = {.dialect = dialect};
	struct sqldb_dump *dump = sqldb_dump_new(&options);
	enum sqldb_fault fault;

	for (size_t i = 0; i < size; i += step) {
		if (sqldb_dump_feed(dump, data + i, size - i < step ? size - i : step) < 0)
			break;
	}
	fault = sqldb_dump_finish(dump);
	*stats = *sqldb_dump_stats(dump);
	sqldb_dump_free(dump);
	return fault;
}

static void
pieces_agree(enum sqldb_dialect dialect, const uint8_t *data, size_t size)
{
	struct sqldb_stats whole, pieces;
	enum sqldb_fault a = read_dump(dialect, data, size, size, &whole);
	enum sqldb_fault b = read_dump(dialect, data, size, 3, &pieces);

	/* A NUL is noticed when its piece comes, so only what stands before it may differ. */
	if (memchr(data, '\0', size))
		return;
	assert(a == b);
	assert(whole.statements == pieces.statements && whole.rows == pieces.rows);
	assert(whole.tables == pieces.tables && whole.ended == pieces.ended);
}

static int
execute(void *arg, const char *sql, size_t len)
{
	return sqldb_execute(arg, sql, len) == SQLDB_FAULT_NONE ? 0 : -1;
}

static void
load(const uint8_t *data, size_t size)
{
	struct sqldb_limits limits = {
	    .max_bytes = 1 << 20, .memory = 64 << 20, .deadline_ms = clock_mono_ms() + 1000};
	struct sqldb *db = NULL;
	struct sqldb_checks checks;
	struct sqldb_dump_options options = {.dialect = SQLDB_SQLITE, .statement = execute};
	struct sqldb_dump *dump;
	struct err err;

	(void)unlink("fuzz.sqlite");
	if (sqldb_create(&db, "fuzz.sqlite", &limits, &err) < 0)
		return;
	options.arg = db;
	dump = sqldb_dump_new(&options);
	(void)sqldb_dump_feed(dump, data, size);
	(void)sqldb_dump_finish(dump);
	sqldb_dump_free(dump);
	(void)sqldb_check(db, &checks, NULL, NULL);
	sqldb_close(db);
}

static void
open_database(const uint8_t *data, size_t size)
{
	struct sqldb_limits limits = {.memory = 64 << 20, .deadline_ms = clock_mono_ms() + 1000};
	struct sqldb_checks checks;
	struct sqldb *db = NULL;
	char detail[160];
	struct err err;
	FILE *f = fopen("fuzz.sqlite", "w");
	bool wal;

	if (!f)
		return;
	(void)fwrite(data, 1, size, f);
	(void)fclose(f);
	(void)sqldb_header(data, size, size, &wal, detail);
	if (sqldb_open(&db, "fuzz.sqlite", &limits, &err) == 0)
		(void)sqldb_check(db, &checks, NULL, NULL);
	sqldb_close(db);
}

/* The databases lie in a directory of their own, in which sqldb expects to be. */
static void
in_place(void (*fn)(const uint8_t *, size_t), const uint8_t *data, size_t size)
{
	static char place[] = "/tmp/bkm-fuzz-XXXXXX";
	static int home = -1, there = -1;

	if (there < 0) {
		home = open(".", O_RDONLY | O_DIRECTORY);
		there = mkdtemp(place) ? open(place, O_RDONLY | O_DIRECTORY) : -1;
	}
	if (home < 0 || there < 0 || fchdir(there) < 0)
		return;
	fn(data, size);
	(void)unlink("fuzz.sqlite");
	if (fchdir(home) < 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > 65536)
		return 0;
	(void)sqldb_dump_sniff(data, size);
	switch (data[0] % 5) {
	case 0:
		pieces_agree(SQLDB_POSTGRES, data + 1, size - 1);
		break;
	case 1:
		pieces_agree(SQLDB_MYSQL, data + 1, size - 1);
		break;
	case 2:
		pieces_agree(SQLDB_SQLITE, data + 1, size - 1);
		break;
	case 3:
		in_place(load, data + 1, size - 1);
		break;
	default:
		in_place(open_database, data + 1, size - 1);
		break;
	}
	return 0;
}
