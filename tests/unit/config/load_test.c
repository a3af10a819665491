// A good configuration arrives as typed settings: defaults, values, variables, secrets, the store.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"

static void
load(struct fixture *f, const char *text)
{
	if (fixture_load(f, text) < 0)
		fail_msg("%s\n%s", f->err.msg, f->problems.data);
}

static char *
beside(const struct fixture *f, const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", f->directory, name);
	return path;
}

static void
defaults_are_those_of_the_manual(void **state)
{
	struct fixture *f = *state;
	const struct config_location *l;

	load(f, ONE);
	l = &f->config->locations[0];
	assert_int_equal(f->config->location_count, 1);
	assert_string_equal(l->path, beside(f, "a"));
	assert_int_equal(l->type, CONFIG_TYPE_FILE);
	assert_int_equal(l->unit, CONFIG_UNIT_FILE);
	assert_true(l->verify_integrity);
	assert_true(l->test_restore);
	assert_false(l->cross_device);
	assert_false(l->immutable);
	assert_null(l->schedule);
	assert_int_equal(l->grace, CONFIG_UNSET);
	assert_int_equal(l->settle, 300);
	assert_int_equal(l->retention_days, 0);
	assert_int_equal(l->min_size, 0);
	assert_int_equal(l->rto_minutes, CONFIG_UNSET);
	assert_int_equal(l->restore.min_entries, CONFIG_UNSET);
	assert_int_equal(l->line, 1);
	assert_int_equal(f->config->monitoring.check_interval_minutes, 60);
	assert_true(f->config->monitoring.alert_on_failure);
	assert_int_equal(f->config->verification.methods, 15);
	assert_string_equal(f->config->verification.algorithm, "sha256");
	assert_int_equal(f->config->verification.interval_days, 30);
	assert_int_equal(f->config->verification.budget, CONFIG_UNSET);
	assert_int_equal(f->config->restore_testing.interval_days, 7);
	assert_int_equal(f->config->restore_testing.sandbox_require, 15);
	assert_true(
	    f->config->scoring.weight_backup > 0.49 && f->config->scoring.weight_backup < 0.51);
	assert_true(f->config->scoring.good > 0.79 && f->config->scoring.good < 0.81);
	assert_string_equal(f->config->scoring.min_level, "read");
	assert_false(f->config->alerts.email.enabled);
	assert_false(f->config->alerts.log.enabled);
	assert_true(f->config->alerts.email.tls);
	assert_int_equal(f->config->alerts.after, 1);
	assert_int_equal(f->config->alerts.repeat_hours, 24);
	assert_string_equal(f->config->reporting.formats.items[0], "html");
	assert_string_equal(f->config->reporting.output_directory, beside(f, "reports"));
	assert_int_equal(f->config->logging.level, LOG_LEVEL_INFO);
	assert_int_equal(f->config->logging.max_bytes, 10 << 20);
	assert_string_equal(f->config->app_name, "Backup Monitor");
	assert_string_equal(f->config->store, beside(f, "backup_monitor.db"));
	assert_string_equal(f->config->file, beside(f, "config.yaml"));
	assert_string_equal(f->config->directory, f->directory);
}

static void
nothing_is_a_configuration_too(void **state)
{
	struct fixture *f = *state;

	load(f, "");
	assert_int_equal(f->config->location_count, 0);
	assert_null(config_location(f->config, "a"));
	load(f, "backups:\n  locations:\nalerts:\n  email:\nlogging:\n  level:\n");
	assert_int_equal(f->config->location_count, 0);
	assert_false(f->config->alerts.email.enabled);
}

static void
values_replace_defaults(void **state)
{
	struct fixture *f = *state;

	load(f,
	    "verification: {methods: [size, checksum], budget: 50G, max_time: 1h30m, jobs: 3}\n"
	    "restore_testing: {sandbox: {require: seccomp}}\n"
	    "reporting: {formats: [csv, json], template: /t.jq}\n"
	    "scoring: {weights: {backup: 1, verification: .25, restore: 0}, thresholds: {good: 0.9}}\n"
	    "logging: {level: error, format: json, file: log/bkm.log, max_bytes: 0}\n"
	    "monitoring: {alert_on_failure: False}\n"
	    "alerts: {email: {server: 'smtps://h', tls: none, from: a@b, to: c@d}}\n");
	assert_int_equal(
	    f->config->verification.methods, CONFIG_METHOD_SIZE | CONFIG_METHOD_CHECKSUM);
	assert_int_equal(f->config->verification.budget, INT64_C(50) << 30);
	assert_int_equal(f->config->verification.max_time, 5400);
	assert_int_equal(f->config->verification.jobs, 3);
	assert_int_equal(f->config->restore_testing.sandbox_require, CONFIG_SANDBOX_SECCOMP);
	assert_int_equal(f->config->reporting.formats.count, 2);
	assert_string_equal(f->config->reporting.formats.items[1], "json");
	assert_null(f->config->reporting.formats.items[2]);
	assert_string_equal(f->config->reporting.template, "/t.jq");
	assert_true(f->config->scoring.weight_verification > 0.249 &&
	    f->config->scoring.weight_verification < 0.251);
	assert_int_equal(f->config->logging.level, LOG_LEVEL_ERROR);
	assert_true(f->config->logging.json);
	assert_int_equal(f->config->logging.max_bytes, 0);
	assert_string_equal(f->config->logging.file, beside(f, "log/bkm.log"));
	assert_false(f->config->monitoring.alert_on_failure);
	assert_true(f->config->alerts.email.enabled);
	assert_false(f->config->alerts.email.tls);
	assert_string_equal(f->config->alerts.email.to.items[0], "c@d");
}

static void
a_channel_can_be_switched_off(void **state)
{
	struct fixture *f = *state;

	load(
	    f, "alerts: {email: {enabled: false}, slack: {enabled: false}, log: {syslog: true}}\n");
	assert_false(f->config->alerts.email.enabled);
	assert_false(f->config->alerts.slack.enabled);
	assert_true(f->config->alerts.log.enabled);
}

static void
a_rule_has_what_it_does_not_say_from_its_location(void **state)
{
	struct fixture *f = *state;
	const struct config_location *l;
	const struct config_series *rule;

	load(f,
	    "backups:\n  locations:\n    - name: a\n      path: a\n      schedule: daily\n"
	    "      min_size: 1K\n      retention_days: 9\n      series:\n"
	    "        - {match: ^full-, grace: 3h}\n        - {match: old, ignore: true, min_size: 0}\n");
	l = &f->config->locations[0];
	rule = config_series_for(l, "full-old.tar", SIZE_MAX);
	assert_ptr_equal(rule, &l->series[0]);
	assert_string_equal(rule->schedule, "daily");
	assert_int_equal(rule->grace, 10800);
	assert_int_equal(rule->min_size, 1024);
	assert_int_equal(rule->retention_days, 9);
	assert_false(rule->ignore);
	rule = config_series_for(l, "very-old.tar", SIZE_MAX);
	assert_ptr_equal(rule, &l->series[1]);
	assert_true(rule->ignore);
	assert_int_equal(rule->min_size, 0);
	assert_int_equal(rule->grace, CONFIG_UNSET);
	assert_null(config_series_for(l, "app.tar", SIZE_MAX));
}

static void
a_rule_with_a_name_counts_for_what_it_names(void **state)
{
	struct fixture *f = *state;
	const struct config_location *l;

	load(f,
	    "backups:\n  locations:\n    - {name: a, path: a, schedule: daily, series: [\n"
	    "        {match: '(x)', name: '\\1'}, {match: ^first, ignore: true},\n"
	    "        {match: '(y).(z)', name: '\\2\\0\\\\', grace: 3h}, {match: x}]}\n"
	    "    - {name: b, path: b, series: [{match: x}]}\n");
	l = &f->config->locations[0];
	assert_true(l->names_series);
	assert_true(l->series[0].names_only);
	assert_false(l->series[2].names_only);
	assert_false(l->series[3].names_only);
	assert_int_equal(l->series[0].regex.re_nsub, 1);
	assert_string_equal(l->series[2].name, "\\2\\0\\\\");
	/* its expression is not for names of series */
	assert_null(config_series_for(l, "y-z", SIZE_MAX));
	assert_ptr_equal(config_series_for(l, "zy-z", 2), &l->series[2]);
	assert_string_equal(config_series_for(l, "zy-z", 2)->schedule, "daily");
	/* one that only names has nothing to say, and rules before it come first */
	assert_ptr_equal(config_series_for(l, "x", 0), &l->series[3]);
	assert_ptr_equal(config_series_for(l, "first", 2), &l->series[1]);
	assert_false(f->config->locations[1].names_series);
}

static void
locations_are_found(void **state)
{
	struct fixture *f = *state;

	load(f,
	    "backups:\n  locations:\n    - {name: z, path: /srv}\n    - {name: b, path: /srv/b/}\n"
	    "    - {name: r, path: 'sftp:h:/x', type: restic}\n"
	    "    - {name: s, path: ./x:y, type: file}\n");
	assert_string_equal(config_location(f->config, "b")->path, "/srv/b");
	assert_string_equal(config_location(f->config, "z")->name, "z");
	assert_null(config_location(f->config, "c"));
	assert_string_equal(config_location_of(f->config, "/srv/b/c")->name, "b");
	assert_string_equal(config_location_of(f->config, "/srv/bc")->name, "z");
	assert_null(config_location_of(f->config, "/else"));
	assert_string_equal(config_location(f->config, "r")->path, "sftp:h:/x");
	assert_string_equal(config_location(f->config, "s")->path, beside(f, "x:y"));
	assert_string_equal(config_type_word(config_location(f->config, "r")->type), "restic");
}

static void
programs_lie_beside_the_file(void **state)
{
	struct fixture *f = *state;

	load(f,
	    "restore_testing:\n  handlers:\n"
	    "    - {name: a, match: '*.a', command: [./bin/a, '{path}']}\n"
	    "    - {name: b, match: '*.b', command: [cat]}\n");
	assert_string_equal(
	    f->config->restore_testing.handlers[0].command.items[0], beside(f, "bin/a"));
	assert_string_equal(f->config->restore_testing.handlers[0].command.items[1], "{path}");
	assert_string_equal(f->config->restore_testing.handlers[1].command.items[0], "cat");
}

/* ---------------------------------------------------------------- variables */

static void
variables_are_replaced(void **state)
{
	struct fixture *f = *state;
	static const char *const environment[] = {
	    "NAME", "db", "JOBS", "7", "TRICK", "${NAME}", NULL};

	f->environment = environment;
	load(f,
	    "backups: {locations: [{name: '${NAME}-${NAME}', path: 'a$${NAME}'}]}\n"
	    "verification: {jobs: '${JOBS}'}\nlogging: {file: '/${TRICK}'}\n");
	assert_string_equal(f->config->locations[0].name, "db-db");
	assert_string_equal(f->config->locations[0].path, beside(f, "a${NAME}"));
	assert_int_equal(f->config->verification.jobs, 7);
	assert_string_equal(f->config->logging.file, "/${NAME}");
}

static void
dot_env_is_read_behind_the_environment(void **state)
{
	struct fixture *f = *state;
	static const char *const environment[] = {"A", "from environment", "EMPTY", "", NULL};

	f->environment = environment;
	fixture_write(f, ".env",
	    "# comment\n\nA=from file\nexport B=plain # comment\nC='single # quoted $x'\n"
	    "D=\"double \\\"quoted\\\"\"\r\nE=a#b\nEMPTY=filled\n  F = no\n",
	    0600);
	assert_int_equal(fixture_load(f, "logging: {}\n"), -1);
	assert_non_null(strstr(f->problems.data, "/.env:9:3: not of the form NAME=VALUE\n"));
	fixture_write(f, ".env",
	    "# comment\n\nA=from file\nexport B=plain # comment\nC='single # quoted $x'\n"
	    "D=\"double \\\"quoted\\\"\"\r\nE=a#b\nEMPTY=filled\nAPP_NAME=Night Watch\nB=last\n",
	    0600);
	load(f,
	    "reporting: {formats: [x]}\nbackups: {locations: [{name: '${A}|${B}|${C}|${D}|${E}|${EMPTY}', path: x}]}\n");
	assert_string_equal(f->config->locations[0].name,
	    "from environment|last|single # quoted $x|double \"quoted\"|a#b|filled");
	assert_string_equal(f->config->app_name, "Night Watch");
}

static void
a_bad_dot_env_is_refused(void **state)
{
	struct fixture *f = *state;

	fixture_write(f, ".env", "A='open\n", 0600);
	assert_int_equal(fixture_load(f, ONE), -1);
	assert_non_null(strstr(f->problems.data, "/.env:1:3: the value has no closing quote\n"));
	fixture_write(f, ".env", "A=1\n", 0666);
	assert_int_equal(fixture_load(f, ONE), -1);
	assert_non_null(strstr(f->problems.data, "/.env: everybody may write to it (chmod o-w)\n"));
	assert_int_equal(unlink(".env"), 0);
	assert_int_equal(mkdir(".env", 0700), 0);
	assert_int_equal(fixture_load(f, ONE), -1);
	assert_non_null(strstr(f->problems.data, "/.env: not a regular file\n"));
}

static void
the_environment_goes_before_the_file(void **state)
{
	struct fixture *f = *state;
	static const char *const environment[] = {"DATABASE_URL", "sqlite:///x/../y.db",
	    "LOG_LEVEL", "debug", "APP_NAME", "Two\nLines", NULL};
	static const char *const bad[] = {"DATABASE_URL", "mysql://x", "LOG_LEVEL", "loud", NULL};

	f->environment = environment;
	load(f, "database: {url: 'sqlite:////z.db'}\nlogging: {level: ERROR}\n");
	assert_string_equal(f->config->store, beside(f, "y.db"));
	assert_int_equal(f->config->logging.level, LOG_LEVEL_DEBUG);
	assert_string_equal(f->config->app_name, "Two Lines");
	f->environment = NULL;
	load(f, "database: {url: 'sqlite:////z.db'}\n");
	assert_string_equal(f->config->store, "/z.db");
	f->environment = bad;
	assert_int_equal(fixture_load(f, ONE), -1);
	assert_non_null(strstr(f->problems.data,
	    "'LOG_LEVEL' must be one of DEBUG, INFO, WARNING, ERROR, not 'loud'\n"));
	assert_non_null(strstr(f->problems.data, "'DATABASE_URL': not an address of a store"));
}

/* ---------------------------------------------------------------- secrets */

#define SLACK "alerts: {slack: {webhook_url_file: secret}}\n"

static void
secrets_are_read_from_files(void **state)
{
	struct fixture *f = *state;

	fixture_write(f, "secret", "https://hooks/x\n", 0600);
	load(f, SLACK);
	assert_string_equal(f->config->alerts.slack.webhook_url, "https://hooks/x");
	assert_int_equal(
	    fixture_load(
		f, "alerts: {slack: {webhook_url: 'https://a', webhook_url_file: secret}}\n"),
	    -1);
	assert_non_null(strstr(f->problems.data, "the key without '_file' are both given"));
	assert_int_equal(
	    fixture_load(
		f, "alerts: {slack: {webhook_url_file: secret, webhook_url: 'https://a'}}\n"),
	    -1);
	assert_non_null(strstr(f->problems.data, "are both given"));
}

static void
a_secret_that_others_can_read_is_refused(void **state)
{
	struct fixture *f = *state;
	static const mode_t modes[] = {0604, 0644, 0620, 0602};

	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		fixture_write(f, "secret", "https://hidden/x\n", modes[i]);
		assert_int_equal(fixture_load(f, SLACK), -1);
		assert_non_null(strstr(f->problems.data,
		    "holds a secret and others may read or write it (chmod 600)"));
		assert_null(strstr(f->problems.data, "hidden"));
	}
}

static void
a_secret_of_somebody_else_is_refused(void **state)
{
	struct fixture *f = *state;
	static const char *const sudo[] = {"SUDO_UID", "12345", NULL};

	if (geteuid() != 0)
		return; /* an ordinary user cannot give a file away */
	fixture_write(f, "secret", "https://x/y\n", 0600);
	assert_int_equal(chown("secret", 12345, 12345), 0);
	assert_int_equal(fixture_load(f, SLACK), -1);
	assert_non_null(strstr(f->problems.data, "belongs to somebody else (user 12345)"));
	f->environment = sudo;
	load(f, SLACK);
}

static void
a_secret_is_one_line(void **state)
{
	struct fixture *f = *state;
	static const char *const bad[] = {"", "\n", "https://a\nhttps://b\n"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		fixture_write(f, "secret", bad[i], 0600);
		assert_int_equal(fixture_load(f, SLACK), -1);
		assert_non_null(strstr(f->problems.data, "must hold the secret in one line"));
	}
	assert_int_equal(unlink("secret"), 0);
	assert_int_equal(fixture_load(f, SLACK), -1);
	assert_non_null(strstr(f->problems.data, "No such file or directory"));
	assert_int_equal(mkfifo("secret", 0600), 0);
	assert_int_equal(fixture_load(f, SLACK), -1);
	assert_non_null(strstr(f->problems.data, "is not a regular file"));
}

/* ---------------------------------------------------------------- the file itself */

static void
the_file_is_found_in_order(void **state)
{
	struct fixture *f = *state;
	static const char *const environment[] = {"BKM_CONFIG", "other.yaml", NULL};

	assert_int_equal(fixture_load(f, NULL), -1);
	assert_true(str_has_prefix(f->err.msg, "configuration file not found"));
	f->options.path = "nope.yaml";
	assert_int_equal(fixture_load(f, NULL), -1);
	assert_string_equal(f->err.msg, "configuration file not found: 'nope.yaml'");
	assert_int_equal(f->err.code, ERR_CONFIG);
	fixture_write(f, "named.yaml", "verification: {jobs: 1}\n", 0644);
	fixture_write(f, "other.yaml", "verification: {jobs: 2}\n", 0644);
	f->options.path = "named.yaml";
	f->environment = environment;
	load(f, "verification: {jobs: 3}\n");
	assert_int_equal(f->config->verification.jobs, 1);
	f->options.path = NULL;
	load(f, NULL);
	assert_int_equal(f->config->verification.jobs, 2);
	f->environment = NULL;
	load(f, NULL);
	assert_int_equal(f->config->verification.jobs, 3);
}

static void
a_file_that_everybody_may_write_is_refused(void **state)
{
	struct fixture *f = *state;

	fixture_write(f, "config.yaml", ONE, 0666);
	assert_int_equal(fixture_load(f, NULL), -1);
	assert_string_equal(f->err.msg,
	    "failed to load settings: everybody may write to 'config.yaml' (chmod o-w)");
	assert_int_equal(unlink("config.yaml"), 0);
	assert_int_equal(mkdir("config.yaml", 0755), 0);
	assert_int_equal(fixture_load(f, NULL), -1);
	assert_string_equal(
	    f->err.msg, "failed to load settings: 'config.yaml' is not a regular file");
}

static void
a_found_file_must_be_ours(void **state)
{
	struct fixture *f = *state;
	static const char *const sudo[] = {"SUDO_UID", "12345", NULL};

	if (geteuid() != 0)
		return; /* an ordinary user cannot give a file away */
	fixture_write(f, "config.yaml", ONE, 0644);
	assert_int_equal(chown("config.yaml", 12345, 12345), 0);
	assert_int_equal(fixture_load(f, NULL), -1);
	assert_string_equal(f->err.msg,
	    "failed to load settings: './config.yaml' belongs to somebody else (user 12345); name it with --config if you trust it");
	f->environment = sudo;
	load(f, NULL);
	f->environment = NULL;
	f->options.path = "config.yaml";
	load(f, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CONFIG_TEST(defaults_are_those_of_the_manual),
	    CONFIG_TEST(nothing_is_a_configuration_too),
	    CONFIG_TEST(values_replace_defaults),
	    CONFIG_TEST(a_channel_can_be_switched_off),
	    CONFIG_TEST(a_rule_has_what_it_does_not_say_from_its_location),
	    CONFIG_TEST(a_rule_with_a_name_counts_for_what_it_names),
	    CONFIG_TEST(locations_are_found),
	    CONFIG_TEST(programs_lie_beside_the_file),
	    CONFIG_TEST(variables_are_replaced),
	    CONFIG_TEST(dot_env_is_read_behind_the_environment),
	    CONFIG_TEST(a_bad_dot_env_is_refused),
	    CONFIG_TEST(the_environment_goes_before_the_file),
	    CONFIG_TEST(secrets_are_read_from_files),
	    CONFIG_TEST(a_secret_that_others_can_read_is_refused),
	    CONFIG_TEST(a_secret_of_somebody_else_is_refused),
	    CONFIG_TEST(a_secret_is_one_line),
	    CONFIG_TEST(the_file_is_found_in_order),
	    CONFIG_TEST(a_file_that_everybody_may_write_is_refused),
	    CONFIG_TEST(a_found_file_must_be_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
