// Build a mail: addresses checked, headers encoded, text and HTML as quoted-printable.
#include <stdlib.h>
#include <string.h>

#include "http_private.h"

#define CRLF        "\r\n"
#define ADDRESS_MAX 254 /* RFC 5321 4.5.3.1.3, without brackets */
#define WORD_BYTES  39  /* bytes in one encoded word: with "Subject: " its line stays below 76 */
#define FOLD_AT     72
#define QP_LINE     73 /* text columns before the "=" of a soft break */

// The address inside "Name <address>", or all of text. Sets the length.
static const char *
address_part(const char *text, size_t *ret_len)
{
	const char *open = strrchr(text, '<');
	size_t len;

	if (!open) {
		*ret_len = strlen(text);
		return text;
	}
	len = strlen(open + 1);
	*ret_len = len && open[len] == '>' ? len - 1 : 0;
	return open + 1;
}

int
http_mail_check_address(const char *text, struct err *err)
{
	size_t len, i, at = 0, ats = 0;
	const char *address = address_part(text, &len);
	const char *reason = NULL;
	unsigned char c;

	if (!http_private_is_clean(text))
		reason = "control bytes";
	else if (!str_is_utf8(text, strlen(text)))
		reason = "not UTF-8";
	else if (!len || len > ADDRESS_MAX)
		reason = "no address or a too long one";
	for (i = 0; !reason && i < len; i++) {
		c = (unsigned char)address[i];
		if (c == '@') {
			at = i;
			ats++;
		} else if (c <= 0x20 || c >= 0x7f || strchr("<>,;:\"()[]\\", c)) {
			reason = "a character that an address cannot have";
		}
	}
	if (!reason && (ats != 1 || at == 0 || at + 1 == len))
		reason = "not of the form user@host";
	if (reason)
		return err_set(err, ERR_CONFIG, "not a mail address: '%.100s': %s", text, reason);
	return 0;
}

void
http_mail_add_address(struct buf *out, const char *text)
{
	size_t len;
	const char *address = address_part(text, &len);

	buf_add(out, address, len);
}

static bool
is_plain(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || (unsigned char)*s >= 0x7f)
			return false;
	return true;
}

// Append text as RFC 2047 words; column is where the line stands.
static void
add_words(struct buf *out, const char *text, size_t len)
{
	size_t done = 0, take, step;

	while (done < len) {
		for (take = 0; done + take < len; take += step) {
			step = str_utf8_len(text + done + take, len - done - take);
			if (!step)
				step = 1;
			if (take + step > WORD_BYTES)
				break;
		}
		if (done)
			buf_str(out, CRLF " ");
		buf_str(out, "=?UTF-8?B?");
		str_add_base64(out, text + done, take);
		buf_str(out, "?=");
		done += take;
	}
}

// Append an unstructured ASCII value, folded before blanks so that lines stay short.
static void
add_folded(struct buf *out, const char *text, size_t column)
{
	const char *next;
	size_t len;

	while (*text) {
		next = strchr(text + 1, ' ');
		len = next ? (size_t)(next - text) : strlen(text);
		if (*text == ' ' && column + len > FOLD_AT && column > 1 && text[1] &&
		    text[1] != ' ') {
			buf_str(out, CRLF);
			column = 0;
		}
		buf_add(out, text, len);
		column += len;
		text += len;
	}
}

static void
add_subject(struct buf *out, const char *subject)
{
	struct buf visible = BUF_INIT;

	str_add_visible(&visible, subject, strlen(subject));
	buf_str(out, "Subject: ");
	if (is_plain(visible.data) && !strstr(visible.data, "=?"))
		add_folded(out, visible.data, sizeof("Subject:"));
	else
		add_words(out, visible.data, visible.len);
	buf_str(out, CRLF);
	buf_release(&visible);
}

// "Name <address>" with the name encoded if need be, or the address alone.
static void
add_mailbox(struct buf *out, const char *text)
{
	size_t len, name_len;
	const char *address = address_part(text, &len), *p;
	char *name;

	if (address == text) {
		buf_add(out, address, len);
		return;
	}
	name_len = (size_t)(address - 1 - text);
	while (name_len && (text[name_len - 1] == ' ' || text[name_len - 1] == '"'))
		name_len--;
	while (name_len && (*text == ' ' || *text == '"')) {
		text++;
		name_len--;
	}
	name = mem_strndup(text, name_len);
	if (name_len && is_plain(name) && !strstr(name, "=?")) {
		buf_char(out, '"');
		for (p = name; *p; p++) {
			if (*p == '"' || *p == '\\')
				buf_char(out, '\\');
			buf_char(out, *p);
		}
		buf_str(out, "\" ");
	} else if (name_len) {
		add_words(out, name, name_len);
		buf_char(out, ' ');
	}
	buf_printf(out, "<%.*s>", (int)len, address);
	free(name);
}

static void
add_date(struct buf *out, int64_t date)
{
	static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[12][4] = {
	    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t t = (time_t)date;
	struct tm tm;

	if (!gmtime_r(&t, &tm))
		return;
	buf_printf(out, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000" CRLF, days[tm.tm_wday % 7],
	    tm.tm_mday, months[tm.tm_mon % 12], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
	    tm.tm_sec);
}

// Quoted-printable (RFC 2045 6.7): "\n" becomes CRLF, lines stay below 76 columns.
static void
add_quoted(struct buf *out, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t column = 0, width;
	unsigned char c;
	bool plain, last;

	for (; *text; text++) {
		c = (unsigned char)*text;
		if (c == '\n') {
			buf_str(out, CRLF);
			column = 0;
			continue;
		}
		last = text[1] == '\n' || text[1] == '\0';
		plain = (c > 0x20 && c < 0x7f && c != '=') || ((c == ' ' || c == '\t') && !last);
		if (column == 0 &&
		    (c == '.' || c == 'F')) /* "." and "From " mean more to some servers */
			plain = false;
		width = plain ? 1 : 3;
		if (column + width > QP_LINE) {
			buf_str(out, "=" CRLF);
			column = 0;
		}
		if (plain) {
			buf_char(out, (char)c);
		} else {
			buf_char(out, '=');
			buf_char(out, hex[c >> 4]);
			buf_char(out, hex[c & 15]);
		}
		column += width;
	}
	if (column)
		buf_str(out, CRLF);
}

static void
add_part(struct buf *out, const char *type, const char *text)
{
	buf_printf(out, "Content-Type: %s; charset=UTF-8" CRLF, type);
	buf_str(out, "Content-Transfer-Encoding: quoted-printable" CRLF CRLF);
	add_quoted(out, text);
}

// A boundary that the text cannot hold: quoted-printable never leaves "=_" followed by a letter
// above F as it is.
static void
add_boundary(struct buf *out, const char *id)
{
	size_t i;

	buf_str(out, "=_bkm_");
	for (i = 0; id[i] && i < 40; i++)
		buf_char(out, strchr("@<>", id[i]) ? '.' : id[i]);
}

static int
check_mail(const struct http_mail *mail, struct err *err)
{
	const char *p;
	size_t i;

	if (http_mail_check_address(mail->from, err) < 0)
		return -1;
	if (!mail->to_count)
		return err_set(err, ERR_CONFIG, "a mail needs a recipient");
	for (i = 0; i < mail->to_count; i++)
		if (http_mail_check_address(mail->to[i], err) < 0)
			return -1;
	for (p = mail->id; *p; p++)
		if (*p <= 0x20 || *p >= 0x7f || strchr("<>\"\\", *p))
			return err_set(err, ERR_CONFIG, "not a message id: '%.100s'", mail->id);
	return 0;
}

static void
add_headers(struct buf *out, const struct http_mail *mail)
{
	size_t i;

	add_date(out, mail->date);
	buf_str(out, "From: ");
	add_mailbox(out, mail->from);
	buf_str(out, CRLF "To: ");
	for (i = 0; i < mail->to_count; i++) {
		if (i)
			buf_str(out, "," CRLF " ");
		add_mailbox(out, mail->to[i]);
	}
	buf_str(out, CRLF);
	add_subject(out, mail->subject);
	buf_printf(out, "Message-ID: <%s>" CRLF, mail->id);
	buf_str(out, "Auto-Submitted: auto-generated" CRLF);
	buf_str(out, "X-Auto-Response-Suppress: All" CRLF);
	buf_str(out, "MIME-Version: 1.0" CRLF);
}

int
http_mail_format(const struct http_mail *mail, struct buf *out, struct err *err)
{
	struct buf boundary = BUF_INIT;

	if (check_mail(mail, err) < 0)
		return -1;
	add_headers(out, mail);
	if (!mail->html) {
		add_part(out, "text/plain", mail->text);
		goto out;
	}
	add_boundary(&boundary, mail->id);
	buf_printf(out, "Content-Type: multipart/alternative;" CRLF " boundary=\"%s\"" CRLF CRLF,
	    boundary.data);
	buf_printf(out, "--%s" CRLF, boundary.data);
	add_part(out, "text/plain", mail->text);
	buf_printf(out, CRLF "--%s" CRLF, boundary.data);
	add_part(out, "text/html", mail->html);
	buf_printf(out, CRLF "--%s--" CRLF, boundary.data);
out:
	buf_release(&boundary);
	return out->failed ? err_set(err, ERR_LIMIT, "the mail is too large") : 0;
}
