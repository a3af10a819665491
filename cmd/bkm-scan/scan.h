/*
 * One scan of a configured location: the walk of lib/scan, the rules of the configuration, the rows
 * of the store, put together.
 */
#ifndef BKM_SCAN_SCAN_H
#define BKM_SCAN_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "config/config.h"
#include "repository/repository.h"
#include "scan/scan.h"
#include "schedule/schedule.h"
#include "store/store.h"

struct tool;

struct bkm_scan_options {
	int64_t settle;           /* seconds; -1: as configured */
	bool accept_identity;     /* what is mounted there now is the location */
	bool repeats;             /* this run has scanned the location before */
	struct scan_watch *watch; /* every directory is put under it; NULL: none */
	size_t number;            /* of the location, for the watch */
};

struct bkm_scan { /* zero it before the first use */
	const struct config_location *config;
	struct store_location row; /* as it was before this scan; .id is valid */
	struct store_scan *scan;   /* for store_scan_lines; NULL after bkm_scan_stored */
	enum record_location_status status;
	struct buf reasons; /* JSON array; empty for none */
	int64_t free_bytes; /* -1: not known */
	bool reached;

	uint64_t found, added, changed, gone;     /* of this walk */
	uint64_t findings;                        /* backups that are a finding */
	uint64_t backups, bytes;                  /* complete ones on disk */
	uint64_t by_status[SCHEDULE_UNKNOWN + 1]; /* series that are not ignored */

	uint64_t growing;
	int64_t settles;   /* when the first growing one may be complete; CLOCK_NONE */
	bool watched_more; /* directories that the watch did not know */
	bool watch_full;
};

/* Walk the location at tool->now and write what was found; it is committed when this returns. A
 * location that cannot be reached is a result, said on standard error; so are its entries that
 * cannot be looked at, each an error record. Waits for a scan of it by another process. */
int bkm_scan(struct tool *tool, const struct config_location *location,
    const struct bkm_scan_options *options, struct bkm_scan *ret_scan, struct err *err);

/* What the store knows of the location, without looking at it. 0: nothing, it was never scanned. */
int bkm_scan_stored(struct tool *tool, const struct config_location *location,
    struct bkm_scan *ret_scan, struct err *err);
void bkm_scan_release(struct bkm_scan *scan);

/* The snapshots of a location that is a repository. */
struct bkm_snapshots {
	struct scan_entry *entries; /* sorted by name: "restic:ID" */
	size_t count;
	char identity[80]; /* of the repository */
	int64_t free_bytes;
};

/* 0; 1 it could not be listed and ret_trouble says why; -1. ret is to be released in each case. */
int bkm_scan_snapshots(struct tool *tool, const struct config_location *location,
    struct store_scan *scan, struct bkm_snapshots *ret, struct repository_trouble *ret_trouble,
    struct err *err);
void bkm_snapshots_release(struct bkm_snapshots *snapshots);

/* Fill backups, bytes and by_status from the series of its location. */
int bkm_scan_sum(struct tool *tool, struct bkm_scan *scan, struct err *err);

/* Append the `location` record (no newline). */
void bkm_scan_add_location(struct tool *tool, struct buf *out, const struct bkm_scan *scan);

/* --check-config (check.c). What only another command would refuse: ERR_CONFIG or ERR_USAGE. */
int bkm_scan_check_words(const struct config *config, struct err *err);

/* Say that the configuration is ok, and warn of what it names that is not there. */
int bkm_scan_say_config(struct tool *tool, struct err *err);

#endif
