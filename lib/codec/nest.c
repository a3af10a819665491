// What a compression holds as an input that can be read at any place: kept, or decoded again.
#include "codec/codec_private.h"

#define KEEP    (32U << 20) /* so much stays in memory; of more only where one read is decoded again */
#define CURSORS 3  /* the end, a directory and the entries of an archive are read in turn */
#define REWINDS 64 /* so often is decoded from the beginning */
#define RAW     (64 * 1024)

/* One reading of the compressed input from its beginning on. */
struct cursor {
	struct codec_nest *nest;
	struct codec *codec;
	uint64_t raw; /* bytes of the input that were taken */
	uint64_t pos; /* of the next decoded byte */
	const uint8_t *data;
	size_t len;
	uint64_t used; /* when: the oldest is begun again */
	uint8_t block[RAW];
};

struct codec_nest {
	struct codec_input raw;
	struct codec_limits limits;
	enum codec_type type;
	uint64_t size;
	struct buf kept; /* all of it, if size is not above KEEP */
	struct cursor *cursors[CURSORS];
	uint64_t clock;
	unsigned rewinds;
	uint64_t next;     /* of the bytes that are read in order */
	uint8_t *in_order; /* a block of them */
};

int
codec_nest_open(struct codec_nest **ret_nest, struct codec *codec,
    const struct codec_limits *limits, struct err *err)
{
	struct codec_nest *n = mem_alloc(sizeof(*n));
	const uint8_t *data;
	ssize_t len;
	n->raw = *codec_input(codec);
	n->limits = *limits;
	n->type = codec_status(codec)->type;
	n->kept = BUF_INIT_MAX(KEEP + 1);
	while ((len = codec_read(codec, &data, err)) > 0) {
		n->size += (uint64_t)len;
		if (n->size <= KEEP)
			buf_add(&n->kept, data, (size_t)len);
		else
			buf_release(&n->kept);
	}
	if (len == 0 && n->size > KEEP && !n->raw.pread)
		len = err_set(err, ERR_UNSUPPORTED,
		    "larger than %u MiB, and comes in order only: not looked into", KEEP >> 20);
	if (len < 0) {
		codec_nest_close(n);
		return -1;
	}
	*ret_nest = n;
	return 0;
}

void
codec_nest_close(struct codec_nest *nest)
{
	if (!nest)
		return;
	for (size_t i = 0; i < CURSORS; i++)
		if (nest->cursors[i]) {
			codec_close(nest->cursors[i]->codec);
			free(nest->cursors[i]);
		}
	free(nest->in_order);
	buf_release(&nest->kept);
	free(nest);
}

static ssize_t
raw_read(void *arg, const uint8_t **ret_data, struct err *err)
{
	struct cursor *c = arg;
	ssize_t n = c->nest->raw.pread(c->nest->raw.arg, c->block, RAW, c->raw, err);
	if (n > 0)
		c->raw += (uint64_t)n;
	*ret_data = c->block;
	return n;
}

static int
rewind_cursor(struct codec_nest *n, struct cursor *c, struct err *err)
{
	struct codec_input input = {.read = raw_read, .arg = c};
	if (++n->rewinds > REWINDS)
		return err_set(err, ERR_LIMIT, "too many places inside a compression are read");
	codec_close(c->codec);
	*c = (struct cursor){.nest = n};
	return codec_open_as(&c->codec, n->type, &input, &n->limits, err);
}

/* The cursor that has the shortest way to offset. */
static struct cursor *
choose(struct codec_nest *n, uint64_t offset, struct err *err)
{
	struct cursor *best = NULL, *oldest = NULL;
	for (size_t i = 0; i < CURSORS; i++) {
		struct cursor *c = n->cursors[i];
		if (!c) {
			c = n->cursors[i] = mem_alloc(sizeof(*c));
			if (rewind_cursor(n, c, err) < 0)
				return NULL;
		}
		if (c->pos <= offset && (!best || c->pos > best->pos))
			best = c;
		if (!oldest || c->used < oldest->used)
			oldest = c;
	}
	if (!best && rewind_cursor(n, oldest, err) < 0)
		return NULL;
	best = best ? best : oldest;
	best->used = ++n->clock;
	return best;
}

static ssize_t
nest_pread(void *arg, void *data, size_t len, uint64_t offset, struct err *err)
{
	struct codec_nest *n = arg;
	size_t done = 0;
	if (offset >= n->size)
		return 0;
	if (len > n->size - offset)
		len = (size_t)(n->size - offset);
	if (n->size <= KEEP) {
		memcpy(data, n->kept.data + offset, len);
		return (ssize_t)len;
	}
	struct cursor *c = choose(n, offset, err);
	while (c && done < len) {
		if (!c->len) {
			ssize_t got = codec_read(c->codec, &c->data, err);
			if (got <= 0)
				return got < 0 ? -1 : (ssize_t)done;
			c->len = (size_t)got;
		}
		uint64_t skip = offset + done - c->pos;
		size_t take = skip < c->len ? 0 : c->len; /* of bytes before the place */
		if (!take) {
			take =
			    c->len - (size_t)skip < len - done ? c->len - (size_t)skip : len - done;
			memcpy((char *)data + done, c->data + skip, take);
			done += take;
			take += (size_t)skip;
		}
		c->data += take;
		c->len -= take;
		c->pos += take;
	}
	return c ? (ssize_t)len : -1;
}

static ssize_t
nest_read(void *arg, const uint8_t **ret_data, struct err *err)
{
	struct codec_nest *n = arg;
	if (!n->in_order)
		n->in_order = mem_alloc(RAW);
	ssize_t len = nest_pread(n, n->in_order, RAW, n->next, err);
	if (len > 0)
		n->next += (uint64_t)len;
	*ret_data = n->in_order;
	return len;
}

struct codec_input
codec_nest_input(struct codec_nest *nest)
{
	return (struct codec_input){
	    .read = nest_read, .pread = nest_pread, .size = nest->size, .arg = nest};
}
