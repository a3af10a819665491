/*
 * Finding time stamps, hashes and rotation numbers inside a path.
 */
#ifndef SCHEDULE_STAMP_PRIVATE_H
#define SCHEDULE_STAMP_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

struct shape;

struct stamp_text {
	const unsigned char *s;
	size_t len;
	struct shape *shape; /* that notes what is looked at; NULL: none */
};

/* Length of the part beginning at `at` that changes from one backup to the next, or 0. */
size_t schedule_stamp(const struct stamp_text *text, size_t at);

/* Length of a rotation number beginning at `at` with its dot (".1"), with the compression suffix
 * that the rotation adds (".2.gz"), at the end of a component; or 0. */
size_t schedule_stamp_rotation(const struct stamp_text *text, size_t at, bool after_marker);

/* Length of a date, with the time behind it, that begins at the digit or letter at `at`; or 0. */
size_t schedule_date(const struct stamp_text *text, size_t at);

/* Length of a time that stands alone at the digit at `at`: "02:00", "02:00:05", "02h00"; or 0. */
size_t schedule_clock(const struct stamp_text *text, size_t at);

#endif
