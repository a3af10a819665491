/*
 * archive: walk the entries of an archive, strictly and under limits. Only user of libarchive.
 *
 * Formats: tar (v7, ustar, pax, GNU), zip, 7zip, cpio (newc, crc, odc), iso9660, rar (4 and 5), cab,
 * lha, xar, ar, warc; nothing else is ever tried. The stream comes from lib/codec, so a compressed tar
 * is decoded there, one layer deep; zip, 7zip and xar in one are decoded more than once if they are
 * large, and need a pread then. Every byte of every entry is read and every check of the format is
 * made, whether the visitor wants the data or not; the end marker is demanded (two zero blocks,
 * TRAILER!!!, the end record of a zip with its counts and the central directory against the local
 * headers, the end block of a rar, the sizes in the headers of cab and iso9660, the zero behind an
 * lha), and the stream is drained behind it. ar, other than .deb, and warc have none: they are good,
 * but not `complete`.
 *
 * libarchive cannot unpack every whole rar and cab. Where all their blocks are as they were written (by
 * our own reading of them), and libarchive finds a fault, that is UNSUPPORTED, not DAMAGED.
 *
 * Nothing is written anywhere: names, types and sizes are what the archive says. Whether a name is
 * safe to create is for the caller; archive_item_unsafe() says what a name is.
 *
 * Memory does not grow with the archive, but for a zip whose central directory is not in the order of
 * its entries (16 bytes each then).
 */
#ifndef ARCHIVE_WALK_H
#define ARCHIVE_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "codec/codec.h"

enum archive_kind {
	ARCHIVE_KIND_NONE,
	ARCHIVE_KIND_TAR,
	ARCHIVE_KIND_ZIP,
	ARCHIVE_KIND_7ZIP,
	ARCHIVE_KIND_CPIO,
	ARCHIVE_KIND_ISO9660,
	ARCHIVE_KIND_RAR, /* 4 and 5 */
	ARCHIVE_KIND_CAB,
	ARCHIVE_KIND_LHA,
	ARCHIVE_KIND_XAR,
	ARCHIVE_KIND_AR, /* .deb is one */
	ARCHIVE_KIND_WARC,
};

enum archive_type {
	ARCHIVE_TYPE_FILE,
	ARCHIVE_TYPE_DIRECTORY,
	ARCHIVE_TYPE_SYMLINK,
	ARCHIVE_TYPE_HARDLINK,
	ARCHIVE_TYPE_FIFO,
	ARCHIVE_TYPE_CHAR,
	ARCHIVE_TYPE_BLOCK,
	ARCHIVE_TYPE_SOCKET,
	ARCHIVE_TYPE_OTHER,
};

struct archive_item {
	const char *name; /* raw bytes as in the archive; followed by a NUL that name_len omits */
	size_t name_len;
	enum archive_type type;
	uint64_t size; /* of the content as declared; 0 if it is not known before it is read */
	bool size_known;
	int64_t mtime;      /* seconds, CLOCK_NONE if the archive has none */
	unsigned mode;      /* permission bits, 07777; 0644 or 0755 if the archive has none */
	const char *target; /* of a symbolic or hard link, else NULL */
	size_t target_len;
	uint64_t index; /* 0, 1, 2 … */
	bool encrypted;
};

/* All pointers are valid during the call only. Any function may be NULL. -1 (with err) ends the
 * walk with ARCHIVE_FAULT_STOPPED. */
struct archive_visitor {
	/* An entry begins. 0: its data is only checked; 1: data() wants it. */
	int (*entry)(void *arg, const struct archive_item *item, struct err *err);
	/* A piece of its data; offset grows, holes of sparse files are skipped over. */
	int (*data)(void *arg, const void *data, size_t len, uint64_t offset, struct err *err);
	/* All of its data was there and its checks (CRC, size) passed; size is the real one. */
	int (*end)(void *arg, const struct archive_item *item, uint64_t size, struct err *err);
	void *arg;
};

struct archive_limits {
	uint64_t max_bytes;   /* logical bytes of all entries, holes included; 0 = none */
	uint64_t max_entries; /* 0 = 10,000,000 */
	uint64_t max_ratio;   /* logical bytes : archive bytes, once past ratio_floor; 0 = none */
	uint64_t ratio_floor; /* 0 = 100 MiB */
	int64_t deadline_ms;  /* on clock_mono_ms(); 0 = none */
};

enum archive_fault {
	ARCHIVE_FAULT_NONE,
	ARCHIVE_FAULT_TRUNCATED,   /* ended before its end marker */
	ARCHIVE_FAULT_DAMAGED,     /* a check failed, or the parts contradict each other */
	ARCHIVE_FAULT_BOMB,        /* a limit on bytes, entries or ratio */
	ARCHIVE_FAULT_ENCRYPTED,   /* (some of) its content cannot be read without a key */
	ARCHIVE_FAULT_UNSUPPORTED, /* a method, a volume, a form that cannot be read here */
	ARCHIVE_FAULT_TIME,        /* the deadline */
	ARCHIVE_FAULT_STOPPED,     /* the visitor said so; err is its */
	ARCHIVE_FAULT_INPUT,       /* reading failed; err says why: an error, not a verdict */
};

/* What is worth a warning on an archive that is otherwise good. */
enum archive_warning {
	ARCHIVE_WARN_GARBAGE = 1 << 0,  /* bytes behind its end that are not zero */
	ARCHIVE_WARN_ABSOLUTE = 1 << 1, /* names that begin with "/" */
	ARCHIVE_WARN_DOTDOT = 1 << 2,   /* names with a ".." component */
	ARCHIVE_WARN_SPECIAL = 1 << 3,  /* devices, FIFOs, sockets */
	ARCHIVE_WARN_PREFIX = 1 << 4,   /* bytes before a zip's first entry (self-extracting) */
	ARCHIVE_WARN_ZEROS =
	    1 << 5, /* more zeros behind the end of a tar than fill its last record */
};

struct archive_result {
	enum archive_kind kind;
	enum archive_fault fault;
	unsigned warnings; /* enum archive_warning */
	bool complete;     /* the end marker was seen */
	bool checked;      /* every content byte is covered by a checksum of the archive */
	uint64_t entries;  /* that ended well, of any type */
	uint64_t files;    /* regular files among them */
	uint64_t bytes;    /* content bytes that were read */
	uint64_t offset;   /* in the (decoded) stream, where the fault was noticed */
	char last[256];    /* name of the last entry that ended well, cut if long; raw bytes */
	char detail[192];  /* for a message; "" if there is nothing to say */
};

/* What the first bytes of a (decoded) stream say; give at least 512 if there are as many; for
 * an image (iso9660) 33 KiB. */
enum archive_kind archive_sniff(const void *data, size_t len);

/* What the end of a file name promises, in any case, a rotation number behind it or not. */
struct archive_promise {
	enum codec_type codec; /* CODEC_NONE: none */
	enum archive_kind kind;
	const char *format; /* "tar", "sqlite", "sql", …; NULL: none */
	bool encrypted;
};

void archive_promise_of(const char *name, struct archive_promise *ret_promise);

/* A part of what was split, as its name says: ".aa" (split), ".001" or ".00" to ".09" (split -d, 7z -v)
 * behind a name that promises something, and ".z01" (zip -s). Rotation numbers are not padded. */
bool archive_name_is_part(const char *name);

/* Walk. kind is what archive_sniff() said. The codec must be fresh (peeked at most) and is at its
 * end after a walk without a fault; a fault of the codec becomes one of the archive. limits and
 * visitor may be NULL. Returns 0 when the archive could be judged (see ret_result->fault), -1 with
 * err only for ARCHIVE_FAULT_STOPPED and ARCHIVE_FAULT_INPUT. */
int archive_walk(struct codec *codec, enum archive_kind kind, const struct archive_limits *limits,
    const struct archive_visitor *visitor, struct archive_result *ret_result, struct err *err);

/* Load what the walker needs from files (a UTF-8 character set for the names): to be called before
 * a process is enclosed where it cannot open them. Sets the LC_CTYPE of the process. */
void archive_prepare(void);

/* What a name would do if it were created: NULL if it stays inside, else "absolute", "dotdot",
 * "empty" or "nul". */
const char *archive_item_unsafe(const char *name, size_t len);

const char *archive_kind_name(enum archive_kind kind);    /* "tar" */
const char *archive_fault_name(enum archive_fault fault); /* "truncated" */

#endif
