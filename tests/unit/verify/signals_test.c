// Signals of tampering: years of good nights that must say nothing, and what must not stay unsaid.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "verify/verify.h"

static struct verify_profile
profile(const char *codec, const char *format, unsigned entropy)
{
	struct verify_profile p = {.entropy = entropy};
	snprintf(p.codec, sizeof(p.codec), "%s", codec);
	snprintf(p.format, sizeof(p.format), "%s", format);
	return p;
}

/* A series that always was that, give or take a little. */
static struct verify_history
always(size_t count, const char *codec, const char *format, unsigned entropy)
{
	struct verify_history h = {.count = count, .left = count};
	for (size_t i = 0; i < count; i++)
		h.profiles[i] = profile(codec, format, entropy + (unsigned)(i * 37 % 60));
	return h;
}

static void
expect(const struct verify_suspect *s, const struct verify_history *h, unsigned signals,
    bool tampering)
{
	struct verify_suspicion v;
	verify_signals_judge(s, h, &v);
	if (v.signals != signals || v.tampering != tampering)
		fail_msg("signals %#x %d instead of %#x %d: %s", v.signals, v.tampering, signals,
		    tampering, v.text);
	assert_int_equal(*v.text != '\0', signals != 0);
	if (signals & (VERIFY_SIGNAL_FORMAT | VERIFY_SIGNAL_ENTROPY | VERIFY_SIGNAL_REWRITTEN))
		assert_true(verify_signals_possible(s));
}

enum {
	F = VERIFY_SIGNAL_FORMAT,
	E = VERIFY_SIGNAL_ENTROPY,
	R = VERIFY_SIGNAL_REWRITTEN,
	X = VERIFY_SIGNAL_EXTENSIONS,
	V = VERIFY_SIGNAL_VANISHED,
};

/* ---------------------------------------------------------------- benign */

static void
test_good_nights_say_nothing(void **state)
{
	(void)state;
	struct verify_history h = always(30, "gzip", "postgresql", 5100);
	struct verify_suspect s = {
	    .name = "app.sql.gz", .now = profile("gzip", "postgresql", 5200)};
	expect(&s, &h, 0, false);
	assert_false(verify_signals_possible(&s));
	s.now = profile("zstd", "postgresql", 5100); /* another compression */
	expect(&s, &h, 0, false);
	s.now = profile("gzip", "mysql", 4800); /* another database */
	expect(&s, &h, 0, false);
	s.now = profile("gzip", "", 6900); /* less compressible, and no dump that is known */
	expect(&s, &h, 0, false);
	s.now = profile("", "tar", 6000);
	expect(&s, &h, 0, false);
}

/* Large objects, photos: it can be compressed no more, and that is all. */
static void
test_one_signal_is_evidence_only(void **state)
{
	(void)state;
	struct verify_history h = always(30, "gzip", "tar", 5100);
	struct verify_suspect s = {.name = "www.tar.gz", .now = profile("gzip", "tar", 7950)};
	expect(&s, &h, E, false);
	s.now = profile("", "", 7990); /* an unknown format, not comparable with what was decoded */
	expect(&s, &h, F, false);
	s.now = profile("gzip", "tar", 5100);
	s.now.rewritten = true; /* a job that was run again for an older night */
	expect(&s, &h, R, false);
	s.now.rewritten = false;
	h.vanished = 29; /* the yearly cleanup */
	h.left = 3;
	expect(&s, &h, V, false);
}

static void
test_too_short_a_history_says_nothing(void **state)
{
	(void)state;
	struct verify_history h = always(VERIFY_HISTORY_MIN - 1, "", "postgresql", 5100);
	struct verify_suspect s = {.name = "x.sql", .now = profile("", "", 7990)};
	expect(&s, &h, 0, false);
	h = always(VERIFY_HISTORY_MIN, "", "postgresql", 5100);
	expect(&s, &h, F | E, true);
}

/* Encrypted from the start, or noise from the start: nothing was lost. */
static void
test_always_noise(void **state)
{
	(void)state;
	struct verify_history h = always(30, "", "encrypted", 7940);
	struct verify_suspect s = {.name = "app.gpg", .now = profile("", "encrypted", 7990)};
	expect(&s, &h, 0, false);
	s.name = "app"; /* without a name that says it */
	expect(&s, &h, 0, false);
	h = always(30, "", "", 7940);
	s.now = profile("", "", 7999);
	expect(&s, &h, 0, false);
	h = always(30, "", "zip", 7900);
	s.now = profile("", "zip", 7990);
	expect(&s, &h, 0, false);
}

/* Encryption that the name or the configuration announces. */
static void
test_announced_encryption(void **state)
{
	(void)state;
	struct verify_history h = always(30, "gzip", "postgresql", 5100);
	struct verify_suspect s = {
	    .name = "app.sql.gz.gpg", .now = profile("", "encrypted", 7990), .renamed = true};
	h.renamed = h.vanished = 30;
	h.left = 0;
	expect(&s, &h, X | V, false); /* all old ones encrypted by their owner: the names, once */
	s.name = "app.sql.gz";
	s.renamed = false;
	h.renamed = h.vanished = 0;
	s.announced = true;
	expect(&s, &h, 0, false);
	s.now = profile("", "", 7990); /* noise is not what can be decrypted */
	expect(&s, &h, F, false);
	s.now = profile("gzip", "postgresql", 7990); /* decrypted, it can be compared */
	expect(&s, &h, E, false);
	s.now = profile("", "encrypted", 7990);
	s.announced = false; /* a policy that nobody announced: one breath, one signal */
	expect(&s, &h, F, false);
	h = always(30, "", "postgresql", 5100);
	expect(&s, &h, F | E, false);
	s.now.rewritten = true; /* but not of what was settled */
	expect(&s, &h, F | E | R, true);
}

/* All old ones compressed anew, under another extension. */
static void
test_migrations(void **state)
{
	(void)state;
	struct verify_history h = always(30, "gzip", "postgresql", 5100);
	struct verify_suspect s = {
	    .name = "app.sql.zst", .now = profile("zstd", "postgresql", 5100), .renamed = true};
	h.renamed = h.vanished = 30;
	h.left = 0;
	expect(&s, &h, X | V, false);
	s.name = "app.sql.br"; /* what bkm cannot look into is no loss of a format */
	s.now = profile("", "", 7990);
	expect(&s, &h, X | V, false);
}

/* Retention that always takes a month at once; a series whose files are overwritten in turn. */
static void
test_what_is_usual_is_no_signal(void **state)
{
	(void)state;
	struct verify_history h = always(30, "gzip", "tar", 5100);
	struct verify_suspect s = {.name = "x.tar.gz", .now = profile("gzip", "tar", 7950)};
	h.vanished = 30;
	h.vanished_before = 28;
	h.left = 2;
	expect(&s, &h, E, false);
	for (int i = 0; i < 3; i++)
		h.profiles[i * 7].rewritten = true;
	s.now.rewritten = true;
	expect(&s, &h, E, false);
	h.profiles[0].rewritten = false;
	expect(&s, &h, E | R, true);
}

/* Slowly denser content stays inside its own spread. */
static void
test_entropy_that_wanders(void **state)
{
	(void)state;
	struct verify_history h = {.count = 30, .left = 30};
	struct verify_suspect s = {.name = "x.tar.gz", .now = profile("gzip", "tar", 7900)};
	for (unsigned i = 0; i < 30; i++)
		h.profiles[i] = profile("gzip", "tar", 6000 + i * 531 % 1700);
	s.now.rewritten = true;
	expect(&s, &h, R, false);
}

/* ---------------------------------------------------------------- hostile */

static void
test_encrypted_in_place(void **state)
{
	(void)state;
	struct verify_history gz = always(30, "gzip", "postgresql", 5100);
	struct verify_history plain = always(30, "", "pgcustom", 7800);
	struct verify_suspect s = {.name = "app.sql.gz", .now = profile("", "", 7995)};
	s.now.rewritten = true;
	expect(&s, &gz, F | R, true); /* all of them, or one a night */
	s.name = "app.dump";
	expect(&s, &plain, F | R, true);
	struct verify_history text = always(30, "", "postgresql", 5100);
	s.now.rewritten = false; /* the newest only, where nothing else is kept */
	expect(&s, &text, F | E, true);
	/* The files inside were encrypted before they were backed up, and old ones exchanged. */
	s.now = profile("gzip", "tar", 7950);
	s.now.rewritten = true;
	struct verify_history tar = always(30, "gzip", "tar", 5100);
	expect(&s, &tar, E | R, true);
}

static void
test_encrypted_with_a_new_extension(void **state)
{
	(void)state;
	struct verify_history h = always(30, "gzip", "postgresql", 5100);
	struct verify_suspect s = {
	    .name = "app-1.sql.gz.locked", .now = profile("", "", 7995), .renamed = true};
	h.renamed = h.vanished = 30;
	h.left = 0;
	expect(&s, &h, F | X | V, true);
	h.renamed = h.vanished = 2; /* no burst */
	expect(&s, &h, F, false);
}

static void
test_deleted_and_the_newest_is_noise(void **state)
{
	(void)state;
	struct verify_history h = always(30, "gzip", "postgresql", 5100);
	struct verify_suspect s = {.name = "app.sql.gz", .now = profile("", "", 7995)};
	h.vanished = 29;
	h.left = 1;
	expect(&s, &h, F | V, true);
}

/* Once or twice something odd in the history does not hide it. */
static void
test_slow_attack_with_traces_in_the_history(void **state)
{
	(void)state;
	struct verify_history h = always(30, "gzip", "postgresql", 5100);
	struct verify_suspect s = {.name = "app.sql.gz", .now = profile("", "", 7995)};
	for (int i = 0; i < 3; i++)
		h.profiles[i] = profile("", "", 7990);
	s.now.rewritten = true;
	expect(&s, &h, F | R, true);
	h.profiles[3] = profile("", "", 7990); /* four of thirty: that is what it is now */
	expect(&s, &h, R, false);
}

static void
test_nothing_there_is_another_verdict(void **state)
{
	(void)state;
	struct verify_history h = always(30, "gzip", "postgresql", 5100);
	struct verify_suspect s = {.name = "app.sql.gz", .nothing = true};
	s.now.rewritten = true;
	expect(&s, &h, 0, false);
	assert_false(verify_signals_possible(&s));
}

/* ---------------------------------------------------------------- the same content */

/* Letters are contents, the newest first. */
static bool
same(const char *letters)
{
	static char texts[VERIFY_SAME_MAX][2];
	const char *digests[VERIFY_SAME_MAX];
	size_t n = strlen(letters);
	assert_true(n <= VERIFY_SAME_MAX);
	for (size_t i = 0; i < n; i++) {
		texts[i][0] = letters[i];
		digests[i] = texts[i];
	}
	return verify_same_content(digests, n);
}

static void
test_same_content(void **state)
{
	(void)state;
	assert_true(same("aaaaabcdefg"));
	assert_false(same("aaaabcdefg")); /* not long enough */
	assert_false(same("aaaaabcde"));  /* it has not changed often enough to say "always" */
	assert_false(same("aaaaaaaaaaaaaaaaaaaa")); /* it never changes */
	assert_false(same("aaaaabbbcdefgh"));       /* long weekends are usual */
	assert_true(same("aaaaaaabbbcdefgh"));
	assert_false(same("aaaaaaaaabbbbbbcccccddddeeeefffgg")); /* seldom, and it was so before */
	assert_false(same("abcdefghij"));
	assert_false(same("a"));
	assert_false(same(""));
	assert_true(same("aaaaabacadafa")); /* going back to an old content is a change */
}

/* ---------------------------------------------------------------- the sample */

/* The entropy of a content of so many bytes, each given by fn. */
static unsigned
entropy_of(size_t len, uint8_t (*fn)(size_t i))
{
	struct verify_job job = {
	    .fd = memfd_create("sample", MFD_CLOEXEC), .content = true, .size = len};
	struct verify_answer a;
	struct stat st;
	uint8_t *data = mem_alloc(len);
	for (size_t i = 0; i < len; i++)
		data[i] = fn(i);
	assert_true(job.fd >= 0 && write(job.fd, data, len) == (ssize_t)len);
	assert_int_equal(lseek(job.fd, 0, SEEK_SET), 0);
	assert_int_equal(fstat(job.fd, &st), 0);
	job.mtime = st.st_mtim.tv_sec;
	job.mtime_nsec = (uint32_t)st.st_mtim.tv_nsec;
	verify_examine(&job, NULL, &a);
	assert_int_equal(a.outcome, VERIFY_READ);
	close(job.fd);
	free(data);
	return a.content.entropy;
}

static uint8_t
noise(size_t i)
{
	uint64_t x = (i + 1) * UINT64_C(0x9E3779B97F4A7C15);
	x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
	return (uint8_t)(x >> 56);
}

static uint8_t
text(size_t i)
{
	return (uint8_t) "a line of text, as they are in dumps\n"[i % 37];
}

static uint8_t
letter(size_t i)
{
	(void)i;
	return 'a';
}

/* Sixteen values, each as likely as the others: four bits. */
static uint8_t
nibble(size_t i)
{
	return noise(i) & 15;
}

/* A quiet beginning, and noise from the middle on. */
static uint8_t
half(size_t i)
{
	return i < 1000000 ? 'a' : noise(i);
}

static void
test_entropy_of_a_sample(void **state)
{
	(void)state;
	assert_int_equal(entropy_of(100, noise), 0); /* too little to say */
	assert_in_range(entropy_of(512, noise), 7600, 8000);
	assert_in_range(entropy_of(3000000, noise), 7900, 8000);
	assert_in_range(entropy_of(3000000, nibble), 3950, 4050);
	assert_in_range(entropy_of(600, text), 3000, 4500);
	assert_in_range(entropy_of(3000000, text), 3000, 4500);
	assert_int_equal(entropy_of(3000, letter), 1);
	/* Every 64 KiB has its part in it. */
	assert_in_range(entropy_of(2000000, half), 3500, 6500);
}

/* ---------------------------------------------------------------- the words */

static void
test_words_are_those_of_the_table(void **state)
{
	(void)state;
	for (unsigned i = 0; i < VERIFY_SIGNALS; i++)
		assert_string_equal(verify_signal_word((enum verify_signal)(1U << i)),
		    record_word(RECORD_LIST_SIGNAL, (int)i + 1));
	assert_null(record_word(RECORD_LIST_SIGNAL, VERIFY_SIGNALS + 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_good_nights_say_nothing),
	    cmocka_unit_test(test_one_signal_is_evidence_only),
	    cmocka_unit_test(test_too_short_a_history_says_nothing),
	    cmocka_unit_test(test_always_noise),
	    cmocka_unit_test(test_announced_encryption),
	    cmocka_unit_test(test_migrations),
	    cmocka_unit_test(test_what_is_usual_is_no_signal),
	    cmocka_unit_test(test_entropy_that_wanders),
	    cmocka_unit_test(test_encrypted_in_place),
	    cmocka_unit_test(test_encrypted_with_a_new_extension),
	    cmocka_unit_test(test_deleted_and_the_newest_is_noise),
	    cmocka_unit_test(test_slow_attack_with_traces_in_the_history),
	    cmocka_unit_test(test_nothing_there_is_another_verdict),
	    cmocka_unit_test(test_same_content),
	    cmocka_unit_test(test_entropy_of_a_sample),
	    cmocka_unit_test(test_words_are_those_of_the_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
