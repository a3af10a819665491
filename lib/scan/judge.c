// The rules of states, losses and sizes.
#include <stdlib.h>
#include <string.h>

#include "scan/judge.h"

static void
add_reason(struct scan_judgement *j, const char *word)
{
	struct buf text = BUF_INIT_MAX(SCAN_REASONS_MAX - 1);

	if (j->reasons[0])
		buf_add(&text, j->reasons, strlen(j->reasons) - 1);
	buf_printf(&text, "%c\"%s\"]", j->reasons[0] ? ',' : '[', word);
	if (!text.failed)
		memcpy(j->reasons, text.data, text.len + 1);
	buf_release(&text);
}

/* Since when nothing has happened to it. An mtime ahead of the clock says nothing. */
static int64_t
quiet_since(const struct scan_facts *f, int64_t now)
{
	bool ahead = f->mtime > now;

	if (f->is_new)
		return ahead ? now : f->mtime;
	if (f->changed || f->changed_before || ahead)
		return f->changed_at;
	return f->mtime < f->changed_at ? f->mtime : f->changed_at;
}

static int64_t
patience(const struct scan_facts *f, int64_t settle)
{
	if (!f->partial)
		return settle;
	return 2 * (settle > SCAN_PARTIAL_MIN ? settle : SCAN_PARTIAL_MIN);
}

int64_t
scan_settles(const struct scan_facts *f, int64_t now, int64_t settle)
{
	return quiet_since(f, now) + patience(f, settle);
}

void
scan_judge(const struct scan_facts *f, int64_t now, int64_t settle, struct scan_judgement *ret)
{
	bool quiet = scan_settles(f, now, settle) <= now;

	ret->state = RECORD_STATE_GROWING;
	ret->status = RECORD_STATUS_OK;
	ret->reasons[0] = '\0';
	if (f->partial) {
		add_reason(ret, "partial_name");
		if (quiet) {
			ret->state = RECORD_STATE_STALLED;
			ret->status = RECORD_STATUS_FAILED;
			add_reason(ret, "stalled");
		}
	} else if (quiet) {
		ret->state = f->size ? RECORD_STATE_COMPLETE : RECORD_STATE_STALLED;
		if (f->size < f->min_size || !f->size) {
			ret->status = RECORD_STATUS_FAILED;
			add_reason(ret, f->size ? "too_small" : "empty");
		}
	}
	if (f->mtime > now + SCAN_FUTURE_SLACK)
		add_reason(ret, "future_mtime");
}

bool
scan_is_early(int64_t time, int64_t now, int64_t retention_days)
{
	return retention_days > 0 && now - time < retention_days * CLOCK_DAY;
}

bool
scan_is_loss(uint64_t early, uint64_t count, uint64_t usual)
{
	if (!early)
		return false;
	return count < usual || (early >= 3 && early > count);
}

/* ---------------------------------------------------------------- sizes */
static int
by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The middle of n sorted values, the mean of the two middle ones if n is even. */
static uint64_t
median(uint64_t *v, size_t n)
{
	qsort(v, n, sizeof(*v), by_size);
	return n % 2 ? v[n / 2] : v[n / 2 - 1] + (v[n / 2] - v[n / 2 - 1]) / 2;
}

static uint64_t
max3(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t m = a > b ? a : b;

	return m > c ? m : c;
}

int
scan_band(uint64_t size, const uint64_t *before, size_t count)
{
	uint64_t v[SCAN_BAND_MAX], middle, spread;

	if (count < SCAN_BAND_MIN)
		return 0;
	if (count > SCAN_BAND_MAX)
		count = SCAN_BAND_MAX;
	memcpy(v, before, count * sizeof(*v));
	middle = median(v, count);
	for (size_t i = 0; i < count; i++)
		v[i] = v[i] > middle ? v[i] - middle : middle - v[i];
	/* Sizes stay far below 2^53, so that a double holds the product well enough. */
	spread = (uint64_t)((double)median(v, count) * 1.4826 * SCAN_BAND_SIGMAS);
	if (size < middle)
		return middle - size > max3(spread, middle / 2, SCAN_BAND_FLOOR) ? -1 : 0;
	return size - middle > max3(spread, middle, SCAN_BAND_FLOOR) ? 1 : 0;
}
