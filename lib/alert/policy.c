// Who is told, how often and when: rules, quiet hours, the digest, escalation, back-off.
#include <stdlib.h>
#include <string.h>

#include "alert/alert_private.h"
#include "schedule/schedule.h"

struct alert_policy {
	struct alert_policy_options options;
	struct record_filter **filters; /* of the rules */
	size_t filter_count;
	struct schedule_zone *zone;
	int64_t digest;               /* minute of the day; -1: none */
	int64_t quiet_from, quiet_to; /* the same */
};

// "HH:MM" in the first len bytes.
static int
parse_minute(const char *text, size_t len, int64_t *ret_minute)
{
	int64_t hour, minute;

	if (len != 5 || text[2] != ':' || strspn(text, "0123456789") != 2 ||
	    strspn(text + 3, "0123456789") < 2)
		return -1;
	hour = (text[0] - '0') * 10 + (text[1] - '0');
	minute = (text[3] - '0') * 10 + (text[4] - '0');
	if (hour > 23 || minute > 59)
		return -1;
	*ret_minute = hour * 60 + minute;
	return 0;
}

static int
parse_times(struct alert_policy *policy, struct err *err)
{
	const char *digest = policy->options.digest, *quiet = policy->options.quiet_hours;

	policy->digest = policy->quiet_from = policy->quiet_to = -1;
	if (digest && parse_minute(digest, strlen(digest), &policy->digest) < 0)
		return err_set(
		    err, ERR_CONFIG, "alerts.digest: not a time like 08:00: '%s'", digest);
	if (quiet &&
	    (strlen(quiet) != 11 || quiet[5] != '-' ||
		parse_minute(quiet, 5, &policy->quiet_from) < 0 ||
		parse_minute(quiet + 6, 5, &policy->quiet_to) < 0 ||
		policy->quiet_from == policy->quiet_to))
		return err_set(err, ERR_CONFIG,
		    "alerts.quiet_hours: not a span like 22:00-07:00: '%s'", quiet);
	if ((digest || quiet) &&
	    schedule_zone_open(
		&policy->zone, policy->options.zone ? policy->options.zone : "local", err) < 0)
		return -1;
	return 0;
}

static int
compile_rules(struct alert_policy *policy, struct err *err)
{
	const struct alert_policy_options *o = &policy->options;

	policy->filters = mem_array(o->rule_count + 1, sizeof(struct record_filter *));
	for (size_t i = 0; i < o->rule_count; i++) {
		if (record_filter_new(&policy->filters[i], o->rules[i].match, err) < 0) {
			err->code = ERR_CONFIG;
			return err_wrap(err, "alerts.rules[%zu].match", i);
		}
		policy->filter_count++;
	}
	return 0;
}

int
alert_policy_new(
    struct alert_policy **ret_policy, const struct alert_policy_options *options, struct err *err)
{
	struct alert_policy *policy = mem_alloc(sizeof(*policy));

	policy->options = *options;
	if (parse_times(policy, err) < 0 || compile_rules(policy, err) < 0) {
		alert_policy_free(policy);
		return -1;
	}
	*ret_policy = policy;
	return 0;
}

void
alert_policy_free(struct alert_policy *policy)
{
	if (!policy)
		return;
	for (size_t i = 0; i < policy->filter_count; i++)
		record_filter_free(policy->filters[i]);
	free(policy->filters);
	schedule_zone_free(policy->zone);
	free(policy);
}

int
alert_policy_rates(struct alert_policy *policy, const char *json, size_t len,
    struct alert_rates *ret_rates, const char *const **ret_channels, size_t *ret_count,
    struct err *err)
{
	const struct alert_policy_options *o = &policy->options;
	const struct alert_rule *rule = NULL;
	int64_t repeat = o->repeat_hours;
	bool failed = false;
	int r;

	for (size_t i = 0; !rule && i < o->rule_count; i++) {
		r = record_filter_run_json(policy->filters[i], json, len, failed ? NULL : err);
		if (r > 0)
			rule = &o->rules[i];
		if (r >= 0 || failed)
			continue;
		failed = true;
		(void)err_wrap(err, "alerts.rules[%zu].match", i);
	}
	ret_rates->after = rule && rule->after >= 0 ? rule->after : o->after;
	if (rule && rule->repeat_hours >= 0)
		repeat = rule->repeat_hours;
	ret_rates->repeat_s = repeat * CLOCK_HOUR;
	*ret_channels = rule ? rule->channels : o->channels;
	*ret_count = rule ? rule->channel_count : o->channel_count;
	return failed ? -1 : 0;
}

const struct alert_step *
alert_policy_escalate(const struct alert_policy *policy, struct alert_row *row, int64_t now)
{
	const struct alert_policy_options *o = &policy->options;
	const struct alert_step *step;

	if (row->state != ALERT_OPEN || row->acked_at != CLOCK_NONE || row->escalated < 0 ||
	    row->notified == CLOCK_NONE || (uint64_t)row->escalated >= o->step_count)
		return NULL;
	step = &o->steps[row->escalated];
	if (now - row->opened < step->after)
		return NULL;
	row->escalated++;
	return step;
}

/* Minute of the local day, and the instant at which that minute number comes next. */
static int64_t
local_minute(const struct alert_policy *policy, int64_t now, int64_t *ret_local)
{
	int64_t local = now + schedule_zone_era(policy->zone, now).offset;

	*ret_local = local;
	return ((local % CLOCK_DAY + CLOCK_DAY) % CLOCK_DAY) / 60;
}

static int64_t
next_minute(const struct alert_policy *policy, int64_t minute, int64_t now)
{
	int64_t local, here = local_minute(policy, now, &local);
	int64_t day = local - (local % CLOCK_DAY + CLOCK_DAY) % CLOCK_DAY;

	if (minute <= here)
		day += CLOCK_DAY;
	return schedule_zone_to_utc(policy->zone, day + minute * 60);
}

static bool
is_quiet(const struct alert_policy *policy, int64_t now)
{
	int64_t local, here;

	if (policy->quiet_from < 0)
		return false;
	here = local_minute(policy, now, &local);
	if (policy->quiet_from < policy->quiet_to)
		return here >= policy->quiet_from && here < policy->quiet_to;
	return here >= policy->quiet_from || here < policy->quiet_to;
}

int64_t
alert_policy_when(const struct alert_policy *policy, enum record_severity severity, int64_t now)
{
	int64_t when = now;

	if (severity == RECORD_SEVERITY_CRITICAL)
		return now;
	if (policy->digest >= 0)
		when = next_minute(policy, policy->digest, now);
	if (is_quiet(policy, when))
		when = next_minute(policy, policy->quiet_to, when);
	return when;
}

int64_t
alert_backoff(int64_t attempts, int64_t asked_s)
{
	static const int64_t minutes[] = {1, 5, 15, 60, 360};
	size_t i = attempts < 1 ? 0 : (size_t)attempts - 1;
	int64_t wait;

	if (i >= ARRAY_LEN(minutes))
		i = ARRAY_LEN(minutes) - 1;
	wait = minutes[i] * 60;
	if (asked_s > wait) /* what a server asks for is kept, but for at most a day */
		wait = asked_s < CLOCK_DAY ? asked_s : CLOCK_DAY;
	return wait;
}
