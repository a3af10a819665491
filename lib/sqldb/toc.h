/*
 * The table of contents that pg_dump writes in front of its custom, directory and tar formats.
 *
 * Source of the format: the writer's own sources, src/bin/pg_dump/pg_backup_archiver.c, WriteHead()
 * and WriteToc(), with the extra bytes per entry of pg_backup_custom.c, _directory.c and _tar.c.
 * Read are the versions 1.10 (PostgreSQL 8.0) to 1.16 (17, 18). Only what has data is kept.
 */
#ifndef SQLDB_TOC_H
#define SQLDB_TOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sqldb/sqldb.h"

enum sqldb_toc_format {
	SQLDB_TOC_CUSTOM = 1,
	SQLDB_TOC_TAR = 3, /* the directory format says tar, too */
	SQLDB_TOC_DIRECTORY = 5,
};

enum sqldb_toc_compression {
	SQLDB_TOC_PLAIN,
	SQLDB_TOC_ZLIB,
	SQLDB_TOC_LZ4,
	SQLDB_TOC_ZSTD,
};

/* The bytes: exactly len of them to data, or dropped if data is NULL. -1: there are not as many. */
struct sqldb_toc_input {
	int (*read)(void *arg, void *data, size_t len);
	void *arg;
};

#define SQLDB_TOC_NAME 128

/* An entry that has data. */
struct sqldb_toc_entry {
	int64_t id;
	bool large_objects;        /* BLOBS; else rows of a table */
	bool copy;                 /* the rows are those of a COPY; else INSERT statements */
	bool seen;                 /* for the caller */
	bool offset_known;         /* custom format, if its writer could go back */
	uint64_t offset;           /* of the data block */
	char name[SQLDB_TOC_NAME]; /* "public.t TABLE DATA", cut */
	char file[SQLDB_TOC_NAME]; /* directory and tar: "3310.dat"; "" in the custom format */
};

struct sqldb_toc {
	unsigned version; /* 0x010e is 1.14 */
	unsigned int_size, offset_size;
	enum sqldb_toc_format format;
	enum sqldb_toc_compression compression;
	char server[48];  /* version of the server that was dumped, as soon as the head was read */
	uint64_t entries; /* of any kind */
	struct sqldb_toc_entry *data;
	size_t data_count, data_cap;
	struct sqldb_toc_entry **index; /* sorted by number, or by file */
	char last[SQLDB_TOC_NAME];      /* the last entry that was read */
	char detail[160];
};

/* Read header and entries: NONE, TRUNCATED, DAMAGED, UNSUPPORTED (another version), LIMIT. */
enum sqldb_fault sqldb_toc_read(struct sqldb_toc *toc, const struct sqldb_toc_input *in);
void sqldb_toc_release(struct sqldb_toc *toc);

/* An integer as the archive writes it (a sign, then int_size bytes): 0, -1 at the end or nonsense. */
int sqldb_toc_int(const struct sqldb_toc *toc, const struct sqldb_toc_input *in, int64_t *ret_v);

/* The entry with data of that number or that file, or NULL. */
struct sqldb_toc_entry *sqldb_toc_find(struct sqldb_toc *toc, int64_t id);
struct sqldb_toc_entry *sqldb_toc_find_file(struct sqldb_toc *toc, const char *file, size_t len);

/* Do the last bytes of the rows of e say that nothing is missing behind them? pg_dump ends a COPY
 * with "\.", and both forms with empty lines. */
bool sqldb_toc_ended(const struct sqldb_toc_entry *e, const char *tail, size_t len);

#endif
