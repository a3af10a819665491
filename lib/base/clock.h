/*
 * Time. Instants are seconds since 1970 UTC in int64_t; durations are milliseconds (_ms) from a
 * clock that does not jump. Only start-up asks for the wall clock: everything below is handed now.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define CLOCK_MINUTE 60
#define CLOCK_HOUR   3600
#define CLOCK_DAY    86400

/* No instant: "not known". Prints as null. */
#define CLOCK_NONE INT64_MIN

int64_t clock_wall(void);    /* seconds */
int64_t clock_mono_ms(void); /* CLOCK_BOOTTIME: goes on during suspend, never back */

#define CLOCK_TEXT_LEN 80 /* 20 are used; the rest is for a compiler that cannot know the ranges */

/* "2026-11-22T02:00:05Z". Outside years 0000 to 9999 the nearest bound is printed. Returns out. */
char *clock_format(int64_t t, char out[CLOCK_TEXT_LEN]);

/* RFC 3339 (any offset, a fraction is dropped), "YYYY-MM-DD" (midnight UTC) or "@SECONDS". */
int clock_parse(const char *text, int64_t *ret_t, struct err *err);

/* Civil date of a UTC day number (days since 1970-01-01) and back; proleptic Gregorian. */
int64_t clock_days_from_civil(int64_t year, unsigned month, unsigned day);

#endif
