// tar, cpio and 7zip through libarchive, with the end markers that it does not demand.
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>

#include "archive/archive_private.h"

#define BLOCK      512
#define TAIL_SIZE  4096 /* of the stream behind the present block: enough for any end marker */
#define PREAD_SIZE (64 * 1024)

struct library {
	struct archive_walker *w;
	const uint8_t *block; /* what libarchive was given last */
	size_t block_len;
	uint8_t tail[TAIL_SIZE]; /* the bytes before block */
	size_t tail_len;
	/* 7zip: positions are ours to keep */
	uint64_t pos;      /* what libarchive reads next */
	uint64_t streamed; /* how far the stream was taken */
	/* cpio "crc": the sum of all bytes of a file */
	bool summed;
	uint32_t sum, sum_expected;
	uint8_t *pread_buf;
};

/* ---------------------------------------------------------------- the stream */

static void
keep_tail(struct library *l)
{
	const uint8_t *p = l->block;
	size_t n = l->block_len;
	if (n >= TAIL_SIZE) {
		memcpy(l->tail, p + n - TAIL_SIZE, TAIL_SIZE);
		l->tail_len = TAIL_SIZE;
		return;
	}
	size_t keep = l->tail_len + n > TAIL_SIZE ? TAIL_SIZE - n : l->tail_len;
	memmove(l->tail, l->tail + l->tail_len - keep, keep);
	if (n)
		memcpy(l->tail + keep, p, n);
	l->tail_len = keep + n;
}

/* Take the next block of the stream: > 0, 0, -1. */
static ssize_t
next_block(struct library *l)
{
	const uint8_t *data = NULL;
	keep_tail(l);
	l->block_len = 0;
	ssize_t n = l->w->stream_ended ? 0 : archive_take(l->w, &data);
	if (n > 0) {
		l->block = data;
		l->block_len = (size_t)n;
		l->streamed += (uint64_t)n;
	}
	return n;
}

static la_ssize_t
read_stream(struct archive *a, void *arg, const void **ret_data)
{
	struct library *l = arg;
	ssize_t n = next_block(l);
	if (n < 0)
		archive_set_error(a, EIO, "input");
	*ret_data = l->block;
	return n;
}

/* 7zip jumps to its end and back; all else is in order. What is in order comes from the stream, so
 * that whoever digests the stream sees each byte once; the rest is read aside. */
static la_ssize_t
read_seekable(struct archive *a, void *arg, const void **ret_data)
{
	struct library *l = arg;
	if (l->pos == l->streamed) {
		la_ssize_t n = read_stream(a, arg, ret_data);
		if (n > 0)
			l->pos += (uint64_t)n;
		return n;
	}
	const struct codec_input *in = codec_input(l->w->codec);
	size_t len = PREAD_SIZE;
	if (l->pos < l->streamed && l->streamed - l->pos < len)
		len = (size_t)(l->streamed - l->pos);
	ssize_t n = in->pread(in->arg, l->pread_buf, len, l->pos, l->w->err);
	if (n < 0) {
		archive_fault_set(l->w, ARCHIVE_FAULT_INPUT, "input");
		archive_set_error(a, EIO, "input");
		return -1;
	}
	l->pos += (uint64_t)n;
	*ret_data = l->pread_buf;
	return n;
}

static la_int64_t
seek(struct archive *a, void *arg, la_int64_t offset, int whence)
{
	struct library *l = arg;
	uint64_t size = codec_input(l->w->codec)->size;
	int64_t base = whence == SEEK_SET ? 0 : (int64_t)(whence == SEEK_END ? size : l->pos);
	if (offset > INT64_MAX / 2 || offset < -(INT64_MAX / 2) || base + offset < 0 ||
	    (uint64_t)(base + offset) > size) {
		archive_set_error(a, EIO, "seek past the end");
		return ARCHIVE_FATAL;
	}
	l->pos = (uint64_t)(base + offset);
	return (la_int64_t)l->pos;
}

/* ---------------------------------------------------------------- what went wrong */

/* Anything but OK and EOF is damage, with the reasons that are none taken out. */
static int
judge(struct library *l, struct archive *a, const char *doing)
{
	struct archive_walker *w = l->w;
	const char *said = archive_error_string(a);
	if (!said)
		said = "no reason given";
	if (w->result->kind == ARCHIVE_KIND_7ZIP &&
	    (archive_read_has_encrypted_entries(a) > 0 || strstr(said, "Crypto")))
		return archive_fault_set(w, ARCHIVE_FAULT_ENCRYPTED, "encrypted");
	if (strstr(said, "nsupported") || strstr(said, "not supported"))
		return archive_fault_set(w, ARCHIVE_FAULT_UNSUPPORTED, "%s", said);
	/* A dictionary may be large; a name or a header that is, is none. */
	if (strstr(said, "allocate") && w->result->kind == ARCHIVE_KIND_7ZIP)
		return archive_fault_set(w, ARCHIVE_FAULT_UNSUPPORTED, "needs too much memory");
	if (w->stream_ended && w->result->kind != ARCHIVE_KIND_7ZIP)
		return archive_fault_set(
		    w, ARCHIVE_FAULT_TRUNCATED, "ends inside %s: %s", doing, said);
	return archive_fault_set(w, ARCHIVE_FAULT_DAMAGED, "%s: %s", doing, said);
}

/* A name that is not in the character set of the archive is odd, not damage. */
static bool
is_harmless(struct archive *a)
{
	const char *said = archive_error_string(a);
	return said && strstr(said, "be converted");
}

static int byte_at(struct library *l, uint64_t pos);

/* ---------------------------------------------------------------- entries */

static enum archive_type
type_of(struct archive_entry *e)
{
	if (archive_entry_hardlink(e))
		return ARCHIVE_TYPE_HARDLINK;
	switch (archive_entry_filetype(e)) {
	case AE_IFREG:
		return ARCHIVE_TYPE_FILE;
	case AE_IFDIR:
		return ARCHIVE_TYPE_DIRECTORY;
	case AE_IFLNK:
		return ARCHIVE_TYPE_SYMLINK;
	case AE_IFIFO:
		return ARCHIVE_TYPE_FIFO;
	case AE_IFCHR:
		return ARCHIVE_TYPE_CHAR;
	case AE_IFBLK:
		return ARCHIVE_TYPE_BLOCK;
	case AE_IFSOCK:
		return ARCHIVE_TYPE_SOCKET;
	default:
		return ARCHIVE_TYPE_OTHER;
	}
}

static void
fill_item(struct archive_item *item, struct archive_entry *e, uint64_t index)
{
	const char *name = archive_entry_pathname(e);
	if (!name)
		name = archive_entry_pathname_utf8(e);
	*item = (struct archive_item){
	    .name = name ? name : "",
	    .name_len = name ? strlen(name) : 0,
	    .type = type_of(e),
	    .size_known = archive_entry_size_is_set(e) && archive_entry_size(e) >= 0,
	    .mtime = archive_entry_mtime_is_set(e) ? (int64_t)archive_entry_mtime(e) : CLOCK_NONE,
	    .mode = (unsigned)archive_entry_perm(e) & 07777,
	    .index = index,
	    .encrypted = archive_entry_is_encrypted(e) != 0,
	};
	item->size = item->size_known ? (uint64_t)archive_entry_size(e) : 0;
	if (item->type == ARCHIVE_TYPE_HARDLINK)
		item->target = archive_entry_hardlink(e);
	else if (item->type == ARCHIVE_TYPE_SYMLINK)
		item->target = archive_entry_symlink(e);
	item->target_len = item->target ? strlen(item->target) : 0;
}

/* A header of cpio "crc" ends with the sum in eight hexadecimal digits, which libarchive leaves alone. */
static bool
read_sum(struct library *l, struct archive *a)
{
	int64_t at = archive_read_header_position(a);
	char magic[7] = "", digits[9] = "";
	for (unsigned i = 0; at >= 0 && i < 6; i++)
		magic[i] = (char)byte_at(l, (uint64_t)at + i);
	if (strcmp(magic, "070702") != 0)
		return false;
	for (unsigned i = 0; i < 8; i++)
		digits[i] = (char)byte_at(l, (uint64_t)at + 102 + i);
	l->sum = 0;
	l->sum_expected = (uint32_t)strtoul(digits, NULL, 16);
	return true;
}

static uint32_t
sum_of(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < len; i++)
		sum += p[i];
	return sum;
}

static int
read_content(struct library *l, struct archive *a, const struct archive_item *item, bool wanted)
{
	uint64_t end = 0;
	for (;;) {
		const void *data = NULL;
		size_t len = 0;
		la_int64_t offset;
		int r = archive_read_data_block(a, &data, &len, &offset);
		if (r == ARCHIVE_EOF)
			break;
		if (r != ARCHIVE_OK)
			return judge(l, a, "an entry");
		if (offset < 0 ||
		    archive_item_data(l->w, item, wanted, data, len, (uint64_t)offset, &end) < 0)
			return archive_fault_set(l->w, ARCHIVE_FAULT_DAMAGED, "a negative offset");
		if (l->summed)
			l->sum += sum_of(data, len);
	}
	if (l->summed && end && l->sum != l->sum_expected)
		return archive_fault_set(
		    l->w, ARCHIVE_FAULT_DAMAGED, "the sum of %.100s does not match", item->name);
	if (item->type == ARCHIVE_TYPE_FILE && item->size > end) { /* a hole at its end */
		if (archive_item_data(l->w, item, false, NULL, 0, item->size, &end) < 0)
			return -1;
	}
	return archive_end_item(l->w, item, end);
}

static int
read_entry(struct library *l, struct archive *a, struct archive_entry *e, bool *encrypted)
{
	struct archive_item item;
	bool wanted;
	fill_item(&item, e, l->w->result->entries);
	l->summed = l->w->result->kind == ARCHIVE_KIND_CPIO && item.type != ARCHIVE_TYPE_SYMLINK &&
	    read_sum(l, a);
	if (archive_begin_item(l->w, &item, &wanted) < 0)
		return -1;
	if (item.encrypted) {
		*encrypted = true;
		return archive_end_item(l->w, &item, 0);
	}
	return read_content(l, a, &item, wanted);
}

/* ---------------------------------------------------------------- ends */

/* The byte of the stream at pos, which is in the tail, the block, or still to come: 0 to 255,
 * -1 at the end of the stream, -2 on a fault. */
static int
byte_at(struct library *l, uint64_t pos)
{
	for (;;) {
		uint64_t start = l->streamed - l->block_len;
		if (pos < start - l->tail_len)
			return -2;
		if (pos < start)
			return l->tail[l->tail_len - (size_t)(start - pos)];
		if (pos < l->streamed)
			return l->block[pos - start];
		ssize_t n = next_block(l);
		if (n <= 0)
			return n < 0 ? -2 : -1;
	}
}

static bool
all_zero(const uint8_t *p, size_t len)
{
	return len == 0 || (p[0] == 0 && !memcmp(p, p + 1, len - 1));
}

/* Drain the stream from pos on; anything but zeros is worth a warning. Writers fill up with zeros to
 * whole blocks, or write none: an end inside a block is a cut. */
static int
drain_from(struct library *l, uint64_t pos)
{
	uint64_t end = pos;
	while (pos < l->streamed) {
		int b = byte_at(l, pos++);
		if (b)
			l->w->result->warnings |= ARCHIVE_WARN_GARBAGE;
	}
	for (;;) {
		ssize_t n = next_block(l);
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		if (!all_zero(l->block, l->block_len))
			l->w->result->warnings |= ARCHIVE_WARN_GARBAGE;
	}
	if (l->streamed < end ||
	    (l->streamed > end && l->streamed % BLOCK &&
		!(l->w->result->warnings & ARCHIVE_WARN_GARBAGE)))
		return archive_fault_set(
		    l->w, ARCHIVE_FAULT_TRUNCATED, "ends inside the block behind its end marker");
	return 0;
}

/* Two blocks of zeros where the header after the last entry would stand. */
static int
end_of_tar(struct library *l, uint64_t pos)
{
	for (uint64_t i = 0; i < 2 * (uint64_t)BLOCK; i++) {
		int b = byte_at(l, pos + i);
		if (b == -1)
			return archive_fault_set(
			    l->w, ARCHIVE_FAULT_TRUNCATED, "ends without its end marker");
		if (b)
			return archive_fault_set(
			    l->w, ARCHIVE_FAULT_DAMAGED, "its end marker is damaged");
	}
	return drain_from(l, pos + 2 * (uint64_t)BLOCK);
}

/* libarchive has found the name TRAILER!!! behind the header at pos: 110 bytes and the name padded
 * to 4 in newc, 76 and the name in odc. */
static int
end_of_cpio(struct library *l, uint64_t pos)
{
	bool odc = byte_at(l, pos + 5) == '7';
	return drain_from(l, pos + (odc ? 76 + 11 : 124));
}

static int
end_of_archive(struct library *l, struct archive *a, enum archive_kind kind)
{
	int64_t header = archive_read_header_position(a);
	if (header < 0)
		return archive_fault_set(l->w, ARCHIVE_FAULT_DAMAGED, "no end was found");
	int r = kind == ARCHIVE_KIND_TAR ? end_of_tar(l, (uint64_t)header)
	    : kind == ARCHIVE_KIND_CPIO  ? end_of_cpio(l, (uint64_t)header)
					 : 0;
	if (r < 0)
		return -1;
	while (kind == ARCHIVE_KIND_7ZIP && !l->w->stream_ended)
		if (next_block(l) < 0)
			return -1;
	l->w->result->complete = true;
	return 0;
}

/* ---------------------------------------------------------------- the walk */

static int
walk_entries(struct library *l, struct archive *a, enum archive_kind kind)
{
	bool encrypted = false;
	for (;;) {
		struct archive_entry *e;
		int r = archive_read_next_header(a, &e);
		if (r == ARCHIVE_EOF)
			break;
		if (r != ARCHIVE_OK && !(r == ARCHIVE_WARN && is_harmless(a)))
			return judge(l, a, "a header");
		if (read_entry(l, a, e, &encrypted) < 0)
			return -1;
	}
	if (end_of_archive(l, a, kind) < 0)
		return -1;
	if (encrypted)
		return archive_fault_set(l->w, ARCHIVE_FAULT_ENCRYPTED, "encrypted");
	return 0;
}

static int
open_reader(struct library *l, struct archive *a, enum archive_kind kind)
{
	bool seekable = kind == ARCHIVE_KIND_7ZIP;
	int r = kind == ARCHIVE_KIND_TAR ? archive_read_support_format_tar(a)
	    : kind == ARCHIVE_KIND_CPIO  ? archive_read_support_format_cpio(a)
					 : archive_read_support_format_7zip(a);
	if (r == ARCHIVE_OK)
		r = archive_read_support_filter_none(a);
	if (r == ARCHIVE_OK && seekable)
		r = archive_read_set_seek_callback(a, seek);
	if (r == ARCHIVE_OK)
		r = archive_read_set_read_callback(a, seekable ? read_seekable : read_stream);
	if (r == ARCHIVE_OK)
		r = archive_read_set_callback_data(a, l);
	if (r == ARCHIVE_OK)
		r = archive_read_open1(a);
	return r == ARCHIVE_OK ? 0 : judge(l, a, "its beginning");
}

int
archive_walk_library(struct archive_walker *w, enum archive_kind kind)
{
	struct library l = {.w = w, .block = (const uint8_t *)""};
	/* Names in pax headers and 7zip are Unicode; they come out as UTF-8 whatever the locale. */
	bool is_utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	locale_t utf8 = is_utf8 ? (locale_t)0 : newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t old = utf8 ? uselocale(utf8) : (locale_t)0;
	struct archive *a = archive_read_new();
	int r = -1;

	w->result->checked = kind == ARCHIVE_KIND_7ZIP; /* a CRC per file */
	if (kind == ARCHIVE_KIND_7ZIP)
		l.pread_buf = mem_pages(PREAD_SIZE);
	if (!a)
		archive_fault_set(w, ARCHIVE_FAULT_UNSUPPORTED, "libarchive does not start");
	else if (open_reader(&l, a, kind) == 0)
		r = walk_entries(&l, a, kind);
	archive_read_free(a);
	free(l.pread_buf);
	if (utf8) {
		uselocale(old);
		freelocale(utf8);
	}
	return r;
}

void
archive_prepare(void)
{
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		(void)setlocale(LC_CTYPE, "C.UTF-8");
}
