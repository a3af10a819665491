/* What the parts of bkm-verify share: the tool, the pool, the records on their way, the budget. */
#ifndef BKM_VERIFY_APP_H
#define BKM_VERIFY_APP_H

#include "tool/tool.h"
#include "verify/verify.h"

#define APP_ITEMS 1024 /* records on their way at once */

/* One record between its reading and its printing. */
struct app_item {
	struct record rec;
	bool selected;
	bool waiting;  /* for an answer of the pool */
	bool examined; /* it got a verdict in this run, and known and found say what from */
	bool directory;
	bool answered;
	bool accept;             /* a person says that the present content is right */
	int64_t id, location_id; /* in the store; id 0: not there */
	struct verify_known known;
	struct verify_found found;
	struct verify_answer answer;
	struct store_verify_state state;
	enum record_verdict
	    stored; /* the standing verdict, passed on if nothing new is found out */
	char baseline[STORE_DIGEST_HEX];
	unsigned warnings; /* of ours, beside what the judge finds */
};

/* A verdict that waits for its commit. */
struct app_put {
	struct store_verification v;
	char *record, *digest;
};

struct app_counts {
	uint64_t pass, fail, error, skip;
	uint64_t not_due, not_reached;
	uint64_t bytes;
	uint64_t selected, passed; /* for --require */
};

struct app {
	struct tool tool;
	/* options */
	struct tool_list method_words, accept;
	bool due, force, coverage;
	uint64_t budget, jobs;
	int64_t max_time;
	const char *require;

	unsigned methods; /* enum verify_method */
	char algorithm[HASH_NAME_MAX];
	int64_t interval; /* seconds */
	int64_t stop_ms;  /* on clock_mono_ms(); 0: no limit of time */
	uint64_t spent;   /* bytes handed to the pool */
	/* With a budget: what comes behind this in the ledger has to wait. */
	bool has_last;
	struct store_ledger_entry last;

	struct verify_pool *pool;
	struct verify_manifests *manifests;
	struct app_item *items; /* a ring */
	size_t head, count;
	struct app_put *puts;
	size_t put_count, put_cap;
	struct app_counts counts;
};

/* choose.c: what is to be done with a record that was put at the end of the ring. */
int app_choose(struct app *app, struct app_item *item, struct err *err);

/* finish.c: verdicts, lines, commits. */
int app_finish(struct app *app, struct app_item *item, struct err *err);
int app_commit(void *ctx, struct err *err);
void app_counts(struct app *app);
int app_skip(struct app_item *item, const char *reason, int64_t now, struct err *err);

/* ledger.c: how far the budget reaches; what is covered. */
int app_budget(struct app *app, struct err *err);
bool app_reaches(struct app *app, const struct app_item *item);
int app_coverage(struct app *app, struct err *err);

/* accept.c: the backups that --accept names, one after another: 1, 0 at the end, -1. */
int app_accept_check(struct app *app, struct err *err);
int app_accept_next(struct app *app, size_t *pos, struct record *rec, struct err *err);

#endif
