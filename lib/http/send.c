// One HTTP request: the answer's status decides, its first bytes explain.
#include <stdlib.h>
#include <string.h>

#include "http_private.h"

#define ANSWER_KEPT 512           /* bytes of an answer that are read for the detail */
#define ANSWER_MAX  (1024 * 1024) /* an answer that goes on past this is cut off */

struct answer {
	char text[ANSWER_KEPT + 1];
	size_t len;
	size_t total;
};

static size_t
on_data(char *data, size_t size, size_t count, void *arg)
{
	struct answer *answer = arg;
	size_t len = size * count, room = ANSWER_KEPT - answer->len;

	memcpy(answer->text + answer->len, data, len < room ? len : room);
	answer->len += len < room ? len : room;
	answer->total += len;
	return answer->total > ANSWER_MAX ? 0 : len;
}

static enum http_fate
fate_of_status(long status)
{
	if (status >= 200 && status < 300)
		return HTTP_SENT;
	if (status == 408 || status == 425 || status == 429 || status >= 500)
		return HTTP_RETRY;
	return HTTP_REFUSED;
}

static void
judge(struct http *http, const struct http_request *request, CURLcode code,
    const struct answer *answer, struct http_result *result)
{
	struct buf text = BUF_INIT;
	long status = 0;
	curl_off_t after = 0;

	(void)curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(http->curl, CURLINFO_RETRY_AFTER, &after);
	result->status = (int)status;
	/* A status line that came is the answer, even if the connection broke behind it. */
	if (status && code != CURLE_ABORTED_BY_CALLBACK) {
		result->answered = true;
		result->fate = fate_of_status(status);
		result->retry_after_s = after > 0 ? (int64_t)after : 0;
		buf_printf(&text, "HTTP %ld", status);
		if (result->fate == HTTP_REFUSED && status >= 300 && status < 400)
			buf_str(&text, ", redirects are not followed");
		else if (result->fate != HTTP_SENT && answer->len)
			buf_printf(&text, ": %s", answer->text);
	} else {
		result->status = 0;
		result->fate = HTTP_RETRY;
		buf_str(&text, http_private_reason(http, code));
	}
	http_private_detail(result, request->url, NULL, text.data);
	buf_release(&text);
}

int
http_send(struct http *http, const struct http_request *request, struct http_result *ret_result,
    struct err *err)
{
	struct answer answer = {0};
	struct http_result result = {0};
	struct curl_slist *headers = NULL, *more;
	const char *const *h;
	CURLcode code;
	int rc = -1;

	if (http_check_url(request->url, err) < 0)
		return -1;
	if (http_private_prepare(http, request->url, "http,https", err) < 0)
		return -1;
	for (h = request->headers; h && *h; h++) {
		if (!http_private_is_clean(*h)) {
			err_set(err, ERR_CONFIG, "a header of the request has control bytes");
			goto out;
		}
		more = curl_slist_append(headers, *h);
		if (!more) {
			err_set(err, ERR_LIMIT, "out of memory");
			goto out;
		}
		headers = more;
	}
	if (request->body) {
		more = curl_slist_append(headers, "Expect:"); /* no 100-continue round trip */
		if (more)
			headers = more;
		(void)curl_easy_setopt(
		    http->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
		(void)curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS, request->body);
	}
	(void)curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(http->curl, CURLOPT_WRITEFUNCTION, on_data);
	(void)curl_easy_setopt(http->curl, CURLOPT_WRITEDATA, &answer);
	code = curl_easy_perform(http->curl);
	judge(http, request, code, &answer, &result);
	*ret_result = result;
	rc = 0;
out:
	(void)curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	return rc;
}
