/*
 * Restore tests in the store: each that ended, and the verdict that stands for a backup.
 */
#ifndef STORE_RESTORE_H
#define STORE_RESTORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "store/drill.h"

struct store;

struct store_restore {
	int64_t backup_id, location_id;
	int64_t at;
	const char *handler; /* NULL: none knew it */
	const char *verdict; /* pass, fail, error, skip */
	const char *reason;  /* NULL: none */
	uint64_t entries, bytes;
	int64_t ms;
	const char *record;              /* the JSON of the line's member */
	const struct store_drill *drill; /* what it brought back; NULL: nothing to remember */
};

/* Remember one. It becomes the standing verdict if it is a pass or a fail, or if no pass or fail
 * stands: an error or a skip never takes the place of a verdict. Inside a transaction. */
int store_restore_put(struct store *store, const struct store_restore *restore, struct err *err);

/* Up to max complete backups of a series but the newest, those first that were never tested or
 * the longest time ago: the sample in rotation. */
int store_restore_sample(struct store *store, int64_t series_id, size_t max, int64_t *ret_ids,
    size_t *ret_count, struct err *err);

#endif
