// gzip, zlib and raw deflate: through ISA-L where the build has it, else through zlib.
#include <zlib.h>

#include "codec/codec_private.h"

#ifdef BKM_WITH_ISAL
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#endif

#define GZIP_MAGIC .magic = {0x1f, 0x8b, 0x08}, .magic_len = 3

/* ---------------------------------------------------------------- zlib */

static void *
zlib_open(enum codec_type type, const struct codec_limits *limits, struct err *err)
{
	(void)limits;
	z_stream *z = mem_alloc(sizeof(*z));
	/* 31: a gzip wrapper is demanded, its CRC and length are checked; 15: that of zlib. */
	if (inflateInit2(z, type == CODEC_GZIP ? 31 : type == CODEC_ZLIB ? 15 : -15) == Z_OK)
		return z;
	err_set(
	    err, ERR_UNSUPPORTED, "zlib does not start: %s", z->msg ? z->msg : "no reason given");
	free(z);
	return NULL;
}

static int
zlib_begin(void *state, const uint8_t *head, size_t len, bool *ret_checked)
{
	(void)head;
	(void)len;
	*ret_checked = true;
	return inflateReset(state) == Z_OK ? 0 : -1;
}

static enum codec_step
zlib_step(void *state, struct codec_io *io)
{
	z_stream *z = state;
	uInt in = io->in_len > 1U << 30 ? 1U << 30 : (uInt)io->in_len;
	uInt out = io->out_len > 1U << 30 ? 1U << 30 : (uInt)io->out_len;
	z->next_in = (Bytef *)(uintptr_t)io->in; /* zlib only reads it */
	z->avail_in = in;
	z->next_out = io->out;
	z->avail_out = out;
	int r = inflate(z, Z_NO_FLUSH);
	io->in += in - z->avail_in;
	io->in_len -= in - z->avail_in;
	io->out += out - z->avail_out;
	io->out_len -= out - z->avail_out;
	if (r == Z_STREAM_END)
		return CODEC_STEP_END;
	if (r == Z_OK || r == Z_BUF_ERROR)
		return CODEC_STEP_MORE;
	io->detail = z->msg ? z->msg : "zlib gives no reason";
	return CODEC_STEP_DAMAGED;
}

static void
zlib_close(void *state)
{
	inflateEnd(state);
	free(state);
}

const struct codec_backend codec_backend_zlib = {
    .name = "gzip",
    .open = zlib_open,
    .begin = zlib_begin,
    .step = zlib_step,
    .close = zlib_close,
    GZIP_MAGIC,
};

const struct codec_backend codec_backend_inflate = {
    .name = "deflate",
    .open = zlib_open,
    .begin = zlib_begin,
    .step = zlib_step,
    .close = zlib_close,
    .single = true,
};

const struct codec_backend codec_backend_rfc1950 = {
    .name = "zlib",
    .open = zlib_open,
    .begin = zlib_begin,
    .step = zlib_step,
    .close = zlib_close,
    .single = true,
};

#ifdef BKM_WITH_ISAL
/* ---------------------------------------------------------------- ISA-L */

struct isal {
	struct inflate_state s;
	uint32_t wrapper;
};

static void *
isal_open(enum codec_type type, const struct codec_limits *limits, struct err *err)
{
	(void)limits;
	(void)err;
	struct isal *i = mem_alloc(sizeof(*i));
	i->wrapper = type == CODEC_GZIP ? ISAL_GZIP : ISAL_DEFLATE;
	return i;
}

static int
isal_begin(void *state, const uint8_t *head, size_t len, bool *ret_checked)
{
	struct isal *i = state;
	isal_inflate_init(&i->s);
	i->s.crc_flag = i->wrapper;
	*ret_checked = true;
	/* RFC 1952: a decoder must refuse reserved flags; ISA-L does not look at them. */
	return i->wrapper == ISAL_GZIP && len >= 4 && (head[3] & 0xe0) ? -1 : 0;
}

static const char *
isal_reason(int r)
{
	switch (r) {
	case ISAL_INVALID_BLOCK:
		return "invalid block";
	case ISAL_INVALID_SYMBOL:
		return "invalid symbol";
	case ISAL_INVALID_LOOKBACK:
		return "invalid distance";
	case ISAL_INVALID_WRAPPER:
		return "invalid header";
	case ISAL_UNSUPPORTED_METHOD:
		return "unknown method";
	case ISAL_INCORRECT_CHECKSUM:
		return "incorrect data check";
	default:
		return "invalid data";
	}
}

static enum codec_step
isal_step(void *state, struct codec_io *io)
{
	struct isal *i = state;
	uint32_t in = io->in_len > 1U << 30 ? 1U << 30 : (uint32_t)io->in_len;
	uint32_t out = io->out_len > 1U << 30 ? 1U << 30 : (uint32_t)io->out_len;
	i->s.next_in = (uint8_t *)(uintptr_t)io->in; /* ISA-L only reads it */
	i->s.avail_in = in;
	i->s.next_out = io->out;
	i->s.avail_out = out;
	int r = isal_inflate(&i->s);
	io->in += in - i->s.avail_in;
	io->in_len -= in - i->s.avail_in;
	io->out += out - i->s.avail_out;
	io->out_len -= out - i->s.avail_out;
	if (r < 0) {
		io->detail = isal_reason(r);
		return CODEC_STEP_DAMAGED;
	}
	return i->s.block_state == ISAL_BLOCK_FINISH ? CODEC_STEP_END : CODEC_STEP_MORE;
}

const struct codec_backend codec_backend_isal = {
    .name = "gzip",
    .open = isal_open,
    .begin = isal_begin,
    .step = isal_step,
    .close = free,
    GZIP_MAGIC,
};

const struct codec_backend codec_backend_isal_raw = {
    .name = "deflate",
    .open = isal_open,
    .begin = isal_begin,
    .step = isal_step,
    .close = free,
    .single = true,
};
#endif

uint32_t
codec_crc32(uint32_t crc, const void *data, size_t len)
{
#ifdef BKM_WITH_ISAL
	return crc32_gzip_refl(crc, data, len);
#else
	return (uint32_t)crc32_z(crc, data, len);
#endif
}
