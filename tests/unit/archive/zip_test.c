// The walker on zips made by hand: contradictions, overlaps, prefixes, comments.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zlib.h>

#include "../../fixtures/archive_walk.h"

static void
le(struct buf *b, uint64_t v, int len)
{
	for (; len > 0; len--, v >>= 8)
		buf_char(b, (char)(v & 0xff));
}

struct hand {
	const char *name, *local_name;
	const char *data;
	uint16_t method, flags;
	uint32_t lie_size; /* added to the size in the directory */
	uint64_t offset;   /* set by zip_local */
};

static void
zip_local(struct buf *b, struct hand *h)
{
	const char *name = h->local_name ? h->local_name : h->name;
	h->offset = b->len;
	le(b, 0x04034b50, 4);
	le(b, 20, 2);
	le(b, h->flags, 2);
	le(b, h->method, 2);
	le(b, 0x58210000, 4);
	le(b, crc32(0, (const Bytef *)h->data, (uInt)strlen(h->data)), 4);
	le(b, strlen(h->data), 4);
	le(b, strlen(h->data) + h->lie_size, 4);
	le(b, strlen(name), 2);
	le(b, 0, 2);
	buf_str(b, name);
	buf_str(b, h->data);
}

static void
zip_central(struct buf *b, const struct hand *h)
{
	le(b, 0x02014b50, 4);
	le(b, 0x0314, 2);
	le(b, 20, 2);
	le(b, h->flags, 2);
	le(b, h->method, 2);
	le(b, 0x58210000, 4);
	le(b, crc32(0, (const Bytef *)h->data, (uInt)strlen(h->data)), 4);
	le(b, strlen(h->data), 4);
	le(b, strlen(h->data) + h->lie_size, 4);
	le(b, strlen(h->name), 2);
	le(b, 0, 2);
	le(b, 0, 2);
	le(b, 0, 2);
	le(b, 0, 2);
	le(b, 0, 4);
	le(b, h->offset, 4);
	buf_str(b, h->name);
}

static void
zip_end(struct buf *b, size_t directory, unsigned count)
{
	size_t size = b->len - directory;
	le(b, 0x06054b50, 4);
	le(b, 0, 4);
	le(b, count, 2);
	le(b, count, 2);
	le(b, size, 4);
	le(b, directory, 4);
	le(b, 0, 2);
}

static struct archive_result
zip_of(struct hand *h, size_t n, unsigned count, bool reverse)
{
	struct buf b = BUF_INIT;
	for (size_t i = 0; i < n; i++)
		zip_local(&b, &h[i]);
	size_t directory = b.len;
	for (size_t i = 0; i < n; i++)
		zip_central(&b, &h[reverse ? n - 1 - i : i]);
	zip_end(&b, directory, count);
	struct archive_result r = walk(&b, b.len);
	buf_release(&b);
	return r;
}

static void
test_zip_contradictions(void **state)
{
	(void)state;
	struct hand good[] = {{.name = "a", .data = "first"}, {.name = "b", .data = "second"}};
	struct archive_result r = zip_of(good, 2, 2, false);
	assert_int_equal(r.fault, ARCHIVE_FAULT_NONE);
	assert_int_equal(r.entries, 2);
	r = zip_of(good, 2, 2, true); /* a directory in another order is fine */
	assert_int_equal(r.fault, ARCHIVE_FAULT_NONE);
	assert_int_equal(r.entries, 2);
	r = zip_of(good, 2, 1, false);
	assert_int_equal(r.fault, ARCHIVE_FAULT_DAMAGED);
	r = zip_of(good, 2, 3, false);
	assert_int_equal(r.fault, ARCHIVE_FAULT_DAMAGED);
	struct hand other[] = {{.name = "safe", .local_name = "evil", .data = "x"}};
	r = zip_of(other, 1, 1, false);
	assert_int_equal(r.fault, ARCHIVE_FAULT_DAMAGED);
	struct hand liar[] = {{.name = "a", .data = "x", .lie_size = 5}};
	r = zip_of(liar, 1, 1, false);
	assert_int_equal(r.fault, ARCHIVE_FAULT_DAMAGED);
	struct hand secret[] = {{.name = "a", .data = "x", .flags = 1}, {.name = "b", .data = "y"}};
	r = zip_of(secret, 2, 2, false);
	assert_int_equal(r.fault, ARCHIVE_FAULT_ENCRYPTED);
	assert_int_equal(r.entries, 2);
	struct hand exotic[] = {{.name = "a", .data = "x", .method = 98}};
	r = zip_of(exotic, 1, 1, false);
	assert_int_equal(r.fault, ARCHIVE_FAULT_UNSUPPORTED);
	r = zip_of(NULL, 0, 0, false);
	assert_int_equal(r.fault, ARCHIVE_FAULT_NONE);
	assert_int_equal(r.entries, 0);
}

static void
test_zip_overlap_is_a_bomb(void **state)
{
	(void)state;
	struct hand one = {.name = "a", .data = "content"};
	struct buf b = BUF_INIT;
	zip_local(&b, &one);
	size_t directory = b.len;
	zip_central(&b, &one);
	zip_central(&b, &one);
	zip_end(&b, directory, 2);
	struct archive_result r = walk(&b, b.len);
	assert_int_equal(r.fault, ARCHIVE_FAULT_BOMB);
	assert_string_equal(r.detail, "entries overlap");
	buf_release(&b);
}

static void
test_zip_prefix_garbage_comment(void **state)
{
	(void)state;
	struct hand one = {.name = "a", .data = "content"};
	struct buf b = BUF_INIT;
	zip_local(&b, &one);
	size_t directory = b.len;
	zip_central(&b, &one);
	zip_end(&b, directory, 1);
	size_t len = b.len;
	buf_str(&b, "PK\x05\x06 and more that was appended");
	struct archive_result r = walk(&b, b.len);
	assert_int_equal(r.fault, ARCHIVE_FAULT_NONE);
	assert_int_equal(r.warnings, ARCHIVE_WARN_GARBAGE);
	/* The same bytes as a comment are no garbage, and a comment that is cut off is found. */
	b.data[len - 2] = (char)(b.len - len);
	r = walk(&b, b.len);
	assert_int_equal(r.fault, ARCHIVE_FAULT_NONE);
	assert_int_equal(r.warnings, 0);
	r = walk(&b, b.len - 3);
	assert_int_equal(r.fault, ARCHIVE_FAULT_TRUNCATED);
	r = walk(&b, directory);
	assert_int_equal(r.fault, ARCHIVE_FAULT_TRUNCATED);
	buf_release(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_zip_contradictions),
	    cmocka_unit_test(test_zip_overlap_is_a_bomb),
	    cmocka_unit_test(test_zip_prefix_garbage_comment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
