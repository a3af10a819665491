/* What the parts of bkm-alert share: the tool, the channels, the evidence and what was decided. */
#ifndef BKM_ALERT_APP_H
#define BKM_ALERT_APP_H

#include "alert/alert.h"
#include "tool/tool.h"

#define APP_CHANNELS 4

/* What became of one alert in this run. */
struct app_decision {
	struct alert_row row;
	enum alert_event event;
	size_t silence; /* index + 1 into silences; 0: none */
};

/* One item for one channel that a dry run would send. */
struct app_item {
	const char *channel;
	int64_t when;
	char *text;
};

struct app {
	struct tool tool;
	bool dry_run, retry;
	bool following; /* a stage upstream goes on until it is stopped */
	bool rounds;    /* something was decided before the end of the input */
	char *share;    /* …/share/bkm/alert */

	struct alert_channel channels[APP_CHANNELS];
	size_t channel_count;
	const char *names[APP_CHANNELS]; /* of those that are told without a rule */
	size_t name_count;
	struct alert_rule *rules;
	struct alert_step *steps;
	struct alert_policy *policy;
	bool on[RECORD_ALERT_MONITOR_FAILURE + 1];

	struct alert_evidence *evidence;
	struct store_silence *silences;
	struct record_filter **filters; /* of the silences; NULL where it does not compile */
	size_t silence_count;

	struct app_decision *decisions;
	size_t decision_count, decision_cap;
	struct app_item *items;
	size_t item_count, item_cap;
};

/* rows.c: from the store's words to the domain's enums and back; the source is emptied. */
int app_row_from(struct alert_row *row, struct store_alert *stored, struct err *err);
/* A view that borrows from row. Its members are allocated: free(ret->members). */
void app_row_view(const struct alert_row *row, struct store_alert *ret);

/* setup.c */
int app_setup(struct app *app, struct err *err);
void app_release(struct app *app);
const struct alert_channel *app_channel(const struct app *app, const char *name);

/* learn.c: evidence that is not in the stream. */
int app_evidence_begin(struct app *app, struct err *err);
int app_evidence_finish(struct app *app, struct err *err);
int app_silences_load(struct app *app, struct err *err);
size_t app_silence_of(struct app *app, const char *json, size_t len); /* index + 1, or 0 */

/* decide.c: one transaction for all of it; then what remains open is counted as findings. */
int app_decide(struct app *app, struct err *err);
int app_count_open(struct app *app, struct err *err);

/* deliver.c */
int app_deliver(struct app *app, struct err *err);
int app_print_decisions(struct app *app, struct err *err);
int app_dry_run(struct app *app, struct err *err);
int app_heartbeat(struct app *app, struct err *err);

/* answer.c: the modes that read no records. */
int app_test(struct app *app, struct err *err);
int app_list(struct app *app, struct err *err);
int app_ack(struct app *app, const struct tool_list *prefixes, const char *why, struct err *err);
int
app_silence(struct app *app, const char *filter, int64_t seconds, const char *why, struct err *err);
int app_unsilence(struct app *app, uint64_t id, struct err *err);

#endif
