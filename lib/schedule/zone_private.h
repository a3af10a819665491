/*
 * A time zone in memory, and the rule for the years behind its table.
 */
#ifndef SCHEDULE_ZONE_PRIVATE_H
#define SCHEDULE_ZONE_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "schedule/zone.h"

/* When in the year the clocks change: POSIX "Mm.w.d/time", "Jn/time", "n/time". */
struct zone_change {
	char form; /* 'M', 'J', 'n' */
	int month, week, day;
	int32_t time; /* seconds after local midnight, may be negative or past 24 h */
};

struct zone_rule {
	int32_t standard; /* seconds east of UTC */
	int32_t summer;
	bool has_summer;
	struct zone_change start, end;
};

struct schedule_zone {
	int64_t *starts; /* ascending; offsets[i] holds from starts[i] on */
	int32_t *offsets;
	size_t count;
	int32_t first; /* the offset before starts[0] */
	bool has_rule;
	struct zone_rule rule;
};

/* "CET-1CEST,M3.5.0,M10.5.0/3", the whole of text; -1 if it is not one. */
int schedule_zone_rule(const char *text, struct zone_rule *ret_rule);

/* The era of utc by the rule alone; start is INT64_MIN without summer time. */
struct schedule_era schedule_zone_rule_era(const struct zone_rule *rule, int64_t utc);

#endif
