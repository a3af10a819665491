/*
 * Backup records of many rows of one location: threads read the store and write the records, each
 * through a connection of its own, the caller prints them. Only scan has so many.
 */
#ifndef TOOL_LINES_H
#define TOOL_LINES_H

#include <stdbool.h>

#include "base/base.h"
#include "store/store.h"

struct tool;

/* Print the live backups of a scan, which are in so many parts (store_scan_parts): 1, -1. What is read
 * must be committed. */
int
tool_print_lines(struct tool *tool, const struct store_scan *scan, size_t parts, struct err *err);

/* Did this scan see it for the first time? */
bool tool_is_new(const struct tool *tool, const struct store_backup *row, bool touched);

#endif
