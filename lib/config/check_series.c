// The rules of `series:`: the expression, and the name that is made of what it matched.
#include <stdlib.h>
#include <string.h>

#include "config/config_private.h"

#define REGEX_COPIES_MAX 1000

/* How often the interval at s, "{n}", "{n,}" or "{n,m}", repeats what is before it, at least 1. */
static unsigned long
repeats(const char *s)
{
	char *end;
	unsigned long least = strtoul(s + 1, &end, 10);
	unsigned long most = *end == ',' ? strtoul(end + 1, NULL, 10) : 0;

	most = most > least ? most : least;
	return most ? most : 1;
}

/* True if an expression is small enough for regcomp of glibc, which recurses for each parenthesis
 * and unrolls intervals: "((a{1,255}){1,255}){1,255}" would take all memory. */
static bool
is_modest(const char *regex)
{
	unsigned long copies = 1;

	if (strlen(regex) >= CONFIG_MAX_TEXT)
		return false;
	for (const char *s = regex; *s && copies < REGEX_COPIES_MAX; s++) {
		unsigned long n = *s == '{' ? repeats(s) : 1;

		copies *= n < REGEX_COPIES_MAX ? n : REGEX_COPIES_MAX;
		if (*s == '\\' && s[1])
			s++;
	}
	return copies < REGEX_COPIES_MAX;
}

static void
check_match(struct config_loader *l, const struct config_node *node, struct config_series *rule)
{
	char why[CONFIG_MAX_TEXT];
	int rc;

	if (!rule->match)
		return;
	if (!is_modest(rule->match)) {
		config_problem_at(l, node, "match",
		    "'backups.locations[].series[].match' is too long, or repeats too much");
		return;
	}
	rc = regcomp(&rule->regex, rule->match, REG_EXTENDED | (rule->name ? 0 : REG_NOSUB));
	if (rc == 0) {
		rule->regex_set = true;
		return;
	}
	regerror(rc, &rule->regex, why, sizeof(why));
	config_problem_at(l, node, "match",
	    "'backups.locations[].series[].match' is not a regular expression: %s", why);
}

/* A name refers only to groups that the expression has, and to them by one digit. */
static void
check_name(
    struct config_loader *l, const struct config_node *node, const struct config_series *rule)
{
	static const char key[] = "'backups.locations[].series[].name'";
	const char *s = rule->name;

	if (!s)
		return;
	if (strlen(s) >= CONFIG_MAX_TEXT) {
		config_problem_at(l, node, "name", "%s is too long", key);
		return;
	}
	for (; (s = strchr(s, '\\')); s += 2) {
		if (s[1] == '\\')
			continue;
		if (s[1] < '0' || s[1] > '9') {
			config_problem_at(l, node, "name",
			    "%s: '\\' must be followed by a digit or by '\\'", key);
			return;
		}
		if (rule->regex_set && (size_t)(s[1] - '0') > rule->regex.re_nsub) {
			config_problem_at(l, node, "name",
			    "%s: '\\%c' refers to a group that 'match' does not have (it has %zu)",
			    key, s[1], rule->regex.re_nsub);
			return;
		}
	}
}

/* Does the rule say anything but what its series is called? */
static bool
is_only_name(const struct config_node *node)
{
	static const char *const others[] = {
	    "schedule", "grace", "min_size", "retention_days", "ignore"};

	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		if (config_node_get(node, others[i]))
			return false;
	}
	return true;
}

void
config_check_rule(
    struct config_loader *l, struct config_series *rule, const struct config_node *node)
{
	check_match(l, node, rule);
	check_name(l, node, rule);
	rule->names_only = rule->name && is_only_name(node);
}
