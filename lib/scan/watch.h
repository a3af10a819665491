/*
 * The watch: directories under inotify, so that a change is noticed within a second. It is a hint
 * only: what it misses (an overflow, a network file system, the limit of watches) the periodic
 * rescan finds.
 */
#ifndef SCAN_WATCH_H
#define SCAN_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/base.h"

struct scan_watch;

/* -1 if the kernel has no inotify left for us. */
int scan_watch_open(struct scan_watch **ret_watch, struct err *err);
void scan_watch_close(struct scan_watch *watch); /* NULL is fine */

int scan_watch_fd(const struct scan_watch *watch); /* for poll() */

/* Watch the directory of a location (a number of the caller's). 1: it was not watched before, 0: it
 * was, or cannot be; full is set once the limit of watches is reached. */
int scan_watch_add(struct scan_watch *watch, const char *path, size_t location, bool *ret_full);

/* Read what happened and call fn with each location that is concerned, perhaps more than once; with
 * SCAN_WATCH_ALL after an overflow. */
#define SCAN_WATCH_ALL ((size_t)-1)
void scan_watch_read(struct scan_watch *watch, void (*fn)(void *arg, size_t location), void *arg);

#endif
