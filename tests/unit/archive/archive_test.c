// The walker: what libarchive and we write is read back; cuts, flips, contradictions and bombs are found.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>

#include "../../fixtures/archive_walk.h"

/* ---------------------------------------------------------------- samples */

static la_ssize_t
sink(struct archive *a, void *arg, const void *data, size_t len)
{
	(void)a;
	buf_add(arg, data, len);
	return (la_ssize_t)len;
}

static void
put(struct archive *a, const char *name, unsigned type, const char *link, const void *data,
    size_t len)
{
	struct archive_entry *e = archive_entry_new();
	archive_entry_set_pathname(e, name);
	archive_entry_set_filetype(e, type);
	archive_entry_set_perm(e, type == AE_IFDIR ? 0755 : 0644);
	archive_entry_set_mtime(e, 1700000000, 0);
	archive_entry_set_size(e, (la_int64_t)len);
	if (type == AE_IFLNK)
		archive_entry_set_symlink(e, link);
	else if (link)
		archive_entry_set_hardlink(e, link);
	assert_true(archive_write_header(a, e) >= ARCHIVE_WARN); /* names that are no UTF-8 */
	if (len)
		assert_int_equal(archive_write_data(a, data, len), len);
	archive_entry_free(e);
}

struct format {
	const char *name;
	const char *filter; /* NULL: none */
	const char *option;
	enum archive_kind kind;
	bool checked; /* every content byte is covered */
};

static const struct format formats[] = {
    {"ustar", NULL, NULL, ARCHIVE_KIND_TAR, false},
    {"pax", NULL, NULL, ARCHIVE_KIND_TAR, false},
    {"gnutar", NULL, NULL, ARCHIVE_KIND_TAR, false},
    {"v7tar", NULL, NULL, ARCHIVE_KIND_TAR, false},
    {"pax", "gzip", NULL, ARCHIVE_KIND_TAR, false},
    {"pax", "zstd", NULL, ARCHIVE_KIND_TAR, false},
    {"pax", "xz", NULL, ARCHIVE_KIND_TAR, false},
    {"newc", NULL, NULL, ARCHIVE_KIND_CPIO, false},
    {"odc", NULL, NULL, ARCHIVE_KIND_CPIO, false},
    {"zip", NULL, "zip:compression=deflate", ARCHIVE_KIND_ZIP, true},
    {"zip", NULL, "zip:compression=store", ARCHIVE_KIND_ZIP, true},
    {"7zip", NULL, NULL, ARCHIVE_KIND_7ZIP, true},
    {"7zip", NULL, "7zip:compression=deflate", ARCHIVE_KIND_7ZIP, true},
};

/* A directory, three files, and links where the format has them. Ends with a small file, so that
 * cuts near the end hit headers. */
static void
make(const struct format *f, struct buf *out, size_t size)
{
	struct archive *a = archive_write_new();
	struct buf text = BUF_INIT;
	bool links = f->kind == ARCHIVE_KIND_TAR;
	for (uint32_t x = 7; text.len < size;) {
		x = x * 1103515245 + 12345;
		buf_printf(&text, "%x", x >> 12);
	}
	assert_int_equal(archive_write_set_format_by_name(a, f->name), ARCHIVE_OK);
	if (f->filter)
		assert_int_equal(archive_write_add_filter_by_name(a, f->filter), ARCHIVE_OK);
	if (f->option)
		assert_int_equal(archive_write_set_options(a, f->option), ARCHIVE_OK);
	archive_write_set_bytes_per_block(a, 10240);
	if (f->filter || (f->kind != ARCHIVE_KIND_TAR && f->kind != ARCHIVE_KIND_CPIO))
		archive_write_set_bytes_in_last_block(a, 1);
	assert_int_equal(archive_write_open(a, out, NULL, sink, NULL), ARCHIVE_OK);
	put(a, "etc/", AE_IFDIR, NULL, NULL, 0);
	put(a, "etc/big", AE_IFREG, NULL, text.data, size);
	put(a, "etc/empty", AE_IFREG, NULL, NULL, 0);
	if (links) {
		put(a, "etc/link", AE_IFLNK, "../outside", NULL, 0);
		put(a, "etc/hard", AE_IFREG, "etc/big", NULL, 0);
	}
	put(a, "etc/small", AE_IFREG, NULL, "hello\n", 6);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	buf_release(&text);
	assert_false(out->failed);
}

/* ---------------------------------------------------------------- tests */

static void
test_good_ones(void **state)
{
	(void)state;
	static const size_t blocks[] = {7, 511, 1000, 65536, 1 << 20};
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		const struct format *f = &formats[i];
		struct buf b = BUF_INIT;
		make(f, &b, 300000);
		for (size_t k = 0; k < ARRAY_LEN(blocks); k++) {
			struct seen seen = {.log = BUF_INIT, .data = BUF_INIT};
			struct archive_result r;
			struct err err = {0};
			int rc = walk_in(b.data, b.len, blocks[k], NULL, &seen, &r, &err);
			if (rc < 0 || r.fault)
				fail_msg("%s %s: %s %s", f->name, f->filter ? f->filter : "",
				    archive_fault_name(r.fault), r.detail);
			bool links = f->kind == ARCHIVE_KIND_TAR;
			assert_int_equal(r.kind, f->kind);
			assert_int_equal(r.entries, links ? 6 : 4);
			assert_int_equal(r.files, 3);
			assert_int_equal(r.bytes, 300006);
			assert_int_equal(seen.data.len, 300006);
			assert_int_equal(seen.sizes, 300006);
			assert_memory_equal(seen.data.data + 300000, "hello\n", 6);
			if (f->kind != ARCHIVE_KIND_7ZIP) /* directories come last there */
				assert_string_equal(r.last, "etc/small");
			assert_true(r.complete);
			assert_int_equal(r.checked, f->checked);
			if (r.warnings)
				fail_msg("%s %s in blocks of %zu: warnings %u", f->name,
				    f->filter ? f->filter : "", blocks[k], r.warnings);
			if (links)
				assert_non_null(strstr(seen.log.data,
				    "symlink etc/link 0 -> ../outside\nhardlink etc/hard 0 -> etc/big\n"));
			buf_release(&seen.log);
			buf_release(&seen.data);
		}
		buf_release(&b);
	}
}

/* Where a plain tar still has its two zero blocks, nothing of it is lost. */
static size_t
needed(const struct format *f, const struct buf *b)
{
	size_t n = b->len;
	if (f->filter || (f->kind != ARCHIVE_KIND_TAR && f->kind != ARCHIVE_KIND_CPIO))
		return n;
	while (n && !b->data[n - 1])
		n--;
	if (f->kind == ARCHIVE_KIND_CPIO) /* the NUL behind TRAILER!!!, padded to 4 in newc */
		return !strcmp(f->name, "odc") ? n + 1 : (n + 4) / 4 * 4;
	return (n + 511) / 512 * 512 + 1024;
}

static void
test_every_cut_is_found(void **state)
{
	(void)state;
	bool soak = getenv("BKM_SOAK");
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		const struct format *f = &formats[i];
		struct buf b = BUF_INIT;
		make(f, &b, 3000);
		size_t need = needed(f, &b);
		for (size_t cut = 520; cut < need; cut += soak ? 1 : 7 + cut % 5) {
			struct archive_result r = walk(&b, cut);
			if (r.fault != ARCHIVE_FAULT_TRUNCATED && r.fault != ARCHIVE_FAULT_DAMAGED)
				fail_msg("%s %s cut at %zu of %zu (%zu): %s %s", f->name,
				    f->filter ? f->filter : "", cut, b.len, need,
				    archive_fault_name(r.fault), r.detail);
		}
		struct archive_result r = walk(&b, need);
		assert_int_equal(r.fault, ARCHIVE_FAULT_NONE);
		/* All the same on every 512 boundary, where a tar loses whole entries. */
		for (size_t cut = 512; cut < need; cut += 512) {
			r = walk(&b, cut);
			assert_true(
			    r.fault == ARCHIVE_FAULT_TRUNCATED || r.fault == ARCHIVE_FAULT_DAMAGED);
		}
		buf_release(&b);
	}
}

/* Flips in what a format covers by a check. For tar and cpio without one (content, and a few bytes
 * of padding) the baseline checksum is there; what may pass must at least read the same. */
static void
test_every_flip_is_found(void **state)
{
	(void)state;
	bool soak = getenv("BKM_SOAK");
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		const struct format *f = &formats[i];
		struct buf b = BUF_INIT;
		struct seen good = {.log = BUF_INIT, .data = BUF_INIT};
		struct archive_result r;
		make(f, &b, 1500);
		assert_int_equal(walk_in(b.data, b.len, 4000, NULL, &good, &r, NULL), 0);
		size_t missed = 0, tried = 0;
		for (size_t bit = 0; bit < b.len * 8; bit += soak ? 1 : 37) {
			struct seen seen = {.log = BUF_INIT, .data = BUF_INIT};
			b.data[bit / 8] ^= (char)(1U << (bit % 8));
			walk_in(b.data, b.len, 4000, NULL, &seen, &r, NULL);
			bool same = seen.data.len == good.data.len &&
			    !memcmp(seen.data.data, good.data.data, good.data.len) &&
			    !strcmp(seen.log.data, good.log.data);
			tried++;
			/* The type of an entry of a zip is an attribute that nothing covers. */
			if (f->kind == ARCHIVE_KIND_ZIP && r.bytes == good.data.len)
				same = true;
			if (!r.fault && !same) {
				missed++;
				if (f->checked || (f->filter && strcmp(f->filter, "zstd") != 0))
					fail_msg("%s %s: bit %zu of byte %zu changes content: %s",
					    f->name, f->filter ? f->filter : "", bit % 8, bit / 8,
					    seen.log.data);
			}
			b.data[bit / 8] ^= (char)(1U << (bit % 8));
			buf_release(&seen.log);
			buf_release(&seen.data);
		}
		if (f->kind == ARCHIVE_KIND_TAR && !f->filter)
			assert_true(missed * 1500 * 8 <= tried * 1506 * 8); /* content only */
		buf_release(&good.log);
		buf_release(&good.data);
		buf_release(&b);
	}
}

static void
test_tar_ends(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	make(&formats[0], &b, 1000);
	size_t end = needed(&formats[0], &b) - 1024;
	struct archive_result r = walk(&b, end); /* cut at a header: libarchive says fine */
	assert_int_equal(r.fault, ARCHIVE_FAULT_TRUNCATED);
	assert_string_equal(r.detail, "ends without its end marker");
	assert_string_equal(r.last, "etc/small");
	assert_int_equal(r.entries, 6);
	r = walk(&b, end + 512);
	assert_int_equal(r.fault, ARCHIVE_FAULT_TRUNCATED);
	b.data[end + 700] = 1;
	r = walk(&b, b.len);
	assert_int_equal(r.fault, ARCHIVE_FAULT_DAMAGED);
	b.data[end + 700] = 0;
	b.data[b.len - 1] = 1;
	r = walk(&b, b.len);
	assert_int_equal(r.fault, ARCHIVE_FAULT_NONE);
	assert_int_equal(r.warnings, ARCHIVE_WARN_GARBAGE);
	buf_release(&b);
}

static void
test_header_damage_is_not_skipped(void **state)
{
	(void)state; /* bsdtar resynchronises and loses the member */
	struct buf b = BUF_INIT;
	make(&formats[0], &b, 1000);
	b.data[512 + 100] ^= 1;
	struct archive_result r = walk(&b, b.len);
	assert_int_equal(r.fault, ARCHIVE_FAULT_DAMAGED);
	assert_int_equal(r.entries, 1);
	assert_string_equal(r.last, "etc/");
	buf_release(&b);
}

static void
test_names(void **state)
{
	(void)state;
	struct archive *a = archive_write_new();
	struct buf b = BUF_INIT;
	archive_write_set_format_pax_restricted(a);
	archive_write_open(a, &b, NULL, sink, NULL);
	put(a, "/etc/passwd", AE_IFREG, NULL, "x", 1);
	put(a, "a/../../b", AE_IFREG, NULL, "x", 1);
	put(a, "fifo", AE_IFIFO, NULL, NULL, 0);
	put(a, "caf\xe9 \xff\n", AE_IFREG, NULL, "x", 1);
	archive_write_close(a);
	archive_write_free(a);
	struct seen seen = {.log = BUF_INIT, .data = BUF_INIT};
	struct archive_result r;
	assert_int_equal(walk_in(b.data, b.len, 4000, NULL, &seen, &r, NULL), 0);
	assert_int_equal(r.fault, ARCHIVE_FAULT_NONE);
	assert_int_equal(
	    r.warnings, ARCHIVE_WARN_ABSOLUTE | ARCHIVE_WARN_DOTDOT | ARCHIVE_WARN_SPECIAL);
	assert_non_null(strstr(seen.log.data, "caf\xe9 \xff\n"));
	buf_release(&seen.log);
	buf_release(&seen.data);
	buf_release(&b);

	assert_null(archive_item_unsafe("a/b..c/..d", 10));
	assert_string_equal(archive_item_unsafe("..", 2), "dotdot");
	assert_string_equal(archive_item_unsafe("a/..", 4), "dotdot");
	assert_string_equal(archive_item_unsafe("/", 1), "absolute");
	assert_string_equal(archive_item_unsafe("", 0), "empty");
	assert_string_equal(archive_item_unsafe("a\0b", 3), "nul");
}

static void
test_limits(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	struct archive_result r;
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		buf_clear(&b);
		make(&formats[i], &b, 200000);
		struct archive_limits l = {.max_bytes = 100000};
		walk_in(b.data, b.len, 4000, &l, NULL, &r, NULL);
		assert_int_equal(r.fault, ARCHIVE_FAULT_BOMB);
		l = (struct archive_limits){.max_entries = 2};
		walk_in(b.data, b.len, 4000, &l, NULL, &r, NULL);
		assert_int_equal(r.fault, ARCHIVE_FAULT_BOMB);
		l = (struct archive_limits){.deadline_ms = 1};
		walk_in(b.data, b.len, 4000, &l, NULL, &r, NULL);
		assert_int_equal(r.fault, ARCHIVE_FAULT_TIME);
		struct seen seen = {.log = BUF_INIT, .data = BUF_INIT, .stop_at = 2};
		struct err err = {0};
		assert_int_equal(walk_in(b.data, b.len, 4000, NULL, &seen, &r, &err), -1);
		assert_int_equal(r.fault, ARCHIVE_FAULT_STOPPED);
		assert_string_equal(err.msg, "enough");
		buf_release(&seen.log);
		buf_release(&seen.data);
	}
	buf_release(&b);
}

static void
test_only_named_formats(void **state)
{
	(void)state;
	static const char mtree[512] = "#mtree\n./x type=file size=1000000000000\n";
	assert_int_equal(archive_sniff(mtree, sizeof(mtree)), ARCHIVE_KIND_NONE);
	assert_int_equal(archive_sniff("Rar!\x1a\x07\0", 7), ARCHIVE_KIND_RAR);
	assert_int_equal(archive_sniff("!<thin>\n", 8), ARCHIVE_KIND_NONE);
	assert_int_equal(archive_sniff("", 0), ARCHIVE_KIND_NONE);
	static const char zeros[1024];
	assert_int_equal(archive_sniff(zeros, sizeof(zeros)), ARCHIVE_KIND_NONE);
	assert_string_equal(archive_kind_name(ARCHIVE_KIND_7ZIP), "7zip");
	assert_string_equal(archive_fault_name(ARCHIVE_FAULT_BOMB), "bomb");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_good_ones),
	    cmocka_unit_test(test_every_cut_is_found),
	    cmocka_unit_test(test_every_flip_is_found),
	    cmocka_unit_test(test_tar_ends),
	    cmocka_unit_test(test_header_damage_is_not_skipped),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_only_named_formats),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
