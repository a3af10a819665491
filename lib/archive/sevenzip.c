// The two headers of a 7z archive, checked before libarchive believes them.
#include "archive/archive_private.h"

#define HEADER 32
#define CHUNK  65536

static uint64_t
le(const uint8_t *p, size_t len)
{
	uint64_t v = 0;
	for (size_t i = len; i-- > 0;)
		v = v << 8 | p[i];
	return v;
}

static int
check_end_header(struct archive_walker *w, uint64_t offset, uint64_t size, uint32_t expected)
{
	const struct codec_input *in = codec_input(w->codec);
	uint8_t *buf = mem_alloc(CHUNK);
	uint32_t crc = 0;
	int r = 0;
	while (size && r == 0) {
		size_t want = size < CHUNK ? (size_t)size : CHUNK;
		ssize_t n = in->pread(in->arg, buf, want, offset, w->err);
		if (n < 0 || (size_t)n < want) {
			r = archive_fault_set(w,
			    n < 0 ? ARCHIVE_FAULT_INPUT : ARCHIVE_FAULT_TRUNCATED,
			    "ends inside its end header");
			break;
		}
		crc = codec_crc32(crc, buf, want);
		offset += want;
		size -= want;
	}
	free(buf);
	if (r == 0 && crc != expected)
		r = archive_fault_set(w, ARCHIVE_FAULT_DAMAGED, "its end header is damaged");
	return r;
}

int
archive_check_7zip(struct archive_walker *w)
{
	const struct codec_input *in = codec_input(w->codec);
	uint8_t h[HEADER];
	ssize_t n = in->pread(in->arg, h, HEADER, 0, w->err);
	if (n < 0)
		return archive_fault_set(w, ARCHIVE_FAULT_INPUT, "input");
	if (n < HEADER)
		return archive_fault_set(
		    w, ARCHIVE_FAULT_TRUNCATED, "ends inside its first header");
	if (codec_crc32(0, h + 12, 20) != (uint32_t)le(h + 8, 4))
		return archive_fault_set(w, ARCHIVE_FAULT_DAMAGED, "its first header is damaged");
	uint64_t offset = le(h + 12, 8), size = le(h + 20, 8);
	if (offset > in->size || size > in->size || HEADER + offset + size > in->size)
		return archive_fault_set(w, ARCHIVE_FAULT_TRUNCATED, "ends before its end header");
	if (HEADER + offset + size < in->size)
		w->result->warnings |= ARCHIVE_WARN_GARBAGE;
	return check_end_header(w, HEADER + offset, size, (uint32_t)le(h + 28, 4));
}
