// Messages that must reach a channel: gathered, claimed by one run at a time, settled.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_private.h"

/* A message that nobody has tried to send yet takes more items; one that was tried does not, so
 * that an item no server accepts cannot hold up those that come after it. */
static const char sql_gathering[] =
    "SELECT id FROM outbox WHERE channel = ?1 AND state = 'pending' AND attempts = 0"
    " AND (next_try = ?2 OR (next_try <= ?3 AND ?2 <= ?3)) ORDER BY id LIMIT 1";
static const char sql_create[] =
    "INSERT INTO outbox (channel, message_id, created, next_try, state)"
    " VALUES (?1, ?2, ?3, ?4, 'pending')";
static const char sql_item[] = "INSERT INTO delivery (outbox_id, fingerprint, episode, event, item)"
			       " VALUES (?1, ?2, ?3, ?4, ?5)";
static const char sql_told[] =
    "SELECT DISTINCT o.channel FROM delivery AS d JOIN outbox AS o ON o.id = d.outbox_id"
    " WHERE d.fingerprint = ?1 AND d.episode = ?2 AND d.event <> 'resolved'"
    " AND o.state IN ('sent', 'sending') ORDER BY o.channel";
static const char sql_cancel[] =
    "UPDATE delivery SET cancelled = 1 WHERE fingerprint = ?1 AND episode = ?2"
    " AND outbox_id IN (SELECT id FROM outbox WHERE state IN ('pending', 'dead'))";
static const char sql_cancel_empty[] =
    "UPDATE outbox SET state = 'cancelled' WHERE state IN ('pending', 'dead') AND NOT EXISTS"
    " (SELECT 1 FROM delivery AS d WHERE d.outbox_id = outbox.id AND d.cancelled = 0)";
static const char sql_waiting[] =
    "SELECT o.id, o.channel, o.message_id, o.state, o.created, o.attempts, o.next_try, o.tried,"
    " o.error, (SELECT count(*) FROM delivery AS d WHERE d.outbox_id = o.id AND d.cancelled = 0)"
    " FROM outbox AS o WHERE o.state IN ('pending', 'sending', 'dead')"
    " ORDER BY o.attempts, o.id";
/* Another run's claim counts as long as that run may be alive; the caller has looked. */
static const char sql_seen[] = "SELECT state, claimed_by FROM outbox WHERE id = ?1";
static const char sql_claim[] =
    "UPDATE outbox SET state = 'sending', claimed_by = ?2, tried = ?3 WHERE id = ?1"
    " AND (state IN ('pending', 'dead') OR (state = 'sending' AND claimed_by = ?4))";
static const char sql_items[] =
    "SELECT item FROM delivery WHERE outbox_id = ?1 AND cancelled = 0 ORDER BY id";
static const char sql_settled[] =
    "UPDATE outbox SET state = ?3, attempts = attempts + ?4, next_try = ?5, error = ?6,"
    " claimed_by = NULL WHERE id = ?1 AND state = 'sending' AND claimed_by = ?2";
static const char sql_copied[] =
    "SELECT 1 FROM outbox AS o JOIN delivery AS d ON d.outbox_id = o.id JOIN delivery AS s"
    " ON s.fingerprint = d.fingerprint AND s.episode = d.episode AND s.event = d.event"
    " AND s.item = d.item WHERE s.outbox_id = ?1 AND o.channel = ?2 LIMIT 1";
static const char sql_copy[] =
    "INSERT INTO delivery (outbox_id, fingerprint, episode, event, item)"
    " SELECT ?2, fingerprint, episode, event, item FROM delivery WHERE outbox_id = ?1"
    " AND cancelled = 0 ORDER BY id";
static const char sql_reach[] =
    "SELECT o.channel, o.state, o.error, o.attempts, o.next_try FROM outbox AS o WHERE o.id IN"
    " (SELECT max(p.id) FROM delivery AS d JOIN outbox AS p ON p.id = d.outbox_id"
    " WHERE d.fingerprint = ?1 AND d.episode = ?2 AND p.state <> 'cancelled' GROUP BY p.channel)"
    " ORDER BY o.channel";
static const char sql_prune_items[] =
    "DELETE FROM delivery WHERE outbox_id IN (SELECT id FROM outbox"
    " WHERE state IN ('sent', 'cancelled') AND created < ?1) AND NOT EXISTS (SELECT 1 FROM alert"
    " AS a WHERE a.fingerprint = delivery.fingerprint AND a.episode = delivery.episode"
    " AND a.state <> 'resolved')";
static const char sql_prune[] =
    "DELETE FROM outbox WHERE state IN ('sent', 'cancelled') AND created < ?1 AND NOT EXISTS"
    " (SELECT 1 FROM delivery AS d WHERE d.outbox_id = outbox.id)";

static int
create(struct store *store, const char *channel, int64_t not_before, int64_t now, int64_t *ret_id,
    struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_create, err);
	char uuid[37];

	if (!st || store_make_uuid(uuid, err) < 0)
		return -1;
	store_bind_text(st, 1, channel);
	store_bind_text(st, 2, uuid);
	store_bind_int(st, 3, now);
	store_bind_int(st, 4, not_before);
	if (store_run_stmt(store, st, err) < 0)
		return -1;
	*ret_id = store_last_id(store);
	return 0;
}

int
store_outbox_add(struct store *store, const char *channel, int64_t not_before, int64_t now,
    const char *fingerprint, int64_t episode, const char *event, const char *item, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_gathering, err);
	int64_t id = 0;
	int r;

	if (!st)
		return -1;
	store_bind_text(st, 1, channel);
	store_bind_int(st, 2, not_before);
	store_bind_int(st, 3, now);
	r = store_step(store, st, err);
	if (r > 0)
		id = sqlite3_column_int64(st, 0);
	store_reset(st);
	if (r == 0)
		r = create(store, channel, not_before, now, &id, err);
	if (r < 0)
		return -1;
	st = store_stmt(store, sql_item, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, id);
	store_bind_text(st, 2, fingerprint);
	store_bind_int(st, 3, episode);
	store_bind_text(st, 4, event);
	store_bind_text(st, 5, item);
	return store_run_stmt(store, st, err);
}

int
store_outbox_settle(struct store *store, const char *fingerprint, int64_t episode,
    void (*told)(void *ctx, const char *channel), void *ctx, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_told, err);
	int r;

	if (!st)
		return -1;
	store_bind_text(st, 1, fingerprint);
	store_bind_int(st, 2, episode);
	while ((r = store_step(store, st, err)) > 0)
		told(ctx, store_text(st, 0));
	store_reset(st);
	if (r < 0)
		return -1;
	st = store_stmt(store, sql_cancel, err);
	if (!st)
		return -1;
	store_bind_text(st, 1, fingerprint);
	store_bind_int(st, 2, episode);
	if (store_run_stmt(store, st, err) < 0)
		return -1;
	st = store_stmt(store, sql_cancel_empty, err);
	return st ? store_run_stmt(store, st, err) : -1;
}

void
store_messages_free(struct store_message *messages, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		free(messages[i].channel);
		free(messages[i].message_id);
		free(messages[i].state);
		free(messages[i].error);
	}
	free(messages);
}

int
store_outbox_waiting(
    struct store *store, struct store_message **ret_messages, size_t *ret_count, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_waiting, err);
	struct store_message *messages = NULL;
	size_t count = 0, cap = 0;
	int r;

	if (!st)
		return -1;
	while ((r = store_step(store, st, err)) > 0) {
		MEM_GROW(messages, count, cap);
		messages[count++] = (struct store_message){
		    .id = sqlite3_column_int64(st, 0),
		    .channel = mem_strdup(store_text(st, 1)),
		    .message_id = mem_strdup(store_text(st, 2)),
		    .state = mem_strdup(store_text(st, 3)),
		    .created = sqlite3_column_int64(st, 4),
		    .attempts = sqlite3_column_int64(st, 5),
		    .next_try = sqlite3_column_int64(st, 6),
		    .tried = store_time(st, 7),
		    .error = mem_strdup(store_text(st, 8)),
		    .items = (size_t)sqlite3_column_int64(st, 9),
		};
	}
	store_reset(st);
	if (r < 0) {
		store_messages_free(messages, count);
		return -1;
	}
	*ret_messages = messages;
	*ret_count = count;
	return 0;
}

/* Whose claim stands on a message that is being sent; "" if nobody's that may still act on it. */
static int
dead_claimant(struct store *store, int64_t id, char ret_claimant[37], struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_seen, err);
	struct store_run run;
	enum store_run_fate fate;
	const char *by;
	int r;

	ret_claimant[0] = '\0';
	if (!st)
		return -1;
	store_bind_int(st, 1, id);
	r = store_step(store, st, err);
	if (r > 0 && strcmp(store_text(st, 0), "sending") == 0 && (by = store_text(st, 1)))
		(void)snprintf(ret_claimant, 37, "%s", by);
	store_reset(st);
	if (r < 0 || !ret_claimant[0])
		return r < 0 ? -1 : 0;
	if (store_run_fate(store, ret_claimant, &fate, &run, err) < 0)
		return -1;
	if (fate == STORE_RUN_ALIVE)
		ret_claimant[0] = '\0';
	return 0;
}

int
store_outbox_claim(struct store *store, int64_t id, const char *run, int64_t now, struct err *err)
{
	char claimant[37];
	sqlite3_stmt *st;

	if (dead_claimant(store, id, claimant, err) < 0)
		return -1;
	st = store_stmt(store, sql_claim, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, id);
	store_bind_text(st, 2, run);
	store_bind_int(st, 3, now);
	store_bind_text(st, 4, claimant);
	if (store_run_stmt(store, st, err) < 0)
		return -1;
	return store_changes(store) > 0;
}

int
store_outbox_items(struct store *store, int64_t id, struct buf *out, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_items, err);
	bool comma = false;
	int r;

	if (!st)
		return -1;
	store_bind_int(st, 1, id);
	buf_char(out, '[');
	while ((r = store_step(store, st, err)) > 0) {
		if (comma)
			buf_char(out, ',');
		buf_str(out, store_text(st, 0));
		comma = true;
	}
	buf_char(out, ']');
	store_reset(st);
	return r;
}

int
store_outbox_settled(struct store *store, int64_t id, const char *run, const char *state,
    bool counts, int64_t next_try, const char *error, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_settled, err);

	if (!st)
		return -1;
	store_bind_int(st, 1, id);
	store_bind_text(st, 2, run);
	store_bind_text(st, 3, state);
	store_bind_int(st, 4, counts ? 1 : 0);
	store_bind_int(st, 5, next_try);
	store_bind_text(st, 6, error);
	return store_run_stmt(store, st, err);
}

static int
has_copy(struct store *store, int64_t id, const char *channel, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_copied, err);
	int r;

	if (!st)
		return -1;
	store_bind_int(st, 1, id);
	store_bind_text(st, 2, channel);
	r = store_step(store, st, err);
	store_reset(st);
	return r;
}

int
store_outbox_copy(
    struct store *store, int64_t id, const char *channel, int64_t now, struct err *err)
{
	sqlite3_stmt *st;
	int64_t copy = 0;
	int r;

	if (store_begin(store, err) < 0)
		return -1;
	r = has_copy(store, id, channel, err);
	if (r != 0)
		goto undo;
	r = -1;
	if (create(store, channel, now, now, &copy, err) < 0)
		goto undo;
	st = store_stmt(store, sql_copy, err);
	if (!st)
		goto undo;
	store_bind_int(st, 1, id);
	store_bind_int(st, 2, copy);
	if (store_run_stmt(store, st, err) < 0 || store_commit(store, err) < 0)
		goto undo;
	return 1;
undo:
	store_rollback(store);
	return r < 0 ? -1 : 0;
}

void
store_reach_free(struct store_reach *reach, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		free(reach[i].channel);
		free(reach[i].state);
		free(reach[i].error);
	}
	free(reach);
}

int
store_outbox_reach(struct store *store, const char *fingerprint, int64_t episode,
    struct store_reach **ret_reach, size_t *ret_count, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_reach, err);
	struct store_reach *reach = NULL;
	size_t count = 0, cap = 0;
	int r;

	if (!st)
		return -1;
	store_bind_text(st, 1, fingerprint);
	store_bind_int(st, 2, episode);
	while ((r = store_step(store, st, err)) > 0) {
		MEM_GROW(reach, count, cap);
		reach[count++] = (struct store_reach){
		    .channel = mem_strdup(store_text(st, 0)),
		    .state = mem_strdup(store_text(st, 1)),
		    .error = mem_strdup(store_text(st, 2)),
		    .attempts = sqlite3_column_int64(st, 3),
		    .next_try = sqlite3_column_int64(st, 4),
		};
	}
	store_reset(st);
	if (r < 0) {
		store_reach_free(reach, count);
		return -1;
	}
	*ret_reach = reach;
	*ret_count = count;
	return 0;
}

int
store_outbox_prune(struct store *store, int64_t before, struct err *err)
{
	sqlite3_stmt *st = store_stmt(store, sql_prune_items, err);

	if (!st)
		return -1;
	store_bind_int(st, 1, before);
	if (store_run_stmt(store, st, err) < 0)
		return -1;
	st = store_stmt(store, sql_prune, err);
	if (!st)
		return -1;
	store_bind_int(st, 1, before);
	return store_run_stmt(store, st, err);
}
