/*
 * The series of a location with their schedules applied: what scan, score, report and alert share.
 *
 * Joins what the store knows of a series, what the configuration says about it (schedule, grace,
 * timezone, `series:` rules) and what lib/schedule makes of the two at tool->now.
 */
#ifndef TOOL_SERIES_H
#define TOOL_SERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "config/config.h"
#include "schedule/schedule.h"
#include "store/store.h"

struct tool;

struct tool_series {
	struct store_series row;       /* valid until the next call on the cursor */
	bool ignored;                  /* by a rule: no due times, no findings, not in the score */
	const char *schedule;          /* as configured; NULL: none */
	struct schedule_policy policy; /* its zone lives as long as the cursor */
	struct schedule_state state;   /* an ignored one is unscheduled */
};

/* How the series of a location are named: its `series:` rules that have a name, NULL without one.
 * Valid as long as the location; free() it. The index of a rule is that of location->series. */
struct schedule_naming *tool_naming(const struct config_location *location);

/* The rules as text: two that differ name a backup differently, or may. NULL: none; yours. */
char *tool_naming_text(const struct config_location *location);

struct tool_series_cursor;

/* All series of a location, by name. row is what the store holds of it: a location without
 * last_reached makes every series `unknown`. location must live as long as the cursor. */
int tool_series_open(struct tool *tool, const struct config_location *location,
    const struct store_location *row, struct tool_series_cursor **ret_cursor, struct err *err);
/* 1 filled, 0 at the end, -1. */
int tool_series_next(struct tool_series_cursor *cursor, struct tool_series *ret, struct err *err);
void tool_series_close(struct tool_series_cursor *cursor); /* NULL is fine */

/* The due times from `from` to now of the series that the cursor stands on, oldest first (see
 * schedule_each_due); none for an ignored, unscheduled or unknown one. */
int tool_series_each_due(struct tool_series_cursor *cursor, const struct tool_series *series,
    int64_t from, schedule_due_fn *fn, void *ctx, struct err *err);

/* How many of them there are, and how many were met. */
int tool_series_count(struct tool_series_cursor *cursor, const struct tool_series *series,
    int64_t from, struct schedule_count *ret_count, struct err *err);

/* Append the `series` record (no newline). */
void tool_add_series(struct tool *tool, struct buf *out, const struct config_location *location,
    const struct tool_series *series);

#endif
