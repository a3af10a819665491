// Time zones from TZif files, without the C library's global one.
#include "schedule/zone.h"

#include <endian.h>

#include "schedule/zone_private.h"

#define ZONE_DIRECTORY "/usr/share/zoneinfo"
#define ZONE_FILE_MAX  (256 * 1024)

/* RFC 8536, section 3.1: the six counts of a header, in file order. */
struct counts {
	uint32_t isut, isstd, leap, time, type, chars;
};

enum { HEADER_SIZE = 44, ZONE_OFFSET_MAX = 26 * CLOCK_HOUR };

static uint32_t
get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}

static int64_t
get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return (int64_t)be64toh(v);
}

/* Read a header and say how long the block behind it is, or -1. */
static int
read_header(
    const uint8_t *data, size_t len, size_t time_size, struct counts *counts, size_t *ret_len)
{
	if (len < HEADER_SIZE || memcmp(data, "TZif", 4) != 0)
		return -1;
	*counts = (struct counts){get32(data + 20), get32(data + 24), get32(data + 28),
	    get32(data + 32), get32(data + 36), get32(data + 40)};
	if (counts->isut > 256 || counts->isstd > 256 || counts->leap > 1000 ||
	    counts->time > 100000 || counts->type < 1 || counts->type > 256 || counts->chars > 4096)
		return -1;
	*ret_len = counts->time * (time_size + 1) + counts->type * 6 + counts->chars +
	    counts->leap * (time_size + 4) + counts->isstd + counts->isut;
	return *ret_len <= len - HEADER_SIZE ? 0 : -1;
}

/* The tables of one block: transition times, the type of each, the offsets of the types. */
static int
read_block(
    struct schedule_zone *zone, const uint8_t *p, const struct counts *counts, size_t time_size)
{
	const uint8_t *indexes = p + counts->time * time_size;
	const uint8_t *types = indexes + counts->time;

	for (size_t i = 0; i < counts->type; i++) {
		int32_t offset = (int32_t)get32(types + i * 6);

		if (offset < -ZONE_OFFSET_MAX || offset > ZONE_OFFSET_MAX)
			return -1;
	}
	zone->starts = mem_array(counts->time + 1, sizeof(*zone->starts));
	zone->offsets = mem_array(counts->time + 1, sizeof(*zone->offsets));
	zone->count = counts->time;
	zone->first = (int32_t)get32(types);
	for (size_t i = 0; i < counts->time; i++) {
		const uint8_t *start = p + i * time_size;

		if (indexes[i] >= counts->type)
			return -1;
		zone->starts[i] = time_size == 8 ? get64(start) : (int32_t)get32(start);
		zone->offsets[i] = (int32_t)get32(types + (size_t)indexes[i] * 6);
		if (i > 0 && zone->starts[i] <= zone->starts[i - 1])
			return -1;
	}
	return 0;
}

/* "\nRULE\n" behind the second block; an empty rule says nothing about later years. */
static int
read_footer(struct schedule_zone *zone, const uint8_t *p, size_t len)
{
	const uint8_t *end;
	char text[128];
	size_t n;

	if (len < 2 || p[0] != '\n')
		return -1;
	end = memchr(p + 1, '\n', len - 1);
	if (!end)
		return -1;
	n = (size_t)(end - p) - 1;
	if (n == 0)
		return 0;
	if (n >= sizeof(text) || memchr(p + 1, '\0', n))
		return -1;
	memcpy(text, p + 1, n);
	text[n] = '\0';
	zone->has_rule = true;
	return schedule_zone_rule(text, &zone->rule);
}

static int
read_file(struct schedule_zone *zone, const uint8_t *data, size_t len)
{
	struct counts counts;
	size_t block;

	if (read_header(data, len, 4, &counts, &block) < 0)
		return -1;
	if (data[4] == '\0')
		return read_block(zone, data + HEADER_SIZE, &counts, 4);
	data += HEADER_SIZE + block;
	len -= HEADER_SIZE + block;
	if (read_header(data, len, 8, &counts, &block) < 0 ||
	    read_block(zone, data + HEADER_SIZE, &counts, 8) < 0)
		return -1;
	return read_footer(zone, data + HEADER_SIZE + block, len - HEADER_SIZE - block);
}

int
schedule_zone_read(struct schedule_zone **ret_zone, const void *data, size_t len, struct err *err)
{
	struct schedule_zone *zone = mem_alloc(sizeof(*zone));

	if (read_file(zone, data, len) < 0) {
		schedule_zone_free(zone);
		return err_set(err, ERR_FORMAT, "not a time zone file");
	}
	*ret_zone = zone;
	return 0;
}

void
schedule_zone_free(struct schedule_zone *zone)
{
	if (!zone)
		return;
	free(zone->starts);
	free(zone->offsets);
	free(zone);
}

/* The name of a zone leads to a file below the directory and nowhere else. */
static bool
is_plain_name(const char *name)
{
	size_t len =
	    strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/");

	return len > 0 && name[len] == '\0' && name[0] != '/' && len < 64;
}

static int
open_file(struct schedule_zone **ret_zone, const char *path, struct err *err)
{
	struct buf buf = BUF_INIT;
	int r = fsio_read_file(path, ZONE_FILE_MAX, &buf, err);

	if (r == 0)
		r = schedule_zone_read(ret_zone, buf.data, buf.len, err);
	buf_release(&buf);
	return r;
}

int
schedule_zone_open(struct schedule_zone **ret_zone, const char *name, struct err *err)
{
	struct schedule_zone *zone = NULL;
	struct err inner = {0};
	char path[128];

	if (strcmp(name, "UTC") == 0) {
		*ret_zone = mem_alloc(sizeof(*zone));
		return 0;
	}
	if (strcmp(name, "local") == 0) {
		if (open_file(&zone, "/etc/localtime", &inner) < 0) {
			if (inner.code != ERR_NOT_FOUND)
				return err_set(
				    err, ERR_CONFIG, "cannot use '/etc/localtime': %s", inner.msg);
			zone = mem_alloc(sizeof(*zone));
		}
		*ret_zone = zone;
		return 0;
	}
	snprintf(path, sizeof(path), ZONE_DIRECTORY "/%.64s", name);
	if (is_plain_name(name) && open_file(&zone, path, &inner) == 0) {
		*ret_zone = zone;
		return 0;
	}
	zone = mem_alloc(sizeof(*zone));
	zone->has_rule = true;
	if (schedule_zone_rule(name, &zone->rule) == 0) {
		*ret_zone = zone;
		return 0;
	}
	schedule_zone_free(zone);
	return err_set(err, ERR_CONFIG,
	    "unknown time zone '%s' (expected a name like Europe/Berlin, UTC, or local)", name);
}

struct schedule_era
schedule_zone_era(const struct schedule_zone *zone, int64_t utc)
{
	size_t low = 0, high;

	if (!zone)
		return (struct schedule_era){INT64_MIN, 0, 0};
	high = zone->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (zone->starts[middle] <= utc)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == zone->count && zone->has_rule) {
		struct schedule_era era = schedule_zone_rule_era(&zone->rule, utc);

		/* The rule's last change may lie before the table's: then the table has it. */
		if (zone->count == 0 || era.start > zone->starts[zone->count - 1])
			return era;
	}
	if (low == 0)
		return (struct schedule_era){INT64_MIN, zone->first, zone->first};
	return (struct schedule_era){zone->starts[low - 1], zone->offsets[low - 1],
	    low > 1 ? zone->offsets[low - 2] : zone->first};
}

int64_t
schedule_zone_to_utc(const struct schedule_zone *zone, int64_t local)
{
	/* The eras in which the clocks could show local; two are many already. */
	struct schedule_era eras[8];
	size_t count = 0;
	int64_t t = local + ZONE_OFFSET_MAX;

	do {
		eras[count] = schedule_zone_era(zone, t);
		t = eras[count].start;
		if (t != INT64_MIN)
			t--;
		count++;
	} while (count < ARRAY_LEN(eras) && t >= local - ZONE_OFFSET_MAX);
	for (size_t i = count - 1;; i--) {
		int64_t shown = local - eras[i].offset;

		if (eras[i].start != INT64_MIN && shown < eras[i].start)
			return eras[i].start; /* skipped by the clocks: the end of the gap */
		if (i == 0 || shown < eras[i - 1].start)
			return shown;
	}
}
