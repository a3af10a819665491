// The blocks of a cabinet: each block of data of each folder where it should be, by its own checksum.
//
// Layout: [MS-CAB], Cabinet File Format.
#include "archive/watch_private.h"

#define HEADER      36
#define FOLDER      8
#define DATA        8
#define FLAG_SET    3 /* another cabinet comes before or behind it */
#define FLAG_SPARES 4 /* room for others is kept in header, folders and blocks */

enum cab_phase { CAB_HEADER, CAB_SPARES, CAB_FOLDER, CAB_BLOCK, CAB_DATA, CAB_REST };

struct cab {
	enum cab_phase phase;
	uint32_t size;                     /* of the cabinet */
	uint8_t folder_spare, block_spare; /* bytes behind each of them */
	unsigned folders, folder;          /* how many, and the one at hand */
	unsigned block;                    /* of that folder */
	struct {
		uint32_t offset; /* of its first block */
		uint16_t blocks;
	} list[UINT16_MAX];
};

/* Four bytes at a time; those that are left over stand the other way round. */
static uint32_t
checksum(const uint8_t *p, size_t len, uint32_t sum)
{
	uint32_t rest = 0;
	for (; len >= 4; p += 4, len -= 4)
		sum ^= archive_le32(p);
	while (len--)
		rest = rest << 8 | *p++;
	return sum ^ rest;
}

static void
rest(struct archive_watch *watch)
{
	struct cab *c = watch->state;
	c->phase = CAB_REST;
	archive_watch_go(watch, UINT64_MAX, 0);
}

static void
header(struct archive_watch *watch)
{
	const uint8_t *p = watch->data;
	struct cab *c = watch->state;
	unsigned flags = archive_le16(p + 30);
	c->size = archive_le32(p + 8);
	c->folders = archive_le16(p + 26);
	watch->entries = archive_le16(p + 28);
	watch->counts = true;
	if (flags & FLAG_SET) {
		archive_watch_besides(watch, ARCHIVE_FAULT_UNSUPPORTED,
		    "one of several cabinets that belong together");
		rest(watch);
		return;
	}
	c->phase = flags & FLAG_SPARES ? CAB_SPARES : CAB_FOLDER;
	archive_watch_go(watch, 0, flags & FLAG_SPARES ? 4 : FOLDER);
}

static void
spares(struct archive_watch *watch)
{
	struct cab *c = watch->state;
	c->folder_spare = watch->data[2];
	c->block_spare = watch->data[3];
	c->phase = CAB_FOLDER;
	archive_watch_go(watch, archive_le16(watch->data), FOLDER + c->folder_spare);
}

/* The next block of data, of this folder or the next that has any. */
static void
next_block(struct archive_watch *watch)
{
	struct cab *c = watch->state;
	while (c->folder < c->folders && c->block == c->list[c->folder].blocks) {
		c->folder++;
		c->block = 0;
	}
	if (c->folder == c->folders) {
		rest(watch);
		return;
	}
	uint64_t at = c->block ? watch->pos : c->list[c->folder].offset;
	if (at < watch->pos) {
		archive_watch_besides(
		    watch, ARCHIVE_FAULT_UNSUPPORTED, "its folders are not in order");
		rest(watch);
		return;
	}
	c->phase = CAB_BLOCK;
	archive_watch_go(watch, at - watch->pos, DATA + c->block_spare);
}

static void
folder(struct archive_watch *watch)
{
	struct cab *c = watch->state;
	c->list[c->folder].offset = archive_le32(watch->data);
	c->list[c->folder].blocks = archive_le16(watch->data + 4);
	if (++c->folder < c->folders) {
		archive_watch_go(watch, 0, FOLDER + c->folder_spare);
		return;
	}
	c->folder = 0;
	next_block(watch);
}

static void
data(struct archive_watch *watch)
{
	const uint8_t *p = watch->data;
	struct cab *c = watch->state;
	size_t head = DATA + c->block_spare;
	uint32_t stored = archive_le32(p);
	if (!stored)
		watch->unchecked = true;
	else if (checksum(p + 4, head - 4, checksum(p + head, watch->need - head, 0)) != stored)
		archive_watch_fault(
		    watch, ARCHIVE_FAULT_DAMAGED, "a block does not match its checksum");
	c->block++;
	if (!watch->done)
		next_block(watch);
}

static void
piece(struct archive_watch *watch)
{
	struct cab *c = watch->state;
	switch (c->phase) {
	case CAB_HEADER:
		header(watch);
		break;
	case CAB_SPARES:
		spares(watch);
		break;
	case CAB_FOLDER:
		if (c->folders)
			folder(watch);
		else
			rest(watch);
		break;
	case CAB_BLOCK:
		c->phase = CAB_DATA;
		archive_watch_need(watch, watch->need + archive_le16(watch->data + 4));
		break;
	case CAB_DATA:
		data(watch);
		break;
	case CAB_REST:
		watch->done = true;
		break;
	}
}

static void
end(struct archive_watch *watch)
{
	const struct cab *c = watch->state;
	if (c->phase != CAB_REST || watch->pos < c->size)
		archive_watch_fault(
		    watch, ARCHIVE_FAULT_TRUNCATED, "is shorter than its header says");
	watch->complete = true;
}

const struct archive_watcher archive_watch_cab = {
    .piece = piece,
    .end = end,
    .state_size = sizeof(struct cab),
    .first = HEADER,
    .proves = true,
};
