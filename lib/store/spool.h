/*
 * What a first scan wrote, kept until its lines are written: a row costs a fifth of what it costs to
 * read it back from the store. In a file without a name beside the store, of 48 bytes and a name a row;
 * it goes with the process. Where it cannot be kept (no room to spare, a file system without such
 * files) the lines come from the store.
 */
#ifndef STORE_SPOOL_H
#define STORE_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct store_spool;

struct store_spool_row { /* complete, ok, without a reason, first seen by this scan */
	int64_t id;      /* ascending */
	int64_t dir_id, series_id;
	int64_t mtime;
	uint64_t size;
	uint64_t name_len; /* 0: it is not like that, ask the store */
};

struct store_spool *store_spool_new(const char *beside);
void store_spool_free(struct store_spool *spool); /* NULL is fine */

void
store_spool_add(struct store_spool *spool, const struct store_spool_row *row, const char *name);
/* The store knows more about that row by now. */
void store_spool_amend(struct store_spool *spool, int64_t id);

/* All are there: the number of parts to be read, by any threads from now on; 0: ask the store. */
size_t store_spool_end(struct store_spool *spool);

struct store_spool_reader {
	struct buf part; /* BUF_INIT at first; the caller releases it */
	size_t at, amended;
};
int store_spool_go(const struct store_spool *spool, struct store_spool_reader *reader, size_t part,
    struct err *err);
/* The next row of the part; false behind the last. The name has no NUL behind it. */
bool store_spool_next(const struct store_spool *spool, struct store_spool_reader *reader,
    struct store_spool_row *ret_row, const char **ret_name);

#endif
