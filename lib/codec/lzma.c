// xz, lzip, .lzma and the LZMA of zip archives through liblzma.
#include <lzma.h>

#include "codec/codec_private.h"

#define LZMA_THREADS 16

struct lz {
	lzma_stream s;
	enum codec_type type;
	uint64_t memory;
	unsigned threads;
	uint8_t head[13]; /* the .lzma header made for a member of a zip archive */
	size_t head_len;  /* bytes of it that are still to be fed */
};

static void *
lz_open(enum codec_type type, const struct codec_limits *limits, struct err *err)
{
	(void)err;
	struct lz *z = mem_alloc(sizeof(*z));
	z->s = (lzma_stream)LZMA_STREAM_INIT;
	z->type = type;
	z->memory = limits->memory;
	z->threads = limits->threads;
	return z;
}

static lzma_ret
xz_start(struct lz *z)
{
	if (z->threads < 2)
		return lzma_stream_decoder(&z->s, z->memory, 0);
	/* Each thread holds a block; where that is too much, there are fewer threads, down to one. */
	lzma_mt mt = {
	    .threads = z->threads < LZMA_THREADS ? z->threads : LZMA_THREADS,
	    .memlimit_threading = z->memory / 10 * 7,
	    .memlimit_stop = z->memory,
	};
	return lzma_stream_decoder_mt(&z->s, &mt);
}

/* Method 14 begins with a version (2 bytes), the length of the properties (2, always 5) and the
 * properties (APPNOTE.TXT 5.8.8); .lzma wants the properties and an unknown size. */
static int
ziplzma_start(struct lz *z, const uint8_t *head, size_t len)
{
	if (len < 9 || head[2] != 5 || head[3] != 0)
		return -1;
	memcpy(z->head, head + 4, 5);
	memset(z->head + 5, 0xff, 8);
	z->head_len = sizeof(z->head);
	return lzma_alone_decoder(&z->s, z->memory) == LZMA_OK ? 0 : -1;
}

static int
lz_begin(void *state, const uint8_t *head, size_t len, bool *ret_checked)
{
	struct lz *z = state;
	*ret_checked = true;
	switch (z->type) {
	case CODEC_XZ: /* low nibble of the second flag byte: CRC32, CRC64, SHA-256 */
		*ret_checked = len >= 8 && lzma_check_is_supported((lzma_check)(head[7] & 15)) &&
		    (head[7] & 15) != LZMA_CHECK_NONE;
		return xz_start(z) == LZMA_OK ? 0 : -1;
	case CODEC_LZIP:
		return lzma_lzip_decoder(&z->s, z->memory, 0) == LZMA_OK ? 0 : -1;
	case CODEC_LZMA:
		*ret_checked = false;
		return lzma_alone_decoder(&z->s, z->memory) == LZMA_OK ? 0 : -1;
	case CODEC_ZIPLZMA:
		*ret_checked = false;
		return ziplzma_start(z, head, len);
	case CODEC_NONE:
	case CODEC_GZIP:
	case CODEC_BZIP2:
	case CODEC_ZSTD:
	case CODEC_LZ4:
	case CODEC_DEFLATE:
	case CODEC_ZLIB:
	case CODEC_COMPRESS:
	case CODEC_TYPES:
		break;
	}
	return -1;
}

static enum codec_step
lz_step(void *state, struct codec_io *io)
{
	struct lz *z = state;
	if (z->head_len) { /* swap the 9 bytes of the zip for the header of .lzma */
		size_t n = io->in_len < 9 ? io->in_len : 9;
		if (n < 9)
			return CODEC_STEP_MORE;
		io->in += n;
		io->in_len -= n;
		z->s.next_in = z->head;
		z->s.avail_in = z->head_len;
		z->s.next_out = io->out;
		z->s.avail_out = io->out_len;
		z->head_len = 0;
		if (lzma_code(&z->s, LZMA_RUN) != LZMA_OK || z->s.avail_in) {
			io->detail = "invalid properties";
			return CODEC_STEP_DAMAGED;
		}
	}
	z->s.next_in = io->in;
	z->s.avail_in = io->in_len;
	z->s.next_out = io->out;
	z->s.avail_out = io->out_len;
	lzma_ret r = lzma_code(&z->s, io->eof ? LZMA_FINISH : LZMA_RUN);
	io->in = z->s.next_in;
	io->in_len = z->s.avail_in;
	io->out = z->s.next_out;
	io->out_len = z->s.avail_out;
	switch (r) {
	case LZMA_STREAM_END:
		return CODEC_STEP_END;
	case LZMA_OK:
	case LZMA_BUF_ERROR:
	case LZMA_NO_CHECK:
	case LZMA_UNSUPPORTED_CHECK:
	case LZMA_GET_CHECK:
		return CODEC_STEP_MORE;
	case LZMA_MEM_ERROR:
	case LZMA_MEMLIMIT_ERROR:
		io->detail = "its dictionary is larger than allowed";
		return CODEC_STEP_MEMORY;
	case LZMA_FORMAT_ERROR:
		io->detail = "invalid header";
		return CODEC_STEP_DAMAGED;
	case LZMA_OPTIONS_ERROR:
		io->detail = "unknown options";
		return CODEC_STEP_DAMAGED;
	case LZMA_DATA_ERROR:
	case LZMA_PROG_ERROR:
	case LZMA_SEEK_NEEDED:
	case LZMA_RET_INTERNAL1:
	case LZMA_RET_INTERNAL2:
	case LZMA_RET_INTERNAL3:
	case LZMA_RET_INTERNAL4:
	case LZMA_RET_INTERNAL5:
	case LZMA_RET_INTERNAL6:
	case LZMA_RET_INTERNAL7:
	case LZMA_RET_INTERNAL8:
		break;
	}
	io->detail = "incorrect data check";
	return CODEC_STEP_DAMAGED;
}

static void
lz_close(void *state)
{
	struct lz *z = state;
	lzma_end(&z->s);
	free(z);
}

const struct codec_backend codec_backend_xz = {
    .name = "xz",
    .open = lz_open,
    .begin = lz_begin,
    .step = lz_step,
    .close = lz_close,
    .magic = {0xfd, '7', 'z', 'X', 'Z', 0x00},
    .magic_len = 6,
};

const struct codec_backend codec_backend_lzip = {
    .name = "lzip",
    .open = lz_open,
    .begin = lz_begin,
    .step = lz_step,
    .close = lz_close,
    .magic = {'L', 'Z', 'I', 'P'},
    .magic_len = 4,
};

const struct codec_backend codec_backend_lzma = {
    .name = "lzma",
    .open = lz_open,
    .begin = lz_begin,
    .step = lz_step,
    .close = lz_close,
    .single = true,
};

const struct codec_backend codec_backend_ziplzma = {
    .name = "lzma",
    .open = lz_open,
    .begin = lz_begin,
    .step = lz_step,
    .close = lz_close,
    .single = true,
};
