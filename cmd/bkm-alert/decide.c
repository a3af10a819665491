// One transaction: evidence meets what is known, and what there is to tell goes into the outbox.
#include <stdlib.h>
#include <string.h>

#include "app.h"

#define KEEP_S ((int64_t)90 * CLOCK_DAY) /* delivered messages are forgotten after that */

struct told { /* channels that heard of an alert that is over */
	const struct app *app;
	const char *names[APP_CHANNELS];
	size_t count;
};

static void
on_told(void *ctx, const char *channel)
{
	struct told *told = ctx;
	const struct alert_channel *c = app_channel(told->app, channel);

	if (c && told->count < APP_CHANNELS)
		told->names[told->count++] = c->name;
}

/* A dry run changes nothing, so it only looks who was told. */
static int
look_who_was_told(struct app *app, const struct alert_row *row, struct told *told, struct err *err)
{
	struct store_reach *reach = NULL;
	size_t count = 0;

	if (store_outbox_reach(
		app->tool.store, row->fingerprint, row->episode, &reach, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (strcmp(reach[i].state, "sent") == 0 || strcmp(reach[i].state, "sending") == 0)
			on_told(told, reach[i].channel);
	store_reach_free(reach, count);
	return 0;
}

static int
queue(struct app *app, const struct alert_row *row, enum alert_event event,
    const char *const *channels, size_t count, struct err *err)
{
	struct buf item = BUF_INIT;
	int64_t now = tool_now(&app->tool),
		when = alert_policy_when(app->policy, row->severity, now);
	int r = 0;

	alert_add_item(&item, row, event);
	for (size_t i = 0; r == 0 && i < count; i++) {
		if (!app_channel(app, channels[i]))
			continue;
		if (app->dry_run) {
			MEM_GROW(app->items, app->item_count, app->item_cap);
			app->items[app->item_count++] = (struct app_item){
			    .channel = app_channel(app, channels[i])->name,
			    .when = when,
			    .text = mem_strdup(item.data),
			};
			continue;
		}
		r = store_outbox_add(app->tool.store, channels[i], when, now, row->fingerprint,
		    row->episode, alert_event_word(event), item.data, err);
	}
	buf_release(&item);
	return r;
}

static int
save(struct app *app, const struct alert_row *row, struct err *err)
{
	struct store_alert view;
	int r;

	if (app->dry_run)
		return 0;
	app_row_view(row, &view);
	r = store_alert_put(app->tool.store, &view, err);
	free(view.members);
	return r;
}

static int
tell_resolved(struct app *app, const struct alert_row *row, struct err *err)
{
	struct told told = {.app = app};
	int r;

	if (app->dry_run)
		r = look_who_was_told(app, row, &told, err);
	else
		r = store_outbox_settle(
		    app->tool.store, row->fingerprint, row->episode, on_told, &told, err);
	if (r < 0)
		return -1;
	return queue(app, row, ALERT_EVENT_RESOLVED, told.names, told.count, err);
}

static void
remember(struct app *app, struct alert_row *row, enum alert_event event, size_t silence)
{
	MEM_GROW(app->decisions, app->decision_count, app->decision_cap);
	app->decisions[app->decision_count++] =
	    (struct app_decision){.row = *row, .event = event, .silence = silence};
	*row = (struct alert_row){0};
}

/* The alert's record as rules and silences see it: the one that is printed, before any message. */
static void
judge_policy(struct app *app, const struct alert_row *row, struct alert_rates *rates,
    const char *const **ret_channels, size_t *ret_count, size_t *ret_silence)
{
	struct buf json = BUF_INIT;
	struct err err = {0};

	alert_add_record(&json, row, &(struct alert_line){.until = CLOCK_NONE});
	if (alert_policy_rates(
		app->policy, json.data, json.len, rates, ret_channels, ret_count, &err) < 0)
		tool_error(&app->tool, "%s: not applied to alert %s", err.msg, row->fingerprint);
	*ret_silence = app_silence_of(app, json.data, json.len);
	rates->silenced = *ret_silence != 0;
	buf_release(&json);
}

static int
decide_one(struct app *app, const struct alert_entry *entry, struct err *err)
{
	struct store_alert stored = {0};
	struct alert_row row = {0};
	struct alert_rates rates;
	const char *const *channels = NULL;
	size_t count = 0, silence = 0;
	enum alert_event event;
	bool was_open;
	int r = store_alert_find(app->tool.store, alert_entry_fingerprint(entry), &stored, err);

	if (r > 0)
		r = app_row_from(&row, &stored, err);
	if (r < 0)
		return -1;
	was_open = row.state == ALERT_OPEN && row.fingerprint[0];
	if (!alert_merge(&row, entry, tool_now(&app->tool)))
		goto out;
	judge_policy(app, &row, &rates, &channels, &count, &silence);
	event = alert_judge(&row, alert_entry_is_bad(entry), &rates, tool_now(&app->tool));
	r = save(app, &row, err);
	if (r < 0)
		goto out;
	if (event == ALERT_EVENT_RESOLVED)
		r = tell_resolved(app, &row, err);
	else if (event != ALERT_EVENT_NONE)
		r = queue(app, &row, event, channels, count, err);
	if (r == 0 && (row.state == ALERT_OPEN || was_open))
		remember(app, &row, event, silence);
out:
	alert_row_release(&row);
	return r;
}

static int
escalate_one(struct app *app, struct alert_row *row, struct err *err)
{
	const struct alert_step *step;
	struct buf json = BUF_INIT;
	bool silenced;

	alert_add_record(&json, row, &(struct alert_line){.until = CLOCK_NONE});
	silenced = app_silence_of(app, json.data, json.len) != 0;
	buf_release(&json);
	if (silenced || !app->on[row->kind])
		return 0;
	while ((step = alert_policy_escalate(app->policy, row, tool_now(&app->tool))))
		if (save(app, row, err) < 0 ||
		    queue(app, row, ALERT_EVENT_ESCALATED, step->channels, step->channel_count,
			err) < 0)
			return -1;
	return 0;
}

static int
escalate(struct app *app, struct err *err)
{
	struct store_alert *alerts = NULL;
	struct alert_row row;
	size_t count = 0;
	int r = 0;

	if (!app->tool.config->alerts.escalation_count)
		return 0;
	if (store_alerts(app->tool.store, "open", &alerts, &count, err) < 0)
		return -1;
	for (size_t i = 0; r == 0 && i < count; i++) {
		r = app_row_from(&row, &alerts[i], err);
		if (r < 0)
			break;
		r = escalate_one(app, &row, err);
		alert_row_release(&row);
	}
	store_alerts_free(alerts, count);
	return r;
}

static int
decide_all(struct app *app, struct err *err)
{
	struct alert_entry *entry;
	size_t pos = 0;

	while ((entry = alert_evidence_next(app->evidence, &pos)))
		if (decide_one(app, entry, err) < 0)
			return -1;
	return escalate(app, err);
}

int
app_decide(struct app *app, struct err *err)
{
	struct store *store = app->tool.store;

	for (size_t i = 0; i < app->decision_count; i++)
		alert_row_release(&app->decisions[i].row);
	app->decision_count = 0;
	if (app_evidence_finish(app, err) < 0 || app_silences_load(app, err) < 0)
		return -1;
	if (app->dry_run)
		return decide_all(app, err);
	if (store_begin(store, err) < 0)
		return -1;
	if (decide_all(app, err) < 0 ||
	    store_outbox_prune(store, tool_now(&app->tool) - KEEP_S, err) < 0 ||
	    store_commit(store, err) < 0) {
		store_rollback(store);
		return -1;
	}
	return 0;
}

static bool
is_selected(const struct app *app, const struct alert_row *row)
{
	const struct config_location *location =
	    row->location ? config_location(app->tool.config, row->location) : NULL;

	if (!app->on[row->kind])
		return false;
	if (!app->tool.locations.count && !app->tool.location_id)
		return true;
	return location && tool_selects_location(&app->tool, location);
}

static void
count_row(struct app *app, const struct alert_row *row, size_t open[3])
{
	struct buf json = BUF_INIT;

	if (!is_selected(app, row))
		return;
	alert_add_record(&json, row, &(struct alert_line){.until = CLOCK_NONE});
	if (row->acked_at != CLOCK_NONE)
		open[1]++;
	else if (app_silence_of(app, json.data, json.len))
		open[2]++;
	else
		open[0]++;
	buf_release(&json);
}

static bool
was_decided(const struct app *app, const char *fingerprint)
{
	for (size_t i = 0; i < app->decision_count; i++)
		if (strcmp(app->decisions[i].row.fingerprint, fingerprint) == 0)
			return true;
	return false;
}

int
app_count_open(struct app *app, struct err *err)
{
	struct store_alert *alerts = NULL;
	struct alert_row row;
	size_t count = 0, open[3] = {0, 0, 0};
	int r = store_alerts(app->tool.store, "open", &alerts, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++) {
		r = app_row_from(&row, &alerts[i], err);
		if (r < 0)
			break;
		if (!app->dry_run || !was_decided(app, row.fingerprint))
			count_row(app, &row, open);
		alert_row_release(&row);
	}
	for (size_t i = 0; app->dry_run && i < app->decision_count; i++)
		if (app->decisions[i].row.state == ALERT_OPEN)
			count_row(app, &app->decisions[i].row, open);
	for (size_t i = 0; i < open[0]; i++)
		tool_finding(&app->tool);
	tool_count(&app->tool, "open", open[0]);
	tool_count(&app->tool, "acknowledged", open[1]);
	tool_count(&app->tool, "silenced", open[2]);
	store_alerts_free(alerts, count);
	return r;
}
