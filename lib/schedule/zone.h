/*
 * Time zones without the C library's global one: TZif files (RFC 8536, versions 1 to 4) and the
 * POSIX rule in their footer.
 */
#ifndef SCHEDULE_ZONE_H
#define SCHEDULE_ZONE_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct schedule_zone;

/*
 * name: "Europe/Berlin" and the like, looked up below /usr/share/zoneinfo; "UTC"; a POSIX rule
 * ("CET-1CEST,M3.5.0,M10.5.0/3"); or "local", the machine's own zone (/etc/localtime; UTC without
 * one). ERR_CONFIG if it is none of them. Free it with schedule_zone_free().
 */
int schedule_zone_open(struct schedule_zone **ret_zone, const char *name, struct err *err);

/* From the bytes of a TZif file (hostile ones are refused with ERR_FORMAT). */
int
schedule_zone_read(struct schedule_zone **ret_zone, const void *data, size_t len, struct err *err);

void schedule_zone_free(struct schedule_zone *zone);

/* What the clocks show: local = utc + offset. zone NULL is UTC. */
struct schedule_era {
	int64_t start;  /* first instant of this offset; INT64_MIN: always */
	int32_t offset; /* seconds east of UTC */
	int32_t before; /* the offset before start */
};
struct schedule_era schedule_zone_era(const struct schedule_zone *zone, int64_t utc);

/*
 * The instant at which the clocks first show local (seconds since 1970 as if it were UTC). A time
 * that is shown twice is its first showing; one that is skipped is the end of the gap. So the
 * result never decreases when local grows.
 */
int64_t schedule_zone_to_utc(const struct schedule_zone *zone, int64_t local);

#endif
