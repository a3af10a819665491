/*
 * codec: decompressors with their own checks, always read to the end.
 *
 * A struct codec turns the bytes of an input into the bytes that were compressed. It finds the
 * format by its magic, one layer deep; what has no known magic passes through as it is
 * (CODEC_NONE). All members, streams and frames of a file are decoded, every embedded checksum and
 * length is checked, and what follows the last member is looked at: zeros are padding, anything
 * else is reported. Memory is bounded; the input decides nothing about it.
 *
 * Damage is not an error of ours: codec_read() returns -1 for it as for an error, and
 * codec_status()->fault tells the two apart (CODEC_FAULT_INPUT is an error of the input).
 *
 * Formats: gzip RFC 1952, bzip2, xz (tukaani.org/xz/xz-file-format.txt), lzip (RFC draft
 * diaz-lzip), zstd RFC 8878, lz4 frame (lz4_Frame_format.md), compress. CODEC_LZMA (.lzma) has no check,
 * CODEC_COMPRESS (.Z) no end either.
 * The last three are for what is inside an archive and are never found by magic.
 */
#ifndef CODEC_CODEC_H
#define CODEC_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/base.h"

enum codec_type {
	CODEC_NONE,
	CODEC_GZIP,
	CODEC_BZIP2,
	CODEC_XZ,
	CODEC_ZSTD,
	CODEC_LZ4,
	CODEC_LZIP,
	CODEC_LZMA,
	CODEC_COMPRESS, /* .Z: no checksum, and nothing says where it ends */
	CODEC_DEFLATE,  /* raw deflate */
	CODEC_ZLIB,     /* RFC 1950: deflate with an Adler-32, inside archives of pg_dump */
	CODEC_ZIPLZMA,  /* method 14 of zip: version, properties, LZMA1 */
	CODEC_TYPES,
};

/* Where bytes come from. All functions set err on -1. */
struct codec_input {
	/* The next bytes: their number, 0 at the end, -1. *ret_data stays valid until the next
	 * call of read(). */
	ssize_t (*read)(void *arg, const uint8_t **ret_data, struct err *err);
	/* Up to len bytes at offset, fewer only at the end; does not move read(). NULL if the
	 * input cannot do it (then zip and 7z cannot be read). */
	ssize_t (*pread)(void *arg, void *data, size_t len, uint64_t offset, struct err *err);
	uint64_t size; /* of the whole input, if pread is set */
	void *arg;
};

struct codec_limits {
	uint64_t memory;      /* of one decompressor, bytes; 0 = 160 MiB */
	uint64_t max_bytes;   /* decompressed; 0 = none */
	uint64_t max_ratio;   /* decompressed : compressed, once past ratio_floor; 0 = none */
	uint64_t ratio_floor; /* decompressed bytes; 0 = 100 MiB */
	int64_t deadline_ms;  /* on clock_mono_ms(); 0 = none */
	bool portable;        /* without ISA-L */
	/* For formats that can use them (xz, if it has several blocks); 0 = 1. With a pread the
	 * place of a fault is exact all the same: it is looked for once more, alone. */
	unsigned threads;
};

enum codec_fault {
	CODEC_FAULT_NONE,
	CODEC_FAULT_TRUNCATED, /* the input ended before the format did */
	CODEC_FAULT_DAMAGED,   /* a check failed, or the bytes make no sense */
	CODEC_FAULT_BOMB,      /* max_bytes or max_ratio */
	CODEC_FAULT_MEMORY,    /* needs more memory than allowed (a large window) */
	CODEC_FAULT_TIME,      /* deadline_ms */
	CODEC_FAULT_INPUT,     /* reading the input failed: an error, not a verdict */
};

struct codec_status {
	enum codec_type type;
	enum codec_fault fault;
	bool ended;       /* the last byte of the input was seen, without a fault */
	bool checked;     /* every byte that came out is covered by a checksum */
	uint64_t in;      /* bytes of the input that were used */
	uint64_t out;     /* bytes that came out */
	uint64_t members; /* members, streams or frames that ended well */
	uint64_t garbage; /* bytes behind the last member that are not zero padding */
	char detail[128]; /* what the decompressor said, for a message; "" if nothing */
};

struct codec;

/* Start to read; the first bytes are looked at. input is copied, its arg must stay. */
int codec_open(struct codec **ret_codec, const struct codec_input *input,
    const struct codec_limits *limits, struct err *err);

/* As codec_open, with the type given. */
int codec_open_as(struct codec **ret_codec, enum codec_type type, const struct codec_input *input,
    const struct codec_limits *limits, struct err *err);

/* Use a codec again for another input of the same type, keeping its allocations. */
int codec_reopen(struct codec *codec, const struct codec_input *input, struct err *err);
void codec_close(struct codec *codec);

/* The next decoded bytes, valid until the next call: their number (> 0), 0 at the end, -1. */
ssize_t codec_read(struct codec *codec, const uint8_t **ret_data, struct err *err);

/* Every block that codec_read() returns is shown to fn first, with its place in the decoded bytes. Only
 * before the first codec_read(). */
typedef void codec_watch_fn(void *arg, uint64_t pos, const uint8_t *data, size_t len);
void codec_watch(struct codec *codec, codec_watch_fn *fn, void *arg);

/* The first decoded bytes without consuming them: up to len (at most CODEC_PEEK_MAX), fewer only
 * if there are no more or a fault comes first. Only before the first codec_read(). */
#define CODEC_PEEK_MAX 65536
ssize_t codec_peek(struct codec *codec, const uint8_t **ret_data, size_t len, struct err *err);

/* Read and drop everything up to the end. 0 or -1. */
int codec_drain(struct codec *codec, struct err *err);

const struct codec_status *codec_status(const struct codec *codec);
const struct codec_input *codec_input(const struct codec *codec);

/* What a codec holds, from its first byte on, as an input that can be read at any place: for an
 * archive with its directory at the end inside a compression. The codec (fresh, or peeked) is read to
 * its end, so that its size and its faults are known; -1 for those, too. Small content is kept in
 * memory, larger content is decoded again from the beginning where it must be, a few times. */
struct codec_nest;
int codec_nest_open(struct codec_nest **ret_nest, struct codec *codec,
    const struct codec_limits *limits, struct err *err);
struct codec_input codec_nest_input(struct codec_nest *nest); /* its arg is nest */
void codec_nest_close(struct codec_nest *nest);

/* What the first bytes of a file say; 18 bytes are enough. */
enum codec_type codec_sniff(const void *data, size_t len);

const char *codec_name(enum codec_type type);         /* "gzip", "none" */
const char *codec_fault_name(enum codec_fault fault); /* "truncated" */

/* The CRC-32 of gzip and zip; start with 0. */
uint32_t codec_crc32(uint32_t crc, const void *data, size_t len);

#endif
