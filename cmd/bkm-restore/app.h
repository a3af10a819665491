/* What the parts of bkm-restore share: the tool, the options, the scratch directory, the plan. */
#ifndef BKM_RESTORE_APP_H
#define BKM_RESTORE_APP_H

#include "restore/restore.h"
#include "sandbox/sandbox.h"
#include "tool/tool.h"

struct app_pending; /* a row for the store, queued until the next commit */

/* The backup that is tested: its row is gone with the next call into the store. */
struct app_target {
	int64_t id, location_id, series_id;
	int64_t time; /* of the backup; CLOCK_NONE: a file that was named */
	int64_t size;
};

struct app_stale { /* a series whose newest backup is older than its schedule allows */
	int64_t series_id, due;
};

struct app {
	struct tool tool;

	/* options */
	bool latest, force, due, keep, reap, history;
	struct tool_list accept; /* ids */
	bool sample_given;
	uint64_t sample;
	const char *scratch, *require;
	uint64_t max_bytes, max_entries, max_ratio;
	int64_t max_time;

	struct restore_options restore;
	struct restore_program *programs;
	struct sandbox_scratch *drill; /* the scratch directory; made for the first drill */
	struct app_pending *pending;
	size_t pending_count, pending_cap;
	int64_t *chosen; /* ids that the rotation of this run chose, sorted by series */
	int64_t *series; /* the series that were asked */
	size_t chosen_count, chosen_cap, series_count, series_cap;

	struct app_stale *stale;
	size_t stale_count, stale_cap;
	int64_t *asked; /* the locations that were asked for them */
	size_t asked_count, asked_cap;

	size_t judged; /* backups that --require looked at */
	uint64_t passes, fails, errors, skips, not_due;
};

/* setup.c */
int app_setup(struct app *app, struct err *err); /* behind tool_open */
void app_remove_scratch(struct app *app);
void app_release(struct app *app); /* after tool_close, which commits what is queued */
const char *app_scratch_base(const struct app *app);

/* plan.c: 1 the backup is to be tested now, 0 not, -1 */
int app_is_due(struct app *app, const struct tool_backup *backup, struct err *err);
/* Is it one that --require wants a pass of? */
bool app_is_wanted(const struct app *app, const struct tool_backup *backup);

/* stale.c: is it the newest of a series that is late? 1 and when one was due, 0, -1. What is judged so
 * is never stored: it is true of now, not of the backup. */
int
app_is_stale(struct app *app, const struct tool_backup *backup, int64_t *ret_due, struct err *err);
void app_say_stale(struct restore_result *result, int64_t time, int64_t due);

/* baseline.c: what a series brought back before, for restore_baseline_judge(). */
struct app_baseline {
	struct restore_baseline rules;
	struct restore_seen seen[RESTORE_BASELINE_MAX];
	struct restore_accepted *accepted;
	size_t accepted_cap;
};
int app_baseline_load(struct app *app, const struct app_target *target,
    struct app_baseline *ret_baseline, struct err *err);
void app_baseline_release(struct app_baseline *baseline);

/* accept.c: the backups that --accept names, one after another: 1, 0 at the end, -1. */
int app_accept_check(struct app *app, struct err *err);
int app_accept_next(struct app *app, size_t *pos, struct record *rec, struct err *err);

/* history.c: how long the tests of each series took */
int app_history(struct app *app, struct err *err);

/* queue.c: what result owns is taken over */
void
app_queue(struct app *app, const struct app_target *target, const struct restore_subject *subject,
    int64_t at, struct restore_result *result, const struct buf *json);
int app_commit(void *ctx, struct err *err); /* what was queued */

/* drill.c: test one backup and put the verdict on its line */
int
app_drill(struct app *app, struct record *rec, const struct tool_backup *backup, struct err *err);

/* snapshot.c: the test of a snapshot of a repository */
int app_snapshot(struct app *app, const struct config_location *location,
    const struct restore_subject *subject, struct restore_result *ret_result, struct err *err);

#endif
