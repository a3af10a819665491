// The engine that all decompressors share: members, padding, garbage, limits, and the end.
#include "codec/codec_private.h"

#define OUT_SIZE    (256 * 1024)
#define CARRY_SIZE  64
#define MEMORY      (160 * 1024 * 1024)
#define RATIO_FLOOR (100 * 1024 * 1024)
#define CLOCK_EVERY (1024 * 1024) /* decoded bytes between two looks at the clock */

struct codec {
	struct codec_input input;
	struct codec_limits limits;
	struct codec_status status;
	const struct codec_backend *backend;
	void *state;
	bool in_member;
	bool eof;
	const uint8_t *in; /* not yet decoded */
	size_t in_len;
	const uint8_t *next; /* what follows it in the block that the input gave */
	size_t next_len;
	uint8_t carry[CARRY_SIZE]; /* in points here while a magic straddles two blocks */
	uint8_t *out;
	size_t peeked; /* decoded bytes that wait at out */
	bool held;     /* peeked was filled; codec_read() gives it first */
	uint64_t clock_at;
	codec_watch_fn *watch;
	void *watch_arg;
	uint64_t watched; /* decoded bytes that it was shown */
};

static int
fault(struct codec *c, enum codec_fault f, const char *detail, struct err *err)
{
	c->status.fault = f;
	snprintf(c->status.detail, sizeof(c->status.detail), "%s", detail ? detail : "");
	if (c->limits.threads > 1 && c->status.type == CODEC_XZ && c->input.pread &&
	    (f == CODEC_FAULT_TRUNCATED || f == CODEC_FAULT_DAMAGED))
		codec_locate(&c->input, &c->limits, &c->status);
	return err_set(err, f == CODEC_FAULT_TIME || f == CODEC_FAULT_BOMB ? ERR_LIMIT : ERR_FORMAT,
	    "%s data %s%s%s", codec_name(c->status.type), codec_fault_name(f),
	    *c->status.detail ? ": " : "", c->status.detail);
}

/* A fresh block behind what is in c->in, which must be empty or copied away. */
static int
more(struct codec *c, const uint8_t **ret_data, size_t *ret_len, struct err *err)
{
	if (c->next_len) {
		*ret_data = c->next;
		*ret_len = c->next_len;
		c->next_len = 0;
		return 0;
	}
	*ret_len = 0;
	if (c->eof)
		return 0;
	ssize_t n = c->input.read(c->input.arg, ret_data, err);
	if (n < 0) {
		c->status.fault = CODEC_FAULT_INPUT;
		return -1;
	}
	*ret_len = (size_t)n;
	c->eof = n == 0;
	if (c->eof) /* an input at its end need not point anywhere */
		*ret_data = c->carry;
	return 0;
}

/* Have at least want bytes in one piece, fewer only at the end of the input. */
static int
lookahead(struct codec *c, size_t want, struct err *err)
{
	while (c->in_len < want && !(c->eof && !c->next_len)) {
		const uint8_t *data = NULL;
		size_t len = 0;
		if (c->in_len && c->in != c->carry)
			memmove(c->carry, c->in, c->in_len);
		if (more(c, &data, &len, err) < 0)
			return -1;
		if (!c->in_len) {
			c->in = data;
			c->in_len = len;
			continue;
		}
		size_t take = CARRY_SIZE - c->in_len < len ? CARRY_SIZE - c->in_len : len;
		if (take)
			memcpy(c->carry + c->in_len, data, take);
		c->in = c->carry;
		c->in_len += take;
		c->next = data + take;
		c->next_len = len - take;
	}
	return 0;
}

static void
skip(struct codec *c, size_t len)
{
	c->in += len;
	c->in_len -= len;
	c->status.in += len;
}

static int
start(struct codec *c, enum codec_type type, struct err *err)
{
	c->status.type = type;
	c->status.checked = type != CODEC_NONE;
	if (type == CODEC_NONE)
		return 0;
	c->out = mem_alloc(OUT_SIZE);
	c->backend = codec_backend(type, c->limits.portable);
	c->state = c->backend->open(type, &c->limits, err);
	return c->state ? 0 : -1;
}

int
codec_open_as(struct codec **ret_codec, enum codec_type type, const struct codec_input *input,
    const struct codec_limits *limits, struct err *err)
{
	struct codec *c = mem_alloc(sizeof(*c));
	c->input = *input;
	if (limits)
		c->limits = *limits;
	if (!c->limits.memory)
		c->limits.memory = MEMORY;
	if (!c->limits.ratio_floor)
		c->limits.ratio_floor = RATIO_FLOOR;
	if (start(c, type, err) < 0) {
		codec_close(c);
		return -1;
	}
	*ret_codec = c;
	return 0;
}

int
codec_open(struct codec **ret_codec, const struct codec_input *input,
    const struct codec_limits *limits, struct err *err)
{
	struct codec *c;
	if (codec_open_as(&c, CODEC_NONE, input, limits, err) < 0)
		return -1;
	if (lookahead(c, CODEC_HEAD, err) < 0)
		goto fail;
	enum codec_type type = codec_sniff(c->in, c->in_len);
	if (start(c, type, err) < 0)
		goto fail;
	*ret_codec = c;
	return 0;
fail:
	codec_close(c);
	return -1;
}

int
codec_reopen(struct codec *codec, const struct codec_input *input, struct err *err)
{
	enum codec_type type = codec->status.type;
	(void)err;
	codec->input = *input;
	codec->status = (struct codec_status){.type = type, .checked = type != CODEC_NONE};
	codec->in_member = codec->eof = codec->held = false;
	codec->in_len = codec->next_len = codec->peeked = 0;
	codec->clock_at = 0;
	return 0;
}

void
codec_close(struct codec *codec)
{
	if (!codec)
		return;
	if (codec->state)
		codec->backend->close(codec->state);
	free(codec->out);
	free(codec);
}

/* How many bits of a and b differ. */
static unsigned
bits_apart(const uint8_t *a, const uint8_t *b, size_t len)
{
	unsigned n = 0;
	for (size_t i = 0; i < len; i++)
		n += (unsigned)__builtin_popcount((unsigned)(a[i] ^ b[i]));
	return n;
}

/* Behind the last member: count what is left. */
static int
drain_garbage(struct codec *c, struct err *err)
{
	for (;;) {
		c->status.garbage += c->in_len;
		skip(c, c->in_len);
		if (more(c, &c->in, &c->in_len, err) < 0)
			return -1;
		if (!c->in_len)
			break;
	}
	c->status.ended = true;
	return 0;
}

/* Between members: a new one begins, or only padding, or something else follows. */
static int
next_member(struct codec *c, struct err *err)
{
	const struct codec_backend *b = c->backend;
	bool first = c->status.members == 0;
	for (;;) { /* zero padding, but before the first member and of formats that have one only */
		if (lookahead(c, CODEC_HEAD, err) < 0)
			return -1;
		if (first || b->single || !c->in_len || *c->in)
			break;
		size_t n = 0;
		while (n < c->in_len && !c->in[n])
			n++;
		skip(c, n);
	}
	if (!c->in_len && !first) {
		c->status.ended = true;
		return 0;
	}
	if (!first) {
		size_t n = c->in_len < b->magic_len ? c->in_len : b->magic_len;
		bool begins = !b->single && codec_begins(c->status.type, c->in, c->in_len);
		if (!begins && n && !b->single && b->magic_len > 2) {
			unsigned apart = bits_apart(c->in, b->magic, n);
			if (n < b->magic_len && apart == 0)
				return fault(c, CODEC_FAULT_TRUNCATED,
				    "ends inside the header of a member", err);
			if (n == b->magic_len && apart == 1)
				return fault(c, CODEC_FAULT_DAMAGED,
				    "the header of a further member is damaged", err);
		}
		if (!begins)
			return drain_garbage(c, err);
	}
	bool checked = true;
	if (b->begin(c->state, c->in, c->in_len, &checked) < 0)
		return fault(c, CODEC_FAULT_DAMAGED, "bad header", err);
	c->status.checked = c->status.checked && checked;
	c->in_member = true;
	return 0;
}

static int
check_limits(struct codec *c, struct err *err)
{
	const struct codec_limits *l = &c->limits;
	const struct codec_status *s = &c->status;
	if (l->max_bytes && s->out > l->max_bytes)
		return fault(c, CODEC_FAULT_BOMB, "more bytes than allowed", err);
	if (l->max_ratio && s->out > l->ratio_floor && s->out / l->max_ratio > s->in)
		return fault(c, CODEC_FAULT_BOMB, "a higher ratio than allowed", err);
	if (l->deadline_ms && s->in + s->out >= c->clock_at) {
		c->clock_at = s->in + s->out + CLOCK_EVERY;
		if (clock_mono_ms() > l->deadline_ms)
			return fault(c, CODEC_FAULT_TIME, "takes longer than allowed", err);
	}
	return 0;
}

/* One step inside a member; *ret_made is what it wrote to out. */
static int
step(struct codec *c, uint8_t *out, size_t room, size_t *ret_made, struct err *err)
{
	*ret_made = 0;
	if (!c->in_len && more(c, &c->in, &c->in_len, err) < 0)
		return -1;
	struct codec_io io = {
	    .in = c->in,
	    .in_len = c->in_len,
	    .out = out,
	    .out_len = room,
	    .eof = c->eof && !c->next_len,
	};
	enum codec_step r = c->backend->step(c->state, &io);
	size_t used = c->in_len - io.in_len;
	*ret_made = room - io.out_len;
	skip(c, used);
	c->status.out += *ret_made;
	switch (r) {
	case CODEC_STEP_END:
		c->status.members++;
		c->in_member = false;
		break;
	case CODEC_STEP_DAMAGED:
		fault(c, CODEC_FAULT_DAMAGED, io.detail, err);
		return *ret_made ? 0 : -1;
	case CODEC_STEP_MEMORY:
		return fault(c, CODEC_FAULT_MEMORY, io.detail, err);
	case CODEC_STEP_MORE:
		if (used || *ret_made || (!c->in_len && !io.eof))
			break;
		if (c->in_len)
			return fault(c, CODEC_FAULT_DAMAGED, "does not go on", err);
		return fault(c, CODEC_FAULT_TRUNCATED, "ends too early", err);
	}
	return check_limits(c, err);
}

/* The next decoded bytes into the room at out: > 0, 0 at the end, -1. */
static ssize_t
decode(struct codec *c, uint8_t *out, size_t room, struct err *err)
{
	while (!c->status.fault && !c->status.ended) {
		size_t made;
		if (!c->in_member) {
			if (next_member(c, err) < 0)
				return -1;
			continue;
		}
		if (step(c, out, room, &made, err) < 0)
			return -1;
		if (made)
			return (ssize_t)made;
	}
	if (c->status.fault) {
		if (c->status.fault != CODEC_FAULT_INPUT)
			err_set(err, ERR_FORMAT, "%s data %s%s%s", codec_name(c->status.type),
			    codec_fault_name(c->status.fault), *c->status.detail ? ": " : "",
			    c->status.detail);
		return -1;
	}
	return 0;
}

/* Without a compression: the blocks of the input as they are. */
static ssize_t
pass(struct codec *c, const uint8_t **ret_data, struct err *err)
{
	if (c->status.fault)
		return -1;
	if (c->status.ended)
		return 0;
	if (!c->in_len && more(c, &c->in, &c->in_len, err) < 0)
		return -1;
	*ret_data = c->in;
	size_t n = c->in_len;
	skip(c, n);
	c->status.out += n;
	c->status.ended = n == 0;
	return check_limits(c, err) < 0 ? -1 : (ssize_t)n;
}

static ssize_t
read_on(struct codec *codec, const uint8_t **ret_data, struct err *err)
{
	if (codec->held) {
		codec->held = false;
		if (codec->peeked) {
			*ret_data = codec->out;
			return (ssize_t)codec->peeked;
		}
	}
	if (!codec->backend)
		return pass(codec, ret_data, err);
	*ret_data = codec->out;
	return decode(codec, codec->out, OUT_SIZE, err);
}

ssize_t
codec_read(struct codec *codec, const uint8_t **ret_data, struct err *err)
{
	ssize_t n = read_on(codec, ret_data, err);
	if (n > 0 && codec->watch) {
		codec->watch(codec->watch_arg, codec->watched, *ret_data, (size_t)n);
		codec->watched += (uint64_t)n;
	}
	return n;
}

void
codec_watch(struct codec *codec, codec_watch_fn *fn, void *arg)
{
	codec->watch = fn;
	codec->watch_arg = arg;
	codec->watched = 0;
}

ssize_t
codec_peek(struct codec *codec, const uint8_t **ret_data, size_t len, struct err *err)
{
	if (len > CODEC_PEEK_MAX)
		len = CODEC_PEEK_MAX;
	if (!codec->out)
		codec->out = mem_alloc(CODEC_PEEK_MAX);
	while (codec->peeked < len) {
		ssize_t n;
		uint8_t *out = codec->out + codec->peeked;
		if (codec->backend) {
			n = decode(codec, out, OUT_SIZE - codec->peeked, err);
		} else {
			const uint8_t *data;
			if (!codec->in_len && more(codec, &codec->in, &codec->in_len, err) < 0)
				return -1;
			size_t take = codec->in_len < len - codec->peeked ? codec->in_len
									  : len - codec->peeked;
			data = codec->in;
			if (take)
				memcpy(out, data, take);
			skip(codec, take);
			codec->status.out += take;
			n = (ssize_t)take;
		}
		if (n < 0 && codec->status.fault == CODEC_FAULT_INPUT)
			return -1;
		if (n <= 0) /* a fault shows again when the reader comes to it */
			break;
		codec->peeked += (size_t)n;
	}
	codec->held = true;
	*ret_data = codec->out;
	return (ssize_t)(codec->peeked < len ? codec->peeked : len);
}

int
codec_drain(struct codec *codec, struct err *err)
{
	const uint8_t *data;
	ssize_t n;
	while ((n = codec_read(codec, &data, err)) > 0)
		continue;
	return n < 0 ? -1 : 0;
}

const struct codec_status *
codec_status(const struct codec *codec)
{
	return &codec->status;
}

const struct codec_input *
codec_input(const struct codec *codec)
{
	return &codec->input;
}
