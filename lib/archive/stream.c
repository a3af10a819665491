// The stream under a walk through libarchive: its last bytes kept, its end markers looked for.
#include "archive/archive_private.h"

#define BLOCK      512
#define PREAD_SIZE (64 * 1024)

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
drain_blocks(struct archive_stream *s, uint64_t end)
{
	if (drain_from(s, end) < 0)
		return -1;
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

int
archive_end_tar(struct archive_stream *s, uint64_t pos)
{
	if (marker(s, pos, 2 * (uint64_t)BLOCK) < 0)
		return -1;
	return drain_blocks(s, pos + 2 * (uint64_t)BLOCK);
}

int
archive_end_cpio(struct archive_stream *s, uint64_t pos)
{
	bool odc = archive_stream_byte(s, pos + 5) == '7';
	return drain_blocks(s, pos + (odc ? 76 + 11 : 124));
}

int
archive_end_lha(struct archive_stream *s, uint64_t pos)
{
	return marker(s, pos, 1) < 0 ? -1 : drain_from(s, pos + 1);
}
