/*
 * What a series always brought back, and whether this backup falls behind it. Pure.
 *
 * A series is judged once BASELINE_MIN good tests of older backups are known; each table once it was in
 * the newest BASELINE_MIN of them without a gap. Then
 *
 *	gone    a table is not there any more
 *	empty   a table that had rows in every one of them has none
 *	fewer   rows, files or bytes are below the band of the series
 *
 * The band ends at the median less the widest of five standard deviations (1.4826 times the median
 * absolute deviation, of the values or of their steps, the lesser), half of the median and a floor, and
 * never above three quarters of the least that was seen: what has been as low before is no surprise,
 * and growth never is one.
 *
 * Tables whose names differ in their digits only, and come and go (log_2026_10, log_2026_11), are one:
 * it is gone when fewer than half of the least number of them are left.
 */
#ifndef RESTORE_BASELINE_H
#define RESTORE_BASELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RESTORE_BASELINE_MIN 5
#define RESTORE_BASELINE_MAX 30 /* tests that are looked at */

#define RESTORE_FLOOR_ROWS  UINT64_C(10)
#define RESTORE_FLOOR_FILES UINT64_C(5)
#define RESTORE_FLOOR_BYTES (UINT64_C(1) << 20)

struct restore_table;

/* What one good test brought back. */
struct restore_seen {
	int64_t time;   /* of the backup */
	bool has_files; /* files and bytes of a tree */
	bool has_rows;  /* tables and rows of a database, all together */
	bool listed;    /* and of each table */
	uint64_t files, bytes, tables, rows;
	const struct restore_table *list;
	size_t list_count;
};

/* A person took it as right that name is as it is since the backup of that time. */
struct restore_accepted {
	const char *name;
	int64_t time;
};

struct restore_baseline {
	const struct restore_seen *seen; /* of older backups, the newest first */
	size_t count;
	const struct restore_accepted *accepted;
	size_t accepted_count;
};

enum restore_shrunk_kind {
	RESTORE_SHRUNK_GONE,
	RESTORE_SHRUNK_EMPTY,
	RESTORE_SHRUNK_FEWER,
};

/* One thing that falls behind. */
struct restore_shrunk {
	enum restore_shrunk_kind kind;
	const char *what; /* "table", "tables", "rows", "files", "bytes" */
	char
	    *name; /* of the table, its digits as # where it stands for several; else what; owned */
	uint64_t now;   /* rows, files, bytes; of what is gone its number: 0 */
	uint64_t usual; /* the median */
};

/* How many good tests now is judged by; fewer than RESTORE_BASELINE_MIN: it is not. ret_shrunk gets an
 * array of *ret_count (NULL for none), the worst first; restore_shrunk_free() it. */
size_t restore_baseline_judge(const struct restore_baseline *baseline,
    const struct restore_seen *now, struct restore_shrunk **ret_shrunk, size_t *ret_count);
void restore_shrunk_free(struct restore_shrunk *shrunk, size_t count);

#endif
