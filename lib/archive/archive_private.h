/*
 * Inside archive: what the readers of the formats share.
 */
#ifndef ARCHIVE_ARCHIVE_PRIVATE_H
#define ARCHIVE_ARCHIVE_PRIVATE_H

#include "archive/archive.h"

struct archive_walker {
	struct codec *codec;
	struct archive_limits limits;
	const struct archive_visitor *visitor; /* NULL: nobody looks */
	struct archive_result *result;
	struct err *err;   /* the caller's; set for STOPPED and INPUT */
	uint64_t read;     /* bytes of the decoded stream that were taken so far */
	uint64_t clock_at; /* content bytes or entries until the next look at the clock */
	bool stream_ended; /* codec_read() gave its 0 */
};

/* The next bytes of the stream, with the faults of the codec turned into ours: > 0, 0, -1. */
ssize_t archive_take(struct archive_walker *w, const uint8_t **ret_data);

/* Set the fault (the first one stays) and its detail; always -1. */
int archive_fault_set(struct archive_walker *w, enum archive_fault fault, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Begin an entry: limits, warnings, visitor. *ret_wanted as visitor->entry said. */
int archive_begin_item(struct archive_walker *w, const struct archive_item *item, bool *ret_wanted);
/* A piece of content; end is the logical size of the entry so far. */
int archive_item_data(struct archive_walker *w, const struct archive_item *item, bool wanted,
    const void *data, size_t len, uint64_t offset, uint64_t *end);
int archive_end_item(struct archive_walker *w, const struct archive_item *item, uint64_t size);

/* The readers. -1: result->fault is set. */
int archive_walk_library(struct archive_walker *w, enum archive_kind kind); /* libarchive */
int archive_walk_zip(struct archive_walker *w);

/* The signature and end header of a 7z archive (7zFormat.txt): in place and with the right CRC. */
int archive_check_7zip(struct archive_walker *w);

#endif
