// bkm-verify: read the backups that are due, once, and say whether they are what they were and whole.
#include <stdlib.h>
#include <string.h>

#include "bkm-verify/app.h"
#include "tool/repository.h"

static const char *const require_words[] = {"pass", NULL};
static const char *const coverage_words[] = {"text", "json", NULL};

static int
parse_methods(struct app *app, struct err *err)
{
	static const struct {
		const char *word;
		unsigned bits;
	} words[] = {{"size", VERIFY_SIZE}, {"timestamp", VERIFY_TIMESTAMP},
	    {"checksum", VERIFY_CHECKSUM}, {"content", VERIFY_CONTENT},
	    {"all", VERIFY_METHODS_ALL}};
	for (size_t i = 0; i < app->method_words.count; i++) {
		unsigned bits = 0;
		for (size_t k = 0; k < ARRAY_LEN(words); k++)
			if (!strcmp(words[k].word, app->method_words.items[i]))
				bits = words[k].bits;
		if (!bits)
			return err_set(err, ERR_USAGE,
			    "option '--method': unknown method '%s'; there are size, timestamp, "
			    "checksum, content",
			    app->method_words.items[i]);
		app->methods |= bits;
	}
	return 0;
}

/* What can be refused before anything begins. */
static int
check(void *ctx, struct err *err)
{
	struct app *app = ctx;
	const struct config *c = app->tool.config;
	struct hash *hash;
	if (hash_new(c ? c->verification.algorithm : "sha256", &hash, err) < 0) {
		err->code = ERR_CONFIG;
		return err_wrap(err, "verification.algorithm");
	}
	snprintf(app->algorithm, sizeof(app->algorithm), "%s", hash_name(hash));
	hash_free(hash);
	return app_accept_check(app, err);
}

/* What the command line does not say, the configuration does. */
static int
setup(struct app *app, struct err *err)
{
	const struct config *c = app->tool.config;
	struct verify_pool_options pool = {.jobs = (unsigned)app->jobs};
	int64_t max_time = app->max_time;
	if (!app->methods)
		app->methods = c ? c->verification.methods : VERIFY_METHODS_ALL;
	if (c && !app->budget && c->verification.budget > 0)
		app->budget = (uint64_t)c->verification.budget;
	if (c && !max_time && c->verification.max_time > 0)
		max_time = c->verification.max_time;
	if (c && !pool.jobs)
		pool.jobs = (unsigned)c->verification.jobs;
	if (max_time)
		app->stop_ms = clock_mono_ms() + max_time * 1000;
	app->interval = (c ? c->verification.interval_days : 30) * CLOCK_DAY;
	app->manifests = verify_manifests_new();
	if (verify_reads(app->methods) && verify_pool_open(&app->pool, &pool, err) < 0)
		return -1;
	return app_ledger_begin(app, err);
}

static struct app_item *
new_item(struct app *app)
{
	if (app->spare_count)
		return app->spare[--app->spare_count];
	struct app_item *item = mem_alloc(sizeof(*item));
	record_init(&item->rec);
	return item;
}

static void
free_item(struct app_item *item)
{
	record_release(&item->rec);
	free(item);
}

static void
release(struct app *app)
{
	verify_pool_close(app->pool);
	verify_manifests_free(app->manifests);
	for (size_t i = 0; i < app->count; i++)
		free_item(app_item(app, i));
	while (app->spare_count)
		free_item(app->spare[--app->spare_count]);
	(void)app_commit(app_take(app), NULL, NULL);
	app_ledger_release(app);
	buf_release(&app->json);
}

/* Take what the workers have answered; with wait, at least one. */
static int
take_answers(struct app *app, bool wait, struct err *err)
{
	struct verify_answer answer;
	void *token;
	int r = 0;
	if (!app->pool)
		return 0;
	while ((r = verify_pool_next(app->pool, wait ? 100 : 0, &token, &answer, err)) > 0) {
		struct app_item *item = token;
		if (!item->decrypt)
			item->answer = answer;
		else if (!app_decrypt_answer(app, item, &answer))
			continue;
		if (!item->decrypt && verify_program_wanted(&item->answer) &&
		    verify_program(record_path(&item->rec), &item->answer, err) < 0)
			return -1;
		item->answered = true;
		item->waiting = false;
		wait = false;
	}
	return r < 0 ? -1 : 0;
}

static int
read_directory(struct app *app, struct app_item *item, struct err *err)
{
	struct verify_job seen;
	/* The directory has the pool for itself: what is under way comes first. */
	while (verify_pool_pending(app->pool))
		if (take_answers(app, true, err) < 0)
			return -1;
	if (verify_directory(app->pool, record_path(&item->rec), app->algorithm,
		app->methods & VERIFY_CONTENT, &seen, &item->answer, err) < 0)
		return -1;
	item->found.size = seen.size;
	item->found.mtime = seen.mtime;
	item->found.mtime_nsec = seen.mtime_nsec;
	item->waiting = false;
	item->answered = true;
	return 0;
}

/* Whatever is done leaves in the order in which it came. */
static int
print_ready(struct app *app, struct err *err)
{
	while (app->count) {
		struct app_item *item = app_item(app, 0);
		if (item->waiting && item->directory) {
			if (read_directory(app, item, err) < 0)
				return -1;
		}
		if (item->waiting && tool_is_repository(item->location)) {
			if (app_repository_answer(app, item, err) < 0)
				return -1;
		}
		if (item->waiting)
			return 0;
		if (item->selected && app_finish(app, item, err) < 0)
			return -1;
		if (tool_put(&app->tool, &item->rec, err) < 0)
			return -1;
		app->spare[app->spare_count++] = item;
		app->head = (app->head + 1) % APP_ITEMS;
		app->count--;
	}
	return 0;
}

/* What the scan found gone is told for those who want to know; there is nothing to look at. */
static bool
is_gone(struct record *rec)
{
	int state =
	    rec->kind == RECORD_BACKUP ? record_word_of(rec, "state", RECORD_LIST_STATE) : 0;
	return state == RECORD_STATE_VANISHED || state == RECORD_STATE_EXPIRED;
}

static int
add(struct app *app, struct record *rec, bool accept, struct err *err)
{
	struct app_item *item = new_item(app);
	app->items[(app->head + app->count++) % APP_ITEMS] = item;
	record_swap(&item->rec, rec);
	item->selected = item->waiting = false;
	if (!accept &&
	    (is_gone(&item->rec) || !tool_selects(&app->tool, &item->rec, RECORD_BACKUP)))
		return 0;
	struct record keep = item->rec;
	memset(item, 0, sizeof(*item));
	item->rec = keep;
	item->accept = accept;
	item->selected = true;
	return app_choose(app, item, err);
}

static bool
has_room(const struct app *app)
{
	return app->count < APP_ITEMS && app->decrypting < APP_DECRYPTS &&
	    (!app->pool || verify_pool_room(app->pool) > 1);
}

/* Work goes on in the pool while records come in; what is ready goes out. */
static int
run(struct app *app, struct err *err)
{
	struct record rec = RECORD_INIT;
	size_t accepted = 0;
	bool more = true;
	int r = 0;
	while (r >= 0 && (more || app->count)) {
		bool busy = app->count > 0;
		bool ready = more && tool_ready(&app->tool);
		if (!ready && app->tool.store) /* about to wait */
			store_read_end(app->tool.store);
		if (more && has_room(app) && (!busy || ready)) {
			r = app->accept.count ? app_accept_next(app, &accepted, &rec, err)
					      : tool_next(&app->tool, &rec, err);
			more = r > 0;
			if (r > 0)
				r = add(app, &rec, app->accept.count > 0, err);
		} else if (busy) {
			r = take_answers(app, true, err);
		}
		if (r >= 0)
			r = take_answers(app, false, err);
		if (r >= 0)
			r = print_ready(app, err);
		if (r >= 0 && busy) /* else a wait for input or a put has looked at the time */
			r = tool_tick(&app->tool, err);
		if (r >= 0 && tool_stopping())
			r = tool_interrupted(err);
	}
	record_release(&rec);
	app_ledger_end(app);
	app_counts(app);
	return r;
}

int
main(int argc, char **argv)
{
	struct app app = {.tool = TOOL_INIT, .json = BUF_INIT, .puts = {.text = BUF_INIT}};
	const struct tool_option options[] = {
	    {"method", 'm', "LIST", .list = &app.method_words, .commas = true,
		.help = "size, timestamp, checksum, content; default: as configured, or all"},
	    {"due", 0, NULL, .flag = &app.due, .help = "only what is due (the default)"},
	    {"force", 'f', NULL, .flag = &app.force, .help = "everything selected, due or not"},
	    {"budget", 0, "SIZE", .size = &app.budget, .help = "read at most about so much: 50G"},
	    {"max-time", 0, "TIME", .seconds = &app.max_time,
		.help = "begin with nothing after so long: 45m"},
	    {"jobs", 'j', "N", .number = &app.jobs, .min = 1, .max = 256,
		.help = "files read at once; default: one per processor"},
	    {"coverage", 0, "FORM", .flag = &app.coverage, .text = &app.coverage_form,
		.words = coverage_words, .optional = true,
		.help = "read nothing; say how much is verified: json, text; default: by terminal"},
	    {"require", 0, "pass", .text = &app.require, .words = require_words,
		.help = "exit 1 unless all that was selected passed, and something was"},
	    {"accept", 0, "ID", .list = &app.accept,
		.help = "take the present content, or the absence, of a backup as right"},
	    {0},
	};
	struct tool_spec spec = {
	    .name = "bkm-verify",
	    .usage = "[OPTION]... [FILE]...",
	    .about = "Read backups and say whether they are unchanged and whole. Takes records "
		     "from standard input, from the store (--stored), or looks at FILEs.",
	    .notes = "Examples:\n"
		     "  bkm-scan | bkm-verify | bkm-score\n"
		     "  bkm-verify --stored --days 7\n"
		     "  bkm-verify backup.tar.gz dump.sql.zst\n"
		     "  bkm-verify --stored -l db --require pass && prune-old\n",
	    .options = options,
	    .input = TOOL_INPUT_FILTER,
	    .operands = TOOL_OPERANDS_BACKUPS,
	    .check = check,
	    .take = app_take,
	    .commit_taken = app_commit,
	    .ctx = &app,
	};
	struct err err = {0};
	int r;

	if (tool_parse(&app.tool, &spec, argc, argv) != 0)
		return tool_close(&app.tool, 0, NULL);
	if (app.accept.count || app.coverage)
		spec.input = TOOL_INPUT_NONE;
	app.tool.quiet |= app.coverage && app_coverage_for_people(&app);
	app.force |= app.accept.count > 0;
	r = parse_methods(&app, &err);
	if (r == 0 && app.due && app.force)
		r = err_set(&err, ERR_USAGE, "options '--due' and '--force' exclude each other");
	if (r == 0 && app.tool.by_operands && (app.coverage || app.accept.count))
		r = err_set(&err, ERR_USAGE, "options '--coverage' and '--accept' take no files");
	if (r == 0)
		r = tool_open(&app.tool, TOOL_RUN, &err);
	if (r == 0)
		r = setup(&app, &err);
	if (r == 0)
		r = app.coverage ? app_coverage(&app, &err) : run(&app, &err);
	if (r == 0 && !app.coverage)
		r = tool_flush(&app.tool, &err);
	if (r == 0)
		r = app_repository_end(&app, &err);
	app_repository_release(&app);
	app_decrypt_end(&app);
	r = tool_close(&app.tool, r, &err);
	release(&app);
	return r;
}
