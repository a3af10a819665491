// What is to be done with a record: pass it on, skip it, hand its file to the pool.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app.h"
#include "tool/repository.h"

static const enum verify_method method_of[STORE_VERIFY_METHODS] = {
    [STORE_VERIFY_SIZE] = VERIFY_SIZE,
    [STORE_VERIFY_TIMESTAMP] = VERIFY_TIMESTAMP,
    [STORE_VERIFY_CHECKSUM] = VERIFY_CHECKSUM,
    [STORE_VERIFY_CONTENT] = VERIFY_CONTENT,
};

/* Judged per content and method: any that was asked for and is missing, failed or too old. */
static bool
is_due(const struct app *app, const struct store_verify_state *s)
{
	if (app->force || app->tool.by_operands || s->error_at != CLOCK_NONE)
		return true;
	for (size_t i = 0; i < STORE_VERIFY_METHODS; i++) {
		const struct store_verify_stand *m = &s->methods[i];
		if (!(app->methods & method_of[i]))
			continue;
		if (m->verdict == RECORD_VERDICT_NONE || m->verdict == RECORD_VERDICT_FAIL ||
		    verify_ledger_is_old(m->at, app->tool.now, app->interval))
			return true;
	}
	return false;
}

/* Nothing new is found out: the line carries what stands in the store. */
static int
pass_on(struct app_item *item, const char *stored, struct err *err)
{
	if (!stored)
		return 0;
	return record_set(&item->rec, "verification", stored, strlen(stored), err);
}

static void
remember_stored(struct app_item *item, const struct store_backup *row)
{
	item->id = row->id;
	item->location_id = row->location_id;
	item->series_id = row->series_id;
	item->latest = row->latest;
	item->stored =
	    (enum record_verdict)record_word_find(RECORD_LIST_VERDICT, row->verify_verdict);
}

/* ---------------------------------------------------------------- what is known */

static int
find_manifest(struct app *app, struct app_item *item, const char *path, struct err *err)
{
	struct verify_reference *m = &item->known.manifest;
	struct err own = {0};
	if (!(app->methods & VERIFY_CHECKSUM) || item->directory ||
	    tool_is_repository(item->location))
		return 0;
	/* Once per content: what agreed with a manifest has a baseline from then. */
	int64_t settled = item->state.from_manifest && item->known.baseline
	    ? item->state.baseline_at
	    : CLOCK_NONE;
	if (verify_manifest_find(app->manifests, path, settled, m, &own) < 0) {
		item->warnings |= VERIFY_WARN_MANIFEST;
		if (own.code != ERR_FORMAT)
			return tool_trouble(&app->tool, NULL, path, "io_error", err, "%s", own.msg);
		log_warning(app->tool.log, "%s", own.msg);
		return 0;
	}
	return 0;
}

static void
know_row(struct app *app, struct app_item *item, const struct tool_backup *b)
{
	struct verify_known *k = &item->known;
	k->recorded = true;
	k->size = b->row.size;
	k->mtime = b->row.mtime;
	k->mtime_nsec = b->row.mtime_nsec;
	k->first_seen = b->row.first_seen;
	k->immutable = b->location->immutable;
	k->can_record = !app->tool.read_only;
	k->has_previous = item->state.has_previous && !item->state.accepted;
	k->previous_mtime = item->state.previous_mtime;
	if (item->accept)
		k->has_previous = false;
	if (*item->state.baseline && !item->accept) {
		memcpy(item->baseline, item->state.baseline, sizeof(item->baseline));
		k->baseline = item->baseline;
	}
}

/* ---------------------------------------------------------------- opening */

/* The file cannot be read: no verdict about the backup, and trouble. */
static int
cannot_open(struct app *app, struct app_item *item, const char *path, const struct err *why,
    struct err *err)
{
	const char *location = record_str(&item->rec, "location");
	if (why->code == ERR_NOT_FOUND)
		return app_skip(item, "gone", app->tool.now, err);
	item->answer = (struct verify_answer){
	    .outcome = VERIFY_FAILED,
	    .reason = VERIFY_REASON_UNREADABLE,
	};
	snprintf(item->answer.detail, sizeof(item->answer.detail), "%.*s", VERIFY_DETAIL_MAX - 1,
	    why->msg);
	item->found.answer = &item->answer;
	item->examined = true;
	return tool_trouble(&app->tool, location, path,
	    why->code == ERR_DENIED ? "permission_denied" : "io_error", err, "%s", why->msg);
}

static int
look_only(struct app *app, struct app_item *item, const char *path, struct err *err)
{
	struct stat st;
	struct err why = {0};
	if (stat(path, &st) < 0) {
		err_sys(&why, ERR_IO, "cannot look at '%s'", path);
		return cannot_open(app, item, path, &why, err);
	}
	item->found.size = item->directory ? item->known.size : (uint64_t)st.st_size;
	item->found.mtime = item->directory ? item->known.mtime : st.st_mtim.tv_sec;
	item->found.mtime_nsec =
	    item->directory ? item->known.mtime_nsec : (uint32_t)st.st_mtim.tv_nsec;
	item->examined = true;
	return 0;
}

static int
submit(struct app *app, struct app_item *item, const char *path, struct err *err)
{
	struct verify_job job;
	struct err why = {0};
	if (verify_open(path, item->seen ? &item->found : NULL, &job, &why) < 0)
		return cannot_open(app, item, path, &why, err);
	item->found.size = job.size;
	item->found.mtime = job.mtime;
	item->found.mtime_nsec = job.mtime_nsec;
	item->examined = true;
	if (job.size == 0) { /* empty is empty; nothing to read */
		close(job.fd);
		return 0;
	}
	job.content = app->methods & VERIFY_CONTENT;
	if (app->methods & VERIFY_CHECKSUM) {
		const struct verify_reference *m = &item->known.manifest;
		job.algorithms[0] = app->algorithm;
		if (m->found && strcmp(m->algorithm, app->algorithm) != 0)
			job.algorithms[1] = m->algorithm;
	}
	job.token = item;
	item->waiting = true;
	app->spent += job.size;
	if (job.content && app_decrypts(item, path, job.fd)) {
		item->waiting = false;
		return app_decrypt_submit(app, item, path, &job, err);
	}
	return verify_pool_submit(app->pool, &job, err);
}

/* A directory keeps the pool to itself, and this process busy; its turn comes when all before it
 * are done. */
static int
start(struct app *app, struct app_item *item, const char *path, struct err *err)
{
	bool snapshot = tool_is_repository(item->location);
	if (snapshot && !(app->methods & VERIFY_CONTENT))
		return app_skip(item, "unverifiable", app->tool.now, err);
	if (snapshot) /* its tool looks at it, and nothing else can */
		item->known.methods = VERIFY_CONTENT;
	if (!verify_reads(app->methods))
		return look_only(app, item, path, err);
	if (!item->directory && !snapshot)
		return submit(app, item, path, err);
	item->examined = item->waiting = true;
	item->found.size = item->known.size;
	item->found.mtime = item->known.mtime;
	item->found.mtime_nsec = item->known.mtime_nsec;
	app->spent += item->known.size;
	return 0;
}

static int
choose_operand(struct app *app, struct app_item *item, struct err *err)
{
	const char *path = record_path(&item->rec);
	struct stat st = {0};
	char *real = NULL;
	int r;
	if (!path)
		return 0;
	r = lstat(path, &st);
	if (r == 0 && S_ISLNK(st.st_mode)) { /* a person may name a link */
		real = realpath(path, NULL);
		r = stat(path, &st);
	}
	item->directory = r == 0 && S_ISDIR(st.st_mode);
	item->seen = r == 0 && S_ISREG(st.st_mode);
	item->found = (struct verify_found){.size = (uint64_t)st.st_size,
	    .mtime = st.st_mtim.tv_sec,
	    .mtime_nsec = (uint32_t)st.st_mtim.tv_nsec};
	r = find_manifest(app, item, path, err);
	if (r == 0)
		r = start(app, item, real ? real : path, err);
	free(real);
	return r;
}

/* ---------------------------------------------------------------- choosing */

/* A new generation that the next scan will see is none of ours, but where the present one must not
 * change, or went back in time, that is what there is to find. */
static bool
is_finding(const struct app *app, const struct tool_backup *b)
{
	struct stat st;
	if (!b->skip || strcmp(b->skip, "superseded") != 0 || !b->row.id || !b->row.live ||
	    lstat(b->row.path, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	return b->location->immutable ||
	    ((app->methods & VERIFY_TIMESTAMP) && st.st_mtim.tv_sec < b->row.mtime);
}

static int
not_reached(struct app *app, struct app_item *item, const char *stored, struct err *err)
{
	app_not_reached(app, item);
	if (stored)
		return pass_on(item, stored, err);
	return app_skip(item, "budget", app->tool.now, err);
}

static int
choose_row(struct app *app, struct app_item *item, struct tool_backup *b, struct err *err)
{
	const struct store_backup *row = &b->row;
	item->directory = b->location->unit == CONFIG_UNIT_DIRECTORY;
	item->location = b->location;
	item->decrypt_by = &b->location->decrypt;
	item->seen = b->regular;
	item->found =
	    (struct verify_found){.size = b->size, .mtime = b->mtime, .mtime_nsec = b->mtime_nsec};
	remember_stored(item, row);
	if (store_verify_state(app->tool.store, row->id, app->algorithm, &item->state, err) < 0)
		return -1;
	know_row(app, item, b);
	enum app_turn turn = APP_TURN_READ;
	if (!item->accept && app_ledger_turn(app, item, is_due(app, &item->state), &turn, err) < 0)
		return -1;
	if (turn == APP_TURN_NOT_DUE) {
		app->counts.not_due++;
		return pass_on(item, row->verification, err);
	}
	if (turn == APP_TURN_WAIT)
		return not_reached(app, item, row->verification, err);
	if (find_manifest(app, item, b->path, err) < 0)
		return -1;
	return start(app, item, b->path, err);
}

static int
choose(struct app *app, struct app_item *item, struct err *err)
{
	struct tool_backup b;
	app->counts.selected++;
	item->known = (struct verify_known){
	    .methods = app->methods, .now = app->tool.now, .algorithm = app->algorithm};
	if (app->tool.by_operands)
		return choose_operand(app, item, err);
	int r = store_read_begin(app->tool.store, err);
	if (r == 0)
		r = tool_resolve(&app->tool, &item->rec, &b, err);
	if (r < 0)
		return -1;
	if (r == 0 && !is_finding(app, &b)) {
		remember_stored(item, &b.row);
		return app_skip(item, b.skip, app->tool.now, err);
	}
	const char *state = b.row.state;
	if (!b.location->verify_integrity && !item->accept)
		return app_skip(item, "disabled", app->tool.now, err);
	if (!strcmp(state, "growing"))
		return app_skip(item, "growing", app->tool.now, err);
	if (strcmp(state, "complete") != 0)
		return app_skip(item, "not_complete", app->tool.now, err);
	return choose_row(app, item, &b, err);
}

int
app_choose(struct app *app, struct app_item *item, struct err *err)
{
	uint64_t before = app->spent;
	int r = choose(app, item, err);
	return r < 0 ? -1 : app_ledger_passed(app, item, app->spent - before, err);
}
