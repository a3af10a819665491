// Where a fault is, when several threads decoded at once and had all read further.
#include "codec/codec_private.h"

struct again {
	const struct codec_input *input;
	uint64_t pos;
	uint8_t *block;
};

#define BLOCK (128 * 1024)

static ssize_t
again_read(void *arg, const uint8_t **ret_data, struct err *err)
{
	struct again *a = arg;
	ssize_t n = a->input->pread(a->input->arg, a->block, BLOCK, a->pos, err);
	if (n > 0)
		a->pos += (uint64_t)n;
	*ret_data = a->block;
	return n;
}

void
codec_locate(
    const struct codec_input *input, const struct codec_limits *limits, struct codec_status *status)
{
	struct again a = {.input = input, .block = mem_pages(BLOCK)};
	struct codec_input alone = {.read = again_read, .arg = &a};
	struct codec_limits one = *limits;
	struct codec *c = NULL;
	one.threads = 1;
	if (codec_open_as(&c, status->type, &alone, &one, NULL) == 0 && codec_drain(c, NULL) < 0) {
		const struct codec_status *s = codec_status(c);
		if (s->fault == CODEC_FAULT_TRUNCATED || s->fault == CODEC_FAULT_DAMAGED)
			*status = *s;
	}
	codec_close(c);
	free(a.block);
}
