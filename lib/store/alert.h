/*
 * store, the part that alerts need: what is open, what is silenced, and the outbox.
 *
 * Included through store/store.h.
 */
#ifndef STORE_ALERT_H
#define STORE_ALERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct store;

/* ---------------------------------------------------------------- alerts (alert.c) */

struct store_member {
	char *member; /* path bytes; "" is the subject itself */
	char *reason;
	int64_t since;
};

/* Strings are owned by the struct; NULL where the table says so. */
struct store_alert {
	char *fingerprint, *kind, *severity, *host, *location, *series, *command, *path, *state;
	int64_t episode, since, opened, seen, failures, escalated;
	int64_t notified, resolved, acked_at; /* CLOCK_NONE: not */
	char *acked_by, *acked_why;
	char *reasons, *summary, *detail;
	struct store_member *members;
	size_t member_count;
};

void store_alert_release(struct store_alert *alert);
void store_alerts_free(struct store_alert *alerts, size_t count);

/* All alerts in state ("open"), or all that are not resolved (NULL), oldest first, with members. */
int store_alerts(struct store *store, const char *state, struct store_alert **ret_alerts,
    size_t *ret_count, struct err *err);

/* 1 found, 0 not, -1. */
int store_alert_find(
    struct store *store, const char *fingerprint, struct store_alert *ret_alert, struct err *err);

/* Write the row and make the members of the table those of the struct. */
int store_alert_put(struct store *store, const struct store_alert *alert, struct err *err);

/* Acknowledge the one open alert whose fingerprint begins with prefix. ERR_NOT_FOUND if there is
 * none, ERR_USAGE if there are several; fills ret_alert. Commits by itself. */
int store_alert_ack(struct store *store, const char *prefix, int64_t now, const char *by,
    const char *why, struct store_alert *ret_alert, struct err *err);

/* Has the location ever had a good score? 1 yes, 0 no, -1. */
int
store_alert_was_good(struct store *store, const char *host, const char *location, struct err *err);

/* What the store knows of the newest generation of a path of a series. Words are "" if unknown. A
 * backup that rules have given to another series since is expired for this one; so is path "", the
 * series itself, once they have left nothing in it. */
struct store_alert_backup {
	char state[16], status[16], verify[16], restore[16];
	bool accepted;
};
/* 1 found, 0 not, -1. */
int store_alert_backup(struct store *store, const char *host, const char *location,
    const char *series, const char *path, struct store_alert_backup *ret_backup, struct err *err);

/* The ids of a location's backups that vanished and that nobody accepted as gone; free(). */
int store_alert_vanished(struct store *store, int64_t location_id, int64_t **ret_ids,
    size_t *ret_count, struct err *err);

/* ---------------------------------------------------------------- silences (silence.c) */
struct store_silence {
	int64_t id;
	char *filter, *why, *by;
	int64_t until, created;
};
void store_silences_free(struct store_silence *silences, size_t count);

/* Those that still hold at now. */
int store_silences(struct store *store, int64_t now, struct store_silence **ret_silences,
    size_t *ret_count, struct err *err);
int store_silence_add(
    struct store *store, const struct store_silence *silence, int64_t *ret_id, struct err *err);
/* 1 ended, 0 there is no such silence that still holds, -1. */
int store_silence_end(struct store *store, int64_t id, int64_t now, struct err *err);

/* ---------------------------------------------------------------- outbox (outbox.c) */
struct store_message {
	int64_t id;
	char *channel;
	char *message_id;
	char *state;
	int64_t created, attempts, next_try;
	int64_t tried; /* CLOCK_NONE: never */
	char *error;
	size_t items; /* that are not cancelled */
};
void store_messages_free(struct store_message *messages, size_t count);

/* Put one item into the message that is gathered for the channel until not_before (now: at once).
 * Inside the caller's transaction. */
int store_outbox_add(struct store *store, const char *channel, int64_t not_before, int64_t now,
    const char *fingerprint, int64_t episode, const char *event, const char *item, struct err *err);

/* The channels that were told of this episode (fn once for each), whether or not it reached them
 * in part; and drop what is still waiting to be told. For an alert that resolves, in its
 * transaction. */
int store_outbox_settle(struct store *store, const char *fingerprint, int64_t episode,
    void (*told)(void *ctx, const char *channel), void *ctx, struct err *err);

/* Messages that are not delivered: pending, sending, dead; fewest attempts first. */
int store_outbox_waiting(
    struct store *store, struct store_message **ret_messages, size_t *ret_count, struct err *err);

/* Take a message for sending by a conditional update: 1 it is ours, 0 somebody else has it, -1.
 * Commits by itself. was: the state and claimant that were seen. */
int
store_outbox_claim(struct store *store, int64_t id, const char *run, int64_t now, struct err *err);

/* The items of a message, a JSON array, appended; without the cancelled ones. */
int store_outbox_items(struct store *store, int64_t id, struct buf *out, struct err *err);

/* What became of a claimed message: state "sent", "pending" (again at next_try), "dead",
 * "cancelled". Commits by itself. counts: an attempt was made. */
int store_outbox_settled(struct store *store, int64_t id, const char *run, const char *state,
    bool counts, int64_t next_try, const char *error, struct err *err);

/* A copy of a message's items for another channel (fallback), unless it has one already: 1 made,
 * 0 was there, -1. Commits by itself. */
int store_outbox_copy(
    struct store *store, int64_t id, const char *channel, int64_t now, struct err *err);

/* The worst that is known of how an alert's episode reached a channel: "sent", "sending",
 * "pending", "dead", or "" if it was never meant for it; error of the last try, or "". */
struct store_reach {
	char *channel, *state, *error;
	int64_t attempts, next_try;
};
void store_reach_free(struct store_reach *reach, size_t count);
int store_outbox_reach(struct store *store, const char *fingerprint, int64_t episode,
    struct store_reach **ret_reach, size_t *ret_count, struct err *err);

/* Forget messages that were delivered or cancelled before. Inside the caller's transaction. */
int store_outbox_prune(struct store *store, int64_t before, struct err *err);

#endif
