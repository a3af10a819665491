// The score of a location from what the store knows now.
#include "tool/score.h"

#include "tool/tool.h"

struct fails { /* ids of series, ascending */
	int64_t *ids;
	size_t count, cap;
};

static int
add_fail(void *arg, int64_t id)
{
	struct fails *fails = arg;

	MEM_GROW(fails->ids, fails->count, fails->cap);
	fails->ids[fails->count++] = id;
	return 0;
}

static bool
has_fail(const struct fails *fails, int64_t id)
{
	size_t low = 0, high = fails->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (fails->ids[middle] == id)
			return true;
		if (fails->ids[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

struct score_options
tool_score_options(const struct tool *tool, const struct config_location *location)
{
	const struct config *config = tool->config;

	return (struct score_options){
	    .weights =
		{
		    [SCORE_BACKUP] = config->scoring.weight_backup,
		    [SCORE_VERIFICATION] = config->scoring.weight_verification,
		    [SCORE_RESTORE] = config->scoring.weight_restore,
		},
	    .off =
		{
		    [SCORE_VERIFICATION] = location && !location->verify_integrity,
		    [SCORE_RESTORE] = location && !location->test_restore,
		},
	    .good = config->scoring.good,
	    .warning = config->scoring.warning,
	};
}

static int
gather(struct tool_series_cursor *cursor, struct tool *tool, const struct tool_series *series,
    int64_t from, struct score_series *facts, struct err *err)
{
	struct store_score_sums sums;
	struct schedule_count count;
	enum record_level min_level =
	    (enum record_level)record_word_find(RECORD_LIST_LEVEL, tool->config->scoring.min_level);

	if (tool_series_count(cursor, series, from, &count, err) < 0 ||
	    store_score_sums(tool->store, series->row.id, series->row.newest.id, from, min_level,
		&sums, err) < 0)
		return -1;
	*facts = (struct score_series){
	    .status = series->state.status,
	    .due = count.due,
	    .met = count.met,
	    .ok = sums.ok,
	    .failed = sums.failed,
	    .complete = sums.complete,
	    .verified_pass = sums.verified_pass,
	    .verified_fail = sums.verified_fail,
	    .restored_pass = sums.restored_pass,
	    .restored_fail = sums.restored_fail,
	    .has_newest = series->row.newest.id != 0,
	    .newest_verification = sums.newest_verification,
	    .newest_restore = sums.newest_restore,
	};
	return 0;
}

static int
add_series(struct tool *tool, const struct config_location *location,
    const struct store_location *row, int64_t from, tool_score_fn *fn, void *ctx,
    struct score *score, struct err *err)
{
	struct tool_series_cursor *cursor = NULL;
	struct tool_series series;
	struct fails fails = {0};
	int r = store_score_fails(tool->store, row->id, add_fail, &fails, err);

	if (r == 0)
		r = tool_series_open(tool, location, row, &cursor, err);
	while (r >= 0 && (r = tool_series_next(cursor, &series, err)) > 0) {
		struct score_series facts;

		if (series.ignored)
			continue;
		r = gather(cursor, tool, &series, from, &facts, err);
		if (r < 0)
			break;
		facts.any_fail = has_fail(&fails, series.row.id);
		score_add(score, &facts);
		if (fn)
			fn(ctx, &series, &facts);
	}
	tool_series_close(cursor);
	free(fails.ids);
	return r;
}

int
tool_score_location(struct tool *tool, const struct config_location *location, uint64_t days,
    tool_score_fn *fn, void *ctx, struct score *ret_score, int64_t *ret_location_id,
    struct err *err)
{
	struct score_options options = tool_score_options(tool, location);
	int64_t from = days ? tool->now - (int64_t)days * CLOCK_DAY : 0;
	struct store_location row = {0};
	enum record_location_status status = RECORD_LOCATION_NONE;
	struct score score;
	int r = store_location_find(tool->store, tool->host, location->name, &row, err);

	if (r < 0)
		return -1;
	if (r > 0 && row.last_scan != CLOCK_NONE)
		status = (enum record_location_status)record_word_find(
		    RECORD_LIST_LOCATION_STATUS, row.status);
	score_begin(&score, &options, status);
	if (r > 0 && status != RECORD_LOCATION_NONE)
		r = add_series(tool, location, &row, from, fn, ctx, &score, err);
	if (ret_location_id)
		*ret_location_id = row.id;
	store_location_release(&row);
	if (r < 0)
		return -1;
	score_finish(&score);
	*ret_score = score;
	return 0;
}

int
tool_score_previous(
    struct tool *tool, int64_t location_id, uint64_t days, struct score_line *line, struct err *err)
{
	struct store_score last;
	int r = store_score_last(tool->store, location_id, (int64_t)days, &last, err);

	if (r <= 0)
		return r;
	line->has_previous = true;
	line->previous_known = last.known;
	line->previous = last.score;
	line->previous_grade = last.grade;
	return 0;
}
