/*
 * The score of a location at tool->now, for whoever needs it: score, report, alert.
 *
 * It is always computed from what the store knows now; stored scores are history only.
 */
#ifndef TOOL_SCORE_H
#define TOOL_SCORE_H

#include <stdint.h>

#include "base/base.h"
#include "config/config.h"
#include "score/score.h"
#include "tool/series.h"

struct tool;

/* Called with each series that counts (ignored ones do not), in the order of names. */
typedef void
tool_score_fn(void *ctx, const struct tool_series *series, const struct score_series *facts);

/* The finished score of a location over a window of that many days (0: all of them). fn may be NULL;
 * ret_location_id, if not NULL, gets its number in the store, 0 if it was never scanned. */
int tool_score_location(struct tool *tool, const struct config_location *location, uint64_t days,
    tool_score_fn *fn, void *ctx, struct score *ret_score, int64_t *ret_location_id,
    struct err *err);

/* The options of the configuration, for score_overall(); location NULL: nothing is switched off. */
struct score_options
tool_score_options(const struct tool *tool, const struct config_location *location);

/* Fill the part of a score line that is history (previous) from the store. */
int tool_score_previous(struct tool *tool, int64_t location_id, uint64_t days,
    struct score_line *line, struct err *err);

#endif
