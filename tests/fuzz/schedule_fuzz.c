// Any bytes as a path, a schedule, a time zone rule or a TZif file: answers that keep their promises.
#include <stdlib.h>

#include "schedule/schedule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool ok)
{
	if (!ok)
		abort();
}

static void
fuzz_name(const uint8_t *data, size_t size)
{
	static char name[SCHEDULE_NAME_MAX], again[SCHEDULE_NAME_MAX];
	char small[8];
	size_t len;

	if (size > 4096)
		return;
	len = schedule_series_name((const char *)data, size, name, sizeof(name));
	require(len == strlen(name) && len <= 4 * size);
	require(str_is_utf8(name, len));
	for (size_t i = 0; i < len; i++)
		require((unsigned char)name[i] >= 0x20 && name[i] != 0x7f);
	require(schedule_series_name((const char *)data, size, again, sizeof(again)) == len);
	len = schedule_series_name((const char *)data, size, small, sizeof(small));
	require(len < sizeof(small) && len == strlen(small) && str_is_utf8(small, len));
}

static void
check_due_times(const struct schedule *schedule, int64_t t)
{
	int64_t next = schedule_next(schedule, t);
	int64_t prev = schedule_prev(schedule, t);

	require(next == CLOCK_NONE || next > t);
	require(prev == CLOCK_NONE || prev <= t);
	if (next != CLOCK_NONE) {
		require(schedule_prev(schedule, next) == next);
		require(schedule_prev(schedule, next - 1) == prev || prev == CLOCK_NONE);
	}
	if (prev != CLOCK_NONE)
		require(schedule_next(schedule, prev) == next);
	require(schedule_grace(schedule, -1, t) >= CLOCK_HOUR);
}

static void
fuzz_schedule(const char *text, const struct schedule_zone *zone)
{
	struct schedule schedule;
	struct err err = {0};

	if (schedule_parse(&schedule, text, zone, &err) < 0) {
		require(err.msg[0] != '\0');
		return;
	}
	check_due_times(&schedule, 1795392000);
	check_due_times(&schedule, 1774746000);
}

static void
fuzz_zone(const uint8_t *data, size_t size)
{
	struct schedule_zone *zone = NULL;
	struct schedule schedule;

	if (schedule_zone_read(&zone, data, size, NULL) < 0)
		return;
	for (int64_t local = 1774600000; local < 1774900000; local += 7200)
		(void)schedule_zone_to_utc(zone, local);
	if (schedule_parse(&schedule, "30 2 * * *", zone, NULL) == 0)
		(void)schedule_next(&schedule, 1774700000);
	schedule_zone_free(zone);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct schedule_zone *zone = NULL;
	char *text;

	if (size < 1)
		return 0;
	text = mem_strndup((const char *)data + 1, size - 1);
	switch (data[0] % 4) {
	case 0:
		fuzz_name(data + 1, size - 1);
		break;
	case 1:
		fuzz_schedule(text, NULL);
		break;
	case 2:
		if (text[0] != '\0' && !strchr(text, '/') &&
		    schedule_zone_open(&zone, text, NULL) == 0)
			fuzz_schedule("30 2 * * *", zone);
		schedule_zone_free(zone);
		break;
	default:
		fuzz_zone(data + 1, size - 1);
	}
	free(text);
	return 0;
}
