// Any bytes through every decompressor: no crash, no endless loop, and two readers of gzip agree.
#include <stdint.h>

#include "codec/codec.h"

struct mem {
	const uint8_t *data;
	size_t len, pos, block;
};

static ssize_t
mem_read(void *arg, const uint8_t **ret_data, struct err *err)
{
	struct mem *m = arg;
	(void)err;
	size_t n = m->len - m->pos < m->block ? m->len - m->pos : m->block;
	*ret_data = m->data + m->pos;
	m->pos += n;
	return (ssize_t)n;
}

struct outcome {
	struct codec_status status;
	uint32_t crc;
};

static struct outcome
decode(const uint8_t *data, size_t len, size_t block, bool portable)
{
	struct mem m = {.data = data, .len = len, .block = block};
	struct codec_input input = {.read = mem_read, .arg = &m};
	struct codec_limits limits = {.portable = portable,
	    .memory = 8 << 20,
	    .max_bytes = 4 << 20,
	    .max_ratio = 2000,
	    .ratio_floor = 1 << 20};
	struct codec *c;
	const uint8_t *p;
	struct outcome o = {0};
	ssize_t n;
	if (codec_open(&c, &input, &limits, NULL) < 0)
		return o;
	while ((n = codec_read(c, &p, NULL)) > 0)
		o.crc = codec_crc32(o.crc, p, (size_t)n);
	o.status = *codec_status(c);
	codec_close(c);
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	struct outcome a = decode(data + 1, size - 1, 1U + data[0], false);
	struct outcome b = decode(data + 1, size - 1, 65536, true);
	bool good_a = a.status.fault == CODEC_FAULT_NONE,
	     good_b = b.status.fault == CODEC_FAULT_NONE;
	/* What both take for good has the same content. */
	if (good_a && good_b && (a.crc != b.crc || a.status.out != b.status.out))
		__builtin_trap();
	if (a.status.type != b.status.type)
		__builtin_trap();
	return 0;
}
