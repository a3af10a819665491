// The stream under a walk through libarchive: its last bytes kept, its end markers looked for.
#include "archive/archive_private.h"

#define BLOCK      512
#define PREAD_SIZE (64 * 1024)
#define ZEROS_FEW  (64U << 10)
#define ZEROS_MAX  (16U << 20) /* the largest records in use are a few MiB */

static void
keep_tail(struct archive_stream *s)
{
	const uint8_t *p = s->block;
	size_t n = s->block_len;
	if (n >= ARCHIVE_TAIL) {
		memcpy(s->tail, p + n - ARCHIVE_TAIL, ARCHIVE_TAIL);
		s->tail_len = ARCHIVE_TAIL;
		return;
	}
	size_t keep = s->tail_len + n > ARCHIVE_TAIL ? ARCHIVE_TAIL - n : s->tail_len;
	memmove(s->tail, s->tail + s->tail_len - keep, keep);
	if (n)
		memcpy(s->tail + keep, p, n);
	s->tail_len = keep + n;
}

ssize_t
archive_stream_next(struct archive_stream *s)
{
	const uint8_t *data = NULL;
	keep_tail(s);
	s->block_len = 0;
	ssize_t n = s->w->stream_ended ? 0 : archive_take(s->w, &data);
	if (n > 0) {
		s->block = data;
		s->block_len = (size_t)n;
		s->streamed += (uint64_t)n;
		if (s->watch)
			archive_watch_add(s->watch, data, (size_t)n);
	}
	return n;
}

ssize_t
archive_stream_at(struct archive_stream *s, uint64_t pos, const uint8_t **ret_data)
{
	if (pos == s->streamed) {
		ssize_t n = archive_stream_next(s);
		*ret_data = s->block;
		return n;
	}
	const struct codec_input *in = codec_input(s->w->codec);
	size_t len = PREAD_SIZE;
	if (!s->aside)
		s->aside = mem_pages(PREAD_SIZE);
	if (pos < s->streamed && s->streamed - pos < len)
		len = (size_t)(s->streamed - pos);
	ssize_t n = in->pread(in->arg, s->aside, len, pos, s->w->err);
	*ret_data = s->aside;
	return n < 0 ? archive_fault_set(s->w, ARCHIVE_FAULT_INPUT, "input") : n;
}

int
archive_stream_byte(struct archive_stream *s, uint64_t pos)
{
	for (;;) {
		uint64_t start = s->streamed - s->block_len;
		if (pos < start - s->tail_len)
			return -2;
		if (pos < start)
			return s->tail[s->tail_len - (size_t)(start - pos)];
		if (pos < s->streamed)
			return s->block[pos - start];
		ssize_t n = archive_stream_next(s);
		if (n <= 0)
			return n < 0 ? -2 : -1;
	}
}

void
archive_stream_release(struct archive_stream *s)
{
	archive_watch_free(s->watch);
	free(s->aside);
}

/* ---------------------------------------------------------------- ends */

static bool
all_zero(const uint8_t *p, size_t len)
{
	return len == 0 || (p[0] == 0 && !memcmp(p, p + 1, len - 1));
}

/* Drain the stream from pos on; anything but zeros is worth a warning. */
static int
drain_from(struct archive_stream *s, uint64_t pos)
{
	while (pos < s->streamed) {
		if (archive_stream_byte(s, pos++))
			s->w->result->warnings |= ARCHIVE_WARN_GARBAGE;
	}
	for (;;) {
		ssize_t n = archive_stream_next(s);
		if (n < 0)
			return -1;
		if (n == 0)
			return 0;
		if (!all_zero(s->block, s->block_len))
			s->w->result->warnings |= ARCHIVE_WARN_GARBAGE;
	}
}

/* Writers of tar and cpio fill up with zeros to whole blocks, or write none: an end inside a block is
 * a cut. */
static int
check_blocks(struct archive_stream *s, uint64_t end)
{
	if (s->streamed < end ||
	    (s->streamed > end && s->streamed % BLOCK &&
		!(s->w->result->warnings & ARCHIVE_WARN_GARBAGE)))
		return archive_fault_set(
		    s->w, ARCHIVE_FAULT_TRUNCATED, "ends inside the block behind its end marker");
	return 0;
}

/* So many zeros where the header after the last entry would stand. */
static int
marker(struct archive_stream *s, uint64_t pos, uint64_t len)
{
	for (uint64_t i = 0; i < len; i++) {
		int b = archive_stream_byte(s, pos + i);
		if (b == -1)
			return archive_fault_set(
			    s->w, ARCHIVE_FAULT_TRUNCATED, "ends without its end marker");
		if (b)
			return archive_fault_set(
			    s->w, ARCHIVE_FAULT_DAMAGED, "its end marker is damaged");
	}
	return 0;
}

/* POSIX.1-2017 pax, "ustar Interchange Format": the magic at 257, which GNU tar writes too, and at 148
 * in octal the sum of the header's bytes with its own field taken for blanks. */
static bool
is_tar_header(const uint8_t *p)
{
	unsigned long sum = 0;
	char said[8 + 1];

	if (memcmp(p + 257, "ustar", 5) != 0)
		return false;
	for (size_t i = 0; i < BLOCK; i++)
		sum += i >= 148 && i < 156 ? ' ' : p[i];
	memcpy(said, p + 148, 8);
	said[8] = '\0';
	return strtoul(said, NULL, 8) == sum;
}

/* The block at pos: in place, or put together in copy. *ret_len is short at the end of the stream only. */
static const uint8_t *
block_at(struct archive_stream *s, uint64_t pos, uint8_t *copy, size_t *ret_len)
{
	uint64_t start = s->streamed - s->block_len;
	size_t n = 0;

	*ret_len = BLOCK;
	if (pos >= start && pos + BLOCK <= s->streamed)
		return s->block + (pos - start);
	for (int b; n < BLOCK && (b = archive_stream_byte(s, pos + n)) >= 0; n++)
		copy[n] = (uint8_t)b;
	*ret_len = n;
	return copy;
}

/* Zeros fill up a record, of twenty blocks or a power of two, or somebody's disk was not written to its
 * end. */
static int
judge_zeros(struct archive_stream *s, uint64_t zeros)
{
	uint64_t record = BLOCK;

	while (record < zeros)
		record *= 2;
	if (zeros > ZEROS_MAX)
		return archive_fault_set(s->w, ARCHIVE_FAULT_DAMAGED,
		    "%llu zero bytes where it ends, more than any tar writes",
		    (unsigned long long)zeros);
	if (zeros > ZEROS_FEW && s->streamed % record)
		s->w->result->warnings |= ARCHIVE_WARN_ZEROS;
	return 0;
}

/* From the marker on: entries that tar does not get to are no mere garbage. */
static int
drain_tar(struct archive_stream *s, uint64_t marker_at)
{
	uint8_t copy[BLOCK];
	uint64_t pos = marker_at, entries_at = 0;
	size_t n = BLOCK;
	bool garbage = false;

	for (; n == BLOCK; pos += n) {
		const uint8_t *p = block_at(s, pos, copy, &n);
		if (all_zero(p, n))
			continue;
		garbage = true;
		if (n == BLOCK && !entries_at && is_tar_header(p))
			entries_at = pos;
	}
	if (s->w->result->fault)
		return -1;
	if (entries_at) {
		(void)archive_fault_set(s->w, ARCHIVE_FAULT_DAMAGED,
		    "entries behind its end marker: a hole of zeros in it, or several archives in a "
		    "row, which only tar --ignore-zeros reads");
		s->w->result->offset = entries_at;
		return -1;
	}
	if (!garbage)
		return judge_zeros(s, pos - marker_at);
	s->w->result->warnings |= ARCHIVE_WARN_GARBAGE;
	return 0;
}

int
archive_end_tar(struct archive_stream *s, uint64_t pos)
{
	uint64_t end = pos + 2 * (uint64_t)BLOCK;

	if (marker(s, pos, end - pos) < 0 || drain_tar(s, pos) < 0)
		return -1;
	return check_blocks(s, end);
}

int
archive_end_cpio(struct archive_stream *s, uint64_t pos)
{
	bool odc = archive_stream_byte(s, pos + 5) == '7';
	uint64_t end = pos + (odc ? 76 + 11 : 124);

	return drain_from(s, end) < 0 ? -1 : check_blocks(s, end);
}

int
archive_end_lha(struct archive_stream *s, uint64_t pos)
{
	return marker(s, pos, 1) < 0 ? -1 : drain_from(s, pos + 1);
}
