/* What the parts of bkm-verify share: the tool, the pool, the records on their way, the budget. */
#ifndef BKM_VERIFY_APP_H
#define BKM_VERIFY_APP_H

#include "tool/tool.h"
#include "verify/verify.h"

#define APP_ITEMS    1024 /* records on their way at once */
#define APP_DECRYPTS 4    /* decryptors at once */

/* One record between its reading and its printing. */
struct app_item {
	struct record rec;
	bool selected;
	bool waiting;  /* for an answer of the pool */
	bool examined; /* it got a verdict in this run, and known and found say what from */
	bool directory;
	bool seen; /* a regular file, just now, as found says */
	bool answered;
	bool accept;             /* a person says that the present content is right */
	int64_t id, location_id; /* in the store; id 0: not there */
	int64_t series_id;
	bool latest; /* of its series */
	struct verify_known known;
	struct verify_found found;
	struct verify_answer answer;
	struct store_verify_state state;
	enum record_verdict
	    stored; /* the standing verdict, passed on if nothing new is found out */
	char baseline[STORE_DIGEST_HEX];
	unsigned warnings;                       /* of ours, beside what the judge finds */
	const struct config_location *location;  /* NULL for an operand */
	const struct config_decrypt *decrypt_by; /* of its location, or NULL */
	struct decrypt *decrypt;                 /* under way */
	unsigned parts;                          /* answers that are still to come */
	bool ciphered;                           /* the one about the file itself is there */
	struct verify_profile profile;
	struct verify_suspicion suspicion;
	bool same_content; /* longer than its series ever had the same */
};

/* Verdicts that wait for their commit. */
struct app_puts {
	struct store_verification *items; /* whose record and digest are where the spans say */
	struct app_span {
		size_t record, digest;
	} * spans;
	size_t count, cap, span_cap;
	struct buf text; /* with a NUL behind each */
};

struct app_counts {
	uint64_t pass, fail, error, skip;
	uint64_t not_due, not_reached, not_reached_bytes;
	uint64_t bytes;
	uint64_t selected, passed; /* for --require */
};

/* A location whose backups are in the plan of the night. */
struct app_place {
	int64_t location_id;
	int64_t scanned; /* when the plan was made; a scan upstream may have been at it since */
	bool seen;       /* its records have begun to come */
};

/* The plan of the night, with a budget or a limit of time. */
struct app_ledger {
	bool on;
	uint64_t budget; /* bytes, at most --budget */
	uint64_t freed;  /* planned for what was gone, unreadable or smaller when its turn came */
	struct verify_entry *entries; /* by id */
	size_t count, cap;
	struct app_place *places;
	size_t place_count, place_cap;
	int64_t waits_since; /* the longest waiting of what was not reached */
};

struct app {
	struct tool tool;
	/* options */
	struct tool_list method_words, accept;
	bool due, force, coverage;
	const char *coverage_form;
	uint64_t budget, jobs;
	int64_t max_time;
	const char *require;

	unsigned methods; /* enum verify_method */
	char algorithm[HASH_NAME_MAX];
	int64_t interval; /* seconds */
	int64_t stop_ms;  /* on clock_mono_ms(); 0: no limit of time */
	uint64_t spent;   /* bytes handed to the pool */
	struct app_ledger ledger;

	struct sandbox_scratch *scratch; /* homes of decryptors; made for the first one */
	size_t decrypting;
	struct app_repository **repositories;
	size_t repository_count, repository_cap;

	struct verify_pool *pool;
	struct verify_manifests *manifests;
	struct app_item *items[APP_ITEMS]; /* a ring */
	size_t head, count;
	struct app_item
	    *spare[APP_ITEMS]; /* the last that left the ring is used first: it is warm */
	size_t spare_count;
	struct app_puts puts;
	struct buf json; /* of the verdict at hand */
	struct app_counts counts;
};

/* The i-th of the ring, from the oldest on. */
static inline struct app_item *
app_item(const struct app *app, size_t i)
{
	return app->items[(app->head + i) % APP_ITEMS];
}

/* choose.c: what is to be done with a record that was put at the end of the ring. */
int app_choose(struct app *app, struct app_item *item, struct err *err);

/* decrypt.c: what is encrypted goes through a decryptor. */
bool app_decrypts(const struct app_item *item, const char *path, int fd);
int app_decrypt_submit(struct app *app, struct app_item *item, const char *path,
    const struct verify_job *file, struct err *err); /* file->fd is taken over */
/* One of its answers came: true if it was the last. */
bool app_decrypt_answer(struct app *app, struct app_item *item, const struct verify_answer *answer);
void app_decrypt_end(struct app *app);

/* repository.c: snapshots are checked by the tool of their repository, in parts. */
int app_repository_answer(struct app *app, struct app_item *item, struct err *err);
int app_repository_end(struct app *app, struct err *err); /* what was read is remembered */
void app_repository_release(struct app *app);

/* finish.c: verdicts, lines, commits. */
int app_finish(struct app *app, struct app_item *item, struct err *err);
void *app_take(void *ctx);
int app_commit(void *taken, struct store *store, struct err *err); /* NULL: only freed */
void app_counts(struct app *app);
int app_skip(struct app_item *item, const char *reason, int64_t now, struct err *err);

/* signals.c: what the history of its series says about a backup that was read. */
int app_signals(struct app *app, struct app_item *item, struct verify_verdict *v, struct err *err);
/* Has its series had this content for longer than ever? A reason of the backup, added to its line. */
int app_same_content(
    struct app *app, struct app_item *item, const struct verify_verdict *v, struct err *err);

/* ledger.c: what is read tonight. */
int app_ledger_begin(struct app *app, struct err *err);
void app_ledger_release(struct app *app);
enum app_turn { APP_TURN_NOT_DUE, APP_TURN_READ, APP_TURN_WAIT };
/* Is it the turn of this one tonight? What is due has to wait at most; what is not may be read ahead. */
int app_ledger_turn(struct app *app, const struct app_item *item, bool due, enum app_turn *ret_turn,
    struct err *err);
/* It had its turn, and so much was read of it: what was planned and is left goes to what comes. */
int
app_ledger_passed(struct app *app, const struct app_item *item, uint64_t bytes, struct err *err);
void app_not_reached(struct app *app, const struct app_item *item);
/* Say on standard error what was not reached, if anything was not. */
void app_ledger_end(struct app *app);
struct store_ledger_query app_ledger_query(const struct app *app, int64_t location_id);

/* coverage.c: what is covered. */
int app_coverage(struct app *app, struct err *err);
bool app_coverage_for_people(const struct app *app); /* a table, instead of records */

/* accept.c: the backups that --accept names, one after another: 1, 0 at the end, -1. */
int app_accept_check(struct app *app, struct err *err);
int app_accept_next(struct app *app, size_t *pos, struct record *rec, struct err *err);

#endif
