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

/* ---------------------------------------------------------------- what libarchive leaves open */

/* Some containers say more about themselves than libarchive asks: how long they are, where each block
 * lies, the sums of what is packed. A watch is shown every byte of the stream in order and follows
 * that, whatever libarchive makes of it. */
struct archive_watch;

struct archive_watch *archive_watch_new(enum archive_kind kind); /* NULL: nothing to follow */
void archive_watch_free(struct archive_watch *watch);
void archive_watch_add(struct archive_watch *watch, const uint8_t *data, size_t len);

/* The stream as libarchive is given it. */
#define ARCHIVE_TAIL 4096 /* kept of what was before the present block: enough for any end marker */

struct archive_stream {
	struct archive_walker *w;
	const uint8_t *block; /* what was taken last */
	size_t block_len;
	uint8_t tail[ARCHIVE_TAIL]; /* the bytes before block */
	size_t tail_len;
	uint64_t streamed; /* bytes that were taken */
	uint8_t *aside;    /* what is read out of order */
	struct archive_watch *watch;
};

/* Take the next block: > 0, 0, -1. */
ssize_t archive_stream_next(struct archive_stream *s);
/* Bytes at pos: what is in order comes from the stream, so that whoever digests it sees each byte
 * once; the rest is read aside. */
ssize_t archive_stream_at(struct archive_stream *s, uint64_t pos, const uint8_t **ret_data);
/* The byte at pos, which is in the tail, the block, or still to come: 0 to 255, -1 at the end of the
 * stream, -2 on a fault. */
int archive_stream_byte(struct archive_stream *s, uint64_t pos);
void archive_stream_release(struct archive_stream *s);

/* libarchive is through, or failed: its fault stands in the result. What is left of the stream is read,
 * and the fault dropped, replaced or confirmed. */
void archive_watch_judge(struct archive_watch *watch, struct archive_stream *s);

/* End markers, where the header after the last entry would stand; then the stream is drained. tar: two
 * blocks of zeros; lha: one zero byte; cpio: the name TRAILER!!! behind the header at pos, 110 bytes and
 * the name padded to 4 in newc, 76 and the name in odc. */
int archive_end_tar(struct archive_stream *s, uint64_t pos);
int archive_end_cpio(struct archive_stream *s, uint64_t pos);
int archive_end_lha(struct archive_stream *s, uint64_t pos);

/* The readers. -1: result->fault is set. */
int archive_walk_library(struct archive_walker *w, enum archive_kind kind); /* libarchive */
int archive_walk_zip(struct archive_walker *w);

/* The signature and end header of a 7z archive (7zFormat.txt): in place and with the right CRC. */
int archive_check_7zip(struct archive_walker *w);

/* The table of contents of a xar archive: it is sound, and all that it points to lies in the file.
 * *ret_summed: what each file unpacks to has a checksum that libarchive makes. */
int archive_check_xar(struct archive_walker *w, bool *ret_summed);

#endif
