// One scan of a configured location: walk, merge, rules and rows put together.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "place.h"

enum {
	LISTING_WAIT_MS = 50, /* for the walk, before what is written is committed */
	LOCK_WAIT_US = 100000,
	PROBLEMS_MAX = 10000, /* paths remembered; with more nothing is taken for gone */
};

/* ---------------------------------------------------------------- what the configuration says */
static bool
is_early(void *arg, const char *series, const char *path, int64_t time)
{
	struct place *p = arg;
	const struct config_series *rule;
	size_t namer = SCHEDULE_NAMING_NONE;
	char name[SCHEDULE_NAME_MAX];

	if (p->naming)
		(void)schedule_series_named(
		    p->naming, NULL, path, strlen(path), name, sizeof(name), &namer);
	rule = config_series_for(p->config, series, namer);
	if (rule && rule->ignore)
		return false;
	return scan_is_early(
	    time, p->tool->now, rule ? rule->retention_days : p->config->retention_days);
}

static bool
is_loss(void *arg, uint64_t early, uint64_t count, uint64_t usual)
{
	(void)arg;
	return scan_is_loss(early, count, usual);
}

static int
band(void *arg, uint64_t size, const uint64_t *before, size_t count)
{
	(void)arg;
	return scan_band(size, before, count);
}

/* ---------------------------------------------------------------- rules that name series */
static size_t
series_of(void *arg, const char *dir, size_t dir_len, const char *name, size_t name_len, char *out,
    size_t size)
{
	struct place *p = arg;
	const char *series;
	size_t len;

	(void)size;
	scan_namer_dir(p->namer, dir, dir_len);
	len = scan_namer_series(p->namer, name, name_len, &series, NULL);
	memcpy(out, series, len + 1);
	return len;
}

static bool
is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* What is known is named by the rules as they were; a change of them shows in their text. */
static int
follow_naming(struct place *p, struct err *err)
{
	char *text = tool_naming_text(p->config);
	int r = 0;

	p->namer = scan_namer_new(p->naming);
	/* Series of a repository are named by its handler. */
	if (!tool_is_repository(p->config) && !is_same(text, p->scan->row.naming))
		r = store_scan_regroup(p->scan->scan, text, series_of, SCHEDULE_NAME_MAX, p, err);
	scan_namer_free(p->namer);
	free(text);
	return r;
}

/* ---------------------------------------------------------------- one walk */
static void
add_reason(struct place *p, const char *word)
{
	struct buf *reasons = &p->scan->reasons;

	if (reasons->len)
		reasons->len--;
	buf_printf(reasons, "%c\"%s\"]", reasons->len ? ',' : '[', word);
}

static const char *
sys_text(int sys)
{
	return sys == EACCES || sys == EPERM ? "permission denied" : strerror(sys);
}

static int
note_problem(struct place *p, const struct scan_problem *problem, struct err *err)
{
	char *path = *problem->path ? path_join(p->config->path, problem->path)
				    : mem_strdup(p->config->path);
	int r;

	if (p->problem_count < PROBLEMS_MAX) {
		MEM_GROW(p->problems, p->problem_count, p->problem_cap);
		p->problems[p->problem_count++] = mem_strdup(problem->path);
	}
	r = tool_trouble(p->tool, p->config->name, path, problem->reason, err, "%s '%s': %s",
	    problem->what, path, sys_text(problem->sys));
	free(path);
	return r;
}

/* Was the directory below something that could not be looked at? */
static bool
is_spared(void *arg, const char *path)
{
	struct place *p = arg;

	if (p->problem_count >= PROBLEMS_MAX)
		return true;
	for (size_t i = 0; i < p->problem_count; i++) {
		size_t len = strlen(p->problems[i]);

		if (!len ||
		    (strncmp(path, p->problems[i], len) == 0 &&
			(path[len] == '/' || path[len] == '\0')))
			return true;
	}
	return false;
}

static void
note_watch(struct place *p, const struct scan_listing *listing)
{
	if (listing->watch &&
	    scan_watch_note(
		p->options->watch, listing->watch, p->options->number, &p->scan->watch_full))
		p->scan->watched_more = true;
}

static int
take_listing(
    struct place *p, struct scan_merge *merge, const struct scan_listing *listing, struct err *err)
{
	for (size_t i = 0; i < listing->problem_count; i++) {
		if (note_problem(p, &listing->problems[i], err) < 0)
			return -1;
	}
	note_watch(p, listing);
	if (scan_merge_listing(merge, listing, err) < 0)
		return -1;
	tool_progress(p->tool, "%s: %llu backups", p->config->name,
	    (unsigned long long)scan_merge_counts(merge)->found);
	return tool_stopping() ? tool_interrupted(err) : 0;
}

static int
walk(struct place *p, struct scan_walk *walk_, struct scan_merge *merge, struct err *err)
{
	const struct scan_listing *listing;
	int r;

	while ((r = scan_walk_next(walk_, LISTING_WAIT_MS, &listing, err)) > 0) {
		if (r == 1)
			r = take_listing(p, merge, listing, err);
		else if (tool_stopping())
			r = tool_interrupted(err);
		else if ((r = store_scan_flush(p->scan->scan, err)) == 0)
			r = tool_tick(p->tool, err);
		if (r < 0)
			return -1;
	}
	return r;
}

/* The location cannot be looked at: say so, once. */
static void
is_unreachable(struct place *p, const char *reason, const char *text)
{
	p->scan->status = RECORD_LOCATION_UNREACHABLE;
	add_reason(p, reason);
	log_warning(p->tool->log, "%s", text);
}

static void
is_not_there(struct place *p, const struct err *err)
{
	const char *reason = "io_error";
	char *text;

	if (err->sys == ETIMEDOUT) {
		reason = "timeout";
		text = mem_printf("backup location %s", err->msg);
	} else if (err->sys == ENOENT) {
		reason = "not_found";
		text = mem_printf("backup location does not exist: '%s'", p->config->path);
	} else {
		if (err->sys == ENOTDIR)
			reason = "not_a_directory";
		else if (err->sys == EACCES || err->sys == EPERM)
			reason = "permission_denied";
		text = mem_printf(
		    "cannot open backup location '%s': %s", p->config->path, sys_text(err->sys));
	}
	is_unreachable(p, reason, text);
	free(text);
}

/* Is this the location that was scanned before? Else nothing in it is taken for gone. */
static bool
is_other_place(struct place *p, const struct scan_merge_counts *counts)
{
	uint64_t known = store_scan_known_count(p->scan->scan);
	bool moved = p->scan->row.device && strcmp(p->scan->row.device, p->root.identity) != 0;
	char *text = NULL;

	if (!known || p->options->accept_identity)
		return false;
	if (moved && counts->matched * 2 < known) {
		text = mem_printf(
		    "'%s' is not the file system it was: is it mounted?", p->config->path);
		is_unreachable(p, "identity_changed", text);
		log_hint(p->tool->log, "if it is right, run bkm-scan -l '%s' --accept-identity",
		    p->config->name);
	} else if (counts->found == 0 && !p->problem_count) {
		text = mem_printf("all %llu backups are gone at once from '%s': is it mounted?",
		    (unsigned long long)known, p->config->path);
		is_unreachable(p, "all_gone", text);
	}
	free(text);
	return text != NULL;
}

/* What the merge has found becomes what the store knows. */
static int
apply(struct place *p, struct scan_merge *merge, struct err *err)
{
	const struct scan_merge_counts *counts = scan_merge_counts(merge);
	int r = -1;

	p->scan->growing = counts->growing;
	p->scan->settles = counts->settles;
	p->scan->found = counts->found;
	if (is_other_place(p, counts))
		return store_scan_forget(p->scan->scan, err);
	if (!counts->found && !p->problem_count) {
		p->scan->status = RECORD_LOCATION_EMPTY;
		add_reason(p, "empty");
	}
	if (store_scan_unseen(p->scan->scan, is_spared, p, err) == 0)
		r = store_scan_apply(p->scan->scan, err);
	p->scan->reached = true;
	p->scan->added = counts->added;
	p->scan->changed = counts->changed;
	p->scan->gone = counts->gone;
	return r;
}

static int
walk_and_apply(struct place *p, struct err *err)
{
	const struct config_location *c = p->config;
	struct scan_walk_options options = {
	    .path = c->path,
	    .unit = c->unit == CONFIG_UNIT_DIRECTORY ? SCAN_UNIT_DIRECTORY : SCAN_UNIT_FILE,
	    .patterns = {.include = (const char *const *)c->include.items,
		.include_count = c->include.count,
		.exclude = (const char *const *)c->exclude.items,
		.exclude_count = c->exclude.count},
	    .cross_device = c->cross_device,
	    .series = store_scan_is_first(p->scan->scan),
	    .naming = p->naming,
	    .watch = p->options->watch,
	    .timeout_ms = (int)c->timeout * 1000,
	};
	struct scan_merge *merge = NULL;
	struct scan_walk *walk_ = NULL;
	int r = -1;

	if (scan_walk_open(&walk_, &options, &p->root, err) < 0) {
		if (err->code == ERR_LIMIT)
			return -1;
		is_not_there(p, err);
		err_clear(err);
		return store_scan_forget(p->scan->scan, err);
	}
	merge = place_merge(p, p->options->settle >= 0 ? p->options->settle : c->settle);
	r = walk(p, walk_, merge, err);
	if (r == 0) {
		r = apply(p, merge, err);
	} else if (err->sys == ETIMEDOUT) {
		is_not_there(p, err);
		err_clear(err);
		r = store_scan_forget(p->scan->scan, err);
	}
	scan_merge_free(merge);
	scan_walk_close(walk_);
	return r;
}

/* The handler of the repository could not list it: nothing in it is taken for gone. */
static void
cannot_list(struct place *p, const struct repository_trouble *trouble)
{
	const char *reason = trouble->reason;
	char *text =
	    mem_printf("cannot list repository '%s': %s", p->config->path, trouble->message);

	if (!record_word_find(RECORD_LIST_LOCATION_REASON, reason))
		reason = "io_error";
	is_unreachable(p, reason, text);
	free(text);
}

/* A snapshot is there as a whole or not at all: it has nothing to settle. */
static int
ask_and_apply(struct place *p, struct err *err)
{
	struct repository_trouble trouble;
	struct bkm_snapshots snapshots;
	struct scan_merge *merge = NULL;
	int r = bkm_scan_snapshots(p->tool, p->config, p->scan->scan, &snapshots, &trouble, err);

	p->root.free_bytes = snapshots.free_bytes;
	if (r > 0) {
		cannot_list(p, &trouble);
		r = store_scan_forget(p->scan->scan, err);
	} else if (r == 0) {
		const struct scan_listing listing = {.path = "",
		    .entries = snapshots.entries,
		    .count = snapshots.count,
		    .first = true,
		    .last = true,
		    .watch =
			p->options->watch ? scan_watch_put(p->options->watch, p->config->path) : 0};

		note_watch(p, &listing);
		memcpy(p->root.identity, snapshots.identity, sizeof(p->root.identity));
		merge = place_merge(p, 0);
		r = scan_merge_listing(merge, &listing, err);
		if (r == 0)
			r = apply(p, merge, err);
	}
	scan_merge_free(merge);
	bkm_snapshots_release(&snapshots);
	return r;
}

/* ---------------------------------------------------------------- what it comes to */
static int
conclude(struct place *p, struct err *err)
{
	struct bkm_scan *s = p->scan;
	struct store_scan_result result = {.free_bytes = p->root.free_bytes};
	uint64_t vanished = 0;

	if (bkm_scan_sum(p->tool, s, err) < 0 ||
	    store_scan_findings(s->scan, &s->findings, &vanished, err) < 0)
		return -1;
	if (s->findings > vanished)
		add_reason(p, "backup_failed");
	if (vanished)
		add_reason(p, "vanished");
	if (s->by_status[SCHEDULE_LATE])
		add_reason(p, "series_late");
	if (s->by_status[SCHEDULE_MISSING])
		add_reason(p, "series_missing");
	if (p->problem_count)
		add_reason(p, "unreadable");
	if (!s->status)
		s->status = s->reasons.len ? RECORD_LOCATION_DEGRADED : RECORD_LOCATION_OK;
	s->free_bytes = p->root.free_bytes;
	result.status = s->status;
	result.reasons = s->reasons.len ? s->reasons.data : NULL;
	result.device = s->reached ? p->root.identity : NULL;
	result.reached = s->reached;
	result.empty = s->status == RECORD_LOCATION_EMPTY;
	return store_scan_end(s->scan, &result, err);
}

/* One scan of a location at a time. */
static int
take_lock(struct place *p, struct err *err)
{
	int r;

	while ((r = store_scan_lock(p->tool->store, p->scan->row.id, err)) == 0) {
		if (tool_stopping())
			return tool_interrupted(err);
		(void)usleep(LOCK_WAIT_US);
	}
	return r < 0 ? -1 : 0;
}

static const char *
unit_word(enum config_unit unit)
{
	return unit == CONFIG_UNIT_DIRECTORY ? "directory" : "file";
}

/* The row as it is once nobody else scans the location. */
static int
read_row(struct place *p, struct err *err)
{
	const struct config_location *c = p->config;
	struct tool *t = p->tool;

	bkm_scan_release(p->scan);
	return store_location_ensure(t->store, t->host, c->name, c->path, config_type_word(c->type),
	    unit_word(c->unit), &p->scan->row, err);
}

static int
scan_locked(struct place *p, struct err *err)
{
	struct store_scan_options options = {
	    .location_id = p->scan->row.id,
	    .run_id = p->tool->run.id,
	    .now = p->tool->now,
	    .repeats = p->options->repeats,
	    .arg = p,
	    .is_early = is_early,
	    .is_loss = is_loss,
	    .band = band,
	};

	p->scan->settles = CLOCK_NONE;
	p->scan->free_bytes = p->root.free_bytes = -1;
	p->scan->reasons = BUF_INIT;
	p->scan->config = p->config;
	if (store_scan_begin(p->tool->store, &options, &p->scan->scan, err) < 0 ||
	    follow_naming(p, err) < 0)
		return -1;
	if ((tool_is_repository(p->config) ? ask_and_apply : walk_and_apply)(p, err) < 0)
		return -1;
	return conclude(p, err);
}

int
bkm_scan(struct tool *tool, const struct config_location *location,
    const struct bkm_scan_options *options, struct bkm_scan *ret_scan, struct err *err)
{
	struct place p = {.tool = tool, .config = location, .options = options, .scan = ret_scan};
	int64_t id;
	int r;

	if (read_row(&p, err) < 0)
		return -1;
	id = ret_scan->row.id;
	if (take_lock(&p, err) < 0)
		return -1;
	p.naming = tool_naming(location);
	r = read_row(&p, err);
	if (r == 0)
		r = scan_locked(&p, err);
	free(p.naming);
	if (r < 0)
		store_rollback(tool->store);
	store_scan_unlock(tool->store, id);
	for (size_t i = 0; i < p.problem_count; i++)
		free(p.problems[i]);
	free(p.problems);
	return r;
}

void
bkm_scan_release(struct bkm_scan *scan)
{
	store_scan_free(scan->scan);
	store_location_release(&scan->row);
	if (scan->reasons.cap)
		buf_release(&scan->reasons);
	*scan = (struct bkm_scan){0};
}
