/*
 * Inside verify: the one pass over a file, and what a format gives content.c.
 */
#ifndef VERIFY_VERIFY_PRIVATE_H
#define VERIFY_VERIFY_PRIVATE_H

#include "archive/archive.h"
#include "codec/codec.h"
#include "sqldb/sqldb.h"
#include "verify/verify.h"

/* ---------------------------------------------------------------- the one pass (input.c) */

#define VERIFY_BLOCK  (256 * 1024)
#define VERIFY_BLOCKS 4

struct verify_hasher; /* a thread that digests blocks behind the reader */

/* What a worker keeps from file to file. */
struct verify_context {
	uint8_t *blocks; /* VERIFY_BLOCKS of VERIFY_BLOCK bytes */
	struct hash *hashes[VERIFY_DIGESTS];
	struct hash_pair *pair; /* NULL: none yet, or none to be had */
	bool no_pair;
	struct verify_limits limits;
};

void verify_context_init(struct verify_context *c, const struct verify_limits *limits);
void verify_context_release(struct verify_context *c);

struct verify_input {
	struct verify_context *context;
	int fd;
	uint64_t size;
	uint64_t pos;     /* of the next byte to read */
	uint64_t dropped; /* up to here the page cache was left as it was found */
	uint64_t cached;  /* bit i: stripe i of 64 was in the page cache before */
	size_t block;     /* the block that is filled next; with a hasher they go round */
	struct verify_hasher *hasher; /* NULL: digests are taken in place */
	unsigned digests;             /* how many of context->hashes are in use */
	bool ask_cache;  /* the first read says whether the file was in the page cache */
	bool short_read; /* the last one gave less than was asked for */
	bool ended;
	int error; /* errno of a read that failed */
};

/* threaded: digests are computed beside whatever the caller does with the blocks. */
int verify_input_open(struct verify_input *in, struct verify_context *c, int fd, uint64_t size,
    uint64_t cached, const char *const algorithms[VERIFY_DIGESTS], bool threaded, struct err *err);
/* The next bytes, digested already, valid until the next call: their number, 0 at the end, -1. */
ssize_t verify_input_read(struct verify_input *in, const uint8_t **ret_data, struct err *err);
/* Read what is left, finish the digests. */
int verify_input_finish(
    struct verify_input *in, struct verify_digest digests[VERIFY_DIGESTS], struct err *err);
void verify_input_close(struct verify_input *in); /* after finish, or instead of it */

/* The same as a codec_input, arg is in. */
struct codec_input verify_input_codec(struct verify_input *in);

/* Which of 64 stripes of the file are in the page cache. To be asked as whoever opened it. */
uint64_t verify_cached(int fd, uint64_t size);

/* ---------------------------------------------------------------- formats (content.c) */

struct verify_format;

/* A format looks at a decoded stream. */
struct verify_stream {
	const struct verify_format *format; /* that is asked, or looks */
	struct codec *codec;                /* fresh but peeked */
	const uint8_t *head; /* the first bytes, valid until the first codec_read() */
	size_t head_len;
	const char *name; /* base name of the file, "" if unknown */
	bool data;        /* nothing in it is to be recognised (VERIFY_ROLE_DATA) */
	int manifest;     /* a backup_manifest that lists the members, open; -1: none */
	const struct verify_limits *limits;
	int64_t deadline_ms;        /* on clock_mono_ms(); 0 = none */
	struct verify_content *out; /* preset: verdict pass, level complete */
};

struct verify_format {
	const char *name;          /* in the record */
	enum archive_kind archive; /* of what is an archive */
	bool anywhere; /* check reads at any place of the input: codec_input(), not codec_read() */
	/* Are these first bytes (up to 64 KiB) of this format? */
	bool (*bid)(const struct verify_stream *s);
	/* Read the stream to its end; set verdict, reason, level, last, entries, detail. What the
	 * codec finds is added by the caller. -1: reading failed. */
	int (*check)(struct verify_stream *s, struct err *err);
};

extern const struct verify_format verify_format_basebackup;
extern const struct verify_format verify_format_pgtar;
extern const struct verify_format verify_format_tar;
extern const struct verify_format verify_format_zip;
extern const struct verify_format verify_format_7zip;
extern const struct verify_format verify_format_cpio;
extern const struct verify_format verify_format_iso9660;
extern const struct verify_format verify_format_rar;
extern const struct verify_format verify_format_cab;
extern const struct verify_format verify_format_lha;
extern const struct verify_format verify_format_xar;
extern const struct verify_format verify_format_ar;
extern const struct verify_format verify_format_warc;
extern const struct verify_format verify_format_encrypted;
extern const struct verify_format verify_format_postgresql;
extern const struct verify_format verify_format_pgcustom;
extern const struct verify_format verify_format_mysql;
extern const struct verify_format verify_format_sqlite_dump;
extern const struct verify_format verify_format_sqlite;
extern const struct verify_format verify_format_redis;
extern const struct verify_format verify_format_redis_aof;
extern const struct verify_format verify_format_mongodump;
extern const struct verify_format verify_format_ldif;
extern const struct verify_format verify_format_qcow2;
extern const struct verify_format verify_format_sql;

/* Set the verdict; the first one stays. Always returns 0. */
int verify_content_set(struct verify_content *c, enum record_verdict verdict,
    enum verify_reason reason, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Are the first bytes those of that kind of archive? */
bool verify_archive_is(const struct verify_stream *s, enum archive_kind kind);
/* The strict walk of lib/archive as a verdict; visitor may be NULL. */
int verify_archive_check(struct verify_stream *s, enum archive_kind kind,
    const struct archive_visitor *visitor, struct err *err);

/* What the reader of a table of contents of pg_dump found wrong, as a verdict. Always returns 0. */
int
verify_toc_fault(struct verify_content *out, enum sqldb_fault fault, const struct sqldb_toc *toc);

/* The whole of content verification over an input; of job name, role and aside count. -1: reading
 * failed. */
int verify_content_check(const struct codec_input *input, const struct verify_job *job,
    const struct verify_limits *limits, int64_t deadline_ms, struct verify_content *ret_content,
    struct err *err);

/* A backup in many files (set.c): what the file of job says belongs to it, against aside, what is
 * there. */
void verify_set_check(const struct verify_job *job, struct verify_content *out);

/* A sample of the decoded bytes (sample.c), zeroed before its first use. */
struct verify_sample {
	uint32_t counts[256];
	uint32_t total;
	size_t left;   /* of a piece that goes on in the next block */
	uint64_t next; /* where the next piece begins */
};
void verify_sample_add(void *arg, uint64_t pos, const uint8_t *data, size_t len);
/* Thousandths of a bit a byte, at least 1; 0: too few bytes to say. */
unsigned verify_sample_entropy(const struct verify_sample *sample);

/* What begins like the known beginning of a format, and is shorter, was cut before it could be
 * recognised: the name of the format, or NULL. */
const char *verify_begins_like(const uint8_t *data, size_t len);

/* ---------------------------------------------------------------- lines of a stream (lines.c) */

/* Text dumps are looked at line by line; of a long line only the beginning is kept. */
#define VERIFY_LINE_KEPT 512

struct verify_lines {
	struct codec *codec;
	const uint8_t *in;
	size_t in_len;
	char line[VERIFY_LINE_KEPT + 1];
	size_t len;      /* of what is kept */
	char end[3];     /* the last two bytes of the line, "" padded */
	uint64_t full;   /* length of the whole line */
	uint64_t offset; /* of its first byte */
	bool newline;    /* it ended with one */
};

/* 1 a line, 0 the end, -1 a fault of the codec. */
int verify_lines_next(struct verify_lines *l, struct err *err);

/* ---------------------------------------------------------------- bytes of a stream (bytes.c) */

/* A decoded stream from its first byte to its last, for formats that count bytes. */
struct verify_bytes {
	struct codec *codec;
	const uint8_t *in; /* not yet taken */
	size_t in_len;
	uint64_t pos; /* of the next byte */
	bool ended;   /* there are no more */
	bool faulty;  /* the codec has a fault: it says what is wrong */
};

/* Exactly len bytes to data, or dropped if data is NULL: 0, -1 if the stream has not as many. */
int verify_bytes_take(struct verify_bytes *b, void *data, size_t len);
/* What is at hand, at most max bytes, valid until the next call: 0 at the end, -1 a fault. */
ssize_t verify_bytes_some(struct verify_bytes *b, const uint8_t **ret_data, size_t max);
bool verify_bytes_at_end(struct verify_bytes *b);

void verify_tail_add(struct verify_tail *t, const void *data, size_t len);

/* ---------------------------------------------------------------- dumps as text (dump.c) */

/* What the dialects share: beginnings and ends counted, statements, the last object. */
struct verify_dump {
	struct verify_content *out;
	struct verify_lines l;
	uint64_t begun, ended;
	uint64_t statements;
	bool after_end;  /* only comments and blank lines since the last end */
	bool blank;      /* the last line was empty */
	bool unfinished; /* it had no newline */
	bool statement;  /* it ended one */
};

/* All lines through line(), which is not shown the empty ones unless with_blank. -1: the codec has a
 * fault, and there is nothing to judge. */
int verify_dump_read(struct verify_dump *d, struct verify_stream *s, bool with_blank,
    void (*line)(struct verify_dump *d));
/* The object that is at hand, and one more of them. */
void verify_dump_object(struct verify_dump *d, const char *name, size_t len);
/* As many ends as beginnings, nothing behind the last, statements in it. Always returns 0. */
int verify_dump_judge(struct verify_dump *d, const char *marker);
int verify_dump_cut(struct verify_dump *d, const char *how);

/* ---------------------------------------------------------------- names (names.c) */

struct verify_names {
	char **items;
	size_t count, cap;
};

void verify_names_add(struct verify_names *n, const char *name, size_t len);
void verify_names_release(struct verify_names *n);
/* The first of wanted that is not there, or NULL; sorts there. */
const char *verify_names_missing(const struct verify_names *wanted, struct verify_names *there);
/* The names in a list of large objects of pg_dump: lines of OID SP NAME. */
void verify_names_of_list(struct verify_names *n, const char *text, size_t len);

/* A whole table of contents of pg_dump. */
enum sqldb_fault verify_toc_of(struct sqldb_toc *toc, const char *data, size_t len);

/* ---------------------------------------------------------------- CRC-64 (crc64.c) */

struct verify_crc64 {
	uint64_t table[8][256];
};

void verify_crc64_init(struct verify_crc64 *c, uint64_t polynomial); /* reflected */
uint64_t verify_crc64_add(const struct verify_crc64 *c, uint64_t crc, const uint8_t *p, size_t len);

/* ---------------------------------------------------------------- commands of Redis (resp.c) */

enum verify_resp_state {
	VERIFY_RESP_START, /* between commands */
	VERIFY_RESP_COMMENT,
	VERIFY_RESP_ARGUMENT,
	VERIFY_RESP_DATA,
};

/* Zero is the beginning. */
struct verify_resp {
	enum verify_resp_state state;
	bool bad, in_multi;
	bool first;         /* the argument is the name of the command */
	uint64_t commands;  /* that are whole */
	uint64_t arguments; /* still to come */
	uint64_t left;      /* of the present one, with its CR LF */
	uint64_t pos;
	char line[24], name[8];
	size_t line_len;
};

void verify_resp_add(struct verify_resp *r, const uint8_t *p, size_t len);
/* Always returns 0. */
int verify_resp_judge(const struct verify_resp *r, struct verify_content *out);

#endif
