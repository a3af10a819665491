// bkm-alert: remember what the records say, decide what is worth telling, and tell it once.
#include <string.h>

#include "bkm-alert/app.h"

struct options {
	bool dry_run, test, list, retry;
	struct tool_list ack;
	const char *silence, *why;
	int64_t silence_for;
	uint64_t unsilence;
};

/* Is this record evidence? What is not selected passes untouched; runs and errors always count. */
static bool
concerns(struct app *app, struct record *rec)
{
	switch (rec->kind) {
	case RECORD_BACKUP:
	case RECORD_SERIES:
	case RECORD_LOCATION:
	case RECORD_SCORE:
		return tool_selects(&app->tool, rec, rec->kind);
	case RECORD_ERROR:
	case RECORD_RUN:
		return true;
	case RECORD_OTHER:
	case RECORD_REPORT:
	case RECORD_ALERT:
		break;
	}
	return false;
}

/* What came in so far is decided, told and printed. */
static int
finish_round(struct app *app, struct err *err)
{
	if (app_decide(app, err) < 0)
		return -1;
	if (app->dry_run)
		return app_dry_run(app, err);
	if (app_deliver(app, err) < 0)
		return -1;
	return app_print_decisions(app, err);
}

/* The stream is quiet. Only a stream that does not end is decided now: any other one may just be
 * busy with a large file. */
static int
on_idle(void *ctx, struct err *err)
{
	struct app *app = ctx;

	if (!app->following)
		return 0;
	app->rounds = true;
	if (finish_round(app, err) < 0 || tool_flush(&app->tool, err) < 0)
		return -1;
	return app_evidence_begin(app, err);
}

static int
on_check(void *ctx, struct err *err)
{
	return app_setup(ctx, err);
}

static int
run(struct app *app, struct err *err)
{
	struct record rec = RECORD_INIT;
	bool follow;
	int r = app_evidence_begin(app, err);

	if (r < 0)
		goto out;
	while ((r = tool_next(&app->tool, &rec, err)) > 0) {
		if (rec.kind == RECORD_RUN && record_bool(&rec, "follow", &follow))
			app->following |= follow;
		if (concerns(app, &rec) && alert_evidence_add(app->evidence, &rec, err) < 0)
			r = -1;
		if (r > 0)
			r = tool_put(&app->tool, &rec, err);
		if (r < 0)
			goto out;
	}
	if (r == 0)
		r = tool_flush(&app->tool, err);
	if (r == 0)
		r = finish_round(app, err);
	if (r == 0)
		r = app_count_open(app, err);
	if (r == 0 && !app->dry_run)
		r = app_heartbeat(app, err);
out:
	record_release(&rec);
	return r;
}

/* The modes that answer people and read no records; 1 if it is none of them. */
static int
answer(struct app *app, const struct options *opt, struct err *err)
{
	bool writes = opt->ack.count || opt->silence || opt->unsilence;
	enum tool_need need = writes ? TOOL_STORE : opt->list ? TOOL_STORE_READ : TOOL_CONFIG;

	if (!opt->test && !opt->list && !writes)
		return 1;
	if (opt->silence && (opt->silence_for <= 0 || !opt->why || !*opt->why))
		return err_set(
		    err, ERR_USAGE, "option '--silence' needs --for TIME and --why TEXT");
	if (tool_open(&app->tool, need, err) < 0)
		return -1;
	if (opt->ack.count && app_ack(app, &opt->ack, opt->why, err) < 0)
		return -1;
	if (opt->silence && app_silence(app, opt->silence, opt->silence_for, opt->why, err) < 0)
		return -1;
	if (opt->unsilence && app_unsilence(app, opt->unsilence, err) < 0)
		return -1;
	if (opt->list && app_list(app, err) < 0)
		return -1;
	return opt->test ? app_test(app, err) : 0;
}

static int
retry(struct app *app, struct err *err)
{
	int r = app_deliver(app, err);

	return r < 0 ? r : app_count_open(app, err);
}

int
main(int argc, char **argv)
{
	struct options opt = {0};
	struct app app = {.tool = TOOL_INIT};
	const struct tool_option options[] = {
	    {"dry-run", 'n', NULL, .flag = &opt.dry_run,
		.help = "print the messages, send and store nothing"},
	    {"test", 0, NULL, .flag = &opt.test,
		.help = "send a test message to every channel, or to those named"},
	    {"list", 0, NULL, .flag = &opt.list,
		.help = "show what is open, silenced, undelivered"},
	    {"ack", 0, "FP", .list = &opt.ack,
		.help = "acknowledge the open alert with this fingerprint or beginning of one"},
	    {"silence", 0, "JQ", .text = &opt.silence,
		.help = "tell nobody of alerts for which this jq expression is true"},
	    {"for", 0, "TIME", .seconds = &opt.silence_for, .help = "how long a silence holds: 4h"},
	    {"why", 0, "TEXT", .text = &opt.why,
		.help = "the reason of a silence or an acknowledgement"},
	    {"unsilence", 0, "N", .number = &opt.unsilence, .min = 1, .help = "end silence N now"},
	    {"retry", 0, NULL, .flag = &opt.retry,
		.help = "send everything undelivered now, what was given up included"},
	    {0},
	};
	struct tool_spec spec = {
	    .name = "bkm-alert",
	    .usage = "[OPTION]... [FILE]...",
	    .about = "Decide from records on standard input, in files, or (with --stored) in the "
		     "store what is worth an alert, and tell each one once.",
	    .notes = "Examples:\n"
		     "  bkm-scan | bkm-verify | bkm-alert -q\n"
		     "  bkm-alert --stored\n"
		     "  bkm-alert --test email\n"
		     "  bkm-alert --silence '.location == \"db\"' --for 4h --why 'migration'\n",
	    .options = options,
	    .input = TOOL_INPUT_FILTER,
	    .operands = TOOL_OPERANDS_RECORDS,
	    .check = on_check,
	    .idle = on_idle,
	    .idle_ms = 1000,
	    .ctx = &app,
	};
	struct err err = {0};
	int r;

	if (tool_parse(&app.tool, &spec, argc, argv) != 0)
		return tool_close(&app.tool, 0, NULL);
	r = answer(&app, &opt, &err);
	if (r != 1)
		goto out;
	app.dry_run = app.tool.read_only = opt.dry_run;
	app.tool.quiet |= opt.dry_run;
	app.retry = opt.retry;
	if (opt.retry)
		spec.input = TOOL_INPUT_NONE;
	r = tool_open(&app.tool, TOOL_RUN, &err);
	if (r == 0)
		r = opt.retry ? retry(&app, &err) : run(&app, &err);
out:
	r = tool_close(&app.tool, r, &err);
	app_release(&app);
	return r;
}
