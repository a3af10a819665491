/*
 * alert: what is worth telling somebody, when, and in which words.
 *
 * Records go in and are remembered per subject (evidence). At the end of the input each subject is
 * compared with what was known before (alert_decide), which says what to store and whom to tell.
 * A message is a document that one jq program per channel turns into a payload (alert_render),
 * and alert_send hands it to the channel. Nothing here looks at a clock, a store or a
 * configuration: the command gives what it read and stores what comes back.
 *
 * Five kinds of alert: enum record_alert. A subject is a host, a location, a series and a stage,
 * each as far as it applies; kind and subject make the fingerprint.
 */
#ifndef ALERT_ALERT_H
#define ALERT_ALERT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "record/record.h"

#define ALERT_FINGERPRINT_LEN 16 /* hex digits */

/* ---------------------------------------------------------------- what is known */

enum alert_state {
	ALERT_PENDING, /* found, but not often enough yet (after) */
	ALERT_OPEN,
	ALERT_RESOLVED,
};

/* One thing that is wrong inside an alert: a path, or "" for the subject itself. */
struct alert_member {
	char *member;
	char *reason;
	int64_t since;
};

/* What outlives the run. All strings owned; NULL where it does not apply. members is sorted. */
struct alert_row {
	char fingerprint[ALERT_FINGERPRINT_LEN + 1];
	enum record_alert kind;
	enum record_severity severity;
	enum alert_state state;
	char *host, *location, *series, *command, *path;
	int64_t episode; /* counts its openings, from 1 */
	int64_t since;   /* first found in this episode */
	int64_t opened, seen;
	int64_t failures;           /* runs in a row that found it */
	int64_t notified;           /* when its opening or last repeat was queued; CLOCK_NONE */
	int64_t escalated;          /* steps that were taken */
	int64_t resolved, acked_at; /* CLOCK_NONE */
	char *acked_by, *acked_why;
	char *reasons; /* JSON array */
	char *summary;
	char *detail; /* JSON object: facts for the messages */
	struct alert_member *members;
	size_t member_count;
};

void alert_row_release(struct alert_row *row);

/* ---------------------------------------------------------------- evidence */

struct alert_evidence;
struct alert_entry; /* one kind of one subject, with what this run found about it */

struct alert_options {
	int64_t now;
	const char *host;                          /* of records that do not say */
	bool on[RECORD_ALERT_MONITOR_FAILURE + 1]; /* by enum record_alert: is that kind raised? */

	/* Was the location's grade ever good? And is being empty a failure by now? NULL: no, yes. */
	bool (*was_good)(void *ctx, const char *location);
	bool (*empty_fails)(void *ctx, const char *host, const char *location);
	void *ctx;
};

int alert_evidence_new(
    struct alert_evidence **ret_ev, const struct alert_options *options, struct err *err);
void alert_evidence_free(struct alert_evidence *ev);

/* Forget what was found (not what is expected): the next batch of a stream that does not end. */
void alert_evidence_restart(struct alert_evidence *ev, int64_t now);

/* What is known from before and not resolved: its members are looked out for. */
int alert_evidence_expect(struct alert_evidence *ev, const struct alert_row *row, struct err *err);

/* Take in a record of any kind. */
int alert_evidence_add(struct alert_evidence *ev, struct record *rec, struct err *err);

/* A stage died (reason "stage_died") or has been silent ("stage_silent"); since: its last start.
 * reason NULL: it is known to live. */
int alert_evidence_stage(struct alert_evidence *ev, const char *host, const char *command,
    const char *reason, int64_t since, struct err *err);

/* Everything is in: draw the conclusions that need the whole stream. Call before the following. */
int alert_evidence_end(struct alert_evidence *ev, struct err *err);

/* Call fn for each expected member that nobody mentioned, a path or "" for the subject itself, so
 * that it can be looked up; fn answers with what is known, or all NULL. */
struct alert_lookup {
	const char *host, *location, *series, *path;
	const char *state, *status, *verify, *restore; /* words of records; NULL = not known */
};
int alert_evidence_unseen(struct alert_evidence *ev,
    int (*fn)(void *ctx, struct alert_lookup *lookup, struct err *err), void *ctx, struct err *err);

/* Put in order what something was found out about: after the last of the above. */
int alert_evidence_sort(struct alert_evidence *ev, struct err *err);

/* The sorted entries, by fingerprint: start with *pos = 0; NULL at the end. */
struct alert_entry *alert_evidence_next(struct alert_evidence *ev, size_t *pos);
const char *alert_entry_fingerprint(const struct alert_entry *entry);
bool alert_entry_is_bad(const struct alert_entry *entry);

/* ---------------------------------------------------------------- decision */

enum alert_event {
	ALERT_EVENT_NONE,
	ALERT_EVENT_OPENED,
	ALERT_EVENT_REPEATED,
	ALERT_EVENT_ESCALATED,
	ALERT_EVENT_RESOLVED,
};
const char *alert_event_word(enum alert_event event); /* "opened"; NULL for NONE */

/*
 * Bring row up to what entry found: row is what was known, or zeroed. Returns true if there is
 * something to store. after and repeat_s come from the policy, which may look at the row as it is
 * after alert_merge and before alert_judge.
 */
bool alert_merge(struct alert_row *row, const struct alert_entry *entry, int64_t now);

struct alert_rates {
	int64_t after;    /* runs in a row that must find it; monitor_failure always 1 */
	int64_t repeat_s; /* 0: never */
	bool silenced;
};

/* What follows for a merged row: its state moves on, and the event says what there is to tell.
 * found: this run found it (again). */
enum alert_event
alert_judge(struct alert_row *row, bool found, const struct alert_rates *rates, int64_t now);

/* ---------------------------------------------------------------- policy */

struct alert_rule {
	const char *match; /* jq over the alert record */
	const char *const *channels;
	size_t channel_count;
	int64_t after, repeat_hours; /* negative: as in the policy */
};

struct alert_step {
	int64_t after; /* seconds */
	const char *const *channels;
	size_t channel_count;
};

struct alert_policy_options {
	const struct alert_rule *rules; /* the first that matches */
	size_t rule_count;
	const struct alert_step *steps; /* in the order of the configuration */
	size_t step_count;
	const char *const *channels; /* all that are configured, without the fallback */
	size_t channel_count;
	int64_t after, repeat_hours;
	const char *digest;      /* "HH:MM" or NULL */
	const char *quiet_hours; /* "HH:MM-HH:MM" or NULL */
	const char *zone;        /* "local" */
};

struct alert_policy;

/* Everything borrowed must outlive it. ERR_CONFIG for a jq expression, a time or a channel that
 * makes no sense. */
int alert_policy_new(
    struct alert_policy **ret_policy, const struct alert_policy_options *options, struct err *err);
void alert_policy_free(struct alert_policy *policy);

/* What applies to an alert, given its record. *ret_channels borrows from the options. A rule whose
 * expression fails on this alert does not match: -1 with the first such failure, the results are
 * filled all the same. */
int alert_policy_rates(struct alert_policy *policy, const char *json, size_t len,
    struct alert_rates *ret_rates, const char *const **ret_channels, size_t *ret_count,
    struct err *err);

/* The next escalation step that is due for an open row, or NULL; advances row->escalated. */
const struct alert_step *
alert_policy_escalate(const struct alert_policy *policy, struct alert_row *row, int64_t now);

/* When a message of that severity may go out: now, or the end of the quiet hours, or the hour of
 * the digest. */
int64_t
alert_policy_when(const struct alert_policy *policy, enum record_severity severity, int64_t now);

/* The seconds to wait after so many failed attempts: 1, 5, 15 minutes, 1 h, then 6 h. */
int64_t alert_backoff(int64_t attempts, int64_t asked_s);

/* After this many attempts, or this many seconds, a message is dead until --retry. */
#define ALERT_MAX_ATTEMPTS 20
#define ALERT_MAX_AGE_S    (3 * 86400)

/* ---------------------------------------------------------------- words */

/* The alert record; more: ready JSON members behind it (",\"notify\":\"sent\"…") or NULL. */
struct alert_told { /* one channel of it */
	const char *channel, *notify, *error;
};
struct alert_line {
	const char *state;  /* NULL: from the row */
	const char *notify; /* NULL: none */
	const char *why;    /* of an acknowledgement or a silence */
	int64_t until;      /* of a silence; CLOCK_NONE */
	const struct alert_told *told;
	size_t told_count;
};
void alert_add_record(struct buf *out, const struct alert_row *row, const struct alert_line *line);

/* One item of a message: the row, what happened, the facts. */
void alert_add_item(struct buf *out, const struct alert_row *row, enum alert_event event);

/* ---------------------------------------------------------------- channels */

enum alert_channel_type { ALERT_EMAIL, ALERT_SLACK, ALERT_LOG, ALERT_WEBHOOK };

/* Borrowed strings. */
struct alert_channel {
	const char *name; /* "email" */
	enum alert_channel_type type;
	const char *url;     /* server, webhook; a secret but for email */
	const char *ca_file; /* NULL: the system's */
	const char *secret;  /* webhook: key of the signature; NULL: unsigned */
	bool plain;          /* email: no TLS */
	const char *user, *password, *from;
	const char *const *to;
	size_t to_count;
	const char *file; /* log */
	bool syslog;
};

/* Everything about a channel that can be wrong before it is used: ERR_CONFIG. */
int alert_channel_check(const struct alert_channel *channel, struct err *err);

/* Who a message goes to, for people and without secrets: "mail.example.org:587", "file '…'". */
void alert_channel_where(const struct alert_channel *channel, struct buf *out);

struct alert_message {
	const char *id; /* stable over retries: Message-ID, webhook-id */
	int64_t at;     /* when it was gathered */
	const char *app, *host, *version;
	const char *items; /* JSON array of items */
	bool test;
};

struct alert_payload {
	struct buf subject, text, html; /* email: the parts */
	struct buf body;                /* what goes over the wire, or into the log */
};
void alert_payload_release(struct alert_payload *payload);

/* The payload of a message for a channel, by the jq programs in the directory share (…/bkm/alert).
 * The same bytes for the same message. */
int alert_render(const struct alert_channel *channel, const struct alert_message *message,
    const char *share, struct alert_payload *ret_payload, struct err *err);

enum alert_fate { ALERT_SENT, ALERT_RETRY, ALERT_REFUSED };

struct alert_result {
	enum alert_fate fate;
	bool answered;         /* the channel is there: its other messages may fare better */
	bool hold;             /* it asked to be left alone for a while (429) */
	int64_t retry_after_s; /* 0: not said */
	bool partly;           /* sent, but not to everybody: detail says so */
	char detail[256];
};

/* One attempt. stop: give up soon when not 0. now: the clock of the attempt (signatures). */
int alert_send(const struct alert_channel *channel, const struct alert_message *message,
    const struct alert_payload *payload, const volatile sig_atomic_t *stop, int64_t now,
    struct alert_result *ret_result, struct err *err);

/* Ask for the heartbeat's address once. */
int alert_ping(const char *url, const volatile sig_atomic_t *stop, struct alert_result *ret_result,
    struct err *err);

/* The headers that alert_send puts on a webhook, for --dry-run: "Name: value\n", appended. */
int alert_webhook_headers(const struct alert_channel *channel, const struct alert_message *message,
    const struct alert_payload *payload, int64_t now, struct buf *out, struct err *err);

#endif
