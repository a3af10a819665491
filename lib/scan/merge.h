/*
 * The merge: a listing and what was known of the same directory, both sorted by name, compared in
 * one pass. What is new, changed or gone goes out through callbacks; what is unchanged costs
 * nothing but the comparison.
 */
#ifndef SCAN_MERGE_H
#define SCAN_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "record/record.h"
#include "scan/judge.h"
#include "scan/walk.h"

#define SCAN_MERGE_ROWS 512 /* known rows that are asked for at once */

struct scan_known { /* a backup as it was last seen */
	int64_t id;
	const char *name;
	size_t name_len;
	uint64_t size;
	int64_t mtime;
	uint32_t mtime_nsec;
	enum record_state state;
	const char *reasons; /* JSON array or NULL */
	const char *entries; /* unit: directory, or NULL */
	int64_t first_seen, changed_at;
};

struct scan_found { /* a backup as it is now, and what the rules make of it */
	const struct scan_entry *entry;
	uint64_t device;
	const char *series;
	size_t series_len;
	const struct scan_judgement *judgement;
	int64_t changed_at;
};

struct scan_merge_ops {
	void *arg;
	/* Go to this directory; *ret_digests, which is NULL, may be set to what `listed` was given for it
	 * if its rows are still those: it lives until the next call. */
	int (*dir)(void *arg, const char *path, size_t len, const uint8_t **ret_digests,
	    size_t *ret_len, struct err *err);
	/* Rows of it behind a name, in the order of names, until the next call. */
	int (*known)(void *arg, const char *after, size_t after_len, struct scan_known *rows,
	    size_t max, size_t *ret_count, struct err *err);
	/* New; replaces is the id of the complete generation it has overwritten, or 0. */
	int (*add)(void *arg, const struct scan_found *found, int64_t replaces, struct err *err);
	int (*change)(void *arg, int64_t id, const struct scan_found *found, struct err *err);
	int (*gone)(void *arg, int64_t id, struct err *err);
	/* The digests of all parts of the directory at hand. As long as its rows are as they will be
	 * after this scan, a directory with the same digests is unchanged, and none of its rows has to
	 * be looked at: no time that passes makes them anything else. NULL: nobody wants to know. */
	int (*listed)(void *arg, const uint8_t *digests, size_t len, struct err *err);
	/* The least size of a backup of that series, named by that rule or SCHEDULE_NAMING_NONE;
	 * NULL: none. */
	uint64_t (*min_size)(void *arg, const char *series, size_t rule);
	const struct schedule_naming *naming; /* NULL: no rules */
};

struct scan_merge_counts {
	uint64_t found;   /* candidates that are on disk */
	uint64_t matched; /* of them known and unchanged */
	uint64_t added, changed, gone;
	uint64_t growing; /* being written now */
	int64_t settles;  /* when the first of them may be complete; CLOCK_NONE without one */
};

struct scan_merge;

struct scan_merge *scan_merge_new(const struct scan_merge_ops *ops, int64_t now, int64_t settle);
void scan_merge_free(struct scan_merge *merge);

/* One listing; the parts of a directory one after another. */
int
scan_merge_listing(struct scan_merge *merge, const struct scan_listing *listing, struct err *err);

const struct scan_merge_counts *scan_merge_counts(const struct scan_merge *merge);

#endif
