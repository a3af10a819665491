// Two files at a time in one thread, where their digest is all that is asked for.
#include <errno.h>

#include "verify/worker_private.h"

struct lane {
	bool busy;
	struct verify_job job;
	struct verify_input in;
	struct verify_answer *answer;
	int64_t start;
	const uint8_t *data; /* read and not yet digested */
	size_t len;
};

struct lanes {
	struct verify_context *context;
	const struct verify_request *requests;
	const int *fds;
	struct verify_answer *answers;
	size_t next, count;
	struct lane lane[HASH_PAIR];
};

bool
verify_is_plain(const struct verify_request *q)
{
	return !q->content && !strcmp(q->algorithms[0], "sha256") && !*q->algorithms[1];
}

/* The next job of the batch begins in lane i: false if there is none. */
static bool
begin(struct lanes *s, unsigned i)
{
	static const char *const none[VERIFY_DIGESTS];
	struct lane *l = &s->lane[i];
	if (s->next == s->count)
		return false;
	size_t n = s->next++;
	const struct verify_request *q = &s->requests[n];
	l->job = (struct verify_job){
	    .fd = s->fds[n], .size = q->size, .mtime = q->mtime, .mtime_nsec = q->mtime_nsec};
	l->answer = &s->answers[n];
	memset(l->answer, 0, sizeof(*l->answer));
	l->start = clock_mono_ms();
	l->busy = true;
	(void)verify_input_open(
	    &l->in, s->context, l->job.fd, q->size, q->cached, none, false, NULL);
	l->in.block = i;
	hash_pair_begin(s->context->pair, i);
	return true;
}

static void
end(struct lanes *s, unsigned i)
{
	struct lane *l = &s->lane[i];
	struct verify_digest *d = &l->answer->digests[0];
	hash_pair_end(s->context->pair, i, d->data, &d->len);
	l->answer->bytes = l->in.pos;
	verify_answer_settle(l->answer, &l->job, &l->in);
}

/* Have bytes in lane i, of its file or of the next one: false if there are no more files. */
static bool
fill(struct lanes *s, unsigned i)
{
	struct lane *l = &s->lane[i];
	struct err err = {0};
	while (!l->len) {
		if (!l->busy && !begin(s, i))
			return false;
		ssize_t n = verify_input_read(&l->in, &l->data, &err);
		if (n > 0) {
			l->len = (size_t)n;
			break;
		}
		if (n < 0)
			verify_answer_failed(l->answer, VERIFY_REASON_UNREADABLE,
			    l->in.error ? strerror(l->in.error) : err.msg);
		else
			end(s, i);
		l->answer->ms = clock_mono_ms() - l->start;
		verify_input_close(&l->in);
		l->busy = false;
	}
	return true;
}

/* As far as both lanes have bytes; what is left over of the longer is company for the next file. */
static void
digest(struct lanes *s, size_t most)
{
	const void *data[HASH_PAIR];
	size_t len[HASH_PAIR];
	for (unsigned i = 0; i < HASH_PAIR; i++) {
		struct lane *l = &s->lane[i];
		data[i] = l->data;
		len[i] = l->len < most ? l->len : most;
		l->data += len[i];
		l->len -= len[i];
	}
	hash_pair_update(s->context->pair, data, len);
}

bool
verify_lanes(struct verify_context *context, const struct verify_request *requests, const int *fds,
    struct verify_answer *answers, size_t count)
{
	struct lanes s = {
	    .context = context,
	    .requests = requests,
	    .fds = fds,
	    .answers = answers,
	    .count = count,
	};
	if (!context->pair && !context->no_pair) {
		context->pair = hash_pair_new(requests[0].algorithms[0]);
		context->no_pair = !context->pair;
	}
	if (!context->pair)
		return false;
	for (;;) {
		bool first = fill(&s, 0), second = fill(&s, 1);
		size_t a = s.lane[0].len, b = s.lane[1].len;
		if (!first && !second)
			return true;
		/* In step by whole blocks: of a shorter end, one block goes with it. */
		size_t both = (a < b ? a : b) / HASH_PAIR_STEP * HASH_PAIR_STEP;
		digest(&s, !a || !b ? a + b : both ? both : HASH_PAIR_STEP);
	}
}
