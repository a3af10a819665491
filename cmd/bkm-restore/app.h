/* What the parts of bkm-restore share: the tool, the options, the scratch directory, the plan. */
#ifndef BKM_RESTORE_APP_H
#define BKM_RESTORE_APP_H

#include "restore/restore.h"
#include "sandbox/sandbox.h"
#include "tool/tool.h"

struct app_pending; /* a row for the store, queued until the next commit */

struct app {
	struct tool tool;

	/* options */
	bool latest, force, due, keep, reap;
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

/* drill.c: test one backup and put the verdict on its line */
int
app_drill(struct app *app, struct record *rec, const struct tool_backup *backup, struct err *err);
int app_commit(void *ctx, struct err *err); /* what was queued */

#endif
