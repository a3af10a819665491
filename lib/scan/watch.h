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

/* Watch a directory: a number for scan_watch_note, or a negative errno. For any thread: it may block
 * for as long as the file system does not answer. */
int scan_watch_put(const struct scan_watch *watch, const char *path);
/* That directory belongs to a location (a number of the caller's); 0 and errors are none. Was it not
 * watched before? full is set once the limit of watches is reached. */
bool scan_watch_note(struct scan_watch *watch, int wd, size_t location, bool *ret_full);

/* Read what happened and call fn with each location that is concerned, perhaps more than once; with
 * SCAN_WATCH_ALL after an overflow. */
#define SCAN_WATCH_ALL ((size_t)-1)
void scan_watch_read(struct scan_watch *watch, void (*fn)(void *arg, size_t location), void *arg);

#endif
