// Archives through libarchive, with the end markers that it does not demand.
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>

#include "archive/archive_private.h"

struct library {
	struct archive_walker *w;
	struct archive_stream stream;
	uint64_t pos; /* what libarchive reads next, if it may jump */
	/* cpio "crc": the sum of all bytes of a file */
	bool summed;
	uint32_t sum, sum_expected;
};

/* ---------------------------------------------------------------- the stream */

static la_ssize_t
read_stream(struct archive *a, void *arg, const void **ret_data)
{
	struct library *l = arg;
	ssize_t n = archive_stream_next(&l->stream);
	if (n < 0)
		archive_set_error(a, EIO, "input");
	*ret_data = l->stream.block;
	return n;
}

static la_ssize_t
read_seekable(struct archive *a, void *arg, const void **ret_data)
{
	struct library *l = arg;
	const uint8_t *data = NULL;
	ssize_t n = archive_stream_at(&l->stream, l->pos, &data);
	if (n < 0)
		archive_set_error(a, EIO, "input");
	else
		l->pos += (uint64_t)n;
	*ret_data = data;
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
	if (strstr(said, "nsupported") || strstr(said, "not supported") ||
	    strstr(said, "unavailable") || strstr(said, "out-of-order"))
		return archive_fault_set(w, ARCHIVE_FAULT_UNSUPPORTED, "%s", said);
	/* A dictionary may be large; a name or a header that is, is none. */
	bool old = w->result->kind == ARCHIVE_KIND_TAR || w->result->kind == ARCHIVE_KIND_CPIO;
	if (strstr(said, "allocate") && !old)
		return archive_fault_set(w, ARCHIVE_FAULT_UNSUPPORTED, "needs too much memory");
	if (strstr(said, "nrecognized archive") && !old)
		return archive_fault_set(
		    w, ARCHIVE_FAULT_UNSUPPORTED, "libarchive does not recognise it");
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
		magic[i] = (char)archive_stream_byte(&l->stream, (uint64_t)at + i);
	if (strcmp(magic, "070702") != 0)
		return false;
	for (unsigned i = 0; i < 8; i++)
		digits[i] = (char)archive_stream_byte(&l->stream, (uint64_t)at + 102 + i);
	l->sum = 0;
	l->sum_expected = (uint32_t)strtoul(digits, NULL, 16);
	return true;
}

/* Only the oldest headers of LHA may end behind the name, without the CRC of the content. */
static bool
lha_has_crc(struct library *l, struct archive *a)
{
	uint64_t at = (uint64_t)archive_read_header_position(a);
	return archive_stream_byte(&l->stream, at + 20) > 0 ||
	    archive_stream_byte(&l->stream, at) >= 22 + archive_stream_byte(&l->stream, at + 21);
}

static uint32_t
sum_of(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < len; i++)
		sum += p[i];
	return sum;
}

static bool
has_holes(enum archive_kind kind)
{
	return kind == ARCHIVE_KIND_TAR || kind == ARCHIVE_KIND_CPIO || kind == ARCHIVE_KIND_7ZIP;
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
	if (item->type == ARCHIVE_TYPE_FILE && item->size > end) {
		if (!has_holes(l->w->result->kind))
			return archive_fault_set(l->w,
			    l->w->stream_ended ? ARCHIVE_FAULT_TRUNCATED : ARCHIVE_FAULT_DAMAGED,
			    "less content than declared");
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
	if (l->w->result->kind == ARCHIVE_KIND_AR) {
		if (item.name[0] == '/') /* tables for linkers */
			return 0;
		item.type = ARCHIVE_TYPE_FILE; /* there is no other */
	}
	l->summed = l->w->result->kind == ARCHIVE_KIND_CPIO && item.type != ARCHIVE_TYPE_SYMLINK &&
	    read_sum(l, a);
	/* libarchive takes the target of a link as it is, without the CRC of its bytes. */
	if (item.type == ARCHIVE_TYPE_SYMLINK ||
	    (l->w->result->kind == ARCHIVE_KIND_LHA && !lha_has_crc(l, a)))
		l->w->result->checked = false;
	if (archive_begin_item(l->w, &item, &wanted) < 0)
		return -1;
	if (item.encrypted) {
		*encrypted = true;
		return archive_end_item(l->w, &item, 0);
	}
	return read_content(l, a, &item, wanted);
}

/* ---------------------------------------------------------------- ends */

static int
drain(struct library *l)
{
	ssize_t n;
	while ((n = archive_stream_next(&l->stream)) > 0)
		continue;
	return (int)n;
}

static int
end_of_archive(struct library *l, struct archive *a, enum archive_kind kind)
{
	int64_t header = archive_read_header_position(a);
	struct archive_stream *s = &l->stream;
	l->w->result->complete = true;
	if (header < 0)
		return archive_fault_set(l->w, ARCHIVE_FAULT_DAMAGED, "no end was found");
	int r = kind == ARCHIVE_KIND_TAR ? archive_end_tar(s, (uint64_t)header)
	    : kind == ARCHIVE_KIND_CPIO  ? archive_end_cpio(s, (uint64_t)header)
	    : kind == ARCHIVE_KIND_LHA   ? archive_end_lha(s, (uint64_t)header)
					 : 0;
	return r < 0 ? -1 : drain(l);
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

/* ---------------------------------------------------------------- the formats */

static int
support_rar(struct archive *a)
{
	int r = archive_read_support_format_rar(a);
	return r == ARCHIVE_OK ? archive_read_support_format_rar5(a) : r;
}

static int (*reader_of(enum archive_kind kind))(struct archive *)
{
	switch (kind) {
	case ARCHIVE_KIND_TAR:
		return archive_read_support_format_tar;
	case ARCHIVE_KIND_7ZIP:
		return archive_read_support_format_7zip;
	case ARCHIVE_KIND_CPIO:
		return archive_read_support_format_cpio;
	case ARCHIVE_KIND_ISO9660:
		return archive_read_support_format_iso9660;
	case ARCHIVE_KIND_RAR:
		return support_rar;
	case ARCHIVE_KIND_CAB:
		return archive_read_support_format_cab;
	case ARCHIVE_KIND_LHA:
		return archive_read_support_format_lha;
	case ARCHIVE_KIND_XAR:
		return archive_read_support_format_xar;
	case ARCHIVE_KIND_AR:
		return archive_read_support_format_ar;
	case ARCHIVE_KIND_WARC:
		return archive_read_support_format_warc;
	case ARCHIVE_KIND_NONE:
	case ARCHIVE_KIND_ZIP:
		break;
	}
	return archive_read_support_format_empty;
}

/* Formats that jump; an image in a compression is read in order, as nearly all can be. */
static bool
is_seekable(const struct library *l, enum archive_kind kind)
{
	return kind == ARCHIVE_KIND_7ZIP || kind == ARCHIVE_KIND_XAR ||
	    (kind == ARCHIVE_KIND_ISO9660 && codec_input(l->w->codec)->pread &&
		codec_status(l->w->codec)->type == CODEC_NONE);
}

static int
open_reader(struct library *l, struct archive *a, enum archive_kind kind)
{
	bool seekable = is_seekable(l, kind);
	int r = reader_of(kind)(a);
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

static int
walk_with(struct library *l, enum archive_kind kind)
{
	struct archive *a = archive_read_new();
	int r = -1;
	if (!a)
		archive_fault_set(l->w, ARCHIVE_FAULT_UNSUPPORTED, "libarchive does not start");
	else if (open_reader(l, a, kind) == 0)
		r = walk_entries(l, a, kind);
	archive_read_free(a);
	return r;
}

int
archive_walk_library(struct archive_walker *w, enum archive_kind kind)
{
	struct library l = {.w = w, .stream = {.w = w, .block = (const uint8_t *)""}};
	/* Names in pax headers and 7zip are Unicode; they come out as UTF-8 whatever the locale. */
	bool is_utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	locale_t utf8 = is_utf8 ? (locale_t)0 : newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t old = utf8 ? uselocale(utf8) : (locale_t)0;

	l.stream.watch = archive_watch_new(kind);
	w->result->checked = kind == ARCHIVE_KIND_7ZIP || kind == ARCHIVE_KIND_LHA;
	int r = walk_with(&l, kind);
	if (l.stream.watch) {
		archive_watch_judge(l.stream.watch, &l.stream);
		r = w->result->fault ? -1 : 0;
	}
	archive_stream_release(&l.stream);
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
