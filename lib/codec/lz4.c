// lz4 frames through liblz4; block and content XXH32 are checked where the frame has them.
#include <lz4frame.h>

#include "codec/codec_private.h"

static void *
l4_open(enum codec_type type, const struct codec_limits *limits, struct err *err)
{
	LZ4F_dctx *d = NULL;
	(void)type;
	(void)limits;
	if (LZ4F_isError(LZ4F_createDecompressionContext(&d, LZ4F_VERSION))) {
		err_set(err, ERR_LIMIT, "lz4 does not start: out of memory");
		return NULL;
	}
	return d;
}

static int
l4_begin(void *state, const uint8_t *head, size_t len, bool *ret_checked)
{
	LZ4F_resetDecompressionContext(state);
	/* FLG byte: bit 4 a checksum per block, bit 2 one over the content. */
	*ret_checked = len < 5 || head[0] != 0x04 || (head[4] & 0x14);
	return 0;
}

static enum codec_step
l4_step(void *state, struct codec_io *io)
{
	size_t in = io->in_len, out = io->out_len;
	size_t r = LZ4F_decompress(state, io->out, &out, io->in, &in, NULL);
	if (LZ4F_isError(r)) {
		io->detail = LZ4F_getErrorName(r);
		return CODEC_STEP_DAMAGED;
	}
	io->in += in;
	io->in_len -= in;
	io->out += out;
	io->out_len -= out;
	return r == 0 ? CODEC_STEP_END : CODEC_STEP_MORE;
}

static void
l4_close(void *state)
{
	LZ4F_freeDecompressionContext(state);
}

const struct codec_backend codec_backend_lz4 = {
    .name = "lz4",
    .open = l4_open,
    .begin = l4_begin,
    .step = l4_step,
    .close = l4_close,
    .magic = {0x04, 0x22, 0x4d, 0x18},
    .magic_len = 4,
};
