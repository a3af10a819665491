/*
 * config: config.yaml read, checked and turned into typed settings.
 *
 * One table (keys.c) holds every key with its type, default, range and one line of help; the
 * loader fills the structs below from it, and bkm-config(5) and the shipped config.yaml are
 * checked against it. This module reads the configuration, the `.env` beside it and the secret
 * files it names, and nothing else: the environment is handed in as a lookup function, and what a
 * schedule means is asked through another.
 *
 * Everything in a struct config is owned by it and lives until config_free. Paths are absolute
 * and clean. A text that was not given is NULL; a list that was not given has its default or is
 * empty. Secrets are already read from their `…_file`, `${NAME}` is already replaced.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

/* A duration, size or number that was not given and has no fixed default. */
#define CONFIG_UNSET (-1)

enum config_type { /* backups.locations[].type */
	CONFIG_TYPE_FILE,
	CONFIG_TYPE_DATABASE,
	CONFIG_TYPE_DIRECTORY,
	CONFIG_TYPE_RESTIC, /* a repository: its backups come from the tool, not from a walk */
	CONFIG_TYPE_BORG,
};

enum config_unit { CONFIG_UNIT_FILE, CONFIG_UNIT_DIRECTORY };

enum config_method { /* bits of verification.methods */
	CONFIG_METHOD_SIZE = 1,
	CONFIG_METHOD_TIMESTAMP = 2,
	CONFIG_METHOD_CHECKSUM = 4,
	CONFIG_METHOD_CONTENT = 8,
};

enum config_sandbox { /* bits of restore_testing.sandbox.require */
	CONFIG_SANDBOX_RLIMITS = 1,
	CONFIG_SANDBOX_NO_NEW_PRIVS = 2,
	CONFIG_SANDBOX_SECCOMP = 4,
	CONFIG_SANDBOX_LANDLOCK = 8,
	CONFIG_SANDBOX_NAMESPACES = 16,
};

struct config_list {
	char **items;
	size_t count;
};

/* One rule of a location's `series:`. What the rule does not say it has from its location, so
 * that whoever found the rule needs nothing else. */
struct config_series {
	char *match; /* extended regular expression, searched in the series name; with name, in the
			* path of a backup relative to the location */
	char *name;  /* NULL; or the name of the series of what matches, with \0 to \9 */
	regex_t regex; /* match, compiled (with its groups, if it names), if regex_set */
	bool regex_set;
	bool names_only;        /* has a name and nothing of what follows */
	char *schedule;         /* NULL: unscheduled */
	int64_t grace;          /* seconds; CONFIG_UNSET: max(1 h, 10 % of the interval) */
	int64_t min_size;       /* bytes; 0: none */
	int64_t retention_days; /* 0: not given */
	bool ignore;            /* no due times, no findings, not in the score */
};

struct config_expect { /* restore.expect[] */
	char *sql;
	char *value; /* "[OPERATOR] VALUE" */
};

struct config_member { /* restore.sha256[] */
	char *member;
	char *sum; /* 64 hex digits */
};

/* backups.locations[].restore: what a restored backup must show. */
struct config_restore {
	char *handler;                      /* NULL: handlers bid on the content */
	char *compare;                      /* directory to compare the restored tree with */
	int64_t compare_sample;             /* files a test */
	double compare_tolerance;           /* 0 to 1: share of them that may differ */
	struct config_list compare_exclude; /* fnmatch patterns on paths below compare */
	int64_t min_entries;                /* CONFIG_UNSET: at least one */
	struct config_list must_contain;    /* patterns; each must match an entry */
	struct config_list sql;             /* queries; each must give a first value that is true */
	struct config_expect *expects;
	size_t expect_count;
	struct config_member *members;
	size_t member_count;
	char *newest_row; /* a query, or TABLE.COLUMN; with newest_row_within or not at all */
	bool learn;       /* judge by what the series brought back before */
	int64_t newest_row_within;  /* seconds; CONFIG_UNSET: not asked */
	struct config_list command; /* argv of a program run on the restored tree */
};

/* backups.locations[].decrypt: how encrypted backups are read, or the key of a repository. */
struct config_decrypt {
	struct config_list command; /* argv; "{secret}" as a full word is replaced */
	char *secret;               /* NULL: none. Handed over by descriptor 3, nowhere else */
	struct config_list
	    match; /* fnmatch patterns on the base name; empty: by name and content */
	bool unix_sockets;
};

struct config_location {
	char *name; /* unique */
	char *path; /* absolute, but for repositories that are not a path (sftp:…, ssh://…) */
	enum config_type type;
	enum config_unit unit;
	char *schedule;  /* NULL: unscheduled; otherwise already accepted by check_schedule */
	char *timezone;  /* NULL: the machine's */
	int64_t grace;   /* seconds; CONFIG_UNSET: max(1 h, 10 % of the interval) */
	int64_t settle;  /* seconds */
	int64_t timeout; /* seconds; 0: none */
	int64_t retention_days; /* 0: not given */
	int64_t min_size;       /* bytes; 0: none, but empty is a failure anyway */
	int64_t rto_minutes;    /* CONFIG_UNSET: not given */
	bool verify_integrity;
	bool test_restore;
	bool cross_device;
	bool immutable;
	struct config_list include; /* fnmatch patterns; empty: everything */
	struct config_list exclude;
	struct config_restore restore;
	struct config_decrypt decrypt;
	struct config_series *series; /* the first rule that matches wins: config_series_for() */
	size_t series_count;
	bool names_series; /* some rule has a name */
	unsigned line;     /* of its entry in the file, for messages */
};

struct config_handler { /* restore_testing.handlers[] */
	char *name;
	struct config_list match;   /* fnmatch patterns on the base name */
	struct config_list command; /* argv; "{path}" and "{scratch}" are replaced, in full words */
};

struct config_email {
	bool enabled;  /* the section is there and does not say `enabled: false` */
	char *server;  /* smtp://host:587 or smtps://host:465 */
	bool tls;      /* false only for `tls: none` */
	char *ca_file; /* NULL: the system's */
	char *username;
	char *password;
	char *from;
	struct config_list to;
};

struct config_slack {
	bool enabled;
	char *webhook_url;
	char *ca_file;
};

struct config_alert_log {
	bool enabled;
	char *file; /* NULL: none */
	bool syslog;
};

struct config_webhook {
	bool enabled;
	char *url;
	char *secret; /* NULL: not signed */
	char *ca_file;
};

struct config_alert_rule {           /* alerts.rules[]: the first that matches an alert decides */
	char *match;                 /* jq expression over the alert record */
	struct config_list channels; /* names of channels; empty: nobody is told */
	int64_t after;               /* CONFIG_UNSET: as alerts.after */
	int64_t repeat_hours;        /* CONFIG_UNSET: as alerts.repeat_hours */
};

struct config_escalation { /* alerts.escalation[] */
	int64_t after;     /* seconds an alert is open and not acknowledged */
	struct config_list channels;
};

struct config {
	char *file;      /* the configuration file, absolute */
	char *directory; /* where it lies */
	char *app_name;  /* APP_NAME, default "Backup Monitor" */
	char *store;     /* path of the SQLite store, from DATABASE_URL or database.url */

	struct config_location *locations; /* in the order of the file */
	size_t location_count;
	const struct config_location **by_name; /* the same, sorted by name */

	struct {
		int64_t check_interval_minutes;
		int64_t max_age_hours;
		bool alert_on_failure;
		bool alert_on_verification_failure;
		bool alert_on_restore_failure;
		bool alert_on_health_degradation;
		bool alert_on_monitor_failure;
	} monitoring;

	struct {
		unsigned methods; /* enum config_method bits */
		char *algorithm;
		int64_t interval_days;
		int64_t budget;   /* bytes a run; CONFIG_UNSET: no limit */
		int64_t max_time; /* seconds a run; CONFIG_UNSET: no limit */
		int64_t jobs;     /* 0: as many as there are processors */
	} verification;

	struct {
		char *scratch; /* NULL: $TMPDIR or /var/tmp */
		int64_t interval_days;
		int64_t sample;
		int64_t max_bytes;
		int64_t max_entries;
		int64_t max_ratio;
		int64_t max_time;         /* seconds, one drill */
		unsigned sandbox_require; /* enum config_sandbox bits */
		struct config_handler *handlers;
		size_t handler_count;
	} restore_testing;

	struct {
		double weight_backup, weight_verification, weight_restore; /* >= 0, not all 0 */
		double good, warning; /* thresholds, 0 < warning < good <= 1 */
		char *min_level;      /* a level word of bkm-records(5) */
	} scoring;

	struct {
		struct config_email email;
		struct config_slack slack;
		struct config_alert_log log;
		struct config_webhook webhook;
		struct config_alert_rule *rules;
		size_t rule_count;
		int64_t after;        /* failures in a row before an alert opens, >= 1 */
		int64_t repeat_hours; /* 0: never again */
		char *fallback;       /* channel that is told when another cannot be reached */
		char *digest;         /* "HH:MM": what is not critical is sent once a day then */
		char *quiet_hours;    /* "HH:MM-HH:MM", local time: only what is critical is sent */
		struct config_escalation *escalation;
		size_t escalation_count;
		char *heartbeat; /* URL that is asked for after each complete run of bkm-alert */
	} alerts;

	struct {
		struct config_list formats;
		char *output_directory;
		char *template; /* a jq program; NULL: none */
	} reporting;

	struct {
		enum log_level level; /* LOG_LEVEL of the environment, else logging.level */
		char *file;           /* NULL: none */
		int64_t max_bytes;
		int64_t backup_count;
		bool json;
	} logging;
};

struct config_options {
	const char
	    *path; /* from --config; NULL: $BKM_CONFIG, ./config.yaml, /etc/bkm/config.yaml */
	/* The environment: a value or NULL. NULL: an empty environment. */
	const char *(*lookup)(void *ctx, const char *name);
	void *lookup_ctx;
	/* 0 if the schedule and the time zone (each may be NULL) are understood, else -1 and err.
	 * NULL: not checked. */
	int (*check_schedule)(
	    void *ctx, const char *schedule, const char *timezone, struct err *err);
	void *check_schedule_ctx;
};

/* Read and check the configuration.
 *
 * On failure -1, err->code ERR_CONFIG, a message that starts with "configuration file not found"
 * or "failed to load settings", and in problems (may be NULL) one line "FILE:LINE:COLUMN: message"
 * for each thing that is wrong, all of them, in the order of the file. On success problems may
 * hold nothing. */
int config_load(struct config **ret_config, const struct config_options *options,
    struct buf *problems, struct err *err);
void config_free(struct config *config);

/* The location of that name, or NULL. */
const struct config_location *config_location(const struct config *config, const char *name);

/* The location whose path is path itself or holds it, the deepest if several do, or NULL. */
const struct config_location *config_location_of(const struct config *config, const char *path);

/* The first rule of the location that has something to say about the series, or NULL: a rule without
 * a name that matches its name, or namer, the index of the rule that gave it its name (SIZE_MAX:
 * none), if that one does more than name. */
const struct config_series *
config_series_for(const struct config_location *location, const char *series, size_t namer);

/* The word of a type: "file", "restic", … */
const char *config_type_word(enum config_type type);

/* A repository of a backup tool: its backups come from the handler of that name. */
bool config_type_is_repository(enum config_type type);

#endif
