/*
 * store, the part that reports need: figures over all, failed verdicts, the files that were written.
 *
 * Included through store/store.h.
 */
#ifndef STORE_REPORT_H
#define STORE_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct store;

struct store_statistics {
	int64_t bytes;                      /* of the file, without what waits in its log */
	int64_t locations, series, backups; /* backups: complete ones on disk */
	int64_t verifications, restores;    /* verdicts ever recorded */
};

/* Costs the same however many backups and verdicts there are. */
int store_statistics(struct store *store, struct store_statistics *ret_statistics, struct err *err);

/* How many backups on disk of each series of a location have a standing verdict of fail, of
 * verification or restore test, and the first and last number among them: fn once for each series
 * that has some, by series id. */
struct store_failed {
	int64_t series_id;
	uint64_t count;
	int64_t first_id, last_id;
};
typedef void store_failed_fn(void *arg, const struct store_failed *failed);
int store_report_failed(
    struct store *store, int64_t location_id, store_failed_fn *fn, void *arg, struct err *err);

/* The newest score of a location (0: over all) and window that is not younger than at: 1 found,
 * 0 there is none that is a number, -1. */
int store_report_score(struct store *store, int64_t location_id, int64_t days, int64_t at,
    double *ret_score, struct err *err);

/* A file was written. Inside the caller's transaction. */
int store_report_put(struct store *store, int64_t at, const char *format, const char *path,
    uint64_t bytes, struct err *err);

#endif
