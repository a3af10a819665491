// The volume descriptors of an ISO 9660 image: how long it is, and what it holds beside that tree.
//
// Layout: ECMA-119 8, 9; the sequence goes on with the descriptors of ECMA-167 (UDF).
#include "archive/watch_private.h"

#define SECTOR      2048
#define FIRST       16  /* sector */
#define DESCRIPTORS 100 /* more are none */

struct iso9660 {
	bool begun;
	unsigned seen;
	uint64_t size; /* of the volume, bytes */
};

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Each number stands there twice, in both orders. */
static void
primary(struct archive_watch *watch)
{
	struct iso9660 *i = watch->state;
	const uint8_t *p = watch->data;
	uint32_t blocks = archive_le32(p + 80);
	if (i->size)
		return;
	if (blocks != be32(p + 84))
		archive_watch_fault(
		    watch, ARCHIVE_FAULT_DAMAGED, "its volume descriptor contradicts itself");
	i->size = (uint64_t)blocks * archive_le16(p + 128);
}

static void
rest(struct archive_watch *watch)
{
	struct iso9660 *i = watch->state;
	i->seen = DESCRIPTORS;
	archive_watch_go(watch, UINT64_MAX, 0);
}

static void
piece(struct archive_watch *watch)
{
	struct iso9660 *i = watch->state;
	const uint8_t *p = watch->data;
	if (!i->begun) {
		i->begun = true;
		archive_watch_go(watch, FIRST * SECTOR - 1, SECTOR);
		return;
	}
	if (!memcmp(p + 1, "NSR0", 4))
		archive_watch_besides(watch, ARCHIVE_FAULT_UNSUPPORTED,
		    "it holds a UDF file system, which is not looked into");
	if (!memcmp(p, "\1CD001", 6))
		primary(watch);
	bool known = !memcmp(p + 1, "CD001", 5) || !memcmp(p + 1, "BEA01", 5) ||
	    !memcmp(p + 1, "NSR0", 4) || !memcmp(p + 1, "TEA01", 5) || !memcmp(p + 1, "BOOT2", 5);
	if (!known || ++i->seen >= DESCRIPTORS)
		rest(watch);
	else if (!watch->done)
		archive_watch_go(watch, 0, SECTOR);
}

static void
end(struct archive_watch *watch)
{
	const struct iso9660 *i = watch->state;
	if (i->seen < DESCRIPTORS)
		archive_watch_fault(
		    watch, ARCHIVE_FAULT_TRUNCATED, "ends inside its volume descriptors");
	else if (watch->pos < i->size)
		archive_watch_fault(
		    watch, ARCHIVE_FAULT_TRUNCATED, "is shorter than its volume descriptor says");
	watch->complete = true;
}

const struct archive_watcher archive_watch_iso9660 = {
    .piece = piece,
    .end = end,
    .state_size = sizeof(struct iso9660),
    .first = 1,
};
