// The end records and the central directory of a zip: found, bounded, counted, put in order.
#include "archive/zip_private.h"

#define EOCD_SIZE    22
#define EOCD64_SIZE  56
#define LOCATOR_SIZE 20
#define RECORD_SIZE  46
#define LOCAL_SIZE   30
#define COMMENT_MAX  65535
#define BUF_SIZE     (256 * 1024) /* holds any record: 46 + 3 * 65535 bytes */
#define UNSORTED_MAX 4000000      /* entries that are put in order in memory: 64 MB */

uint16_t
archive_zip_le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

uint32_t
archive_zip_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint64_t
archive_zip_le64(const uint8_t *p)
{
	return archive_zip_le32(p) | (uint64_t)archive_zip_le32(p + 4) << 32;
}

static int
damaged(struct archive_walker *w, const char *what)
{
	return archive_fault_set(w, ARCHIVE_FAULT_DAMAGED, "%s", what);
}

static int
pread_exact(struct archive_walker *w, void *data, size_t len, uint64_t offset)
{
	const struct codec_input *in = codec_input(w->codec);
	ssize_t n = in->pread(in->arg, data, len, offset, w->err);
	if (n < 0)
		return archive_fault_set(w, ARCHIVE_FAULT_INPUT, "input");
	if ((size_t)n < len)
		return archive_fault_set(w, ARCHIVE_FAULT_TRUNCATED, "ends too early");
	return 0;
}

/* ---------------------------------------------------------------- end records */

/* The end record whose comment ends with the file, else the last one that has something behind it;
 * its offset in tail, or -1. */
static ssize_t
find_eocd(const uint8_t *tail, size_t len, uint64_t tail_at, uint64_t *ret_garbage)
{
	ssize_t found = -1;
	for (size_t i = len < EOCD_SIZE ? 0 : len - EOCD_SIZE + 1; i-- > 0;) {
		const uint8_t *p = tail + i;
		if (p[0] != 'P' || archive_zip_le32(p) != 0x06054b50)
			continue;
		size_t end = i + EOCD_SIZE + archive_zip_le16(p + 20);
		if (end == len) {
			*ret_garbage = 0;
			return (ssize_t)i;
		}
		/* A record inside a comment has no directory before it. */
		bool plausible = archive_zip_le32(p + 16) == UINT32_MAX ||
		    (uint64_t)archive_zip_le32(p + 12) + archive_zip_le32(p + 16) <= tail_at + i;
		if (end < len && found < 0 && plausible) {
			found = (ssize_t)i;
			*ret_garbage = len - end;
		}
	}
	return found;
}

/* Zip64: the locator stands right before the end record and leads to the larger one. */
static int
read_eocd64(struct zip_directory *d, uint64_t eocd_at, uint64_t *ret_end)
{
	uint8_t loc[LOCATOR_SIZE], e[EOCD64_SIZE];
	if (eocd_at < LOCATOR_SIZE + EOCD64_SIZE)
		return damaged(d->w, "its zip64 end record is missing");
	if (pread_exact(d->w, loc, sizeof(loc), eocd_at - LOCATOR_SIZE) < 0)
		return -1;
	if (archive_zip_le32(loc) != 0x07064b50)
		return damaged(d->w, "its zip64 locator is missing");
	if (archive_zip_le32(loc + 4) != 0 || archive_zip_le32(loc + 16) > 1)
		return archive_fault_set(d->w, ARCHIVE_FAULT_UNSUPPORTED, "one volume of several");
	/* With bytes before the archive the locator may be off by as many. */
	uint64_t at = archive_zip_le64(loc + 8);
	if (at > eocd_at - LOCATOR_SIZE - EOCD64_SIZE)
		return damaged(d->w, "its zip64 locator leads nowhere");
	if (pread_exact(d->w, e, sizeof(e), at) < 0)
		return -1;
	if (archive_zip_le32(e) != 0x06064b50) {
		at = eocd_at - LOCATOR_SIZE - EOCD64_SIZE;
		if (pread_exact(d->w, e, sizeof(e), at) < 0)
			return -1;
	}
	if (archive_zip_le32(e) != 0x06064b50)
		return damaged(d->w, "its zip64 end record is damaged");
	if (archive_zip_le64(e + 24) != archive_zip_le64(e + 32) || archive_zip_le32(e + 16) ||
	    archive_zip_le32(e + 20))
		return archive_fault_set(d->w, ARCHIVE_FAULT_UNSUPPORTED, "one volume of several");
	d->count = archive_zip_le64(e + 32);
	d->size = archive_zip_le64(e + 40);
	d->offset = archive_zip_le64(e + 48);
	*ret_end = at;
	return 0;
}

/* Who writes to a pipe puts zip64 records even where their numbers would have fitted (zip - -): they
 * then say the same as the end record, and stand between it and the directory. */
static int
skip_eocd64(struct zip_directory *d, uint64_t *end)
{
	uint8_t loc[LOCATOR_SIZE], e[EOCD64_SIZE];
	if (*end < LOCATOR_SIZE + EOCD64_SIZE)
		return 0;
	if (pread_exact(d->w, loc, sizeof(loc), *end - LOCATOR_SIZE) < 0)
		return -1;
	uint64_t at = archive_zip_le64(loc + 8);
	if (archive_zip_le32(loc) != 0x07064b50 || at > *end - LOCATOR_SIZE - EOCD64_SIZE)
		return 0;
	if (pread_exact(d->w, e, sizeof(e), at) < 0)
		return -1;
	if (archive_zip_le32(e) == 0x06064b50 && archive_zip_le64(e + 32) == d->count &&
	    archive_zip_le64(e + 40) == d->size && archive_zip_le64(e + 48) == d->offset)
		*end = at;
	return 0;
}

static int
read_end(struct zip_directory *d)
{
	const struct codec_input *in = codec_input(d->w->codec);
	size_t len =
	    in->size < EOCD_SIZE + COMMENT_MAX ? (size_t)in->size : EOCD_SIZE + COMMENT_MAX;
	uint64_t tail_at = in->size - len, garbage = 0, dir_end;
	uint8_t *tail = mem_alloc(len + 1);
	int r = -1;
	if (pread_exact(d->w, tail, len, tail_at) < 0)
		goto out;
	ssize_t i = find_eocd(tail, len, tail_at, &garbage);
	if (i < 0) {
		archive_fault_set(d->w, ARCHIVE_FAULT_TRUNCATED, "it has no end record");
		goto out;
	}
	const uint8_t *p = tail + i;
	dir_end = tail_at + (uint64_t)i;
	d->end = in->size - garbage;
	d->count = archive_zip_le16(p + 10);
	d->size = archive_zip_le32(p + 12);
	d->offset = archive_zip_le32(p + 16);
	bool zip64 = d->count == UINT16_MAX || d->size == UINT32_MAX || d->offset == UINT32_MAX;
	if (!zip64 &&
	    (archive_zip_le16(p + 4) || archive_zip_le16(p + 6) ||
		archive_zip_le16(p + 8) != archive_zip_le16(p + 10))) {
		archive_fault_set(d->w, ARCHIVE_FAULT_UNSUPPORTED, "one volume of several");
		goto out;
	}
	if (zip64) { /* 65,535 entries exactly need no zip64 */
		bool must = d->size == UINT32_MAX || d->offset == UINT32_MAX;
		uint8_t loc[4] = {0};
		if (dir_end >= LOCATOR_SIZE &&
		    pread_exact(d->w, loc, sizeof(loc), dir_end - LOCATOR_SIZE) < 0)
			goto out;
		if ((must || archive_zip_le32(loc) == 0x07064b50) &&
		    read_eocd64(d, dir_end, &dir_end) < 0)
			goto out;
	} else if (skip_eocd64(d, &dir_end) < 0) {
		goto out;
	}
	if (d->size > dir_end || d->offset > dir_end - d->size) {
		damaged(d->w, "its central directory is not where it should be");
		goto out;
	}
	d->base = dir_end - d->size - d->offset;
	d->offset += d->base;
	if (d->base)
		d->w->result->warnings |= ARCHIVE_WARN_PREFIX;
	if (garbage)
		d->w->result->warnings |= ARCHIVE_WARN_GARBAGE;
	r = 0;
out:
	free(tail);
	return r;
}

/* ---------------------------------------------------------------- records */

/* Zip64 sizes (0x0001), the Unix time of Info-ZIP (0x5455) and of NTFS (0x000a). */
static int
read_extra(struct zip_entry *e, const uint8_t *p, size_t len, uint32_t offset32, uint16_t disk)
{
	while (len >= 4) {
		uint16_t id = archive_zip_le16(p), n = archive_zip_le16(p + 2);
		if ((size_t)n + 4 > len)
			return 0; /* padding that is no field: zipalign and old writers make it */
		const uint8_t *q = p + 4;
		size_t left = n;
		if (id == 1) {
			uint64_t *wants[3];
			size_t count = 0;
			if (e->size == UINT32_MAX)
				wants[count++] = &e->size;
			if (e->packed == UINT32_MAX)
				wants[count++] = &e->packed;
			if (offset32 == UINT32_MAX)
				wants[count++] = &e->offset;
			for (size_t i = 0; i < count; i++, q += 8, left -= 8) {
				if (left < 8)
					return -1;
				*wants[i] = archive_zip_le64(q);
			}
			if (disk == UINT16_MAX && left >= 4 && archive_zip_le32(q) != 0)
				return -1;
		} else if (id == 0x5455 && n >= 5 && (q[0] & 1)) {
			e->mtime = (int32_t)archive_zip_le32(q + 1);
		} else if (id == 0x000a && n >= 32 && archive_zip_le16(q + 4) == 1) {
			uint64_t t = archive_zip_le64(q + 8) / 10000000;
			e->mtime = (int64_t)t - 11644473600;
		}
		p += 4 + n;
		len -= 4 + (size_t)n;
	}
	return 0;
}

static int64_t
dos_time(uint16_t date, uint16_t time)
{
	unsigned month = date >> 5 & 15, day = date & 31;
	if (month < 1 || month > 12 || day < 1)
		return CLOCK_NONE;
	return clock_days_from_civil(1980 + (date >> 9), month, day) * CLOCK_DAY +
	    (time >> 11) * CLOCK_HOUR + (time >> 5 & 63) * CLOCK_MINUTE + (time & 31) * 2;
}

/* At least len bytes of the directory from pos on, in buf. */
static const uint8_t *
fetch(struct zip_directory *d, uint64_t pos, size_t len)
{
	uint64_t end = d->offset + d->size;
	if (pos < d->offset || pos > end || len > end - pos) {
		damaged(d->w, "its central directory ends too early");
		return NULL;
	}
	if (pos < d->buf_at || pos + len > d->buf_at + d->buf_len) {
		size_t n = end - pos < BUF_SIZE ? (size_t)(end - pos) : BUF_SIZE;
		if (pread_exact(d->w, d->buf, n, pos) < 0)
			return NULL;
		d->buf_at = pos;
		d->buf_len = n;
	}
	return d->buf + (pos - d->buf_at);
}

int
archive_zip_entry(struct zip_directory *d, uint64_t pos, struct zip_entry *ret_entry)
{
	const uint8_t *p = fetch(d, pos, RECORD_SIZE);
	if (!p)
		return -1;
	if (archive_zip_le32(p) != 0x02014b50)
		return damaged(d->w, "its central directory is damaged");
	size_t name = archive_zip_le16(p + 28), extra = archive_zip_le16(p + 30),
	       comment = archive_zip_le16(p + 32);
	size_t len = RECORD_SIZE + name + extra + comment;
	p = fetch(d, pos, len);
	if (!p)
		return -1;
	struct zip_entry *e = ret_entry;
	*e = (struct zip_entry){
	    .made_by = archive_zip_le16(p + 4),
	    .flags = archive_zip_le16(p + 8),
	    .method = archive_zip_le16(p + 10),
	    .dos_time = archive_zip_le16(p + 12),
	    .dos_date = archive_zip_le16(p + 14),
	    .crc = archive_zip_le32(p + 16),
	    .packed = archive_zip_le32(p + 20),
	    .size = archive_zip_le32(p + 24),
	    .attributes = archive_zip_le32(p + 38),
	    .offset = archive_zip_le32(p + 42),
	    .name = p + RECORD_SIZE,
	    .name_len = name,
	    .mtime = dos_time(archive_zip_le16(p + 14), archive_zip_le16(p + 12)),
	    .next = pos + len,
	};
	uint16_t disk = archive_zip_le16(p + 34);
	if (disk != 0 && disk != UINT16_MAX)
		return archive_fault_set(d->w, ARCHIVE_FAULT_UNSUPPORTED, "one volume of several");
	if (read_extra(e, p + RECORD_SIZE + name, extra, archive_zip_le32(p + 42), disk) < 0)
		return damaged(d->w, "a zip64 field of its central directory is damaged");
	if (e->offset > d->offset - d->base ||
	    d->offset - d->base - e->offset < LOCAL_SIZE + e->name_len ||
	    e->packed > d->offset - d->base - e->offset - LOCAL_SIZE - e->name_len)
		return damaged(d->w, "an entry lies outside the archive");
	e->offset += d->base;
	return 0;
}

/* ---------------------------------------------------------------- order */

static int
by_offset(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return x[0] < y[0] ? -1 : x[0] > y[0];
}

static int
sort_entries(struct zip_directory *d)
{
	if (d->count > UNSORTED_MAX)
		return archive_fault_set(
		    d->w, ARCHIVE_FAULT_UNSUPPORTED, "too many entries that are not in order");
	d->order = mem_array((size_t)d->count, 2 * sizeof(uint64_t));
	uint64_t pos = d->offset;
	for (uint64_t i = 0; i < d->count; i++) {
		struct zip_entry e;
		if (archive_zip_entry(d, pos, &e) < 0)
			return -1;
		d->order[2 * i] = e.offset;
		d->order[2 * i + 1] = pos;
		pos = e.next;
	}
	qsort(d->order, (size_t)d->count, 2 * sizeof(uint64_t), by_offset);
	return 0;
}

uint64_t
archive_zip_pos(const struct zip_directory *d, uint64_t i, uint64_t pos)
{
	return d->order ? d->order[2 * i + 1] : pos;
}

int
archive_zip_open(struct archive_walker *w, struct zip_directory *d)
{
	*d = (struct zip_directory){.w = w, .buf = mem_pages(BUF_SIZE)};
	if (read_end(d) < 0)
		return -1;
	if (d->count > w->limits.max_entries)
		return archive_fault_set(w, ARCHIVE_FAULT_BOMB, "more entries than allowed");
	if (d->count > d->size / RECORD_SIZE)
		return damaged(w, "its central directory is too small for its entries");
	uint64_t pos = d->offset, last = 0;
	bool sorted = true;
	for (uint64_t i = 0; i < d->count; i++) {
		struct zip_entry e;
		if (archive_zip_entry(d, pos, &e) < 0)
			return -1;
		sorted = sorted && (i == 0 || e.offset > last);
		last = e.offset;
		pos = e.next;
	}
	/* A digital signature may follow the records (4.3.13); nothing else does. */
	if (pos != d->offset + d->size) {
		const uint8_t *p = fetch(d, pos, 4);
		if (!p)
			return -1;
		if (archive_zip_le32(p) != 0x05054b50)
			return damaged(w, "its central directory has more in it than counted");
	}
	return sorted ? 0 : sort_entries(d);
}

void
archive_zip_release(struct zip_directory *d)
{
	free(d->order);
	free(d->buf);
}
