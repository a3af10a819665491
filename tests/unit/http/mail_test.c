// A mail as bytes: headers that cannot be forged, lines that fit, addresses that are addresses.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "http/http.h"

static const char *const to[] = {"ops@example.org"};

static struct http_mail
mail(const char *subject, const char *text)
{
	return (struct http_mail){
	    .from = "Backup \"bkm\" <bkm@example.org>",
	    .to = to,
	    .to_count = 1,
	    .subject = subject,
	    .text = text,
	    .html = "<p>x</p>",
	    .id = "1@h",
	    .date = 0,
	};
}

static size_t
longest_line(const char *s)
{
	size_t longest = 0, len;

	for (; *s; s += len + (s[len] ? 2 : 0)) {
		len = strcspn(s, "\r");
		assert_true(s[len] == '\0' || s[len + 1] == '\n');
		longest = len > longest ? len : longest;
	}
	return longest;
}

static void
test_headers(void **state)
{
	struct http_mail m = mail("x\r\nBcc: e@example.com\n\nbody\x7f", "a\n.\nFrom b\nc \n\n=");
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(http_mail_format(&m, &out, NULL), 0);
	assert_null(strstr(out.data, "\nBcc:"));
	assert_non_null(strstr(out.data, "Subject: x\\x0d\\x0aBcc: e@example.com"));
	assert_non_null(strstr(out.data, "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n"));
	assert_non_null(strstr(out.data, "From: \"Backup \\\"bkm\" <bkm@example.org>\r\n"));
	assert_non_null(strstr(out.data, "Message-ID: <1@h>\r\n"));
	assert_non_null(strstr(out.data, "\r\n\r\na\r\n=2E\r\n=46rom b\r\nc=20\r\n\r\n=3D\r\n"));
	assert_int_equal(strlen(out.data), out.len);
	buf_release(&out);
}

static void
test_lines(void **state)
{
	struct buf text = BUF_INIT, subject = BUF_INIT, out = BUF_INIT;
	struct http_mail m;

	(void)state;
	for (int i = 0; i < 400; i++) {
		buf_str(&text, i % 3 ? "ä" : "x ");
		buf_str(&subject, i % 7 ? "п" : " ");
	}
	m = mail(subject.data, text.data);
	assert_int_equal(http_mail_format(&m, &out, NULL), 0);
	assert_true(longest_line(out.data) <= 76);
	for (size_t i = 0; i < out.len; i++)
		assert_true((unsigned char)out.data[i] < 0x80);
	buf_clear(&out);
	m = mail(
	    "many words of plain text that go on and on until the line would be much too long for it",
	    "x");
	assert_int_equal(http_mail_format(&m, &out, NULL), 0);
	assert_true(longest_line(out.data) <= 78);
	buf_release(&out);
	buf_release(&text);
	buf_release(&subject);
}

static void
test_addresses(void **state)
{
	static const char *const good[] = {
	    "a@b", "ops+bkm@example.org", "Operations <ops@example.org>", "Ärzte <a@b.de>"};
	static const char *const bad[] = {"", "a", "@b", "a@", "a@b@c", "a b@c", "a@b,c@d",
	    "a@b;c@d", "a@b\r\nX: y", "x\r\n <a@b>", "<a@b", "a@b>", "<>", "\"a@b\"@c", "a@b\xff",
	    "\xff <a@b>", "a@\xc3\xa4"};
	struct http_mail m = mail("x", "x");
	struct buf out = BUF_INIT;
	struct err err = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_int_equal(http_mail_check_address(good[i], &err), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(http_mail_check_address(bad[i], &err), -1);
		assert_int_equal(err.code, ERR_CONFIG);
		m.from = bad[i];
		assert_int_equal(http_mail_format(&m, &out, &err), -1);
	}
	m.from = "a@b";
	m.id = "x>\r\nBcc: y";
	assert_int_equal(http_mail_format(&m, &out, &err), -1);
	m.id = "1@h";
	m.to_count = 0;
	assert_int_equal(http_mail_format(&m, &out, &err), -1);
	buf_release(&out);
}

static void
test_urls(void **state)
{
	static const char *const bad[] = {"", "hooks.example.org/x", "ftp://h/x",
	    "file:///etc/passwd", "http://", "http://h/\r\nX: y", "http://h/a b", "gopher://h/",
	    "javascript:1"};
	struct buf host = BUF_INIT;
	struct err err = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(http_check_url(bad[i], &err), -1);
		assert_int_equal(http_check_smtp_url(bad[i], &err), -1);
		if (strlen(bad[i]) > 7)
			assert_null(strstr(err.msg, bad[i]));
	}
	assert_int_equal(http_check_url("https://u:p@h.example/secret", &err), 0);
	assert_int_equal(http_check_smtp_url("smtps://h:465", &err), 0);
	assert_int_equal(http_check_smtp_url("https://h", &err), -1);
	http_add_host(&host, "https://u:p@h.example:8443/secret?also=secret");
	assert_string_equal(host.data, "h.example:8443");
	buf_clear(&host);
	http_add_host(&host, "no url");
	assert_string_equal(host.data, "?");
	buf_release(&host);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_headers),
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_addresses),
	    cmocka_unit_test(test_urls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
