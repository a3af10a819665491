// Signals of tampering: one backup against the history of its series.
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "verify/verify_private.h"

#define NOISE 7500 /* thousandths of a bit a byte: above it nothing can be compressed */
#define JUMP  1000 /* the least jump that counts */
#define RARE  10   /* one of so many may have been unrecognised before */
#define USUAL 3    /* so many rewritten ones, and rewriting is what the series does */
#define BURST 3

/* Compressions and containers that bkm cannot look into: not to know them is no signal. */
static const char *const opaque[] = {".br", ".lzo", ".lrz", ".zpaq", ".sz", ".vbk", ".vma", ".dar",
    ".wim", ".squashfs", ".sqfs", ".img", ".raw", ".vmdk", ".vdi", ".vhdx"};

const char *
verify_signal_word(enum verify_signal signal)
{
	switch (signal) {
	case VERIFY_SIGNAL_FORMAT:
		return "format_gone";
	case VERIFY_SIGNAL_ENTROPY:
		return "incompressible";
	case VERIFY_SIGNAL_REWRITTEN:
		return "rewritten";
	case VERIFY_SIGNAL_EXTENSIONS:
		return "extensions_changed";
	case VERIFY_SIGNAL_VANISHED:
		return "many_vanished";
	}
	return "format_gone";
}

/* ---------------------------------------------------------------- the content */

static bool
is_encrypted(const struct verify_profile *p)
{
	return !strcmp(p->format, "encrypted");
}

static bool
is_recognised(const struct verify_profile *p)
{
	return !is_encrypted(p) && (*p->format || *p->codec);
}

static bool
is_announced(const struct verify_suspect *s)
{
	struct archive_promise promise;
	const char *dot = s->name ? strrchr(s->name, '.') : NULL;
	archive_promise_of(s->name ? s->name : "", &promise);
	if (is_recognised(&s->now)) /* decrypted, or never encrypted */
		return false;
	if (promise.encrypted || (s->announced && is_encrypted(&s->now)))
		return true;
	for (size_t i = 0; dot && i < ARRAY_LEN(opaque); i++)
		if (!strcasecmp(dot, opaque[i]))
			return true;
	return false;
}

static bool
is_format_gone(const struct verify_suspect *s, const struct verify_history *h)
{
	size_t known = 0;
	if (is_recognised(&s->now))
		return false;
	for (size_t i = 0; i < h->count; i++)
		known += is_recognised(&h->profiles[i]);
	return known >= VERIFY_HISTORY_MIN && (h->count - known) * RARE <= h->count;
}

static int
by_value(const void *x, const void *y)
{
	unsigned a = *(const unsigned *)x, b = *(const unsigned *)y;
	return (a > b) - (a < b);
}

static unsigned
median(unsigned *v, size_t n)
{
	qsort(v, n, sizeof(*v), by_value);
	return v[n / 2];
}

/* The jump above the median, in five standard deviations by the median absolute deviation, and above
 * everything that ever was. 0: no jump. */
static unsigned
entropy_jump(const struct verify_suspect *s, const struct verify_history *h, unsigned *ret_usual)
{
	unsigned v[VERIFY_HISTORY_MAX], most = 0;
	size_t n = 0;
	if (s->now.entropy < NOISE)
		return 0;
	for (size_t i = 0; i < h->count; i++) {
		const struct verify_profile *p = &h->profiles[i];
		if (!p->entropy || is_encrypted(p) || (*p->codec != 0) != (*s->now.codec != 0))
			continue;
		most = p->entropy > most ? p->entropy : most;
		v[n++] = p->entropy;
	}
	if (n < VERIFY_HISTORY_MIN)
		return 0;
	unsigned middle = median(v, n), now = s->now.entropy;
	for (size_t i = 0; i < n; i++)
		v[i] = v[i] > middle ? v[i] - middle : middle - v[i];
	unsigned spread = (unsigned)((double)median(v, n) * 1.4826 * 5);
	*ret_usual = middle;
	if (now <= middle || now - middle < JUMP || now - middle < spread || now < most + JUMP / 4)
		return 0;
	return now - middle;
}

/* ---------------------------------------------------------------- its place */

static bool
is_rewritten(const struct verify_suspect *s, const struct verify_history *h)
{
	size_t usual = 0;
	for (size_t i = 0; i < h->count; i++)
		usual += h->profiles[i].rewritten;
	return s->now.rewritten && usual < USUAL;
}

static bool
has_vanished(const struct verify_history *h)
{
	return h->vanished >= BURST && h->vanished > h->left &&
	    h->vanished > 2 * h->vanished_before;
}

/* ---------------------------------------------------------------- together */

bool
verify_signals_possible(const struct verify_suspect *s)
{
	return !s->nothing &&
	    (!is_recognised(&s->now) || s->now.entropy >= NOISE || s->now.rewritten);
}

static unsigned
count_independent(unsigned signals, const struct verify_suspect *s, const struct verify_history *h)
{
	const unsigned content = VERIFY_SIGNAL_FORMAT | VERIFY_SIGNAL_ENTROPY;
	const unsigned names = VERIFY_SIGNAL_EXTENSIONS | VERIFY_SIGNAL_VANISHED;
	unsigned n = (unsigned)__builtin_popcount(signals);
	if ((signals & content) == content && is_encrypted(&s->now))
		n--;
	if ((signals & names) == names && h->vanished <= h->renamed + h->renamed / 2)
		n--;
	return n;
}

static void
describe(const struct verify_suspect *s, const struct verify_history *h, unsigned usual,
    struct verify_suspicion *v)
{
	struct buf out = BUF_INIT;
	const char *was = NULL;
	for (size_t i = 0; i < h->count && !was; i++)
		if (is_recognised(&h->profiles[i]))
			was = *h->profiles[i].format ? h->profiles[i].format : h->profiles[i].codec;
	if (v->signals & VERIFY_SIGNAL_FORMAT)
		buf_printf(&out, "; always was %s, now %s", was ? was : "known",
		    is_encrypted(&s->now) ? "encrypted" : "nothing that is known");
	if (v->signals & VERIFY_SIGNAL_ENTROPY)
		buf_printf(&out, "; %.1f bits a byte instead of %.1f", s->now.entropy / 1000.0,
		    usual / 1000.0);
	if (v->signals & VERIFY_SIGNAL_REWRITTEN)
		buf_str(&out, "; an older backup was rewritten");
	if (v->signals & VERIFY_SIGNAL_EXTENSIONS)
		buf_printf(&out, "; %llu have other extensions", (unsigned long long)h->renamed);
	if (v->signals & VERIFY_SIGNAL_VANISHED)
		buf_printf(&out, "; %llu went at once", (unsigned long long)h->vanished);
	snprintf(v->text, sizeof(v->text), "%s", out.len ? out.data + 2 : "");
	buf_release(&out);
}

void
verify_signals_judge(const struct verify_suspect *suspect, const struct verify_history *history,
    struct verify_suspicion *ret_suspicion)
{
	unsigned usual = 0, signals = 0;
	*ret_suspicion = (struct verify_suspicion){0};
	if (suspect->nothing)
		return;
	if (!is_announced(suspect)) {
		if (is_format_gone(suspect, history))
			signals |= VERIFY_SIGNAL_FORMAT;
		if (entropy_jump(suspect, history, &usual))
			signals |= VERIFY_SIGNAL_ENTROPY;
	}
	if (is_rewritten(suspect, history))
		signals |= VERIFY_SIGNAL_REWRITTEN;
	if (suspect->renamed && history->renamed >= BURST)
		signals |= VERIFY_SIGNAL_EXTENSIONS;
	if (has_vanished(history))
		signals |= VERIFY_SIGNAL_VANISHED;
	ret_suspicion->signals = signals;
	ret_suspicion->tampering = count_independent(signals, suspect, history) >= 2;
	describe(suspect, history, usual, ret_suspicion);
}

/* ---------------------------------------------------------------- the same content */

bool
verify_same_content(const char *const *digests, size_t count)
{
	size_t row = 1, longest = 1, now = 0, changes = 0;
	for (size_t i = 1; i <= count; i++) {
		if (i < count && !strcmp(digests[i], digests[i - 1])) {
			row++;
			continue;
		}
		if (!now)
			now = row;
		else if (row > longest)
			longest = row;
		changes += i < count;
		row = 1;
	}
	return now >= VERIFY_SAME_MIN && now > 2 * longest && changes >= VERIFY_SAME_MIN;
}
