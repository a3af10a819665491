// zstd frames through libzstd; the XXH64 of a frame is checked where it has one.
#include <zstd.h>
#include <zstd_errors.h>

#include "codec/codec_private.h"

static void *
zs_open(enum codec_type type, const struct codec_limits *limits, struct err *err)
{
	(void)type;
	ZSTD_DCtx *d = ZSTD_createDCtx();
	if (!d) {
		err_set(err, ERR_LIMIT, "zstd does not start: out of memory");
		return NULL;
	}
	int log = 10;
	while (log < 31 && (uint64_t)2 << log <= limits->memory)
		log++;
	ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax, log);
	return d;
}

static int
zs_begin(void *state, const uint8_t *head, size_t len, bool *ret_checked)
{
	ZSTD_DCtx_reset(state, ZSTD_reset_session_only);
	/* RFC 8878 3.1.1.1.1: bit 2 of the frame header descriptor. A skippable frame has no content. */
	*ret_checked = len < 5 || head[0] != 0x28 || (head[4] & 4);
	return 0;
}

static enum codec_step
zs_step(void *state, struct codec_io *io)
{
	ZSTD_inBuffer in = {.src = io->in, .size = io->in_len};
	ZSTD_outBuffer out = {.dst = io->out, .size = io->out_len};
	size_t r = ZSTD_decompressStream(state, &out, &in);
	io->in += in.pos;
	io->in_len -= in.pos;
	io->out += out.pos;
	io->out_len -= out.pos;
	if (r == 0)
		return CODEC_STEP_END;
	if (!ZSTD_isError(r))
		return CODEC_STEP_MORE;
	io->detail = ZSTD_getErrorName(r);
	switch ((int)ZSTD_getErrorCode(r)) {
	case ZSTD_error_frameParameter_windowTooLarge:
	case ZSTD_error_memory_allocation:
		return CODEC_STEP_MEMORY;
	default:
		return CODEC_STEP_DAMAGED;
	}
}

static void
zs_close(void *state)
{
	ZSTD_freeDCtx(state);
}

const struct codec_backend codec_backend_zstd = {
    .name = "zstd",
    .open = zs_open,
    .begin = zs_begin,
    .step = zs_step,
    .close = zs_close,
    .magic = {0x28, 0xb5, 0x2f, 0xfd},
    .magic_len = 4,
};
