// The content of a zip, read front to back in one pass: local headers against the directory, CRCs.
#include "archive/zip_private.h"

#define LOCAL_SIZE 30
#define TARGET_MAX 65536 /* of a symbolic link, whose target is its content */
#define CARRY_SIZE (LOCAL_SIZE + 65536)

enum zip_method {
	ZIP_STORED = 0,
	ZIP_DEFLATE = 8,
	ZIP_BZIP2 = 12,
	ZIP_LZMA = 14,
	ZIP_ZSTD = 93,
	ZIP_XZ = 95
};

struct zip {
	struct archive_walker *w;
	struct zip_directory dir;
	/* the stream */
	uint64_t pos; /* of the next byte at in */
	const uint8_t *in;
	size_t in_len;
	const uint8_t *next; /* what follows in */
	size_t next_len;
	uint8_t *carry;
	/* the entry under way */
	uint64_t packed_left;
	struct codec *deflate; /* kept from entry to entry */
	struct buf target;
	bool encrypted;
	char unsupported[64];
};

static int
damaged(struct zip *z, const char *what)
{
	return archive_fault_set(z->w, ARCHIVE_FAULT_DAMAGED, "%s", what);
}

/* ---------------------------------------------------------------- the stream */

static int
refill(struct zip *z, const uint8_t **ret_data, size_t *ret_len)
{
	if (z->next_len) {
		*ret_data = z->next;
		*ret_len = z->next_len;
		z->next_len = 0;
		return 0;
	}
	ssize_t n = z->w->stream_ended ? 0 : archive_take(z->w, ret_data);
	if (n < 0)
		return -1;
	*ret_len = (size_t)n;
	return 0;
}

/* len bytes in one piece at z->in, or a fault. */
static int
need(struct zip *z, size_t len)
{
	while (z->in_len < len) {
		const uint8_t *data = NULL;
		size_t n = 0;
		if (z->in_len && z->in != z->carry)
			memmove(z->carry, z->in, z->in_len);
		if (refill(z, &data, &n) < 0)
			return -1;
		if (!n)
			return archive_fault_set(z->w, ARCHIVE_FAULT_TRUNCATED, "ends too early");
		if (!z->in_len) {
			z->in = data;
			z->in_len = n;
			continue;
		}
		size_t take = len - z->in_len < n ? len - z->in_len : n;
		memcpy(z->carry + z->in_len, data, take);
		z->in = z->carry;
		z->in_len += take;
		z->next = data + take;
		z->next_len = n - take;
	}
	return 0;
}

static void
used(struct zip *z, size_t len)
{
	z->in += len;
	z->in_len -= len;
	z->pos += len;
}

static int
skip_to(struct zip *z, uint64_t pos)
{
	while (z->pos < pos) {
		if (need(z, 1) < 0)
			return -1;
		used(z, pos - z->pos < z->in_len ? (size_t)(pos - z->pos) : z->in_len);
	}
	return 0;
}

/* The packed bytes of one entry, for its decompressor. */
static ssize_t
read_packed(void *arg, const uint8_t **ret_data, struct err *err)
{
	struct zip *z = arg;
	if (!z->packed_left)
		return 0;
	if (need(z, 1) < 0)
		return err_set(err, ERR_FORMAT, "the archive ends too early");
	size_t n = z->in_len < z->packed_left ? z->in_len : (size_t)z->packed_left;
	*ret_data = z->in;
	z->packed_left -= n;
	used(z, n);
	return (ssize_t)n;
}

/* ---------------------------------------------------------------- headers */

/* The local header says the same as the directory. Returns with the stream at the content. */
static int
read_local(struct zip *z, const struct zip_entry *e)
{
	if (need(z, LOCAL_SIZE) < 0)
		return -1;
	const uint8_t *p = z->in;
	if (archive_zip_le32(p) != 0x04034b50)
		return damaged(z, "an entry has no local header");
	size_t name = archive_zip_le16(p + 26), extra = archive_zip_le16(p + 28);
	uint16_t flags = archive_zip_le16(p + 6);
	uint32_t packed = archive_zip_le32(p + 18), size = archive_zip_le32(p + 22);
	bool known = !(flags & ZIP_FLAG_DESCRIPTOR) && !(flags & ZIP_FLAG_MASKED);
	if (archive_zip_le16(p + 8) != e->method || name != e->name_len ||
	    ((flags ^ e->flags) & (ZIP_FLAG_ENCRYPTED | ZIP_FLAG_DESCRIPTOR)) ||
	    (known &&
		(archive_zip_le32(p + 14) != e->crc ||
		    (packed != UINT32_MAX && packed != e->packed) ||
		    (size != UINT32_MAX && size != e->size))))
		return damaged(z, "a local header and the central directory contradict each other");
	if (need(z, LOCAL_SIZE + name) < 0)
		return -1;
	if (!(flags & ZIP_FLAG_MASKED) && memcmp(z->in + LOCAL_SIZE, e->name, name) != 0)
		return damaged(z, "a local header and the central directory name different files");
	used(z, LOCAL_SIZE + name);
	return skip_to(z, z->pos + extra);
}

/* Behind the content: CRC and sizes, of 4 or 8 bytes, with or without a signature (4.3.9). */
static int
read_descriptor(struct zip *z, const struct zip_entry *e)
{
	static const struct {
		size_t skip, width;
	} forms[] = {{4, 4}, {4, 8}, {0, 4}, {0, 8}};
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		size_t width = forms[i].width, len = forms[i].skip + 4 + 2 * width;
		if (need(z, len) < 0)
			return -1;
		const uint8_t *p = z->in + forms[i].skip;
		if (forms[i].skip && archive_zip_le32(z->in) != 0x08074b50)
			continue;
		uint64_t packed = width == 8 ? archive_zip_le64(p + 4) : archive_zip_le32(p + 4);
		uint64_t size = width == 8 ? archive_zip_le64(p + 12) : archive_zip_le32(p + 8);
		uint64_t mask = width == 8 ? UINT64_MAX : UINT32_MAX;
		if (archive_zip_le32(p) != e->crc || packed != (e->packed & mask) ||
		    size != (e->size & mask))
			continue;
		used(z, len);
		return 0;
	}
	return damaged(z, "a data descriptor contradicts the central directory");
}

/* ---------------------------------------------------------------- content */

static enum codec_type
codec_of(uint16_t method)
{
	switch ((enum zip_method)method) {
	case ZIP_DEFLATE:
		return CODEC_DEFLATE;
	case ZIP_BZIP2:
		return CODEC_BZIP2;
	case ZIP_LZMA:
		return CODEC_ZIPLZMA;
	case ZIP_ZSTD:
		return CODEC_ZSTD;
	case ZIP_XZ:
		return CODEC_XZ;
	case ZIP_STORED:
		break;
	}
	return CODEC_NONE;
}

static int
open_content(struct zip *z, const struct zip_entry *e, struct codec **ret_codec)
{
	struct codec_input input = {.read = read_packed, .arg = z};
	enum codec_type type = codec_of(e->method);
	if (type == CODEC_DEFLATE && z->deflate) {
		*ret_codec = z->deflate;
		return codec_reopen(z->deflate, &input, z->w->err);
	}
	if (codec_open_as(ret_codec, type, &input, NULL, z->w->err) < 0)
		return archive_fault_set(z->w, ARCHIVE_FAULT_UNSUPPORTED, "no decompressor starts");
	if (type == CODEC_DEFLATE)
		z->deflate = *ret_codec;
	return 0;
}

static int
content_fault(struct zip *z, const struct codec *c)
{
	const struct codec_status *s = codec_status(c);
	if (s->fault == CODEC_FAULT_MEMORY)
		return archive_fault_set(z->w, ARCHIVE_FAULT_UNSUPPORTED, "needs too much memory");
	/* The bounds of the entry are known: what ends too early inside them is damage. */
	return archive_fault_set(z->w, ARCHIVE_FAULT_DAMAGED, "an entry: %s",
	    *s->detail ? s->detail : codec_fault_name(s->fault));
}

/* Decode and check; the bytes go to the visitor, or to target if that is not NULL. */
static int
read_content(struct zip *z, const struct zip_entry *e, const struct archive_item *item, bool wanted,
    struct buf *target)
{
	struct codec *c = NULL;
	uint64_t end = 0;
	uint32_t crc = 0;
	const uint8_t *data;
	ssize_t n;
	int r = -1;
	z->packed_left = e->packed;
	if (open_content(z, e, &c) < 0)
		return -1;
	while ((n = codec_read(c, &data, NULL)) > 0) {
		crc = codec_crc32(crc, data, (size_t)n);
		if (target)
			buf_add(target, data, (size_t)n);
		if (archive_item_data(z->w, item, wanted, data, (size_t)n, end, &end) < 0)
			goto out;
	}
	if (n < 0) {
		content_fault(z, c);
		goto out;
	}
	if (codec_status(c)->garbage || z->packed_left)
		damaged(z, "an entry is larger than its content");
	else if (end != e->size)
		damaged(z, "an entry does not have the size that it says");
	else if (crc != e->crc)
		damaged(z, "an entry does not have the CRC that it says");
	else
		r = 0;
out:
	if (c != z->deflate)
		codec_close(c);
	return r;
}

/* ---------------------------------------------------------------- entries */

static void
fill_item(struct zip *z, const struct zip_entry *e, const char *name, struct archive_item *item)
{
	unsigned mode = e->made_by >> 8 == 3 || e->made_by >> 8 == 19 ? e->attributes >> 16 : 0;
	bool slash = e->name_len && name[e->name_len - 1] == '/';
	*item = (struct archive_item){
	    .name = name,
	    .name_len = e->name_len,
	    .size = e->size,
	    .size_known = true,
	    .mtime = e->mtime,
	    .mode = mode & 07777,
	    .index = z->w->result->entries,
	    .encrypted = e->flags & (ZIP_FLAG_ENCRYPTED | ZIP_FLAG_MASKED),
	};
	switch (mode & 0170000) {
	case 0040000:
		item->type = ARCHIVE_TYPE_DIRECTORY;
		break;
	case 0120000:
		item->type = ARCHIVE_TYPE_SYMLINK;
		break;
	case 0010000:
		item->type = ARCHIVE_TYPE_FIFO;
		break;
	case 0020000:
		item->type = ARCHIVE_TYPE_CHAR;
		break;
	case 0060000:
		item->type = ARCHIVE_TYPE_BLOCK;
		break;
	case 0140000:
		item->type = ARCHIVE_TYPE_SOCKET;
		break;
	default:
		item->type = slash ? ARCHIVE_TYPE_DIRECTORY : ARCHIVE_TYPE_FILE;
		break;
	}
	if (!mode)
		item->mode = item->type == ARCHIVE_TYPE_DIRECTORY ? 0755 : 0644;
}

static bool
can_decode(uint16_t method)
{
	return method == ZIP_STORED || codec_of(method) != CODEC_NONE;
}

/* An entry that cannot be looked into: past it, remembering why. */
static int
pass_over(struct zip *z, const struct zip_entry *e, const struct archive_item *item)
{
	bool wanted;
	if (item->encrypted)
		z->encrypted = true;
	else
		snprintf(
		    z->unsupported, sizeof(z->unsupported), "compression method %u", e->method);
	if (archive_begin_item(z->w, item, &wanted) < 0 || skip_to(z, z->pos + e->packed) < 0)
		return -1;
	return archive_end_item(z->w, item, 0);
}

static int
read_entry(struct zip *z, const struct zip_entry *e, const char *name)
{
	struct archive_item item;
	bool wanted;
	if (e->offset < z->pos)
		return archive_fault_set(z->w, ARCHIVE_FAULT_BOMB, "entries overlap");
	if (skip_to(z, e->offset) < 0 || read_local(z, e) < 0)
		return -1;
	fill_item(z, e, name, &item);
	if (item.encrypted || !can_decode(e->method))
		return pass_over(z, e, &item);
	if (item.type == ARCHIVE_TYPE_SYMLINK) {
		buf_clear(&z->target);
		if (e->size > TARGET_MAX)
			return damaged(z, "a symbolic link is too long");
		if (read_content(z, e, &item, false, &z->target) < 0)
			return -1;
		item.target = z->target.data;
		item.target_len = z->target.len;
		item.size = 0;
		if (archive_begin_item(z->w, &item, &wanted) < 0)
			return -1;
	} else if (archive_begin_item(z->w, &item, &wanted) < 0 ||
	    read_content(z, e, &item, wanted, NULL) < 0) {
		return -1;
	}
	if ((e->flags & ZIP_FLAG_DESCRIPTOR) && read_descriptor(z, e) < 0)
		return -1;
	return archive_end_item(z->w, &item, item.size);
}

static int
walk(struct zip *z)
{
	struct zip_directory *d = &z->dir;
	struct buf name = BUF_INIT;
	uint64_t pos = d->offset;
	int r = -1;
	for (uint64_t i = 0; i < d->count; i++) {
		struct zip_entry e;
		pos = archive_zip_pos(d, i, pos);
		if (archive_zip_entry(d, pos, &e) < 0)
			goto out;
		pos = e.next;
		buf_clear(&name); /* the directory's buffer may move on */
		buf_add(&name, e.name, e.name_len);
		if (read_entry(z, &e, name.data) < 0)
			goto out;
	}
	if (z->pos > d->offset) {
		archive_fault_set(z->w, ARCHIVE_FAULT_DAMAGED, "entries overlap the directory");
		goto out;
	}
	const uint8_t *data;
	ssize_t n = 1;
	while (!z->w->stream_ended && n > 0)
		n = archive_take(z->w, &data);
	if (n < 0)
		goto out;
	z->w->result->complete = true;
	r = 0;
out:
	buf_release(&name);
	return r;
}

int
archive_walk_zip(struct archive_walker *w)
{
	struct zip z = {.w = w, .target = BUF_INIT_MAX(TARGET_MAX)};
	int r = -1;
	if (!codec_input(w->codec)->pread || codec_status(w->codec)->type != CODEC_NONE)
		return archive_fault_set(
		    w, ARCHIVE_FAULT_UNSUPPORTED, "a zip archive inside a compression");
	z.carry = mem_alloc(CARRY_SIZE);
	w->result->checked = true;
	if (archive_zip_open(w, &z.dir) == 0)
		r = walk(&z);
	if (r == 0 && z.encrypted)
		r = archive_fault_set(w, ARCHIVE_FAULT_ENCRYPTED, "encrypted entries");
	if (r == 0 && *z.unsupported)
		r = archive_fault_set(w, ARCHIVE_FAULT_UNSUPPORTED, "%s", z.unsupported);
	archive_zip_release(&z.dir);
	codec_close(z.deflate);
	buf_release(&z.target);
	free(z.carry);
	return r;
}
