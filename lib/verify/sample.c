// How compressible decoded bytes are: the order-0 entropy of a sample, taken in passing.
#include <math.h>

#include "verify/verify_private.h"

/* A whole look at the beginning, then a little of every step: less than half a percent of the bytes. */
#define HEAD  1024
#define PIECE 256
#define STEP  65536

void
verify_sample_add(void *arg, uint64_t pos, const uint8_t *data, size_t len)
{
	struct verify_sample *s = arg;
	uint64_t end = pos + len;
	while (s->next < end) {
		size_t at = s->next > pos ? (size_t)(s->next - pos) : 0;
		size_t want = s->left ? s->left : s->next == 0 ? HEAD : PIECE;
		size_t n = want < len - at ? want : len - at;
		for (size_t i = 0; i < n; i++)
			s->counts[data[at + i]]++;
		s->total += (uint32_t)n;
		s->left = want - n;
		s->next = s->left ? end : (pos + at + n + STEP) / STEP * STEP;
	}
}

/* c * log2(c): most counts of a small sample are small. */
static float
weight(uint32_t c)
{
	static const float small[] = {0, 0, 2, 4.7548875F, 8, 11.6096405F, 15.509775F, 19.651484F,
	    24, 28.529325F, 33.219281F, 38.053748F, 43.01955F, 48.105717F, 53.302969F, 58.603359F};
	return c < ARRAY_LEN(small) ? small[c] : (float)c * log2f((float)c);
}

/* With the correction of Miller and Madow, so that a small sample of noise shows as noise. */
unsigned
verify_sample_entropy(const struct verify_sample *s)
{
	float sum = 0, n = (float)s->total;
	unsigned kinds = 0;
	if (s->total < PIECE)
		return 0;
	for (size_t i = 0; i < 256; i++) {
		if (!s->counts[i])
			continue;
		kinds++;
		sum += weight(s->counts[i]);
	}
	float bits = log2f(n) - sum / n + (float)(kinds - 1) / (2 * n * (float)M_LN2);
	bits = bits > 8 ? 8 : bits;
	unsigned milli = (unsigned)(bits * 1000 + 0.5F);
	return milli ? milli : 1;
}
