// xz with several blocks, decoded by several threads: the same bytes, the same faults, the same places.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <lzma.h>

#include "codec/codec.h"

#define TEXT  60000
#define BLOCK 5000

struct mem {
	const uint8_t *data;
	size_t len, pos;
};

static ssize_t
mem_read(void *arg, const uint8_t **ret_data, struct err *err)
{
	struct mem *m = arg;
	(void)err;
	size_t n = m->len - m->pos;
	*ret_data = m->data + m->pos;
	m->pos += n;
	return (ssize_t)n;
}

static ssize_t
mem_pread(void *arg, void *data, size_t len, uint64_t offset, struct err *err)
{
	struct mem *m = arg;
	(void)err;
	size_t n = offset < m->len ? m->len - offset : 0;
	n = n < len ? n : len;
	memcpy(data, m->data + offset, n);
	return (ssize_t)n;
}

static struct codec_status
decode(const uint8_t *data, size_t len, unsigned threads, struct buf *out)
{
	struct mem m = {.data = data, .len = len};
	struct codec_input input = {.read = mem_read, .pread = mem_pread, .size = len, .arg = &m};
	struct codec_limits limits = {.threads = threads};
	struct codec *c;
	const uint8_t *p;
	ssize_t n;
	buf_clear(out);
	assert_int_equal(codec_open_as(&c, CODEC_XZ, &input, &limits, NULL), 0);
	while ((n = codec_read(c, &p, NULL)) > 0)
		buf_add(out, p, (size_t)n);
	struct codec_status s = *codec_status(c);
	codec_close(c);
	return s;
}

static void
pack(struct buf *out, const uint8_t *text)
{
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_mt mt = {.threads = 1, .block_size = BLOCK, .preset = 0, .check = LZMA_CHECK_CRC32};
	assert_int_equal(lzma_stream_encoder_mt(&s, &mt), LZMA_OK);
	s.next_in = text;
	s.avail_in = TEXT;
	s.next_out = (uint8_t *)buf_reserve(out, (size_t)2 * TEXT);
	s.avail_out = (size_t)2 * TEXT;
	assert_int_equal(lzma_code(&s, LZMA_FINISH), LZMA_STREAM_END);
	out->len = s.total_out;
	lzma_end(&s);
}

/* One decoder alone says what several have to say. */
static void
compare(const uint8_t *data, size_t len, const uint8_t *text)
{
	struct buf one = BUF_INIT, many = BUF_INIT;
	struct codec_status a = decode(data, len, 1, &one), b = decode(data, len, 3, &many);
	if (a.fault != b.fault || strcmp(a.detail, b.detail) || a.in != b.in || a.out != b.out)
		fail_msg(
		    "%zu of the bytes: alone %s (%s) at %llu/%llu, together %s (%s) at %llu/%llu",
		    len, codec_fault_name(a.fault), a.detail, (unsigned long long)a.in,
		    (unsigned long long)a.out, codec_fault_name(b.fault), b.detail,
		    (unsigned long long)b.in, (unsigned long long)b.out);
	assert_int_equal(a.members, b.members);
	assert_int_equal(a.ended, b.ended);
	assert_true(a.fault == CODEC_FAULT_NONE || !b.ended);
	if (many.len && a.fault != CODEC_FAULT_DAMAGED)
		assert_memory_equal(many.data, text, many.len);
	buf_release(&one);
	buf_release(&many);
}

static void
test_same_as_alone(void **state)
{
	(void)state;
	struct buf packed = BUF_INIT, out = BUF_INIT;
	uint8_t *text = mem_alloc(TEXT);
	uint32_t x = 1;
	for (size_t i = 0; i < TEXT; i++) {
		x = x * 1664525 + 1013904223;
		text[i] = (uint8_t)('a' + (x >> 24) % 5);
	}
	pack(&packed, text);
	uint8_t *data = (uint8_t *)packed.data;
	compare(data, packed.len, text);
	assert_int_equal(decode(data, packed.len, 3, &out).fault, CODEC_FAULT_NONE);
	assert_int_equal(out.len, TEXT);
	for (size_t cut = 1; cut < packed.len; cut += getenv("BKM_SOAK") ? 1 : 397)
		compare(data, packed.len - cut, text);
	for (size_t at = 0; at < packed.len; at += getenv("BKM_SOAK") ? 7 : 401) {
		data[at] ^= 4;
		compare(data, packed.len, text);
		data[at] ^= 4;
	}
	free(text);
	buf_release(&packed);
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_as_alone)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
