// The outbox: claim a message, send it, write down what became of it; then say so on the records.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"

/* No wait is that long: what seems to wait longer was queued under a clock that was wrong. */
#define LONGEST_WAIT_S ((int64_t)3 * CLOCK_DAY)

struct delivery {
	struct app *app;
	bool blocked[APP_CHANNELS]; /* not to be tried again in this run */
	bool copied;                /* a fallback got something: look at the outbox once more */
	size_t waiting;             /* undelivered, not tried now because it is too early */
};

static struct alert_message
message_of(const struct app *app, const struct store_message *stored, const char *items)
{
	return (struct alert_message){
	    .id = stored->message_id,
	    .at = stored->created,
	    .app = app->tool.config->app_name,
	    .host = app->tool.host,
	    .version = BKM_VERSION,
	    .items = items,
	};
}

static int
attempt(struct app *app, const struct alert_channel *channel, const struct store_message *stored,
    struct alert_result *ret_result, struct err *err)
{
	struct alert_payload payload = {BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT};
	struct buf items = BUF_INIT;
	struct alert_message message;
	struct err why = {0};
	int r = -1;

	if (store_outbox_items(app->tool.store, stored->id, &items, err) < 0)
		goto out;
	message = message_of(app, stored, items.data);
	r = 0;
	if (alert_render(channel, &message, app->share, &payload, &why) < 0 ||
	    alert_send(channel, &message, &payload, tool_stop_flag(), tool_now(&app->tool),
		ret_result, &why) < 0) {
		/* this message cannot be made or sent as things are; the next one may well be */
		*ret_result = (struct alert_result){.fate = ALERT_RETRY, .answered = true};
		(void)snprintf(ret_result->detail, sizeof(ret_result->detail), "%.250s", why.msg);
	}
out:
	alert_payload_release(&payload);
	buf_release(&items);
	return r;
}

static void
report_failure(struct app *app, const struct alert_channel *channel,
    const struct store_message *stored, const struct alert_result *result, const char *state,
    int64_t next)
{
	struct buf where = BUF_INIT;
	char when[CLOCK_TEXT_LEN];
	struct err err = {0};

	alert_channel_where(channel, &where);
	if (strcmp(state, "dead") == 0)
		(void)tool_trouble(&app->tool, NULL, NULL, "undelivered", &err,
		    "cannot deliver alerts to %s (%s): %s, not tried again (attempt %lld; bkm-alert --retry "
		    "does)",
		    channel->name, where.data, result->detail, (long long)stored->attempts + 1);
	else
		(void)tool_trouble(&app->tool, NULL, NULL, "undelivered", &err,
		    "cannot deliver alerts to %s (%s): %s, trying again after %s", channel->name,
		    where.data, result->detail, clock_format(next, when));
	buf_release(&where);
}

static int
settle(struct delivery *d, const struct alert_channel *channel, const struct store_message *stored,
    const struct alert_result *result, struct err *err)
{
	struct app *app = d->app;
	const char *fallback = app->tool.config->alerts.fallback;
	const char *state = "pending";
	int64_t now = tool_now(&app->tool), next;
	int r;

	next = now + alert_backoff(stored->attempts + 1, result->retry_after_s);
	if (result->fate == ALERT_SENT)
		state = "sent";
	else if (result->fate == ALERT_REFUSED || stored->attempts + 1 >= ALERT_MAX_ATTEMPTS ||
	    now - stored->created > ALERT_MAX_AGE_S)
		state = "dead";
	if (store_outbox_settled(app->tool.store, stored->id, app->tool.run.uuid, state, true, next,
		result->detail, err) < 0)
		return -1;
	if (result->partly)
		tool_error(&app->tool, "%s: %s", channel->name, result->detail);
	if (result->fate == ALERT_SENT) {
		log_info(app->tool.log, "%zu alerts sent to %s", stored->items, channel->name);
		return 0;
	}
	report_failure(app, channel, stored, result, state, next);
	if (!fallback || strcmp(fallback, channel->name) == 0)
		return 0;
	r = store_outbox_copy(app->tool.store, stored->id, fallback, now, err);
	d->copied |= r > 0;
	return r < 0 ? -1 : 0;
}

static int
deliver_one(struct delivery *d, const struct alert_channel *channel,
    const struct store_message *stored, struct err *err)
{
	struct app *app = d->app;
	struct alert_result result = {0};
	bool *blocked = &d->blocked[channel - app->channels];
	int r = store_outbox_claim(
	    app->tool.store, stored->id, app->tool.run.uuid, tool_now(&app->tool), err);

	if (r <= 0)
		return r; /* another run is sending it */
	if (attempt(app, channel, stored, &result, err) < 0)
		return -1;
	if (tool_stopping() && result.fate != ALERT_SENT) {
		if (store_outbox_settled(app->tool.store, stored->id, app->tool.run.uuid, "pending",
			false, tool_now(&app->tool), stored->error, err) < 0)
			return -1;
		return tool_interrupted(err);
	}
	if (result.fate != ALERT_SENT && (!result.answered || result.hold))
		*blocked = true;
	return settle(d, channel, stored, &result, err);
}

static bool
is_due(struct delivery *d, const struct store_message *m, const struct alert_channel *channel)
{
	struct app *app = d->app;
	bool tried = m->attempts > 0 || strcmp(m->state, "dead") == 0;

	if (d->blocked[channel - app->channels])
		return false;
	if (app->retry)
		return true;
	if (strcmp(m->state, "dead") != 0 &&
	    (m->next_try <= tool_now(&app->tool) ||
		m->next_try - tool_now(&app->tool) > LONGEST_WAIT_S))
		return true;
	d->waiting += tried ? 1 : 0;
	return false;
}

static int
deliver_all(struct delivery *d, struct err *err)
{
	struct store_message *messages = NULL;
	const struct alert_channel *channel;
	size_t count = 0, i;
	int r = store_outbox_waiting(d->app->tool.store, &messages, &count, err);

	d->waiting = 0;
	d->copied = false;
	for (i = 0; r == 0 && i < count; i++) {
		channel = app_channel(d->app, messages[i].channel);
		if (channel && messages[i].items && is_due(d, &messages[i], channel))
			r = deliver_one(d, channel, &messages[i], err);
	}
	store_messages_free(messages, count);
	return r;
}

int
app_deliver(struct app *app, struct err *err)
{
	struct delivery d = {.app = app};
	bool retry = app->retry;
	int r = deliver_all(&d, err);

	if (r == 0 && d.copied) {
		app->retry = false; /* what just failed is not tried twice */
		r = deliver_all(&d, err);
		app->retry = retry;
	}
	if (r == 0 && d.waiting)
		tool_error(&app->tool,
		    "alert messages waiting to be delivered: %zu (bkm-alert --list shows them, --retry "
		    "sends them now)",
		    d.waiting);
	return r;
}

/* ---------------------------------------------------------------- records */

static const char *
notify_word(const struct store_reach *reach)
{
	if (strcmp(reach->state, "sent") == 0)
		return "sent";
	if (strcmp(reach->state, "dead") == 0 || reach->attempts > 0)
		return "failed";
	return "queued";
}

/* The word for all channels together: the worst of them. */
static const char *
overall_word(const struct app_decision *decision, const struct alert_told *told, size_t count)
{
	const char *word = "sent";

	if (decision->event == ALERT_EVENT_NONE)
		return "suppressed";
	for (size_t i = 0; i < count; i++) {
		if (strcmp(told[i].notify, "failed") == 0)
			return "failed";
		if (strcmp(told[i].notify, "queued") == 0)
			word = "queued";
	}
	if (count)
		return word;
	return decision->event == ALERT_EVENT_RESOLVED ? "suppressed" : "none";
}

static int
print_decision(struct app *app, const struct app_decision *decision, struct err *err)
{
	struct alert_line line = {.until = CLOCK_NONE};
	struct store_reach *reach = NULL;
	struct alert_told *told;
	struct buf out = BUF_INIT;
	size_t count = 0;
	int r;

	if (store_outbox_reach(app->tool.store, decision->row.fingerprint, decision->row.episode,
		&reach, &count, err) < 0)
		return -1;
	told = mem_array(count + 1, sizeof(*told));
	for (size_t i = 0; i < count; i++)
		told[i] = (struct alert_told){
		    .channel = reach[i].channel,
		    .notify = notify_word(&reach[i]),
		    .error = strcmp(reach[i].state, "sent") == 0 ? NULL : reach[i].error,
		};
	if (decision->silence && decision->row.state == ALERT_OPEN) {
		line.state = "silenced";
		line.why = app->silences[decision->silence - 1].why;
		line.until = app->silences[decision->silence - 1].until;
	} else if (decision->row.acked_at != CLOCK_NONE) {
		line.why = decision->row.acked_why;
	}
	line.notify = overall_word(decision, told, count);
	line.told = told;
	line.told_count = count;
	alert_add_record(&out, &decision->row, &line);
	r = tool_put_line(&app->tool, &out, err);
	if (r < 0 && err->code == ERR_LIMIT) { /* names as long as a line: the rest goes on */
		tool_error(&app->tool, "alert %s: %s", decision->row.fingerprint, err->msg);
		err_clear(err);
		r = 0;
	}
	buf_release(&out);
	free(told);
	store_reach_free(reach, count);
	return r;
}

int
app_print_decisions(struct app *app, struct err *err)
{
	size_t opened = 0, resolved = 0;

	for (size_t i = 0; i < app->decision_count; i++) {
		opened += app->decisions[i].event == ALERT_EVENT_OPENED;
		resolved += app->decisions[i].event == ALERT_EVENT_RESOLVED;
		if (print_decision(app, &app->decisions[i], err) < 0)
			return -1;
	}
	if (!app->rounds) {
		tool_count(&app->tool, "opened", opened);
		tool_count(&app->tool, "resolved", resolved);
	}
	return 0;
}

/* ---------------------------------------------------------------- dry run */

static int
print_payload(struct app *app, const struct alert_channel *channel,
    const struct alert_message *message, int64_t when, struct err *err)
{
	struct alert_payload payload = {BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT};
	struct buf head = BUF_INIT;
	char text[CLOCK_TEXT_LEN];
	int r = alert_render(channel, message, app->share, &payload, err);

	if (r < 0)
		goto out;
	buf_printf(&head, "would send to %s (", channel->name);
	alert_channel_where(channel, &head);
	buf_str(&head, ")");
	if (when > tool_now(&app->tool))
		buf_printf(&head, " after %s", clock_format(when, text));
	buf_str(&head, ":\n");
	if (channel->type == ALERT_SLACK || channel->type == ALERT_WEBHOOK)
		r = alert_webhook_headers(
		    channel, message, &payload, tool_now(&app->tool), &head, err);
	if (r == 0)
		r = fsio_write_all(STDERR_FILENO, head.data, head.len, "standard error", err);
	if (payload.body.data[payload.body.len - 1] != '\n')
		buf_char(&payload.body, '\n');
	if (r == 0)
		r = fsio_write_all(
		    STDOUT_FILENO, payload.body.data, payload.body.len, "standard output", err);
out:
	alert_payload_release(&payload);
	buf_release(&head);
	return r;
}

/* The items of one channel for one moment, as the outbox would gather them. */
static int
print_message(struct app *app, const struct alert_channel *channel, int64_t when, struct err *err)
{
	struct store_message stored = {.created = tool_now(&app->tool)};
	char id[] = "00000000-0000-0000-0000-000000000000";
	struct buf items = BUF_INIT;
	struct alert_message message;
	int r;

	buf_char(&items, '[');
	for (size_t i = 0; i < app->item_count; i++) {
		if (strcmp(app->items[i].channel, channel->name) != 0 || app->items[i].when != when)
			continue;
		if (items.len > 1)
			buf_char(&items, ',');
		buf_str(&items, app->items[i].text);
	}
	buf_char(&items, ']');
	stored.message_id = id;
	message = message_of(app, &stored, items.data);
	r = print_payload(app, channel, &message, when, err);
	buf_release(&items);
	return r;
}

int
app_dry_run(struct app *app, struct err *err)
{
	const struct app_item *item;
	size_t k;

	for (size_t i = 0; i < app->item_count; i++) {
		item = &app->items[i];
		for (k = 0; k < i; k++)
			if (app->items[k].channel == item->channel &&
			    app->items[k].when == item->when)
				break;
		if (k == i &&
		    print_message(app, app_channel(app, item->channel), item->when, err) < 0)
			return -1;
	}
	if (!app->item_count) {
		static const char nothing[] = "nothing to send\n";

		return fsio_write_all(
		    STDERR_FILENO, nothing, sizeof(nothing) - 1, "standard error", err);
	}
	return 0;
}

/* ---------------------------------------------------------------- heartbeat */

/* Silence is noticed at the other end: so it is asked for only when all went well here. */
int
app_heartbeat(struct app *app, struct err *err)
{
	const char *url = app->tool.config->alerts.heartbeat;
	struct alert_result result = {0};
	struct buf where = BUF_INIT;

	if (!url || app->tool.errors)
		return 0;
	if (alert_ping(url, tool_stop_flag(), &result, err) < 0)
		return err_wrap(err, "alerts.heartbeat");
	if (result.fate != ALERT_SENT)
		log_warning(app->tool.log, "the heartbeat did not arrive: %s", result.detail);
	buf_release(&where);
	return 0;
}
