// What a compression holds, read at any place: kept in memory, or decoded again.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <zlib.h>

#include "../../fixtures/mem_input.h"

#define LARGE (40U << 20) /* more than is kept */

/* Byte i of the content. */
static uint8_t
at(size_t i)
{
	return (uint8_t)(i >> 12 ^ i >> 3);
}

static void
make(size_t size, struct buf *packed)
{
	z_stream z = {0};
	uint8_t *text = mem_alloc(size), *room = mem_alloc(size / 2 + 1000);
	for (size_t i = 0; i < size; i++)
		text[i] = at(i);
	assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = text;
	z.avail_in = (uInt)size;
	z.next_out = room;
	z.avail_out = (uInt)(size / 2 + 1000);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	buf_add(packed, room, z.total_out);
	deflateEnd(&z);
	free(text);
	free(room);
}

static int
open_nest(struct mem_input *m, bool seekable, struct codec_nest **ret, struct err *err)
{
	struct codec_limits l = {0};
	struct codec_input input = mem_input_codec(m);
	struct codec *c;
	if (!seekable)
		input.pread = NULL;
	assert_int_equal(codec_open(&c, &input, &l, err), 0);
	int r = codec_nest_open(ret, c, &l, err);
	codec_close(c);
	return r;
}

static void
check_at(const struct codec_input *in, size_t offset, size_t len)
{
	uint8_t data[5000];
	size_t there = offset >= in->size ? 0 : (size_t)in->size - offset;
	size_t expected = len < there ? len : there;
	assert_int_equal(in->pread(in->arg, data, len, offset, NULL), expected);
	for (size_t i = 0; i < expected; i++)
		assert_int_equal(data[i], at(offset + i));
}

static void
check_places(size_t size, bool seekable)
{
	struct buf packed = BUF_INIT;
	struct codec_nest *nest;
	struct err err = {0};
	const uint8_t *data;
	ssize_t n;
	size_t pos = 0;
	make(size, &packed);
	struct mem_input m = {.data = (uint8_t *)packed.data, .len = packed.len, .piece = 70000};
	assert_int_equal(open_nest(&m, seekable, &nest, &err), 0);
	struct codec_input in = codec_nest_input(nest);
	assert_int_equal(in.size, size);
	check_at(&in, size - 22, 100);
	check_at(&in, size / 2, 5000);
	check_at(&in, 0, 30);
	check_at(&in, size / 2 + 5000, 5000);
	check_at(&in, 30, 1);
	check_at(&in, size, 10);
	check_at(&in, size / 4, 333);
	while ((n = in.read(in.arg, &data, NULL)) > 0) {
		for (ssize_t i = 0; i < n; i += 97)
			assert_int_equal(data[i], at(pos + (size_t)i));
		pos += (size_t)n;
	}
	assert_int_equal(n, 0);
	assert_int_equal(pos, size);
	codec_nest_close(nest);
	buf_release(&packed);
}

static void
test_places(void **state)
{
	(void)state;
	check_places(100000, true);
	check_places(100000, false);
	check_places(LARGE, true);
}

static void
test_refused(void **state)
{
	(void)state;
	struct buf packed = BUF_INIT;
	struct codec_nest *nest = NULL;
	struct err err = {0};
	uint8_t byte;
	int refused = 0;
	make(LARGE, &packed);
	struct mem_input m = {.data = (uint8_t *)packed.data, .len = packed.len, .piece = 70000};
	assert_int_equal(open_nest(&m, false, &nest, &err), -1); /* in order only, and too much */
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	m.pos = 0;
	m.len = packed.len / 2;
	assert_int_equal(open_nest(&m, true, &nest, &err), -1); /* cut */
	m.pos = 0;
	m.len = packed.len;
	assert_int_equal(open_nest(&m, true, &nest, &err), 0);
	struct codec_input in = codec_nest_input(nest);
	for (size_t i = 0; i < 100 && !refused; i++) /* always backwards */
		refused = in.pread(in.arg, &byte, 1, 100000 - i, &err) < 0;
	assert_true(refused);
	assert_int_equal(err.code, ERR_LIMIT);
	codec_nest_close(nest);
	buf_release(&packed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_places),
	    cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
