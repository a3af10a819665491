// Every decompressor: round trips in blocks of every size, members, padding, garbage, cuts, flips, limits.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <bzlib.h>
#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "codec/codec.h"

struct mem {
	const uint8_t *data;
	size_t len, pos, block;
	bool fail;
};

static ssize_t
mem_read(void *arg, const uint8_t **ret_data, struct err *err)
{
	struct mem *m = arg;
	size_t n = m->len - m->pos < m->block ? m->len - m->pos : m->block;
	if (m->fail && n == 0)
		return err_set(err, ERR_IO, "cannot read 'test': Input/output error");
	*ret_data = m->data + m->pos;
	m->pos += n;
	return (ssize_t)n;
}

struct outcome {
	struct codec_status status;
	struct buf out;
	int r;
};

static struct outcome
decode(const void *data, size_t len, size_t block, const struct codec_limits *limits)
{
	struct mem m = {.data = data, .len = len, .block = block};
	struct codec_input input = {.read = mem_read, .arg = &m};
	struct codec *c;
	struct outcome o = {.out = BUF_INIT};
	struct err err = {0};
	assert_int_equal(codec_open(&c, &input, limits, &err), 0);
	const uint8_t *p;
	ssize_t n;
	while ((n = codec_read(c, &p, &err)) > 0)
		buf_add(&o.out, p, (size_t)n);
	o.r = (int)n;
	o.status = *codec_status(c);
	if (o.r < 0)
		assert_int_not_equal(o.status.fault, CODEC_FAULT_NONE);
	codec_close(c);
	return o;
}

/* ---------------------------------------------------------------- samples */

static void
plain(struct buf *b, size_t len)
{
	uint32_t x = 12345;
	while (b->len < len) {
		x = x * 1103515245 + 12345;
		buf_printf(b, "line %u of a text that repeats itself\n", (x >> 16) % 5000);
	}
	b->len = len;
}

static void
pack_gzip(struct buf *out, const void *data, size_t len)
{
	z_stream z = {0};
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	size_t room = deflateBound(&z, len) + 64;
	z.next_in = (Bytef *)(uintptr_t)data;
	z.avail_in = (uInt)len;
	z.next_out = (Bytef *)buf_reserve(out, room);
	z.avail_out = (uInt)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	out->len += room - z.avail_out;
	deflateEnd(&z);
}

static void
pack_bzip2(struct buf *out, const void *data, size_t len)
{
	unsigned room = (unsigned)(len + len / 50 + 700);
	char *p = buf_reserve(out, room);
	assert_int_equal(
	    BZ2_bzBuffToBuffCompress(p, &room, (char *)(uintptr_t)data, (unsigned)len, 1, 0, 0),
	    BZ_OK);
	out->len += room;
}

static void
pack_xz_check(struct buf *out, const void *data, size_t len, lzma_check check)
{
	size_t room = lzma_stream_buffer_bound(len), pos = 0;
	uint8_t *p = (uint8_t *)buf_reserve(out, room);
	assert_int_equal(
	    lzma_easy_buffer_encode(1, check, NULL, data, len, p, &pos, room), LZMA_OK);
	out->len += pos;
}

static void
pack_xz(struct buf *out, const void *data, size_t len)
{
	pack_xz_check(out, data, len, LZMA_CHECK_CRC64);
}

static void
pack_zstd_flag(struct buf *out, const void *data, size_t len, int checksum)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, checksum);
	size_t room = ZSTD_compressBound(len);
	size_t n = ZSTD_compress2(c, buf_reserve(out, room), room, data, len);
	assert_false(ZSTD_isError(n));
	out->len += n;
	ZSTD_freeCCtx(c);
}

static void
pack_zstd(struct buf *out, const void *data, size_t len)
{
	pack_zstd_flag(out, data, len, 1);
}

static void
pack_lz4(struct buf *out, const void *data, size_t len)
{
	LZ4F_preferences_t prefs = {
	    .frameInfo = {.contentChecksumFlag = LZ4F_contentChecksumEnabled}};
	size_t room = LZ4F_compressFrameBound(len, &prefs);
	size_t n = LZ4F_compressFrame(buf_reserve(out, room), room, data, len, &prefs);
	assert_false(LZ4F_isError(n));
	out->len += n;
}

/* lzip -9 of eight times this line; liblzma writes no lzip. */
#define LZIP_LINE "hello hello hello hello lzip\n"
static const uint8_t lzip_sample[] = {0x4c, 0x5a, 0x49, 0x50, 0x01, 0x0c, 0x00, 0x34, 0x19, 0x49,
    0xee, 0x8d, 0xe9, 0x56, 0x0c, 0x60, 0x6a, 0xbe, 0xd5, 0x0c, 0x92, 0x36, 0x25, 0x8c, 0x83, 0x5e,
    0xff, 0xff, 0xfc, 0x78, 0x10, 0x00, 0x43, 0xe4, 0xd5, 0xd8, 0xe8, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x34, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};

static void
pack_lzip(struct buf *out, const void *data, size_t len)
{
	(void)data;
	(void)len;
	buf_add(out, lzip_sample, sizeof(lzip_sample));
}

struct sample {
	const char *name;
	enum codec_type type;
	void (*pack)(struct buf *out, const void *data, size_t len);
	bool portable;
	size_t magic_len;
};

static const struct sample samples[] = {
    {"gzip", CODEC_GZIP, pack_gzip, false, 3},
    {"gzip by zlib", CODEC_GZIP, pack_gzip, true, 3},
    {"bzip2", CODEC_BZIP2, pack_bzip2, false, 4},
    {"xz", CODEC_XZ, pack_xz, false, 6},
    {"zstd", CODEC_ZSTD, pack_zstd, false, 4},
    {"lz4", CODEC_LZ4, pack_lz4, false, 4},
    {"lzip", CODEC_LZIP, pack_lzip, false, 4},
};

static void
make(const struct sample *s, struct buf *text, struct buf *packed, size_t len)
{
	if (s->type == CODEC_LZIP) {
		for (int i = 0; i < 8; i++)
			buf_str(text, LZIP_LINE);
	} else {
		plain(text, len);
	}
	s->pack(packed, text->data, text->len);
	assert_false(packed->failed);
}

static void
twice(struct buf *b)
{
	char *copy = mem_dup(b->data, b->len);
	buf_add(b, copy, b->len);
	free(copy);
}

static void
assert_same(const struct outcome *o, const struct buf *text, const char *what)
{
	if (o->r != 0 || o->out.len != text->len || memcmp(o->out.data, text->data, text->len))
		fail_msg("%s: r %d, %zu bytes instead of %zu (%s: %s)", what, o->r, o->out.len,
		    text->len, codec_fault_name(o->status.fault), o->status.detail);
}

/* ---------------------------------------------------------------- tests */

static void
test_round_trip(void **state)
{
	(void)state;
	static const size_t blocks[] = {1, 2, 3, 7, 64, 4096, 1 << 20};
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		struct buf text = BUF_INIT, packed = BUF_INIT;
		make(&samples[i], &text, &packed, 700000);
		for (size_t b = 0; b < ARRAY_LEN(blocks); b++) {
			struct codec_limits l = {.portable = samples[i].portable};
			struct outcome o = decode(packed.data, packed.len, blocks[b], &l);
			assert_same(&o, &text, samples[i].name);
			assert_int_equal(o.status.type, samples[i].type);
			assert_true(o.status.ended && o.status.checked);
			assert_int_equal(o.status.members, 1);
			assert_int_equal(o.status.garbage, 0);
			assert_int_equal(o.status.in, packed.len);
			assert_int_equal(o.status.out, text.len);
			buf_release(&o.out);
		}
		buf_release(&text);
		buf_release(&packed);
	}
}

static void
test_members_padding_garbage(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		const struct sample *s = &samples[i];
		struct codec_limits l = {.portable = s->portable};
		struct buf text = BUF_INIT, packed = BUF_INIT;
		make(s, &text, &packed, 3000);
		size_t one = packed.len;
		twice(&packed);
		twice(&text);
		for (size_t block = 1; block < 40; block++) {
			struct outcome o = decode(packed.data, packed.len, block, &l);
			assert_same(&o, &text, s->name);
			assert_int_equal(o.status.members, 2);
			buf_release(&o.out);
		}
		for (size_t z = 0; z < 8192; z++)
			buf_char(&packed, 0);
		struct outcome o = decode(packed.data, packed.len, 1000, &l);
		assert_same(&o, &text, s->name);
		assert_int_equal(o.status.garbage, 0);
		buf_release(&o.out);
		buf_str(&packed, "surprise");
		o = decode(packed.data, packed.len, 1000, &l);
		assert_same(&o, &text, s->name);
		assert_int_equal(o.status.garbage, 8);
		assert_true(o.status.ended);
		buf_release(&o.out);
		/* One bit of the magic of the second member is garbage that is none. */
		packed.data[one] ^= 2;
		o = decode(packed.data, one * 2, 1000, &l);
		assert_int_equal(o.r, -1);
		assert_int_equal(o.status.fault, CODEC_FAULT_DAMAGED);
		assert_int_equal(o.status.members, 1);
		buf_release(&o.out);
		buf_release(&text);
		buf_release(&packed);
	}
}

static void
test_cut_at_every_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		const struct sample *s = &samples[i];
		struct codec_limits l = {.portable = s->portable};
		struct buf text = BUF_INIT, packed = BUF_INIT;
		make(s, &text, &packed, getenv("BKM_SOAK") ? 30000 : 2000);
		size_t one = packed.len;
		twice(&packed);
		for (size_t cut = s->magic_len; cut < packed.len; cut++) {
			struct outcome o = decode(packed.data, cut, cut % 13 + 1, &l);
			if (cut == one) { /* the loss of a whole member shows nowhere */
				assert_int_equal(o.r, 0);
			} else if (o.r != -1 || o.status.fault != CODEC_FAULT_TRUNCATED) {
				/* A cut inside the header may be called damaged, never good. */
				if (o.r != -1 || o.status.fault != CODEC_FAULT_DAMAGED ||
				    (cut > 24 && cut < one) || cut > one + 24)
					fail_msg("%s cut at %zu of %zu: r %d %s", s->name, cut,
					    packed.len, o.r, codec_fault_name(o.status.fault));
			}
			buf_release(&o.out);
		}
		buf_release(&text);
		buf_release(&packed);
	}
}

static void
test_flip_every_bit(void **state)
{
	(void)state;
	unsigned step = getenv("BKM_SOAK") ? 1 : 3;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		const struct sample *s = &samples[i];
		struct codec_limits l = {.portable = s->portable, .max_bytes = 1 << 20};
		struct buf text = BUF_INIT, packed = BUF_INIT;
		make(s, &text, &packed, getenv("BKM_SOAK") ? 20000 : 2000);
		for (size_t bit = 0; bit < packed.len * 8; bit += step) {
			packed.data[bit / 8] ^= (char)(1U << (bit % 8));
			struct outcome o = decode(packed.data, packed.len, 512, &l);
			/* Not found is only what changes nothing: a field of the header that
			 * says nothing about the content, or a magic that is none any more. */
			if (o.r == 0 && o.status.type != CODEC_NONE)
				assert_same(&o, &text, s->name);
			if (o.r == 0 && o.status.type == CODEC_NONE)
				assert_true(bit / 8 < s->magic_len);
			buf_release(&o.out);
			packed.data[bit / 8] ^= (char)(1U << (bit % 8));
		}
		buf_release(&text);
		buf_release(&packed);
	}
}

static void
test_unchecked_is_said(void **state)
{
	(void)state;
	struct buf text = BUF_INIT, packed = BUF_INIT;
	plain(&text, 5000);
	pack_zstd_flag(&packed, text.data, text.len, 0);
	struct outcome o = decode(packed.data, packed.len, 100, NULL);
	assert_same(&o, &text, "zstd --no-check");
	assert_false(o.status.checked);
	buf_release(&o.out);
	buf_clear(&packed);
	pack_xz_check(&packed, text.data, text.len, LZMA_CHECK_NONE);
	o = decode(packed.data, packed.len, 100, NULL);
	assert_same(&o, &text, "xz --check=none");
	assert_false(o.status.checked);
	buf_release(&o.out);
	/* One good frame, one without: not covered. */
	buf_clear(&packed);
	pack_zstd_flag(&packed, text.data, 100, 1);
	pack_zstd_flag(&packed, text.data, 100, 0);
	o = decode(packed.data, packed.len, 100, NULL);
	assert_int_equal(o.status.members, 2);
	assert_false(o.status.checked);
	buf_release(&o.out);
	buf_release(&text);
	buf_release(&packed);
}

static void
test_limits(void **state)
{
	(void)state;
	struct buf text = BUF_INIT, packed = BUF_INIT;
	for (size_t i = 0; i < 4 << 20; i++)
		buf_char(&text, 0);
	pack_gzip(&packed, text.data, text.len);
	struct codec_limits l = {.max_bytes = 1 << 20};
	struct outcome o = decode(packed.data, packed.len, 4096, &l);
	assert_int_equal(o.status.fault, CODEC_FAULT_BOMB);
	assert_true(o.out.len <= (1 << 20) + 256 * 1024);
	buf_release(&o.out);
	l = (struct codec_limits){.max_ratio = 100, .ratio_floor = 1 << 20};
	o = decode(packed.data, packed.len, 4096, &l);
	assert_int_equal(o.status.fault, CODEC_FAULT_BOMB);
	buf_release(&o.out);
	l = (struct codec_limits){.max_ratio = 100, .ratio_floor = 8 << 20};
	o = decode(packed.data, packed.len, 4096, &l);
	assert_same(&o, &text, "below the floor");
	buf_release(&o.out);
	l = (struct codec_limits){.deadline_ms = 1};
	o = decode(packed.data, packed.len, 4096, &l);
	assert_int_equal(o.status.fault, CODEC_FAULT_TIME);
	buf_release(&o.out);
	buf_clear(&packed);
	pack_xz(&packed, text.data, text.len);
	l = (struct codec_limits){.memory = 64 * 1024};
	o = decode(packed.data, packed.len, 4096, &l);
	assert_int_equal(o.status.fault, CODEC_FAULT_MEMORY);
	buf_release(&o.out);
	buf_release(&text);
	buf_release(&packed);
}

static void
test_empty_stream_and_no_stream(void **state)
{
	(void)state;
	struct buf packed = BUF_INIT;
	pack_gzip(&packed, "", 0);
	struct outcome o = decode(packed.data, packed.len, 100, NULL);
	assert_int_equal(o.r, 0);
	assert_int_equal(o.status.out, 0);
	assert_int_equal(o.status.members, 1);
	buf_release(&o.out);
	buf_release(&packed);
	o = decode("", 0, 100, NULL);
	assert_int_equal(o.r, 0);
	assert_int_equal(o.status.type, CODEC_NONE);
	assert_true(o.status.ended);
	buf_release(&o.out);
	o = decode("just text, a longer one than any magic", 38, 5, NULL);
	assert_int_equal(o.out.len, 38);
	assert_int_equal(o.status.type, CODEC_NONE);
	buf_release(&o.out);
}

static void
test_peek(void **state)
{
	(void)state;
	static const size_t wants[] = {1, 100, 600, 65536};
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		for (size_t w = 0; w < ARRAY_LEN(wants) * 2; w++) {
			struct buf text = BUF_INIT, packed = BUF_INIT, out = BUF_INIT;
			make(&samples[i], &text, &packed, 100000);
			struct buf *source = w & 1 ? &text : &packed; /* plain or compressed */
			struct mem m = {.data = (uint8_t *)source->data,
			    .len = source->len,
			    .block = w & 2 ? 37 : 50000};
			struct codec_input input = {.read = mem_read, .arg = &m};
			struct codec *c;
			const uint8_t *p;
			assert_int_equal(codec_open(&c, &input, NULL, NULL), 0);
			ssize_t n = codec_peek(c, &p, wants[w / 2], NULL);
			size_t expect = wants[w / 2] < text.len ? wants[w / 2] : text.len;
			assert_int_equal(n, expect);
			assert_memory_equal(p, text.data, expect);
			while ((n = codec_read(c, &p, NULL)) > 0)
				buf_add(&out, p, (size_t)n);
			assert_int_equal(n, 0);
			assert_int_equal(out.len, text.len);
			assert_memory_equal(out.data, text.data, text.len);
			codec_close(c);
			buf_release(&text);
			buf_release(&packed);
			buf_release(&out);
		}
	}
}

static void
test_input_error_is_no_verdict(void **state)
{
	(void)state;
	struct buf text = BUF_INIT, packed = BUF_INIT;
	plain(&text, 10000);
	pack_gzip(&packed, text.data, text.len);
	struct mem m = {
	    .data = (uint8_t *)packed.data, .len = packed.len / 2, .block = 100, .fail = true};
	struct codec_input input = {.read = mem_read, .arg = &m};
	struct codec *c;
	struct err err = {0};
	assert_int_equal(codec_open(&c, &input, NULL, &err), 0);
	assert_int_equal(codec_drain(c, &err), -1);
	assert_int_equal(codec_status(c)->fault, CODEC_FAULT_INPUT);
	assert_string_equal(err.msg, "cannot read 'test': Input/output error");
	codec_close(c);
	buf_release(&text);
	buf_release(&packed);
}

static void
test_sniff(void **state)
{
	(void)state;
	assert_int_equal(codec_sniff("BZhello", 7), CODEC_NONE);
	assert_int_equal(codec_sniff("BZh91AY", 7), CODEC_BZIP2);
	assert_int_equal(codec_sniff("\x1f\x8b", 2), CODEC_NONE);
	assert_int_equal(codec_sniff("\x1f\x8b\x08", 3), CODEC_GZIP);
	assert_int_equal(codec_sniff("\x52\x2a\x4d\x18\0\0\0\0", 8), CODEC_ZSTD);
	assert_int_equal(
	    codec_sniff("]\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0", 14), CODEC_LZMA);
	assert_int_equal(
	    codec_sniff("]\0\0\x81\0\xff\xff\xff\xff\xff\xff\xff\xff\0", 14), CODEC_NONE);
	assert_string_equal(codec_name(CODEC_ZSTD), "zstd");
	assert_string_equal(codec_name(CODEC_NONE), "none");
}

static void
test_crc32(void **state)
{
	(void)state;
	assert_int_equal(codec_crc32(0, "123456789", 9), 0xcbf43926);
	assert_int_equal(codec_crc32(codec_crc32(0, "1234", 4), "56789", 5), 0xcbf43926);
}

/* What compress(1) makes of "hello hello hello"; wide codes are in tests/cmd/bkm-verify-formats.bats. */
static void
test_compress(void **state)
{
	(void)state;
	static const char text[] = "hello hello hello";
	uint8_t packed[] = {0x1f, 0x9d, 0x90, 0x68, 0xca, 0xb0, 0x61, 0xf3, 0x06, 0x44, 0xc0, 0x81,
	    0x05, 0x0f, 0x12, 0x04};
	for (size_t block = 1; block <= sizeof(packed); block += 3) {
		struct outcome o = decode(packed, sizeof(packed), block, NULL);
		assert_int_equal(o.status.type, CODEC_COMPRESS);
		assert_int_equal(o.r, 0);
		assert_true(o.status.ended && !o.status.checked);
		assert_int_equal(o.out.len, strlen(text));
		assert_memory_equal(o.out.data, text, strlen(text));
		buf_release(&o.out);
	}
	for (size_t cut = 4; cut < sizeof(packed); cut++) { /* nothing says where it ends */
		struct outcome o = decode(packed, cut, 4096, NULL);
		if (o.r < 0)
			assert_int_equal(o.status.fault, CODEC_FAULT_TRUNCATED);
		assert_true(o.out.len < strlen(text));
		assert_memory_equal(o.out.data, text, o.out.len);
		buf_release(&o.out);
	}
	packed[4] |= 1; /* a code that has no meaning yet */
	struct outcome o = decode(packed, sizeof(packed), 4096, NULL);
	assert_int_equal(o.status.fault, CODEC_FAULT_DAMAGED);
	buf_release(&o.out);
	assert_int_equal(codec_sniff("\x1f\x9d\x91", 3), CODEC_NONE);
	assert_int_equal(codec_sniff("\x1f\x9d\xb0", 3), CODEC_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_members_padding_garbage),
	    cmocka_unit_test(test_cut_at_every_byte),
	    cmocka_unit_test(test_flip_every_bit),
	    cmocka_unit_test(test_unchecked_is_said),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_empty_stream_and_no_stream),
	    cmocka_unit_test(test_peek),
	    cmocka_unit_test(test_input_error_is_no_verdict),
	    cmocka_unit_test(test_sniff),
	    cmocka_unit_test(test_crc32),
	    cmocka_unit_test(test_compress),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
