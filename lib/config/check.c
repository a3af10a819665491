// What no single key can tell: names that must be unique, schedules, expressions, channels, addresses.
#include <stdlib.h>
#include <string.h>

#include "config/config_private.h"

static const struct config_node *
item_node(const struct config_node *list, size_t i)
{
	return list && list->kind == NODE_LIST && i < list->count ? &list->items[i] : NULL;
}

/* ---------------------------------------------------------------- locations */

static void
check_schedule(struct config_loader *l, const struct config_node *node, const char *key,
    const char *schedule, const char *timezone)
{
	struct err err = {0};

	if (!l->options->check_schedule || (!schedule && !timezone))
		return;
	if (l->options->check_schedule(l->options->check_schedule_ctx, schedule, timezone, &err) <
	    0)
		config_problem_at(l, node, key, "%s", err.msg);
}

/* What a rule leaves out it has from its location. */
static void
check_series(struct config_loader *l, const struct config_location *location,
    struct config_series *rule, const struct config_node *node)
{
	config_check_rule(l, rule, node);
	if (rule->schedule)
		check_schedule(l, node, "schedule", rule->schedule, NULL);
	else if (location->schedule)
		rule->schedule = mem_strdup(location->schedule);
	if (rule->grace == CONFIG_UNSET)
		rule->grace = location->grace;
	if (rule->min_size == CONFIG_UNSET)
		rule->min_size = location->min_size;
	if (rule->retention_days == CONFIG_UNSET)
		rule->retention_days = location->retention_days;
}

/* A program named by a relative path lies beside the configuration; a bare name is looked up in
 * $PATH by whoever runs it. */
static void
settle_program(const struct config *config, struct config_list *argv)
{
	char *absolute;

	if (!argv->count || !strchr(argv->items[0], '/'))
		return;
	absolute = config_absolute(config, argv->items[0]);
	free(argv->items[0]);
	argv->items[0] = absolute;
}

static bool
is_repository_address(const struct config_location *location)
{
	const char *colon = strchr(location->path, ':');
	const char *slash = strchr(location->path, '/');

	return config_type_is_repository(location->type) && colon && (!slash || colon < slash);
}

static void
check_name(struct config_loader *l, size_t index, const struct config_node *node)
{
	const struct config *c = l->config;
	const char *name = c->locations[index].name;

	if (!name)
		return;
	if (strlen(name) >= CONFIG_MAX_TEXT || !str_is_utf8(name, strlen(name)))
		config_problem_at(l, node, "name", "'backups.locations[].name' is too long");
	for (size_t i = 0; i < index; i++) {
		if (!c->locations[i].name || strcmp(c->locations[i].name, name) != 0)
			continue;
		config_problem_at(l, node, "name", "location '%s' is already named in line %u",
		    name, c->locations[i].line);
		return;
	}
}

static bool
is_sha256(const char *text)
{
	return strlen(text) == 64 && text[strspn(text, "0123456789abcdefABCDEF")] == '\0';
}

#define DEMANDS_MAX 64 /* of each list */

/* Demands that need one another, and sums that are none. */
static void
check_restore(
    struct config_loader *l, const struct config_restore *r, const struct config_node *node)
{
	const struct config_node *sums = config_node_get(node, "sha256");

	if (!r->newest_row != (r->newest_row_within == CONFIG_UNSET))
		config_problem_at(l, node, r->newest_row ? "newest_row" : "newest_row_within",
		    "'backups.locations[].restore.newest_row' and '….newest_row_within' need each "
		    "other");
	if (r->expect_count > DEMANDS_MAX || r->member_count > DEMANDS_MAX ||
	    r->sql.count > DEMANDS_MAX || r->compare_exclude.count > DEMANDS_MAX ||
	    r->must_contain.count > DEMANDS_MAX)
		config_problem_at(
		    l, node, "", "a list of 'backups.locations[].restore' has more than 64 items");
	for (size_t i = 0; i < r->member_count; i++) {
		if (r->members[i].sum && !is_sha256(r->members[i].sum))
			config_problem_at(l, item_node(sums, i), "sum",
			    "'backups.locations[].restore.sha256[].sum' must be 64 hex digits");
	}
}

static void
check_decrypt(
    struct config_loader *l, struct config_location *location, const struct config_node *map)
{
	bool repository = config_type_is_repository(location->type);

	settle_program(l->config, &location->decrypt.command);
	if (map && !repository && !location->decrypt.command.count)
		config_problem_at(
		    l, map, "command", "'backups.locations[].decrypt' needs a command");
	if (map && repository && location->decrypt.command.count)
		config_problem_at(l, map, "command",
		    "a repository is decrypted by its own program: 'backups.locations[].decrypt' "
		    "has only the secret");
}

static void
check_location(struct config_loader *l, size_t index, const struct config_node *node)
{
	struct config_location *location = &l->config->locations[index];
	const struct config_node *rules = config_node_get(node, "series");

	location->line = node ? node->line : 0;
	check_name(l, index, node);
	if (location->path && !is_repository_address(location)) {
		char *absolute = config_absolute(l->config, location->path);

		free(location->path);
		location->path = absolute;
	} else if (location->path) {
		/* The path of a snapshot is this, a slash and its name. */
		for (size_t n = strlen(location->path); n > 1 && location->path[n - 1] == '/'; n--)
			location->path[n - 1] = '\0';
	}
	check_schedule(l, node, "schedule", location->schedule, NULL);
	check_schedule(l, node, "timezone", NULL, location->timezone);
	for (size_t i = 0; i < location->series_count; i++) {
		check_series(l, location, &location->series[i], item_node(rules, i));
		location->names_series |= location->series[i].name != NULL;
	}
	check_restore(l, &location->restore, config_node_get(node, "restore"));
	settle_program(l->config, &location->restore.command);
	check_decrypt(l, location, config_node_get(node, "decrypt"));
}

static int
location_cmp(const void *a, const void *b)
{
	const struct config_location *const *x = a, *const *y = b;

	return strcmp((*x)->name ? (*x)->name : "", (*y)->name ? (*y)->name : "");
}

static void
check_locations(struct config_loader *l, const struct config_node *root)
{
	const struct config_node *list =
	    config_node_get(config_node_get(root, "backups"), "locations");
	struct config *c = l->config;

	for (size_t i = 0; i < c->location_count; i++)
		check_location(l, i, item_node(list, i));
	c->by_name = mem_array(c->location_count + 1, sizeof(const struct config_location *));
	for (size_t i = 0; i < c->location_count; i++)
		c->by_name[i] = &c->locations[i];
	if (c->location_count)
		qsort(c->by_name, c->location_count, sizeof(const struct config_location *),
		    location_cmp);
}

/* ---------------------------------------------------------------- the other sections */

static void
check_handlers(struct config_loader *l, const struct config_node *root)
{
	const struct config_node *list =
	    config_node_get(config_node_get(root, "restore_testing"), "handlers");
	struct config *c = l->config;

	for (size_t i = 0; i < c->restore_testing.handler_count; i++) {
		struct config_handler *h = &c->restore_testing.handlers[i];

		settle_program(c, &h->command);
		for (size_t k = 0; h->name && k < i; k++) {
			const char *other = c->restore_testing.handlers[k].name;

			if (other && strcmp(other, h->name) == 0)
				config_problem_at(l, item_node(list, i), "name",
				    "a handler of this name is already there");
		}
	}
}

static void
check_scoring(struct config_loader *l, const struct config_node *root)
{
	const struct config_node *scoring = config_node_get(root, "scoring");
	const struct config *c = l->config;

	if (c->scoring.weight_backup + c->scoring.weight_verification + c->scoring.weight_restore <=
	    0)
		config_problem_at(l, scoring, "weights", "'scoring.weights' are all 0");
	if (c->scoring.warning <= 0 || c->scoring.warning >= c->scoring.good)
		config_problem_at(l, scoring, "thresholds",
		    "'scoring.thresholds': warning must be above 0 and below good");
}

/* A digest, a report format: a word that may become part of a file name. */
static bool
is_plain_word(const char *word)
{
	return word[strspn(word,
		   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")] == '\0' &&
	    *word;
}

static void
check_words(struct config_loader *l, const struct config_node *root)
{
	const struct config *c = l->config;

	if (c->verification.algorithm && !is_plain_word(c->verification.algorithm))
		config_problem_at(l, config_node_get(root, "verification"), "algorithm",
		    "'verification.algorithm' must be the name of a digest like sha256");
	if (!c->verification.methods)
		config_problem_at(l, config_node_get(root, "verification"), "methods",
		    "'verification.methods' is an empty list");
	for (size_t i = 0; i < c->reporting.formats.count; i++) {
		if (!is_plain_word(c->reporting.formats.items[i]))
			config_problem_at(l, config_node_get(root, "reporting"), "formats",
			    "'reporting.formats' must be names like html or csv");
	}
}

/* ---------------------------------------------------------------- alerts */

static bool
has_scheme(const char *url, const char *const *schemes)
{
	for (; *schemes; schemes++) {
		size_t n = strlen(*schemes);

		if (strncasecmp(url, *schemes, n) == 0 && url[n])
			return true;
	}
	return false;
}

/* The message does not show the address: it is a secret. */
static void
check_url(struct config_loader *l, const struct config_node *map, const char *key, const char *url,
    const char *path)
{
	static const char *const web[] = {"https://", "http://", NULL};

	if (url && (!has_scheme(url, web) || strpbrk(url, " \t\"<>")))
		config_problem_at(
		    l, map, key, "'%s' must be an address like https://host/path", path);
}

static bool
is_address(const char *text)
{
	const char *at = strrchr(text, '@');

	return at && at != text && at[1] && !strpbrk(text, "\r\n");
}

/* True if the key or its `_file` is in the mapping, whatever became of it. */
static bool
is_given(const struct config_node *map, const char *key)
{
	char *file = mem_printf("%s_file", key);
	const struct config_node *a = config_node_get(map, key);
	const struct config_node *b = config_node_get(map, file);

	free(file);
	return (a && a->kind != NODE_NULL) || (b && b->kind != NODE_NULL);
}

static void
check_email(struct config_loader *l, const struct config_node *map)
{
	static const char *const schemes[] = {"smtp://", "smtps://", NULL};
	const struct config_email *e = &l->config->alerts.email;

	if (e->server && !has_scheme(e->server, schemes))
		config_problem_at(l, map, "server",
		    "'alerts.email.server' must be smtp://host:587 or smtps://host:465");
	if (e->from && !is_address(e->from))
		config_problem_at(
		    l, map, "from", "'alerts.email.from' must be an address like bkm@example.org");
	if (config_node_get(map, "to") && config_node_get(map, "to")->kind == NODE_LIST &&
	    !e->to.count)
		config_problem_at(l, map, "to", "'alerts.email.to' is an empty list");
	for (size_t i = 0; i < e->to.count; i++) {
		if (!is_address(e->to.items[i]))
			config_problem_at(l, map, "to",
			    "'alerts.email.to' must be addresses like ops@example.org");
	}
	if ((e->username != NULL) != is_given(map, "password"))
		config_problem_at(l, map, e->username ? "username" : "password",
		    "'alerts.email.username' and a password belong together");
}

static bool
is_section(const struct config_node *node)
{
	return node && node->kind == NODE_MAP;
}

static void
check_channels(struct config_loader *l, const struct config_node *alerts)
{
	const struct config_node *email = config_node_get(alerts, "email");
	const struct config_node *slack = config_node_get(alerts, "slack");
	const struct config_node *log = config_node_get(alerts, "log");
	const struct config_node *webhook = config_node_get(alerts, "webhook");
	struct config *c = l->config;

	c->alerts.email.enabled &= is_section(email);
	c->alerts.slack.enabled &= is_section(slack);
	c->alerts.log.enabled &= is_section(log);
	c->alerts.webhook.enabled &= is_section(webhook);
	check_email(l, email);
	check_url(l, slack, "webhook_url", c->alerts.slack.webhook_url, "alerts.slack.webhook_url");
	check_url(l, webhook, "url", c->alerts.webhook.url, "alerts.webhook.url");
	check_url(l, alerts, "heartbeat", c->alerts.heartbeat, "alerts.heartbeat");
	if (c->alerts.slack.enabled && !is_given(slack, "webhook_url"))
		config_problem_at(l, slack, "webhook_url_file",
		    "'alerts.slack' needs webhook_url or webhook_url_file");
	if (c->alerts.webhook.enabled && !is_given(webhook, "url"))
		config_problem_at(l, webhook, "url_file", "'alerts.webhook' needs url or url_file");
	if (c->alerts.log.enabled && !c->alerts.log.file && !c->alerts.log.syslog)
		config_problem_at(l, log, "file", "'alerts.log' needs file, or syslog: true");
}

static void
check_channel(struct config_loader *l, const struct config_node *map, const char *key,
    const char *path, const char *name)
{
	static const char *const names[] = {"email", "slack", "log", "webhook", NULL};
	const struct config *c = l->config;
	const bool there[] = {c->alerts.email.enabled, c->alerts.slack.enabled,
	    c->alerts.log.enabled, c->alerts.webhook.enabled};
	const char *near;

	for (size_t i = 0; names[i]; i++) {
		if (strcmp(names[i], name) != 0)
			continue;
		if (!there[i])
			config_problem_at(l, map, key,
			    "'%s': channel '%s' is not configured, or not enabled", path, name);
		return;
	}
	near = str_nearest(name, names);
	config_problem_at(l, map, key, "'%s': unknown channel '%s'%s%s%s", path, name,
	    near ? " (did you mean '" : " (there are email, slack, log and webhook",
	    near ? near : "", near ? "'?)" : ")");
}

/* "HH:MM"; returns what follows, or NULL. */
static const char *
skip_clock(const char *s)
{
	for (size_t i = 0; i < 5; i++) {
		if (i == 2 ? s[i] != ':' : s[i] < '0' || s[i] > '9')
			return NULL;
	}
	return (s[0] - '0') * 10 + s[1] - '0' < 24 && s[3] < '6' ? s + 5 : NULL;
}

static void
check_times(struct config_loader *l, const struct config_node *alerts)
{
	const char *digest = l->config->alerts.digest, *quiet = l->config->alerts.quiet_hours;

	if (digest) {
		digest = skip_clock(digest);
		if (!digest || *digest)
			config_problem_at(l, alerts, "digest",
			    "'alerts.digest' must be a time like '07:30', in quotes");
	}
	if (quiet) {
		quiet = skip_clock(quiet);
		quiet = quiet && *quiet == '-' ? skip_clock(quiet + 1) : NULL;
		if (!quiet || *quiet)
			config_problem_at(l, alerts, "quiet_hours",
			    "'alerts.quiet_hours' must be like '22:00-06:30', in quotes");
	}
}

static void
check_alerts(struct config_loader *l, const struct config_node *root)
{
	const struct config_node *alerts = config_node_get(root, "alerts");
	const struct config_node *rules = config_node_get(alerts, "rules");
	const struct config_node *steps = config_node_get(alerts, "escalation");
	const struct config *c = l->config;

	check_channels(l, alerts);
	check_times(l, alerts);
	if (c->alerts.fallback)
		check_channel(l, alerts, "fallback", "alerts.fallback", c->alerts.fallback);
	for (size_t i = 0; i < c->alerts.rule_count; i++) {
		const struct config_list *names = &c->alerts.rules[i].channels;

		for (size_t k = 0; k < names->count; k++)
			check_channel(l, item_node(rules, i), "channels", "alerts.rules[].channels",
			    names->items[k]);
	}
	for (size_t i = 0; i < c->alerts.escalation_count; i++) {
		const struct config_list *names = &c->alerts.escalation[i].channels;

		for (size_t k = 0; k < names->count; k++)
			check_channel(l, item_node(steps, i), "channels",
			    "alerts.escalation[].channels", names->items[k]);
	}
}

/* ---------------------------------------------------------------- what the environment says */

static void
check_database(struct config_loader *l, const struct config_node *root)
{
	struct config *c = l->config;
	const char *url = config_env_get(&l->env, "DATABASE_URL");
	struct err err = {0};
	char *path = NULL;

	if (config_store_path(url ? url : c->store, c->directory, &path, &err) < 0)
		config_problem_at(l, url ? NULL : config_node_get(root, "database"), "url",
		    "'%s': %s", url ? "DATABASE_URL" : "database.url", err.msg);
	free(c->store);
	c->store = path;
}

static void
check_variables(struct config_loader *l)
{
	struct config *c = l->config;
	const char *name = config_env_get(&l->env, "APP_NAME");
	const char *level = config_env_get(&l->env, "LOG_LEVEL");

	if (level && log_level_parse(level, &c->logging.level) < 0)
		config_problem(&l->problems, 0, 0,
		    "'LOG_LEVEL' must be one of DEBUG, INFO, WARNING, ERROR, not '%s'", level);
	c->app_name = mem_strdup(name ? name : "Backup Monitor");
	for (char *s = c->app_name; *s; s++) {
		if ((unsigned char)*s < 32 || *s == 127)
			*s = ' ';
	}
}

void
config_check(struct config_loader *loader, const struct config_node *root)
{
	check_locations(loader, root);
	check_handlers(loader, root);
	check_scoring(loader, root);
	check_words(loader, root);
	check_alerts(loader, root);
	check_database(loader, root);
	check_variables(loader);
}
