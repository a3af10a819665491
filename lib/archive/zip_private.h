/*
 * Inside archive: the parts of a zip (APPNOTE.TXT 6.3.10), shared by zip.c and zip_directory.c.
 */
#ifndef ARCHIVE_ZIP_PRIVATE_H
#define ARCHIVE_ZIP_PRIVATE_H

#include "archive/archive_private.h"

#define ZIP_FLAG_ENCRYPTED  1
#define ZIP_FLAG_DESCRIPTOR 8
#define ZIP_FLAG_MASKED     0x2000

/* One entry as the central directory has it. */
struct zip_entry {
	uint16_t made_by, flags, method;
	uint16_t dos_time, dos_date;
	uint32_t crc, attributes;
	uint64_t packed, size;
	uint64_t offset; /* of its local header, in the file */
	const uint8_t *name;
	size_t name_len;
	int64_t mtime; /* from its extra fields or the DOS time */
	uint64_t next; /* where the record after it begins */
};

/* The central directory, read in pieces. */
struct zip_directory {
	struct archive_walker *w;
	uint64_t offset, size, count; /* in the file, in bytes, in entries */
	uint64_t base;                /* bytes before the archive: all offsets are from here */
	uint64_t end;                 /* of the archive, its comment included */
	uint64_t
	    *order; /* pairs (local header, record), sorted; NULL if they are in order anyway */
	uint8_t *buf;
	uint64_t buf_at;
	size_t buf_len;
};

uint16_t archive_zip_le16(const uint8_t *p);
uint32_t archive_zip_le32(const uint8_t *p);
uint64_t archive_zip_le64(const uint8_t *p);

/* Find the end records, check that they agree with the file and with the directory: every record in
 * it is sound, as many as promised, none of them overlapping. -1: fault set. */
int archive_zip_open(struct archive_walker *w, struct zip_directory *d);
void archive_zip_release(struct zip_directory *d);

/* Read the record at offset pos of the file; name is valid until the next call. */
int archive_zip_entry(struct zip_directory *d, uint64_t pos, struct zip_entry *ret_entry);

/* The position of the record of the i-th entry by local header; pos is where the one before ended. */
uint64_t archive_zip_pos(const struct zip_directory *d, uint64_t i, uint64_t pos);

#endif
