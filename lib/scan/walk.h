/*
 * The walk: two threads list directories and look at each entry, the caller takes the listings.
 *
 * Directories are opened by path below the descriptor of the root, never through a symbolic link
 * and, unless cross_device, never on another file system. Nothing but directories is ever opened:
 * regular files are looked at by name (statx), links, FIFOs, sockets and devices are passed over
 * by their type. Each directory is entered once however often it is mounted; a path may be longer
 * than PATH_MAX. A very large directory comes in several parts, so that memory stays small.
 */
#ifndef SCAN_WALK_H
#define SCAN_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "scan/name.h"
#include "scan/watch.h"

enum scan_unit {
	SCAN_UNIT_FILE,      /* each regular file is a backup */
	SCAN_UNIT_DIRECTORY, /* each directory in the root is one */
};

struct scan_walk_options {
	const char *path; /* of the location; may itself be a symbolic link */
	enum scan_unit unit;
	struct scan_patterns patterns;
	bool cross_device;
	bool series; /* name the series of each entry: for a location that is all new */
	const struct schedule_naming *naming; /* for that; NULL: no rules. Read by the threads */
	unsigned threads;                     /* 0: two */
	const struct scan_watch
	    *watch;     /* put what is listed under it; NULL: none. Used by the threads */
	int timeout_ms; /* a file system that does not answer for so long is given up; 0: never */
};

struct scan_entry {
	const char *name; /* bytes, NUL-terminated */
	uint32_t name_len;
	uint32_t mtime_nsec;
	int64_t mtime;
	uint64_t size;
	uint64_t inode;
	const char *series; /* see scan_walk_options; NULL: not named */
	uint32_t series_len;
	uint32_t series_rule; /* index of the naming rule that named it; UINT32_MAX: none */
	const char *entries;  /* unit: directory: hex digest over all that is in it; else NULL */
};

struct scan_problem {       /* what could not be looked at */
	char *path;         /* relative to the location, "" is its root; bytes */
	const char *reason; /* a word of RECORD_LIST_ERROR_REASON */
	const char *what;   /* "cannot open directory" */
	int sys;            /* errno */
};

#define SCAN_DIGEST 16 /* bytes of a digest of a part */

struct scan_listing {
	const char *path; /* of the directory, relative to the location; "" is its root */
	size_t path_len;
	uint64_t device;
	const struct scan_entry *entries; /* the candidates, sorted by memcmp of their names */
	size_t count;
	bool first; /* the first part of this directory */
	bool last;  /* and the last */
	/* The directory could not be read, or not to its end: what is not listed may be there. */
	bool incomplete;
	int watch;                   /* of the first part: what scan_watch_put said; 0: nothing */
	bool has_digest;             /* not of unit: directory, nor of what is incomplete */
	uint8_t digest[SCAN_DIGEST]; /* over names, sizes and mtimes of the entries */
	const struct scan_problem *problems;
	size_t problem_count;
};

struct scan_walk;

/* Where the location is, and whether it is still the same: from the open root. */
struct scan_root {
	char identity[80];  /* of the file system and the directory */
	int64_t free_bytes; /* for an unprivileged user; -1 unknown */
};

/* Open the root and start. -1: it cannot be opened or read; err->sys says why (ETIMEDOUT: it does not
 * answer). */
int scan_walk_open(struct scan_walk **ret_walk, const struct scan_walk_options *options,
    struct scan_root *ret_root, struct err *err);

/* The next listing: 1, 0 at the end of the walk, -1 and err->sys ETIMEDOUT when nothing has moved for
 * timeout_ms; 2 nothing within wait_ms (negative: wait, for ever if need be).
 * All parts of a directory follow each other. The listing lives until the next call. */
int scan_walk_next(
    struct scan_walk *walk, int wait_ms, const struct scan_listing **ret, struct err *err);

/* Stops the threads; NULL is fine. One that is stuck in the kernel is left behind, and looks at
 * nothing of the options any more if it should come back. */
void scan_walk_close(struct scan_walk *walk);

#endif
