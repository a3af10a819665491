// What each day of the strip was: ok, failed, missing, idle or unknown.
#include "report/report_private.h"

#define UNLIMITED_DAYS 92 /* of the strip, when the window has no beginning */

static int64_t
day_of(int64_t t)
{
	int64_t day = t / CLOCK_DAY;

	return t % CLOCK_DAY < 0 ? day - 1 : day;
}

static struct report_day *
find(const struct report *r, int64_t t)
{
	int64_t i;

	if (t == CLOCK_NONE)
		return NULL;
	i = day_of(t) - r->first_day;
	return i >= 0 && (uint64_t)i < r->day_count ? &r->days[i] : NULL;
}

void
report_days_init(struct report *r)
{
	int64_t count = r->options.days;

	if (count < 1)
		count = UNLIMITED_DAYS;
	if (count > REPORT_DAYS_MAX)
		count = REPORT_DAYS_MAX;
	r->day_count = (size_t)count;
	r->first_day = day_of(r->options.now) - count + 1;
	r->days = mem_array(r->day_count, sizeof(*r->days));
}

void
report_days_clear(struct report *r)
{
	memset(r->days, 0, r->day_count * sizeof(*r->days));
}

void
report_days_backup(struct report *r, const struct report_backup *b, bool failed)
{
	struct report_day *day = find(r, b->time);
	bool complete = b->state &&
	    (strcmp(b->state, "complete") == 0 || strcmp(b->state, "expired") == 0 ||
		strcmp(b->state, "vanished") == 0);

	if (!day || (!complete && !failed))
		return;
	day->backups++;
	if (failed)
		day->failed++;
	else
		day->good++;
	if (complete && (!day->series_has || b->size > day->series_max)) {
		day->series_has = true;
		day->series_max = b->size;
	}
}

void
report_days_series_done(struct report *r)
{
	for (size_t i = 0; i < r->day_count; i++) {
		struct report_day *day = &r->days[i];

		if (!day->series_has)
			continue;
		day->has_bytes = true;
		day->bytes += day->series_max;
		day->series_has = false;
		day->series_max = 0;
	}
}

void
report_add_due(void *r, int64_t due, int64_t met)
{
	struct report_day *day = met == CLOCK_NONE ? find(r, due) : NULL;

	if (day)
		day->missed++;
}

/* Nothing came and nothing was due: idle if a scan saw that, else unknown. */
static const char *
quiet_day(const struct report *r, int64_t number)
{
	int64_t begin = number * CLOCK_DAY;
	const struct report_location *loc = &r->location;

	if (r->evidence == CLOCK_NONE || begin + CLOCK_DAY <= r->evidence)
		return "unknown";
	if (loc->last_reached == CLOCK_NONE || loc->last_reached < begin)
		return "unknown";
	return "idle";
}

static const char *
day_word(const struct report *r, size_t i)
{
	const struct report_day *day = &r->days[i];

	if (day->failed > 0)
		return "failed";
	if (day->missed > 0)
		return "missing";
	if (day->good > 0)
		return "ok";
	return quiet_day(r, r->first_day + (int64_t)i);
}

void
report_days_json(const struct report *r, struct json *j)
{
	char text[CLOCK_TEXT_LEN];

	json_array(j, "days");
	for (size_t i = 0; i < r->day_count; i++) {
		const struct report_day *day = &r->days[i];

		clock_format((r->first_day + (int64_t)i) * CLOCK_DAY, text);
		json_object(j, NULL);
		json_text(j, "day", text, strlen("2026-11-22"));
		json_str(j, "status", day_word(r, i));
		json_uint(j, "backups", day->backups);
		if (day->failed > 0)
			json_uint(j, "failed", day->failed);
		if (day->missed > 0)
			json_uint(j, "missed", day->missed);
		if (day->has_bytes)
			json_uint(j, "bytes", day->bytes);
		json_object_end(j);
	}
	json_array_end(j);
}
