// From the configuration to channels and policy.
#include <stdlib.h>
#include <string.h>

#include "app.h"

static const char *const *
items_of(const struct config_list *list)
{
	return (const char *const *)list->items;
}

static void
add_channels(struct app *app)
{
	const struct config *c = app->tool.config;
	struct alert_channel *out = app->channels;

	if (c->alerts.email.enabled)
		*out++ = (struct alert_channel){
		    .name = "email",
		    .type = ALERT_EMAIL,
		    .url = c->alerts.email.server,
		    .ca_file = c->alerts.email.ca_file,
		    .plain = !c->alerts.email.tls,
		    .user = c->alerts.email.username,
		    .password = c->alerts.email.password,
		    .from = c->alerts.email.from,
		    .to = items_of(&c->alerts.email.to),
		    .to_count = c->alerts.email.to.count,
		};
	if (c->alerts.slack.enabled)
		*out++ = (struct alert_channel){
		    .name = "slack",
		    .type = ALERT_SLACK,
		    .url = c->alerts.slack.webhook_url,
		    .ca_file = c->alerts.slack.ca_file,
		};
	if (c->alerts.log.enabled)
		*out++ = (struct alert_channel){
		    .name = "log",
		    .type = ALERT_LOG,
		    .file = c->alerts.log.file,
		    .syslog = c->alerts.log.syslog,
		};
	if (c->alerts.webhook.enabled)
		*out++ = (struct alert_channel){
		    .name = "webhook",
		    .type = ALERT_WEBHOOK,
		    .url = c->alerts.webhook.url,
		    .ca_file = c->alerts.webhook.ca_file,
		    .secret = c->alerts.webhook.secret,
		};
	app->channel_count = (size_t)(out - app->channels);
}

const struct alert_channel *
app_channel(const struct app *app, const char *name)
{
	for (size_t i = 0; i < app->channel_count; i++)
		if (strcmp(app->channels[i].name, name) == 0)
			return &app->channels[i];
	return NULL;
}

/* The fallback is told when another channel fails, not beside it. */
static void
add_names(struct app *app)
{
	const char *fallback = app->tool.config->alerts.fallback;

	for (size_t i = 0; i < app->channel_count; i++)
		if (!fallback || strcmp(app->channels[i].name, fallback) != 0)
			app->names[app->name_count++] = app->channels[i].name;
}

static int
make_policy(struct app *app, struct err *err)
{
	const struct config *c = app->tool.config;
	struct alert_policy_options options = {
	    .rule_count = c->alerts.rule_count,
	    .step_count = c->alerts.escalation_count,
	    .channels = app->names,
	    .channel_count = app->name_count,
	    .after = c->alerts.after,
	    .repeat_hours = c->alerts.repeat_hours,
	    .digest = c->alerts.digest,
	    .quiet_hours = c->alerts.quiet_hours,
	    .zone = getenv("TZ"),
	};

	app->rules = mem_array(options.rule_count + 1, sizeof(*app->rules));
	for (size_t i = 0; i < options.rule_count; i++)
		app->rules[i] = (struct alert_rule){
		    .match = c->alerts.rules[i].match,
		    .channels = items_of(&c->alerts.rules[i].channels),
		    .channel_count = c->alerts.rules[i].channels.count,
		    .after = c->alerts.rules[i].after,
		    .repeat_hours = c->alerts.rules[i].repeat_hours,
		};
	app->steps = mem_array(options.step_count + 1, sizeof(*app->steps));
	for (size_t i = 0; i < options.step_count; i++)
		app->steps[i] = (struct alert_step){
		    .after = c->alerts.escalation[i].after,
		    .channels = items_of(&c->alerts.escalation[i].channels),
		    .channel_count = c->alerts.escalation[i].channels.count,
		};
	options.rules = app->rules;
	options.steps = app->steps;
	if (options.zone && (*options.zone == '\0' || *options.zone == ':'))
		options.zone = NULL;
	return alert_policy_new(&app->policy, &options, err);
}

int
app_setup(struct app *app, struct err *err)
{
	const struct config *c = app->tool.config;

	add_channels(app);
	add_names(app);
	app->on[RECORD_ALERT_BACKUP_FAILURE] = c->monitoring.alert_on_failure;
	app->on[RECORD_ALERT_VERIFICATION_FAILURE] = c->monitoring.alert_on_verification_failure;
	app->on[RECORD_ALERT_RESTORE_FAILURE] = c->monitoring.alert_on_restore_failure;
	app->on[RECORD_ALERT_HEALTH_DEGRADATION] = c->monitoring.alert_on_health_degradation;
	app->on[RECORD_ALERT_MONITOR_FAILURE] = c->monitoring.alert_on_monitor_failure;
	app->share = tool_share("alert");
	for (size_t i = 0; i < app->channel_count; i++)
		if (alert_channel_check(&app->channels[i], err) < 0)
			return -1;
	return make_policy(app, err);
}

static void
release_silences(struct app *app)
{
	for (size_t i = 0; i < app->silence_count; i++)
		record_filter_free(app->filters[i]);
	free(app->filters);
	store_silences_free(app->silences, app->silence_count);
	app->filters = NULL;
	app->silences = NULL;
	app->silence_count = 0;
}

void
app_release(struct app *app)
{
	alert_evidence_free(app->evidence);
	alert_policy_free(app->policy);
	release_silences(app);
	for (size_t i = 0; i < app->decision_count; i++)
		alert_row_release(&app->decisions[i].row);
	for (size_t i = 0; i < app->item_count; i++)
		free(app->items[i].text);
	free(app->decisions);
	free(app->items);
	free(app->rules);
	free(app->steps);
	free(app->share);
}

int
app_silences_load(struct app *app, struct err *err)
{
	struct err bad = {0};

	release_silences(app);
	if (store_silences(app->tool.store, tool_now(&app->tool), &app->silences,
		&app->silence_count, err) < 0)
		return -1;
	app->filters = mem_array(app->silence_count + 1, sizeof(struct record_filter *));
	for (size_t i = 0; i < app->silence_count; i++)
		if (record_filter_new(&app->filters[i], app->silences[i].filter, &bad) < 0)
			log_warning(app->tool.log, "silence %lld does not hold: %s",
			    (long long)app->silences[i].id, bad.msg);
	return 0;
}

size_t
app_silence_of(struct app *app, const char *json, size_t len)
{
	struct err err = {0};

	for (size_t i = 0; i < app->silence_count; i++)
		if (app->filters[i] && record_filter_run_json(app->filters[i], json, len, &err) > 0)
			return i + 1;
	return 0; /* an expression that fails on this alert does not silence it */
}
