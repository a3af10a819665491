/*
 * Names: which files are backups at all, and which say themselves that they are not finished.
 */
#ifndef SCAN_NAME_H
#define SCAN_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/base.h"
#include "schedule/schedule.h"

/* Manifests, sidecars, signatures, logs and read-me files: never backups. name is a base name. */
bool scan_name_is_sidecar(const char *name, size_t len);

/* "*.tmp", "*.part", ".~*" and the like: a tool is still writing it, or died doing so. */
bool scan_name_is_partial(const char *name, size_t len);

/* The name that a partial file will have when it is finished: its part of name. Others: all of it. */
const char *scan_name_final(const char *name, size_t len, size_t *ret_len);

/* Names the series of files, directory by directory. For one thread. */
struct scan_namer;

/* naming is borrowed; NULL: no rules. */
struct scan_namer *scan_namer_new(const struct schedule_naming *naming);
void scan_namer_free(struct scan_namer *namer); /* NULL is fine */

/* Go to this directory, relative to the location: none at first, and after "". */
void scan_namer_dir(struct scan_namer *namer, const char *dir, size_t len);

/* The series of a file there, as schedule_series_named: its length, and *ret_series, which lives until the
 * next call. A partial file belongs to the series of the name it will have. ret_rule may be NULL. */
size_t scan_namer_series(struct scan_namer *namer, const char *name, size_t len,
    const char **ret_series, size_t *ret_rule);

struct scan_patterns { /* fnmatch patterns, each tried on the relative path and the base name */
	const char *const *include; /* none: everything */
	size_t include_count;
	const char *const *exclude;
	size_t exclude_count;
};

/* Of a file or a unit. */
bool scan_name_is_wanted(const struct scan_patterns *patterns, const char *path, const char *name);

/* Of a directory on the way: true means that nothing below it is looked at. */
bool
scan_name_is_excluded(const struct scan_patterns *patterns, const char *path, const char *name);

/* The built-in patterns of sidecars, one after another, NULL behind the last: for a test. */
const char *scan_name_sidecar(size_t i);

#endif
