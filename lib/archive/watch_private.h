/*
 * Inside archive: what follows the structure of a container beside libarchive. One file and one row in
 * watch.c per format.
 */
#ifndef ARCHIVE_WATCH_PRIVATE_H
#define ARCHIVE_WATCH_PRIVATE_H

#include "archive/archive_private.h"

struct archive_watcher {
	/* The bytes that were asked for are at watch->data. Asks for more, or goes on. */
	void (*piece)(struct archive_watch *watch);
	/* The stream ended before done: sets a fault, unless it may end here. */
	void (*end)(struct archive_watch *watch);
	size_t state_size;
	size_t first; /* bytes that it asks for first */
	/* It has seen that all blocks are as they were written: what libarchive cannot read then is
	 * libarchive's trouble, not the backup's. */
	bool proves;
};

struct archive_watch {
	const struct archive_watcher *kind;
	void *state;
	uint8_t *data;
	size_t have, need, cap;
	uint64_t skip; /* bytes to pass by before the next piece */
	uint32_t crc;  /* CRC-32 of them */
	uint64_t pos;  /* in the stream, of the next byte */
	bool done;     /* what follows is not looked at */
	/* what was found */
	enum archive_fault fault;
	char detail[96];
	uint64_t fault_at;
	enum archive_fault besides; /* ENCRYPTED, UNSUPPORTED: said if nothing is broken */
	const char *besides_detail;
	bool complete;    /* its end was seen */
	bool unchecked;   /* some of the content has no sum */
	uint64_t entries; /* libarchive must find any, if there are any */
	bool counts;      /* and as many */
};

/* Keep what is at data and ask for so many bytes in all. */
void archive_watch_need(struct archive_watch *watch, size_t need);
/* Pass by skip bytes, then ask for need; 0: only to be told. */
void archive_watch_go(struct archive_watch *watch, uint64_t skip, size_t need);
/* What it found; the first fault stays, and nothing behind it is looked at. */
void archive_watch_fault(struct archive_watch *watch, enum archive_fault fault, const char *detail);
/* Something that keeps it from being looked into; the first one stays. */
void
archive_watch_besides(struct archive_watch *watch, enum archive_fault fault, const char *detail);

static inline uint16_t
archive_le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t
archive_le32(const uint8_t *p)
{
	return archive_le16(p) | (uint32_t)archive_le16(p + 2) << 16;
}

extern const struct archive_watcher archive_watch_rar;
extern const struct archive_watcher archive_watch_cab;
extern const struct archive_watcher archive_watch_iso9660;
extern const struct archive_watcher archive_watch_warc;
extern const struct archive_watcher archive_watch_ar;

#endif
