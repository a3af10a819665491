// bzip2 through libbz2, which checks the CRC of every block and of the stream.
#include <bzlib.h>

#include "codec/codec_private.h"

struct bz {
	bz_stream s;
	bool live;
};

static void *
bz_open(enum codec_type type, const struct codec_limits *limits, struct err *err)
{
	(void)type;
	(void)limits;
	(void)err;
	return mem_alloc(sizeof(struct bz));
}

static int
bz_begin(void *state, const uint8_t *head, size_t len, bool *ret_checked)
{
	struct bz *b = state;
	(void)head;
	(void)len;
	if (b->live)
		BZ2_bzDecompressEnd(&b->s);
	b->s = (bz_stream){0};
	b->live = BZ2_bzDecompressInit(&b->s, 0, 0) == BZ_OK;
	*ret_checked = true;
	return b->live ? 0 : -1;
}

static enum codec_step
bz_step(void *state, struct codec_io *io)
{
	struct bz *b = state;
	unsigned in = io->in_len > 1U << 30 ? 1U << 30 : (unsigned)io->in_len;
	unsigned out = io->out_len > 1U << 30 ? 1U << 30 : (unsigned)io->out_len;
	b->s.next_in = (char *)(uintptr_t)io->in; /* libbz2 only reads it */
	b->s.avail_in = in;
	b->s.next_out = (char *)io->out;
	b->s.avail_out = out;
	int r = BZ2_bzDecompress(&b->s);
	io->in += in - b->s.avail_in;
	io->in_len -= in - b->s.avail_in;
	io->out += out - b->s.avail_out;
	io->out_len -= out - b->s.avail_out;
	switch (r) {
	case BZ_STREAM_END:
		return CODEC_STEP_END;
	case BZ_OK:
		return CODEC_STEP_MORE;
	case BZ_MEM_ERROR:
		return CODEC_STEP_MEMORY;
	case BZ_DATA_ERROR_MAGIC:
		io->detail = "invalid header";
		return CODEC_STEP_DAMAGED;
	default:
		io->detail = "incorrect data check";
		return CODEC_STEP_DAMAGED;
	}
}

static void
bz_close(void *state)
{
	struct bz *b = state;
	if (b->live)
		BZ2_bzDecompressEnd(&b->s);
	free(b);
}

const struct codec_backend codec_backend_bzip2 = {
    .name = "bzip2",
    .open = bz_open,
    .begin = bz_begin,
    .step = bz_step,
    .close = bz_close,
    .magic = {'B', 'Z', 'h'},
    .magic_len = 3,
};
