// How a series stands at a given now, and how many of its due times were met.
#include "schedule/status.h"

#include "base/base.h"

const char *
schedule_status_word(enum schedule_status status)
{
	static const char *const words[] = {
	    [SCHEDULE_FRESH] = "fresh",
	    [SCHEDULE_DUE] = "due",
	    [SCHEDULE_LATE] = "late",
	    [SCHEDULE_MISSING] = "missing",
	    [SCHEDULE_UNSCHEDULED] = "unscheduled",
	    [SCHEDULE_UNKNOWN] = "unknown",
	};

	return words[status];
}

static int64_t
first_evidence(const struct schedule_facts *facts)
{
	if (facts->first != CLOCK_NONE)
		return facts->count > 0 && facts->times[0] < facts->first ? facts->times[0]
									  : facts->first;
	return facts->count > 0 ? facts->times[0] : CLOCK_NONE;
}

static int64_t
grace_at(const struct schedule_policy *policy, int64_t due)
{
	return schedule_grace(&policy->schedule, policy->grace, due);
}

/* Cron: from this instant on a backup belongs to due and no longer to the due time before. */
static int64_t
window_begin(const struct schedule *schedule, int64_t due)
{
	int64_t before = schedule_prev(schedule, due - 1);

	return before == CLOCK_NONE ? INT64_MIN : due - (due - before) / 2;
}

/* Cron: the due time that a backup of time t meets; CLOCK_NONE if none is near. */
static int64_t
due_met_by(const struct schedule *schedule, int64_t t)
{
	int64_t next = schedule_next(schedule, t);

	if (next == CLOCK_NONE || t < window_begin(schedule, next))
		return schedule_prev(schedule, t);
	return next;
}

/* The first due time that no success has met, and the one behind it. */
static void
find_unmet(const struct schedule_policy *policy, const struct schedule_facts *facts,
    int64_t *ret_due, int64_t *ret_second)
{
	const struct schedule *schedule = &policy->schedule;
	int64_t first = first_evidence(facts);
	int64_t met = CLOCK_NONE;

	if (schedule->kind == SCHEDULE_INTERVAL) {
		met = facts->count > 0 ? facts->times[facts->count - 1] : first;
		*ret_due = met + schedule->interval;
		*ret_second = *ret_due + schedule->interval;
		return;
	}
	if (facts->count > 0)
		met = due_met_by(schedule, facts->times[facts->count - 1]);
	*ret_due = met == CLOCK_NONE ? due_met_by(schedule, first) : schedule_next(schedule, met);
	*ret_second = *ret_due == CLOCK_NONE ? CLOCK_NONE : schedule_next(schedule, *ret_due);
}

struct schedule_state
schedule_status(
    const struct schedule_policy *policy, const struct schedule_facts *facts, int64_t now)
{
	struct schedule_state state = {.due = CLOCK_NONE, .late = CLOCK_NONE};
	int64_t second = CLOCK_NONE;

	state.interval = schedule_interval(&policy->schedule, now);
	state.status = SCHEDULE_UNKNOWN;
	if (facts->scanned == CLOCK_NONE ||
	    (policy->max_age > 0 && now - facts->scanned > policy->max_age))
		return state;
	state.status = SCHEDULE_UNSCHEDULED;
	if (policy->schedule.kind == SCHEDULE_NONE || facts->members < 2 ||
	    first_evidence(facts) == CLOCK_NONE)
		return state;

	find_unmet(policy, facts, &state.due, &second);
	state.status = SCHEDULE_FRESH;
	if (state.due != CLOCK_NONE) {
		state.late = state.due + grace_at(policy, state.due);
		if (now > state.late)
			state.status = SCHEDULE_LATE;
		else if (now > state.due)
			state.status = SCHEDULE_DUE;
	}
	if (state.status == SCHEDULE_LATE && second != CLOCK_NONE &&
	    now > second + grace_at(policy, second))
		state.status = SCHEDULE_MISSING;
	if (facts->present == 0)
		state.status = SCHEDULE_MISSING;
	if (facts->growing && (state.status == SCHEDULE_LATE || state.status == SCHEDULE_MISSING))
		state.status = SCHEDULE_DUE;
	return state;
}

/* Index of the first success not before t. */
static size_t
first_not_before(const struct schedule_facts *facts, int64_t t)
{
	size_t low = 0, high = facts->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (facts->times[middle] < t)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The last due time whose grace is over at now. */
static int64_t
last_closed(const struct schedule_policy *policy, int64_t now)
{
	int64_t at_least = policy->grace >= 0 ? policy->grace : CLOCK_HOUR;
	int64_t due = schedule_prev(&policy->schedule, now - at_least - 1);

	while (due != CLOCK_NONE && due + grace_at(policy, due) >= now)
		due = schedule_prev(&policy->schedule, due - 1);
	return due;
}

static void
each_cron(const struct schedule_policy *policy, const struct schedule_facts *facts, int64_t from,
    int64_t now, schedule_due_fn *fn, void *ctx)
{
	const struct schedule *schedule = &policy->schedule;
	int64_t first = due_met_by(schedule, first_evidence(facts));
	int64_t last = last_closed(policy, now);
	int64_t due = schedule_next(schedule, from - 1);
	int64_t begin;

	if (first == CLOCK_NONE || last == CLOCK_NONE || last < first)
		return;
	if (due == CLOCK_NONE || due > last)
		due = last;
	if (due < first)
		due = first;
	for (begin = window_begin(schedule, due); due != CLOCK_NONE && due <= last;) {
		int64_t next = schedule_next(schedule, due);
		int64_t end = next == CLOCK_NONE ? INT64_MAX : next - (next - due) / 2;
		size_t i = first_not_before(facts, begin);
		bool met = i < facts->count && facts->times[i] < end;

		fn(ctx, due, met ? facts->times[i] : CLOCK_NONE);
		begin = end;
		due = next;
	}
}

struct walk {
	const struct schedule_facts *facts;
	int64_t interval, grace;
	int64_t anchor; /* the success, or first evidence, from which due is counted */
	int64_t due;
	int64_t met;
};

/* Settle walk->due: met, or CLOCK_NONE. False if it was only moved by an earlier backup. */
static bool
walk_settle(struct walk *walk)
{
	int64_t half = walk->interval / 2;
	int64_t end = walk->due + (walk->grace > half ? walk->grace + 1 : half);
	size_t i = first_not_before(walk->facts, walk->due - half);

	walk->met = CLOCK_NONE;
	if (i < walk->facts->count && walk->facts->times[i] < end) {
		walk->met = walk->facts->times[i];
		return true;
	}
	if (i > 0 && walk->facts->times[i - 1] > walk->anchor) {
		walk->anchor = walk->facts->times[i - 1];
		walk->due = walk->anchor + walk->interval;
		return false;
	}
	return true;
}

static void
each_interval(const struct schedule_policy *policy, const struct schedule_facts *facts,
    int64_t from, int64_t now, schedule_due_fn *fn, void *ctx)
{
	struct walk walk = {
	    .facts = facts,
	    .interval = policy->schedule.interval,
	    .grace = grace_at(policy, now),
	    .anchor = first_evidence(facts),
	};
	int64_t before = CLOCK_NONE, before_met = CLOCK_NONE;
	bool any = false;

	walk.due = walk.anchor + walk.interval;
	while (walk.due + walk.grace < now) {
		if (!walk_settle(&walk))
			continue;
		if (walk.due >= from) {
			any = true;
			fn(ctx, walk.due, walk.met);
		} else {
			before = walk.due;
			before_met = walk.met;
		}
		if (walk.met != CLOCK_NONE) {
			walk.anchor = walk.met;
			walk.due = walk.met;
		}
		walk.due += walk.interval;
	}
	if (!any && before != CLOCK_NONE)
		fn(ctx, before, before_met);
}

void
schedule_each_due(const struct schedule_policy *policy, const struct schedule_facts *facts,
    int64_t from, int64_t now, schedule_due_fn *fn, void *ctx)
{
	if (first_evidence(facts) == CLOCK_NONE || facts->members < 2)
		return;
	switch (policy->schedule.kind) {
	case SCHEDULE_NONE:
		break;
	case SCHEDULE_INTERVAL:
		each_interval(policy, facts, from, now, fn, ctx);
		break;
	case SCHEDULE_CRON:
		each_cron(policy, facts, from, now, fn, ctx);
		break;
	}
}

int64_t
schedule_reach(const struct schedule_policy *policy, int64_t from, int64_t now)
{
	int64_t interval = schedule_interval(&policy->schedule, now);
	int64_t last = now - 2 * interval - grace_at(policy, now);

	return (from < last ? from : last) - 2 * interval;
}

void
schedule_count_due(void *ctx, int64_t due, int64_t met)
{
	struct schedule_count *count = ctx;

	(void)due;
	count->due++;
	count->met += met != CLOCK_NONE;
}
