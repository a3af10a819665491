// The blocks of a RAR archive, 4 and 5: every header by its CRC, and the end that libarchive does not ask for.
//
// Layout: https://www.rarlab.com/technote.htm (5.0), technote.txt of RAR 3 and 4.
#include "archive/watch_private.h"

enum rar_block { RAR_MAIN = 0x73, RAR_FILE = 0x74, RAR_SUB = 0x7a, RAR_END = 0x7b };
enum rar5_block { RAR5_MAIN = 1, RAR5_FILE = 2, RAR5_SERVICE = 3, RAR5_CRYPT = 4, RAR5_END = 5 };

struct rar {
	bool five;
	bool begun; /* the signature was seen */
	bool sum;   /* what is passed by has the CRC `expected` */
	bool old;   /* written before RAR 3, which began to write an end */
	uint32_t expected;
};

#define HEADER_4 7
#define HEADER_5 7 /* a CRC, and room for the size in three bytes at most */

static void
next(struct archive_watch *watch, uint64_t skip)
{
	const struct rar *r = watch->state;
	archive_watch_go(watch, skip, skip ? 0 : r->five ? HEADER_5 : HEADER_4);
}

static void
end_of_data(struct archive_watch *watch)
{
	struct rar *r = watch->state;
	if (r->sum && watch->crc != r->expected)
		archive_watch_fault(
		    watch, ARCHIVE_FAULT_DAMAGED, "a stored file does not match its CRC");
	r->sum = false;
	next(watch, 0);
}

static void
volume(struct archive_watch *watch)
{
	archive_watch_besides(
	    watch, ARCHIVE_FAULT_UNSUPPORTED, "one of several volumes that belong together");
}

static void
finish(struct archive_watch *watch, bool more)
{
	if (more)
		volume(watch);
	watch->complete = true;
	watch->done = true;
}

/* ---------------------------------------------------------------- 4 */

static uint64_t
file_4(struct archive_watch *watch, unsigned flags, bool is_file)
{
	const uint8_t *p = watch->data;
	struct rar *r = watch->state;
	if (watch->need < 32 || (flags & 0x100 && watch->need < 40)) {
		archive_watch_fault(watch, ARCHIVE_FAULT_DAMAGED, "a header is too short");
		return 0;
	}
	uint64_t packed = archive_le32(p + 7);
	if (flags & 0x100)
		packed |= (uint64_t)archive_le32(p + 32) << 32;
	if (!is_file)
		return packed;
	watch->entries++;
	if (flags & 3)
		volume(watch);
	if (flags & 4)
		archive_watch_besides(watch, ARCHIVE_FAULT_ENCRYPTED, "encrypted");
	r->old = p[24] < 29;
	r->expected = archive_le32(p + 16);
	r->sum = p[25] == 0x30 && !(flags & 7) && packed;
	return packed;
}

static void
block_4(struct archive_watch *watch)
{
	const uint8_t *p = watch->data;
	unsigned type = p[2], flags = archive_le16(p + 3), size = archive_le16(p + 5);
	if (size < HEADER_4) {
		archive_watch_fault(watch, ARCHIVE_FAULT_DAMAGED, "a header is damaged");
		return;
	}
	if (watch->need < size) {
		archive_watch_need(watch, size);
		return;
	}
	/* Comments of old versions stand inside headers and have a CRC of their own. */
	bool comment = (type == RAR_MAIN && flags & 2) || (type == RAR_FILE && flags & 8);
	if (!comment && (codec_crc32(0, p + 2, size - 2) & 0xffff) != archive_le16(p)) {
		archive_watch_fault(watch, ARCHIVE_FAULT_DAMAGED, "a header is damaged");
		return;
	}
	uint64_t skip = 0;
	if (type == RAR_FILE || type == RAR_SUB)
		skip = file_4(watch, flags, type == RAR_FILE);
	else if (flags & 0x8000 && size >= HEADER_4 + 4)
		skip = archive_le32(p + 7);
	if (type == RAR_MAIN && flags & 1)
		volume(watch);
	if (type == RAR_MAIN && flags & 0x80) { /* the headers behind it, too */
		archive_watch_besides(watch, ARCHIVE_FAULT_ENCRYPTED, "encrypted");
		watch->done = true;
	}
	if (type == RAR_END)
		finish(watch, flags & 1);
	if (!watch->done)
		next(watch, skip);
}

/* ---------------------------------------------------------------- 5 */

struct reader {
	const uint8_t *p, *end;
	bool bad;
};

/* Seven bits a byte, the lowest first. */
static uint64_t
number(struct reader *r)
{
	uint64_t v = 0;
	for (unsigned shift = 0; shift < 64 && r->p < r->end; shift += 7) {
		uint8_t b = *r->p++;
		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return v;
	}
	r->bad = true;
	return 0;
}

static bool
is_encrypted_5(struct reader extra)
{
	while (extra.p < extra.end && !extra.bad) {
		uint64_t size = number(&extra);
		if (extra.bad || size > (uint64_t)(extra.end - extra.p))
			break;
		struct reader record = {.p = extra.p, .end = extra.p + size};
		if (number(&record) == 1)
			return true;
		extra.p += size;
	}
	return false;
}

static void
file_5(
    struct archive_watch *watch, struct reader *h, uint64_t flags, uint64_t extra, uint64_t packed)
{
	struct rar *r = watch->state;
	uint64_t file_flags = number(h), size = number(h);
	(void)number(h); /* attributes */
	h->p += file_flags & 2 && h->end - h->p >= 4 ? 4 : 0;
	bool has_crc = file_flags & 4 && h->end - h->p >= 4;
	r->expected = has_crc ? archive_le32(h->p) : 0;
	h->p += has_crc ? 4 : 0;
	uint64_t method = number(h) >> 7 & 7;
	struct reader records = {
	    .p = h->end - (extra < (uint64_t)(h->end - h->p) ? extra : 0), .end = h->end};
	bool encrypted = is_encrypted_5(records);
	watch->entries++;
	if (flags & 0x18)
		volume(watch);
	if (encrypted)
		archive_watch_besides(watch, ARCHIVE_FAULT_ENCRYPTED, "encrypted");
	watch->unchecked = watch->unchecked || (!has_crc && size && !(file_flags & 1));
	r->sum = has_crc && method == 0 && packed && !encrypted && !(flags & 0x18);
}

static void
block_5(struct archive_watch *watch)
{
	const uint8_t *p = watch->data;
	struct reader h = {.p = p + 4, .end = p + HEADER_5};
	uint64_t size = number(&h);
	size_t head = (size_t)(h.p - p);
	if (h.bad || size < 2 || size > 2 << 20) {
		archive_watch_fault(watch, ARCHIVE_FAULT_DAMAGED, "a header is damaged");
		return;
	}
	if (watch->need < head + size) {
		archive_watch_need(watch, head + (size_t)size);
		return;
	}
	if (codec_crc32(0, p + 4, head - 4 + (size_t)size) != archive_le32(p)) {
		archive_watch_fault(watch, ARCHIVE_FAULT_DAMAGED, "a header is damaged");
		return;
	}
	h.end = p + head + size;
	uint64_t type = number(&h), flags = number(&h);
	uint64_t extra = flags & 1 ? number(&h) : 0, skip = flags & 2 ? number(&h) : 0;
	if (type == RAR5_MAIN && number(&h) & 1)
		volume(watch);
	if (type == RAR5_FILE)
		file_5(watch, &h, flags, extra, skip);
	if (type == RAR5_CRYPT) { /* the headers behind it */
		archive_watch_besides(watch, ARCHIVE_FAULT_ENCRYPTED, "encrypted");
		watch->done = true;
	}
	if (type == RAR5_END)
		finish(watch, number(&h) & 1);
	if (h.bad)
		archive_watch_fault(watch, ARCHIVE_FAULT_DAMAGED, "a header is damaged");
	if (!watch->done)
		next(watch, skip);
}

/* ---------------------------------------------------------------- both */

static void
piece(struct archive_watch *watch)
{
	struct rar *r = watch->state;
	watch->counts = true;
	if (!r->begun && watch->need == 7 && watch->data[6]) {
		r->five = true;
		archive_watch_need(watch, 8);
	} else if (!r->begun) {
		r->begun = true;
		next(watch, 0);
	} else if (!watch->need) {
		end_of_data(watch);
	} else if (r->five) {
		block_5(watch);
	} else {
		block_4(watch);
	}
}

static void
end(struct archive_watch *watch)
{
	const struct rar *r = watch->state;
	bool between = !watch->have && !watch->skip && watch->need;
	if (r->old && between)
		return; /* it may, or may not */
	archive_watch_fault(watch, ARCHIVE_FAULT_TRUNCATED,
	    between ? "ends without its end block" : "ends inside a block");
}

const struct archive_watcher archive_watch_rar = {
    .piece = piece,
    .end = end,
    .state_size = sizeof(struct rar),
    .first = 7,
    .proves = true,
};
