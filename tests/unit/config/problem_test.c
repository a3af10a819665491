// Every mistake a configuration can hold is named with its place, and all of them in one run.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"

struct mistake {
	const char *text;
	const char *problems; /* without the "config.yaml:" before each line */
};

static const char *const environment[] = {"FIVE", "5", "EMPTY", "", "WORD", "a b", NULL};

/* Each text alone; ONE is not needed: a configuration without locations is one. */
static const struct mistake mistakes[] = {
    /* keys */
    {"backup:\n  x: 1\n", "1:1: unknown key 'backup' (did you mean 'backups'?)\n"},
    {"zzz: 1\n", "1:1: unknown key 'zzz'\n"},
    {"jobs: 4\n", "1:1: unknown key 'jobs' (did you mean 'verification.jobs'?)\n"},
    {"logging:\n  files: x\n", "2:3: unknown key 'files' in 'logging' (did you mean 'file'?)\n"},
    {"logging.file: x\n", "1:1: unknown key 'logging.file' (did you mean 'logging'?)\n"},
    {"locations[]: x\n", "1:1: unknown key 'locations[]'\n"},
    {"logging: {level: INFO, level: DEBUG}\n", "1:24: duplicate key 'level' (first in line 1)\n"},
    {"? [a]\n: 1\n", "1:3: a key must be a word\n"},
    {"\"a\\0b\": 1\n", "1:1: a key must be a word\n"},
    /* sections and lists */
    {"logging: [1]\n", "1:10: 'logging' must be a mapping (key: value), not a list\n"},
    {"logging: text\n", "1:10: 'logging' must be a mapping (key: value), not 'text'\n"},
    {"backups: {locations: {name: x}}\n",
	"1:22: 'backups.locations' must be a list of mappings (- key: value), not a mapping\n"},
    {"backups: {locations: [x]}\n",
	"1:23: each item of 'backups.locations' must be a mapping (- key: value)\n"},
    {"- a\n", "1:1: the file must hold a mapping (backups:, monitoring:, …)\n"},
    {"reporting: {formats: {a: b}}\n",
	"1:22: 'reporting.formats' must be a list of texts, not a mapping\n"},
    {"reporting: {formats: [[a]]}\n",
	"1:23: 'reporting.formats' must be a list of texts, not a list\n"},
    {"reporting: {formats: [~]}\n",
	"1:23: 'reporting.formats' must be a list of texts, not nothing\n"},
    {"verification: {methods: []}\n", "1:25: 'verification.methods' is an empty list\n"},
    {"alerts: {email: {server: 'smtp://h', from: a@b, to: []}}\n",
	"1:53: 'alerts.email.to' is an empty list\n"},
    /* missing */
    {"backups:\n  locations:\n    - name: a\n",
	"3:7: 'backups.locations[].path' is missing: directory, or repository\n"},
    {"backups:\n  locations:\n    - path: a\n",
	"3:7: 'backups.locations[].name' is missing: unique name; what -l selects\n"},
    {"backups:\n  locations:\n    - {name: a, path: ~}\n",
	"3:7: 'backups.locations[].path' is missing: directory, or repository\n"},
    /* booleans */
    {"monitoring: {alert_on_failure: yes}\n",
	"1:32: 'monitoring.alert_on_failure' must be true or false, not 'yes' (in YAML 1.2 yes, no, on and off are texts)\n"},
    {"monitoring: {alert_on_failure: OFF}\n",
	"1:32: 'monitoring.alert_on_failure' must be true or false, not 'OFF' (in YAML 1.2 yes, no, on and off are texts)\n"},
    {"monitoring: {alert_on_failure: 'true'}\n",
	"1:32: 'monitoring.alert_on_failure' must be true or false, not 'true' (leave the quotes out)\n"},
    {"monitoring: {alert_on_failure: 1}\n",
	"1:32: 'monitoring.alert_on_failure' must be true or false, not '1'\n"},
    /* numbers */
    {"verification: {jobs: 257}\n",
	"1:22: 'verification.jobs' must be a whole number from 0 to 256, not '257'\n"},
    {"verification: {jobs: -1}\n",
	"1:22: 'verification.jobs' must be a whole number from 0 to 256, not '-1'\n"},
    {"verification: {jobs: 1.5}\n",
	"1:22: 'verification.jobs' must be a whole number from 0 to 256, not '1.5'\n"},
    {"verification: {jobs: '4'}\n",
	"1:22: 'verification.jobs' must be a whole number from 0 to 256, not '4' (leave the quotes out)\n"},
    {"verification: {jobs: 99999999999999999999}\n",
	"1:22: 'verification.jobs' must be a whole number from 0 to 256, not '99999999999999999999'\n"},
    {"scoring: {weights: {backup: 1e3}}\n",
	"1:29: 'scoring.weights.backup' must be a number from 0 to 1000, not '1e3'\n"},
    {"scoring: {thresholds: {good: 1.1}}\n",
	"1:30: 'scoring.thresholds.good' must be a number from 0 to 1, not '1.1'\n"},
    {"scoring: {thresholds: {good: .}}\n",
	"1:30: 'scoring.thresholds.good' must be a number from 0 to 1, not '.'\n"},
    {"scoring: {thresholds: {good: '0.9'}}\n",
	"1:30: 'scoring.thresholds.good' must be a number from 0 to 1, not '0.9' (leave the quotes out)\n"},
    /* durations and sizes */
    {"verification: {max_time: 45}\n",
	"1:26: 'verification.max_time' must be a duration like 90s, 5m, 1h30m or 2d, not '45' (add a unit)\n"},
    {"verification: {max_time: soon}\n",
	"1:26: 'verification.max_time' must be a duration like 90s, 5m, 1h30m or 2d, not 'soon'\n"},
    {"verification: {max_time: 0}\n",
	"1:26: 'verification.max_time' must be a duration like 90s, 5m, 1h30m or 2d, not '0' (at least 1 s)\n"},
    {"verification: {max_time: 400d}\n",
	"1:26: 'verification.max_time' must be a duration like 90s, 5m, 1h30m or 2d, not '400d' (at most 366 d)\n"},
    {"verification: {budget: 5X}\n",
	"1:24: 'verification.budget' must be a size like 1500, 10M or 50G, not '5X'\n"},
    {"verification: {budget: 0}\n",
	"1:24: 'verification.budget' must be a size like 1500, 10M or 50G, not '0' (at least 1)\n"},
    /* words */
    {"logging: {format: jsno}\n",
	"1:19: 'logging.format' must be one of text, json, not 'jsno' (did you mean 'json'?)\n"},
    {"logging: {level: LOUD}\n",
	"1:18: 'logging.level' must be one of DEBUG, INFO, WARNING, ERROR, not 'LOUD'\n"},
    {"scoring: {min_level: red}\n",
	"1:22: 'scoring.min_level' must be one of metadata, read, unchanged, complete, intact, restored, not 'red' (did you mean 'read'?)\n"},
    {"verification: {methods: [size, hash]}\n",
	"1:32: 'verification.methods' must be a list of size, timestamp, checksum, content, not 'hash'\n"},
    {"backups: {locations: [{name: a, path: a, type: tape}]}\n",
	"1:48: 'backups.locations[].type' must be one of file, database, directory, restic, borg, not 'tape'\n"},
    /* texts */
    {"logging: {file: true}\n",
	"1:17: 'logging.file' must be a path, not 'true' (put it in quotes if you mean the text)\n"},
    {"logging: {file: ''}\n", "1:17: 'logging.file' is empty (leave it out)\n"},
    {"logging: {file: \"a\\nb\"}\n",
	"1:17: 'logging.file' holds a control character or a line end\n"},
    {"logging: {file: \"a\\eb\"}\n",
	"1:17: 'logging.file' holds a control character or a line end\n"},
    {"logging: {file: \"a\\0b\"}\n", "1:17: a text may not hold a NUL\n"},
    /* variables */
    {"logging: {file: '${NOPE}'}\n",
	"1:17: 'logging.file': variable 'NOPE' is set neither in the environment nor in .env\n"},
    {"logging: {file: '${EMPTY}'}\n",
	"1:17: 'logging.file': variable 'EMPTY' is set neither in the environment nor in .env\n"},
    {"logging: {file: '${A-B}'}\n",
	"1:17: 'logging.file': write ${NAME} for a variable, or $${ for the signs\n"},
    {"logging: {file: 'x${'}\n",
	"1:17: 'logging.file': write ${NAME} for a variable, or $${ for the signs\n"},
    {"verification: {jobs: \"${WORD}\"}\n",
	"1:22: 'verification.jobs' must be a whole number from 0 to 256, not '${WORD}'\n"},
    /* locations */
    {"backups:\n  locations:\n    - {name: a, path: a}\n    - {name: a, path: b}\n",
	"4:14: location 'a' is already named in line 3\n"},
    {"backups:\n  locations:\n    - {name: a, path: a, schedule: fortnightly}\n",
	"3:36: no schedule: 'fortnightly'\n"},
    {"backups:\n  locations:\n    - {name: a, path: a, timezone: Mars}\n",
	"3:36: no time zone: 'Mars'\n"},
    {"backups:\n  locations:\n    - {name: a, path: a, series: [{match: '(', schedule: soon}]}\n",
	"3:43: 'backups.locations[].series[].match' is not a regular expression: Unmatched ( or \\(\n"
	"3:58: no schedule: 'soon'\n"},
    {"backups:\n  locations:\n    - {name: a, path: a, restore: {command: gpg -d}}\n",
	"3:45: 'backups.locations[].restore.command' must be a list: the program and each of its arguments, not 'gpg -d'\n"},
    {"backups:\n  locations:\n    - {name: a, path: a, restore: {command: []}}\n",
	"3:45: 'backups.locations[].restore.command' must be a list: the program and each of its arguments, not a list that is empty\n"},
    {"backups:\n  locations:\n    - {name: a, path: a, series: [{match: '((a{1,99}){2}){9}'}]}\n",
	"3:43: 'backups.locations[].series[].match' is too long, or repeats too much\n"},
    {"backups:\n  locations:\n    - {name: a, path: a, series: [{match: '(a)(b)', name: '\\3-\\2'}]}\n",
	"3:59: 'backups.locations[].series[].name': '\\3' refers to a group that 'match' does not have (it has 2)\n"},
    {"backups:\n  locations:\n    - {name: a, path: a, series: [{match: a, name: 'x\\'}]}\n",
	"3:52: 'backups.locations[].series[].name': '\\' must be followed by a digit or by '\\'\n"},
    {"backups:\n  locations:\n    - {name: a, path: a, series: [{match: a, name: \"x\\ty\"}]}\n",
	"3:52: 'backups.locations[].series[].name' holds a control character or a line end\n"},
    {"backups:\n  locations:\n    - {name: a, path: a, series: [{name: x}]}\n",
	"3:35: 'backups.locations[].series[].match' is missing: extended regular expression, searched in the name of the series; with name, in the path of the backup\n"},
    /* the other sections */
    {"restore_testing:\n  handlers:\n    - {name: a, match: x, command: [y]}\n    - {name: a, match: x, command: [y]}\n",
	"4:14: a handler of this name is already there\n"},
    {"scoring: {weights: {backup: 0, verification: 0, restore: 0}}\n",
	"1:20: 'scoring.weights' are all 0\n"},
    {"scoring: {thresholds: {warning: 0.9}}\n",
	"1:23: 'scoring.thresholds': warning must be above 0 and below good\n"},
    {"verification: {algorithm: ../x}\n",
	"1:27: 'verification.algorithm' must be the name of a digest like sha256\n"},
    {"reporting: {formats: [../html]}\n",
	"1:22: 'reporting.formats' must be names like html or csv\n"},
    {"database: {url: 'postgresql://h/d'}\n",
	"1:17: 'database.url': a PostgreSQL store is not supported; write sqlite:////var/lib/bkm/bkm.db\n"},
    {"database: {url: bkm.db}\n",
	"1:17: 'database.url': not an address of a store; write sqlite:///relative/to/config.db or sqlite:////absolute.db\n"},
    {"database: {url: 'sqlite:///:memory:'}\n",
	"1:17: 'database.url': the address of the store must name a file\n"},
    {"database: {url: 'sqlite:///x?mode=ro'}\n",
	"1:17: 'database.url': parameters behind the file name are not supported\n"},
    /* alerts */
    {"alerts: {email: {to: x@y, from: x@y}}\n",
	"1:17: 'alerts.email.server' is missing: smtp://host:587 (STARTTLS) or smtps://host:465\n"},
    {"alerts: {email: {server: mail:25, to: x@y, from: x@y}}\n",
	"1:26: 'alerts.email.server' must be smtp://host:587 or smtps://host:465\n"},
    {"alerts: {email: {server: 'smtp://h', to: [x@y, z], from: y}}\n",
	"1:42: 'alerts.email.to' must be addresses like ops@example.org\n"
	"1:58: 'alerts.email.from' must be an address like bkm@example.org\n"},
    {"alerts: {email: {server: 'smtp://h', to: x@y, from: \"x@y\\r\\nBcc: z@y\"}}\n",
	"1:53: 'alerts.email.from' holds a control character or a line end\n"},
    {"alerts: {email: {server: 'smtp://h', to: x@y, from: x@y, username: u}}\n",
	"1:68: 'alerts.email.username' and a password belong together\n"},
    {"alerts: {email: {server: 'smtp://h', to: x@y, from: x@y, password: hidden}}\n",
	"1:68: 'alerts.email.username' and a password belong together\n"},
    {"alerts: {slack: {enabled: true}}\n",
	"1:17: 'alerts.slack' needs webhook_url or webhook_url_file\n"},
    {"alerts: {slack: {webhook_url: 'ftp://hidden'}}\n",
	"1:31: 'alerts.slack.webhook_url' must be an address like https://host/path\n"},
    {"alerts: {webhook: {secret: hidden}}\n", "1:19: 'alerts.webhook' needs url or url_file\n"},
    {"alerts: {webhook: {url: 'https://a b'}}\n",
	"1:25: 'alerts.webhook.url' must be an address like https://host/path\n"},
    {"alerts: {log: {syslog: false}}\n", "1:15: 'alerts.log' needs file, or syslog: true\n"},
    {"alerts: {fallback: log}\n",
	"1:20: 'alerts.fallback': channel 'log' is not configured, or not enabled\n"},
    {"alerts: {log: {enabled: false, syslog: true}, fallback: log}\n",
	"1:57: 'alerts.fallback': channel 'log' is not configured, or not enabled\n"},
    {"alerts: {heartbeat: 'hidden'}\n",
	"1:21: 'alerts.heartbeat' must be an address like https://host/path\n"},
    {"alerts: {log: {syslog: true}, rules: [{match: 'true', channels: [log, pigeon]}]}\n",
	"1:65: 'alerts.rules[].channels': unknown channel 'pigeon' (there are email, slack, log and webhook)\n"},
    /* YAML */
    {"a: [1\n", "2:1: not YAML: did not find expected ',' or ']', while parsing a flow sequence\n"},
    {"logging: &x {file: y}\n", "1:10: anchors (&name) are not supported\n"},
    {"logging: {file: *x}\n", "1:17: aliases (*name) are not supported\n"},
    {"logging: {file: !!str x}\n", "1:17: tags (!name) are not supported\n"},
    {"logging: {}\n---\nlogging: {}\n", "2:1: only one document (---) in a file\n"},
    {"logging: \xff\n", "1:10: not UTF-8\n"},
    /* all of them at once, in the order of the file */
    {"logging: {level: x, format: y}\nzzz: 1\nverification: {jobs: x}\n",
	"1:18: 'logging.level' must be one of DEBUG, INFO, WARNING, ERROR, not 'x'\n"
	"1:29: 'logging.format' must be one of text, json, not 'y'\n"
	"2:1: unknown key 'zzz'\n"
	"3:22: 'verification.jobs' must be a whole number from 0 to 256, not 'x'\n"},
};

static void
each_mistake_is_named(void **state)
{
	struct fixture *f = *state;
	size_t wrong = 0;

	f->environment = environment;
	for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
		const struct mistake *m = &mistakes[i];
		struct buf expected = BUF_INIT;

		for (const char *s = m->problems; *s;) {
			const char *eol = strchr(s, '\n') + 1;

			buf_str(&expected, "config.yaml:");
			buf_add(&expected, s, (size_t)(eol - s));
			s = eol;
		}
		assert_int_equal(fixture_load(f, m->text), -1);
		if (strcmp(f->problems.data, expected.data) != 0) {
			print_error("%sgives\n%snot\n%s", m->text, f->problems.data, expected.data);
			wrong++;
		}
		assert_int_equal(f->err.code, ERR_CONFIG);
		assert_true(str_has_prefix(f->err.msg, "failed to load settings: "));
		assert_null(strstr(f->problems.data, "hidden"));
		buf_release(&expected);
	}
	assert_int_equal(wrong, 0);
}

static void
the_number_of_problems_is_told(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fixture_load(f, "a: 1\n"), -1);
	assert_string_equal(f->err.msg, "failed to load settings: 1 problem in 'config.yaml'");
	assert_int_equal(fixture_load(f, "a: 1\nb: 2\n"), -1);
	assert_string_equal(f->err.msg, "failed to load settings: 2 problems in 'config.yaml'");
}

static void
a_flood_of_problems_is_counted(void **state)
{
	struct fixture *f = *state;
	struct buf text = BUF_INIT;

	for (int i = 0; i < 300; i++)
		buf_printf(&text, "key%d: 1\n", i);
	assert_int_equal(fixture_load(f, text.data), -1);
	assert_string_equal(f->err.msg, "failed to load settings: 300 problems in 'config.yaml'");
	assert_non_null(strstr(f->problems.data, "config.yaml: and 200 more\n"));
	buf_release(&text);
}

static void
limits_hold(void **state)
{
	struct fixture *f = *state;
	struct buf text = BUF_INIT;

	for (int i = 0; i < 33; i++)
		buf_char(&text, '[');
	assert_int_equal(fixture_load(f, text.data), -1);
	assert_string_equal(f->problems.data, "config.yaml:1:33: nested too deeply\n");

	buf_clear(&text);
	for (int i = 0; i < 1001; i++)
		buf_printf(&text, "k%d: 1\n", i);
	assert_int_equal(fixture_load(f, text.data), -1);

	buf_clear(&text);
	for (int i = 0; i < 16384; i++)
		buf_str(&text, "# 456789012345\n#");
	buf_str(&text, "\n");
	assert_int_equal(fixture_load(f, text.data), -1);
	assert_string_equal(
	    f->err.msg, "failed to load settings: 'config.yaml' is larger than 256 KiB");
	assert_string_equal(f->problems.data, "");
	buf_release(&text);
}

static void
a_nul_byte_is_no_end(void **state)
{
	struct fixture *f = *state;
	static const char text[] = "logging: {}\n\0zzz: 1\n";
	struct err err = {0};

	assert_int_equal(fsio_write_atomic("config.yaml", text, sizeof(text) - 1, 0644, &err), 0);
	assert_int_equal(fixture_load(f, NULL), -1);
	assert_string_equal(f->problems.data, "config.yaml:2:1: a NUL byte\n");
}

static void
hostile_bytes_are_made_visible(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fixture_load(f, "\"\\e[31mx\": 1\n"), -1);
	assert_string_equal(f->problems.data, "config.yaml:1:1: unknown key '\\x1b[31mx'\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CONFIG_TEST(each_mistake_is_named),
	    CONFIG_TEST(the_number_of_problems_is_told),
	    CONFIG_TEST(a_flood_of_problems_is_counted),
	    CONFIG_TEST(limits_hold),
	    CONFIG_TEST(a_nul_byte_is_no_end),
	    CONFIG_TEST(hostile_bytes_are_made_visible),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
