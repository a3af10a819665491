/*
 * Backup records of many rows of one location: one thread reads the store, a second writes the
 * records, the first prints them, in order. Only scan has so many.
 */
#ifndef TOOL_LINES_H
#define TOOL_LINES_H

#include <stdbool.h>

#include "base/base.h"
#include "store/store.h"

struct tool;
struct tool_lines;

int tool_lines_open(struct tool *tool, struct tool_lines **ret_lines, struct err *err);

/* The row's host and location must live until tool_lines_end; the rest of it is copied. */
int tool_lines_add(
    struct tool_lines *lines, const struct store_backup *row, bool is_new, struct err *err);

/* Print what is left. */
int tool_lines_end(struct tool_lines *lines, struct err *err);
void tool_lines_close(struct tool_lines *lines); /* NULL is fine */

#endif
