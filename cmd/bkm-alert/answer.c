// What people ask of alerts: list them, acknowledge, silence, try a channel.
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "hash/hash.h"

static int
say(const struct buf *text, struct err *err)
{
	return fsio_write_all(STDOUT_FILENO, text->data, text->len, "standard output", err);
}

/* Who acts: under sudo the person who called it. */
static const char *
who(void)
{
	const char *sudo = getenv("SUDO_USER");
	struct passwd *pw;

	if (sudo && *sudo)
		return sudo;
	pw = getpwuid(getuid());
	return pw ? pw->pw_name : "unknown";
}

/* ---------------------------------------------------------------- --test */

static int
make_test(
    struct app *app, char id[33], struct alert_message *message, struct buf *items, struct err *err)
{
	uint8_t bytes[16];
	struct buf hex = BUF_INIT;

	if (hash_random(bytes, sizeof(bytes), err) < 0)
		return -1;
	str_add_hex(&hex, bytes, sizeof(bytes));
	memcpy(id, hex.data, 33);
	buf_release(&hex);
	buf_str(items,
	    "[{\"event\":\"test\",\"severity\":\"warning\",\"reasons\":[],\"summary\":"
	    "\"a test, nothing is wrong\"}]");
	*message = (struct alert_message){
	    .id = id,
	    .at = tool_now(&app->tool),
	    .app = app->tool.config->app_name,
	    .host = app->tool.host,
	    .version = BKM_VERSION,
	    .items = items->data,
	    .test = true,
	};
	return 0;
}

static int
test_channel(struct app *app, const struct alert_channel *channel, struct err *err)
{
	struct alert_payload payload = {BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT};
	struct buf items = BUF_INIT, line = BUF_INIT;
	struct alert_result result = {.fate = ALERT_RETRY};
	struct alert_message message;
	struct err why = {0};
	char id[33];
	int r = make_test(app, id, &message, &items, err);

	if (r < 0)
		goto out;
	if (alert_render(channel, &message, app->share, &payload, &why) < 0 ||
	    alert_send(channel, &message, &payload, tool_stop_flag(), tool_now(&app->tool), &result,
		&why) < 0)
		(void)snprintf(result.detail, sizeof(result.detail), "%.250s", why.msg);
	buf_printf(&line, "%s (", channel->name);
	alert_channel_where(channel, &line);
	if (result.fate == ALERT_SENT && !result.partly) {
		buf_printf(&line, "): sent\n");
		r = say(&line, err);
	} else {
		tool_error(&app->tool, "%s): not delivered: %s", line.data, result.detail);
	}
out:
	alert_payload_release(&payload);
	buf_release(&items);
	buf_release(&line);
	return r;
}

int
app_test(struct app *app, struct err *err)
{
	struct buf names = BUF_INIT;
	int r = 0;

	for (size_t i = 0; i < app->channel_count; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", app->channels[i].name);
	if (!app->channel_count)
		r = err_set(err, ERR_CONFIG, "no alert channel is configured: alerts in '%s'",
		    app->tool.config->file);
	for (size_t i = 0; r == 0 && i < app->tool.operand_count; i++) {
		if (!app_channel(app, app->tool.operands[i]))
			r = err_set(err, ERR_USAGE, "channel '%s' is not configured; there are: %s",
			    app->tool.operands[i], names.data);
	}
	buf_release(&names);
	if (r < 0)
		return -1;
	for (size_t i = 0; i < app->tool.operand_count; i++)
		if (test_channel(app, app_channel(app, app->tool.operands[i]), err) < 0)
			return -1;
	for (size_t i = 0; !app->tool.operand_count && i < app->channel_count; i++)
		if (test_channel(app, &app->channels[i], err) < 0)
			return -1;
	return 0;
}

/* ---------------------------------------------------------------- --list */

static void
add_alert_text(struct buf *out, const struct alert_row *row, const struct alert_line *line)
{
	const char *severity = record_word(RECORD_LIST_SEVERITY, (int)row->severity);
	char when[CLOCK_TEXT_LEN];

	buf_printf(out, "%s  %-8s  since %s  ", row->fingerprint, severity ? severity : "",
	    clock_format(row->opened, when));
	str_add_visible(
	    out, row->summary ? row->summary : "", row->summary ? strlen(row->summary) : 0);
	if (line->state) {
		buf_printf(out,
		    "\n                  silenced until %s: ", clock_format(line->until, when));
		str_add_visible(out, line->why, strlen(line->why));
	} else if (row->acked_at != CLOCK_NONE) {
		buf_printf(out, "\n                  acknowledged by %s",
		    row->acked_by ? row->acked_by : "unknown");
		if (row->acked_why) {
			buf_str(out, ": ");
			str_add_visible(out, row->acked_why, strlen(row->acked_why));
		}
	}
	for (size_t i = 0; i < line->told_count; i++)
		buf_printf(out, "\n                  %s: %s%s%s", line->told[i].channel,
		    line->told[i].notify, line->told[i].error ? ", " : "",
		    line->told[i].error ? line->told[i].error : "");
	buf_char(out, '\n');
}

static int
list_one(
    struct app *app, const struct alert_row *row, bool people, struct buf *out, struct err *err)
{
	struct alert_line line = {.until = CLOCK_NONE};
	struct store_reach *reach = NULL;
	struct alert_told *told;
	struct buf json = BUF_INIT;
	size_t count = 0, silence;

	if (store_outbox_reach(
		app->tool.store, row->fingerprint, row->episode, &reach, &count, err) < 0)
		return -1;
	told = mem_array(count + 1, sizeof(*told));
	for (size_t i = 0; i < count; i++) {
		bool sent = strcmp(reach[i].state, "sent") == 0;

		told[i] = (struct alert_told){
		    .channel = reach[i].channel,
		    .notify = sent                                                     ? "sent"
			: strcmp(reach[i].state, "dead") == 0 || reach[i].attempts > 0 ? "failed"
										       : "queued",
		    .error = sent ? NULL : reach[i].error,
		};
	}
	alert_add_record(&json, row, &line);
	silence = app_silence_of(app, json.data, json.len);
	line.told = told;
	line.told_count = count;
	line.why = row->acked_at != CLOCK_NONE ? row->acked_why : NULL;
	if (silence) {
		line.state = "silenced";
		line.why = app->silences[silence - 1].why;
		line.until = app->silences[silence - 1].until;
	}
	if (people) {
		add_alert_text(out, row, &line);
	} else {
		alert_add_record(out, row, &line);
		buf_char(out, '\n');
	}
	buf_release(&json);
	free(told);
	store_reach_free(reach, count);
	return 0;
}

static int
list_rest(struct app *app, struct buf *out, struct err *err)
{
	struct store_message *messages = NULL;
	char when[CLOCK_TEXT_LEN];
	size_t count = 0;

	for (size_t i = 0; i < app->silence_count; i++) {
		const struct store_silence *s = &app->silences[i];

		buf_printf(out, "silence %lld until %s by %s: ", (long long)s->id,
		    clock_format(s->until, when), s->by ? s->by : "unknown");
		str_add_visible(out, s->filter, strlen(s->filter));
		buf_str(out, " (");
		str_add_visible(out, s->why, strlen(s->why));
		buf_str(out, ")\n");
	}
	if (store_outbox_waiting(app->tool.store, &messages, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct store_message *m = &messages[i];

		buf_printf(out, "message %lld to %s, %zu alerts, %s after %lld attempts",
		    (long long)m->id, m->channel, m->items, m->state, (long long)m->attempts);
		if (strcmp(m->state, "pending") == 0)
			buf_printf(out, ", next try %s", clock_format(m->next_try, when));
		if (m->error)
			buf_printf(out, ": %s", m->error);
		buf_char(out, '\n');
	}
	store_messages_free(messages, count);
	return 0;
}

int
app_list(struct app *app, struct err *err)
{
	bool people = isatty(STDOUT_FILENO) == 1;
	struct store_alert *alerts = NULL;
	struct buf out = BUF_INIT;
	struct alert_row row;
	size_t count = 0;
	int r = app_silences_load(app, err);

	if (r == 0)
		r = store_alerts(app->tool.store, "open", &alerts, &count, err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		r = app_row_from(&row, &alerts[i], err);
		if (r < 0)
			break;
		r = list_one(app, &row, people, &out, err);
		alert_row_release(&row);
	}
	if (r == 0 && people && !count)
		buf_str(&out, "no alert is open\n");
	if (r == 0 && people)
		r = list_rest(app, &out, err);
	if (r == 0)
		r = say(&out, err);
	store_alerts_free(alerts, count);
	buf_release(&out);
	return r;
}

/* ---------------------------------------------------------------- --ack, --silence */

int
app_ack(struct app *app, const struct tool_list *prefixes, const char *why, struct err *err)
{
	struct buf line = BUF_INIT;
	int r = 0;

	for (size_t i = 0; r == 0 && i < prefixes->count; i++) {
		struct store_alert alert = {0};

		if (!*prefixes->items[i])
			return err_set(err, ERR_USAGE, "an empty fingerprint names no alert");
		if (store_alert_ack(app->tool.store, prefixes->items[i], tool_now(&app->tool),
			who(), why, &alert, err) < 0) {
			if (err->code == ERR_NOT_FOUND)
				err->code = ERR_USAGE;
			return -1;
		}
		buf_clear(&line);
		buf_printf(&line, "acknowledged %s: ", alert.fingerprint);
		if (alert.summary)
			str_add_visible(&line, alert.summary, strlen(alert.summary));
		buf_char(&line, '\n');
		store_alert_release(&alert);
		r = say(&line, err);
	}
	buf_release(&line);
	return r;
}

int
app_silence(struct app *app, const char *filter, int64_t seconds, const char *why, struct err *err)
{
	struct record_filter *compiled = NULL;
	struct store_silence silence = {
	    .filter = mem_strdup(filter),
	    .why = mem_strdup(why),
	    .by = mem_strdup(who()),
	    .created = tool_now(&app->tool),
	    .until = tool_now(&app->tool) + seconds,
	};
	struct buf line = BUF_INIT;
	char when[CLOCK_TEXT_LEN];
	int64_t id = 0;
	int r = -1;

	if (record_filter_new(&compiled, filter, err) < 0) {
		(void)err_wrap(err, "option '--silence'");
		goto out;
	}
	if (store_silence_add(app->tool.store, &silence, &id, err) < 0)
		goto out;
	buf_printf(&line, "silence %lld holds until %s\n", (long long)id,
	    clock_format(silence.until, when));
	r = say(&line, err);
out:
	record_filter_free(compiled);
	free(silence.filter);
	free(silence.why);
	free(silence.by);
	buf_release(&line);
	return r;
}

int
app_unsilence(struct app *app, uint64_t id, struct err *err)
{
	int r = store_silence_end(app->tool.store, (int64_t)id, tool_now(&app->tool), err);

	if (r == 0)
		return err_set(err, ERR_USAGE, "there is no silence %llu that still holds",
		    (unsigned long long)id);
	return r < 0 ? -1 : 0;
}
