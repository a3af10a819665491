// compress (.Z): LZW as ncompress writes it. Neither a checksum nor an end: whoever reads it must know one.
//
// The layout is that of compress(1) 4.0: three bytes of header, then codes of 9 bits and more, the lowest
// bit first, in groups of eight; where the width changes the rest of a group is left empty.
#include "codec/codec_private.h"

#define HEADER   3
#define BLOCK    0x80 /* code 256 empties the table */
#define RESERVED 0x60
#define CLEAR    256
#define BITS_MIN 9
#define BITS_MAX 16
#define GROUP    8
#define CODES    (1U << BITS_MAX)

struct lzw {
	uint8_t header[HEADER];
	size_t header_len;
	unsigned bits, bits_max; /* of a code: now, at most */
	bool block;
	uint32_t free; /* the next code that will get a meaning */
	bool begun;    /* `old` and `first` are of the code before */
	uint16_t old;
	uint8_t first;     /* byte of what it meant */
	unsigned in_group; /* codes that were read of this one */
	unsigned skip;     /* bits */
	uint64_t held;     /* bits that were taken from the input */
	unsigned held_bits;
	size_t stack_len; /* decoded bytes, the next one on top */
	uint16_t prefix[CODES];
	uint8_t suffix[CODES];
	uint8_t stack[CODES];
};

static void *
z_open(enum codec_type type, const struct codec_limits *limits, struct err *err)
{
	(void)type;
	(void)limits;
	(void)err;
	return mem_alloc(sizeof(struct lzw));
}

static int
z_begin(void *state, const uint8_t *head, size_t len, bool *ret_checked)
{
	struct lzw *z = state;
	*ret_checked = false;
	if (len >= HEADER &&
	    (head[2] & RESERVED || (head[2] & 0x1f) < BITS_MIN || (head[2] & 0x1f) > BITS_MAX))
		return -1;
	z->header_len = z->stack_len = 0;
	z->held = 0;
	z->held_bits = z->in_group = z->skip = 0;
	z->begun = false;
	return 0;
}

/* The header, byte by byte: false if there is no more of it yet. */
static bool
take_header(struct lzw *z, struct codec_io *io)
{
	while (z->header_len < HEADER && io->in_len) {
		z->header[z->header_len++] = *io->in++;
		io->in_len--;
		if (z->header_len < HEADER)
			continue;
		z->bits = BITS_MIN;
		z->bits_max = z->header[2] & 0x1f;
		z->block = z->header[2] & BLOCK;
		z->free = z->block ? CLEAR + 1 : CLEAR;
	}
	return z->header_len == HEADER;
}

/* So many bits at z->held: false if there are no more yet. */
static bool
have(struct lzw *z, struct codec_io *io, unsigned bits)
{
	while (z->held_bits < bits && io->in_len) {
		z->held |= (uint64_t)*io->in++ << z->held_bits;
		z->held_bits += 8;
		io->in_len--;
	}
	return z->held_bits >= bits;
}

static void
drop(struct lzw *z, unsigned bits)
{
	z->held >>= bits;
	z->held_bits -= bits;
}

/* Codes of another width begin with a new group. */
static void
set_width(struct lzw *z, unsigned bits)
{
	if (z->in_group)
		z->skip = (GROUP - z->in_group) * z->bits;
	z->in_group = 0;
	z->bits = bits;
}

/* What a code means, on the stack; -1: it means nothing. */
static int
take_code(struct lzw *z, uint32_t code)
{
	if (z->block && code == CLEAR) {
		z->free = CLEAR; /* the code behind it makes an entry that nobody can use */
		set_width(z, BITS_MIN);
		return 0;
	}
	if (!z->begun ? code > 255 : code > z->free)
		return -1;
	uint32_t at = code;
	if (z->begun && code == z->free) { /* its own first byte is its last */
		z->stack[z->stack_len++] = z->first;
		at = z->old;
	}
	while (at > 255) {
		/* An entry points to one before it, but for the one that CLEAR left behind. */
		if ((z->block && at == CLEAR) || z->stack_len == CODES - 1)
			return -1;
		z->stack[z->stack_len++] = z->suffix[at];
		at = z->prefix[at];
	}
	z->first = (uint8_t)at;
	z->stack[z->stack_len++] = z->first;
	if (z->begun && z->free < 1U << z->bits_max) {
		z->prefix[z->free] = z->old;
		z->suffix[z->free] = z->first;
		z->free++;
	}
	z->begun = true;
	z->old = (uint16_t)code;
	return 0;
}

static void
give(struct lzw *z, struct codec_io *io)
{
	while (z->stack_len && io->out_len) {
		*io->out++ = z->stack[--z->stack_len];
		io->out_len--;
	}
}

/* The next code, its width fitted to the table: 1, 0 if there is none yet. */
static int
next_code(struct lzw *z, struct codec_io *io, uint32_t *ret_code)
{
	if (z->free >= 1U << z->bits && z->bits < z->bits_max)
		set_width(z, z->bits + 1);
	while (z->skip) {
		unsigned n = z->skip < 32 ? z->skip : 32;
		if (!have(z, io, n))
			return 0;
		drop(z, n);
		z->skip -= n;
	}
	if (!have(z, io, z->bits))
		return 0;
	*ret_code = (uint32_t)(z->held & ((1U << z->bits) - 1));
	drop(z, z->bits);
	z->in_group = (z->in_group + 1) % GROUP;
	return 1;
}

static enum codec_step
z_step(void *state, struct codec_io *io)
{
	struct lzw *z = state;
	uint32_t code;
	if (!take_header(z, io))
		return CODEC_STEP_MORE;
	for (;;) {
		give(z, io);
		if (z->stack_len)
			return CODEC_STEP_MORE;
		if (!next_code(z, io, &code))
			break;
		if (take_code(z, code) < 0) {
			io->detail = "a code that means nothing";
			return CODEC_STEP_DAMAGED;
		}
	}
	/* The last byte is filled with zeros; more than that is a part of a code. */
	bool whole = z->held_bits < 8 && !z->held;
	return io->eof && whole ? CODEC_STEP_END : CODEC_STEP_MORE;
}

static void
z_close(void *state)
{
	free(state);
}

const struct codec_backend codec_backend_lzw = {
    .name = "compress",
    .open = z_open,
    .begin = z_begin,
    .step = z_step,
    .close = z_close,
    .single = true,
    .magic = {0x1f, 0x9d},
    .magic_len = 2,
};
