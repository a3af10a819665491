/*
 * Inside codec: what a decompressor gives the engine of codec.c. One file and one row in
 * codec_backends[] per library.
 */
#ifndef CODEC_CODEC_PRIVATE_H
#define CODEC_CODEC_PRIVATE_H

#include "codec/codec.h"

enum codec_step {
	CODEC_STEP_MORE,    /* wants more input or more room, or has more to say */
	CODEC_STEP_END,     /* the member ended and its checks passed */
	CODEC_STEP_DAMAGED, /* detail says why */
	CODEC_STEP_MEMORY,  /* needs more memory than allowed */
};

struct codec_io {
	const uint8_t *in; /* moved forward by what was used */
	size_t in_len;
	uint8_t *out; /* moved forward by what was written */
	size_t out_len;
	bool eof; /* no more input than in_len will ever come */
	const char *detail;
};

#define CODEC_HEAD 18 /* bytes that begin() is shown, fewer at the end of the input */

struct codec_backend {
	const char *name;
	/* New state, NULL if the library refuses (err set). */
	void *(*open)(enum codec_type type, const struct codec_limits *limits, struct err *err);
	/* A member begins; head is not consumed. *ret_checked: a checksum covers its content. */
	int (*begin)(void *state, const uint8_t *head, size_t len, bool *ret_checked);
	enum codec_step (*step)(void *state, struct codec_io *io);
	void (*close)(void *state);
	bool single;      /* never a second member */
	size_t magic_len; /* 0: no magic */
	uint8_t magic[6];
};

const struct codec_backend *codec_backend(enum codec_type type, bool portable);

/* True if a member of this type, or a frame that may stand between members, begins here. */
bool codec_begins(enum codec_type type, const uint8_t *data, size_t len);

/* Decode the input once more, alone, for the place and the words of its fault; status stays as it is
 * if that finds none. Only for an input with pread. */
void codec_locate(const struct codec_input *input, const struct codec_limits *limits,
    struct codec_status *status);

extern const struct codec_backend codec_backend_zlib;
extern const struct codec_backend codec_backend_inflate;
extern const struct codec_backend codec_backend_rfc1950;
#ifdef BKM_WITH_ISAL
extern const struct codec_backend codec_backend_isal;
extern const struct codec_backend codec_backend_isal_raw;
#endif
extern const struct codec_backend codec_backend_bzip2;
extern const struct codec_backend codec_backend_xz;
extern const struct codec_backend codec_backend_lzip;
extern const struct codec_backend codec_backend_lzma;
extern const struct codec_backend codec_backend_ziplzma;
extern const struct codec_backend codec_backend_zstd;
extern const struct codec_backend codec_backend_lz4;
extern const struct codec_backend codec_backend_lzw;

#endif
