// The table of keys: everything config.yaml may say, with type, default, range and one line of help.
#include "config/config_private.h"

#define IN_CONFIG(member)   offsetof(struct config, member)
#define IN_LOCATION(member) offsetof(struct config_location, member)
#define IN_SERIES(member)   offsetof(struct config_series, member)
#define IN_EXPECT(member)   offsetof(struct config_expect, member)
#define IN_MEMBER(name)     offsetof(struct config_member, name)
#define IN_HANDLER(member)  offsetof(struct config_handler, member)
#define IN_RULE(member)     offsetof(struct config_alert_rule, member)
#define IN_STEP(member)     offsetof(struct config_escalation, member)

static const char *const type_words[] = {"file", "database", "directory", "restic", "borg", NULL};
static const char *const unit_words[] = {"file", "directory", NULL};
static const char *const method_words[] = {"size", "timestamp", "checksum", "content", NULL};
static const char *const sandbox_words[] = {
    "rlimits", "no_new_privs", "seccomp", "landlock", "namespaces", NULL};
static const char *const level_words[] = {
    "metadata", "read", "unchanged", "complete", "intact", "restored", NULL};
static const char *const tls_words[] = {"none", "required", NULL};
static const char *const format_words[] = {"text", "json", NULL};

#define LOCATION "backups.locations[]"
#define DAYS_MAX 36500
#define YEAR     (366 * (int64_t)CLOCK_DAY)

/* One key a line. */
/* clang-format off */
static const struct config_key keys[] = {
	{"backups", KEY_SECTION, .help = "what is watched"},
	{"backups.locations", KEY_ITEMS, IN_CONFIG(locations), .count_offset = IN_CONFIG(location_count), .item_size = sizeof(struct config_location), .help = "the places where backups lie"},
	{LOCATION ".name", KEY_TEXT, IN_LOCATION(name), .required = true, .help = "unique name; what -l selects"},
	{LOCATION ".path", KEY_TEXT, IN_LOCATION(path), .required = true, .help = "directory, or repository"},
	{LOCATION ".type", KEY_WORD, IN_LOCATION(type), "file", .words = type_words, .help = "what the backups are"},
	{LOCATION ".unit", KEY_WORD, IN_LOCATION(unit), "file", .words = unit_words, .help = "what one backup is: a file, or each sub-directory"},
	{LOCATION ".schedule", KEY_TEXT, IN_LOCATION(schedule), .help = "when a new backup of each series is due"},
	{LOCATION ".timezone", KEY_TEXT, IN_LOCATION(timezone), .help = "zone of a cron schedule; default: that of the machine"},
	{LOCATION ".grace", KEY_DURATION, IN_LOCATION(grace), .max = YEAR, .help = "how late is not yet late; default: 1h or a tenth of the interval, the larger"},
	{LOCATION ".settle", KEY_DURATION, IN_LOCATION(settle), "5m", .max = 7 * CLOCK_DAY, .help = "a backup is complete when it has not changed for this long"},
	{LOCATION ".timeout", KEY_DURATION, IN_LOCATION(timeout), "2m", .max = CLOCK_DAY, .help = "a file system that does not answer for this long is unreachable; 0s: wait"},
	{LOCATION ".retention_days", KEY_INT, IN_LOCATION(retention_days), "0", .max = DAYS_MAX, .help = "a backup that is gone before this age is missed; 0: never"},
	{LOCATION ".min_size", KEY_SIZE, IN_LOCATION(min_size), "0", .help = "a smaller backup has failed"},
	{LOCATION ".verify_integrity", KEY_BOOL, IN_LOCATION(verify_integrity), "true", .help = "verify the backups of this location"},
	{LOCATION ".test_restore", KEY_BOOL, IN_LOCATION(test_restore), "true", .help = "restore the backups of this location as a test"},
	{LOCATION ".rto_minutes", KEY_INT, IN_LOCATION(rto_minutes), .min = 1, .max = 525600, .help = "a restore test that takes longer fails"},
	{LOCATION ".include", KEY_LIST, IN_LOCATION(include), .help = "only what matches one of these patterns is a backup"},
	{LOCATION ".exclude", KEY_LIST, IN_LOCATION(exclude), .help = "what matches one of these patterns is no backup"},
	{LOCATION ".cross_device", KEY_BOOL, IN_LOCATION(cross_device), "false", .help = "go into other file systems mounted below"},
	{LOCATION ".immutable", KEY_BOOL, IN_LOCATION(immutable), "false", .help = "a complete backup that changes at all has failed verification"},
	{LOCATION ".decrypt", KEY_SECTION, .help = "how encrypted backups are read, or the key of a repository"},
	{LOCATION ".decrypt.command", KEY_ARGV, IN_LOCATION(decrypt.command), .help = "program that decrypts its standard input; {secret} is replaced"},
	{LOCATION ".decrypt.secret", KEY_SECRET, IN_LOCATION(decrypt.secret), .help = "what the program reads from descriptor 3; better ${NAME} or secret_file"},
	{LOCATION ".decrypt.secret_file", KEY_SECRET_FILE, IN_LOCATION(decrypt.secret), .multiline = true, .help = "file that holds it: a passphrase or a key, of one or more lines"},
	{LOCATION ".decrypt.match", KEY_LIST, IN_LOCATION(decrypt.match), .help = "patterns on the names of what is encrypted; default: it is seen by name and content"},
	{LOCATION ".decrypt.unix_sockets", KEY_BOOL, IN_LOCATION(decrypt.unix_sockets), "false", .help = "the program may use Unix sockets: gpg with a secret key and its agent"},
	{LOCATION ".restore", KEY_SECTION, .help = "what a restored backup must show"},
	{LOCATION ".restore.handler", KEY_TEXT, IN_LOCATION(restore.handler), .help = "use this restore handler instead of asking the content"},
	{LOCATION ".restore.compare", KEY_PATH, IN_LOCATION(restore.compare), .help = "directory that the restored tree is compared with"},
	{LOCATION ".restore.compare_sample", KEY_INT, IN_LOCATION(restore.compare_sample), "200", .min = 1, .max = 1000000, .help = "files that one test compares; the next one goes on behind them"},
	{LOCATION ".restore.compare_tolerance", KEY_REAL, IN_LOCATION(restore.compare_tolerance), "0.01", .max = 1, .help = "share of the compared files that may differ"},
	{LOCATION ".restore.compare_exclude", KEY_LIST, IN_LOCATION(restore.compare_exclude), .help = "patterns on paths below the directory that are not compared"},
	{LOCATION ".restore.learn", KEY_BOOL, IN_LOCATION(restore.learn), "true", .help = "after five good tests of a series, fail one in which tables, rows or files are missing"},
	{LOCATION ".restore.min_entries", KEY_INT, IN_LOCATION(restore.min_entries), .min = 1, .max = INT64_C(1) << 53, .help = "fewer restored entries fail"},
	{LOCATION ".restore.must_contain", KEY_LIST, IN_LOCATION(restore.must_contain), .help = "patterns that restored names must match, each at least once"},
	{LOCATION ".restore.sql", KEY_LIST, IN_LOCATION(restore.sql), .multiline = true, .help = "queries on the restored database, each must give a true value"},
	{LOCATION ".restore.expect", KEY_ITEMS, IN_LOCATION(restore.expects), .count_offset = IN_LOCATION(restore.expect_count), .item_size = sizeof(struct config_expect), .help = "queries on the restored database, and what each must give"},
	{LOCATION ".restore.expect[].sql", KEY_TEXT, IN_EXPECT(sql), .required = true, .multiline = true, .help = "the query; its first value counts"},
	{LOCATION ".restore.expect[].value", KEY_TEXT, IN_EXPECT(value), .required = true, .help = "what it must be: ==, !=, <, <=, > or >= and a number or text; without an operator equal"},
	{LOCATION ".restore.sha256", KEY_ITEMS, IN_LOCATION(restore.members), .count_offset = IN_LOCATION(restore.member_count), .item_size = sizeof(struct config_member), .help = "files that must come back with this content"},
	{LOCATION ".restore.sha256[].member", KEY_TEXT, IN_MEMBER(member), .required = true, .help = "name in the archive"},
	{LOCATION ".restore.sha256[].sum", KEY_TEXT, IN_MEMBER(sum), .required = true, .help = "its SHA-256, in hex"},
	{LOCATION ".restore.newest_row", KEY_TEXT, IN_LOCATION(restore.newest_row), .multiline = true, .help = "TABLE.COLUMN whose newest time, or a query whose first value, newest_row_within is about"},
	{LOCATION ".restore.newest_row_within", KEY_DURATION, IN_LOCATION(restore.newest_row_within), .max = 10 * YEAR, .help = "the newest time in the restored database is at most this much older than the backup"},
	{LOCATION ".restore.command", KEY_ARGV, IN_LOCATION(restore.command), .help = "program that judges the restored tree by its exit status"},
	{LOCATION ".series", KEY_ITEMS, IN_LOCATION(series), .count_offset = IN_LOCATION(series_count), .item_size = sizeof(struct config_series), .help = "what differs for some series of this location; the first match counts"},
	{LOCATION ".series[].match", KEY_TEXT, IN_SERIES(match), .required = true, .help = "extended regular expression, searched in the name of the series; with name, in the path of the backup"},
	{LOCATION ".series[].name", KEY_TEXT, IN_SERIES(name), .help = "what matches is one series of this name; \\0 to \\9 stand for what the groups of match matched"},
	{LOCATION ".series[].schedule", KEY_TEXT, IN_SERIES(schedule), .help = "instead of the schedule of the location"},
	{LOCATION ".series[].grace", KEY_DURATION, IN_SERIES(grace), .max = YEAR, .help = "instead of the grace of the location"},
	{LOCATION ".series[].min_size", KEY_SIZE, IN_SERIES(min_size), .help = "instead of min_size of the location"},
	{LOCATION ".series[].retention_days", KEY_INT, IN_SERIES(retention_days), .max = DAYS_MAX, .help = "instead of retention_days of the location"},
	{LOCATION ".series[].ignore", KEY_BOOL, IN_SERIES(ignore), "false", .help = "expect nothing of these series any more"},
	{"monitoring", KEY_SECTION, .help = "how often, and which failures raise an alert"},
	{"monitoring.check_interval_minutes", KEY_INT, IN_CONFIG(monitoring.check_interval_minutes), "60", .min = 1, .max = 10080, .help = "how often bkm-scan --follow walks every location"},
	{"monitoring.max_age_hours", KEY_INT, IN_CONFIG(monitoring.max_age_hours), "26", .min = 1, .max = 8784, .help = "a command that ran before, but not for this long, is a monitor failure"},
	{"monitoring.alert_on_failure", KEY_BOOL, IN_CONFIG(monitoring.alert_on_failure), "true", .help = "raise backup_failure alerts"},
	{"monitoring.alert_on_verification_failure", KEY_BOOL, IN_CONFIG(monitoring.alert_on_verification_failure), "true", .help = "raise verification_failure alerts"},
	{"monitoring.alert_on_restore_failure", KEY_BOOL, IN_CONFIG(monitoring.alert_on_restore_failure), "true", .help = "raise restore_failure alerts"},
	{"monitoring.alert_on_health_degradation", KEY_BOOL, IN_CONFIG(monitoring.alert_on_health_degradation), "true", .help = "raise health_degradation alerts"},
	{"monitoring.alert_on_monitor_failure", KEY_BOOL, IN_CONFIG(monitoring.alert_on_monitor_failure), "true", .help = "raise monitor_failure alerts"},
	{"database", KEY_SECTION, .help = "where bkm keeps what it knows"},
	{"database.url", KEY_TEXT, IN_CONFIG(store), "sqlite:///backup_monitor.db", .help = "sqlite:///relative/to/config.db or sqlite:////absolute.db"},
	{"verification", KEY_SECTION, .help = "what bkm-verify does when it is not told"},
	{"verification.methods", KEY_WORDS, IN_CONFIG(verification.methods), "size, timestamp, checksum, content", .words = method_words, .help = "what is checked"},
	{"verification.algorithm", KEY_TEXT, IN_CONFIG(verification.algorithm), "sha256", .help = "digest of new baselines"},
	{"verification.interval_days", KEY_INT, IN_CONFIG(verification.interval_days), "30", .min = 1, .max = DAYS_MAX, .help = "a verdict older than this is due again"},
	{"verification.budget", KEY_SIZE, IN_CONFIG(verification.budget), .min = 1, .help = "read at most this much in one run; default: no limit"},
	{"verification.max_time", KEY_DURATION, IN_CONFIG(verification.max_time), .min = 1, .max = YEAR, .help = "begin nothing new after this time; default: no limit"},
	{"verification.jobs", KEY_INT, IN_CONFIG(verification.jobs), "0", .max = 256, .help = "files read at the same time; 0: as many as there are processors"},
	{"restore_testing", KEY_SECTION, .help = "what bkm-restore does when it is not told"},
	{"restore_testing.scratch", KEY_PATH, IN_CONFIG(restore_testing.scratch), .help = "directory for what is restored; default: $TMPDIR, else /var/tmp"},
	{"restore_testing.interval_days", KEY_INT, IN_CONFIG(restore_testing.interval_days), "7", .min = 1, .max = DAYS_MAX, .help = "a restore test older than this is due again"},
	{"restore_testing.sample", KEY_INT, IN_CONFIG(restore_testing.sample), "0", .max = 100000, .help = "older backups of each series tested beside the newest, in rotation"},
	{"restore_testing.max_bytes", KEY_SIZE, IN_CONFIG(restore_testing.max_bytes), "20G", .min = 1, .help = "a backup that unpacks to more is refused"},
	{"restore_testing.max_entries", KEY_INT, IN_CONFIG(restore_testing.max_entries), "1000000", .min = 1, .max = INT64_C(1) << 40, .help = "a backup with more entries is refused"},
	{"restore_testing.max_ratio", KEY_INT, IN_CONFIG(restore_testing.max_ratio), "1000", .min = 2, .max = 1000000, .help = "a backup that unpacks to more than this many times its size is refused"},
	{"restore_testing.max_time", KEY_DURATION, IN_CONFIG(restore_testing.max_time), "1h", .min = 1, .max = YEAR, .help = "a restore test is ended after this time"},
	{"restore_testing.sandbox", KEY_SECTION, .help = "the walls around a restore test"},
	{"restore_testing.sandbox.require", KEY_WORDS, IN_CONFIG(restore_testing.sandbox_require), "rlimits, no_new_privs, seccomp, landlock", .words = sandbox_words, .help = "without these protections no restore test is made"},
	{"restore_testing.handlers", KEY_ITEMS, IN_CONFIG(restore_testing.handlers), .count_offset = IN_CONFIG(restore_testing.handler_count), .item_size = sizeof(struct config_handler), .help = "programs that restore formats bkm does not know"},
	{"restore_testing.handlers[].name", KEY_TEXT, IN_HANDLER(name), .required = true, .help = "unique name, shown in the record"},
	{"restore_testing.handlers[].match", KEY_LIST, IN_HANDLER(match), .required = true, .help = "patterns on the file name"},
	{"restore_testing.handlers[].command", KEY_ARGV, IN_HANDLER(command), .required = true, .help = "program and arguments; {path} and {scratch} are replaced"},
	{"scoring", KEY_SECTION, .help = "how the health score is made"},
	{"scoring.weights", KEY_SECTION, .help = "how much each part counts"},
	{"scoring.weights.backup", KEY_REAL, IN_CONFIG(scoring.weight_backup), "0.5", .max = 1000, .help = "weight of the backup success rate"},
	{"scoring.weights.verification", KEY_REAL, IN_CONFIG(scoring.weight_verification), "0.3", .max = 1000, .help = "weight of the verification rate"},
	{"scoring.weights.restore", KEY_REAL, IN_CONFIG(scoring.weight_restore), "0.2", .max = 1000, .help = "weight of the restore rate"},
	{"scoring.thresholds", KEY_SECTION, .help = "where the grades begin"},
	{"scoring.thresholds.good", KEY_REAL, IN_CONFIG(scoring.good), "0.8", .max = 1, .help = "a score from here is good"},
	{"scoring.thresholds.warning", KEY_REAL, IN_CONFIG(scoring.warning), "0.5", .max = 1, .help = "a score from here is warning, below critical"},
	{"scoring.min_level", KEY_WORD_TEXT, IN_CONFIG(scoring.min_level), "read", .words = level_words, .help = "a pass counts only if it looked at least this far"},
	{"alerts", KEY_SECTION, .help = "who is told, and when"},
	{"alerts.email", KEY_SECTION, .help = "mail through an SMTP server"},
	{"alerts.email.enabled", KEY_BOOL, IN_CONFIG(alerts.email.enabled), "true", .help = "false keeps the section and sends nothing"},
	{"alerts.email.server", KEY_TEXT, IN_CONFIG(alerts.email.server), .required = true, .help = "smtp://host:587 (STARTTLS) or smtps://host:465"},
	{"alerts.email.tls", KEY_WORD_BOOL, IN_CONFIG(alerts.email.tls), "required", .words = tls_words, .help = "none sends in the clear"},
	{"alerts.email.ca_file", KEY_PATH, IN_CONFIG(alerts.email.ca_file), .help = "certificates to believe instead of the system's"},
	{"alerts.email.username", KEY_TEXT, IN_CONFIG(alerts.email.username), .help = "login"},
	{"alerts.email.password", KEY_SECRET, IN_CONFIG(alerts.email.password), .help = "better ${NAME} or password_file"},
	{"alerts.email.password_file", KEY_SECRET_FILE, IN_CONFIG(alerts.email.password), .help = "file that holds the password"},
	{"alerts.email.from", KEY_TEXT, IN_CONFIG(alerts.email.from), .required = true, .help = "sender address"},
	{"alerts.email.to", KEY_LIST, IN_CONFIG(alerts.email.to), .required = true, .help = "addresses that are told"},
	{"alerts.slack", KEY_SECTION, .help = "a Slack incoming webhook"},
	{"alerts.slack.enabled", KEY_BOOL, IN_CONFIG(alerts.slack.enabled), "true", .help = "false keeps the section and sends nothing"},
	{"alerts.slack.webhook_url", KEY_SECRET, IN_CONFIG(alerts.slack.webhook_url), .help = "the address Slack gave; it is a secret"},
	{"alerts.slack.webhook_url_file", KEY_SECRET_FILE, IN_CONFIG(alerts.slack.webhook_url), .help = "file that holds the address"},
	{"alerts.slack.ca_file", KEY_PATH, IN_CONFIG(alerts.slack.ca_file), .help = "certificates to believe instead of the system's"},
	{"alerts.log", KEY_SECTION, .help = "a line in a file or in syslog"},
	{"alerts.log.enabled", KEY_BOOL, IN_CONFIG(alerts.log.enabled), "true", .help = "false keeps the section and writes nothing"},
	{"alerts.log.file", KEY_PATH, IN_CONFIG(alerts.log.file), .help = "file that gets one line for each alert"},
	{"alerts.log.syslog", KEY_BOOL, IN_CONFIG(alerts.log.syslog), "false", .help = "also write to syslog, facility daemon"},
	{"alerts.webhook", KEY_SECTION, .help = "JSON to any web address"},
	{"alerts.webhook.enabled", KEY_BOOL, IN_CONFIG(alerts.webhook.enabled), "true", .help = "false keeps the section and sends nothing"},
	{"alerts.webhook.url", KEY_SECRET, IN_CONFIG(alerts.webhook.url), .help = "where the JSON is posted"},
	{"alerts.webhook.url_file", KEY_SECRET_FILE, IN_CONFIG(alerts.webhook.url), .help = "file that holds the address"},
	{"alerts.webhook.secret", KEY_SECRET, IN_CONFIG(alerts.webhook.secret), .help = "key of the HMAC-SHA256 signature"},
	{"alerts.webhook.secret_file", KEY_SECRET_FILE, IN_CONFIG(alerts.webhook.secret), .help = "file that holds the key"},
	{"alerts.webhook.ca_file", KEY_PATH, IN_CONFIG(alerts.webhook.ca_file), .help = "certificates to believe instead of the system's"},
	{"alerts.rules", KEY_ITEMS, IN_CONFIG(alerts.rules), .count_offset = IN_CONFIG(alerts.rule_count), .item_size = sizeof(struct config_alert_rule), .help = "which alerts go where; the first match counts, without one every channel is told"},
	{"alerts.rules[].match", KEY_TEXT, IN_RULE(match), .required = true, .multiline = true, .help = "jq expression over the alert record"},
	{"alerts.rules[].channels", KEY_LIST, IN_RULE(channels), .help = "channels that are told; none: nobody"},
	{"alerts.rules[].after", KEY_INT, IN_RULE(after), .min = 1, .max = 1000, .help = "instead of alerts.after"},
	{"alerts.rules[].repeat_hours", KEY_INT, IN_RULE(repeat_hours), .max = 8784, .help = "instead of alerts.repeat_hours"},
	{"alerts.after", KEY_INT, IN_CONFIG(alerts.after), "1", .min = 1, .max = 1000, .help = "runs in a row that must find the trouble before it is told"},
	{"alerts.repeat_hours", KEY_INT, IN_CONFIG(alerts.repeat_hours), "24", .max = 8784, .help = "tell again after this time; 0: never"},
	{"alerts.fallback", KEY_TEXT, IN_CONFIG(alerts.fallback), .help = "channel that is told when another one cannot be reached"},
	{"alerts.digest", KEY_TEXT, IN_CONFIG(alerts.digest), .help = "HH:MM: what is not critical is told once a day"},
	{"alerts.quiet_hours", KEY_TEXT, IN_CONFIG(alerts.quiet_hours), .help = "HH:MM-HH:MM: only what is critical is told then"},
	{"alerts.escalation", KEY_ITEMS, IN_CONFIG(alerts.escalation), .count_offset = IN_CONFIG(alerts.escalation_count), .item_size = sizeof(struct config_escalation), .help = "who else is told when nobody acknowledges"},
	{"alerts.escalation[].after", KEY_DURATION, IN_STEP(after), .min = 1, .max = YEAR, .required = true, .help = "time an alert is open and not acknowledged"},
	{"alerts.escalation[].channels", KEY_LIST, IN_STEP(channels), .required = true, .help = "channels that are told then"},
	{"alerts.heartbeat", KEY_SECRET, IN_CONFIG(alerts.heartbeat), .help = "address that is asked for after each complete run: silence is noticed there"},
	{"alerts.heartbeat_file", KEY_SECRET_FILE, IN_CONFIG(alerts.heartbeat), .help = "file that holds the address"},
	{"reporting", KEY_SECTION, .help = "what bkm-report writes when it is not told"},
	{"reporting.formats", KEY_LIST, IN_CONFIG(reporting.formats), "html", .help = "formats, each a program below share/bkm/report"},
	{"reporting.output_directory", KEY_PATH, IN_CONFIG(reporting.output_directory), "reports", .help = "where reports are written"},
	{"reporting.template", KEY_PATH, IN_CONFIG(reporting.template), .help = "a jq program of your own as one more format"},
	{"logging", KEY_SECTION, .help = "the log file of the commands"},
	{"logging.level", KEY_LEVEL, IN_CONFIG(logging.level), "INFO", .help = "DEBUG, INFO, WARNING or ERROR"},
	{"logging.file", KEY_PATH, IN_CONFIG(logging.file), .help = "the log file; default: none"},
	{"logging.max_bytes", KEY_SIZE, IN_CONFIG(logging.max_bytes), "10M", .help = "begin a new file before it grows past this; 0: never"},
	{"logging.backup_count", KEY_INT, IN_CONFIG(logging.backup_count), "5", .max = 1000, .help = "old log files that are kept"},
	{"logging.format", KEY_WORD_BOOL, IN_CONFIG(logging.json), "text", .words = format_words, .help = "text or json"},
};
/* clang-format on */

const struct config_key *
config_keys(size_t *ret_count)
{
	*ret_count = ARRAY_LEN(keys);
	return keys;
}

static void
describe_words(const struct config_key *key, const char *lead, struct buf *out)
{
	buf_str(out, lead);
	for (size_t i = 0; key->words[i]; i++)
		buf_printf(out, "%s%s", i ? ", " : "", key->words[i]);
}

void
config_key_describe(const struct config_key *key, struct buf *out)
{
	switch (key->kind) {
	case KEY_SECTION:
		buf_str(out, "a mapping (key: value)");
		break;
	case KEY_ITEMS:
		buf_str(out, "a list of mappings (- key: value)");
		break;
	case KEY_TEXT:
	case KEY_SECRET:
		buf_str(out, "a text");
		break;
	case KEY_SECRET_FILE:
	case KEY_PATH:
		buf_str(out, "a path");
		break;
	case KEY_BOOL:
		buf_str(out, "true or false");
		break;
	case KEY_INT:
		buf_str(out, "a whole number");
		break;
	case KEY_REAL:
		buf_str(out, "a number");
		break;
	case KEY_DURATION:
		buf_str(out, "a duration like 90s, 5m, 1h30m or 2d");
		break;
	case KEY_SIZE:
		buf_str(out, "a size like 1500, 10M or 50G");
		break;
	case KEY_WORD:
	case KEY_WORD_BOOL:
	case KEY_WORD_TEXT:
		describe_words(key, "one of ", out);
		break;
	case KEY_WORDS:
		describe_words(key, "a list of ", out);
		break;
	case KEY_LEVEL:
		buf_str(out, "one of DEBUG, INFO, WARNING, ERROR");
		break;
	case KEY_LIST:
		buf_str(out, "a list of texts");
		break;
	case KEY_ARGV:
		buf_str(out, "a list: the program and each of its arguments");
		break;
	}
	if ((key->kind == KEY_INT || key->kind == KEY_REAL) && key->max)
		buf_printf(out, " from %lld to %lld", (long long)key->min, (long long)key->max);
}
