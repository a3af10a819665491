// Hand one mail to an SMTP server and learn from the dialogue which recipients it refused.
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http_private.h"

#define REPLY_KEPT 256

// What is noted while libcurl talks. Commands are only told apart, never kept: AUTH has secrets.
struct dialogue {
	const char *data;
	size_t len;
	size_t sent;
	bool in_rcpt; /* the next reply answers a RCPT TO */
	bool any_reply;
	bool in_mail;    /* past MAIL FROM: a reply is about this message */
	bool over;       /* past QUIT: a reply says goodbye */
	size_t accepted; /* recipients */
	size_t refused;
	int last_code;
	int refused_code; /* of the last refused recipient */
	char last[REPLY_KEPT];
	char refusal[REPLY_KEPT];
};

static size_t
on_read(char *out, size_t size, size_t count, void *arg)
{
	struct dialogue *d = arg;
	size_t room = size * count, left = d->len - d->sent;
	size_t n = left < room ? left : room;

	memcpy(out, d->data + d->sent, n);
	d->sent += n;
	return n;
}

static void
note_reply(struct dialogue *d, const char *line, size_t len)
{
	size_t keep = len < REPLY_KEPT - 1 ? len : REPLY_KEPT - 1;

	if (len < 4 || line[0] < '2' || line[0] > '5' || line[3] == '-')
		return;
	d->any_reply = true;
	d->last_code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
	memcpy(d->last, line, keep);
	d->last[keep] = '\0';
	if (!d->in_rcpt)
		return;
	d->in_rcpt = false;
	if (line[0] == '2') {
		d->accepted++;
	} else {
		d->refused++;
		d->refused_code = d->last_code;
		memcpy(d->refusal, d->last, keep + 1);
	}
}

static int
on_debug(CURL *curl, curl_infotype type, char *data, size_t size, void *arg)
{
	struct dialogue *d = arg;

	(void)curl;
	if (type == CURLINFO_HEADER_OUT) {
		d->in_rcpt = size > 5 && strncasecmp(data, "RCPT ", 5) == 0;
		if (size > 5 && strncasecmp(data, "MAIL ", 5) == 0)
			d->in_mail = true;
		if (size >= 4 && strncasecmp(data, "QUIT", 4) == 0)
			d->over = true;
	} else if (type == CURLINFO_HEADER_IN && !d->over) {
		note_reply(d, data, size);
	}
	return 0;
}

static void
judge(struct http *http, const struct http_smtp *server, CURLcode code, const struct dialogue *d,
    struct http_result *result)
{
	const char *secrets[] = {server->password, NULL};
	struct buf text = BUF_INIT;
	bool all_refused = d->refused && !d->accepted;
	int about = all_refused ? d->refused_code : d->last_code;

	result->status = d->any_reply ? d->last_code : 0;
	result->answered = d->in_mail && d->any_reply;
	if (code == CURLE_OK) {
		result->fate = HTTP_SENT;
		result->refused = d->refused;
		if (d->refused)
			buf_printf(&text, "%zu of %zu recipients refused: %s", d->refused,
			    d->refused + d->accepted, d->refusal);
		else
			buf_str(&text, d->last);
	} else if (result->answered && about >= 400 && code != CURLE_ABORTED_BY_CALLBACK &&
	    code != CURLE_OPERATION_TIMEDOUT) {
		result->status = about;
		result->fate = about >= 500 ? HTTP_REFUSED : HTTP_RETRY;
		buf_str(&text, all_refused ? d->refusal : d->last);
	} else {
		result->fate = HTTP_RETRY;
		buf_str(&text, http_private_reason(http, code));
		if (code == CURLE_LOGIN_DENIED && d->any_reply)
			buf_printf(&text, ": %s", d->last);
	}
	http_private_detail(result, server->url, secrets, text.data);
	buf_release(&text);
}

static int
add_recipients(const struct http_mail *mail, struct curl_slist **ret_list, struct err *err)
{
	struct curl_slist *list = NULL, *more;
	struct buf address = BUF_INIT;
	size_t i;

	for (i = 0; i < mail->to_count; i++) {
		buf_clear(&address);
		http_mail_add_address(&address, mail->to[i]);
		more = curl_slist_append(list, address.data);
		if (!more) {
			curl_slist_free_all(list);
			buf_release(&address);
			return err_set(err, ERR_LIMIT, "out of memory");
		}
		list = more;
	}
	buf_release(&address);
	*ret_list = list;
	return 0;
}

static CURLcode
talk(struct http *http, const struct http_smtp *server, const char *from, struct curl_slist *to,
    struct dialogue *d)
{
	CURL *curl = http->curl;

	(void)curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from);
	(void)curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
	(void)curl_easy_setopt(curl, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_USE_SSL,
	    server->tls == HTTP_TLS_NONE ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
	if (server->user) {
		(void)curl_easy_setopt(curl, CURLOPT_USERNAME, server->user);
		(void)curl_easy_setopt(
		    curl, CURLOPT_PASSWORD, server->password ? server->password : "");
	}
	(void)curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
	(void)curl_easy_setopt(curl, CURLOPT_READDATA, d);
	(void)curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)d->len);
	(void)curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L); /* into on_debug, nowhere else */
	(void)curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, on_debug);
	(void)curl_easy_setopt(curl, CURLOPT_DEBUGDATA, d);
	return curl_easy_perform(curl);
}

int
http_mail_send(struct http *http, const struct http_smtp *server, const struct http_mail *mail,
    const char *message, size_t len, struct http_result *ret_result, struct err *err)
{
	struct dialogue d = {.data = message, .len = len};
	struct http_result result = {0};
	struct curl_slist *to = NULL;
	struct buf from = BUF_INIT;
	CURLcode code;
	size_t i;
	int rc = -1;

	if (http_check_smtp_url(server->url, err) < 0)
		return -1;
	if (http_mail_check_address(mail->from, err) < 0)
		return -1;
	for (i = 0; i < mail->to_count; i++)
		if (http_mail_check_address(mail->to[i], err) < 0)
			return -1;
	if (http_private_prepare(http, server->url, "smtp,smtps", err) < 0)
		return -1;
	if (add_recipients(mail, &to, err) < 0)
		goto out;
	http_mail_add_address(&from, mail->from);
	code = talk(http, server, from.data, to, &d);
	judge(http, server, code, &d, &result);
	*ret_result = result;
	rc = 0;
out:
	curl_easy_reset(http->curl);
	curl_slist_free_all(to);
	buf_release(&from);
	return rc;
}
