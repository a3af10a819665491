// The ledger: which of the backups that are due are read tonight, and when all will have been.
#include <stdlib.h>

#include "verify/verify.h"

/* Eighths of the budget that a lane has for itself before the others' leftovers. */
static const unsigned shares[VERIFY_LANES] = {
    [VERIFY_LANE_FAILED] = 2,
    [VERIFY_LANE_NEW] = 3,
    [VERIFY_LANE_EXPIRING] = 1,
    [VERIFY_LANE_OLDEST] = 2,
};

struct lane {
	struct verify_entry **entries; /* in their order */
	size_t count, next;
	uint64_t share, spent;
};

struct plan {
	const struct verify_night *night;
	struct lane lanes[VERIFY_LANES];
	struct verify_entry **ahead; /* not due yet, the first to be due first */
	size_t ahead_count;
	uint64_t spent;
};

bool
verify_ledger_is_old(int64_t at, int64_t now, int64_t interval)
{
	return at <= now - interval || at > now + interval;
}

bool
verify_ledger_is_due(const struct verify_entry *entry, int64_t now, int64_t interval)
{
	return entry->failed || entry->never || verify_ledger_is_old(entry->since, now, interval);
}

/* ---------------------------------------------------------------- orders */

static int
by_id(const struct verify_entry *a, const struct verify_entry *b)
{
	return (a->id > b->id) - (a->id < b->id);
}

static int
by_since(const void *x, const void *y)
{
	const struct verify_entry *a = *(struct verify_entry *const *)x;
	const struct verify_entry *b = *(struct verify_entry *const *)y;
	return a->since != b->since ? (a->since > b->since) - (a->since < b->since) : by_id(a, b);
}

static int
by_newest(const void *x, const void *y)
{
	const struct verify_entry *a = *(struct verify_entry *const *)x;
	const struct verify_entry *b = *(struct verify_entry *const *)y;
	return a->time != b->time ? (a->time < b->time) - (a->time > b->time) : by_id(b, a);
}

static int
by_expiry(const void *x, const void *y)
{
	const struct verify_entry *a = *(struct verify_entry *const *)x;
	const struct verify_entry *b = *(struct verify_entry *const *)y;
	return a->expires != b->expires ? (a->expires > b->expires) - (a->expires < b->expires)
					: by_since(x, y);
}

/* ---------------------------------------------------------------- lanes */

static bool
is_expiring(const struct verify_entry *e, int64_t now)
{
	return e->expires != CLOCK_NONE && e->expires > now && e->expires - now <= VERIFY_EXPIRING;
}

static void
put(struct lane *lane, struct verify_entry *e)
{
	lane->entries[lane->count++] = e;
}

static void
queue_up(struct plan *p, struct verify_entry *e)
{
	const struct verify_night *n = p->night;
	if (e->settled)
		return;
	e->reached = false;
	if (!verify_ledger_is_due(e, n->now, n->interval)) {
		p->ahead[p->ahead_count++] = e;
		return;
	}
	put(&p->lanes[VERIFY_LANE_OLDEST], e);
	if (e->failed)
		put(&p->lanes[VERIFY_LANE_FAILED], e);
	else if (e->never)
		put(&p->lanes[VERIFY_LANE_NEW], e);
	else if (is_expiring(e, n->now))
		put(&p->lanes[VERIFY_LANE_EXPIRING], e);
}

static void
sort(struct verify_entry **entries, size_t count, int (*order)(const void *, const void *))
{
	if (count > 1)
		qsort(entries, count, sizeof(struct verify_entry *), order);
}

/* The first of a lane that no other lane has taken; NULL at its end. */
static struct verify_entry *
head(struct lane *lane)
{
	while (lane->next < lane->count && lane->entries[lane->next]->reached)
		lane->next++;
	return lane->next < lane->count ? lane->entries[lane->next] : NULL;
}

static void
take(struct plan *p, struct lane *lane, struct verify_entry *e)
{
	e->reached = true;
	lane->spent += e->size;
	p->spent += e->size;
}

static bool
fits(const struct plan *p, const struct verify_entry *e)
{
	return p->spent < p->night->budget && e->size <= p->night->budget - p->spent;
}

/* ---------------------------------------------------------------- a night */

/* How often the head of a lane has waited what it may wait. A clock that went back is no wait. */
static double
stretch(const struct plan *p, enum verify_lane lane, const struct verify_entry *e)
{
	int64_t waited = p->night->now - e->since;
	int64_t target = lane == VERIFY_LANE_OLDEST ? p->night->interval : CLOCK_DAY;
	return waited > 0 ? (double)waited / (double)(target > 0 ? target : 1) : 0;
}

/* The head of each lane, the one that waited most first: that one however large it is. */
static void
take_heads(struct plan *p)
{
	bool done[VERIFY_LANES] = {false};
	for (int round = 0; round < VERIFY_LANES; round++) {
		struct verify_entry *best = NULL;
		int at = 0;
		for (int i = 0; i < VERIFY_LANES; i++) {
			struct verify_entry *e = done[i] ? NULL : head(&p->lanes[i]);
			if (e &&
			    (!best ||
				stretch(p, (enum verify_lane)i, e) >
				    stretch(p, (enum verify_lane)at, best))) {
				best = e;
				at = i;
			}
		}
		if (!best)
			return;
		done[at] = true;
		if ((round == 0 && !p->night->begun) || fits(p, best))
			take(p, &p->lanes[at], best);
	}
}

static void
take_share(struct plan *p, struct lane *lane, uint64_t share)
{
	struct verify_entry *e;
	while (
	    (e = head(lane)) && fits(p, e) && lane->spent < share && e->size <= share - lane->spent)
		take(p, lane, e);
}

/* ---------------------------------------------------------------- reading ahead */

/* What a night can do for the cycle once new and failed content had theirs: never less than its
 * share, and a file less, since a night ends before the file that does not fit. */
static uint64_t
nightly(const struct plan *p, const struct verify_entry *entries, size_t count)
{
	const struct verify_night *n = p->night;
	uint64_t fresh = 0, failed = 0, largest = 0;
	int64_t days = n->interval / CLOCK_DAY > 0 ? n->interval / CLOCK_DAY : 1;
	for (size_t i = 0; i < count; i++) {
		const struct verify_entry *e = &entries[i];
		largest = e->size > largest ? e->size : largest;
		if (e->failed)
			failed += e->size;
		else if (e->time > n->now - n->interval && e->time <= n->now)
			fresh += e->size;
	}
	uint64_t others = failed + fresh / (uint64_t)days;
	uint64_t share = n->budget / 8 * shares[VERIFY_LANE_OLDEST];
	uint64_t rest =
	    n->budget > others && n->budget - others > share ? n->budget - others : share;
	return rest / 2 > largest ? rest - largest : rest / 2;
}

/* How much of the cycle has to be read tonight so that every night to come can hold what falls due
 * in it: the largest gap between what is due until a night and what the nights until then can do. */
static uint64_t
needed(const struct plan *p, uint64_t due, uint64_t capacity)
{
	const struct verify_night *n = p->night;
	uint64_t sum = due, most = due;
	for (size_t i = 0; i < p->ahead_count; i++) {
		int64_t left = p->ahead[i]->since + n->interval - n->now;
		uint64_t nights = left > 0 ? (uint64_t)((left + CLOCK_DAY - 1) / CLOCK_DAY) : 0;
		sum += p->ahead[i]->size;
		if (capacity && nights > sum / capacity)
			continue;
		uint64_t later = capacity * nights;
		if (sum > later && sum - later > most)
			most = sum - later;
	}
	return most;
}

static void
read_ahead(struct plan *p, const struct verify_entry *entries, size_t count)
{
	struct lane *cycle = &p->lanes[VERIFY_LANE_OLDEST];
	uint64_t due = 0, done = 0;
	for (size_t i = 0; i < cycle->count; i++) {
		const struct verify_entry *e = cycle->entries[i];
		if (e->failed || e->never)
			continue;
		due += e->size;
		done += e->reached ? e->size : 0;
	}
	uint64_t need = needed(p, due, nightly(p, entries, count));
	for (size_t i = 0; i < p->ahead_count && done < need && fits(p, p->ahead[i]); i++) {
		done += p->ahead[i]->size;
		take(p, cycle, p->ahead[i]);
	}
}

void
verify_ledger_plan(const struct verify_night *night, struct verify_entry *entries, size_t count)
{
	struct plan p = {.night = night};
	struct verify_entry **room = mem_array((VERIFY_LANES + 1) * count + 1, sizeof(*room));
	static int (*const orders[VERIFY_LANES])(const void *, const void *) = {
	    [VERIFY_LANE_FAILED] = by_since,
	    [VERIFY_LANE_NEW] = by_newest,
	    [VERIFY_LANE_EXPIRING] = by_expiry,
	    [VERIFY_LANE_OLDEST] = by_since,
	};
	for (size_t i = 0; i < VERIFY_LANES; i++)
		p.lanes[i].entries = room + i * count;
	p.ahead = room + VERIFY_LANES * count;
	for (size_t i = 0; i < count; i++)
		queue_up(&p, &entries[i]);
	for (size_t i = 0; i < VERIFY_LANES; i++)
		sort(p.lanes[i].entries, p.lanes[i].count, orders[i]);
	sort(p.ahead, p.ahead_count, by_since);
	take_heads(&p);
	for (size_t i = 0; i < VERIFY_LANES; i++)
		take_share(&p, &p.lanes[i], night->budget / 8 * shares[i]);
	for (size_t i = 0; i < VERIFY_LANES; i++)
		take_share(&p, &p.lanes[i], UINT64_MAX);
	read_ahead(&p, entries, count);
	free(room);
}

/* ---------------------------------------------------------------- forecast */

static uint64_t
per_day(uint64_t bytes, int64_t since, int64_t now)
{
	if (!bytes || since == CLOCK_NONE)
		return 0;
	int64_t days = now > since ? (now - since + CLOCK_DAY - 1) / CLOCK_DAY : 1;
	return bytes / (uint64_t)(days > 0 ? days : 1);
}

static int64_t
days_for(uint64_t bytes, uint64_t rate)
{
	return (int64_t)(bytes / rate + (bytes % rate != 0));
}

void
verify_ledger_forecast(const struct verify_progress *p, struct verify_forecast *ret)
{
	uint64_t left = p->bytes > p->verified_bytes ? p->bytes - p->verified_bytes : 0;
	*ret = (struct verify_forecast){
	    .rate = per_day(p->read_bytes, p->read_since, p->now),
	    .inflow = per_day(p->new_bytes, p->new_since, p->now),
	    .complete_by = CLOCK_NONE,
	};
	if (!left) {
		ret->outlook = RECORD_OUTLOOK_COMPLETE;
	} else if (!ret->rate) {
		ret->outlook = RECORD_OUTLOOK_UNKNOWN;
	} else if (!p->bounded) {
		/* All that was due was reached: what is left has come, or grown old, since then. */
		ret->outlook = RECORD_OUTLOOK_ON_COURSE;
		ret->complete_by = p->now + CLOCK_DAY * days_for(left, ret->rate);
	} else if (ret->rate <= ret->inflow) {
		ret->outlook = RECORD_OUTLOOK_TOO_SLOW;
	} else {
		/* New content is read first, so the cycle has what it leaves. */
		uint64_t rest = ret->rate - ret->inflow;
		bool again = !p->retention || p->retention > p->interval;
		ret->cycle_days = days_for(p->bytes, rest);
		if (p->retention && ret->cycle_days > p->retention / CLOCK_DAY)
			ret->outlook = RECORD_OUTLOOK_TOO_LATE;
		else if (again && ret->cycle_days > p->interval / CLOCK_DAY)
			ret->outlook = RECORD_OUTLOOK_TOO_SLOW;
		else
			ret->outlook = RECORD_OUTLOOK_ON_COURSE;
		if (ret->outlook == RECORD_OUTLOOK_ON_COURSE)
			ret->complete_by = p->now + CLOCK_DAY * days_for(left, rest);
	}
	if (!ret->cycle_days && ret->rate)
		ret->cycle_days = days_for(p->bytes, ret->rate);
}
