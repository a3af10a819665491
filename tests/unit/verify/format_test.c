// Content of single formats; given files, the sweep: every cut and every flipped bit of them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../fixtures/mem_input.h"
#include "verify/verify_private.h"

static const char *current = ""; /* name of the sample */

static void
look(const void *data, size_t len, const char *name, struct verify_content *ret)
{
	struct mem_input m = {.data = data, .len = len, .piece = 65536};
	struct codec_input input = mem_input_codec(&m);
	struct verify_limits limits = {.max_bytes = 1U << 30};
	struct verify_job job = {.fd = -1, .name = name};
	struct err err = {0};
	if (verify_content_check(&input, &job, &limits, 0, ret, &err) < 0)
		fail_msg("%s: %s", current, err.msg);
}

/* ---------------------------------------------------------------- the sweep */

/*
 * format_test spread|all RULE FILE...
 *
 * all: cuts at every byte and a flip in each; of a file above 64 KiB at each multiple of 4096 and the
 * byte before and behind. spread: so many of them that it takes a moment. What lies within 70 bytes
 * of either end is always cut. RULE says what must come out:
 *
 *	whole    the file passes, and no cut of it does anything but fail
 *	open     the file is a skip (it has no end marker), and no cut of it passes
 *	asked    the file is a skip (somebody else is to say), and no cut of it does anything but fail
 *	checked  as whole, and a flipped bit passes only where it changes nothing of what comes out: no
 *	         decoded byte, no entry (bits that a decoder does not use; bkm-verify(1) names them)
 *
 * What does not is printed, and the exit status is 1.
 */
struct sweep {
	const char *name;
	uint64_t cuts, padding, missed, flips, passed, unused;
	uint32_t crc;     /* of what comes out */
	size_t unchecked; /* bytes at its beginning that the format has no check for */
	bool open, asked, checked;
};

static const char *
word(enum record_verdict verdict)
{
	static const char *const words[] = {[RECORD_VERDICT_NONE] = "none",
	    [RECORD_VERDICT_PASS] = "pass",
	    [RECORD_VERDICT_FAIL] = "fail",
	    [RECORD_VERDICT_ERROR] = "error",
	    [RECORD_VERDICT_SKIP] = "skip"};
	return words[verdict];
}

static bool
is_zero(const uint8_t *p, size_t len)
{
	return !len || (!p[0] && !memcmp(p, p + 1, len - 1));
}

static int
crc_entry(void *arg, const struct archive_item *item, struct err *err)
{
	uint32_t *crc = arg;
	(void)err;
	*crc = codec_crc32(*crc, item->name, item->name_len + 1);
	*crc = codec_crc32(*crc, &item->type, sizeof(item->type));
	if (item->target)
		*crc = codec_crc32(*crc, item->target, item->target_len);
	return 1;
}

static int
crc_data(void *arg, const void *data, size_t len, uint64_t offset, struct err *err)
{
	uint32_t *crc = arg;
	(void)offset;
	(void)err;
	*crc = codec_crc32(*crc, data, len);
	return 0;
}

/* The CRC of what comes out: decoded bytes, or of what is not compressed its entries. */
static uint32_t
outcome(const void *data, size_t len)
{
	struct mem_input m = {.data = data, .len = len, .piece = 65536};
	struct codec_input input = mem_input_codec(&m);
	struct archive_result r;
	struct codec *c;
	const uint8_t *p;
	uint32_t crc = 0;
	ssize_t n;
	enum archive_kind kind = ARCHIVE_KIND_NONE;
	struct archive_visitor v = {.entry = crc_entry, .data = crc_data, .arg = &crc};
	if (codec_open(&c, &input, NULL, NULL) < 0)
		return 0;
	n = codec_peek(c, &p, CODEC_PEEK_MAX, NULL);
	if (n > 0 && codec_status(c)->type == CODEC_NONE)
		kind = archive_sniff(p, (size_t)n);
	if (kind != ARCHIVE_KIND_NONE)
		archive_walk(c, kind, NULL, &v, &r, NULL);
	else
		while ((n = codec_read(c, &p, NULL)) > 0)
			crc = codec_crc32(crc, p, (size_t)n);
	codec_close(c);
	return crc;
}

static void
cut(struct sweep *w, const uint8_t *data, size_t len, size_t at)
{
	struct verify_content c;
	look(data, at, w->name, &c);
	w->cuts++;
	bool found =
	    c.verdict == RECORD_VERDICT_FAIL || (w->open && c.verdict == RECORD_VERDICT_SKIP);
	if (found)
		return;
	/* Whole blocks of zeros behind the end marker of a tar or cpio: nothing is lost. */
	if (c.verdict == RECORD_VERDICT_PASS && is_zero(data + at, len - at) &&
	    (!strcmp(c.format, "tar") || !strcmp(c.format, "cpio"))) {
		w->padding++;
		return;
	}
	/* bsdtar writes 20 bytes behind a xar that nothing in it mentions. */
	if (c.verdict == RECORD_VERDICT_PASS && !strcmp(c.format, "xar") &&
	    outcome(data, at) == w->crc) {
		w->padding++;
		return;
	}
	if (w->missed++ < 5)
		printf("%s: cut at %zu: %s %s\n", w->name, at, word(c.verdict), c.detail);
}

static void
flip(struct sweep *w, uint8_t *data, size_t len, size_t at, unsigned bit)
{
	struct verify_content c;
	data[at] = (uint8_t)(data[at] ^ 1U << bit);
	look(data, len, w->name, &c);
	bool same = w->checked && c.verdict == RECORD_VERDICT_PASS &&
	    (at < w->unchecked || outcome(data, len) == w->crc);
	data[at] = (uint8_t)(data[at] ^ 1U << bit);
	w->flips++;
	w->unused += same;
	if (c.verdict != RECORD_VERDICT_PASS || same)
		return;
	if (w->passed++ < 5 && w->checked)
		printf("%s: bit %u of byte %zu flipped: pass\n", w->name, bit, at);
}

/* The distance of two cuts. */
static size_t
step_of(bool all, size_t len)
{
	size_t n = len > 200000 ? 30 : 150;
	if (all)
		return len > 65536 ? 4096 : 1;
	return len / n + 1;
}

static bool
is_near(bool all, size_t at, size_t len)
{
	size_t block = at % 4096;
	size_t end = len > 200000 && !all ? 8 : 70;
	return at < end || at + end > len || (all && (block < 2 || block == 4095));
}

static int
sweep_file(const char *path, bool all, const char *rule)
{
	struct sweep w = {.name = path_base(path)};
	struct buf b = BUF_INIT;
	struct verify_content c;
	struct err err = {0};
	w.open = !strcmp(rule, "open");
	w.asked = !strcmp(rule, "asked");
	w.checked = !strcmp(rule, "checked");
	if (fsio_read_file(path, 1U << 28, &b, &err) < 0) {
		printf("%s\n", err.msg);
		return 1;
	}
	look(b.data, b.len, w.name, &c);
	if (c.verdict != (w.open || w.asked ? RECORD_VERDICT_SKIP : RECORD_VERDICT_PASS)) {
		printf("%s: whole: %s %s %s\n", w.name, word(c.verdict),
		    verify_reason_word(c.reason), c.detail);
		buf_release(&b);
		return 1;
	}
	w.crc = outcome(b.data, b.len);
	if (b.len > 40 && !memcmp(b.data, "MSCF", 4)) /* names and sizes of files, up to the data */
		w.unchecked = (uint8_t)b.data[36] + 256U * (uint8_t)b.data[37];
	size_t step = step_of(all, b.len);
	for (size_t at = 0; at < b.len; at++) {
		if (at % step == 0 || is_near(all, at, b.len))
			cut(&w, (uint8_t *)b.data, b.len, at);
		if (at % step == 0)
			flip(&w, (uint8_t *)b.data, b.len, at, (unsigned)(at / step % 8));
	}
	printf("%s: %s %llu cuts, %llu missed; %llu flips, %llu passed, %llu changed nothing\n",
	    w.name, c.format, (unsigned long long)w.cuts, (unsigned long long)w.missed,
	    (unsigned long long)w.flips, (unsigned long long)w.passed,
	    (unsigned long long)w.unused);
	buf_release(&b);
	return w.missed || (w.checked && (w.passed || w.unused > w.flips / 20));
}

static int
sweep(int argc, char **argv)
{
	bool all = !strcmp(argv[1], "all");
	int bad = 0;
	archive_prepare();
	if (argc < 4 || (!all && strcmp(argv[1], "spread") != 0))
		return 2;
	for (int i = 3; i < argc; i++) {
		current = argv[i];
		bad |= sweep_file(argv[i], all, argv[2]);
		(void)fflush(stdout);
	}
	return bad;
}

/* ---------------------------------------------------------------- single formats */

static void
test_tail(void **state)
{
	(void)state;
	struct verify_tail t = {0};
	verify_tail_add(&t, "ab", 2);
	verify_tail_add(&t, "cdefgh", 6);
	verify_tail_add(&t, "i", 1);
	assert_int_equal(t.len, VERIFY_TAIL_MAX);
	assert_memory_equal(t.data, "bcdefghi", 8);
	verify_tail_add(&t, "0123456789", 10);
	assert_memory_equal(t.data, "23456789", 8);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_tail),
	};
	if (argc > 1)
		return sweep(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
