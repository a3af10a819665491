/*
 * When backups are due.
 *
 * Words and "every N" are intervals: due is the last success plus the interval.
 *	hourly 1 h, daily 24 h, weekly 7 d, fortnightly (biweekly) 14 d, monthly 31 d,
 *	quarterly 92 d, yearly (annually) 366 d; "every 6h", "every 2 days", "every week";
 *	"none" (also "manual", "never"): no schedule.
 * Cron has due times of its own: five fields as in crontab(5) (lists, ranges, steps, names; if
 * neither day field starts with "*", a day that matches either is due), or @hourly, @daily,
 * @midnight, @weekly, @monthly, @yearly, @annually. Each wall-clock time counts once a year's
 * clock changes or not: a skipped one is due when the gap ends, a repeated one at its first showing.
 */
#ifndef SCHEDULE_RULE_H
#define SCHEDULE_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "schedule/zone.h"

enum schedule_kind { SCHEDULE_NONE, SCHEDULE_INTERVAL, SCHEDULE_CRON };

struct schedule_cron {
	uint64_t minutes; /* bit n: minute n */
	uint32_t hours;
	uint32_t days;    /* bits 1 to 31 */
	uint16_t months;  /* bits 1 to 12 */
	uint8_t weekdays; /* bit 0: Sunday, to bit 6 */
	bool any_day;     /* the field starts with "*" */
	bool any_weekday;
};

/* Plain data: copy it, put it on the stack, nothing to free but the zone, which is borrowed. */
struct schedule {
	enum schedule_kind kind;
	int64_t interval; /* SCHEDULE_INTERVAL: seconds, 60 to ten years */
	struct schedule_cron cron;
	const struct schedule_zone *zone; /* for cron; NULL: UTC */
};

/* text NULL or "": SCHEDULE_NONE. ERR_CONFIG and a message that names the bad part otherwise.
 * The zone is borrowed for as long as the schedule is used. */
int schedule_parse(struct schedule *ret_schedule, const char *text,
    const struct schedule_zone *zone, struct err *err);

/* Check what a configuration says (either may be NULL), for use as a callback. */
int schedule_check(const char *text, const char *timezone, struct err *err);

/* Cron only: the first due time later than t, the last one not later than t. CLOCK_NONE: there is
 * none within 50 years. */
int64_t schedule_next(const struct schedule *schedule, int64_t t);
int64_t schedule_prev(const struct schedule *schedule, int64_t t);

/* Seconds from one due time to the next around t; 0 without a schedule. */
int64_t schedule_interval(const struct schedule *schedule, int64_t t);

/* grace as configured, or for a negative one the default: the larger of 1 h and 10 % of the
 * interval. */
int64_t schedule_grace(const struct schedule *schedule, int64_t grace, int64_t t);

#endif
